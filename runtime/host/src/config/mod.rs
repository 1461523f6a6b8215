//! The configuration: `apps.json`, or one folder.

mod admin;
mod app;
mod binding;
mod claims;
mod diagnostic;
mod field;
mod fields;
mod folder;
#[cfg(any(test, fuzzing))]
pub(crate) mod fuzzing;
mod hostname;
mod instances;
mod listen;
mod log;
mod managed;
mod otlp;
mod path;
mod proxies;
mod read;
mod reader;
mod schema;
mod source;
#[cfg(test)]
mod tests;
mod variables;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use nano_worker::{
    Binding, Caches, Commons, ENTRIES, Handlers, Isolation, Limits, LogSink, OutboundHosts,
    Services, WorkerOptions,
};

pub use crate::cron::CronExpression;
pub use crate::patience::ClientLimits;
pub use crate::tracer::Tracing;
pub use admin::{AdminAddress, AdminConfig, Token};
pub use diagnostic::{ConfigError, Diagnostic};
pub use hostname::HostPattern;
pub(crate) use hostname::{example, normalize};
pub use instances::InstancePlan;
pub use listen::{ListenAddress, Overlap};
pub use log::{LogConfig, LoggedRequests};
pub(crate) use managed::{AppFields, Managed};
pub use otlp::OtlpConfig;
pub use path::{PathPattern, PathSegment};
pub use proxies::{Proxies, ProxyFields};
pub(crate) use schema::app_schemas;
pub use schema::{schema, settings_schema};

/// Whether the names of apps may have this character.
pub fn is_in_app_names(character: char) -> bool {
    character.is_ascii_alphanumeric() || matches!(character, '-' | '_' | '.')
}

/// How many characters the name of an app may have.
pub const MAX_APP_NAME: usize = 64;

/// What an app's name must be, as a help.
pub fn app_names() -> String {
    format!(
        "1 to {MAX_APP_NAME} letters, digits and underscores, and hyphens and dots that are not its beginning"
    )
}

/// Whether an app may have this name. It is also a folder's, in the state folder and in an apps folder: so it is neither `.` nor `..`.
pub fn is_app_name(name: &str) -> bool {
    !name.starts_with(['.', '-'])
        && (1..=MAX_APP_NAME).contains(&name.len())
        && name.chars().all(is_in_app_names)
}

/// How many cron expressions an app may have.
pub const MAX_CRONS: usize = 100;

/// How many isolates are kept prepared where the configuration does not say.
pub const DEFAULT_PREPARED: usize = 1;

/// What a process serves.
#[derive(Debug, Clone)]
pub struct Config {
    /// Where apps without a port of their own are reached.
    pub listen: ListenAddress,
    /// The apps, in the order of the file.
    pub apps: Vec<AppConfig>,
    /// How long a shutdown waits for what is in flight.
    pub drain: Duration,
    /// Where the file says which ports to listen on.
    pub ports: BTreeMap<u16, Diagnostic>,
    /// How slow clients may be.
    pub clients: ClientLimits,
    /// Who is believed when he says whom a request is from.
    pub proxies: Arc<Proxies>,
    /// The file that says so, as the user named it.
    pub file: Option<PathBuf>,
    /// Whether changes of the file and of the apps' folders are to be noticed while the process serves.
    pub watch: bool,
    /// What the process as a whole may take, in MB: before that, the app's instance that holds most is ended. `None`: what its
    /// control group allows.
    pub memory_mb: Option<u64>,
    /// How many isolates are kept prepared for apps that start.
    pub prepared: usize,
    /// Which requests are parts of traces.
    pub trace: Tracing,
    /// Where traces and metrics are sent.
    pub otlp: Option<OtlpConfig>,
    /// Where the process is operated, if it is.
    pub admin: Option<AdminConfig>,
    /// The folder of apps that are not named, if there is one, as it is configured, made absolute.
    pub apps_folder: Option<PathBuf>,
    /// What is wrong in it, and keeps no app from being served.
    pub folder_faults: Vec<Diagnostic>,
}

