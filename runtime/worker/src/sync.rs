//! What the concurrent protocols of this crate are made of: the standard library's. Their tests (`nano-loom`) compile the same
//! files with loom's, which tries every order of events.

pub(crate) use std::sync::{Arc, Mutex, MutexGuard};

pub(crate) mod atomic {
    pub(crate) use std::sync::atomic::{AtomicBool, Ordering};
}
