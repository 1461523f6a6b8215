//! Changes by the admin API: made as a whole or not at all, and kept in the state folder.

use std::collections::HashMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock, PoisonError, Weak};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde_json::Value;
use tempfile::TempDir;
use tokio::runtime::Handle;
use tokio::sync::{OwnedMutexGuard, oneshot};

use super::{Reloader, Seen, log};
use crate::config::{AdminConfig, AppFields, Config, Managed};
use crate::host::{Applied, Begun, Host};

/// How long a change waits for the app's new version to start.
const START: Duration = Duration::from_secs(30);
/// An app that was removed has so much longer than its drain before its files go.
const AFTER_DRAIN: Duration = Duration::from_secs(1);

/// What is to change.
#[derive(Debug)]
pub(crate) struct Change {
    pub(crate) turn: Turn,
    pub(crate) kind: ChangeKind,
}

/// The right to change an app: until it is dropped, nobody else changes that app.
#[derive(Debug)]
pub(crate) struct Turn {
    app: String,
    _alone: OwnedMutexGuard<()>,
}

/// Whose turn it is, for each app that is being changed.
#[derive(Default)]
pub(crate) struct Turns(Mutex<HashMap<String, Weak<tokio::sync::Mutex<()>>>>);

impl Turns {
    /// Waits for those who change the app.
    pub(super) async fn of(&self, app: String) -> Turn {
        let turns = {
            let mut apps = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            apps.retain(|_, turns| turns.strong_count() > 0);
            let known = apps.get(&app).and_then(Weak::upgrade);
            known.unwrap_or_else(|| {
                let turns = Arc::default();
                apps.insert(app.clone(), Arc::downgrade(&turns));
                turns
            })
        };
        let _alone = turns.lock_owned().await;
        Turn { app, _alone }
    }
}

/// What is to become of an app.
#[derive(Debug)]
pub(crate) enum ChangeKind {
    /// It is what these fields of a configuration say, whatever it was before; but its folder stays where they say nothing of it.
    Put(AppFields),
    /// Its folder is this one. What else is known of it stays; where it is new, it has these further fields.
    Deploy { folder: PathBuf, fields: AppFields },
    /// It is no more.
    Remove,
}

/// What a change has changed.
#[derive(Debug)]
pub(crate) struct Changed {
    pub(crate) applied: Applied,
    /// Whether it holds when the process starts anew.
    pub(crate) is_lasting: bool,
}

/// Why nothing has been changed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ChangeError {
    /// The configuration has no admin API by now.
    #[error("the configuration has no \"admin\" any more")]
    Off,
    #[error("there is no app {0:?}")]
    Unknown(String),
    /// What is wanted is no configuration, or does not fit to the rest of it.
    #[error("{0}")]
    Invalid(String),
    /// The new version does not start.
    #[error("the app does not start, and nothing has been changed: {0}")]
    DoesNotStart(String),
    /// The new version does not start, and what the app was before is not possible any more.
    #[error(
        "{reason}; and what the app was before cannot be had again, as others have changed meanwhile: {error}"
    )]
    Stays { reason: String, error: String },
    #[error("cannot keep the change in {}: {error}", folder.display())]
    State { folder: PathBuf, error: io::Error },
    #[error("the process is ending")]
    Ending,
}

/// The state folder of a process whose configuration names none.
#[derive(Default)]
pub(crate) struct Temporary(OnceLock<TempDir>);

impl Temporary {
    /// The folder, if there is one yet.
    pub(super) fn get(&self) -> Option<&Path> {
        self.0.get().map(TempDir::path)
    }

    /// The folder; makes it.
    fn make(&self) -> io::Result<&Path> {
        if self.0.get().is_none() {
            // Whoever comes second removes his own.
            let _ = self
                .0
                .set(tempfile::Builder::new().prefix("nano-").tempdir()?);
        }
        self.get().ok_or_else(|| io::Error::other("no folder"))
    }
}