/// One app.
#[derive(Clone, PartialEq)]
pub struct AppConfig {
    /// Unique; names the app in logs.
    pub name: Arc<str>,
    /// The hosts that it answers to.
    pub hosts: Vec<HostPattern>,
    /// The paths of these hosts that it answers to; none: all that no other app answers to.
    pub paths: Vec<PathPattern>,
    /// Its folder as it is configured, made absolute: it may lead elsewhere later.
    pub path: PathBuf,
    /// Its folder, absolute and without symbolic links.
    pub root: PathBuf,
    /// Its entry module below the folder, where it is not found by the rules.
    pub entry: Option<PathBuf>,
    /// Its `env`.
    pub env: BTreeMap<String, Binding>,
    /// What it may use.
    pub limits: AppLimits,
    /// What of it is logged.
    pub log: LogConfig,
    /// Hosts that it may reach.
    pub outbound: OutboundHosts,
    /// Its own port, where it has one.
    pub port: Option<u16>,
    /// When it is sent scheduled events.
    pub crons: Vec<CronExpression>,
    /// When its first instance starts; `None`: as [`Config::start_of`] says.
    pub start: Option<Start>,
    /// How long its instances live without a request; `None`: as [`Config::idle_of`] says.
    pub idle: Option<Idle>,
    /// How many instances it has.
    pub instances: InstancePlan,
    /// Whose threads they run on.
    pub isolation: Isolation,
    /// Why its folder can be no app's, if that is so: the app's own fault, which is seen when it starts.
    pub fault: Option<Diagnostic>,
    /// What its folder says of it cannot be read, and is not in here: the hosts and limits of requests that it has, if it is served
    /// already, are kept.
    pub is_partial: bool,
    /// Stands for what is in the folder: when it changes, so has the app. 0 where nobody has looked.
    pub content: u64,
}

/// When an app's first instance starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Start {
    /// With the process, or as soon as the app is added: what is wrong with it is seen at once.
    Eager,
    /// With its first request: an app that nobody asks for costs nothing.
    Lazy,
}

/// How long an app's instances live without a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Idle {
    /// So long; the next request starts another one.
    For(Duration),
    /// As long as the app.
    Forever,
}

impl Idle {
    /// What the configuration says: zero is for ever.
    fn after(duration: Duration) -> Self {
        if duration.is_zero() {
            Self::Forever
        } else {
            Self::For(duration)
        }
    }
}

/// How long instances of apps that start lazily live without a request, where nothing else is said.
pub const DEFAULT_IDLE: Duration = Duration::from_secs(600);

/// So many apps start with the process where nothing else is said.
pub const MAX_EAGER: usize = 100;

impl AppConfig {
    /// The names of the apps that it is bound to.
    pub(crate) fn services(&self) -> impl Iterator<Item = &Arc<str>> {
        self.env.values().filter_map(|binding| match binding {
            Binding::Service(app) => Some(app),
            _ => None,
        })
    }

    /// What an instance of the app is told.
    pub fn worker_options(
        &self,
        log: Arc<dyn LogSink>,
        services: Arc<dyn Services>,
        commons: Arc<Commons>,
    ) -> WorkerOptions {
        WorkerOptions {
            name: self.name.clone(),
            root: self.root.clone(),
            entry: self.entry.clone(),
            env: self.env.clone(),
            services,
            limits: self.limits.worker,
            isolation: self.isolation,
            outbound: self.outbound.clone(),
            commons,
            log,
        }
    }

    /// What the app lacks to be what it is configured to be, with these handlers.
    pub fn missing_handler(&self, handlers: Handlers) -> Option<String> {
        (!self.crons.is_empty() && !handlers.scheduled).then(|| {
            format!(
                "the app has \"crons\" and no handler for them: expected {}",
                Handlers::EXPECTED_SCHEDULED
            )
        })
    }

