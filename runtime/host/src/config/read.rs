//! From the text of `apps.json` to a [`Config`].

use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use jsonc_parser::ast::Value;
use jsonc_parser::{CollectOptions, ParseOptions, parse_to_ast};

use super::admin::read_admin;
use super::diagnostic::{ConfigError, Diagnostic, Faults};
use super::managed::Managed;
use super::reader::{Context, Fields, Located, Lookup};
use crate::cron::{CronError, CronExpression};

use super::{
    AppConfig, AppLimits, ClientLimits, Config, DEFAULT_DRAIN, HostPattern, Idle, ListenAddress,
    MAX_APP_NAME, PathPattern, Start, check_root, is_in_app_names,
};

/// JSON with comments, and nothing else beside JSON: what editors call "jsonc".
const SYNTAX: ParseOptions = ParseOptions {
    allow_comments: true,
    allow_loose_object_property_names: false,
    allow_trailing_commas: false,
    allow_missing_commas: false,
    allow_single_quoted_strings: false,
    allow_hexadecimal_numbers: false,
    allow_unary_plus_numbers: false,
    allow_bare_decimal_point_numbers: false,
    allow_non_finite_numbers: false,
    allow_extended_string_escapes: false,
};

/// Reads a configuration, and what the admin API has changed. `folder` is what its paths are relative to; `state` is the admin API's
/// folder where the configuration names none.
pub(super) fn read(
    file: &Path,
    text: &str,
    folder: &Path,
    state: Option<&Path>,
    lookup: Lookup<'_>,
) -> Result<Config, ConfigError> {
    // Editors of some systems put a byte order mark before UTF-8 text; RFC 8259, section 8.1, lets it be ignored.
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let faults = Faults::new(file.to_owned(), text);
    let Some(tree) = parse(text, &faults) else {
        return Err(faults.into_error());
    };
    let Some(tree) = tree else {
        let help = "write { \"apps\": [ { \"name\": \"hello\", \"path\": \"./hello\" } ] }";
        faults.add(0..0, "", "the file is empty", Some(help.to_owned()));
        return Err(faults.into_error());
    };
    let config = read_root(
        &Located::root(
            &tree,
            Context {
                faults: &faults,
                lookup,
            },
        ),
        file,
        folder,
        state,
    );
    match config {
        Some(config) if faults.is_empty() => Ok(config),
        _ => Err(faults.into_error()),
    }
}

/// The tree of a text, which may be empty. `None`: it is malformed.
fn parse<'a>(text: &'a str, faults: &Faults<'_>) -> Option<Option<Value<'a>>> {
    match parse_to_ast(text, &CollectOptions::default(), &SYNTAX) {
        Ok(tree) => Some(tree.value),
        Err(error) => {
            let range = error.range();
            faults.add(
                range.start..range.end,
                "",
                error.kind().to_string(),
                syntax_help(&error),
            );
            None
        }
    }
}

fn syntax_help(error: &jsonc_parser::errors::ParseError) -> Option<String> {
    use jsonc_parser::errors::ParseErrorKind as Kind;
    let help = match error.kind() {
        Kind::TrailingCommasNotAllowed => "remove the comma before the closing bracket",
        Kind::ExpectedComma => "separate fields and elements by commas",
        Kind::SingleQuotedStringsNotAllowed => "write strings in double quotes",
        Kind::ExpectedStringObjectProperty | Kind::UnexpectedWord => {
            "write names and strings in double quotes"
        }
        _ => return None,
    };
    Some(help.to_owned())
}

