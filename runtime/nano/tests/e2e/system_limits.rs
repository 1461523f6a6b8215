//! Limits and signals of the system: what is too little to run is said in one sentence, and what is not enough for all ends nobody.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::process::CommandExt as _;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::support::{Connection, DEDICATED, Nano, Site, eventually, limit, nano};

const APP: &str = "export default { fetch(request) {
    const path = new URL(request.url).pathname;
    if (path === '/busy') for (const began = Date.now(); Date.now() - began < 3000;) ;
    if (path === '/talk') for (let i = 0; i < 1000; i++) console.log('x'.repeat(100));
    return new Response('here');
} };";

/// Runs the program as a user who has no other process, if this one may do that: threads are counted by user, and not at all for
/// the superuser.
fn as_another_user(command: &mut Command) {
    let user = 100_000 + std::process::id();
    // SAFETY: between `fork` and `exec` it makes system calls, which allocate nothing.
    unsafe {
        command.pre_exec(move || {
            libc::setgroups(0, std::ptr::null());
            libc::setgid(user);
            libc::setuid(user);
            Ok(())
        });
    }
}

/// A folder with an app and a configuration that everybody may read.
fn site() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path();
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).expect("a mode");
    fs::create_dir(path.join("a")).expect("a folder");
    fs::write(path.join("a/index.js"), APP).expect("a file");
    let config =
        r#"{ "port": 0, "apps": [{ "name": "a", "path": "a", "limits": { "wall_ms": 300 } }] }"#;
    fs::write(path.join("apps.json"), config).expect("a file");
    folder
}

fn serve(folder: &tempfile::TempDir) -> Command {
    let mut command = nano();
    command.args(["serve", "--config"]);
    command.arg(folder.path().join("apps.json"));
    command
}

/// The program ends at once, with one sentence that names `part`.
fn says(command: &mut Command, part: &str) {
    let what = format!("{command:?}");
    let child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("nano starts");
    let output = child.wait_with_output().expect("nano runs");
    let text = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{what}: {text}");
    assert!(
        text.starts_with("nano: ") && text.contains(part),
        "{what}: {text}"
    );
    assert_eq!(text.lines().count(), 1, "{what}: {text}");
}

#[test]
fn too_few_descriptors_to_start() {
    let folder = site();
    for descriptors in [6, 7, 8, 10, 16, 24] {
        for mut command in [nano(), serve(&folder)] {
            if command.get_args().count() == 0 {
                command.args(["eval", "1 + 1"]);
            }
            limit(&mut command, libc::RLIMIT_NOFILE, descriptors);
            says(&mut command, "ulimit -n");
        }
    }
    let mut command = serve(&folder);
    limit(&mut command, libc::RLIMIT_NOFILE, 32);
    let nano = Nano::start(command, Some(folder));
    assert_eq!(nano.get("a.test", "/").text(), "here");
}

#[test]
fn too_few_threads_to_start() {
    let folder = site();
    for threads in [1, 2, 4, 6, 8] {
        let mut command = serve(&folder);
        limit(&mut command, libc::RLIMIT_NPROC, threads);
        as_another_user(&mut command);
        says(&mut command, "ulimit -u");
    }
}

/// Where the system has no thread left, one app's long turn delays nobody's time-outs.
#[test]
fn no_thread_left_while_an_app_is_busy() {
    // Anybody else has other processes, which count.
    // SAFETY: no preconditions.
    if unsafe { libc::getuid() } != 0 {
        return;
    }
    let folder = site();
    let cores = std::thread::available_parallelism().map_or(1, usize::from) as u64;
    // The main thread, and what the program says that it needs: V8's workers, the watchdog, the supervisor, an attendant, the log,
    // one that gives memory back, one that looks at changes, and the app's.
    let threads = 1 + 2 + 3 + cores + 3 + 1;
    let mut command = serve(&folder);
    limit(&mut command, libc::RLIMIT_NPROC, threads);
    as_another_user(&mut command);
    let mut nano = Nano::start(command, Some(folder));
    assert_eq!(nano.get("a.test", "/").text(), "here");
    let began = Instant::now();
    assert_eq!(nano.get("a.test", "/busy").status, 504);
    let took = began.elapsed();
    assert!(took < Duration::from_secs(2), "{took:?}");
    assert!(nano.lives());
}

