//! Having the host serve what the configuration and the apps' folders say now.
//!
//! What is watched, each folder by itself: those of apps with all below them but hidden ones and `node_modules`
//! ([`survey`], with bounds), and those that decide where the configuration file and the apps' folders are ([`places`]): so a file
//! that is written, a folder that is renamed into place, and a link that leads elsewhere, as Kubernetes swaps a ConfigMap, are seen.
//! Whatever is seen, the configuration is read, the folders where something happened are looked at, and the host is told what is
//! wanted; it finds out what has changed. Where the system cannot watch, or not all of it, everything is looked at every 2 s.

mod changes;
mod places;
mod survey;
mod watcher;

use std::collections::{BTreeSet, HashMap, HashSet};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::runtime::Handle;
use tokio::sync::oneshot;

pub(crate) use changes::{
    Change, ChangeError, ChangeKind, Changed, Temporary, Turn, UNFINISHED, next_version,
    state_folder, versions_folder,
};

use crate::config::Config;
use crate::fixed::Fixed;
use crate::host::{self, Applied, Host, Refusal};
use changes::{Failed, Removed, Turns};
use places::places;
use survey::Survey;
use watcher::Watcher;

/// A change is looked at when nothing more has happened for so long: files are seldom written one at a time.
const QUIET: Duration = Duration::from_millis(50);
/// And after so long even if things go on happening.
const PATIENCE: Duration = Duration::from_millis(500);
/// How often everything is looked at where not all can be watched.
const POLL: Duration = Duration::from_secs(2);

/// Reads the configuration; or says why it cannot be used.
/// It is given the folder of the admin API's changes, for a configuration that names none.
pub type Load = Box<dyn Fn(Option<&Path>) -> Result<Config, String> + Send>;

/// Something that may be a change.
enum Seen {
    /// In these places.
    Paths(Vec<PathBuf>),
    /// Anywhere.
    Anything,
    /// Someone asks, and wants to hear about it: in the log, and by this way.
    Asked(Option<Hear>),
    /// The admin API wants a change.
    Change(Change, changes::Hear),
    /// A change by the admin API is to be undone.
    Failed(Failed),
}

/// What has been waited for.
struct Wait {
    /// Where something has changed. `None`: perhaps everywhere.
    touched: Option<Vec<PathBuf>>,
    /// Someone has asked.
    asked: bool,
    hear: Vec<Hear>,
    /// The first of it, of which there is something.
    since: Option<Instant>,
}

impl Default for Wait {
    fn default() -> Self {
        Self {
            touched: Some(Vec::new()),
            asked: false,
            hear: Vec::new(),
            since: None,
        }
    }
}

impl Wait {
    /// Takes note of something that has happened.
    fn add(&mut self, touched: Option<Vec<PathBuf>>) {
        self.since.get_or_insert_with(Instant::now);
        match (&mut self.touched, touched) {
            (Some(all), Some(paths)) => all.extend(paths),
            (all, None) => *all = None,
            (None, Some(_)) => {}
        }
    }
}

/// Looks at what the host is to serve, on a thread of its own.
pub(crate) struct Reloader {
    load: Load,
    watcher: Option<Watcher>,
    surveys: HashMap<PathBuf, Survey>,
    /// Not all folders could be looked at: that is to be done again.
    is_short: bool,
    /// The last complaint.
    complaint: String,
    /// What has been said of the apps folder.
    faults: BTreeSet<String>,
    /// What has been said of settings that cannot change.
    told: Arc<Mutex<Vec<Fixed>>>,
    seen: (Sender<Seen>, Receiver<Seen>),
    temporary: Arc<Temporary>,
    turns: Arc<Turns>,
    /// Folders of apps that were removed before the process has started: nobody uses them.
    removed: Vec<Removed>,
}

/// Hears what has become of a change.
type Hear = oneshot::Sender<Result<Applied, String>>;

/// Asks for a reload.
#[derive(Clone)]
pub struct Ask {
    seen: Sender<Seen>,
    temporary: Arc<Temporary>,
    turns: Arc<Turns>,
}

impl Ask {
    /// For a host that nobody reloads.
    pub fn of_nobody() -> Self {
        Self {
            seen: mpsc::channel().0,
            temporary: Arc::default(),
            turns: Arc::default(),
        }
    }

    /// Has everything looked at.
    pub(crate) fn reload(&self) {
        // If nobody listens, the process ends.
        let _ = self.seen.send(Seen::Asked(None));
    }

    /// Has everything looked at, and waits for what becomes of it.
    ///
    /// # Errors
    /// The configuration cannot be used, or the process ends: nothing has been changed.
    pub(crate) async fn reload_and_hear(&self) -> Result<Applied, String> {
        let (hear, heard) = oneshot::channel();
        let _ = self.seen.send(Seen::Asked(Some(hear)));
        // Whoever was to answer has gone.
        let ending = |_| Refusal::Ending.to_string();
        heard.await.map_err(ending)?
    }

