//! What systemd wants of a service: sd_notify(3), sd_watchdog_enabled(3), sd_listen_fds(3).

use std::net::{TcpListener, TcpStream};
use std::os::fd::{AsRawFd as _, OwnedFd};
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::net::{UnixDatagram, UnixListener};
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::support::{Connection, Nano, PATIENCE, Site, eventually};

const APP: &str = "export default { async fetch(request) {
    if (request.url.includes('/slow')) await new Promise(resolve => setTimeout(resolve, 1000));
    return new Response('hello');
} };";

/// The service manager's end.
struct Manager(UnixDatagram);

impl Manager {
    fn new(folder: &Path) -> Self {
        let socket = UnixDatagram::bind(folder.join("notify")).expect("a socket");
        Self(socket)
    }

    /// The next message, if one comes in time.
    fn hears(&self, within: Duration) -> Option<String> {
        self.0.set_read_timeout(Some(within)).expect("a time-out");
        let mut bytes = [0; 4096];
        let count = self.0.recv(&mut bytes).ok()?;
        Some(String::from_utf8(bytes[..count].to_vec()).expect("text"))
    }

    /// The next message with this line.
    fn waits_for(&self, line: &str) -> String {
        let began = Instant::now();
        loop {
            let message = self.hears(PATIENCE).expect("a message");
            if message.lines().any(|other| other == line) {
                return message;
            }
            assert!(began.elapsed() < PATIENCE, "no {line}");
        }
    }
}

/// Has the command started with these sockets as its descriptors 3 and so on.
fn with_sockets(command: &mut Command, sockets: Vec<OwnedFd>, names: &str) {
    let count = sockets.len();
    let mut shell = Command::new("sh");
    // Only the process itself knows its number.
    shell
        .args(["-c", "export LISTEN_PID=$$; exec \"$@\"", "sh"])
        .arg(command.get_program())
        .args(command.get_args())
        .env("LISTEN_FDS", count.to_string())
        .env("LISTEN_FDNAMES", names);
    // SAFETY: between `fork` and `exec` it makes system calls, which allocate nothing.
    unsafe {
        shell.pre_exec(move || {
            // Descriptors may be in each other's places.
            for (place, socket) in (100..).zip(&sockets) {
                if libc::dup2(socket.as_raw_fd(), place) < 0 {
                    return Err(std::io::Error::last_os_error());
                }
            }
            for (place, from) in (3..).zip(100..).take(sockets.len()) {
                if libc::dup2(from, place) < 0 || libc::close(from) < 0 {
                    return Err(std::io::Error::last_os_error());
                }
            }
            Ok(())
        });
    }
    *command = shell;
}

#[test]
fn it_is_told_how_nano_is() {
    let slow = format!("await new Promise(resolve => setTimeout(resolve, 1500)); {APP}");
    let site = Site::new().app("a", APP).app("slow", &slow);
    let manager = Manager::new(site.path());
    let socket = site.path().join("notify");
    let began = Instant::now();
    let mut nano = site.serve_as(|command| {
        command
            .env("NOTIFY_SOCKET", socket)
            .env("WATCHDOG_USEC", "200000");
    });
    let ready = manager.waits_for("READY=1");
    assert!(
        began.elapsed() >= Duration::from_millis(1500),
        "an app has not been tried yet"
    );
    assert!(ready.contains("STATUS=serving; apps: 2"), "{ready}");
    for _ in 0..3 {
        manager.waits_for("WATCHDOG=1");
    }

    nano.signal(libc::SIGSTOP);
    while manager.hears(Duration::from_millis(500)).is_some() {}
    nano.signal(libc::SIGCONT);
    manager.waits_for("WATCHDOG=1");

    nano.write(
        "a/index.js",
        "export default { fetch: () => new Response('changed') };",
    );
    nano.signal(libc::SIGHUP);
    let reloading = manager.waits_for("RELOADING=1");
    assert!(reloading.contains("MONOTONIC_USEC="), "{reloading}");
    manager.waits_for("READY=1");
    assert_eq!(nano.get("a.test", "/").text(), "changed");

    let mut connection = nano.connect();
    connection.write("GET /slow HTTP/1.1\r\nHost: slow.test\r\n\r\n");
    std::thread::sleep(Duration::from_millis(200));
    nano.signal(libc::SIGTERM);
    manager.waits_for("STOPPING=1");
    // A drain may take longer than the watchdog waits.
    let draining = manager.waits_for("STATUS=draining; requests in flight: 1");
    assert!(draining.contains("WATCHDOG=1"), "{draining}");
    assert_eq!(connection.response(false).text(), "hello");
    assert_eq!(nano.wait().code(), Some(0));
}

