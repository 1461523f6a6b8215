//! Compiled code of modules, kept for the next isolate that loads the same source.
//!
//! In memory only, and made by this process only: V8 trusts a cache like code. The key is the whole source text, because
//! V8 itself compares nothing but its length.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock, Mutex, MutexGuard};

/// The most bytes of sources and caches together.
const CAPACITY: usize = 64 << 20;

#[derive(Default)]
struct Cache {
    entries: HashMap<Arc<str>, Entry>,
    bytes: usize,
    clock: u64,
}

struct Entry {
    code: Arc<[u8]>,
    last_use: u64,
}

static CACHE: LazyLock<Mutex<Cache>> = LazyLock::new(Mutex::default);

fn lock() -> MutexGuard<'static, Cache> {
    CACHE.lock().unwrap_or_else(|e| e.into_inner())
}

/// The compiled code of a module's source.
pub(crate) fn get(source: &str) -> Option<Arc<[u8]>> {
    let mut cache = lock();
    cache.clock += 1;
    let clock = cache.clock;
    let entry = cache.entries.get_mut(source)?;
    entry.last_use = clock;
    Some(entry.code.clone())
}

/// Keeps compiled code. What was used the longest time ago makes room for it.
pub(crate) fn put(source: Arc<str>, code: &[u8]) {
    let size = source.len() + code.len();
    if size > CAPACITY / 4 {
        return;
    }
    let code = Arc::from(code);
    let mut cache = lock();
    if cache.entries.try_reserve(1).is_err() {
        return; // A thread that gets no memory stops, and must not keep the lock; see `crate::quarantine`.
    }
    cache.clock += 1;
    let entry = Entry {
        code,
        last_use: cache.clock,
    };
    cache.remove(&source);
    while cache.bytes + size > CAPACITY {
        let oldest = cache
            .entries
            .iter()
            .min_by_key(|(_, entry)| entry.last_use)
            .map(|(key, _)| key.clone());
        match oldest {
            Some(key) => cache.remove(&key),
            None => break,
        }
    }
    cache.bytes += size;
    cache.entries.insert(source, entry);
}

/// Forgets code that V8 rejected.
pub(crate) fn forget(source: &str) {
    lock().remove(source);
}

impl Cache {
    fn remove(&mut self, source: &str) {
        if let Some((key, entry)) = self.entries.remove_entry(source) {
            self.bytes -= key.len() + entry.code.len();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_bytes_and_compares_whole_sources() {
        put("let unit_test = 1".into(), b"one");
        assert_eq!(get("let unit_test = 1").as_deref(), Some(&b"one"[..]));
        assert!(
            get("let unit_test = 2").is_none(),
            "same length, another source"
        );
        let before = lock().bytes;
        put("let unit_test = 1".into(), b"longer");
        assert_eq!(lock().bytes, before + 3);
        forget("let unit_test = 1");
        assert!(get("let unit_test = 1").is_none());
    }

    #[test]
    fn refuses_what_would_push_everything_else_out() {
        let source: Arc<str> = "x".repeat(CAPACITY / 4 + 1).into();
        put(source.clone(), b"code");
        assert!(get(&source).is_none());
    }
}
