//! How many of some places each of several holders has: clients of an app, apps that call it, or whose spans wait for a collector.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// So many one may have that is to leave as much to others, however few are left.
pub(crate) const LEAST_SHARE: usize = 16;

/// See the [module](self).
#[derive(Debug)]
pub(crate) struct Places<K>(Mutex<Taken<K>>);

#[derive(Debug)]
struct Taken<K> {
    by_holder: HashMap<K, usize>,
    all: usize,
}

/// One of them. Dropping it gives it back.
#[derive(Debug)]
pub(crate) struct Place<K: Eq + Hash> {
    places: Arc<Places<K>>,
    holder: K,
}

impl<K: Clone + Eq + Hash> Places<K> {
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self(Mutex::new(Taken {
            by_holder: HashMap::new(),
            all: 0,
        })))
    }

    /// One more for a holder, if it may have it who has so many, of so many in all.
    ///
    /// # Errors
    /// It may not; how many it has.
    pub(crate) fn take(
        self: &Arc<Self>,
        holder: &K,
        may: impl FnOnce(usize, usize) -> bool,
    ) -> Result<Place<K>, usize> {
        let mut taken = self.lock();
        let count = taken.by_holder.get(holder).copied().unwrap_or_default();
        if !may(count, taken.all) {
            return Err(count);
        }
        taken.by_holder.insert(holder.clone(), count + 1);
        taken.all += 1;
        Ok(Place {
            places: self.clone(),
            holder: holder.clone(),
        })
    }

    /// One more for a holder, of so many that there are at most, if it leaves as many to others then, or has few.
    ///
    /// # Errors
    /// It may not; how many it has.
    pub(crate) fn share(self: &Arc<Self>, holder: &K, most: usize) -> Result<Place<K>, usize> {
        self.take(holder, |count, all| {
            let left = most.saturating_sub(all);
            left > 0 && count < left.max(LEAST_SHARE)
        })
    }
}

impl<K: Eq + Hash> Places<K> {
    fn lock(&self) -> MutexGuard<'_, Taken<K>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How many have any.
    #[cfg(test)]
    pub(crate) fn holders(&self) -> usize {
        self.lock().by_holder.len()
    }
}

impl<K: Eq + Hash> Place<K> {
    /// Whose it is.
    pub(crate) fn holder(&self) -> &K {
        &self.holder
    }
}

impl<K: Eq + Hash> Drop for Place<K> {
    fn drop(&mut self) {
        let mut taken = self.places.lock();
        taken.all -= 1;
        if let Some(count) = taken.by_holder.get_mut(&self.holder) {
            *count -= 1;
            if *count == 0 {
                taken.by_holder.remove(&self.holder);
            }
        }
    }
}
