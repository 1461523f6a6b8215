//! Compiled code of modules, kept for the next isolate of the same app that loads the same source.
//!
//! In memory only, and made by this process only: V8 trusts a cache like code. What is found is compared with the whole source text,
//! because V8 itself compares nothing but its length. Each app has a share of its own, which says nothing to others about
//! what it has loaded, and cannot push theirs out while they are in use.
//!
//! Nothing is hashed, compared, copied or freed with the lock held, as sources may be large, and all apps' threads take it.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::sync::{Arc, LazyLock, Mutex, MutexGuard};

/// The most bytes of sources and caches together, of all apps.
const CAPACITY: usize = 64 << 20;
/// The most bytes of one generation of an app's share, unless a single entry has more.
const GENERATION: usize = CAPACITY / 8;
/// The most bytes of an entry.
const LARGEST: usize = CAPACITY / 4;

#[derive(Default)]
struct Cache {
    shares: HashMap<Arc<str>, Share>,
    bytes: usize,
    clock: u64,
}

/// What one app has: what was used lately, and what was used before. When the younger generation is full, it becomes the older one.
/// So what is not used goes, without anybody looking for it.
#[derive(Default)]
struct Share {
    young: Generation,
    old: Generation,
    last_use: u64,
}

/// Entries by the hashes of their sources.
#[derive(Default)]
struct Generation {
    entries: HashMap<u64, Entry>,
    bytes: usize,
}

#[derive(Clone)]
struct Entry {
    source: Arc<str>,
    code: Arc<[u8]>,
}

impl Entry {
    fn size(&self) -> usize {
        self.source.len() + self.code.len()
    }
}

static CACHE: LazyLock<Mutex<Cache>> = LazyLock::new(Mutex::default);
static HASHER: LazyLock<RandomState> = LazyLock::new(RandomState::new);

fn lock() -> MutexGuard<'static, Cache> {
    CACHE.lock().unwrap_or_else(|e| e.into_inner())
}

/// The compiled code of a module's source, if the app has loaded it before.
pub(crate) fn get(app: &str, source: &str) -> Option<Arc<[u8]>> {
    let hash = HASHER.hash_one(source);
    let found = lock().find(app, hash)?;
    // Also of one that another source has replaced: the comparison decides.
    (*found.source == *source).then_some(found.code)
}

/// Keeps compiled code for an app.
pub(crate) fn put(app: &str, source: Arc<str>, code: &[u8]) {
    let entry = Entry {
        source,
        code: Arc::from(code),
    };
    if entry.size() > LARGEST {
        return;
    }
    let hash = HASHER.hash_one(&*entry.source);
    let app = Arc::from(app);
    let dropped = lock().insert(app, hash, entry);
    drop(dropped);
}

/// Forgets code that V8 rejected.
pub(crate) fn forget(app: &str, source: &str) {
    let hash = HASHER.hash_one(source);
    let dropped = lock().remove(app, hash);
    drop(dropped);
}

/// What has left the cache, to be freed when nobody waits.
#[derive(Default)]
struct Dropped {
    _entries: [Option<Entry>; 2],
    _generation: Generation,
    _shares: [Option<Share>; CAPACITY / GENERATION],
}

impl Cache {
    /// The app's entry, which is used by that.
    fn find(&mut self, app: &str, hash: u64) -> Option<Entry> {
        self.clock += 1;
        let share = self.shares.get_mut(app)?;
        share.last_use = self.clock;
        if let Some(entry) = share.young.entries.get(&hash) {
            return Some(entry.clone());
        }
        // A thread that gets no memory stops, and must not keep the lock; see `crate::containment`.
        if share.young.entries.try_reserve(1).is_err() {
            return None;
        }
        let entry = share.old.remove(hash)?;
        share.young.insert(hash, entry.clone());
        Some(entry)
    }

    fn insert(&mut self, app: Arc<str>, hash: u64, entry: Entry) -> Dropped {
        let mut dropped = Dropped {
            _entries: self.remove(&app, hash),
            ..Dropped::default()
        };
        self.clock += 1;
        if self.shares.try_reserve(1).is_err() {
            return dropped;
        }
        let size = entry.size();
        let share = self.shares.entry(app).or_default();
        share.last_use = self.clock;
        if share.young.bytes + size > GENERATION && share.young.bytes > 0 {
            self.bytes -= share.old.bytes;
            let young = std::mem::take(&mut share.young);
            dropped._generation = std::mem::replace(&mut share.old, young);
        }
        if share.young.entries.try_reserve(1).is_err() {
            return dropped;
        }
        share.young.insert(hash, entry);
        self.bytes += size;
        // One entry is no more than two generations: as many shares are more than enough.
        for place in &mut dropped._shares {
            if self.bytes <= CAPACITY {
                break;
            }
            *place = self.remove_oldest();
        }
        dropped
    }

