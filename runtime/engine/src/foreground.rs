//! V8's own tasks for an isolate's thread: asynchronous WebAssembly compilation, finalization registries, `Atomics.waitAsync`,
//! steps of the garbage collector.
//!
//! V8 posts them from any thread, by the isolate's address. They are kept by address until the isolate's loop takes them.
//! V8 may post the first ones while the isolate is still being made, before anybody knows its address.

use std::cell::RefCell;
use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};
use std::ffi::c_void;
use std::sync::{Arc, LazyLock, Mutex, MutexGuard, OnceLock, Weak};
use std::time::{Duration, Instant};

use crate::mailbox::Shared;

/// A task that is due at a time. Ordered by that time, then by arrival.
struct Delayed {
    due: Instant,
    number: u64,
    task: v8::Task,
}

impl PartialEq for Delayed {
    fn eq(&self, other: &Self) -> bool {
        self.number == other.number
    }
}
impl Eq for Delayed {}
impl PartialOrd for Delayed {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}
impl Ord for Delayed {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        (self.due, self.number).cmp(&(other.due, other.number))
    }
}

#[derive(Default)]
struct Tasks {
    ready: Vec<v8::Task>,
    delayed: BinaryHeap<Reverse<Delayed>>,
    posted: u64,
    closed: bool,
}

/// The tasks that V8 wants run on one isolate's thread.
#[derive(Default)]
pub(crate) struct ForegroundQueue {
    tasks: Mutex<Tasks>,
    mailbox: OnceLock<Weak<Shared>>,
}

type Registry = HashMap<usize, Arc<ForegroundQueue>>;
static REGISTRY: LazyLock<Mutex<Registry>> = LazyLock::new(Mutex::default);

thread_local! {
    /// The queue of the isolate that this thread is making: nobody can ask that isolate yet.
    static MAKING: RefCell<Option<Arc<ForegroundQueue>>> = const { RefCell::new(None) };
}

fn registry() -> MutexGuard<'static, Registry> {
    REGISTRY.lock().unwrap_or_else(|e| e.into_inner())
}

impl ForegroundQueue {
    fn lock(&self) -> MutexGuard<'_, Tasks> {
        self.tasks.lock().unwrap_or_else(|e| e.into_inner())
    }

    /// Tells whom to wake when a task arrives.
    pub(crate) fn bind(&self, mailbox: &Arc<Shared>) {
        let _ = self.mailbox.set(Arc::downgrade(mailbox));
    }

    fn push(&self, task: v8::Task, delay: f64) {
        {
            let mut tasks = self.lock();
            // Without memory for it, no thread stops with the lock; see `crate::containment`.
            let has_room = match delay > 0.0 {
                true => tasks.delayed.try_reserve(1).is_ok(),
                false => tasks.ready.try_reserve(1).is_ok(),
            };
            if tasks.closed || !has_room {
                drop(tasks);
                return; // Dropping a task cancels it.
            }
            if delay > 0.0 {
                tasks.posted += 1;
                let number = tasks.posted;
                let due = Instant::now()
                    + Duration::try_from_secs_f64(delay).unwrap_or(Duration::from_secs(86_400));
                tasks.delayed.push(Reverse(Delayed { due, number, task }));
            } else {
                tasks.ready.push(task);
            }
        }
        if let Some(mailbox) = self.mailbox.get().and_then(Weak::upgrade) {
            mailbox.wake();
        }
    }

    /// Takes every task that is due. On the isolate's thread.
    pub(crate) fn take_due(&self) -> Vec<v8::Task> {
        let mut tasks = self.lock();
        let mut due = std::mem::take(&mut tasks.ready);
        let now = (!tasks.delayed.is_empty()).then(Instant::now);
        let is_due = |tasks: &Tasks| {
            let next = tasks.delayed.peek().map(|Reverse(next)| next.due);
            next.zip(now).is_some_and(|(next, now)| next <= now)
        };
        // V8 has one for later most of the time.
        if is_due(&tasks) && due.try_reserve(tasks.delayed.len()).is_ok() {
            while is_due(&tasks) {
                due.extend(tasks.delayed.pop().map(|Reverse(next)| next.task));
            }
        }
        due
    }

    /// When the next task is due: `None` for never.
    pub(crate) fn next_due(&self) -> Option<Instant> {
        let tasks = self.lock();
        if !tasks.ready.is_empty() {
            return Some(Instant::now());
        }
        tasks.delayed.peek().map(|Reverse(next)| next.due)
    }

    /// Drops every task, and those that come later. Before the isolate is disposed of, on its thread.
    pub(crate) fn close(&self) {
        let dropped = {
            let mut tasks = self.lock();
            tasks.closed = true;
            (
                std::mem::take(&mut tasks.ready),
                std::mem::take(&mut tasks.delayed),
            )
        };
        drop(dropped); // Outside of the lock: a task's destructor is V8's code.
    }
}

/// Makes an isolate whose tasks go to `queue` from the beginning.
pub(crate) fn making(
    queue: &Arc<ForegroundQueue>,
    make: impl FnOnce() -> v8::OwnedIsolate,
) -> v8::OwnedIsolate {
    MAKING.set(Some(queue.clone()));
    let isolate = make();
    MAKING.set(None);
    let mut registry = registry();
    if registry.try_reserve(1).is_err() {
        // This thread stops there, and must not keep the lock; see `crate::containment`.
        drop(registry);
        std::alloc::handle_alloc_error(std::alloc::Layout::new::<Registry>());
    }
    registry.insert(address(&isolate), queue.clone());
    isolate
}

/// Disposes of an isolate. Its address may belong to a new one from then on.
pub(crate) fn disposing(queue: &Arc<ForegroundQueue>, isolate: v8::OwnedIsolate) {
    let address = address(&isolate);
    queue.close();
    drop(isolate);
    let mut registry = registry();
    if registry
        .get(&address)
        .is_some_and(|current| Arc::ptr_eq(current, queue))
    {
        registry.remove(&address);
    }
}

fn address(isolate: &v8::Isolate) -> usize {
    // SAFETY: the pointer is only used as a name.
    let pointer = unsafe { isolate.as_raw_isolate_ptr() };
    // SAFETY: `UnsafeRawIsolatePtr` is a transparent wrapper of a raw pointer.
    unsafe { std::mem::transmute::<v8::UnsafeRawIsolatePtr, usize>(pointer) }
}

/// V8 posts a task; on any thread.
pub(crate) fn post(isolate: *mut c_void, task: v8::Task, delay: f64) {
    let address = isolate as usize;
    let queue = MAKING
        .with_borrow(Clone::clone)
        .or_else(|| registry().get(&address).cloned());
    match queue {
        Some(queue) => queue.push(task, delay),
        // An isolate that the engine did not make (one that bakes a snapshot): it runs no loop, its tasks are cancelled.
        None => drop(task),
    }
}
