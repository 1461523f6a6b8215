//! What the Web APIs keep per isolate.

use std::cell::{Cell, RefCell};
use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use crate::console::ConsoleSink;
use crate::fetch::client::Outbound;
use crate::hr_time::Clock;
use crate::url::UrlRecord;
use nano_engine::State;
use nano_webidl::{Fallible, Scope, Value, script};

/// How the Web APIs of one isolate behave. Given to [`nano_engine::IsolateOptions::data`].
pub struct ApiOptions {
    /// What relative URLs are resolved against, the settings object's API base URL. Apps of a server have none.
    pub base_url: Option<UrlRecord>,
    /// Where `console` writes.
    pub console: Box<dyn ConsoleSink + Send>,
    /// Where exceptions go that nothing caught.
    pub errors: Box<dyn ErrorSink>,
    /// What `fetch()` may reach.
    pub outbound: Arc<Outbound>,
    /// Whether `eval` and the like are there: then timers take strings, too.
    pub allow_eval: bool,
}

/// Takes reports of exceptions and rejections that the app did not handle.
pub trait ErrorSink: Send {
    /// An exception that nothing caught.
    fn uncaught(&self, scope: &mut Scope, report: &nano_engine::ErrorReport);
    /// A promise that was rejected, without anyone to handle it.
    fn unhandled_rejection(&self, scope: &mut Scope, report: &nano_engine::ErrorReport);
}

/// The Web APIs' data of one isolate.
pub struct ApiState {
    base_url: Option<UrlRecord>,
    pub(crate) errors: Box<dyn ErrorSink>,
    pub(crate) outbound: Arc<Outbound>,
    pub(crate) allow_eval: bool,
    clock: Clock,
    waiters: RefCell<HashMap<u64, Waiter>>,
    next_waiter: Cell<u64>,
    /// What built-in scripts want to be called for, one per task in the mailbox.
    tasks: RefCell<VecDeque<v8::Global<v8::Function>>>,
}

/// Called when what it waits for is settled.
type Waiter = Box<dyn for<'s, 'i> FnOnce(&mut Scope<'s, 'i>, Result<Value<'s>, Value<'s>>)>;

impl ApiState {
    /// The isolate's state; called once.
    pub(crate) fn new(options: ApiOptions) -> (ApiState, Box<dyn ConsoleSink + Send>) {
        let state = ApiState {
            base_url: options.base_url,
            errors: options.errors,
            outbound: options.outbound,
            allow_eval: options.allow_eval,
            clock: Clock::start(),
            waiters: RefCell::default(),
            next_waiter: Cell::new(1),
            tasks: RefCell::default(),
        };
        (state, options.console)
    }

    /// The state of the isolate that a scope is in.
    pub fn of<'s>(scope: &Scope<'s, '_>) -> &'s ApiState {
        State::from_scope(scope).extension()
    }

    /// The API base URL.
    pub fn base_url(&self) -> Option<&UrlRecord> {
        self.base_url.as_ref()
    }

    /// The origin that requests to the same one are compared with. An app has none, nor has a program in a file, whose
    /// origin is opaque.
    pub fn origin(&self) -> Option<String> {
        let origin = self.base_url.as_ref()?.origin();
        (origin != "null").then_some(origin)
    }

    /// Parses a URL that an app gave, relative to the base URL where there is one.
    ///
    /// # Errors
    /// A `TypeError` that says what is wrong with it.
    pub fn parse_url(&self, text: &str) -> Fallible<UrlRecord> {
        let base = self.base_url.as_ref().map(UrlRecord::href);
        crate::url::url::parse(text, base).ok_or_else(|| crate::url::url::invalid_url(text, base))
    }

    /// <https://w3c.github.io/hr-time/#dfn-current-high-resolution-time>, in milliseconds since the time origin.
    pub fn now(&self) -> f64 {
        self.clock.now()
    }

    /// The time origin in milliseconds since the Unix epoch.
    pub fn time_origin(&self) -> f64 {
        self.clock.time_origin()
    }

    /// Keeps `waiter` until a script calls `settled` with the number that this returns.
    pub(crate) fn wait(
        &self,
        waiter: impl for<'s, 'i> FnOnce(&mut Scope<'s, 'i>, Result<Value<'s>, Value<'s>>) + 'static,
    ) -> u64 {
        let id = self.next_waiter.get();
        self.next_waiter.set(id + 1);
        self.waiters.borrow_mut().insert(id, Box::new(waiter));
        id
    }

    /// Forgets a waiter.
    pub(crate) fn forget(&self, id: u64) {
        let waiter = self.waiters.borrow_mut().remove(&id);
        drop(waiter);
    }

    /// The promise of a waiter is settled.
    pub(crate) fn settled<'s>(
        scope: &mut Scope<'s, '_>,
        id: u64,
        outcome: Result<Value<'s>, Value<'s>>,
    ) {
        let waiter = ApiState::of(scope).waiters.borrow_mut().remove(&id);
        if let Some(waiter) = waiter {
            waiter(scope, outcome);
        }
    }

    /// Queues a task that calls the callback, in a turn of its own.
    pub(crate) fn post_task<'s>(scope: &mut Scope<'s, '_>, callback: v8::Local<'s, v8::Function>) {
        let callback = v8::Global::new(scope, callback);
        ApiState::of(scope).tasks.borrow_mut().push_back(callback);
        // The mailbox takes what may be sent to other threads, and the callback may not. Both queues keep their order. A mailbox that
        // is closed runs nothing any more.
        State::from_scope(scope).handle().post_fn(|scope| {
            let callback = ApiState::of(scope).tasks.borrow_mut().pop_front();
            let Some(callback) = callback else { return };
            let callback = v8::Local::new(scope, callback);
            let receiver = v8::undefined(scope).into();
            // What it throws stays pending: the engine reports it.
            let _ = callback.call(scope, receiver, &[]);
        });
    }

    /// Drops everything that waits, as it may hold handles of the isolate.
    pub(crate) fn clear(&self) {
        let waiters = self.waiters.take();
        drop(waiters);
        let tasks = self.tasks.take();
        drop(tasks);
    }
}

/// Runs `then` when the promise, or the value in its place, is settled. Its rejection counts as handled.
pub(crate) fn when_settled<'s>(
    scope: &mut Scope<'s, '_>,
    promise: Value<'s>,
    then: impl for<'a, 'b> FnOnce(&mut Scope<'a, 'b>, Result<Value<'a>, Value<'a>>) + 'static,
) -> Fallible<()> {
    let id = ApiState::of(scope).wait(then);
    let number = v8::Number::new(scope, id as f64);
    let called = script::call(scope, "whenSettled", &[promise, number.into()]);
    if called.is_err() {
        ApiState::of(scope).forget(id);
    }
    called.map(|_| ())
}
