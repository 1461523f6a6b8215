//! A folder with apps, and a `nano` that serves it.

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _};
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use serde_json::Value;

use super::{Connection, PATIENCE, Response, eventually};

/// The program under test.
pub(crate) fn nano() -> Command {
    Command::new(env!("CARGO_BIN_EXE_nano"))
}

/// An app that has a form of a handler for each path: a name, and the body of an `async (request, env, ctx) => Response | undefined`.
/// It answers `done` where that says nothing, and where there is no such form.
pub(crate) fn app_of_forms(forms: &[(&str, &str)]) -> String {
    let functions: String = forms
        .iter()
        .map(|(name, body)| format!("async {name}(request, env, ctx) {{ {body} }},\n"))
        .collect();
    format!(
        "const forms = {{ {functions} }};
        export default {{ async fetch(request, env, ctx) {{
            const form = forms[new URL(request.url).pathname.slice(1)];
            return (await form?.(request, env, ctx)) ?? new Response('done');
        }} }};"
    )
}

/// Whose threads the apps of all tests run on that say nothing of it: a variable of the environment, as configuration has it.
const ISOLATION: &str = "NANO_E2E_ISOLATION";

/// What the configuration of an app with these fields, and those at the top, says of it, after a comma.
pub(crate) fn usual_isolation(fields: &str) -> String {
    match std::env::var(ISOLATION) {
        Ok(kind) if !fields.contains("\"isolation\"") => format!(r#","isolation":"{kind}""#),
        _ => String::new(),
    }
}

/// An app's field, where it is its own thread that a test looks at.
pub(crate) const DEDICATED: &str = r#""isolation":"dedicated""#;

/// Apps to serve. Each has its own hostname, `<name>.test`.
pub(crate) struct Site {
    folder: tempfile::TempDir,
    apps: Vec<String>,
    top: String,
}

impl Site {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder for the apps");
        Self {
            folder,
            apps: Vec::new(),
            top: String::new(),
        }
    }

    /// Adds an app of one module.
    pub(crate) fn app(self, name: &str, source: &str) -> Self {
        self.app_with(name, source, "")
    }

    /// Adds an app with further fields of its configuration.
    pub(crate) fn app_with(mut self, name: &str, source: &str, fields: &str) -> Self {
        let hostname = match fields.contains("\"hostname\"") {
            true => String::new(),
            false => format!(r#","hostname":"{name}.test""#),
        };
        let isolation = usual_isolation(&format!("{}{fields}", self.top));
        let comma = if fields.is_empty() { "" } else { "," };
        self.apps.push(format!(
            r#"{{"name":"{name}","path":"{name}"{hostname}{isolation}{comma}{fields}}}"#
        ));
        self.file(&format!("{name}/index.js"), source)
    }

    /// Adds fields at the top of the configuration.
    pub(crate) fn top(mut self, fields: &str) -> Self {
        self.top += &format!("{fields},");
        self
    }

    /// Adds a file.
    pub(crate) fn file(self, path: &str, content: &str) -> Self {
        let path = self.folder.path().join(path);
        fs::create_dir_all(path.parent().expect("a folder")).expect("a folder for a file");
        fs::write(path, content).expect("a file");
        self
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Starts to serve.
    pub(crate) fn serve(self) -> Nano {
        self.serve_with(&[])
    }

    /// Starts to serve with further arguments.
    pub(crate) fn serve_with(self, arguments: &[&str]) -> Nano {
        self.serve_as(|command| {
            command.args(arguments);
        })
    }

    /// Starts to serve by a command that `prepare` has a last look at.
    pub(crate) fn serve_as(self, prepare: impl FnOnce(&mut Command)) -> Nano {
        let config = format!(
            r#"{{{}"port":0,"apps":[{}]}}"#,
            self.top,
            self.apps.join(",")
        );
        let this = self.file("apps.json", &config);
        let file = this.folder.path().join("apps.json");
        let mut command = nano();
        command.arg("serve").arg("--config").arg(file);
        prepare(&mut command);
        Nano::start(command, Some(this.folder))
    }
}

/// A `nano serve` that runs until the value is dropped.
pub(crate) struct Nano {
    child: Child,
    log: Arc<Mutex<Vec<Value>>>,
    /// Whoever has it keeps the log from being read.
    gate: Arc<Mutex<()>>,
    port: u16,
    readers: Vec<JoinHandle<()>>,
    /// Fails where it has panicked.
    complaints: Option<JoinHandle<()>>,
    folder: Option<tempfile::TempDir>,
}

/// The CPU time that a process has used, while it is there: fields 14 and 15 of proc_pid_stat(5).
pub(crate) fn cpu_time_of(process: &str) -> Option<Duration> {
    let stat = fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    let (_, fields) = stat.rsplit_once(") ").expect("a name in parentheses");
    let ticks = fields.split(' ').skip(11).take(2);
    let ticks: u32 = ticks.map(|n| n.parse::<u32>().expect("a number")).sum();
    // SAFETY: no preconditions.
    let per_second = unsafe { libc::sysconf(libc::_SC_CLK_TCK) };
    Some(Duration::from_secs(1) / u32::try_from(per_second).expect("a number") * ticks)
}

impl Nano {
    /// Starts a command that serves, and waits until it says where.
    pub(crate) fn start(mut command: Command, folder: Option<tempfile::TempDir>) -> Self {
        command
            .args(["--host", "127.0.0.1", "--log", "json"])
            .stdin(Stdio::null());
        let mut child = command
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("nano starts");
        let log = Arc::new(Mutex::new(Vec::new()));
        let lines = log.clone();
        let gate = Arc::new(Mutex::new(()));
        let open = gate.clone();
        let stdout = BufReader::new(child.stdout.take().expect("a pipe"));
        let reader = std::thread::spawn(move || {
            for line in stdout.lines().map_while(Result::ok) {
                // Poisoned by a test that failed.
                drop(open.lock());
                let value = serde_json::from_str(&line)
                    .unwrap_or_else(|_| panic!("a line of the log is no JSON: {line}"));
                lines.lock().unwrap().push(value);
            }
        });
        let mut stderr = child.stderr.take().expect("a pipe");
        let complaints = std::thread::spawn(move || {
            let mut text = String::new();
            let _ = stderr.read_to_string(&mut text);
            if !text.is_empty() {
                eprintln!("nano says on standard error:\n{text}");
            }
            assert!(!text.contains("panicked at"), "nano panicked");
        });
        let mut nano = Self {
            child,
            log,
            gate,
            port: 0,
            readers: vec![reader],
            complaints: Some(complaints),
            folder,
        };
        nano.port = nano.ports()[0];
        nano
    }

    /// The ports that it listens on.
    pub(crate) fn ports(&mut self) -> Vec<u16> {
        eventually("the listening line", || {
            if let Some(status) = self.child.try_wait().expect("a status") {
                panic!("nano ended with {status}");
            }
            let ports: Vec<_> = self
                .log()
                .iter()
                .filter(|line| line["message"] == "listening")
                .map(|line| u16::try_from(line["port"].as_u64().expect("a port")).expect("a port"))
                .collect();
            (!ports.is_empty()).then_some(ports)
        })
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    pub(crate) fn connect(&self) -> Connection {
        Connection::open(self.port)
    }

    /// GET on a connection of its own.
    pub(crate) fn get(&self, host: &str, path: &str) -> Response {
        self.send(&format!("GET {path} HTTP/1.1\r\nHost: {host}\r\n\r\n"))
    }

    /// POST on a connection of its own.
    pub(crate) fn post(&self, host: &str, path: &str, body: &str) -> Response {
        let length = body.len();
        self.send(&format!(
            "POST {path} HTTP/1.1\r\nHost: {host}\r\nContent-Length: {length}\r\n\r\n{body}"
        ))
    }

    /// Sends bytes on a connection of their own, and reads one response.
    pub(crate) fn send(&self, request: &str) -> Response {
        let mut connection = self.connect();
        connection.write(request);
        let head = request.starts_with("HEAD ");
        connection.response(head)
    }

    /// The folder that is served.
    pub(crate) fn path(&self) -> &Path {
        self.folder.as_ref().expect("a folder of its own").path()
    }

    /// Writes a file of the folder that is served.
    pub(crate) fn write(&self, path: &str, text: &str) {
        fs::write(self.path().join(path), text).expect("a file");
    }

    /// The log so far.
    pub(crate) fn log(&self) -> Vec<Value> {
        self.log.lock().unwrap().clone()
    }

    /// Keeps the log from being read while it is locked: the pipe fills.
    pub(crate) fn gate(&self) -> Arc<Mutex<()>> {
        self.gate.clone()
    }

    /// How the process ended, if it has.
    pub(crate) fn status_now(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().expect("a status")
    }

    /// Waits for a line of the log.
    pub(crate) fn logged(&self, what: &str, is: impl Fn(&Value) -> bool) -> Value {
        let began = std::time::Instant::now();
        loop {
            if let Some(line) = self.log().into_iter().find(&is) {
                return line;
            }
            let log = || {
                self.log()
                    .iter()
                    .map(|line| format!("{line}\n"))
                    .collect::<String>()
            };
            assert!(
                began.elapsed() < super::PATIENCE,
                "no log line with {what} in:\n{}",
                log()
            );
            std::thread::sleep(std::time::Duration::from_millis(5));
        }
    }

    /// The same, for as long as it or what it has started uses CPU time, however little a busy machine has for them.
    pub(crate) fn logged_in_the_end(&self, what: &str, is: impl Fn(&Value) -> bool) -> Value {
        let used = || {
            let children = self.children();
            let theirs: Duration = children.iter().filter_map(|id| cpu_time_of(id)).sum();
            theirs + self.cpu_time()
        };
        let (mut last, mut worked) = (used(), Instant::now());
        while worked.elapsed() < PATIENCE {
            if let Some(line) = self.log().into_iter().find(&is) {
                return line;
            }
            let now = used();
            if now != last {
                (last, worked) = (now, Instant::now());
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        self.logged(what, is)
    }

    /// Waits for a line of an app's with this text anywhere in it.
    pub(crate) fn app_logged(&self, app: &str, text: &str) -> Value {
        let escaped = serde_json::to_string(text).expect("a string");
        let inner = escaped.trim_matches('"').to_owned();
        self.logged(&format!("app {app} and {text:?}"), |line| {
            line["app"] == app && line.to_string().contains(&inner)
        })
    }

    pub(crate) fn signal(&self, signal: i32) {
        let id = i32::try_from(self.child.id()).expect("a process id");
        // SAFETY: sends a signal to a child that has not been waited for, so the id is its own.
        assert_eq!(unsafe { libc::kill(id, signal) }, 0);
    }

    /// Waits for the end.
    pub(crate) fn wait(&mut self) -> ExitStatus {
        let status = eventually("nano's end", || self.child.try_wait().expect("a status"));
        for reader in self.readers.drain(..) {
            reader.join().expect("a whole log");
        }
        if let Some(complaints) = self.complaints.take() {
            complaints.join().expect("no panic");
        }
        status
    }

    /// Whether it has not ended.
    pub(crate) fn lives(&mut self) -> bool {
        self.child.try_wait().expect("a status").is_none()
    }

    /// Gives it so many bytes of address space beside what it has now.
    #[cfg(target_os = "linux")]
    pub(crate) fn cap_address_space(&self, beside: u64) {
        let limit = libc::rlimit {
            rlim_cur: self.status("VmSize:") + beside,
            rlim_max: libc::RLIM_INFINITY,
        };
        let id = i32::try_from(self.child.id()).expect("a process id");
        // SAFETY: `limit` is a valid value, and the old one is not asked for.
        let failed = unsafe { libc::prlimit(id, libc::RLIMIT_AS, &limit, std::ptr::null_mut()) };
        assert_eq!(failed, 0, "a limit of the address space");
    }

    /// Waits until something is there that costs it no more than so much CPU time, however long it takes on a busy machine.
    pub(crate) fn within_cpu_time<T>(
        &self,
        most: Duration,
        what: &str,
        mut look: impl FnMut() -> Option<T>,
    ) -> T {
        let began = self.cpu_time();
        let (mut last, mut worked) = (began, Instant::now());
        loop {
            if let Some(found) = look() {
                return found;
            }
            let now = self.cpu_time();
            if now > last {
                (last, worked) = (now, Instant::now());
            }
            let idle = worked.elapsed();
            assert!(idle < PATIENCE, "it does nothing, and {what} does not come");
            let used = now.saturating_sub(began);
            assert!(used < most, "{used:?} of CPU time without {what}");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// The CPU time that it has used.
    pub(crate) fn cpu_time(&self) -> Duration {
        cpu_time_of(&self.child.id().to_string()).expect("it is there")
    }

    /// The number of its process.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// The processes that it has started: proc_pid_task_children(5).
    pub(crate) fn children(&self) -> Vec<String> {
        let tasks = fs::read_dir(format!("/proc/{}/task", self.child.id()));
        let tasks = tasks.into_iter().flatten().flatten();
        let lists = tasks.filter_map(|task| fs::read_to_string(task.path().join("children")).ok());
        lists
            .flat_map(|list| {
                list.split_whitespace()
                    .map(str::to_owned)
                    .collect::<Vec<_>>()
            })
            .collect()
    }

    /// How many threads it has.
    pub(crate) fn threads(&self) -> usize {
        let tasks = fs::read_dir(format!("/proc/{}/task", self.child.id()));
        tasks.expect("a list of threads").count()
    }

    /// How many threads it has that the system shows by this name.
    pub(crate) fn threads_called(&self, name: &str) -> usize {
        let tasks = fs::read_dir(format!("/proc/{}/task", self.child.id()));
        let name_of = |task: std::io::Result<fs::DirEntry>| {
            // It may have ended.
            fs::read_to_string(task.ok()?.path().join("comm")).ok()
        };
        let names = tasks.expect("a list of threads").filter_map(name_of);
        names.filter(|shown| shown.trim_end() == name).count()
    }

    /// How many descriptors it has.
    pub(crate) fn descriptors(&self) -> usize {
        let descriptors = fs::read_dir(format!("/proc/{}/fd", self.child.id()));
        descriptors.expect("a list of descriptors").count()
    }

    /// Resident memory in bytes.
    pub(crate) fn resident(&self) -> u64 {
        self.status("VmRSS:")
    }

    /// The part of it that is no file's, in bytes.
    pub(crate) fn anonymous(&self) -> u64 {
        self.status("RssAnon:")
    }

    /// The most resident memory since `reset_peak`, in bytes.
    pub(crate) fn peak(&self) -> u64 {
        self.status("VmHWM:")
    }

    /// Makes the resident memory of now the peak, and returns it.
    pub(crate) fn reset_peak(&self) -> u64 {
        fs::write(format!("/proc/{}/clear_refs", self.child.id()), "5").expect("a reset");
        self.resident()
    }

    fn status(&self, field: &str) -> u64 {
        let status =
            fs::read_to_string(format!("/proc/{}/status", self.child.id())).expect("a status");
        let line = status
            .lines()
            .find_map(|line| line.strip_prefix(field))
            .expect("a field of the status");
        line.trim()
            .trim_end_matches(" kB")
            .parse::<u64>()
            .expect("a number")
            << 10
    }
}

impl Drop for Nano {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("nano's state: {:?}", self.child.try_wait());
        }
        // What it started may outlive it, with its outputs: a process in a namespace of its own, a helper of another user.
        #[cfg(target_os = "linux")]
        for child in self.children() {
            let child: i32 = child.parse().expect("a number");
            // SAFETY: a signal; who it is for is a child of our own child, which has not been waited for.
            unsafe { libc::kill(child, libc::SIGKILL) };
        }
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
        let complaints = self.complaints.take().map(JoinHandle::join);
        if std::thread::panicking() {
            // What it said to the last.
            for reader in self.readers.drain(..) {
                let _ = reader.join();
            }
            for line in self.log() {
                eprintln!("log: {line}");
            }
        } else if let Some(Err(panic)) = complaints {
            std::panic::resume_unwind(panic);
        }
    }
}

/// A limit that the program starts with. Where it is one of descriptors, it has none beyond that from this program's own parent either:
/// it would have one more than the limit says.
pub(crate) fn limit(
    command: &mut Command,
    resource: libc::__rlimit_resource_t,
    value: u64,
) -> &mut Command {
    let limit = libc::rlimit {
        rlim_cur: value,
        rlim_max: value,
    };
    // SAFETY: between `fork` and `exec` it makes two system calls, which allocate nothing.
    unsafe {
        command.pre_exec(move || {
            if resource == libc::RLIMIT_NOFILE {
                libc::close_range(value as u32, u32::MAX, libc::CLOSE_RANGE_CLOEXEC as i32);
            }
            match libc::setrlimit(resource, &limit) {
                0 => Ok(()),
                _ => Err(std::io::Error::last_os_error()),
            }
        })
    }
}