    /// Whether an instance that was started with this configuration is what one of the other would be.
    pub(crate) fn is_same_version(&self, other: &Self) -> bool {
        // Every field is either the instance's or the host's.
        let Self {
            name,
            root,
            entry,
            env,
            limits,
            isolation,
            outbound,
            content,
            fault,
            is_partial: _,
            paths: _,
            path: _,
            start: _,
            idle: _,
            instances: _,
            hosts: _,
            port: _,
            crons: _,
            log: _,
        } = self;
        // Where the file says so may change.
        let message =
            |fault: &Option<Diagnostic>| fault.as_ref().map(|fault| fault.message.clone());
        *name == other.name
            && *root == other.root
            && *entry == other.entry
            && *env == other.env
            && limits.worker == other.limits.worker
            && *isolation == other.isolation
            && *outbound == other.outbound
            && *content == other.content
            && message(fault) == message(&other.fault)
    }

    /// This one, with what the host knows of the app from before.
    pub(crate) fn keeping(self, before: &Self) -> Self {
        let mut hosts = self.hosts.clone();
        let further = before
            .hosts
            .iter()
            .filter(|host| !self.hosts.contains(host));
        hosts.extend(further.cloned());
        Self {
            hosts,
            crons: before.crons.clone(),
            limits: AppLimits {
                worker: self.limits.worker,
                ..before.limits
            },
            ..self
        }
    }

    /// This one as far as instances are concerned, and the other one as far as the host is.
    pub(crate) fn with_host_part_of(&self, other: &Self) -> Self {
        Self {
            paths: other.paths.clone(),
            path: other.path.clone(),
            start: other.start,
            idle: other.idle,
            instances: other.instances,
            isolation: self.isolation,
            hosts: other.hosts.clone(),
            port: other.port,
            crons: other.crons.clone(),
            log: other.log,
            limits: AppLimits {
                worker: self.limits.worker,
                ..other.limits
            },
            name: self.name.clone(),
            root: self.root.clone(),
            entry: self.entry.clone(),
            env: self.env.clone(),
            outbound: self.outbound.clone(),
            content: self.content,
            fault: self.fault.clone(),
            is_partial: self.is_partial,
        }
    }
}

impl fmt::Debug for AppConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AppConfig")
            .field("name", &self.name)
            .field("hosts", &self.hosts)
            .field("paths", &self.paths)
            .field("root", &self.root)
            .field("entry", &self.entry)
            .field("env", &self.env)
            .field("limits", &self.limits)
            .field("outbound", &self.outbound)
            .field("port", &self.port)
            .field("content", &self.content)
            .field("crons", &self.crons)
            .field("log", &self.log)
            .finish()
    }
}

/// What an app may use, the host's part included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AppLimits {
    /// Enforced by the app's instance.
    pub worker: Limits,
    /// From a request's head to the response's head. A response that streams may go on for longer.
    pub wall: Duration,
    /// Requests at the same time, until their responses are complete.
    pub in_flight: usize,
    /// Of these, those that wait until the same instance begins with them; `None`: all.
    pub queue: Option<usize>,
    /// Bytes of a request's body.
    pub body: u64,
    /// WebSockets that clients have open at the same time.
    pub websockets: usize,
    /// Bytes of a message of theirs.
    pub message: u64,
    /// Bytes of a response's body; `None`: any number.
    pub response: Option<u64>,
    /// Bytes in the app's caches.
    pub caches: u64,
    /// Lines that the app may say in a second.
    pub log_lines: u32,
    /// Bytes that these may say in a second.
    pub log_bytes: u64,
}

