//! `nano top`.

use std::fs::File;
use std::io::{Read as _, Write as _};
use std::os::fd::{AsRawFd as _, FromRawFd as _, OwnedFd};
use std::os::unix::process::CommandExt as _;
use std::process::{Child, Command};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

use crate::support::admin::admin_port;
use crate::support::{Nano, Site, eventually, nano};

const APP: &str = "export default { fetch(request) {
    if (request.url.includes('/throw')) throw new Error('no');
    let x = 0; for (let i = 0; i < 300_000; i++) x += i;
    return new Response('hello');
} };";

fn serve() -> Nano {
    Site::new()
        .app("busy", APP)
        .app("idle", APP)
        .top(r#""admin":{"listen":"127.0.0.1:0"}"#)
        .serve()
}

fn top(nano: &Nano) -> Command {
    let mut command = self::nano();
    command.args(["top", "--interval", "0.5", "--admin"]);
    command.arg(format!("127.0.0.1:{}", admin_port(nano)));
    command
}

/// Sends an app requests until it is dropped.
struct Load {
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Load {
    fn on(nano: &Nano, host: &'static str) -> Self {
        let stop = Arc::<AtomicBool>::default();
        let (stopped, mut connection) = (stop.clone(), nano.connect());
        let thread = std::thread::spawn(move || {
            while !stopped.load(Ordering::Relaxed) {
                for path in ["/", "/", "/throw"] {
                    connection.write(&format!("GET {path} HTTP/1.1\r\nHost: {host}\r\n\r\n"));
                    connection.response(false);
                }
            }
        });
        Self {
            stop,
            thread: Some(thread),
        }
    }
}

impl Drop for Load {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        // It may have failed with the test.
        let _ = self.thread.take().map(JoinHandle::join);
    }
}

#[test]
fn a_table_is_printed_where_there_is_no_terminal() {
    let nano = serve();
    let load = Load::on(&nano, "busy.test");
    for more in [&["--once"][..], &[]] {
        let output = top(&nano).args(more).output().expect("nano runs");
        let text = String::from_utf8_lossy(&output.stdout);
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
        let lines: Vec<Vec<_>> = text
            .lines()
            .map(|line| {
                line.split("  ")
                    .map(str::trim)
                    .filter(|cell| !cell.is_empty())
                    .collect()
            })
            .collect();
        let [head, busy, idle] = lines.as_slice() else {
            panic!("a head and two apps: {text}")
        };
        let cell = |row: &[&str], name: &str| {
            let column = head.iter().position(|other| *other == name);
            row[column.expect("a column")].to_owned()
        };
        let number = |name: &str| cell(busy, name).parse::<f64>().expect("a number");
        // Sorted by what they take.
        assert_eq!((busy[0], idle[0]), ("busy", "idle"), "{text}");
        assert_eq!(cell(busy, "STATE"), "running");
        for column in ["REQ/S", "ERR/S", "P50 MS", "P99 MS", "CPU %", "HEAP MB"] {
            assert!(number(column) > 0.0, "{column}: {text}");
        }
        let share = number("ERR/S") / number("REQ/S");
        assert!((0.2..0.5).contains(&share), "one in three fails: {text}");
        assert!(number("P50 MS") <= number("P99 MS"), "{text}");
        assert_eq!(
            (cell(idle, "REQ/S"), cell(idle, "P99 MS")),
            ("0.0".to_owned(), "-".to_owned())
        );
    }
    drop(load);
}

#[test]
fn what_it_cannot_do_is_told() {
    let output = nano()
        .args(["top", "--once", "--admin", "127.0.0.1:1"])
        .output()
        .expect("nano runs");
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1));
    assert!(
        said.contains("cannot reach the admin API at 127.0.0.1:1"),
        "{said}"
    );
    let output = nano()
        .args(["top", "--interval", "0"])
        .output()
        .expect("nano runs");
    assert!(String::from_utf8_lossy(&output.stderr).contains("from 0.1 to 3600"));
}

/// A terminal with a program.
struct Terminal {
    child: Child,
    master: File,
    /// Held, so that its settings can be looked at when the program has ended.
    slave: OwnedFd,
    output: Arc<Mutex<Vec<u8>>>,
}

