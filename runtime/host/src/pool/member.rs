//! An instance of a pool.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use nano_worker::{Instance, InstanceThread};

/// An instance of a pool.
#[derive(Clone)]
pub(crate) struct Member {
    /// Unique in the process, and never [`NOBODY`].
    id: usize,
    instance: Arc<dyn Instance>,
}

/// The id of no member.
pub(crate) const NOBODY: usize = 0;

impl Member {
    pub(super) fn new(instance: Arc<dyn Instance>) -> Self {
        static NEXT: AtomicUsize = AtomicUsize::new(NOBODY + 1);
        Self {
            id: NEXT.fetch_add(1, Ordering::Relaxed),
            instance,
        }
    }

    pub(crate) fn id(&self) -> usize {
        self.id
    }

    pub(crate) fn instance(&self) -> &Arc<dyn Instance> {
        &self.instance
    }

    /// A place for connections whose requests go to this instance.
    pub(crate) fn thread(&self) -> Option<Arc<dyn InstanceThread>> {
        self.instance.thread()
    }

    /// Whether it takes requests.
    pub(crate) fn goes_on(&self) -> bool {
        self.instance.condemned().is_none()
    }
}
