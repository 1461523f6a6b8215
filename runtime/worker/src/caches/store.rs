//! What is in an app's caches.

use std::cell::LazyCell;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Instant;

use super::entry::CacheEntry;
use super::{CacheError, CacheQuery};

/// The cache without a name.
pub(super) const DEFAULT: u64 = 0;

/// What a cache with a name takes beside that.
const CACHE_OVERHEAD: usize = 512;

#[derive(Debug, Default)]
pub(super) struct Store {
    /// Bytes in all caches.
    held: usize,
    /// In the order in which they were made.
    names: Vec<(Arc<[u16]>, u64)>,
    caches: BTreeMap<u64, Contents>,
    last_cache: u64,
    last_entry: u64,
    /// Counts uses.
    clock: u64,
    /// Where what was used last at a time is: the cache, and the entry in it.
    uses: BTreeMap<u64, (u64, u64)>,
}

#[derive(Debug, Default)]
struct Contents {
    /// In the order in which they were put.
    entries: BTreeMap<u64, Slot>,
    /// The entries for a URL, which stands beside those that differ in their query alone.
    by_url: BTreeMap<Arc<str>, Vec<u64>>,
    /// How many have it open.
    handles: usize,
    is_forgotten: bool,
    /// Bytes of its name.
    own_size: usize,
}

#[derive(Debug)]
struct Slot {
    entry: Arc<CacheEntry>,
    used: u64,
}

impl Store {
    pub(super) fn held(&self) -> usize {
        self.held
    }

    pub(super) fn find(&self, name: &[u16]) -> Option<u64> {
        let known = self.names.iter().find(|(known, _)| **known == *name);
        known.map(|(_, cache)| *cache)
    }

    pub(super) fn names(&self) -> Vec<Arc<[u16]>> {
        self.names.iter().map(|(name, _)| name.clone()).collect()
    }

    /// The caches that have a name.
    pub(super) fn named(&self) -> Vec<u64> {
        self.names.iter().map(|(_, cache)| *cache).collect()
    }

    pub(super) fn open(&mut self, name: &[u16], most: usize) -> Result<u64, CacheError> {
        if let Some(cache) = self.find(name) {
            return Ok(cache);
        }
        let size = size_of_val(name) + CACHE_OVERHEAD;
        // Names are not forgotten to make room, so they must not take it all.
        let names: usize = self.caches.values().map(|cache| cache.own_size).sum();
        if names + size > most / 4 {
            return Err(CacheError::TooLarge(names + size, most / 4));
        }
        self.last_cache += 1;
        let contents = Contents {
            own_size: size,
            ..Contents::default()
        };
        self.names.push((name.into(), self.last_cache));
        self.caches.insert(self.last_cache, contents);
        self.held += size;
        self.make_room(most);
        Ok(self.last_cache)
    }

    pub(super) fn delete(&mut self, name: &[u16]) -> bool {
        let Some(cache) = self.find(name) else {
            return false;
        };
        self.names.retain(|(_, known)| *known != cache);
        if let Some(contents) = self.caches.get_mut(&cache) {
            contents.is_forgotten = true;
        }
        self.end_unless_open(cache);
        true
    }

    pub(super) fn retain(&mut self, cache: u64) {
        self.caches.entry(cache).or_default().handles += 1;
    }

    pub(super) fn release(&mut self, cache: u64) {
        if let Some(contents) = self.caches.get_mut(&cache) {
            contents.handles -= 1;
        }
        self.end_unless_open(cache);
    }

    fn end_unless_open(&mut self, cache: u64) {
        let contents = self.caches.get(&cache);
        if !contents.is_some_and(|contents| contents.is_forgotten && contents.handles == 0) {
            return;
        }
        if let Some(contents) = self.caches.remove(&cache) {
            self.held -= contents.own_size;
            for slot in contents.entries.values() {
                self.held -= slot.entry.size();
                self.uses.remove(&slot.used);
            }
        }
    }

    pub(super) fn first(
        &mut self,
        cache: u64,
        query: &CacheQuery<'_>,
        now: Instant,
    ) -> Option<Arc<CacheEntry>> {
        let found = self.ids(cache, Some(query), now).first().copied()?;
        self.use_now(cache, found)
    }

    pub(super) fn all(
        &mut self,
        cache: u64,
        query: Option<&CacheQuery<'_>>,
        now: Instant,
    ) -> Vec<Arc<CacheEntry>> {
        let found = self.ids(cache, query, now);
        found
            .into_iter()
            .filter_map(|id| self.use_now(cache, id))
            .collect()
    }

    pub(super) fn delete_entries(
        &mut self,
        cache: u64,
        query: &CacheQuery<'_>,
        now: Instant,
    ) -> bool {
        let found = self.ids(cache, Some(query), now);
        found.iter().for_each(|id| self.remove(cache, *id));
        !found.is_empty()
    }

