//! One app of `apps.json`.

use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, HashMap};
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use nano_worker::{Isolation, OutboundHosts, OutboundRuleError};

use super::binding::{Bound, read_env};
use super::diagnostic::Diagnostic;
use super::fields::{App, Limits, Outbound};
use super::instances::read_instances;
use super::log::read_log;
use super::reader::{Fields, Located};
use super::{
    AppConfig, AppLimits, HostPattern, Idle, InstancePlan, LogConfig, MAX_CRONS, PathPattern,
    Start, app_names, check_root, is_app_name,
};
use crate::cron::{CronError, CronExpression};

/// What the reading of every app needs.
pub(super) struct Common<'a> {
    pub(super) folder: &'a Path,
    /// The port of apps without one of their own.
    pub(super) port: u16,
    pub(super) defaults: AppLimits,
    pub(super) log: LogConfig,
    pub(super) outbound: OutboundHosts,
    pub(super) start: Option<Start>,
    pub(super) idle: Option<Idle>,
    pub(super) instances: InstancePlan,
    pub(super) isolation: Isolation,
    pub(super) unique: Unique,
    /// Where each port is first asked for.
    pub(super) ports: BTreeMap<u16, Diagnostic>,
    /// Apps that others are bound to.
    pub(super) bound: Vec<Bound>,
}

/// What no two apps may have.
#[derive(Default)]
pub(super) struct Unique {
    /// The first app of each name, by its place: `apps[0]`.
    names: HashMap<String, String>,
    /// The first app that answers, by port and patterns.
    hosts: HashMap<(u16, HostPattern, PathPattern), Arc<str>>,
}

impl Unique {
    /// Whether there is an app of this name.
    pub(super) fn has_app(&self, name: &str) -> bool {
        self.names.contains_key(name)
    }

    /// Has these paths of a host be an app's; or says whose they are.
    pub(super) fn claim(
        &mut self,
        port: u16,
        host: &HostPattern,
        path: &PathPattern,
        name: &Arc<str>,
    ) -> Option<Arc<str>> {
        match self.hosts.entry((port, host.clone(), path.clone())) {
            Entry::Vacant(entry) => {
                entry.insert(name.clone());
                None
            }
            Entry::Occupied(owner) => Some(owner.get().clone()),
        }
    }
}

pub(super) fn read_app(app: &Located<'_>, common: &mut Common<'_>) -> Option<AppConfig> {
    let fields = app.object::<App>()?;
    let name = fields
        .read(App::NAME)
        .and_then(|value| read_name(app, &value, &mut common.unique));
    let place = fields.read(App::PATH).and_then(|value| {
        value.file_name()?;
        let path = common.folder.join(value.expanded()?);
        read_place(path, fields.read(App::ENTRY), || value.place())
    });
    let env = fields.read(App::ENV);
    let env = env.map_or_else(BTreeMap::new, |value| {
        read_env(&value, common.folder, &mut common.bound)
    });
    let limits = fields.read(App::LIMITS);
    let limits = limits.map_or(common.defaults, |fields| {
        read_limits(&fields, common.defaults)
    });
    let log = fields.read(App::LOG);
    let log = log.map_or(common.log, |fields| read_log(&fields, common.log));
    let outbound = fields.read(App::OUTBOUND);
    let outbound = outbound.map_or_else(
        || common.outbound.clone(),
        |fields| read_outbound(&fields, common.outbound.clone()),
    );
    let crons = fields.read(App::CRONS);
    let crons = crons.map_or_else(Vec::new, |value| read_crons(&value));
    let port = fields.read(App::PORT);
    if let (Some(port), Some(value)) = (port, fields.get(&App::PORT)) {
        common.ports.entry(port).or_insert_with(|| value.place());
    }
    let start = fields.read(App::START);
    let idle = fields.read(App::IDLE_MS).map(Idle::after);
    let instances = fields.read(App::INSTANCES);
    let instances = instances.map_or(common.instances, |fields| {
        read_instances(&fields, common.instances)
    });
    let isolation = fields.read(App::ISOLATION).unwrap_or(common.isolation);
    let name = name?;
    let own_port = port.unwrap_or(common.port);
    let paths = fields.read(App::PATHS);
    let paths = paths.map_or_else(Vec::new, |value| read_paths(&value));
    let hosts = read_hosts(app, &fields, own_port, &paths, &name, &mut common.unique);
    let Place {
        path,
        root,
        entry,
        fault,
    } = place?;
    Some(AppConfig {
        name,
        hosts,
        paths,
        path,
        root,
        entry,
        env,
        limits,
        log,
        outbound,
        port,
        start: start.or(common.start),
        idle: idle.or(common.idle),
        instances,
        isolation,
        content: 0,
        fault,
        is_partial: false,
        crons,
    })
}

