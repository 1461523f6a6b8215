//! The field "apps_folder": apps that are not named, each in a folder of its own.
//!
//! Whoever writes in an app's folder need not be who operates the process. So what a folder says of its app is less than what the
//! configuration can say: limits are at most the configuration's "defaults", files are those of the folder, the process's
//! environment stays unseen, and a hostname is one that is nobody else's.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use nano_worker::{FileError, Folder};

use super::app::{Common, Place, read_crons, read_limits, read_place};
use super::binding::read_env;
use super::claims::{Claims, DEFAULT_HOSTNAME, Template};
use super::diagnostic::{Diagnostic, Faults};
use super::fields::{AppsFolder, Configuration, Limits, Settings};
use super::read::parse;
use super::reader::{Context, Fields, Located};
use super::{AppConfig, AppLimits, HostPattern, PathPattern, app_names, is_app_name};

/// What a folder says of its app.
pub(super) const SETTINGS: &str = "nano.json";
/// The most that a folder may say, in bytes.
const MAX_SETTINGS: u64 = 1 << 20;
/// The most hostnames that a folder may want.
pub(super) const MAX_HOSTNAMES: usize = 100;
/// The most folders: each is looked at whenever the configuration is read.
const MAX_FOLDERS: usize = 20_000;

/// What there is in an apps folder.
pub(super) struct Found {
    /// Where it is, as it is configured.
    pub(super) folder: PathBuf,
    pub(super) apps: Vec<AppConfig>,
    /// What is wrong, and keeps no app from being served.
    pub(super) faults: Vec<Diagnostic>,
}

/// An app of a folder.
struct Candidate {
    app: AppConfig,
    /// Hosts that the folder wants it to answer to, and where it says so.
    wanted: Vec<(HostPattern, Diagnostic)>,
}

/// Reads the field "apps_folder" when the apps are known that are `named`, which win. `is_gone` says of a name that the admin API has
/// removed or replaced its app.
pub(super) fn read_apps_folder(
    root: &Fields<'_, Configuration>,
    named: &[AppConfig],
    is_gone: &dyn Fn(&str) -> bool,
    common: &mut Common<'_>,
) -> Option<Found> {
    let fields = root.read(Configuration::APPS_FOLDER)?;
    let templates = read_templates(&fields);
    let path = fields.read(AppsFolder::PATH)?;
    path.file_name()?;
    let folder = common.folder.join(path.expanded()?);
    let names = match folder_names(&folder) {
        Ok(names) => names,
        Err(error) => {
            // What was served before is not gone because of that: the configuration is refused.
            let message = format!("cannot read the folder {}: {error}", folder.display());
            let help = "paths are relative to the configuration file".to_owned();
            path.fault(message, help);
            return None;
        }
    };
    let mut found = Reading {
        place: path.place(),
        templates: templates?,
        candidates: Vec::new(),
        faults: Vec::new(),
    };
    for name in names {
        if !is_app_name(&name) {
            let message =
                format!("{name:?} is no name for an app, so that nobody serves the folder");
            let help = format!("rename it: {}", app_names());
            found.faults.push(found.place.says(message, Some(&help)));
        } else if !common.unique.has_app(&name) && !is_gone(&name) {
            found.read(&folder.join(&name), &name, common);
        }
    }
    // What the rule gives comes before what somebody wants.
    found.give_hosts(common);
    found.grant_hosts(named, common.port);
    Some(Found {
        folder,
        apps: found.candidates.into_iter().map(|own| own.app).collect(),
        faults: found.faults,
    })
}

