//! What was transpiled last: an app's next instance starts with the same texts.

use std::collections::VecDeque;
use std::hash::{BuildHasher as _, RandomState};
use std::sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError};

use nano_engine::process_memory;
use nano_engine::transpiler::Transpiled;

use crate::helper::Question;

/// Bytes that are kept at most.
const MAX_BYTES: usize = 16 << 20;

/// Names a question: two hashes whose keys are this process's secret, so that no app can make its text pass for another one's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Key([u64; 2]);

static KEYS: LazyLock<[RandomState; 2]> = LazyLock::new(Default::default);

impl Key {
    pub(crate) fn of(question: &Question) -> Self {
        Self([0, 1].map(|index| KEYS[index].hash_one(question)))
    }
}

/// The texts, the last one in front. They are copied without the lock: an app's thread may have to wait for memory, and others must not
/// wait for it.
#[derive(Debug)]
pub(crate) struct Cache(Mutex<VecDeque<(Key, Arc<Transpiled>)>>);

fn size(transpiled: &Transpiled) -> usize {
    transpiled.code.len() + transpiled.map.len()
}

impl Cache {
    pub(crate) const fn new() -> Self {
        Self(Mutex::new(VecDeque::new()))
    }

    fn lock(&self) -> MutexGuard<'_, VecDeque<(Key, Arc<Transpiled>)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn get(&self, key: Key) -> Option<Transpiled> {
        let mut all = self.lock();
        let index = all.iter().position(|(known, _)| *known == key)?;
        let found = all.remove(index)?;
        let transpiled = found.1.clone();
        all.push_front(found);
        drop(all);
        Some(Transpiled::clone(&transpiled))
    }

    pub(crate) fn put(&self, key: Key, transpiled: &Transpiled) {
        // One that leaves no room for others is not kept.
        if size(transpiled) > MAX_BYTES / 4 || process_memory::was_short() {
            return;
        }
        let transpiled = Arc::new(transpiled.clone());
        let mut all = self.lock();
        all.push_front((key, transpiled));
        let mut bytes: usize = all.iter().map(|(_, transpiled)| size(transpiled)).sum();
        while bytes > MAX_BYTES
            && let Some((_, oldest)) = all.pop_back()
        {
            bytes -= size(&oldest);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::paths::Language;
    use crate::tsconfig;
    use std::borrow::Cow;

    fn key(path: &str, text: &str, config: &str) -> Key {
        let read = |path: &str| (path == "app:///tsconfig.json").then(|| config.to_owned());
        let options = tsconfig::nearest(path, &read).unwrap();
        Key::of(&Question {
            path: path.into(),
            text: text.into(),
            language: Language::TypeScript,
            options: Cow::Owned(options),
        })
    }

    fn transpiled(length: usize) -> Transpiled {
        Transpiled {
            code: "x".repeat(length),
            map: String::new(),
        }
    }

    #[test]
    fn the_same_question_has_the_same_answer() {
        let cache = Cache::new();
        let one = key("app:///a.ts", "a", "{}");
        cache.put(one, &transpiled(1));
        assert_eq!(
            cache.get(key("app:///a.ts", "a", "{}")),
            Some(transpiled(1))
        );
        let factory = r#"{ "compilerOptions": { "jsxFactory": "h" } }"#;
        for other in [
            key("app:///b.ts", "a", "{}"),
            key("app:///a.ts", "b", "{}"),
            key("app:///a.ts", "a", factory),
        ] {
            assert_eq!(cache.get(other), None);
        }
    }

    #[test]
    fn what_was_used_last_is_kept() {
        let cache = Cache::new();
        let keys: Vec<_> = (0..20)
            .map(|n| key("app:///a.ts", &n.to_string(), "{}"))
            .collect();
        for key in &keys {
            cache.put(*key, &transpiled(1 << 20));
            assert!(cache.get(keys[0]).is_some());
        }
        let kept = keys.iter().filter(|key| cache.get(**key).is_some()).count();
        assert_eq!(kept, 16);
        assert!(cache.get(keys[1]).is_none() && cache.get(keys[0]).is_some());
        let large = key("app:///large.ts", "", "{}");
        cache.put(large, &transpiled(5 << 20));
        assert_eq!(cache.get(large), None);
    }
}