    /// Waits until nobody else changes an app.
    pub(crate) async fn turn(&self, app: String) -> Turn {
        self.turns.of(app).await
    }

    /// Has something changed, and waits for what becomes of it.
    ///
    /// # Errors
    /// Nothing has been changed, and why.
    pub(crate) async fn change(&self, change: Change) -> Result<Changed, ChangeError> {
        let (hear, heard) = oneshot::channel();
        let _ = self.seen.send(Seen::Change(change, hear));
        heard.await.map_err(|_| ChangeError::Ending)?
    }

    /// The state folder of a process whose configuration names none.
    pub(crate) fn temporary(&self) -> &Temporary {
        &self.temporary
    }
}

impl Reloader {
    /// Looks at the folders of a configuration. If it says that they are watched, they are once the host serves: no app waits for that,
    /// and what changes until then is found by a second look.
    pub(crate) fn new(load: Load, config: &mut Config) -> Self {
        let seen = mpsc::channel();
        let mut this = Self {
            load,
            watcher: None,
            surveys: HashMap::new(),
            is_short: false,
            complaint: String::new(),
            faults: BTreeSet::new(),
            told: Arc::default(),
            seen,
            temporary: Arc::default(),
            turns: Arc::default(),
            removed: Removed::all(config),
        };
        if config.watch {
            // Nothing is known to have happened: it has the watches set up. Nobody can have closed the channel.
            let _ = this.seen.0.send(Seen::Paths(Vec::new()));
        }
        let known = this.survey(config, &|_| true);
        this.mark(config, &known);
        this
    }

    /// What asks for a reload.
    pub(crate) fn ask(&self) -> Ask {
        Ask {
            seen: self.seen.0.clone(),
            temporary: self.temporary.clone(),
            turns: self.turns.clone(),
        }
    }

    /// Tells the host of changes from now on.
    ///
    /// # Errors
    /// The system has no thread.
    pub(crate) fn start(mut self, host: Arc<Host>) -> io::Result<()> {
        let runtime = Handle::current();
        let (removed, turns) = (std::mem::take(&mut self.removed), self.turns.clone());
        runtime.spawn(async move {
            for removed in removed {
                removed.forget(&turns).await;
            }
        });
        let thread = std::thread::Builder::new().name("reload".to_owned());
        thread.spawn(move || self.run(&host, &runtime))?;
        Ok(())
    }

    fn run(mut self, host: &Arc<Host>, runtime: &Handle) {
        loop {
            let Wait {
                touched,
                asked,
                hear,
                ..
            } = self.wait(host, runtime);
            let touched: Option<HashSet<&Path>> = touched
                .as_ref()
                .map(|paths| paths.iter().flat_map(|path| path.ancestors()).collect());
            let is_touched = |path: &Path| {
                touched
                    .as_ref()
                    .is_none_or(|touched| touched.contains(path))
            };
            let mut config = match (self.load)(self.temporary.get()) {
                Ok(config) => config,
                Err(error) => {
                    self.complain(&error, asked);
                    tell(hear, || Err(error.clone()));
                    continue;
                }
            };
            self.complaint.clear();
            self.is_short = false;
            if self.look(&mut config, &is_touched)
                && let Ok(again) = (self.load)(self.temporary.get())
            {
                // What has come into a folder between the two looks, nobody would be told of.
                config = again;
                self.look(&mut config, &|_| false);
            }
            // In the order in which they were read.
            let begun = runtime.block_on(host.begin(&config));
            let told = self.told.clone();
            runtime.spawn(async move {
                let applied = match begun {
                    Ok(begun) => Ok(begun.over(None, host::PATIENCE).await),
                    Err(refusal) => Err(refusal),
                };
                log(&applied, asked, &told);
                tell(hear, || {
                    applied.as_ref().map_err(ToString::to_string).cloned()
                });
            });
        }
    }

    /// Waits until something has happened that is to be looked at. Changes by the admin API are made meanwhile, at once.
    fn wait(&mut self, host: &Arc<Host>, runtime: &Handle) -> Wait {
        let mut wait = Wait::default();
        let shortage = self.watcher.as_ref().and_then(Watcher::shortage);
        let poll = (self.is_short || shortage.is_some()).then(|| Instant::now() + POLL);
        loop {
            let due = wait
                .since
                .map(|since| (since + PATIENCE).min(Instant::now() + QUIET));
            let seen = match due.or(poll) {
                Some(due) => {
                    let left = due.saturating_duration_since(Instant::now());
                    if left.is_zero() {
                        Err(RecvTimeoutError::Timeout)
                    } else {
                        self.seen.1.recv_timeout(left)
                    }
                }
                None => {
                    let seen = self.seen.1.recv();
                    seen.map_err(|_| RecvTimeoutError::Disconnected)
                }
            };
            match seen {
                Ok(Seen::Paths(paths)) => wait.add(Some(paths)),
                Ok(Seen::Anything) => wait.add(None),
                Ok(Seen::Asked(hear)) => {
                    wait.add(None);
                    wait.asked = true;
                    wait.hear.extend(hear);
                }
                Ok(Seen::Change(change, hear)) => self.change(change, hear, host, runtime),
                Ok(Seen::Failed(failed)) => self.undo(failed, host, runtime),
                Err(_) => {
                    if wait.since.is_none() {
                        wait.add(None);
                    }
                    return wait;
                }
            }
        }
    }