fn read_root(
    root: &Located<'_>,
    file: &Path,
    folder: &Path,
    state: Option<&Path>,
) -> Option<Config> {
    let known = [
        "$schema",
        "port",
        "listen",
        "drain_ms",
        "memory_mb",
        "watch",
        "admin",
        "clients",
        "defaults",
        "apps",
    ];
    let fields = root.object(&known)?;
    let (listen, place) = read_listen(&fields);
    let drain = fields
        .get("drain_ms")
        .and_then(|value| value.integer(0..=3_600_000));
    let clients = read_clients(&fields);
    let memory_mb = fields
        .get("memory_mb")
        .and_then(|value| value.integer(64..=1 << 24));
    let watch = fields.get("watch").and_then(|value| value.boolean());
    let admin = read_admin(&fields, folder);
    let mut defaults = AppLimits::default();
    let (mut start, mut idle) = (None, None);
    if let Some(value) = fields.get("defaults")
        && let Some(fields) = value.object(&["limits", "start", "idle_ms"])
    {
        read_limits(&fields, &mut defaults);
        start = fields.get("start").and_then(|value| read_start(&value));
        idle = read_idle(&fields);
    }
    let apps = fields.require(
        "apps",
        "list the apps: \"apps\": [ { \"name\": \"hello\", \"path\": \"./hello\" } ]",
    )?;
    let list = apps.array()?;
    // Apps may come later, where there is a way for them.
    if list.is_empty() && admin.is_none() {
        let help = "add one: { \"name\": \"hello\", \"path\": \"./hello\" }".to_owned();
        apps.fault("there must be at least one app", help);
    }
    let mut common = Common {
        folder,
        port: listen.port,
        defaults,
        start,
        idle,
        unique: Unique::default(),
        ports: place
            .map(|place| (listen.port, place))
            .into_iter()
            .collect(),
    };
    let state = admin
        .as_ref()
        .and_then(|admin| admin.state.as_deref().or(state));
    let mut read = Apps::default();
    if let Some(state) = state {
        read_managed(root.context(), state, &mut common, &mut read);
        common.folder = folder;
    }
    let named = |app: &&Located<'_>| {
        app.peek("name")
            .is_some_and(|name| read.elsewhere.contains(name))
    };
    let (replaced, own): (Vec<_>, Vec<_>) = list.iter().partition(named);
    let replaced = replaced.len();
    if replaced > 0 {
        tracing::debug!(
            replaced,
            "apps of the configuration are replaced or removed by the admin API"
        );
    }
    let mut apps: Vec<_> = own
        .into_iter()
        .filter_map(|app| read_app(app, &mut common))
        .collect();
    apps.append(&mut read.apps);
    let ports = common.ports;
    Some(Config {
        listen,
        apps,
        drain: drain.map_or(DEFAULT_DRAIN, Duration::from_millis),
        clients,
        ports,
        memory_mb,
        file: Some(file.to_owned()),
        watch: watch.unwrap_or(false),
        admin,
    })
}

/// What the admin API has changed.
#[derive(Default)]
struct Apps {
    apps: Vec<AppConfig>,
    /// The names of apps that are not what the configuration says.
    elsewhere: BTreeSet<String>,
}

/// Reads what the admin API has changed, from its state folder.
fn read_managed<'a>(
    context: Context<'_>,
    state: &'a Path,
    common: &mut Common<'a>,
    apps: &mut Apps,
) -> Option<()> {
    let file = Managed::file(state);
    let text = Managed::text(state).and_then(|bytes| {
        bytes.map_or(Ok(None), |bytes| {
            String::from_utf8(bytes).map(Some).map_err(io::Error::other)
        })
    });
    let text = match text {
        Ok(text) => text?,
        Err(error) => {
            let message = format!("cannot read {}: {error}", file.display());
            context.faults.add(0..0, "admin.state", message, None);
            return None;
        }
    };
    let faults = Faults::new(file, &text);
    let tree = parse(&text, &faults).flatten();
    if let Some(tree) = &tree {
        let root = Located::root(
            tree,
            Context {
                faults: &faults,
                lookup: context.lookup,
            },
        );
        common.folder = state;
        read_changes(&root, common, apps);
    }
    context.faults.append(faults);
    Some(())
}

fn read_changes(root: &Located<'_>, common: &mut Common<'_>, apps: &mut Apps) -> Option<()> {
    let fields = root.object(&["apps", "removed"])?;
    if let Some(removed) = fields.get("removed") {
        let names = removed.array()?;
        let names = names.iter().filter_map(Located::string);
        apps.elsewhere.extend(names.map(str::to_owned));
    }
    if let Some(list) = fields.get("apps") {
        for app in list.array()? {
            let app = read_app(&app, common)?;
            apps.elsewhere.insert(app.name.as_ref().to_owned());
            apps.apps.push(app);
        }
    }
    Some(())
}

/// Reads the field "clients" over the defaults.
fn read_clients(fields: &Fields<'_>) -> ClientLimits {
    let mut limits = ClientLimits::default();
    let fields = fields
        .get("clients")
        .and_then(|value| value.object(&["head_ms", "stall_ms", "min_rate"]));
    let Some(fields) = fields else {
        return limits;
    };
    let integer = |name: &str, bounds| fields.get(name).and_then(|value| value.integer(bounds));
    if let Some(head) = integer("head_ms", 1..=3_600_000) {
        limits.head = Duration::from_millis(head);
    }
    if let Some(stall) = integer("stall_ms", 1..=3_600_000) {
        limits.stall = Duration::from_millis(stall);
    }
    if let Some(rate) = integer("min_rate", 1..=1_000_000_000) {
        limits.min_rate = u32::try_from(rate).unwrap_or(u32::MAX);
    }
    limits
}