#[test]
fn too_little_address_space_to_start() {
    let folder = site();
    for megabytes in [400, 2_000, 20_000, 36_000, 49_000] {
        for mut command in [nano(), serve(&folder)] {
            if command.get_args().count() == 0 {
                command.args(["eval", "1 + 1"]);
            }
            limit(&mut command, libc::RLIMIT_AS, megabytes << 20);
            says(&mut command, "ulimit -v");
        }
    }
    for megabytes in [50, 110] {
        let mut command = nano();
        command.args(["eval", "1 + 1"]);
        limit(&mut command, libc::RLIMIT_DATA, megabytes << 20);
        says(&mut command, "ulimit -d");
    }
    for megabytes in [50, 400, 650] {
        let mut command = serve(&folder);
        limit(&mut command, libc::RLIMIT_DATA, megabytes << 20);
        says(&mut command, "ulimit -d");
    }
    // What it asks for is enough.
    let mut command = serve(&folder);
    limit(&mut command, libc::RLIMIT_DATA, 960 << 20);
    limit(&mut command, libc::RLIMIT_AS, 52 << 30);
    let nano = Nano::start(command, Some(folder));
    assert_eq!(nano.get("a.test", "/").text(), "here");
}

/// An instance for which there is no room is not started, and says why; V8 would crash in the middle of making it.
#[cfg(target_os = "linux")]
#[test]
fn too_little_address_space_for_another_instance() {
    let caps = [1, 20, 100, 200, 260, 300, 340, 380, 420];
    let limits = r#""limits":{"cpu_ms":100}"#;
    let site = (0..caps.len()).fold(Site::new(), |site, index| {
        site.app_with(&format!("a{index}"), APP, limits)
    });
    // Others of a thread are lost with one that crashes for want of it.
    let mut nano = site.app_with("b", APP, DEDICATED).serve();
    let names: Vec<_> = (0..caps.len())
        .map(|index| format!("a{index}.test"))
        .collect();
    for name in names.iter().map(String::as_str).chain(["b.test"]) {
        assert_eq!(nano.get(name, "/").text(), "here");
    }
    for (name, cap) in names.iter().zip(caps) {
        nano.cap_address_space(cap << 20);
        assert_eq!(nano.get(name, "/busy").status, 503, "{cap} MB");
        let status = nano.get(name, "/").status;
        assert!(matches!(status, 200 | 503), "{cap} MB: {status}");
        assert!(nano.lives(), "{cap} MB");
        assert_eq!(nano.get("b.test", "/").text(), "here", "{cap} MB");
    }
    // Which ones is a question of when the instances before them have given back what they had.
    nano.logged("a refused instance", |line| {
        line.to_string().contains("address space for an isolate")
    });
    nano.cap_address_space(64 << 30);
    for name in &names {
        eventually("an instance", || {
            (nano.get(name, "/").status == 200).then_some(())
        });
    }
}

/// Who cannot write any more goes on, or says that it failed; the system does not end it (SIGXFSZ).
#[test]
fn a_log_that_may_not_grow() {
    let folder = site();
    let log = folder.path().join("log");
    let mut command = serve(&folder);
    command.args(["--host", "127.0.0.1", "--log", "json"]);
    command.stdout(fs::File::create(&log).expect("a file"));
    let mut child = limit(&mut command, libc::RLIMIT_FSIZE, 20_000)
        .spawn()
        .expect("nano starts");
    let port = eventually("the port", || {
        let text = fs::read_to_string(&log).expect("a log");
        let (_, rest) = text.split_once("\"port\":")?;
        rest.split(',').next()?.parse::<u16>().ok()
    });
    for path in ["/talk", "/"] {
        let mut connection = Connection::open(port);
        connection.write(&format!("GET {path} HTTP/1.1\r\nHost: a.test\r\n\r\n"));
        assert_eq!(connection.response(false).text(), "here", "{path}");
        std::thread::sleep(Duration::from_millis(300));
    }
    assert_eq!(child.try_wait().expect("a status"), None);
    child.kill().expect("it lives");
    child.wait().expect("its end");
    assert!(fs::metadata(&log).expect("a log").len() <= 20_000);
}