impl Default for AppLimits {
    fn default() -> Self {
        Self {
            worker: Limits::default(),
            wall: Duration::from_secs(30),
            in_flight: 1024,
            queue: None,
            body: 100 << 20,
            websockets: 2048,
            message: 32 << 20,
            response: None,
            caches: Caches::DEFAULT_BUDGET as u64,
            log_lines: 5000,
            log_bytes: 4 << 20,
        }
    }
}

impl AppLimits {
    /// How many requests may wait until the same instance begins with them.
    pub(crate) fn queue(&self) -> usize {
        self.queue.unwrap_or(self.in_flight)
    }
}

/// The time that a shutdown waits where nothing else is said.
pub const DEFAULT_DRAIN: Duration = Duration::from_secs(30);

impl Config {
    /// When the first instance of an app of this configuration starts: where nothing is said, with the process, unless there are
    /// more than [`MAX_EAGER`] apps.
    pub fn start_of(&self, app: &AppConfig) -> Start {
        app.start.unwrap_or(match self.apps.len() {
            ..=MAX_EAGER => Start::Eager,
            _ => Start::Lazy,
        })
    }

    /// How long instances of an app of this configuration live without a request: where nothing is said, for 10 minutes if the app
    /// starts lazily, else as long as the app.
    pub fn idle_of(&self, app: &AppConfig) -> Idle {
        app.idle.unwrap_or(match self.start_of(app) {
            Start::Eager => Idle::Forever,
            Start::Lazy => Idle::For(DEFAULT_IDLE),
        })
    }

    /// What is wrong with the apps' folders, if something is. What can be served is no worse for it.
    pub fn faults_of_apps(&self) -> Option<ConfigError> {
        let faults = self.apps.iter().filter_map(|app| app.fault.as_ref());
        ConfigError::of(faults.chain(&self.folder_faults).cloned().collect())
    }

    /// Whether there are apps, and none of them can be served. Others may come into an apps folder.
    pub fn is_of_no_use(&self) -> bool {
        self.apps_folder.is_none()
            && !self.apps.is_empty()
            && self.apps.iter().all(|app| app.fault.is_some())
    }

    /// Where an app of this configuration is reached.
    pub fn address_of(&self, app: &AppConfig) -> ListenAddress {
        self.listen.with_port(app.port.unwrap_or(self.listen.port))
    }

    /// Where the admin API and apps are to listen at the same address, if they are. Port 0 is a different one each time.
    pub fn overlap(&self) -> Option<Overlap> {
        let admin = match &self.admin.as_ref()?.listen {
            AdminAddress::Tcp(admin) => *admin,
            AdminAddress::Unix(_) => return None,
        };
        let apps = self.addresses();
        // Those that come later listen here.
        let later = apps.is_empty().then_some(self.listen);
        let apps = apps
            .into_iter()
            .chain(later)
            .find(|apps| apps.overlaps(admin))?;
        Some(Overlap { admin, apps })
    }

    /// Where apps are reached, and where they will be that come into the apps folder.
    pub fn addresses(&self) -> BTreeSet<ListenAddress> {
        let folder = self.apps_folder.as_ref().map(|_| self.listen);
        let apps = self.apps.iter().map(|app| self.address_of(app));
        apps.chain(folder).collect()
    }

    /// The defaults, with these apps.
    #[cfg(test)]
    pub(crate) fn of_apps(apps: Vec<AppConfig>) -> Self {
        let ip = Some(std::net::Ipv4Addr::LOCALHOST.into());
        Self::new(ListenAddress { ip, port: 0 }, apps)
    }

    /// The defaults, with these apps at this address.
    fn new(listen: ListenAddress, apps: Vec<AppConfig>) -> Self {
        Self {
            listen,
            apps,
            drain: DEFAULT_DRAIN,
            ports: BTreeMap::new(),
            clients: ClientLimits::default(),
            proxies: Arc::default(),
            memory_mb: None,
            prepared: DEFAULT_PREPARED,
            trace: Tracing::default(),
            otlp: None,
            admin: None,
            apps_folder: None,
            folder_faults: Vec::new(),
            file: None,
            watch: false,
        }
    }