/// Where to listen, and where the file says so.
fn read_listen(fields: &Fields<'_>) -> (ListenAddress, Option<Diagnostic>) {
    let port = fields.get("port");
    let listen = fields.get("listen");
    if let (Some(port), Some(_)) = (&port, &listen) {
        port.fault(
            "\"port\" and \"listen\" say the same thing twice",
            "keep \"listen\" for an address and a port, \"port\" for all addresses".to_owned(),
        );
    }
    let place = listen.as_ref().or(port.as_ref()).map(Located::place);
    let address = listen
        .and_then(|listen| parse_listen(&listen))
        .or_else(|| Some(ListenAddress::any(read_port(&port?, 0)?)))
        .unwrap_or(ListenAddress::any(ListenAddress::DEFAULT_PORT));
    (address, place)
}

fn read_port(port: &Located<'_>, least: u64) -> Option<u16> {
    port.integer(least..=65535)
        .and_then(|port| u16::try_from(port).ok())
}

fn parse_listen(listen: &Located<'_>) -> Option<ListenAddress> {
    if let Some(number) = listen.number() {
        listen.fault(
            format!("expected an IP address and a port, found {number}"),
            format!("write \":{number}\", or \"port\": {number}"),
        );
        return None;
    }
    let text = listen.expanded()?;
    if let Ok(address) = text.parse::<SocketAddr>() {
        return Some(ListenAddress {
            ip: Some(address.ip()),
            port: address.port(),
        });
    }
    if let Some(port) = text.strip_prefix(':').and_then(|port| port.parse().ok()) {
        return Some(ListenAddress::any(port));
    }
    let help = match text.parse::<IpAddr>() {
        Ok(address) => format!("add a port: \"{}\"", SocketAddr::new(address, 8080)),
        Err(_) => "write \"127.0.0.1:8080\", \"[::]:8080\" or \":8080\"".to_owned(),
    };
    listen.fault(
        format!("expected an IP address and a port, found {text:?}"),
        help,
    );
    None
}

/// What the reading of every app needs.
struct Common<'a> {
    folder: &'a Path,
    /// The port of apps without one of their own.
    port: u16,
    defaults: AppLimits,
    start: Option<Start>,
    idle: Option<Idle>,
    unique: Unique,
    /// Where each port is first asked for.
    ports: BTreeMap<u16, Diagnostic>,
}

/// What no two apps may have.
#[derive(Default)]
struct Unique {
    /// The first app of each name, by its place: `apps[0]`.
    names: HashMap<String, String>,
    /// The first app that answers, by port and patterns.
    hosts: HashMap<(u16, HostPattern, PathPattern), Arc<str>>,
}

/// How many expressions one app may have.
const MAX_CRONS: usize = 100;

const APP_FIELDS: [&str; 12] = [
    "name", "hostname", "path", "entry", "env", "limits", "outbound", "port", "crons", "start",
    "paths", "idle_ms",
];

fn read_app(app: &Located<'_>, common: &mut Common<'_>) -> Option<AppConfig> {
    let fields = app.object(&APP_FIELDS)?;
    let name = fields
        .require("name", "give the app a unique name; it stands in logs")
        .and_then(|value| read_name(app, &value, &mut common.unique));
    let place = fields
        .require("path", "name the app's folder, relative to this file")
        .and_then(|value| read_place(&fields, &value, common.folder));
    let env = fields
        .get("env")
        .map_or_else(BTreeMap::new, |value| read_env(&value, common.folder));
    let mut limits = common.defaults;
    read_limits(&fields, &mut limits);
    let outbound_allow = fields
        .get("outbound")
        .map_or_else(Vec::new, |value| read_outbound(&value));
    let crons = fields
        .get("crons")
        .map_or_else(Vec::new, |value| read_crons(&value));
    let port = fields.get("port").and_then(|value| {
        let port = read_port(&value, 1)?;
        common.ports.entry(port).or_insert_with(|| value.place());
        Some(port)
    });
    let start = fields.get("start").and_then(|value| read_start(&value));
    let idle = read_idle(&fields);
    let name = name?;
    let own_port = port.unwrap_or(common.port);
    let paths = fields
        .get("paths")
        .map_or_else(Vec::new, |value| read_paths(&value));
    let hosts = read_hosts(app, &fields, own_port, &paths, &name, &mut common.unique);
    let Place { path, root, entry } = place?;
    Some(AppConfig {
        name,
        hosts,
        paths,
        path,
        root,
        entry,
        env,
        limits,
        outbound_allow,
        port,
        start: start.or(common.start),
        idle: idle.or(common.idle),
        content: 0,
        crons,
    })
}

