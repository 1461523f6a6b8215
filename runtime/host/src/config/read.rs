//! From the text of `apps.json` to a [`Config`].

use std::collections::BTreeSet;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::path::Path;
use std::sync::Arc;

use jsonc_parser::ast::Value;
use jsonc_parser::{CollectOptions, ParseOptions, parse_to_ast};
use nano_worker::{Isolation, OutboundHosts};

use super::admin::read_admin;
use super::app::{Common, Unique, read_app, read_limits, read_outbound};
use super::binding::Bound;
use super::diagnostic::{ConfigError, Diagnostic, Faults};
use super::fields::{App, Changes, Clients, Configuration, Defaults};
use super::folder::read_apps_folder;
use super::instances::read_instances;
use super::listen::Overlap;
use super::log::read_log;
use super::managed::Managed;
use super::otlp::read_otlp;
use super::proxies::{Proxies, read_proxies};
use super::reader::{Context, Fields, Located, Lookup};
use super::{
    AppConfig, AppLimits, ClientLimits, Config, DEFAULT_DRAIN, DEFAULT_PREPARED, Idle,
    InstancePlan, ListenAddress, LogConfig, Tracing,
};

/// JSON with comments, and nothing else beside JSON: what editors call "jsonc".
pub(super) const SYNTAX: ParseOptions = ParseOptions {
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
                within: None,
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
pub(super) fn parse<'a>(text: &'a str, faults: &Faults<'_>) -> Option<Option<Value<'a>>> {
    match parse_to_ast(text, &CollectOptions::default(), &SYNTAX) {
        Ok(tree) => {
            if let Some(tree) = &tree.value {
                faults.hide_secrets(tree);
            }
            Some(tree.value)
        }
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
    let fields = root.object::<Configuration>()?;
    // It is for editors, and is a string.
    let _ = fields
        .read(Configuration::SCHEMA)
        .map(|schema| schema.string());
    let (listen, place) = read_listen(&fields);
    let drain = fields.read(Configuration::DRAIN_MS);
    let clients = fields.read(Configuration::CLIENTS);
    let clients = clients.map_or_else(ClientLimits::default, |fields| read_clients(&fields));
    let proxies = fields.read(Configuration::PROXIES);
    let proxies = proxies.map_or_else(Proxies::default, |fields| read_proxies(&fields));
    let memory_mb = fields.read(Configuration::MEMORY_MB);
    let prepared = fields.read(Configuration::PREPARED);
    let watch = fields.read(Configuration::WATCH);
    let trace = fields.read(Configuration::TRACE);
    let otlp = read_otlp(&fields, folder);
    let (admin, admin_place) = read_admin(&fields, folder).unzip();
    let has_folder = fields.get(&Configuration::APPS_FOLDER).is_some();
    let mut defaults = AppLimits::default();
    let mut log = LogConfig::default();
    let mut outbound = OutboundHosts::default();
    let (mut start, mut idle) = (None, None);
    let mut instances = InstancePlan::default();
    let mut isolation = Isolation::default();
    if let Some(fields) = fields.read(Configuration::DEFAULTS) {
        if let Some(fields) = fields.read(Defaults::LIMITS) {
            defaults = read_limits(&fields, defaults);
        }
        if let Some(fields) = fields.read(Defaults::LOG) {
            log = read_log(&fields, log);
        }
        if let Some(fields) = fields.read(Defaults::OUTBOUND) {
            outbound = read_outbound(&fields, outbound);
        }
        start = fields.read(Defaults::START);
        idle = fields.read(Defaults::IDLE_MS).map(Idle::after);
        if let Some(fields) = fields.read(Defaults::INSTANCES) {
            instances = read_instances(&fields, instances);
        }
        fields.read_over(Defaults::ISOLATION, &mut isolation);
    }
    let list = match fields.get(&Configuration::APPS) {
        Some(apps) => {
            let list = fields.read(Configuration::APPS)?;
            // Apps may come later, where there is a way for them.
            let has_admin = fields.get(&Configuration::ADMIN).is_some();
            if list.is_empty() && !has_admin && !has_folder {
                let help = "add one: { \"name\": \"hello\", \"path\": \"./hello\" }".to_owned();
                apps.fault("there must be at least one app", help);
            }
            list
        }
        None => {
            if !has_folder {
                let help =
                    "list the apps: \"apps\": [ { \"name\": \"hello\", \"path\": \"./hello\" } ]";
                fields.is_missing(Configuration::APPS.name, help);
            }
            Vec::new()
        }
    };
    let mut common = Common {
        folder,
        port: listen.port,
        defaults,
        log,
        outbound,
        start,
        idle,
        instances,
        isolation,
        unique: Unique::default(),
        ports: place
            .map(|place| (listen.port, place))
            .into_iter()
            .collect(),
        bound: Vec::new(),
    };
    let state = admin
        .as_ref()
        .and_then(|admin| admin.state.as_deref().or(state));
    let mut managed = Apps::default();
    if let Some(state) = state {
        read_managed(root.context(), state, &mut common, &mut managed);
        common.folder = folder;
    }
    let named = |app: &&Located<'_>| {
        app.peek(App::NAME.name)
            .is_some_and(|name| managed.elsewhere.contains(name))
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
    apps.append(&mut managed.apps);
    let is_gone = |name: &str| managed.elsewhere.contains(name);
    let found = read_apps_folder(&fields, &apps, &is_gone, &mut common);
    let (apps_folder, mut folder_faults) = match found {
        Some(found) => {
            apps.extend(found.apps);
            (Some(found.folder), found.faults)
        }
        None => (None, Vec::new()),
    };
    // An app with faults is one of them, though it is not read.
    let is_missing = |bound: &&Bound| {
        !list.iter().any(|app| {
            app.peek(App::NAME.name) == Some(&bound.app) && !managed.elsewhere.contains(&*bound.app)
        }) && !apps.iter().any(|app| app.name == bound.app)
    };
    let missing = common.bound.iter().filter(is_missing);
    // Whoever owns an app's folder may take it away, and put it back: what calls it is served.
    let may_come = |bound: &&Bound| apps_folder.is_some() && !is_gone(&bound.app);
    let (yet_to_come, never): (Vec<_>, Vec<_>) = missing.partition(may_come);
    folder_faults.extend(yet_to_come.into_iter().map(Bound::missing));
    let never = never.into_iter().map(Bound::missing);
    root.context().faults.extend(never);
    let ports = common.ports;
    let config = Config {
        listen,
        apps,
        drain: drain.unwrap_or(DEFAULT_DRAIN),
        clients,
        proxies: Arc::new(proxies),
        ports,
        memory_mb,
        prepared: prepared.unwrap_or(DEFAULT_PREPARED),
        trace: trace.unwrap_or(match otlp {
            Some(_) => Tracing::All,
            None => Tracing::default(),
        }),
        otlp,
        file: Some(file.to_owned()),
        watch: watch.unwrap_or(false),
        admin,
        apps_folder,
        folder_faults,
    };
    if let (Some(place), Some(overlap)) = (admin_place, config.overlap()) {
        place.fault(overlap.to_string(), Overlap::HELP.to_owned());
    }
    Some(config)
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
                within: None,
            },
        );
        common.folder = state;
        read_changes(&root, common, apps);
    }
    context.faults.append(faults);
    Some(())
}

