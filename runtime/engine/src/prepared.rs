//! Isolates that are made before it is known which app they are for: who starts an app has the most of it behind him then.
//!
//! What they may use is fixed ([`Limits`]). They have run nothing but what the snapshot has, and each is for one app only.

use std::io;
use std::sync::atomic::{Ordering, fence};

use crate::carrier::OpenCarrier;
use crate::isolate::IsolateOptions;
use crate::limits::Limits;
use crate::mailbox::{Handle, KeepAlive};
use crate::thread::{self, ExitReceiver};

/// What a thread is called whose isolate has no app yet.
const NAME: &str = "prepared";

/// An isolate that waits for its app. Dropping this ends it, and so may a shortage of memory.
pub struct Prepared {
    handle: Handle,
    /// `None` when it has been claimed.
    exit: Option<ExitReceiver>,
}

/// A prepared isolate that stays for an app.
pub struct Claimed {
    handle: Handle,
    exit: ExitReceiver,
    start: KeepAlive,
}

impl Prepared {
    /// Begins to make an isolate, for an app that may use so much, on this carrier, or else on one of its own. `tokio` is what
    /// asynchronous operations run on. `eval` will not work.
    ///
    /// # Errors
    /// The system has no thread or no pipe to give.
    pub fn new(
        limits: Limits,
        tokio: Option<tokio::runtime::Handle>,
        carrier: Option<&OpenCarrier>,
    ) -> io::Result<Self> {
        let options = IsolateOptions {
            limits,
            tokio,
            ..IsolateOptions::default()
        };
        let (handle, exit) = match carrier {
            Some(carrier) => carrier.spawn_as(options, |_, _| {})?,
            None => OpenCarrier::start_dedicated(NAME.into())?.spawn_as(options, |_, _| {})?,
        };
        handle.may_be_evicted();
        Ok(Self {
            handle,
            exit: Some(exit),
        })
    }

    /// Whether it is there for an app: it has not ended, and is not about to.
    pub fn is_waiting(&self) -> bool {
        self.handle.condemned().is_none() && self.handle.0.draining().is_none()
    }

    /// Has the isolate stay for an app, if it is there.
    pub fn claim(mut self) -> Option<Claimed> {
        let start = self.handle.keep_alive();
        // A thread that has seen that it may end sees that it may not, or this sees that it ends.
        fence(Ordering::SeqCst);
        if !self.is_waiting() {
            return None;
        }
        Some(Claimed {
            handle: self.handle.clone(),
            exit: self.exit.take()?,
            start,
        })
    }
}

impl Drop for Prepared {
    fn drop(&mut self) {
        if self.exit.is_some() {
            self.handle.stop();
        }
    }
}

impl std::fmt::Debug for Prepared {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Prepared")
            .field("is_waiting", &self.is_waiting())
            .finish_non_exhaustive()
    }
}

impl Claimed {
    /// Does what [`spawn`](crate::spawn) does with a new isolate. Its options have the limits that this one was made with. As long as the
    /// token is kept, no shortage of memory ends the isolate while it has nothing to do.
    pub fn begin(
        self,
        mut options: IsolateOptions,
        main: impl for<'s, 'i> FnOnce(&mut v8::PinScope<'s, 'i>) + Send + 'static,
    ) -> (Handle, ExitReceiver, KeepAlive) {
        let purpose = options.purpose();
        // Where it has ended meanwhile, these are dropped, as those of one that ends in its first turn.
        let is_its_own = !self.handle.0.carrier().is_shared();
        self.handle.post_fn(move |scope| {
            if is_its_own {
                thread::name_current(purpose.app.name());
            }
            purpose.give(scope);
        });
        self.handle.post_fn(main);
        (self.handle, self.exit, self.start)
    }
}