fn read_templates(fields: &Fields<'_, AppsFolder>) -> Option<Vec<Template>> {
    let Some(value) = fields.read(AppsFolder::HOSTNAME) else {
        return Some(vec![Template::parse(DEFAULT_HOSTNAME).ok()?]);
    };
    let list = value.one_or_many()?;
    if list.is_empty() {
        let help = format!("write \"{DEFAULT_HOSTNAME}\"");
        value.fault("apps without any hostname cannot be reached", help);
    }
    let template = |value: &Located<'_>| {
        let template = Template::parse(&value.expanded()?);
        let fault = |(message, help): (String, String)| value.fault(message, help);
        template.map_err(fault).ok()
    };
    list.iter().map(template).collect()
}

/// The names of the folders that are apps, and of links that lead to one or are to: in order.
fn folder_names(folder: &Path) -> io::Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if name.starts_with('.') || name == "node_modules" {
            continue;
        }
        let is_folder = match fs::metadata(entry.path()) {
            Ok(found) => found.is_dir(),
            // That a link leads nowhere is its app's affair: what it was before is served on.
            Err(_) => entry.file_type()?.is_symlink(),
        };
        if is_folder {
            names.push(name);
        }
        if names.len() > MAX_FOLDERS {
            let message = format!("it has more than {MAX_FOLDERS} folders");
            return Err(io::Error::other(message));
        }
    }
    names.sort_unstable();
    Ok(names)
}

/// An apps folder that is being read.
struct Reading {
    /// Where the configuration names it.
    place: Diagnostic,
    templates: Vec<Template>,
    candidates: Vec<Candidate>,
    faults: Vec<Diagnostic>,
}

impl Reading {
    /// Gives each app the hostnames that are its by the rule. What the first hostname of the rule gives comes before what the second
    /// one does, whatever the folders are called: so nobody takes a hostname by a name that sorts before another.
    fn give_hosts(&mut self, common: &mut Common<'_>) {
        let all = PathPattern::all();
        let mut given = Claims::default();
        for template in &self.templates {
            for Candidate { app, .. } in &mut self.candidates {
                let name = &app.name;
                let fault = match template.host(name) {
                    Err((message, help)) => {
                        let message = format!("the folder \"{name}\" has no hostname: {message}");
                        (message, help)
                    }
                    // A name with dots ends as another one does, whose app need not be there yet.
                    Ok(host)
                        if name.contains('.')
                            && self
                                .templates
                                .iter()
                                .any(|rule| rule.may_give_to_others(&host, name)) =>
                    {
                        let message = format!(
                            "the hostname \"{host}\" of the folder \"{name}\" is another folder's, too, by the rule of \"apps_folder\""
                        );
                        (message, "rename the folder: use no dots".to_owned())
                    }
                    Ok(host) => {
                        let owner = given.owner(&host).filter(|owner| *owner != name).cloned();
                        let owner =
                            owner.or_else(|| common.unique.claim(common.port, &host, &all, name));
                        let Some(owner) = owner else {
                            given.add(&host, name);
                            app.hosts.push(host);
                            continue;
                        };
                        let message = format!(
                            "the hostname \"{host}\" of the folder \"{name}\" is taken already, by the app \"{owner}\""
                        );
                        (
                            message,
                            "rename the folder, or the other app's hostname".to_owned(),
                        )
                    }
                };
                let (message, help) = fault;
                self.faults.push(self.place.says(message, Some(&help)));
            }
        }
    }

    /// Gives the apps the further hostnames that they want, as far as these are nobody's.
    fn grant_hosts(&mut self, named: &[AppConfig], port: u16) {
        let mut claims = Claims::default();
        for app in named {
            if app.port.is_none_or(|own| own == port) {
                app.hosts
                    .iter()
                    .for_each(|host| claims.add(host, &app.name));
            }
        }
        for Candidate { app, wanted } in &mut self.candidates {
            for (host, place) in wanted.drain(..) {
                if app.hosts.contains(&host) {
                    continue;
                }
                let template = self.templates.iter().find(|rule| rule.may_be(&host));
                let (message, help) = if host == HostPattern::Any {
                    let message = "an app that is not named cannot answer to all hosts";
                    (
                        message.to_owned(),
                        "name it in the configuration's \"apps\"",
                    )
                } else if let Some(template) = template {
                    let message = format!(
                        "the hostname \"{host}\" is kept for the folder that \"{}\" gives it to",
                        template.text
                    );
                    (
                        message,
                        "choose another one, or name the app in the configuration's \"apps\"",
                    )
                } else if let Some(owner) = claims.owner(&host) {
                    let message = format!(
                        "the hostname \"{host}\" is taken already, as a whole or in part, by the app \"{owner}\""
                    );
                    (
                        message,
                        "a hostname belongs to one app; remove it from the other",
                    )
                } else {
                    claims.add(&host, &app.name);
                    app.hosts.push(host);
                    continue;
                };
                self.faults.push(place.says(message, Some(help)));
            }
        }
    }