/// Where changes are kept.
pub(crate) fn state_folder(
    admin: &AdminConfig,
    temporary: &Temporary,
) -> Result<(PathBuf, bool), ChangeError> {
    if let Some(state) = &admin.state {
        return Ok((state.clone(), true));
    }
    match temporary.make() {
        Ok(folder) => Ok((folder.to_owned(), false)),
        Err(error) => Err(ChangeError::State {
            folder: std::env::temp_dir(),
            error,
        }),
    }
}

/// Where archives of an app are unpacked.
pub(crate) fn versions_folder(state: &Path, app: &str) -> PathBuf {
    state.join(VERSIONS).join(app)
}

/// Of these, in the state folder.
const VERSIONS: &str = "apps";

/// The name of an app's next version. They sort in the order of their coming, also where the clock was set back.
pub(crate) fn next_version(versions: &Path) -> String {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    let now = now.unwrap_or_default().as_micros();
    let known = std::fs::read_dir(versions).into_iter().flatten().flatten();
    let known = known.filter_map(|entry| entry.file_name().to_str()?.parse::<u128>().ok());
    let next = known.max().map_or(0, |last| last.saturating_add(1));
    format!("{:020}", now.max(next))
}

/// A change that has been made, while it is not known whether the app starts.
struct Trial {
    turn: Turn,
    state: PathBuf,
    is_lasting: bool,
    before: Managed,
    after: Managed,
}

/// A change that is to be undone, and why.
pub(super) struct Failed {
    trial: Trial,
    error: ChangeError,
    hear: Hear,
}

/// Hears what has become of a change.
pub(super) type Hear = oneshot::Sender<Result<Changed, ChangeError>>;

impl Reloader {
    /// Makes a change, and has it undone if the app does not start. That is waited for elsewhere: others have their changes.
    pub(super) fn change(
        &mut self,
        change: Change,
        hear: Hear,
        host: &Arc<Host>,
        runtime: &Handle,
    ) {
        let trial = match self.keep(change) {
            Ok(trial) => trial,
            Err(error) => {
                // Whoever has asked may have gone.
                let _ = hear.send(Err(error));
                return;
            }
        };
        let config = self.read();
        let app = trial.turn.app.clone();
        let begun = config.and_then(|config| {
            let removed = Removed::of(&trial.state, &app, &trial.after, &config);
            let removed = removed.map(|removed| (removed, config.drain + AFTER_DRAIN));
            Ok((self.begin(config, &app, host, runtime)?, removed))
        });
        let (begun, removed) = match begun {
            Ok(begun) => begun,
            Err(error) => return self.undo(Failed { trial, error, hear }, host, runtime),
        };
        let (seen, told) = (self.seen.0.clone(), self.told.clone());
        let turns = self.turns.clone();
        runtime.spawn(async move {
            let applied = begun.over(Some(&trial.turn.app), START).await;
            if let Some(error) = trial.why_not(&applied) {
                // If nobody listens, the process ends.
                let _ = seen.send(Seen::Failed(Failed { trial, error, hear }));
                return;
            }
            log(&Ok(applied.clone()), true, &told);
            let _ = hear.send(Ok(Changed {
                applied,
                is_lasting: trial.is_lasting,
            }));
            // They may have many files. The next change of the app does not come before.
            let old = tokio::task::spawn_blocking(move || trial.remove_old_versions());
            let _ = old.await;
            if let Some((removed, drain)) = removed {
                tokio::time::sleep(drain).await;
                removed.forget(&turns).await;
            }
        });
    }

    /// Has the app be what it was before a change.
    pub(super) fn undo(&mut self, failed: Failed, host: &Arc<Host>, runtime: &Handle) {
        let Failed { trial, error, hear } = failed;
        let app = trial.turn.app.clone();
        let begun = self
            .restore(&trial, &error)
            .and_then(|config| self.begin(config, &app, host, runtime));
        runtime.spawn(async move {
            let error = match begun {
                // What has been refused is not served; this has the host want what it wanted before.
                Ok(begun) => {
                    begun.over(Some(&app), START).await;
                    error
                }
                Err(error) => error,
            };
            drop(trial);
            let _ = hear.send(Err(error));
        });
    }