    /// Says that the configuration cannot be used, once.
    fn complain(&mut self, complaint: &str, asked: bool) {
        if asked || self.complaint != complaint {
            tracing::error!(
                "the configuration is refused, and what was served before is served on: {complaint}"
            );
            complaint.clone_into(&mut self.complaint);
        }
    }

    /// Looks at the apps' folders where something has happened, and at those that are new; and watches what there is, if the
    /// configuration says so. Returns whether folders are watched that were not.
    fn look(&mut self, config: &mut Config, is_touched: &dyn Fn(&Path) -> bool) -> bool {
        let mut known = self.survey(config, is_touched);
        let is_more = self.watch(config, &mut known.fresh);
        self.mark(config, &known);
        is_more
    }

    /// Looks at the apps' folders where something has happened, and at those that are new.
    fn survey(&mut self, config: &Config, is_touched: &dyn Fn(&Path) -> bool) -> Known {
        let before = std::mem::take(&mut self.surveys);
        let mut fresh = HashSet::new();
        for app in &config.apps {
            if self.surveys.contains_key(&app.root) {
                continue;
            }
            let last = before.get(&app.root);
            let survey = match last.filter(|_| !is_touched(&app.root)) {
                Some(known) => Some(known.clone()),
                None => match Survey::of(&app.root) {
                    Some(survey) => {
                        fresh.insert(app.root.clone());
                        Some(survey)
                    }
                    None => {
                        self.is_short = true;
                        last.cloned()
                    }
                },
            };
            if let Some(survey) = survey {
                self.surveys.insert(app.root.clone(), survey);
            }
        }
        Known { before, fresh }
    }

    /// Watches what the configuration and the surveys lead to, and nothing if the configuration says so. Looks once more at the folders
    /// that were not watched before, which are `fresh` then: what came into them until now, nobody would be told of. Returns whether
    /// there are such.
    fn watch(&mut self, config: &Config, fresh: &mut HashSet<PathBuf>) -> bool {
        if config.watch != self.watcher.is_some() {
            self.watcher = config.watch.then(|| Watcher::new(self.seen.0.clone()));
        }
        let Some(watcher) = &mut self.watcher else {
            return false;
        };
        let had_shortage = watcher.shortage().is_some();
        let mut is_more = false;
        // In another's place: whoever takes a folder's place after the first round is seen by who watches the one above.
        let folders = fresh.iter().filter_map(|root| self.surveys.get(root));
        let mut anew: HashSet<PathBuf> = folders
            .flat_map(|survey| survey.folders.iter().cloned())
            .collect();
        for _ in 0..3 {
            let links = config.apps.iter().flat_map(|app| places(&app.path));
            let own = config.apps_folder.iter();
            let files = config.file.iter().chain(own.clone());
            let links: BTreeSet<_> = links
                .chain(files.flat_map(|file| places(file)))
                .chain(own.cloned())
                .collect();
            let folders = self.surveys.values().flat_map(|survey| &survey.folders);
            let wanted = links.iter().chain(folders).cloned().collect();
            let more = watcher.watch(wanted, |folder| {
                links.contains(folder) || anew.contains(folder)
            });
            if more.is_empty() {
                break;
            }
            is_more = true;
            anew.clear();
            for (root, survey) in &mut self.surveys {
                if !survey.folders.iter().any(|folder| more.contains(folder)) {
                    continue;
                }
                match Survey::of(root) {
                    Some(again) => *survey = again,
                    None => self.is_short = true,
                }
                fresh.insert(root.clone());
            }
        }
        if let Some(shortage) = watcher.shortage().filter(|_| !had_shortage) {
            let seconds = POLL.as_secs();
            tracing::warn!(
                "not all folders can be watched; they are looked at every {seconds} s: {shortage}"
            );
        }
        is_more
    }