    /// Limits of instances with the memory and the CPU time that most apps have, and on whose threads these run: the largest where there
    /// are several, and the defaults where there is no app.
    pub(crate) fn usual_instance(&self) -> (Limits, Isolation) {
        let mut counts = BTreeMap::new();
        for app in &self.apps {
            let Limits { memory_mb, cpu, .. } = app.limits.worker;
            let kind = (memory_mb, cpu, app.isolation);
            *counts.entry(kind).or_insert(0_usize) += 1;
        }
        let most = counts.into_iter().max_by_key(|(_, count)| *count);
        let Some(((memory_mb, cpu, isolation), _)) = most else {
            return Default::default();
        };
        let limits = Limits {
            memory_mb,
            cpu,
            ..Limits::default()
        };
        (limits, isolation)
    }

    /// Reads a configuration file, and what the admin API has changed over it. `state` is the folder of these changes where the
    /// configuration names none.
    ///
    /// # Errors
    /// The file cannot be read, or it has faults: all that could be found.
    pub fn load(file: &Path, state: Option<&Path>) -> Result<Self, LoadError> {
        let unreadable = |error| LoadError::Unreadable {
            file: file.to_owned(),
            error,
        };
        let bytes = source::read(file).map_err(unreadable)?;
        let text = String::from_utf8(bytes).map_err(|error| LoadError::not_text(file, &error))?;
        let folder = match file.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent,
            _ => Path::new("."),
        };
        let folder = folder.canonicalize().map_err(unreadable)?;
        Ok(read::read(file, &text, &folder, state, &|name| {
            std::env::var_os(name)
        })?)
    }

    /// One app that answers to every host: `nano serve ./folder`.
    ///
    /// # Errors
    /// The folder does not exist or holds no entry module.
    pub fn folder(path: &Path, listen: ListenAddress) -> Result<Self, LoadError> {
        let wrong = |message| LoadError::Folder {
            folder: path.to_owned(),
            message,
        };
        let root = path
            .canonicalize()
            .map_err(|error| wrong(format!("cannot be opened: {error}")))?;
        check_root(&root, None)
            .map_err(|fault| wrong(format!("{}; {}", fault.message, fault.help)))?;
        let name = root
            .file_name()
            .and_then(|name| name.to_str())
            .unwrap_or("app");
        let app = AppConfig {
            name: name.into(),
            hosts: vec![HostPattern::Any],
            paths: Vec::new(),
            path: std::path::absolute(path).unwrap_or_else(|_| root.clone()),
            root,
            entry: None,
            env: BTreeMap::new(),
            limits: AppLimits::default(),
            outbound: OutboundHosts::default(),
            port: None,
            start: None,
            idle: None,
            instances: InstancePlan::default(),
            isolation: Isolation::default(),
            content: 0,
            fault: None,
            is_partial: false,
            log: LogConfig::default(),
            crons: Vec::new(),
        };
        Ok(Self::new(listen, vec![app]))
    }
}

/// Why there is no configuration.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// The file itself.
    #[error("cannot read the configuration {}: {error}", file.display())]
    Unreadable {
        /// As the user named it.
        file: PathBuf,
        /// The system's answer; part of the message.
        error: std::io::Error,
    },
    /// The folder of `nano serve ./folder`.
    #[error("cannot serve {}: {message}", folder.display())]
    Folder {
        /// As the user named it.
        folder: PathBuf,
        /// What is wrong with it, and what to do.
        message: String,
    },
    /// The file is not text.
    #[error(
        "{}:{line}:{column}: the configuration is not UTF-8 text: found the byte 0x{byte:02X}; save it as UTF-8",
        file.display()
    )]
    NotText {
        /// As the user named it.
        file: PathBuf,
        /// 1-based.
        line: usize,
        /// 1-based, in characters.
        column: usize,
        /// The first byte that is wrong.
        byte: u8,
    },
    /// What the file says.
    #[error(transparent)]
    Faults(#[from] ConfigError),
}