    /// Keeps a change.
    fn keep(&self, change: Change) -> Result<Trial, ChangeError> {
        let now = self.read()?;
        let admin = now.admin.as_ref().ok_or(ChangeError::Off)?;
        let (state, is_lasting) = state_folder(admin, &self.temporary)?;
        let before = Managed::load(&state).map_err(broken(&state))?;
        let Change { turn, kind } = change;
        let after = changed(&before, &now, &turn.app, kind)?;
        after.store(&state).map_err(broken(&state))?;
        Ok(Trial {
            turn,
            state,
            is_lasting,
            before,
            after,
        })
    }

    /// Keeps what the app was before a change, while others may have changed since. Gives the configuration that this makes.
    fn restore(&self, trial: &Trial, reason: &ChangeError) -> Result<Config, ChangeError> {
        let Trial { turn, state, .. } = trial;
        let now = Managed::load(state).map_err(broken(state))?;
        let mut restored = now.clone();
        restored.restore(&turn.app, &trial.before);
        restored.store(state).map_err(broken(state))?;
        let Err(error) = self.read() else {
            return self.read();
        };
        now.store(state).map_err(broken(state))?;
        if self.read().is_ok() {
            // Another app has got something that this one has given up with its change.
            return Err(ChangeError::Stays {
                reason: reason.to_string(),
                error: error.to_string(),
            });
        }
        restored.store(state).map_err(broken(state))?;
        Err(error)
    }

    fn read(&self) -> Result<Config, ChangeError> {
        (self.load)(self.temporary.get()).map_err(ChangeError::Invalid)
    }

    /// Has the host begin to serve a configuration in which the app `name` may have changed.
    fn begin(
        &mut self,
        mut config: Config,
        name: &str,
        host: &Arc<Host>,
        runtime: &Handle,
    ) -> Result<Begun, ChangeError> {
        let app = config.apps.iter().find(|app| *app.name == *name);
        let root = app.map(|app| app.root.clone());
        self.look(&mut config, &|folder| Some(folder) == root.as_deref());
        runtime
            .block_on(host.begin(&config))
            .map_err(|refusal| ChangeError::Invalid(refusal.to_string()))
    }
}

impl Trial {
    /// Why the change is to be undone, if it is.
    fn why_not(&self, applied: &Applied) -> Option<ChangeError> {
        let app = &*self.turn.app;
        if let Some((_, reason)) = applied.refused.iter().find(|(name, _)| **name == *app) {
            return Some(ChangeError::DoesNotStart(reason.clone()));
        }
        let is_starting = applied.starting.iter().any(|name| **name == *app);
        let seconds = START.as_secs();
        let reason = format!("it has not started within {seconds} s");
        is_starting.then_some(ChangeError::DoesNotStart(reason))
    }

    fn remove_old_versions(&self) {
        let app = &*self.turn.app;
        remove(old_versions(&self.state, app, self.after.app(app)));
    }
}

/// An app that is managed no more, and has left files.
pub(super) struct Removed {
    state: PathBuf,
    app: String,
}

impl Removed {
    /// If there are files that neither a change nor the configuration speaks of.
    fn of(state: &Path, app: &str, managed: &Managed, config: &Config) -> Option<Self> {
        let folder = versions_folder(state, app);
        let is_used = config.apps.iter().any(|app| app.path.starts_with(&folder));
        let is_left = managed.app(app).is_none() && !is_used && folder.is_dir();
        is_left.then(|| Self {
            state: state.to_owned(),
            app: app.to_owned(),
        })
    }

    /// All that there are: those that were still at work when a process ended.
    pub(super) fn all(config: &Config) -> Vec<Self> {
        let state = config
            .admin
            .as_ref()
            .and_then(|admin| admin.state.as_deref());
        let Some(state) = state else {
            return Vec::new();
        };
        let (Ok(managed), Ok(apps)) = (
            Managed::load(state),
            std::fs::read_dir(state.join(VERSIONS)),
        ) else {
            return Vec::new();
        };
        let names = apps
            .flatten()
            .filter_map(|entry| entry.file_name().into_string().ok());
        names
            .filter_map(|app| Self::of(state, &app, &managed, config))
            .collect()
    }