fn read_name(app: &Located<'_>, value: &Located<'_>, unique: &mut Unique) -> Option<Arc<str>> {
    let name = value.string()?;
    if !is_app_name(name) {
        value.fault(
            format!("{name:?} is no name for an app"),
            format!("use {}", app_names()),
        );
        return None;
    }
    match unique.names.entry(name.to_owned()) {
        Entry::Vacant(entry) => {
            entry.insert(app.field());
        }
        Entry::Occupied(first) => value.fault(
            format!("the name \"{name}\" is taken already, by {}", first.get()),
            "rename one of the two".to_owned(),
        ),
    }
    Some(name.into())
}

/// Where an app is.
pub(super) struct Place {
    pub(super) path: PathBuf,
    pub(super) root: PathBuf,
    pub(super) entry: Option<PathBuf>,
    pub(super) fault: Option<Diagnostic>,
}

/// The app's folder, which is named at a place, and entry module.
pub(super) fn read_place(
    path: PathBuf,
    entry: Option<Located<'_>>,
    place: impl FnOnce() -> Diagnostic,
) -> Option<Place> {
    let named = entry.as_ref().map(Located::place);
    let entry = match entry {
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
    let fault = check_root(&path, entry.as_deref()).err().map(|fault| {
        let place = named.filter(|_| fault.of_entry).unwrap_or_else(place);
        place.says(fault.message, Some(fault.help))
    });
    Some(Place {
        root: path.canonicalize().unwrap_or_else(|_| path.clone()),
        path,
        entry,
        fault,
    })
}

/// Reads the field "limits" over others.
pub(super) fn read_limits(fields: &Fields<'_, Limits>, mut limits: AppLimits) -> AppLimits {
    let worker = &mut limits.worker;
    fields.read_over(Limits::MEMORY_MB, &mut worker.memory_mb);
    fields.read_over(Limits::CPU_MS, &mut worker.cpu);
    worker.request_cpu = fields.read(Limits::REQUEST_CPU_MS).or(worker.request_cpu);
    fields.read_over(Limits::SUBREQUESTS, &mut worker.subrequests);
    fields.read_over(Limits::TIMERS, &mut worker.timers);
    fields.read_over(
        Limits::OUTBOUND_CONNECTIONS,
        &mut worker.outbound_connections,
    );
    if let Some(wall) = fields.read(Limits::WALL_MS) {
        limits.wall = wall;
        // A server that an app asks may take as long as the app itself.
        worker.outbound_head = worker.outbound_head.max(wall);
    }
    fields.read_over(Limits::IN_FLIGHT, &mut limits.in_flight);
    limits.queue = fields.read(Limits::QUEUE).or(limits.queue);
    if let Some(body) = fields.read(Limits::BODY_MB) {
        limits.body = body << 20;
    }
    if let Some(response) = fields.read(Limits::RESPONSE_MB) {
        limits.response = Some(response << 20);
    }
    fields.read_over(Limits::WEBSOCKETS, &mut limits.websockets);
    if let Some(message) = fields.read(Limits::MESSAGE_MB) {
        limits.message = message << 20;
    }
    if let Some(caches) = fields.read(Limits::CACHE_MB) {
        limits.caches = caches << 20;
    }
    fields.read_over(Limits::LOG_LINES, &mut limits.log_lines);
    if let Some(kilobytes) = fields.read(Limits::LOG_KB) {
        limits.log_bytes = kilobytes << 10;
    }
    limits
}

/// Reads the field "outbound" over others.
pub(super) fn read_outbound(
    fields: &Fields<'_, Outbound>,
    mut hosts: OutboundHosts,
) -> OutboundHosts {
    fields.read_over(Outbound::PUBLIC, &mut hosts.public);
    if let Some(allow) = fields.read(Outbound::ALLOW) {
        let rule = |value: Located<'_>| match value.expanded()?.parse() {
            Ok(rule) => Some(rule),
            Err(error) => {
                value.fault(OutboundRuleError::to_string(&error), None);
                None
            }
        };
        let list = allow.array().unwrap_or_default();
        hosts.allow = list.into_iter().filter_map(rule).collect();
    }
    hosts
}

fn read_paths(value: &Located<'_>) -> Vec<PathPattern> {
    let Some(list) = value.one_or_many() else {
        return Vec::new();
    };
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

pub(super) fn read_crons(value: &Located<'_>) -> Vec<CronExpression> {
    let list = value.array().unwrap_or_default();
    if list.len() > MAX_CRONS {
        value.fault(
            format!(
                "found {} expressions, and {MAX_CRONS} are the most",
                list.len()
            ),
            "put several times into one: \"0,30 9-17 * * MON-FRI\"".to_owned(),
        );
        return Vec::new();
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
    fields: &Fields<'_, App>,
    port: u16,
    paths: &[PathPattern],
    name: &Arc<str>,
    unique: &mut Unique,
) -> Vec<HostPattern> {
    let all = [PathPattern::all()];
    let paths = if paths.is_empty() { &all } else { paths };
    let mut claim = |place: &Located<'_>, host: HostPattern| {
        let taken = paths
            .iter()
            .find_map(|path| Some((path, unique.claim(port, &host, path, name)?)));
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
    let Some(value) = fields.read(App::HOSTNAME) else {
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
