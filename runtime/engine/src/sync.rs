//! What the concurrent protocols of this crate are made of: the standard library's. Their tests ([`nano-loom`](../../loom))
//! compile the same files with loom's, which tries every order of events.

pub(crate) use futures_util::task::AtomicWaker;
pub(crate) use std::sync::{Arc, Mutex, MutexGuard, OnceLock};
pub(crate) use std::thread::{Thread, yield_now};

pub(crate) mod atomic {
    pub(crate) use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering, fence};
}