    /// <https://w3c.github.io/ServiceWorker/#batch-cache-operations-algorithm>, of puts.
    pub(super) fn put(
        &mut self,
        cache: u64,
        entries: Vec<CacheEntry>,
        most: usize,
        now: Instant,
    ) -> Result<(), CacheError> {
        let sizes = entries.iter().map(CacheEntry::size);
        if let Some(size) = sizes.max().filter(|size| *size > most) {
            return Err(CacheError::TooLarge(size, most));
        }
        if are_like(&entries) {
            return Err(CacheError::Duplicate);
        }
        for entry in entries {
            for id in self.answering(cache, &entry) {
                self.remove(cache, id);
            }
            if entry.is_kept && entry.is_fresh(now) {
                self.insert(cache, entry);
                self.make_room(most);
            }
        }
        Ok(())
    }

    fn insert(&mut self, cache: u64, entry: CacheEntry) {
        let Some(contents) = self.caches.get_mut(&cache) else {
            return;
        };
        self.last_entry += 1;
        self.clock += 1;
        self.held += entry.size();
        self.uses.insert(self.clock, (cache, self.last_entry));
        let of_url = contents.by_url.entry(entry.key.clone()).or_default();
        of_url.push(self.last_entry);
        let slot = Slot {
            entry: Arc::new(entry),
            used: self.clock,
        };
        contents.entries.insert(self.last_entry, slot);
    }

    fn remove(&mut self, cache: u64, id: u64) {
        let Some(contents) = self.caches.get_mut(&cache) else {
            return;
        };
        let Some(slot) = contents.entries.remove(&id) else {
            return;
        };
        self.uses.remove(&slot.used);
        self.held -= slot.entry.size();
        if let Some(of_url) = contents.by_url.get_mut(&slot.entry.key) {
            of_url.retain(|known| *known != id);
            if of_url.is_empty() {
                contents.by_url.remove(&slot.entry.key);
            }
        }
    }

    /// What has not been used for longest goes, until no more is held.
    fn make_room(&mut self, most: usize) {
        while self.held > most
            && let Some((_, (cache, id))) = self.uses.pop_first()
        {
            self.remove(cache, id);
        }
    }

    fn use_now(&mut self, cache: u64, id: u64) -> Option<Arc<CacheEntry>> {
        let slot = self.caches.get_mut(&cache)?.entries.get_mut(&id)?;
        self.uses.remove(&slot.used);
        self.clock += 1;
        slot.used = self.clock;
        self.uses.insert(self.clock, (cache, id));
        Some(slot.entry.clone())
    }

    /// The entries for the request of another one.
    fn answering(&self, cache: u64, entry: &CacheEntry) -> Vec<u64> {
        let Some(contents) = self.caches.get(&cache) else {
            return Vec::new();
        };
        let of_url = contents.by_url.get(&entry.key).into_iter().flatten();
        let fields = LazyCell::new(|| entry.fields.sorted());
        let is_answer = |id: &&u64| {
            let slot = contents.entries.get(*id);
            slot.is_some_and(|slot| slot.entry.answers(&fields))
        };
        of_url.filter(is_answer).copied().collect()
    }

    /// The entries that are meant, in their order. Those that have expired go.
    fn ids(&mut self, cache: u64, query: Option<&CacheQuery<'_>>, now: Instant) -> Vec<u64> {
        let Some(contents) = self.caches.get(&cache) else {
            return Vec::new();
        };
        let mut found = contents.of_urls(query);
        let mut expired = Vec::new();
        found.retain(|id| {
            let Some(Slot { entry, .. }) = contents.entries.get(id) else {
                return false;
            };
            if !entry.is_fresh(now) {
                expired.push(*id);
                return false;
            }
            query.is_none_or(|query| query.ignore_vary || entry.answers(&query.fields))
        });
        expired.iter().for_each(|id| self.remove(cache, *id));
        found
    }
}

/// Whether one of some entries answers another one's request.
fn are_like(entries: &[CacheEntry]) -> bool {
    let mut of_url: HashMap<&str, Vec<(&CacheEntry, _)>> = HashMap::new();
    entries.iter().any(|entry| {
        let others = of_url.entry(&entry.key).or_default();
        let fields = LazyCell::new(move || entry.fields.sorted());
        let mut before = others.iter();
        let is_like = before.any(|(other, theirs)| other.answers(&fields) || entry.answers(theirs));
        others.push((entry, fields));
        is_like
    })
}

impl Contents {
    /// The entries whose URLs fit, in their order.
    fn of_urls(&self, query: Option<&CacheQuery<'_>>) -> Vec<u64> {
        let Some(query) = query else {
            return self.entries.keys().copied().collect();
        };
        if !query.ignore_search {
            return self.by_url.get(query.url).cloned().unwrap_or_default();
        }
        let path = query.url.split('?').next().unwrap_or_default();
        let without = self.by_url.get(path).into_iter().flatten();
        let queries: Arc<str> = format!("{path}?").into();
        let with = self.by_url.range(queries.clone()..);
        let with = with.take_while(|(url, _)| url.starts_with(&*queries));
        let mut ids: Vec<u64> = without
            .chain(with.flat_map(|(_, ids)| ids))
            .copied()
            .collect();
        ids.sort_unstable();
        ids
    }
}