    fn remove(&mut self, app: &str, hash: u64) -> [Option<Entry>; 2] {
        let Some(share) = self.shares.get_mut(app) else {
            return [None, None];
        };
        let removed = [share.young.remove(hash), share.old.remove(hash)];
        self.bytes -= removed.iter().flatten().map(Entry::size).sum::<usize>();
        removed
    }

    /// Takes the share of the app that has not used its own for the longest time.
    fn remove_oldest(&mut self) -> Option<Share> {
        let shares = self.shares.iter();
        let (oldest, _) = shares.min_by_key(|(_, share)| share.last_use)?;
        let oldest = oldest.clone();
        let share = self.shares.remove(&oldest)?;
        self.bytes -= share.young.bytes + share.old.bytes;
        Some(share)
    }
}

impl Generation {
    /// Puts an entry in that is not there, and for which there is room.
    fn insert(&mut self, hash: u64, entry: Entry) {
        self.bytes += entry.size();
        self.entries.insert(hash, entry);
    }

    fn remove(&mut self, hash: u64) -> Option<Entry> {
        let entry = self.entries.remove(&hash)?;
        self.bytes -= entry.size();
        Some(entry)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The tests of this file fill the cache, so they take turns.
    static TURN: Mutex<()> = Mutex::new(());

    fn turn() -> MutexGuard<'static, ()> {
        TURN.lock().unwrap_or_else(|e| e.into_inner())
    }

    fn source(name: impl std::fmt::Display, size: usize) -> Arc<str> {
        format!("{name}{}", " ".repeat(size)).into()
    }

    #[test]
    fn counts_bytes_and_compares_whole_sources() {
        let _turn = turn();
        put("unit", "let unit_test = 1".into(), b"one");
        let get = |source| get("unit", source);
        assert_eq!(get("let unit_test = 1").as_deref(), Some(&b"one"[..]));
        assert!(
            get("let unit_test = 2").is_none(),
            "same length, another source"
        );
        let before = lock().shares["unit"].young.bytes;
        put("unit", "let unit_test = 1".into(), b"longer");
        assert_eq!(lock().shares["unit"].young.bytes, before + 3);
        forget("unit", "let unit_test = 1");
        assert!(get("let unit_test = 1").is_none());
    }

    #[test]
    fn refuses_what_would_push_everything_else_out() {
        let _turn = turn();
        let large = source("x", LARGEST);
        put("unit", large.clone(), b"code");
        assert!(get("unit", &large).is_none());
    }

    #[test]
    fn an_app_pushes_out_its_own_and_says_nothing_to_others() {
        let _turn = turn();
        let mine = source("mine", 1000);
        put("quiet", mine.clone(), b"code");
        for number in 0..100 {
            put("greedy", source(number, 1 << 20), b"code");
        }
        assert!(get("quiet", &mine).is_some());
        assert!(get("greedy", &mine).is_none(), "another app's");
        assert!(get("greedy", &source(99, 1 << 20)).is_some());
        assert!(get("greedy", &source(0, 1 << 20)).is_none());
        let cache = lock();
        let greedy = &cache.shares["greedy"];
        assert!(greedy.young.bytes + greedy.old.bytes <= 2 * GENERATION);
    }

    #[test]
    fn what_is_used_stays() {
        let _turn = turn();
        let used = source("used", 1000);
        put("steady", used.clone(), b"code");
        for number in 0..100 {
            put("steady", source(number, 1 << 20), b"code");
            assert!(get("steady", &used).is_some(), "after {number}");
        }
    }

    #[test]
    fn all_shares_together_have_a_bound() {
        let _turn = turn();
        for app in 0..20 {
            for number in 0..20 {
                put(&format!("app {app}"), source(number, 1 << 20), b"code");
            }
        }
        let cache = lock();
        let sum: usize = cache
            .shares
            .values()
            .map(|share| share.young.bytes + share.old.bytes)
            .sum();
        assert_eq!(cache.bytes, sum);
        assert!(sum <= CAPACITY);
        assert!(cache.shares.contains_key("app 19"));
        assert!(!cache.shares.contains_key("app 0"));
    }

    #[test]
    fn many_small_entries_cost_no_more_each_than_few() {
        let _turn = turn();
        let time = |count: usize| {
            let began = std::time::Instant::now();
            for number in 0..count {
                put("crumbs", source(number, 300), b"code");
            }
            began.elapsed() / count as u32
        };
        let (few, many) = (time(2_000), time(100_000));
        assert!(
            many < few * 20 + std::time::Duration::from_micros(50),
            "{few:?} {many:?}"
        );
    }
}
