//! I/O on the thread of an isolate.
//!
//! A connection whose requests all go to one isolate costs least on that isolate's thread: no other thread has to be woken
//! for a request or for its answer. So an isolate may have a tokio runtime of its own, which its thread drives whenever it
//! has no JavaScript to run.
//!
//! JavaScript must not hold up such connections: they may carry requests for other isolates, and their time-outs must
//! fire. When a turn takes long, and when the isolate is gone, a thread of the main runtime *attends*: it drives instead.
//! (tokio lets several threads call `block_on` at once; one of them drives.)

use std::future::{Future, poll_fn};
use std::mem::ManuallyDrop;
use std::pin::pin;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::Poll;
use std::time::Duration;

use futures_util::task::AtomicWaker;
use tokio::runtime::{Builder, Handle, Runtime};
use tokio::task::AbortHandle;

use crate::stop::{Stop, Stopped};

/// Hands a result of JavaScript to a task.
pub(crate) type Delivery = Box<dyn FnOnce() + Send>;

/// The I/O of one isolate's thread; see the [module](self).
pub struct ThreadIo {
    /// Taken out when dropped, to be shut down without waiting.
    runtime: ManuallyDrop<Runtime>,
    /// Where attending threads come from.
    main: Handle,
    /// What turns have finished. Handed over by whoever drives: to wake a task from outside of its runtime is a system call.
    outbox: Mutex<Vec<Delivery>>,
    /// Something waits in the isolate's mailbox.
    signalled: AtomicBool,
    owner: AtomicWaker,
    /// Another thread drives, or is about to.
    attended: AtomicBool,
    /// The isolate's thread would drive itself.
    owner_is_back: AtomicBool,
    attendant: AtomicWaker,
    tasks: AtomicUsize,
    retired: Stop,
}

impl ThreadIo {
    /// Makes the runtime. `None` if the system has no descriptors left for it.
    pub(crate) fn new(main: &Handle) -> Option<Arc<Self>> {
        let runtime = Builder::new_current_thread().enable_all().build();
        let runtime = runtime
            .inspect_err(|error| {
                tracing::warn!(
                    "an app's thread cannot do I/O: {error}; raise the limit of open files (ulimit -n)"
                );
            })
            .ok()?;
        Some(Arc::new(Self {
            runtime: ManuallyDrop::new(runtime),
            main: main.clone(),
            outbox: Mutex::default(),
            signalled: AtomicBool::new(false),
            owner: AtomicWaker::new(),
            attended: AtomicBool::new(false),
            owner_is_back: AtomicBool::new(false),
            attendant: AtomicWaker::new(),
            tasks: AtomicUsize::new(0),
            retired: Stop::default(),
        }))
    }

    /// Runs a task on the isolate's thread, between its turns.
    ///
    /// # Errors
    /// The isolate has ended: the task comes back, to be run elsewhere.
    pub fn spawn<F>(self: &Arc<Self>, task: F) -> Result<AbortHandle, F>
    where
        F: Future<Output = ()> + Send + 'static,
    {
        // Counted before the look at `retired`: whoever attends a retired runtime stays while anything is counted.
        let driven = self.keep_driven();
        if self.retired.is_set() {
            return Err(task);
        }
        let task = self.runtime.spawn(async move {
            task.await;
            drop(driven);
        });
        Ok(task.abort_handle())
    }

    /// Has the runtime driven as long as this is kept, also after the isolate's end: for whoever waits elsewhere for what a
    /// task of this runtime has yet to do. Nothing drives it if the isolate has ended, and all its tasks, before this call.
    pub fn keep_driven(self: &Arc<Self>) -> Driven {
        self.tasks.fetch_add(1, SeqCst);
        Driven(self.clone())
    }

    /// Waits until the isolate has ended. Its tasks go on, on other threads, and should come to an end.
    pub fn retired(&self) -> Stopped {
        self.retired.stopped()
    }

    /// Wakes the isolate's thread: there is something in the mailbox.
    pub(crate) fn signal(&self) {
        if !self.signalled.swap(true, SeqCst) {
            self.owner.wake();
        }
    }

    /// Hands a result to a task, as soon as this thread is through with its turns.
    pub(crate) fn deliver(&self, delivery: Delivery) {
        self.outbox().push(delivery);
        // Either this sees that somebody attends, or he sees what was put in.
        if self.attended.load(SeqCst) {
            self.deliver_all();
        }
    }

    fn outbox(&self) -> std::sync::MutexGuard<'_, Vec<Delivery>> {
        self.outbox.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn deliver_all(&self) {
        let deliveries = std::mem::take(&mut *self.outbox());
        deliveries.into_iter().for_each(|deliver| deliver());
    }

    /// Does I/O until there is a signal, or for `timeout`; what is due now is done in any case. For the isolate's thread.
    pub(crate) fn drive(&self, timeout: Option<Duration>) {
        self.owner_is_back.store(true, SeqCst);
        self.attendant.wake();
        self.runtime.block_on(async {
            self.deliver_all();
            tokio::task::yield_now().await;
            if timeout.is_some_and(|timeout| timeout.is_zero()) {
                return;
            }
            let mut signal = pin!(poll_fn(|context| {
                self.owner.register(context.waker());
                if self.signalled.load(SeqCst) {
                    Poll::Ready(())
                } else {
                    Poll::Pending
                }
            }));
            match timeout {
                None => signal.await,
                // Whichever comes first.
                Some(timeout) => drop(tokio::time::timeout(timeout, &mut signal).await),
            }
        });
        self.signalled.store(false, SeqCst);
        self.owner_is_back.store(false, SeqCst);
    }

    /// Has another thread drive until the isolate's thread is back; for good, if the isolate has ended.
    pub(crate) fn attend(self: &Arc<Self>) {
        if !self.attended.swap(true, SeqCst) {
            let io = self.clone();
            self.main.spawn_blocking(move || {
                loop {
                    io.runtime.block_on(io.attended());
                    io.attended.store(false, SeqCst);
                    // The isolate may have ended since the last look.
                    let needed = io.retired.is_set() && io.tasks.load(SeqCst) > 0;
                    if !needed || io.attended.swap(true, SeqCst) {
                        break;
                    }
                }
            });
        }
    }

    async fn attended(&self) {
        poll_fn(|context| {
            self.attendant.register(context.waker());
            self.deliver_all();
            let done = if self.retired.is_set() {
                self.tasks.load(SeqCst) == 0
            } else {
                self.owner_is_back.load(SeqCst)
            };
            if done { Poll::Ready(()) } else { Poll::Pending }
        })
        .await;
    }

    /// The isolate has ended.
    pub(crate) fn retire(self: &Arc<Self>) {
        self.retired.set();
        self.attendant.wake();
        self.deliver_all();
        if self.tasks.load(SeqCst) > 0 {
            self.attend();
        }
    }
}

impl Drop for ThreadIo {
    fn drop(&mut self) {
        // SAFETY: the runtime is taken once, here.
        let runtime = unsafe { ManuallyDrop::take(&mut self.runtime) };
        // The last reference may be dropped by a task of another runtime, which must not block.
        runtime.shutdown_background();
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
        self.0.tasks.fetch_sub(1, SeqCst);
        self.0.attendant.wake();
    }
}
