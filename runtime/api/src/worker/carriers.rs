//! Threads that take turns of many apps' instances: as many as there are cores, and two at least, each started when it is needed first.

use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use nano_engine::OpenCarrier;

/// The threads of instances that share one; see [`Isolation::Shared`](nano_worker::Isolation::Shared).
#[derive(Debug, Default)]
pub(crate) struct Carriers {
    threads: Mutex<Vec<Thread>>,
}

#[derive(Debug)]
struct Thread {
    carrier: Arc<OpenCarrier>,
    /// Whose instances are there, by their apps' numbers: one that has several is there several times.
    apps: Vec<Option<u64>>,
}

impl Thread {
    /// How many instances of this app are there.
    fn of(&self, app: u64) -> usize {
        let own = self.apps.iter().filter(|other| **other == Some(app));
        own.count()
    }
}

/// A place on one of the threads, kept for an instance until this is dropped.
#[derive(Debug)]
pub(crate) struct Placement {
    carriers: Arc<Carriers>,
    carrier: Arc<OpenCarrier>,
    /// `None` while it is nobody's yet.
    app: Option<u64>,
}

/// How many threads there are for this: one for each core, and one to go to where another one is held up.
fn most() -> usize {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    cores.max(2)
}

impl Carriers {
    /// A place for an instance, of this app if that is known: on the thread that has the fewest instances of that, and the fewest in all.
    ///
    /// # Errors
    /// The system has no thread for it.
    pub(crate) fn place(self: &Arc<Self>, app: Option<u64>) -> io::Result<Placement> {
        let mut threads = self.lock();
        // One that was lost is told of by its instances, and takes no more.
        threads.retain(|thread| !thread.carrier.is_lost());
        if threads.len() < most() {
            threads.push(Thread {
                carrier: Arc::new(OpenCarrier::start("apps".into())?),
                apps: Vec::new(),
            });
        }
        let crowd = |thread: &&mut Thread| {
            let own = app.map_or(0, |app| thread.of(app));
            (own, thread.apps.len())
        };
        let thread = threads.iter_mut().min_by_key(crowd);
        let Some(thread) = thread else {
            return Err(io::ErrorKind::NotFound.into());
        };
        thread.apps.push(app);
        Ok(Placement {
            carriers: self.clone(),
            carrier: thread.carrier.clone(),
            app,
        })
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Thread>> {
        self.threads.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Placement {
    /// Its thread.
    pub(crate) fn carrier(&self) -> &OpenCarrier {
        &self.carrier
    }

    /// It is this app's from now on.
    pub(crate) fn give_to(mut self, app: u64) -> Placement {
        self.change(Some(app));
        self.app = Some(app);
        self
    }

    /// How many instances of this app its thread has.
    pub(crate) fn beside(&self, app: u64) -> usize {
        let threads = self.carriers.lock();
        let own = threads.iter().find(|thread| self.is_on(thread));
        own.map_or(0, |thread| thread.of(app))
    }

    fn is_on(&self, thread: &Thread) -> bool {
        Arc::ptr_eq(&thread.carrier, &self.carrier)
    }

    /// Has what it stands for there be another app's, or go.
    fn change(&self, next: Option<u64>) {
        let mut threads = self.carriers.lock();
        // A thread that is lost is not there any more.
        let own = threads.iter_mut().find(|thread| self.is_on(thread));
        let Some(thread) = own else { return };
        if let Some(index) = thread.apps.iter().position(|app| *app == self.app) {
            thread.apps.swap_remove(index);
        }
        thread.apps.extend(next.map(Some));
    }
}

impl Drop for Placement {
    fn drop(&mut self) {
        self.change(None);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How many instances each thread has, the fewest first.
    fn counts(carriers: &Carriers) -> Vec<usize> {
        let threads = carriers.lock();
        let mut counts: Vec<_> = threads.iter().map(|thread| thread.apps.len()).collect();
        counts.sort_unstable();
        counts
    }

    #[test]
    fn instances_are_spread_and_those_of_one_app_first_of_all() {
        let carriers = Arc::new(Carriers::default());
        let most = most();
        let place = |app| carriers.place(Some(app)).expect("a thread");
        let first: Vec<_> = (0..most).map(|_| place(1)).collect();
        assert_eq!(counts(&carriers), vec![1; most], "a thread for each");
        let others: Vec<_> = (0..2 * most as u64).map(|app| place(100 + app)).collect();
        assert_eq!(counts(&carriers), vec![3; most]);
        drop(others);
        drop(first);
        assert_eq!(counts(&carriers), vec![0; most], "the threads stay");
    }

    #[test]
    fn a_place_becomes_an_app_s() {
        let carriers = Arc::new(Carriers::default());
        let nobodys = carriers.place(None).expect("a thread");
        assert_eq!(nobodys.beside(7), 0);
        let own = nobodys.give_to(7);
        assert_eq!(own.beside(7), 1);
        assert_eq!(counts(&carriers).iter().sum::<usize>(), 1);
        drop(own);
        assert_eq!(counts(&carriers).iter().sum::<usize>(), 0);
    }
}