impl LoadError {
    fn not_text(file: &Path, error: &std::string::FromUtf8Error) -> Self {
        let (text, rest) = error.as_bytes().split_at(error.utf8_error().valid_up_to());
        let text = String::from_utf8_lossy(text);
        // The same columns as of other faults: a byte order mark has none.
        let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
        let line = text.rsplit('\n').next().unwrap_or_default();
        Self::NotText {
            file: file.to_owned(),
            line: text.matches('\n').count() + 1,
            column: line.chars().count() + 1,
            byte: rest.first().copied().unwrap_or_default(),
        }
    }
}

/// What is wrong with an app's folder.
struct RootFault {
    message: String,
    help: &'static str,
    /// The fault is the entry's, not the folder's.
    of_entry: bool,
}

const RELATIVE: &str = "paths are relative to the configuration file";

/// Does the folder hold an app? Only the presence of files is checked here; the engine resolves and parses.
fn check_root(root: &Path, entry: Option<&Path>) -> Result<(), RootFault> {
    let fault = |message: String, help: &'static str, of_entry| {
        Err(RootFault {
            message,
            help,
            of_entry,
        })
    };
    let shown = root.display();
    let unreadable = |error: std::io::Error| {
        fault(
            format!("the app's folder {shown} cannot be read: {error}"),
            "the user that NANO runs as needs to read and search it, and to search the folders above it",
            false,
        )
    };
    match std::fs::metadata(root) {
        Ok(found) if found.is_dir() => {}
        Ok(_) => {
            return fault(
                format!("the app's folder {shown} is no folder"),
                RELATIVE,
                false,
            );
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            return fault(
                format!("the app's folder {shown} does not exist"),
                RELATIVE,
                false,
            );
        }
        Err(error) => return unreadable(error),
    }
    if let Err(error) = std::fs::read_dir(root) {
        return unreadable(error);
    }
    // Names can be listed in a folder that may not be searched.
    if let Err(error) = std::fs::metadata(root.join(".")) {
        return unreadable(error);
    }
    // What is there in place of a file.
    let kind = |name: &Path| match std::fs::metadata(root.join(name)) {
        Ok(found) if found.is_file() => None,
        Ok(found) => Some(kind(found.file_type())),
        Err(_) => Some("missing"),
    };
    if let Some(entry) = entry {
        let shown = root.join(entry);
        let shown = shown.display();
        return match kind(entry) {
            None => Ok(()),
            Some("missing") => fault(
                format!("the entry module {shown} does not exist"),
                "an entry is relative to the app's folder",
                true,
            ),
            Some(kind) => fault(
                format!("the entry module {shown} is {kind}, not a file"),
                "name a file with a module",
                true,
            ),
        };
    }
    let names = std::iter::once("package.json").chain(ENTRIES);
    let found: Vec<_> = names.map(|name| (name, kind(Path::new(name)))).collect();
    if found.iter().any(|(_, kind)| kind.is_none()) {
        return Ok(());
    }
    for (name, kind) in found {
        if let Some(kind) = kind.filter(|kind| *kind != "missing") {
            let message = format!("the entry module {shown}/{name} is {kind}, not a file");
            return fault(message, "put a file with a module in its place", false);
        }
    }
    fault(
        format!("the app's folder {shown} has no entry module"),
        "add an index.js, index.mjs or index.ts, or a package.json with \"main\"",
        false,
    )
}

/// "a folder": what a file that is none is.
fn kind(found: std::fs::FileType) -> &'static str {
    use std::os::unix::fs::FileTypeExt as _;
    match found {
        _ if found.is_dir() => "a folder",
        _ if found.is_fifo() => "a named pipe",
        _ if found.is_socket() => "a socket",
        _ => "a device",
    }
}