/// What becomes of the log is no reason for who serves to end, or to fail at its end.
#[test]
fn a_log_that_goes_nowhere() {
    let full = || fs::OpenOptions::new().write(true).open("/dev/full");
    let outputs = [Stdio::piped(), full().expect("Linux has it").into()];
    for output in outputs {
        let folder = site();
        let free = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = free.local_addr().expect("an address").port();
        drop(free);
        let mut command = serve(&folder);
        command.args(["--host", "127.0.0.1", "--port", &port.to_string()]);
        let mut child = command.stdout(output).spawn().expect("nano starts");
        // Whoever has read it is gone.
        drop(child.stdout.take());
        eventually("the port", || {
            std::net::TcpStream::connect(("127.0.0.1", port)).ok()
        });
        for path in ["/talk", "/"] {
            let mut connection = Connection::open(port);
            connection.write(&format!("GET {path} HTTP/1.1\r\nHost: a.test\r\n\r\n"));
            assert_eq!(connection.response(false).text(), "here", "{path}");
        }
        let id = i32::try_from(child.id()).expect("a process id");
        // SAFETY: a signal to a child that has not been waited for.
        assert_eq!(unsafe { libc::kill(id, libc::SIGTERM) }, 0);
        let status = eventually("the end", || child.try_wait().expect("a status"));
        assert_eq!(status.code(), Some(0));
    }
}

#[test]
fn an_output_that_takes_nothing_is_a_failure() {
    for code in ["1 + 1", "console.log('x')"] {
        let full = fs::OpenOptions::new().write(true).open("/dev/full");
        let mut command = nano();
        command
            .args(["eval", code])
            .stdout(full.expect("Linux has it"));
        let output = command.stderr(Stdio::piped()).spawn().expect("nano starts");
        let output = output.wait_with_output().expect("nano runs");
        let text = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{code}: {text}");
        assert!(text.contains("standard output"), "{code}: {text}");
    }
}

/// SIGHUP asks for the configuration to be loaded anew, SIGQUIT for a drain.
#[test]
fn signals_of_operators() {
    let mut nano = Site::new().app("a", APP).serve();
    nano.signal(libc::SIGHUP);
    nano.logged("what SIGHUP does", |line| {
        line["message"] == "the configuration has been loaded" && line["replaced"] == 0
    });
    assert_eq!(nano.get("a.test", "/").text(), "here");
    nano.signal(libc::SIGQUIT);
    assert_eq!(nano.wait().code(), Some(0));
    nano.logged("the end", |line| line["message"] == "shut down");
}

/// A manager may send SIGHUP as soon as there is a process: here while it reads its configuration, from a pipe that it waits for.
#[test]
fn a_signal_may_come_before_anything_is_served() {
    let folder = site();
    let config = folder.path().join("apps.json");
    let (pipe, pid) = (folder.path().join("pipe"), folder.path().join("pid"));
    let made = Command::new("mkfifo").arg(&pipe).status();
    assert!(made.expect("it runs").success());
    let text = fs::read_to_string(&config).expect("the configuration");
    fs::rename(&pipe, &config).expect("a pipe in its place");
    let mut command = Command::new("sh");
    command
        .args(["-c", "echo $$ > \"$0\"; exec \"$@\""])
        .arg(&pid)
        .arg(env!("CARGO_BIN_EXE_nano"))
        .args(["serve", "--config"])
        .arg(&config);
    let sender = std::thread::spawn(move || {
        use std::io::Write as _;
        // It opens when somebody reads.
        let mut pipe = fs::File::options()
            .write(true)
            .open(&config)
            .expect("a pipe");
        let pid = fs::read_to_string(pid).expect("a number").trim().parse();
        // SAFETY: a signal to the process that the test has started.
        let sent = unsafe { libc::kill(pid.expect("a number"), libc::SIGHUP) };
        assert_eq!(sent, 0);
        let other = config.with_extension("new");
        fs::write(&other, &text).expect("a file");
        fs::rename(other, config).expect("what the signal has loaded");
        pipe.write_all(text.as_bytes()).expect("nano reads");
    });
    let mut nano = Nano::start(command, Some(folder));
    sender.join().expect("no panic");
    nano.logged("what SIGHUP does", |line| {
        line["message"] == "the configuration has been loaded"
    });
    nano.signal(libc::SIGTERM);
    assert_eq!(nano.wait().code(), Some(0));
}