    /// Reads what a folder says of its app. What is wrong with it is that app's own affair.
    fn read(&mut self, path: &Path, name: &str, common: &mut Common<'_>) {
        let app = AppConfig {
            name: name.into(),
            hosts: Vec::new(),
            paths: Vec::new(),
            path: path.to_owned(),
            root: path.canonicalize().unwrap_or_else(|_| path.to_owned()),
            entry: None,
            env: BTreeMap::new(),
            limits: common.defaults,
            log: common.log,
            outbound: common.outbound.clone(),
            port: None,
            start: common.start,
            idle: common.idle,
            instances: common.instances,
            isolation: common.isolation,
            content: 0,
            fault: None,
            is_partial: false,
            crons: Vec::new(),
        };
        let partial = |fault| Candidate {
            app: AppConfig {
                fault,
                is_partial: true,
                ..app.clone()
            },
            wanted: Vec::new(),
        };
        let file = path.join(SETTINGS);
        let text = match settings(&app.root) {
            Ok(text) => text.unwrap_or_else(|| "{}".to_owned()),
            Err(error) => {
                let message = format!("cannot read {}: {error}", file.display());
                let help = "it has to be a file of the app's folder, in UTF-8";
                let fault = self.place.says(message, Some(help));
                return self.candidates.push(partial(Some(fault)));
            }
        };
        let own = Faults::new(file, &text);
        let context = Context {
            faults: &own,
            lookup: &|_| None,
            within: Some(&app.root),
        };
        let tree = parse(&text, &own).flatten();
        let candidate = match &tree {
            Some(tree) => {
                let root = Located::root(tree, context);
                read_settings(&root, app.clone(), &self.place, common)
            }
            None => {
                if own.is_empty() {
                    own.add(0..0, "", "the file is empty", Some("write {}".to_owned()));
                }
                None
            }
        };
        match candidate {
            Some(candidate) if own.is_empty() => self.candidates.push(candidate),
            _ => {
                let mut own = own.into_error().diagnostics.into_iter();
                self.candidates.push(partial(own.next()));
                self.faults.extend(own);
            }
        }
    }
}

/// The text of the settings in an app's folder, if it has some.
fn settings(root: &Path) -> Result<Option<String>, FileError> {
    // What is wrong with the folder itself is said where its entry is looked for.
    let Ok(folder) = Folder::new(root) else {
        return Ok(None);
    };
    match folder.read_text(Path::new(SETTINGS), MAX_SETTINGS) {
        Err(_) if root.join(SETTINGS).symlink_metadata().is_err() => Ok(None),
        text => text.map(Some),
    }
}