    /// Removes the files, unless there is such an app again.
    pub(super) async fn forget(self, turns: &Turns) {
        let turn = turns.of(self.app.clone()).await;
        let Self { state, app } = self;
        let forget = move || {
            let _turn = turn;
            if Managed::load(&state).is_ok_and(|managed| managed.app(&app).is_none()) {
                remove(versions(&state, &app, None));
                // What is being unpacked keeps it.
                let _ = std::fs::remove_dir(versions_folder(&state, &app));
            }
        };
        let _ = tokio::task::spawn_blocking(forget).await;
    }
}

/// What it means that the state folder cannot be read or written.
fn broken(state: &Path) -> impl Fn(io::Error) -> ChangeError {
    move |error| ChangeError::State {
        folder: state.to_owned(),
        error,
    }
}

/// What is managed after a change.
fn changed(
    before: &Managed,
    now: &Config,
    name: &str,
    kind: ChangeKind,
) -> Result<Managed, ChangeError> {
    let mut after = before.clone();
    let is_served = now.apps.iter().any(|app| *app.name == *name);
    match kind {
        ChangeKind::Put(mut fields) => {
            // Who has sent files does not know where they are: they stay.
            let path = before.app(name).and_then(|known| known.get("path"));
            if let (false, Some(path)) = (fields.contains_key("path"), path) {
                fields.insert("path".to_owned(), path.clone());
            }
            after.put(name, fields);
        }
        ChangeKind::Deploy { folder, fields } => {
            let known = before.app(name).cloned();
            if known.is_none() && is_served {
                return Err(ChangeError::Invalid(format!(
                    "the app {name:?} is a part of the configuration file, which says where its folder is: put its files there and \
                     reload, or replace the app as a whole (PUT with all its fields)"
                )));
            }
            if let Some(known) = &known {
                keeps_hosts(name, known, &fields)?;
            }
            let mut fields = known.unwrap_or(fields);
            fields.insert("path".to_owned(), folder.to_string_lossy().into());
            after.put(name, fields);
        }
        ChangeKind::Remove => {
            if !is_served {
                return Err(ChangeError::Unknown(name.to_owned()));
            }
            // Whether the file has it, too, is not known where it is replaced: it is not to come back.
            after.remove(name, true);
        }
    }
    Ok(after)
}

/// Whether a deployment of an app that is there names no other hosts than it has: it would change nothing about them.
fn keeps_hosts(name: &str, known: &AppFields, named: &AppFields) -> Result<(), ChangeError> {
    let (has, wanted) = (hosts(known), hosts(named));
    if wanted.is_empty() || wanted == has {
        return Ok(());
    }
    let has = match has.is_empty() {
        true => "every host that is nobody else's".to_owned(),
        false => has.join(", "),
    };
    Err(ChangeError::Invalid(format!(
        "the app {name:?} is there already and answers to {has}, not to {}: a deployment changes its files only. Leave the hostname \
         out, or replace the app as a whole (PUT with all its fields)",
        wanted.join(", ")
    )))
}

/// What the field `hostname` says, in one order.
fn hosts(fields: &AppFields) -> Vec<String> {
    let hosts = match fields.get("hostname") {
        Some(Value::Array(list)) => list.as_slice(),
        Some(one) => std::slice::from_ref(one),
        None => &[],
    };
    let hosts = hosts.iter().filter_map(Value::as_str);
    let mut hosts: Vec<_> = hosts.map(str::to_ascii_lowercase).collect();
    hosts.sort();
    hosts
}

/// How the folders begin that archives are being unpacked into.
pub(crate) const UNFINISHED: &str = ".new-";
/// An archive that has not been unpacked after so long never will be: the process ended meanwhile.
const ABANDONED: Duration = Duration::from_secs(3600);

/// The versions of an app's files that are neither the one that is served nor the one before, which may be in use.
fn old_versions(state: &Path, name: &str, fields: Option<&AppFields>) -> Vec<PathBuf> {
    let mut versions = versions(state, name, fields);
    // Their names are numbers of the same length, in the order of their coming.
    let before = versions
        .iter()
        .filter(|path| !is_unfinished(path))
        .max()
        .cloned();
    versions.retain(|path| Some(path) != before.as_ref());
    versions
}

