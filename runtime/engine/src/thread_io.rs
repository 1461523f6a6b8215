//! I/O on the thread of an isolate.
//!
//! A connection whose requests all go to one isolate costs least on that isolate's thread: no other thread has to be woken
//! for a request or for its answer. So a [carrier](crate::carrier) may have a tokio runtime of its own, which its thread drives whenever it
//! has no JavaScript to run.
//!
//! JavaScript must not hold up such connections: their time-outs must fire. When the thread stays away from its I/O for long,
//! whatever it does meanwhile (one long turn, many short ones, a garbage collection, a code cache), another one
//! [attends](crate::attendants): it drives instead. (tokio lets several threads call `block_on` at once; one of them drives.)
//! Before a carrier's last isolate is taken apart, tasks that can go on elsewhere leave, and its runtime ends with the rest.

use std::future::{Future, poll_fn};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock, RwLockReadGuard};
use std::task::Poll;
use std::time::Duration;

use futures_util::future::BoxFuture;
use nano_worker::{InstanceThread, Stop, Stopped};
use tokio::runtime::{Builder, Handle, Runtime};
use tokio::task::AbortHandle;
use tokio::time::Instant;

use crate::alarm::Alarm;
use crate::handover::HandOver;
use crate::{attendants, watchdog};

/// Hands a result of JavaScript to a task.
pub(crate) type Delivery = Box<dyn FnOnce() + Send>;

/// What is not over so long after its isolate is cut off. A connection is polled once, and has gone elsewhere; but a body that
/// the app has passed on from a server to a client may take a while.
const LEAVE: Duration = Duration::from_secs(10);

/// The I/O of a carrier; see the [module](self).
pub struct ThreadIo {
    /// `None` after the carrier has ended.
    runtime: RwLock<Option<Runtime>>,
    /// Goes with the runtime, whose descriptors it would keep for as long as anybody has this.
    handle: Mutex<Option<Handle>>,
    handover: HandOver<Delivery>,
    retired: Stop,
    id: usize,
    is_shared: bool,
}

impl ThreadIo {
    /// Makes the runtime. `None` if the system has no descriptors left for it.
    pub(crate) fn new(is_shared: bool) -> Option<Arc<Self>> {
        static NEXT: AtomicUsize = AtomicUsize::new(1);
        let runtime = Builder::new_current_thread().enable_all().build();
        let runtime = runtime
            .inspect_err(|error| {
                tracing::warn!(
                    "an app's thread cannot do I/O: {error}; raise the limit of open files (ulimit -n)"
                );
            })
            .ok()?;
        Some(Arc::new(Self {
            handle: Mutex::new(Some(runtime.handle().clone())),
            runtime: RwLock::new(Some(runtime)),
            handover: HandOver::new(),
            retired: Stop::default(),
            id: NEXT.fetch_add(1, Ordering::Relaxed),
            is_shared,
        }))
    }

    /// Runs a task on the thread, between turns. It is dropped when the carrier has ended.
    ///
    /// # Errors
    /// The carrier has ended: the task comes back.
    pub fn spawn<F>(&self, task: F) -> Result<AbortHandle, F>
    where
        F: Future<Output: Send + 'static> + Send + 'static,
    {
        if self.handover.is_retired() {
            return Err(task);
        }
        match self.handle() {
            Some(handle) => Ok(handle.spawn(task).abort_handle()),
            None => Err(task),
        }
    }

    /// How tasks get there; `None` when it is shut down. Nothing is allocated while it is locked; see [`crate::containment`].
    fn handle(&self) -> Option<Handle> {
        let handle = self.handle.lock().unwrap_or_else(PoisonError::into_inner);
        handle.clone()
    }

    /// Has the runtime driven for another 10 s after the carrier's end, as long as this is kept: for what somebody waits for
    /// elsewhere. `None` if the carrier has ended.
    pub fn keep_driven(self: &Arc<Self>) -> Option<Driven> {
        let admitted = self.handover.admit_guest();
        admitted.then(|| Driven(self.clone()))
    }

    /// Wakes the isolate's thread: there is something in the mailbox.
    pub(crate) fn signal(&self) {
        self.handover.signal();
    }

    /// Hands a result to a task, as soon as this thread is through with its turns.
    pub(crate) fn deliver(&self, delivery: Delivery) {
        if self.handover.put(delivery) {
            self.deliver_all();
        }
    }

    fn deliver_all(&self) {
        let deliveries = self.handover.take();
        deliveries.into_iter().for_each(|deliver| deliver());
    }