fn read_changes(root: &Located<'_>, common: &mut Common<'_>, apps: &mut Apps) -> Option<()> {
    let fields = root.object::<Changes>()?;
    if let Some(removed) = fields.read(Changes::REMOVED) {
        let names = removed.array()?;
        let names = names.iter().filter_map(Located::string);
        apps.elsewhere.extend(names.map(str::to_owned));
    }
    for app in fields.read(Changes::APPS).into_iter().flatten() {
        let app = read_app(&app, common)?;
        apps.elsewhere.insert(app.name.as_ref().to_owned());
        apps.apps.push(app);
    }
    Some(())
}

fn read_clients(fields: &Fields<'_, Clients>) -> ClientLimits {
    let mut limits = ClientLimits::default();
    fields.read_over(Clients::HEAD_MS, &mut limits.head);
    fields.read_over(Clients::STALL_MS, &mut limits.stall);
    fields.read_over(Clients::MIN_RATE, &mut limits.min_rate);
    limits.connections = fields.read(Clients::CONNECTIONS);
    limits.connections_per_client = fields.read(Clients::CONNECTIONS_PER_CLIENT);
    limits
}

/// Where to listen, and where the file says so.
fn read_listen(fields: &Fields<'_, Configuration>) -> (ListenAddress, Option<Diagnostic>) {
    let port = fields.get(&Configuration::PORT);
    let listen = fields.read(Configuration::LISTEN);
    if let (Some(port), Some(_)) = (&port, &listen) {
        port.fault(
            "\"port\" and \"listen\" say the same thing twice",
            "keep \"listen\" for an address and a port, \"port\" for all addresses".to_owned(),
        );
    }
    let place = listen.as_ref().or(port.as_ref()).map(Located::place);
    let address = listen
        .and_then(|listen| parse_listen(&listen))
        .or_else(|| fields.read(Configuration::PORT).map(ListenAddress::any))
        .unwrap_or(ListenAddress::any(ListenAddress::DEFAULT_PORT));
    (address, place)
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