impl Terminal {
    fn run(mut command: Command) -> Self {
        let (mut master, mut slave) = (-1, -1);
        let mut size = libc::winsize {
            ws_row: 24,
            ws_col: 160,
            ws_xpixel: 0,
            ws_ypixel: 0,
        };
        // SAFETY: the pointers are valid or null, as openpty(3) allows.
        let failed = unsafe {
            libc::openpty(
                &mut master,
                &mut slave,
                std::ptr::null_mut(),
                std::ptr::null_mut(),
                &raw mut size,
            )
        };
        assert_eq!(failed, 0, "a terminal");
        // SAFETY: they were just opened, and are nobody else's.
        let (master, slave) =
            unsafe { (OwnedFd::from_raw_fd(master), OwnedFd::from_raw_fd(slave)) };
        let end = || slave.try_clone().expect("a second handle");
        command.stdin(end()).stdout(end()).stderr(end());
        // SAFETY: between `fork` and `exec` it makes system calls, which allocate nothing.
        unsafe {
            command.pre_exec(|| {
                if libc::setsid() < 0 || libc::ioctl(0, libc::TIOCSCTTY, 0) < 0 {
                    return Err(std::io::Error::last_os_error());
                }
                Ok(())
            });
        }
        let child = command.spawn().expect("nano starts");
        let master = File::from(master);
        let output = Arc::<Mutex<Vec<u8>>>::default();
        let (mut reader, received) = (master.try_clone().expect("a second handle"), output.clone());
        std::thread::spawn(move || {
            let mut bytes = [0; 4096];
            while let Ok(count) = reader.read(&mut bytes)
                && count > 0
            {
                received.lock().unwrap().extend(&bytes[..count]);
            }
        });
        Self {
            child,
            master,
            slave,
            output,
        }
    }

    fn shows(&self, what: &str) {
        eventually(what, || self.text().contains(what).then_some(()));
    }

    fn text(&self) -> String {
        String::from_utf8_lossy(&self.output.lock().unwrap()).into_owned()
    }

    /// Whether lines are edited, and what is typed is seen.
    fn is_usual(&self) -> bool {
        // SAFETY: all bytes zero are a value, and the pointer is valid.
        let settings = unsafe {
            let mut settings: libc::termios = std::mem::zeroed();
            assert_eq!(libc::tcgetattr(self.slave.as_raw_fd(), &mut settings), 0);
            settings
        };
        settings.c_lflag & (libc::ICANON | libc::ECHO) == libc::ICANON | libc::ECHO
    }

    /// Waits for the end, after which the terminal is what it was.
    fn ends(mut self) -> Option<i32> {
        let status = eventually("its end", || self.child.try_wait().expect("a status"));
        self.shows(SHOW_CURSOR);
        self.shows(LEAVE);
        assert!(self.is_usual());
        status.code()
    }
}

const ENTER: &str = "\x1b[?1049h";
const LEAVE: &str = "\x1b[?1049l";
const SHOW_CURSOR: &str = "\x1b[?25h";

#[test]
fn a_terminal_is_taken_and_given_back() {
    let nano = serve();
    let _load = Load::on(&nano, "busy.test");
    let mut terminal = Terminal::run(top(&nano));
    for text in [ENTER, "REQ/S", "2 apps", "[c cpu]", "busy", "idle"] {
        terminal.shows(text);
    }
    assert!(!terminal.is_usual());
    terminal.master.write_all(b"n").expect("a key");
    terminal.shows("[n name]");
    terminal.master.write_all(b"q").expect("a key");
    assert_eq!(terminal.ends(), Some(0));
}

#[test]
fn a_terminal_is_given_back_after_a_signal() {
    let nano = serve();
    for (signal, key) in [
        (libc::SIGINT, None),
        (libc::SIGTERM, None),
        (0, Some(b"\x03")),
    ] {
        let mut terminal = Terminal::run(top(&nano));
        terminal.shows("idle");
        let expected = match key {
            Some(key) => {
                terminal.master.write_all(key).expect("a key");
                0
            }
            None => {
                let id = i32::try_from(terminal.child.id()).expect("a number");
                // SAFETY: a signal to a child that has not been waited for.
                assert_eq!(unsafe { libc::kill(id, signal) }, 0);
                128 + signal
            }
        };
        assert_eq!(terminal.ends(), Some(expected));
    }
}

#[test]
fn it_waits_for_a_nano_that_has_gone() {
    let mut nano = serve();
    let mut terminal = Terminal::run(top(&nano));
    terminal.shows("idle");
    nano.signal(libc::SIGTERM);
    nano.wait();
    terminal.shows("cannot reach the admin API");
    terminal.master.write_all(b"q").expect("a key");
    assert_eq!(terminal.ends(), Some(0));
}
