//! Being told of changes in folders.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::mpsc::Sender;

use notify::event::{AccessKind, AccessMode, EventKind};
use notify::{Event, RecommendedWatcher, RecursiveMode, Watcher as _};

use super::Seen;

/// Folders that are watched, in all. (Linux gives a user 8,192 inotify watches at least.)
pub(super) const MAX_WATCHED: usize = 8_000;

/// Watches folders, each by itself, and says what has changed there.
pub(super) struct Watcher {
    inner: Option<RecommendedWatcher>,
    folders: BTreeSet<PathBuf>,
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
            folders: BTreeSet::new(),
        }
    }

    /// Watches these folders, and no others. `anew` says where another folder may have taken the place of one of the same name.
    /// Returns whether some were not watched before.
    pub(super) fn watch(
        &mut self,
        wanted: BTreeSet<PathBuf>,
        anew: impl Fn(&Path) -> bool,
    ) -> bool {
        let Some(inner) = &mut self.inner else {
            return false;
        };
        self.folders.retain(|folder| {
            let stays = wanted.contains(folder) && !anew(folder);
            if !stays {
                // It may be gone.
                let _ = inner.unwatch(folder);
            }
            stays
        });
        self.shortage = None;
        let mut is_more = false;
        for folder in wanted {
            if self.folders.contains(&folder) {
                continue;
            }
            if self.folders.len() >= MAX_WATCHED {
                self.shortage = Some(format!("there are more than {MAX_WATCHED} folders"));
                break;
            }
            match inner.watch(&folder, RecursiveMode::NonRecursive) {
                Ok(()) => {
                    self.folders.insert(folder);
                    is_more = true;
                }
                // Whatever took it away is seen where it was.
                Err(error) if matches!(error.kind, notify::ErrorKind::PathNotFound) => {}
                Err(error) => self.shortage = Some(format!("{}: {error}", folder.display())),
            }
        }
        is_more
    }

    /// Whether this folder is watched.
    pub(super) fn watches(&self, folder: &Path) -> bool {
        self.folders.contains(folder)
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
