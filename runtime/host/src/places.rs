//! How many of an app's places each of several holders has: clients, or apps that call.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// See the [module](self).
#[derive(Debug)]
pub(crate) struct Places<K>(Mutex<HashMap<K, usize>>);

/// One of them. Dropping it gives it back.
#[derive(Debug)]
pub(crate) struct Place<K: Eq + Hash> {
    places: Arc<Places<K>>,
    holder: K,
}

impl<K: Clone + Eq + Hash> Places<K> {
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self(Mutex::default()))
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
        let mut places = self.lock();
        let count = places.get(holder).copied().unwrap_or_default();
        if !may(count, places.values().sum()) {
            return Err(count);
        }
        places.insert(holder.clone(), count + 1);
        Ok(Place {
            places: self.clone(),
            holder: holder.clone(),
        })
    }
}

impl<K: Eq + Hash> Places<K> {
    fn lock(&self) -> MutexGuard<'_, HashMap<K, usize>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How many have any.
    #[cfg(test)]
    pub(crate) fn holders(&self) -> usize {
        self.lock().len()
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
        let mut places = self.places.lock();
        if let Some(count) = places.get_mut(&self.holder) {
            *count -= 1;
            if *count == 0 {
                places.remove(&self.holder);
            }
        }
    }
}