    fn runtime(&self) -> RwLockReadGuard<'_, Option<Runtime>> {
        self.runtime.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Does I/O until there is a signal, or for `timeout`; what is due now is done in any case. For the isolate's thread, which
    /// keeps the alarm.
    pub(crate) fn drive(&self, timeout: Option<Duration>, alarm: &mut Alarm) {
        // Without one the isolate has been given up, and its thread is on its way out.
        let runtime = self.runtime();
        let Some(runtime) = &*runtime else { return };
        self.handover.begin_visit();
        let end = timeout.map(|timeout| Instant::now() + timeout);
        let has_no_time = timeout.is_some_and(|timeout| timeout.is_zero());
        runtime.block_on(async {
            self.deliver_all();
            if has_no_time || self.handover.is_signalled() {
                // Tasks run, and the driver is asked, before this goes on. To wait does the same.
                return tokio::task::yield_now().await;
            }
            poll_fn(|context| match (self.handover.poll_signal(context), end) {
                (Poll::Pending, Some(end)) => alarm.poll(end, context),
                (signal, _) => signal,
            })
            .await;
        });
        self.handover.end_visit();
        watchdog::notice();
    }

    /// Counts up when the thread begins to drive, and when it ends.
    pub(crate) fn visits(&self) -> usize {
        self.handover.visits()
    }

    /// Whether the thread is away from its I/O, with so many visits to it.
    pub(crate) fn is_left(&self, visits: usize) -> bool {
        self.handover.is_left(visits)
    }

    /// Has another thread drive until the isolate's thread is back.
    pub(crate) fn attend(self: &Arc<Self>) {
        if self.handover.begin_attending() {
            let io = self.clone();
            attendants::run(move || io.drive_for_the_owner());
        }
    }

    fn drive_for_the_owner(&self) {
        loop {
            let relief = poll_fn(|context| {
                self.deliver_all();
                self.handover.poll_relief(context)
            });
            if let Some(runtime) = &*self.runtime() {
                runtime.block_on(relief);
            }
            let ended = self.handover.is_retired();
            if ended {
                self.shut_down();
            }
            if self.handover.end_attending(ended) {
                return;
            }
        }
    }

    /// Lets guests leave, and ends what is left.
    fn shut_down(&self) {
        if let Some(runtime) = &*self.runtime() {
            runtime.block_on(async {
                self.deliver_all();
                let empty = poll_fn(|context| self.handover.poll_empty(context));
                // An error is that it took too long.
                let _ = tokio::time::timeout(LEAVE, empty).await;
            });
        }
        let handle = &self.handle;
        let handle = handle.lock().unwrap_or_else(PoisonError::into_inner).take();
        drop(handle);
        let runtime = self
            .runtime
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        if let Some(runtime) = runtime {
            runtime.shutdown_background();
        }
    }

    /// The carrier has ended, or its last isolate has. Its thread drives no more.
    pub(crate) fn retire(self: &Arc<Self>) {
        if !self.handover.is_retired() {
            self.handover.retire();
            self.retired.set();
            self.deliver_all();
            self.attend();
        }
    }
}

/// Tasks that are not the isolate's.
impl InstanceThread for ThreadIo {
    fn id(&self) -> usize {
        self.id
    }

    fn is_shared(&self) -> bool {
        self.is_shared
    }

    fn spawn_guest(
        self: Arc<Self>,
        task: BoxFuture<'static, ()>,
    ) -> Result<(), BoxFuture<'static, ()>> {
        let (Some(driven), Some(handle)) = (self.keep_driven(), self.handle()) else {
            return Err(task);
        };
        handle.spawn(async move {
            task.await;
            drop(driven);
        });
        Ok(())
    }

    fn retired(&self) -> Stopped {
        self.retired.stopped()
    }
}

impl Drop for ThreadIo {
    fn drop(&mut self) {
        let runtime = self
            .runtime
            .get_mut()
            .unwrap_or_else(PoisonError::into_inner);
        // The last reference may be dropped by a task of another runtime, which must not block.
        if let Some(runtime) = runtime.take() {
            runtime.shutdown_background();
        }
    }
}

impl std::fmt::Debug for ThreadIo {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ThreadIo")
    }
}

/// Something that needs the runtime; see [`ThreadIo::keep_driven`].
#[derive(Debug)]
pub struct Driven(Arc<ThreadIo>);

impl Drop for Driven {
    fn drop(&mut self) {
        self.0.handover.dismiss_guest();
    }
}
