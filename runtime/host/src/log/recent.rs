//! An app's last lines, for those who look at them by the admin API.

use std::collections::{HashMap, VecDeque};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError, Weak};

use tokio::sync::watch;

/// How many lines of an app are kept, and how many bytes they may have.
const MAX_LINES: usize = 500;
const MAX_BYTES: usize = 64 << 10;

/// Whether anybody may ask: there is an admin API. Without one, nothing is kept.
static IS_KEPT: AtomicBool = AtomicBool::new(false);

/// From now on, the last lines of apps are kept.
pub(crate) fn keep() {
    IS_KEPT.store(true, Ordering::Relaxed);
}

/// Those of all apps by name: what the host itself says of an app has its name only.
static ALL: LazyLock<Mutex<HashMap<Arc<str>, Weak<Recent>>>> = LazyLock::new(Mutex::default);

fn all() -> MutexGuard<'static, HashMap<Arc<str>, Weak<Recent>>> {
    ALL.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The last lines of the app of this name, if there is such an app.
pub(super) fn of(app: &str) -> Option<Arc<Recent>> {
    all().get(app)?.upgrade()
}

/// The last lines of an app, each a JSON text with a line break.
#[derive(Debug)]
pub(crate) struct Recent {
    lines: Mutex<Lines>,
    /// How many there have been; for those who wait for the next one.
    count: watch::Sender<u64>,
}

#[derive(Debug, Default)]
struct Lines {
    kept: VecDeque<Arc<str>>,
    bytes: usize,
    /// How many there have been.
    count: u64,
}

/// What has come since a time.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct News {
    pub(crate) lines: Vec<Arc<str>>,
    /// Lines that are not kept any more.
    pub(crate) missed: u64,
    /// How many lines there have been; what comes then is news again.
    pub(crate) count: u64,
}

impl Default for Recent {
    fn default() -> Self {
        Self {
            lines: Mutex::default(),
            count: watch::Sender::new(0),
        }
    }
}

impl Recent {
    /// Those of an app that is new.
    pub(super) fn new(app: Arc<str>) -> Arc<Self> {
        let recent = Arc::<Self>::default();
        all().insert(app, Arc::downgrade(&recent));
        recent
    }

    /// The app is no more.
    pub(super) fn forget(app: &str, own: &Arc<Self>) {
        let mut all = all();
        let is_own = |known: &Weak<Self>| std::ptr::eq(known.as_ptr(), Arc::as_ptr(own));
        if all.get(app).is_some_and(is_own) {
            all.remove(app);
        }
    }

    /// Whether lines are kept.
    pub(super) fn is_kept() -> bool {
        IS_KEPT.load(Ordering::Relaxed)
    }

    /// Keeps a line, in the place of the oldest ones.
    pub(super) fn add(&self, line: &str) {
        let mut lines = self.lock();
        lines.kept.push_back(line.into());
        lines.bytes += line.len();
        lines.count += 1;
        // The newest one is kept, however long.
        while lines.kept.len() > MAX_LINES || (lines.bytes > MAX_BYTES && lines.kept.len() > 1) {
            let oldest = lines.kept.pop_front();
            lines.bytes -= oldest.map_or(0, |line| line.len());
        }
        let count = lines.count;
        drop(lines);
        self.count.send_replace(count);
    }

    /// What has come since there were so many lines.
    pub(crate) fn since(&self, count: u64) -> News {
        let lines = self.lock();
        let kept = lines.kept.len();
        let new = lines.count.saturating_sub(count);
        let shown = usize::try_from(new).map_or(kept, |new| new.min(kept));
        News {
            lines: lines.kept.iter().skip(kept - shown).cloned().collect(),
            missed: new - shown as u64,
            count: lines.count,
        }
    }

    /// The last lines, no more than so many.
    pub(crate) fn last(&self, most: usize) -> News {
        let lines = self.lock();
        let skipped = lines.kept.len().saturating_sub(most);
        News {
            lines: lines.kept.iter().skip(skipped).cloned().collect(),
            missed: 0,
            count: lines.count,
        }
    }

    /// Tells of each new line.
    pub(crate) fn watch(&self) -> watch::Receiver<u64> {
        self.count.subscribe()
    }

    fn lock(&self) -> MutexGuard<'_, Lines> {
        // Nothing that can panic leaves it half changed.
        self.lines.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(news: &News) -> String {
        news.lines.concat()
    }

    #[test]
    fn the_last_lines_are_kept() {
        let recent = Recent::default();
        for index in 0..MAX_LINES + 10 {
            recent.add(&format!("{index}\n"));
        }
        let last = recent.last(3);
        assert_eq!(text(&last), "507\n508\n509\n");
        recent.add("a\n");
        recent.add("b\n");
        let news = recent.since(last.count);
        assert_eq!((text(&news), news.missed), ("a\nb\n".to_owned(), 0));
        assert_eq!(text(&recent.since(news.count)), "");
        let all = recent.since(0);
        assert_eq!((all.lines.len(), all.missed), (MAX_LINES, 12));
        assert_eq!(recent.last(usize::MAX).lines.len(), MAX_LINES);
    }

    #[test]
    fn an_app_is_found_by_its_name_as_long_as_it_is_there() {
        let first = Recent::new("recent of a name".into());
        let found = || of("recent of a name");
        assert!(found().is_some_and(|found| Arc::ptr_eq(&found, &first)));
        let second = Recent::new("recent of a name".into());
        Recent::forget("recent of a name", &first);
        assert!(found().is_some_and(|found| Arc::ptr_eq(&found, &second)));
        Recent::forget("recent of a name", &second);
        assert!(found().is_none());
    }

    #[test]
    fn long_lines_take_the_place_of_many() {
        let recent = Recent::default();
        for _ in 0..10 {
            recent.add(&"x".repeat(MAX_BYTES / 4));
        }
        assert_eq!(recent.last(100).lines.len(), 4);
        recent.add(&"y".repeat(MAX_BYTES * 2));
        assert_eq!(recent.last(100).lines.len(), 1);
        assert_eq!(recent.lock().bytes, MAX_BYTES * 2);
    }

    #[tokio::test]
    async fn whoever_waits_is_told() {
        let recent = Arc::new(Recent::default());
        let mut watch = recent.watch();
        let (told, ()) = tokio::join!(watch.changed(), async { recent.add("a\n") });
        assert!(told.is_ok());
    }
}