/// Reads the field "idle_ms": 0 is for ever.
fn read_idle(fields: &Fields<'_>) -> Option<Idle> {
    let milliseconds = fields.get("idle_ms")?.integer(0..=86_400_000)?;
    Some(match milliseconds {
        0 => Idle::Forever,
        _ => Idle::For(Duration::from_millis(milliseconds)),
    })
}

fn read_start(value: &Located<'_>) -> Option<Start> {
    match value.string()? {
        "eager" => Some(Start::Eager),
        "lazy" => Some(Start::Lazy),
        other => {
            let help = "write \"eager\" (with the process) or \"lazy\" (with the first request)";
            value.fault(
                format!("expected when the app starts, found {other:?}"),
                help.to_owned(),
            );
            None
        }
    }
}

fn read_name(app: &Located<'_>, value: &Located<'_>, unique: &mut Unique) -> Option<Arc<str>> {
    let name = value.string()?;
    if name.is_empty() || name.len() > MAX_APP_NAME || !name.chars().all(is_in_app_names) {
        value.fault(
            format!("{name:?} is no name for an app"),
            format!("use 1 to {MAX_APP_NAME} letters, digits, hyphens, underscores and dots"),
        );
        return None;
    }
    match unique.names.entry(name.to_owned()) {
        Entry::Vacant(entry) => {
            entry.insert(app.field().to_owned());
        }
        Entry::Occupied(first) => value.fault(
            format!("the name \"{name}\" is taken already, by {}", first.get()),
            "rename one of the two".to_owned(),
        ),
    }
    Some(name.into())
}

/// Where an app is.
struct Place {
    path: PathBuf,
    root: PathBuf,
    entry: Option<PathBuf>,
}

/// The app's folder and entry module.
fn read_place(fields: &Fields<'_>, path: &Located<'_>, folder: &Path) -> Option<Place> {
    path.file_name()?;
    let configured = folder.join(path.expanded()?);
    let entry = match fields.get("entry") {
        None => None,
        Some(value) => {
            let entry = PathBuf::from(value.file_name()?);
            if entry
                .components()
                .any(|part| !matches!(part, Component::Normal(_) | Component::CurDir))
            {
                value.fault(
                    "the entry module must be inside the app's folder",
                    "write a path relative to the folder, without \"..\"".to_owned(),
                );
                return None;
            }
            Some(entry)
        }
    };
    match check_root(&configured, entry.as_deref()) {
        Ok(()) => Some(Place {
            root: configured
                .canonicalize()
                .unwrap_or_else(|_| configured.clone()),
            path: configured,
            entry,
        }),
        Err(fault) => {
            let place = fields.get("entry").filter(|_| fault.of_entry);
            place
                .as_ref()
                .unwrap_or(path)
                .fault(fault.message, fault.help);
            None
        }
    }
}

fn read_env(value: &Located<'_>, folder: &Path) -> BTreeMap<String, String> {
    let Some(fields) = value.any_object() else {
        return BTreeMap::new();
    };
    fields
        .entries()
        .filter_map(|(name, value)| Some((name.to_owned(), value.secret(folder)?)))
        .collect()
}

/// Reads the field "limits" over the defaults.
fn read_limits(fields: &Fields<'_>, limits: &mut AppLimits) {
    let known = [
        "memory_mb",
        "cpu_ms",
        "wall_ms",
        "in_flight",
        "body_mb",
        "subrequests",
        "outbound_connections",
    ];
    let Some(value) = fields.get("limits") else {
        return;
    };
    let Some(fields) = value.object(&known) else {
        return;
    };
    let integer = |name: &str, bounds| fields.get(name).and_then(|value| value.integer(bounds));
    // Eight MiB are what a heap needs before an app does anything.
    if let Some(memory) = integer("memory_mb", 8..=65_536) {
        limits.worker.memory_mb = u32::try_from(memory).unwrap_or(u32::MAX);
    }
    if let Some(cpu) = integer("cpu_ms", 1..=3_600_000) {
        limits.worker.cpu = Duration::from_millis(cpu);
    }
    if let Some(wall) = integer("wall_ms", 1..=86_400_000) {
        limits.wall = Duration::from_millis(wall);
        // A server that an app asks may take as long as the app itself.
        let head = &mut limits.worker.outbound_head;
        *head = (*head).max(limits.wall);
    }
    if let Some(in_flight) = integer("in_flight", 1..=1_000_000) {
        limits.in_flight = usize::try_from(in_flight).unwrap_or(usize::MAX);
    }
    if let Some(body) = integer("body_mb", 0..=1_048_576) {
        limits.body = body << 20;
    }
    if let Some(subrequests) = integer("subrequests", 0..=1_000_000) {
        limits.worker.subrequests = u32::try_from(subrequests).unwrap_or(u32::MAX);
    }
    if let Some(connections) = integer("outbound_connections", 1..=65_536) {
        limits.worker.outbound_connections = u32::try_from(connections).unwrap_or(u32::MAX);
    }
}