    /// Says of the configuration's apps what is in their folders, and in the log what is wrong there and was not known.
    fn mark(&mut self, config: &mut Config, Known { before, fresh }: &Known) {
        for app in &mut config.apps {
            let Some(survey) = self.surveys.get(&app.root) else {
                continue;
            };
            app.content = survey.content;
            let known = before.get(&app.root).map(|survey| &survey.outside);
            if let Some(link) = survey.outside.first()
                && known != Some(&survey.outside)
            {
                tracing::warn!(
                    app = &*app.name,
                    links = survey.outside.len(),
                    "{} leads to a folder that is not in the app's: changes there are not seen. Copy it into the app's folder, or touch \
                     a file of the app when something there has changed",
                    link.display()
                );
            }
            let was_whole = before.get(&app.root).is_none_or(|survey| survey.is_whole);
            if !survey.is_whole && was_whole && fresh.contains(&app.root) {
                tracing::warn!(
                    app = &*app.name,
                    "the app's folder has more than {} files or {} folders: changes beyond these are not seen",
                    survey::MAX_ENTRIES,
                    survey::MAX_FOLDERS
                );
            }
        }
        let faults = config.folder_faults.iter().map(ToString::to_string);
        let faults: BTreeSet<_> = faults.collect();
        for fault in faults.difference(&self.faults) {
            tracing::warn!("something in the apps folder is not served: {fault}");
        }
        self.faults = faults;
    }
}

/// What a look at the apps' folders has to be compared with.
struct Known {
    /// What was known of each folder.
    before: HashMap<PathBuf, Survey>,
    /// The folders that were looked at now.
    fresh: HashSet<PathBuf>,
}

/// Tells those who have asked what has become of it.
fn tell(hear: Vec<Hear>, result: impl Fn() -> Result<Applied, String>) {
    for hear in hear {
        // Whoever has asked may have gone.
        let _ = hear.send(result());
    }
}

/// Says what has become of a change.
fn log(applied: &Result<Applied, Refusal>, asked: bool, told: &Mutex<Vec<Fixed>>) {
    match applied {
        Ok(applied) => {
            let before = {
                let mut told = told.lock().unwrap_or_else(PoisonError::into_inner);
                std::mem::replace(&mut *told, applied.fixed.clone())
            };
            if asked || applied.has_changed() {
                tracing::info!(
                    added = applied.added.len(),
                    removed = applied.removed.len(),
                    replaced = applied.replaced.len(),
                    adjusted = applied.adjusted.len(),
                    refused = applied.refused.len(),
                    "the configuration has been loaded"
                );
            }
            for fixed in &applied.fixed {
                if asked || !before.contains(fixed) {
                    tracing::warn!(setting = fixed.setting, "{fixed}");
                }
            }
        }
        Err(Refusal::Ending) => {}
        Err(refusal) => tracing::error!(
            "the configuration is refused, and what was served before is served on: {refusal}"
        ),
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    /// No app waits for watches: what changes before there are any is found by the look that sets them up.
    #[test]
    fn what_changes_before_a_folder_is_watched_is_found() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("apps.json");
        fs::write(
            &file,
            r#"{"apps":[{"name":"a","path":"a","hostname":"a.test"},{"name":"b","path":"b","hostname":"b.test"}]}"#,
        )
        .expect("a file");
        for app in ["a", "b"] {
            let lib = folder.path().join(app).join("lib");
            fs::create_dir_all(&lib).expect("folders");
            fs::write(folder.path().join(app).join("index.js"), "1").expect("a file");
            fs::write(lib.join("index.js"), "1").expect("a file");
        }
        let load = || {
            let mut config = Config::load(&file, None).expect("a configuration");
            config.watch = true;
            config
        };
        let mut config = load();
        let mut reloader = Reloader::new(Box::new(|_| Err(String::new())), &mut config);
        assert!(
            matches!(reloader.seen.1.try_recv(), Ok(Seen::Paths(paths)) if paths.is_empty()),
            "it has not been asked to look again"
        );
        assert!(
            reloader.watcher.is_none(),
            "it has watched before it serves"
        );
        let contents =
            |config: &Config| -> Vec<u64> { config.apps.iter().map(|app| app.content).collect() };
        let before = contents(&config);
        fs::write(folder.path().join("b/lib/index.js"), "12").expect("a file");
        let mut config = load();
        assert!(reloader.look(&mut config, &|_| false), "it does not watch");
        let after = contents(&config);
        assert_eq!((before[0], before[1] == after[1]), (after[0], false));
        let mut config = load();
        assert!(
            !reloader.look(&mut config, &|_| false),
            "it watched already"
        );
        assert_eq!(contents(&config), after);
        // From now on one is told.
        fs::write(folder.path().join("a/lib/index.js"), "12").expect("a file");
        let told = reloader.seen.1.recv_timeout(POLL);
        assert!(
            matches!(&told, Ok(Seen::Paths(paths)) if paths.iter().any(|path| path.ends_with("a/lib/index.js"))),
            "nobody told"
        );
    }
}