fn is_unfinished(version: &Path) -> bool {
    let name = version.file_name().unwrap_or_default();
    name.as_encoded_bytes().starts_with(UNFINISHED.as_bytes())
}

/// The versions of an app's files that are not the one that is served, without those that are being unpacked.
fn versions(state: &Path, name: &str, fields: Option<&AppFields>) -> Vec<PathBuf> {
    let folder = versions_folder(state, name);
    let Ok(entries) = std::fs::read_dir(&folder) else {
        return Vec::new();
    };
    let served = fields
        .and_then(|fields| fields.get("path"))
        .and_then(|path| path.as_str());
    let served = served.map(|path| state.join(path));
    let is_abandoned = |path: &Path| {
        let written = std::fs::metadata(path).and_then(|found| found.modified());
        written.is_ok_and(|written| written.elapsed().is_ok_and(|age| age > ABANDONED))
    };
    entries
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| Some(path) != served.as_ref())
        .filter(|path| !is_unfinished(path) || is_abandoned(path))
        .collect()
}

/// Removes folders that nobody uses.
fn remove(folders: Vec<PathBuf>) {
    for old in folders {
        if let Err(error) = std::fs::remove_dir_all(&old) {
            tracing::warn!(%error, folder = %old.display(), "an old version of an app cannot be removed");
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::config::AppFields;
    use crate::fake::app_config;

    fn fields(path: &str) -> AppFields {
        AppFields::from_iter([
            ("path".to_owned(), path.into()),
            ("env".to_owned(), serde_json::json!({ "A": "1" })),
        ])
    }

    fn change(before: &Managed, name: &str, kind: ChangeKind) -> Result<Managed, ChangeError> {
        let now = Config::of_apps(vec![app_config("file"), app_config("managed")]);
        changed(before, &now, name, kind)
    }

    #[tokio::test]
    async fn changes_of_an_app_take_turns_and_those_of_others_do_not() {
        let turns = Turns::default();
        let first = turns.of("a".to_owned()).await;
        let _other = turns.of("b".to_owned()).await;
        let mut second = Box::pin(turns.of("a".to_owned()));
        assert!(futures_util::poll!(&mut second).is_pending());
        drop(first);
        assert_eq!(second.await.app, "a");
        drop(turns.of("c".to_owned()).await);
        let _d = turns.of("d".to_owned()).await;
        let known = turns.0.lock().expect("no panic").len();
        assert!(known <= 2, "{known} apps are known of that nobody changes");
    }

    #[test]
    fn a_deployment_changes_the_folder_only() {
        let mut before = Managed::default();
        before.put("managed", fields("one"));
        let deploy_to = |before: &Managed, name: &str, fields: AppFields| {
            let folder = "two".into();
            change(before, name, ChangeKind::Deploy { folder, fields })
        };
        let deploy = |name: &str| {
            let hosts = AppFields::from_iter([("hostname".to_owned(), "x".into())]);
            deploy_to(&before, name, hosts)
        };
        // That it has other hosts by now is said by nobody: so it is no deployment that changes them.
        let refused = deploy("managed").expect_err("it has another host");
        assert!(
            refused.to_string().contains("answers to every host"),
            "{refused}"
        );
        let after = deploy_to(&before, "managed", AppFields::new()).expect("it is legal");
        let app = after.app("managed").expect("an app");
        assert_eq!(
            (&app["path"], &app["env"]["A"], app.get("hostname")),
            (&"two".into(), &"1".into(), None)
        );
        let after = deploy("new").expect("it is legal");
        assert_eq!(
            after.app("new").map(|app| app["hostname"].clone()),
            Some("x".into())
        );
        assert!(
            matches!(deploy("file"), Err(ChangeError::Invalid(text)) if text.contains("configuration file"))
        );
    }

    #[test]
    fn the_folder_stays_where_other_fields_are_put() {
        let mut before = Managed::default();
        before.put("managed", fields("one"));
        let put = |name: &str, fields: AppFields| {
            let after = change(&before, name, ChangeKind::Put(fields)).expect("it is legal");
            after.app(name).expect("an app").clone()
        };
        let limits = AppFields::from_iter([("limits".to_owned(), serde_json::json!({}))]);
        let app = put("managed", limits.clone());
        assert_eq!((&app["path"], app.get("env")), (&"one".into(), None));
        assert_eq!(put("managed", fields("two"))["path"], "two");
        assert_eq!(put("new", limits).get("path"), None);
    }

    #[test]
    fn what_is_not_there_cannot_be_removed() {
        let before = Managed::default();
        assert!(
            matches!(change(&before, "none", ChangeKind::Remove), Err(ChangeError::Unknown(name)) if name == "none")
        );
        assert!(change(&before, "file", ChangeKind::Remove).is_ok());
    }

    #[test]
    fn the_version_before_is_kept_and_older_ones_are_not() {
        let state = tempfile::tempdir().expect("a folder");
        let folder = versions_folder(state.path(), "a");
        for version in ["001", "002", "003"] {
            fs::create_dir_all(folder.join(version)).expect("a folder");
        }
        // It is being unpacked.
        fs::create_dir(folder.join(format!("{UNFINISHED}x"))).expect("a folder");
        let served = folder.join("003");
        let served = fields(served.to_str().expect("text"));
        remove(old_versions(state.path(), "a", Some(&served)));
        let mut left: Vec<_> = fs::read_dir(&folder)
            .expect("a folder")
            .flatten()
            .map(|entry| entry.file_name())
            .collect();
        left.sort();
        assert_eq!(left, [".new-x", "002", "003"]);
        let old = fs::FileTimes::new().set_modified(std::time::SystemTime::now() - ABANDONED * 2);
        let unfinished = fs::File::open(folder.join(".new-x")).expect("a folder");
        unfinished.set_times(old).expect("a time");
        let old = old_versions(state.path(), "a", Some(&served));
        assert_eq!(old, [folder.join(".new-x")]);
        assert!(old_versions(state.path(), "none", None).is_empty());
    }

    #[test]
    fn the_next_version_sorts_behind_the_last_one() {
        let folder = tempfile::tempdir().expect("a folder");
        let first = next_version(folder.path());
        assert!(first > format!("{:020}", 1_700_000_000_000_000_u64));
        // The clock was set back since.
        let ahead = format!("{:020}", 9_000_000_000_000_000_u64);
        for name in [ahead.as_str(), ".new-1", "other"] {
            fs::create_dir(folder.path().join(name)).expect("a folder");
        }
        let next = next_version(folder.path());
        assert_eq!(next, format!("{:020}", 9_000_000_000_000_001_u64));
    }

    #[tokio::test]
    async fn what_a_removed_app_has_left_goes_unless_it_is_there_again() {
        let folder = tempfile::tempdir().expect("a folder");
        let state = folder.path();
        let version = |app: &str, version: &str| {
            let version = versions_folder(state, app).join(version);
            fs::create_dir_all(&version).expect("a folder");
            version
        };
        let mut managed = Managed::default();
        let (kept, again) = (version("kept", "1"), version("again", "1"));
        let (gone, unpacked) = (version("gone", "1"), version("new", ".new-x"));
        managed.put("kept", fields(kept.to_str().expect("text")));
        managed.store(state).expect("it is stored");
        let mut config = Config::of_apps(Vec::new());
        config.admin = Some(AdminConfig {
            listen: crate::config::AdminAddress::DEFAULT,
            token: None,
            state: Some(state.to_owned()),
        });
        let removed = Removed::all(&config);
        let mut names: Vec<_> = removed.iter().map(|removed| removed.app.as_str()).collect();
        names.sort_unstable();
        assert_eq!(names, ["again", "gone", "new"]);
        managed.put("again", fields(again.to_str().expect("text")));
        managed.store(state).expect("it is stored");
        let turns = Turns::default();
        for removed in removed {
            removed.forget(&turns).await;
        }
        assert!(kept.exists() && again.exists() && unpacked.exists());
        assert!(!gone.exists() && !versions_folder(state, "gone").exists());
    }
}
