//! Being told of changes in folders.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::mpsc::Sender;
use std::time::SystemTime;

use notify::event::{AccessKind, AccessMode, EventKind};
use notify::{Event, RecommendedWatcher, RecursiveMode, Watcher as _};

use super::Seen;

/// Folders that are watched, in all. (Linux gives a user 8,192 inotify watches at least.)
pub(super) const MAX_WATCHED: usize = 8_000;

/// Which folder one is: a new one may have the number of one that is gone.
#[derive(Debug, PartialEq, Eq)]
struct Identity {
    device: u64,
    inode: u64,
    made: SystemTime,
}

impl Identity {
    /// `None` if there is no folder, or the file system does not say when it was made.
    fn of(folder: &Path) -> Option<Self> {
        let found = fs::metadata(folder).ok()?;
        Some(Self {
            device: found.dev(),
            inode: found.ino(),
            made: found.created().ok()?,
        })
    }
}

/// Watches folders, each by itself, and says what has changed there.
pub(super) struct Watcher {
    inner: Option<RecommendedWatcher>,
    folders: BTreeMap<PathBuf, Option<Identity>>,
    /// Why not all is watched, if it is not.
    shortage: Option<String>,
}

impl Watcher {
    pub(super) fn new(seen: Sender<Seen>) -> Self {
        let tell = move |event: notify::Result<Event>| {
            let seen_now = match event {
                Ok(event) if event.need_rescan() => Some(Seen::Anything),
                Ok(event) => is_change(&event.kind).then_some(Seen::Paths(event.paths)),
                Err(_) => Some(Seen::Anything),
            };
            if let Some(seen_now) = seen_now {
                // If nobody listens, the process ends.
                let _ = seen.send(seen_now);
            }
        };
        let inner = notify::recommended_watcher(tell);
        Self {
            shortage: inner.as_ref().err().map(ToString::to_string),
            inner: inner.ok(),
            folders: BTreeMap::new(),
        }
    }

    /// Watches these folders, and no others. `anew` says where another folder may have taken the place of one of the same name.
    /// Returns those that were not watched before, or may not have been. What is to be told of a folder that stays is not lost: it may
    /// have changed since it was looked at.
    pub(super) fn watch(
        &mut self,
        wanted: BTreeSet<PathBuf>,
        anew: impl Fn(&Path) -> bool,
    ) -> HashSet<PathBuf> {
        let mut more = HashSet::new();
        let Some(inner) = &mut self.inner else {
            return more;
        };
        self.folders.retain(|folder, identity| {
            // Where nobody can tell, it stays: what has yet to be told of it would be lost.
            let is_same =
                || !anew(folder) || identity.is_none() || *identity == Identity::of(folder);
            let stays = wanted.contains(folder) && is_same();
            if !stays {
                // It may be gone.
                let _ = inner.unwatch(folder);
            }
            stays
        });
        self.shortage = None;
        for folder in wanted {
            let is_known = self.folders.contains_key(&folder);
            if is_known && !anew(&folder) {
                continue;
            }
            if !is_known && self.folders.len() >= MAX_WATCHED {
                self.shortage = Some(format!("there are more than {MAX_WATCHED} folders"));
                break;
            }
            let identity = Identity::of(&folder);
            // One that was moved away, and is back, is not watched any more.
            match inner.watch(&folder, RecursiveMode::NonRecursive) {
                Ok(()) => {
                    if !is_known || identity.is_none() {
                        more.insert(folder.clone());
                    }
                    self.folders.insert(folder, identity);
                }
                Err(error) => {
                    self.folders.remove(&folder);
                    // Whatever took it away is seen where it was.
                    if !matches!(error.kind, notify::ErrorKind::PathNotFound) {
                        self.shortage = Some(format!("{}: {error}", folder.display()));
                    }
                }
            }
        }
        more
    }

    /// Why not all is watched, if it is not.
    pub(super) fn shortage(&self) -> Option<&str> {
        self.shortage.as_deref()
    }
}

/// Reading a file is none; nobody would see the end of it, as changes are looked at by reading.
fn is_change(kind: &EventKind) -> bool {
    match kind {
        EventKind::Access(access) => *access == AccessKind::Close(AccessMode::Write),
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::{Receiver, channel};
    use std::time::Duration;

    use super::*;

    fn is_told(seen: &Receiver<Seen>) -> bool {
        let told = seen.recv_timeout(Duration::from_secs(2)).is_ok();
        while seen.try_recv().is_ok() {}
        told
    }

    /// Whoever reads events may be slow: what has happened before a folder is looked at again is still told.
    #[test]
    #[cfg(target_os = "linux")]
    fn what_changes_before_a_folder_is_watched_again_is_told() {
        let outer = tempfile::tempdir().expect("a folder");
        let folder = outer.path().join("a");
        fs::create_dir(&folder).expect("a folder");
        let (tell, seen) = channel();
        let mut watcher = Watcher::new(tell);
        let wanted = || BTreeSet::from([folder.clone()]);
        assert_eq!(watcher.watch(wanted(), |_| true).len(), 1);
        for round in 0..200 {
            fs::write(folder.join("file"), round.to_string()).expect("a file");
            let more = watcher.watch(wanted(), |_| true);
            assert!(more.is_empty(), "it is the same");
            assert!(is_told(&seen), "round {round}");
        }
        // Another folder in its place.
        fs::remove_dir_all(&folder).expect("a folder");
        fs::create_dir(&folder).expect("a folder");
        assert_eq!(watcher.watch(wanted(), |_| true).len(), 1);
        while seen.recv_timeout(Duration::from_millis(200)).is_ok() {}
        fs::write(folder.join("file"), "new").expect("a file");
        assert!(is_told(&seen));
        // It was away.
        let away = outer.path().join("b");
        fs::rename(&folder, &away).expect("a rename");
        fs::rename(&away, &folder).expect("a rename");
        while seen.recv_timeout(Duration::from_millis(200)).is_ok() {}
        watcher.watch(wanted(), |_| true);
        fs::write(folder.join("file"), "back").expect("a file");
        assert!(is_told(&seen));
    }
}