#[test]
fn a_manager_that_hears_nothing_holds_up_nothing() {
    let nano = Site::new().app("a", APP).serve_as(|command| {
        command
            .env("NOTIFY_SOCKET", "/nowhere/notify")
            .env("WATCHDOG_USEC", "20000");
    });
    let is_it = |line: &serde_json::Value| line.to_string().contains("NOTIFY_SOCKET");
    nano.logged("the complaint", is_it);
    std::thread::sleep(Duration::from_millis(200));
    assert_eq!(nano.log().iter().filter(|line| is_it(line)).count(), 1);
    assert_eq!(nano.get("a.test", "/").text(), "hello");
}

#[test]
fn a_manager_that_takes_nothing_holds_up_nothing() {
    let site = Site::new().app("a", APP);
    let manager = Manager::new(site.path());
    let socket = site.path().join("notify");
    let other = UnixDatagram::unbound().expect("a socket");
    other.set_nonblocking(true).expect("a socket");
    while other.send_to(b"X=1", &socket).is_ok() {}
    let mut nano = site.serve_as(|command| {
        command
            .env("NOTIFY_SOCKET", &socket)
            .env("WATCHDOG_USEC", "200000");
    });
    assert_eq!(nano.get("a.test", "/").text(), "hello");
    nano.logged("the complaint", |line| {
        line.to_string().contains("NOTIFY_SOCKET")
    });
    // It is told when it takes something again.
    manager.waits_for("READY=1");
    while other.send_to(b"X=1", &socket).is_ok() {}
    nano.signal(libc::SIGTERM);
    assert_eq!(nano.wait().code(), Some(0));
}

/// Serves `a.test` at a socket that this process has bound.
fn activated(site: Site) -> (Nano, TcpListener) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("an address").port();
    let socket = listener.try_clone().expect("a second handle").into();
    let nano = site.serve_as(|command| {
        command.args(["--port", &port.to_string()]);
        with_sockets(command, vec![socket], "web");
    });
    assert_eq!(nano.port(), port);
    (nano, listener)
}

#[test]
fn a_socket_that_is_bound_already_is_used() {
    let (mut nano, listener) = activated(Site::new().app("a", APP));
    assert_eq!(nano.get("a.test", "/").text(), "hello");
    nano.signal(libc::SIGTERM);
    assert_eq!(nano.wait().code(), Some(0));
    // Whoever comes now waits for the next process.
    let waiting = TcpStream::connect(listener.local_addr().expect("an address"));
    assert!(waiting.is_ok(), "the socket is open");
}

