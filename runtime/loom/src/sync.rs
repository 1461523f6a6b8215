//! The `sync` of `nano-engine` and `nano-worker`, made of loom's types.

use std::task::Waker;

use loom::sync::Condvar;
pub(crate) use loom::sync::{Arc, Mutex, MutexGuard};
pub(crate) use loom::thread::yield_now;

pub(crate) mod atomic {
    pub(crate) use loom::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering, fence};
}

/// As in `futures-util`.
pub(crate) struct AtomicWaker(loom::future::AtomicWaker);

impl AtomicWaker {
    pub(crate) fn new() -> Self {
        Self(loom::future::AtomicWaker::new())
    }

    pub(crate) fn register(&self, waker: &Waker) {
        self.0.register_by_ref(waker);
    }

    pub(crate) fn wake(&self) {
        self.0.wake();
    }
}

/// A handle of a thread that parks, as the standard library's: loom's own mixes parking up with other waits.
#[derive(Clone)]
pub(crate) struct Thread(Arc<(Mutex<bool>, Condvar)>);

impl Thread {
    pub(crate) fn new() -> Self {
        Self(Arc::new((Mutex::new(false), Condvar::new())))
    }

    pub(crate) fn unpark(&self) {
        *self.0.0.lock().expect("no panic") = true;
        self.0.1.notify_one();
    }

    pub(crate) fn park(&self) {
        let mut token = self.0.0.lock().expect("no panic");
        while !*token {
            token = self.0.1.wait(token).expect("no panic");
        }
        *token = false;
    }
}

/// As in the standard library, which loom has no model of. A look takes no lock there, either.
pub(crate) struct OnceLock<T> {
    value: loom::sync::atomic::AtomicPtr<T>,
    making: Mutex<()>,
}

impl<T> OnceLock<T> {
    pub(crate) fn new() -> Self {
        Self {
            value: loom::sync::atomic::AtomicPtr::new(std::ptr::null_mut()),
            making: Mutex::new(()),
        }
    }

    pub(crate) fn get(&self) -> Option<&T> {
        let value = self.value.load(atomic::Ordering::Acquire);
        // SAFETY: what is stored came from a box, and is freed by `drop` only.
        unsafe { value.as_ref() }
    }

    pub(crate) fn set(&self, value: T) -> Result<(), ()> {
        let mut made = false;
        self.get_or_init(|| {
            made = true;
            value
        });
        if made { Ok(()) } else { Err(()) }
    }

    pub(crate) fn get_or_init(&self, make: impl FnOnce() -> T) -> &T {
        let _making = self.making.lock();
        if self.get().is_none() {
            let value = Box::into_raw(Box::new(make()));
            self.value.store(value, atomic::Ordering::Release);
        }
        self.get().expect("it was stored above, or before")
    }
}

impl<T> Drop for OnceLock<T> {
    fn drop(&mut self) {
        let value = self.value.load(atomic::Ordering::Acquire);
        if !value.is_null() {
            // SAFETY: it came from a box, and nobody has a reference any more.
            drop(unsafe { Box::from_raw(value) });
        }
    }
}