/// Has an app be what its folder says. `named` is where the configuration names the folder that it is in.
fn read_settings(
    root: &Located<'_>,
    app: AppConfig,
    named: &Diagnostic,
    common: &mut Common<'_>,
) -> Option<Candidate> {
    let fields = root.object::<Settings>()?;
    // It is for editors, and is a string.
    let _ = fields.read(Settings::SCHEMA).map(|schema| schema.string());
    let place = read_place(app.path, fields.read(Settings::ENTRY), || named.clone());
    let env = fields.read(Settings::ENV);
    let env = env.map_or_else(BTreeMap::new, |value| {
        read_env(&value, &app.root, &mut common.bound)
    });
    let limits = fields.read(Settings::LIMITS);
    let limits = limits.map_or(common.defaults, |fields| {
        let limits = read_limits(&fields, common.defaults);
        check_limits(&fields, &limits, &common.defaults);
        limits
    });
    let crons = fields.read(Settings::CRONS);
    let crons = crons.map_or_else(Vec::new, |value| read_crons(&value));
    let hosts = fields.read(Settings::HOSTNAME);
    let hosts = hosts.and_then(|value| {
        let list = value.one_or_many()?;
        if list.len() > MAX_HOSTNAMES {
            value.fault(
                format!(
                    "found {} hostnames, and {MAX_HOSTNAMES} are the most",
                    list.len()
                ),
                "have the configuration name the app, or use a wildcard: \"*.shop.example.com\""
                    .to_owned(),
            );
            return None;
        }
        Some(list)
    });
    let host = |value: Located<'_>| match HostPattern::parse(&value.expanded()?) {
        Ok(host) => Some((host, value.place())),
        Err((message, help)) => {
            value.fault(message, help);
            None
        }
    };
    let wanted = hosts.into_iter().flatten().filter_map(host).collect();
    let Place {
        path,
        root,
        entry,
        fault,
    } = place?;
    let app = AppConfig {
        path,
        root,
        entry,
        fault,
        env,
        limits,
        crons,
        ..app
    };
    Some(Candidate { app, wanted })
}

/// Finds fault with limits that are wider than the configuration's defaults.
fn check_limits(fields: &Fields<'_, Limits>, limits: &AppLimits, most: &AppLimits) {
    for ((name, value), (_, most)) in numbers(limits).into_iter().zip(numbers(most)) {
        if value > most
            && let Some(field) = fields.named(name)
        {
            field.fault(
                format!("expected {most} at most, which is what apps that are not named get, found {value}"),
                "write less; the configuration gives more by \"defaults\", or to an app that it names".to_owned(),
            );
        }
    }
}

/// Limits as they are written.
fn numbers(limits: &AppLimits) -> [(&'static str, u128); 16] {
    let AppLimits {
        worker,
        wall,
        in_flight,
        queue,
        body,
        response,
        websockets,
        message,
        caches,
        log_lines,
        log_bytes,
    } = limits;
    [
        (Limits::MEMORY_MB.name, worker.memory_mb.into()),
        (Limits::CPU_MS.name, worker.cpu.as_millis()),
        (
            Limits::REQUEST_CPU_MS.name,
            worker
                .request_cpu
                .map_or(u128::MAX, |time| time.as_millis()),
        ),
        (Limits::WALL_MS.name, wall.as_millis()),
        (Limits::IN_FLIGHT.name, *in_flight as u128),
        (
            Limits::QUEUE.name,
            queue.map_or(u128::MAX, |requests| requests as u128),
        ),
        (Limits::BODY_MB.name, u128::from(body >> 20)),
        (
            Limits::RESPONSE_MB.name,
            response.map_or(u128::MAX, |bytes| (bytes >> 20).into()),
        ),
        (Limits::WEBSOCKETS.name, *websockets as u128),
        (Limits::MESSAGE_MB.name, u128::from(message >> 20)),
        (Limits::SUBREQUESTS.name, worker.subrequests.into()),
        (Limits::TIMERS.name, worker.timers.into()),
        (Limits::CACHE_MB.name, u128::from(caches >> 20)),
        (Limits::LOG_LINES.name, (*log_lines).into()),
        (Limits::LOG_KB.name, u128::from(log_bytes >> 10)),
        (
            Limits::OUTBOUND_CONNECTIONS.name,
            worker.outbound_connections.into(),
        ),
    ]
}

#[cfg(test)]
mod tests;
