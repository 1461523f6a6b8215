//! Telling many tasks to end.
//!
//! A task waits for this as long as it lives, so a look that finds nothing must cost nothing: one load, where the channels
//! and notifications of tokio take a lock for each.

use std::future::Future;
use std::pin::Pin;
use std::sync::PoisonError;
use std::task::{Context, Poll, Waker};

use crate::sync::atomic::{AtomicBool, Ordering};
use crate::sync::{Arc, Mutex, MutexGuard};

/// A switch that is set once.
#[derive(Debug, Clone, Default)]
pub struct Stop(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    stopped: AtomicBool,
    waiting: Mutex<Waiting>,
}

#[derive(Debug, Default)]
struct Waiting {
    /// Empty places are used again: each request takes one.
    wakers: Vec<Option<Waker>>,
    free: Vec<usize>,
}

impl Waiting {
    fn put(&mut self, place: Option<usize>, waker: Waker) -> usize {
        let place = place.or_else(|| self.free.pop());
        // Those who have a place keep it, unless all were woken.
        let place = place.filter(|place| *place < self.wakers.len());
        match place {
            Some(place) => {
                self.wakers[place] = Some(waker);
                place
            }
            None => {
                self.wakers.push(Some(waker));
                self.wakers.len() - 1
            }
        }
    }

    fn remove(&mut self, place: usize) {
        if let Some(waker) = self.wakers.get_mut(place)
            && waker.take().is_some()
        {
            self.free.push(place);
        }
    }

    fn take_all(&mut self) -> Vec<Option<Waker>> {
        self.free.clear();
        std::mem::take(&mut self.wakers)
    }
}

impl Stop {
    /// Sets the switch.
    pub fn set(&self) {
        self.0.stopped.store(true, Ordering::SeqCst);
        let wakers = self.0.waiting().take_all();
        wakers.into_iter().flatten().for_each(Waker::wake);
    }

    /// Whether the switch is set.
    pub fn is_set(&self) -> bool {
        self.0.stopped.load(Ordering::SeqCst)
    }

    /// How many wait.
    #[cfg(test)]
    pub(crate) fn waiting(&self) -> usize {
        self.0.waiting().wakers.iter().flatten().count()
    }

    /// Waits until the switch is set.
    pub fn stopped(&self) -> Stopped {
        Stopped {
            stop: self.clone(),
            place: StopPlace::default(),
        }
    }

    /// Ready once the switch is set: [`stopped`](Self::stopped) for who has the switch at hand. The place is given back by
    /// [`leave`](Self::leave).
    pub fn poll_stopped(&self, place: &mut StopPlace, context: &mut Context<'_>) -> Poll<()> {
        let (waker, id) = (context.waker(), WakerId::of(context.waker()));
        if place.0.is_none_or(|(_, own)| own != id) {
            let before = place.0.map(|(place, _)| place);
            let mine = self.0.waiting().put(before, waker.clone());
            place.0 = Some((mine, id));
        }
        // Looked at after the waker is in its place, so that no change is missed.
        if self.is_set() {
            Poll::Ready(())
        } else {
            Poll::Pending
        }
    }

    /// Nobody waits in this place any more.
    pub fn leave(&self, place: &mut StopPlace) {
        if let Some((place, _)) = place.0.take() {
            self.0.waiting().remove(place);
        }
    }
}

/// A place among those who wait for one [`Stop`], which keeps the waker there until all are woken.
#[derive(Debug, Default)]
pub struct StopPlace(Option<(usize, WakerId)>);

/// Which waker it is that somebody keeps: no other has its address meanwhile.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WakerId(usize, usize);

impl WakerId {
    /// This one's.
    pub fn of(waker: &Waker) -> Self {
        Self(
            waker.data().addr(),
            std::ptr::from_ref(waker.vtable()).addr(),
        )
    }
}

impl Shared {
    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Ready once the switch is set; see [`Stop::stopped`].
#[derive(Debug)]
pub struct Stopped {
    stop: Stop,
    place: StopPlace,
}

impl Future for Stopped {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let this = &mut *self;
        this.stop.poll_stopped(&mut this.place, context)
    }
}

impl Drop for Stopped {
    fn drop(&mut self) {
        self.stop.leave(&mut self.place);
    }
}