fn read_outbound(value: &Located<'_>) -> Vec<nano_worker::OutboundRule> {
    let list = value
        .object(&["allow"])
        .and_then(|fields| fields.get("allow"))
        .and_then(|allow| allow.array())
        .unwrap_or_default();
    let rule = |value: Located<'_>| match value.expanded()?.parse() {
        Ok(rule) => Some(rule),
        Err(error) => {
            value.fault(nano_worker::OutboundRuleError::to_string(&error), None);
            None
        }
    };
    list.into_iter().filter_map(rule).collect()
}

fn read_paths(value: &Located<'_>) -> Vec<PathPattern> {
    let list = value.one_or_many().unwrap_or_default();
    if list.is_empty() {
        let help = "name at least one, or leave \"paths\" out to answer to all";
        value.fault("an app without any path cannot be reached", help.to_owned());
    }
    let paths = list
        .iter()
        .filter_map(|value| match PathPattern::parse(&value.expanded()?) {
            Ok(path) => Some(path),
            Err((message, help)) => {
                value.fault(message, help);
                None
            }
        });
    paths.collect()
}

fn read_crons(value: &Located<'_>) -> Vec<CronExpression> {
    let list = value.array().unwrap_or_default();
    if list.len() > MAX_CRONS {
        value.fault(
            format!(
                "found {} expressions, and {MAX_CRONS} are the most",
                list.len()
            ),
            "put several times into one: \"0,30 9-17 * * MON-FRI\"".to_owned(),
        );
    }
    let expression = |value: Located<'_>| match value.string()?.parse() {
        Ok(expression) => Some(expression),
        Err(error) => {
            let help =
                "write minute, hour, day, month and day of the week, in UTC: \"*/5 * * * *\"";
            value.fault(CronError::to_string(&error), help.to_owned());
            None
        }
    };
    list.into_iter().filter_map(expression).collect()
}

/// An app without "hostname" answers to every host that no other app answers to.
fn read_hosts(
    app: &Located<'_>,
    fields: &Fields<'_>,
    port: u16,
    paths: &[PathPattern],
    name: &Arc<str>,
    unique: &mut Unique,
) -> Vec<HostPattern> {
    let all = [PathPattern::all()];
    let paths = if paths.is_empty() { &all } else { paths };
    let mut claim_path = |host: &HostPattern, path: &PathPattern| match unique.hosts.entry((
        port,
        host.clone(),
        path.clone(),
    )) {
        Entry::Vacant(entry) => {
            entry.insert(name.clone());
            None
        }
        Entry::Occupied(owner) => Some(owner.get().clone()),
    };
    let mut claim = |place: &Located<'_>, host: HostPattern| {
        let taken = paths
            .iter()
            .find_map(|path| Some((path, claim_path(&host, path)?)));
        let Some((path, owner)) = taken else {
            return Some(host);
        };
        if *path != PathPattern::all() {
            place.fault(
                format!("the path \"{path}\" of the hostname \"{host}\" is taken already, by the app \"{owner}\""),
                "a path belongs to one app; remove it from the other".to_owned(),
            );
            return None;
        }
        let help = if host == HostPattern::Any {
            "give all apps but one a \"hostname\", or a \"port\" of their own"
        } else {
            "a hostname belongs to one app; remove it from the other"
        };
        let message = match host {
            HostPattern::Any => format!("the app \"{owner}\" answers to all other hosts already"),
            host => format!("the hostname \"{host}\" is taken already, by the app \"{owner}\""),
        };
        place.fault(message, help.to_owned());
        None
    };
    let Some(value) = fields.get("hostname") else {
        return claim(app, HostPattern::Any).into_iter().collect();
    };
    let list = value.one_or_many();
    if list.as_ref().is_some_and(Vec::is_empty) {
        value.fault(
            "an app without any hostname cannot be reached",
            "name at least one, or leave \"hostname\" out to answer to every host".to_owned(),
        );
    }
    let list = list.unwrap_or_default();
    let hosts = list
        .iter()
        .filter_map(|value| match HostPattern::parse(&value.expanded()?) {
            Ok(host) => claim(value, host),
            Err((message, help)) => {
                value.fault(message, help);
                None
            }
        });
    hosts.collect()
}