#[test]
fn a_listener_that_comes_back_has_the_same_socket() {
    let site = Site::new().app("a", APP).app("b", APP);
    let (nano, listener) = activated(site);
    let bound = listener.local_addr().expect("an address").port();
    let config = |port: u16| {
        let apps = r#"[{"name":"a","path":"a","hostname":"a.test"}]"#;
        // Without the sockets' port nothing is served there.
        format!(
            r#"{{"apps":{}}}"#,
            apps.replace("\"path\"", &format!("\"port\":{port},\"path\""))
        )
    };
    let other = TcpListener::bind("127.0.0.1:0").expect("a port");
    let free = other.local_addr().expect("an address").port();
    drop(other);
    for port in [free, bound] {
        nano.write("apps.json", &config(port));
        nano.signal(libc::SIGHUP);
        eventually("the new port", || {
            let mut log = nano.log().into_iter().rev();
            let last = log.find(|line| line["message"] == "listening")?;
            (last["port"] == port).then_some(())
        });
        let mut connection = Connection::open(port);
        connection.write("GET / HTTP/1.1\r\nHost: a.test\r\n\r\n");
        assert_eq!(connection.response(false).text(), "hello");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn other_processes_do_not_get_it() {
    let site = Site::new().app("a", APP).file(
        "a/index.js",
        "import { x } from './x.ts'; export default { fetch: () => new Response(x) };",
    );
    let (nano, listener) = activated(site.file("a/x.ts", "export const x: string = 'typed';"));
    assert_eq!(nano.get("a.test", "/").text(), "typed");
    let links = |id: &str| -> Vec<_> {
        let folder = std::fs::read_dir(format!("/proc/{id}/fd")).expect("descriptors");
        let links = folder
            .flatten()
            .filter_map(|entry| std::fs::read_link(entry.path()).ok());
        links.collect()
    };
    let own =
        std::fs::read_link(format!("/proc/self/fd/{}", listener.as_raw_fd())).expect("a link");
    assert!(links(&nano.id().to_string()).contains(&own));
    let helpers = nano.children();
    assert!(!helpers.is_empty(), "what transpiles lives on for a while");
    for helper in helpers {
        assert!(!links(&helper).contains(&own));
        let environment = std::fs::read(format!("/proc/{helper}/environ")).expect("an environment");
        assert!(!String::from_utf8_lossy(&environment).contains("LISTEN_"));
    }
}

/// What a process says that does not serve.
fn complaint(site: Site, sockets: Vec<OwnedFd>, names: &str, config: &str) -> String {
    let site = site.file("apps.json", config);
    let mut command = crate::support::nano();
    command
        .args(["serve", "--config"])
        .arg(site.path().join("apps.json"));
    with_sockets(&mut command, sockets, names);
    let mut child = command
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .expect("nano starts");
    let began = Instant::now();
    while child.try_wait().expect("a status").is_none() {
        if began.elapsed() > PATIENCE {
            child.kill().expect("it runs");
            panic!("nano serves");
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    let output = child.wait_with_output().expect("what it says");
    assert_eq!(output.status.code(), Some(1));
    String::from_utf8_lossy(&output.stderr).into_owned()
}

const ONE: &str = r#""apps":[{"name":"a","path":"a","hostname":"a.test"}]"#;

#[test]
fn a_socket_that_fits_to_nothing_is_an_error() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address").to_string();
    let config = format!(r#"{{"listen":"127.0.0.1:0",{ONE}}}"#);
    let said = complaint(
        Site::new().app("a", APP),
        vec![listener.into()],
        "stray",
        &config,
    );
    for part in ["\"stray\"", &address, "ListenStream=", "127.0.0.1:0"] {
        assert!(said.contains(part), "{part} in {said}");
    }
    let file = std::fs::File::open("/dev/null").expect("a file");
    let said = complaint(
        Site::new().app("a", APP),
        vec![file.into()],
        "null",
        &config,
    );
    assert!(
        said.contains("\"null\"") && said.contains("stream socket"),
        "{said}"
    );
    let said = complaint(Site::new().app("a", APP), vec![], "one:two", &config);
    assert!(said.contains("LISTEN_FDNAMES"), "{said}");
}

#[test]
fn the_admin_api_listens_at_one_too() {
    let site = Site::new()
        .app("a", APP)
        .top(r#""admin":{"listen":"unix:admin.sock"}"#);
    let path = site.path().join("admin.sock");
    let listener = UnixListener::bind(&path).expect("a socket");
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o666)).expect("a mode");
    let socket = || OwnedFd::from(listener.try_clone().expect("a second handle"));

    let config = format!(
        r#"{{"listen":"127.0.0.1:0","admin":{{"listen":"unix:{}"}},{ONE}}}"#,
        path.display()
    );
    let said = complaint(Site::new().app("a", APP), vec![socket()], "admin", &config);
    assert!(
        said.contains("0666") && said.contains("SocketMode=0600"),
        "{said}"
    );

    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).expect("a mode");
    let mut nano = site.serve_as(|command| with_sockets(command, vec![socket()], "admin"));
    let apps = crate::support::nano()
        .args(["apps", "--admin", &format!("unix:{}", path.display())])
        .output()
        .expect("nano runs");
    assert!(
        apps.status.success(),
        "{}",
        String::from_utf8_lossy(&apps.stderr)
    );
    nano.signal(libc::SIGTERM);
    assert_eq!(nano.wait().code(), Some(0));
    assert!(path.exists(), "it is whoever has made it who removes it");
}
