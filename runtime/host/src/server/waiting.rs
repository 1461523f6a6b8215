//! What has come of a request's body for an app that has no instance yet: no account of an app's can have it.

use std::sync::Arc;

use super::link::Link;

/// Counts it for its connection, and so among what [all connections](super::crowd) hold, until it is dropped.
pub(crate) struct Waiting {
    link: Arc<Link>,
    bytes: usize,
}

impl Waiting {
    /// Nothing yet.
    pub(crate) fn new(link: Arc<Link>) -> Self {
        Self { link, bytes: 0 }
    }

    /// So many bytes are here now.
    pub(crate) fn set(&mut self, bytes: usize) {
        let before = std::mem::replace(&mut self.bytes, bytes);
        if bytes > before {
            self.link.charge(bytes - before);
        } else if bytes < before {
            self.link.release(before - bytes);
        }
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        self.link.release(self.bytes);
    }
}
