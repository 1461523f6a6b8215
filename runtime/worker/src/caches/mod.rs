//! The caches of an app: what `caches` and `Cache` keep, <https://w3c.github.io/ServiceWorker/#cache-objects>.
//!
//! They are in memory, an app's own, and shared by its instances, so that they outlive each of them. What they hold has a budget; where
//! that is used up, what has not been used for longest goes. (No crate for caches knows what a cache of the standard is: responses in
//! the order in which they were put, found by URLs with or without a query, and by the requests that they vary by.)

mod entry;
mod freshness;
#[cfg(any(test, fuzzing))]
pub(crate) mod fuzzing;
mod store;
#[cfg(test)]
mod tests;
mod vary;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

pub use entry::{CacheEntry, CachedResponse};
use store::{DEFAULT, Store};
pub use vary::{LazyFields, SortedFields, TooVaried};

/// What the caches of all apps of a process hold, and may hold.
#[derive(Debug)]
pub struct CacheMemory {
    most: usize,
    held: AtomicUsize,
}

impl CacheMemory {
    /// So many bytes at most.
    pub fn new(most: usize) -> Self {
        Self {
            most,
            held: AtomicUsize::new(0),
        }
    }

    /// How many bytes there are in all caches.
    pub fn held(&self) -> usize {
        self.held.load(Ordering::Relaxed)
    }

    /// How much who holds so much may have in all: half of what others leave, so that the next one gets something, too.
    fn part(&self, own: usize) -> usize {
        self.most
            .saturating_sub(self.held().saturating_sub(own))
            .div_ceil(2)
    }

    fn change(&self, before: usize, after: usize) {
        if after >= before {
            self.held.fetch_add(after - before, Ordering::Relaxed);
        } else {
            self.held.fetch_sub(before - after, Ordering::Relaxed);
        }
    }
}

impl Default for CacheMemory {
    fn default() -> Self {
        Self::new(usize::MAX)
    }
}

/// The caches of one app.
#[derive(Debug)]
pub struct Caches {
    // Of the app's instances alone: nobody else waits for it.
    store: Mutex<Store>,
    budget: AtomicUsize,
    memory: Arc<CacheMemory>,
}

/// Which responses of a cache are meant.
pub struct CacheQuery<'q> {
    /// The request's URL, without its fragment.
    pub url: &'q str,
    /// The request's fields.
    pub fields: LazyFields<'q>,
    /// Whether the queries of URLs may differ.
    pub ignore_search: bool,
    /// Whether the fields may differ that a response varies by.
    pub ignore_vary: bool,
}

/// Why nothing was put into a cache.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CacheError {
    /// It takes so many bytes, and there may be so many in all.
    TooLarge(usize, usize),
    /// Two of the responses are for the same request.
    Duplicate,
}

impl Default for Caches {
    /// The budget that apps have where nobody says otherwise, and no others beside.
    fn default() -> Self {
        Self::new(Self::DEFAULT_BUDGET, Arc::default())
    }
}

impl Caches {
    /// In bytes.
    pub const DEFAULT_BUDGET: usize = 16 << 20;

    /// No caches yet, which may hold so many bytes, if those of all apps leave them.
    pub fn new(budget: usize, memory: Arc<CacheMemory>) -> Self {
        Self {
            store: Mutex::default(),
            budget: AtomicUsize::new(budget),
            memory,
        }
    }

    /// How many bytes they may hold from now on.
    pub fn set_budget(&self, bytes: usize) {
        self.budget.store(bytes, Ordering::Relaxed);
    }

    /// How many bytes they hold.
    pub fn held(&self) -> usize {
        self.lock().held()
    }

    /// The cache that is there without a name.
    pub fn default_cache(self: &Arc<Self>) -> CacheHandle {
        self.lock().retain(DEFAULT);
        CacheHandle {
            caches: self.clone(),
            cache: DEFAULT,
        }
    }

    /// The cache of this name; it is made if it is not there.
    ///
    /// # Errors
    /// There is no room for one more.
    pub fn open(self: &Arc<Self>, name: &[u16]) -> Result<CacheHandle, CacheError> {
        let cache = self.change(|store, most| -> Result<u64, CacheError> {
            let cache = store.open(name, most)?;
            store.retain(cache);
            Ok(cache)
        })?;
        let caches = self.clone();
        Ok(CacheHandle { caches, cache })
    }

    /// Whether there is a cache of this name.
    pub fn has(&self, name: &[u16]) -> bool {
        self.lock().find(name).is_some()
    }

    /// Forgets the cache of this name. Who has it open may use it still. Whether there was one.
    pub fn delete(&self, name: &[u16]) -> bool {
        self.change(|store, _| store.delete(name))
    }

    /// The names, in the order in which the caches were made.
    pub fn names(&self) -> Vec<Arc<[u16]>> {
        self.lock().names()
    }

    /// The first response that is meant, of the cache of this name or of all that have one.
    pub fn first_match(
        &self,
        name: Option<&[u16]>,
        query: &CacheQuery<'_>,
    ) -> Option<Arc<CacheEntry>> {
        let now = Instant::now();
        self.change(|store, _| match name {
            Some(name) => store.first(store.find(name)?, query, now),
            None => store
                .named()
                .into_iter()
                .find_map(|cache| store.first(cache, query, now)),
        })
    }

    /// Does something with the store, and has the process know how much that holds then. The second argument is how much it may.
    fn change<R>(&self, change: impl FnOnce(&mut Store, usize) -> R) -> R {
        let mut store = self.lock();
        let before = store.held();
        let most = self.budget.load(Ordering::Relaxed);
        let result = change(&mut store, most.min(self.memory.part(before)));
        self.memory.change(before, store.held());
        result
    }

    fn lock(&self) -> MutexGuard<'_, Store> {
        self.store.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Caches {
    fn drop(&mut self) {
        let held = self.lock().held();
        self.memory.change(held, 0);
    }
}

/// One cache, which is there as long as somebody has it, also if its name is forgotten.
#[derive(Debug)]
pub struct CacheHandle {
    caches: Arc<Caches>,
    cache: u64,
}

impl CacheHandle {
    /// The first response that is meant.
    pub fn first(&self, query: &CacheQuery<'_>) -> Option<Arc<CacheEntry>> {
        let now = Instant::now();
        self.caches
            .change(|store, _| store.first(self.cache, query, now))
    }

    /// All responses, or those that are meant, in the order in which they were put.
    pub fn all(&self, query: Option<&CacheQuery<'_>>) -> Vec<Arc<CacheEntry>> {
        let now = Instant::now();
        self.caches
            .change(|store, _| store.all(self.cache, query, now))
    }

    /// Puts responses into the cache, all or none, in the places of those for the same requests. What may not be kept is not.
    ///
    /// # Errors
    /// One does not fit, or two exclude each other.
    pub fn put(&self, entries: Vec<CacheEntry>) -> Result<(), CacheError> {
        let now = Instant::now();
        self.caches
            .change(|store, most| store.put(self.cache, entries, most, now))
    }

    /// Takes those out that are meant. Whether there was one.
    pub fn delete(&self, query: &CacheQuery<'_>) -> bool {
        let now = Instant::now();
        self.caches
            .change(|store, _| store.delete_entries(self.cache, query, now))
    }
}

impl Drop for CacheHandle {
    fn drop(&mut self) {
        self.caches.change(|store, _| store.release(self.cache));
    }
}
