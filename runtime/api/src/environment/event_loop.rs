//! `EventLoop`: tasks and timers that built-in scripts want, <https://html.spec.whatwg.org/multipage/webappapis.html#event-loops>.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::time::Duration;

use nano_engine::{State, TimerId};
use nano_webidl::idl::CallbackFunction;
use nano_webidl::{Fallible, Scope, Value};

use super::{Environment, timers};
use crate::bindings::event_loop::EventLoopMethods;

/// What built-in scripts want to be called for, one per task in the mailbox.
pub(super) type Tasks = RefCell<VecDeque<Callback>>;

/// A callback, which works for the request that it was given for.
pub(crate) struct Callback {
    function: v8::Global<v8::Function>,
    frame: v8::Global<v8::Value>,
}

impl Callback {
    pub(crate) fn new<'s>(scope: &mut Scope<'s, '_>, callback: &CallbackFunction<'s>) -> Callback {
        let frame = scope.get_continuation_preserved_embedder_data();
        Callback {
            function: v8::Global::new(scope, callback.0),
            frame: v8::Global::new(scope, frame),
        }
    }

    /// Calls it, as what a task does.
    pub(crate) fn call<'s>(&self, scope: &mut Scope<'s, '_>, arguments: &[Value<'s>]) {
        let function = v8::Local::new(scope, &self.function);
        let frame = v8::Local::new(scope, &self.frame);
        scope.set_continuation_preserved_embedder_data(frame);
        State::from_scope(scope).works_for_current(scope);
        let receiver = v8::undefined(scope).into();
        // What it throws stays pending: the engine reports it, as this frame's.
        if function.call(scope, receiver, arguments).is_some() {
            let none = v8::undefined(scope).into();
            scope.set_continuation_preserved_embedder_data(none);
        }
    }
}

/// The namespace.
pub struct EventLoop;

impl EventLoopMethods for EventLoop {
    fn set_timer<'s>(
        scope: &mut Scope<'s, '_>,
        callback: CallbackFunction<'s>,
        milliseconds: f64,
        unreferenced: bool,
    ) -> Fallible<u32> {
        let callback = Callback::new(scope, &callback);
        let delay = Duration::try_from_secs_f64(milliseconds / 1000.0)
            .unwrap_or(Duration::from_secs(u32::MAX.into()));
        let id = timers::set(
            scope,
            delay,
            false,
            Box::new(move |scope| callback.call(scope, &[])),
        )?;
        if unreferenced {
            let timers = State::from_scope(scope).timers();
            timers.set_referenced(id, false);
        }
        Ok(id.0)
    }

    fn set_timer_referenced(scope: &mut Scope, id: u32, referenced: bool) -> Fallible<()> {
        State::from_scope(scope)
            .timers()
            .set_referenced(TimerId(id), referenced);
        Ok(())
    }

    fn clear_timer(scope: &mut Scope, id: u32) -> Fallible<()> {
        State::from_scope(scope).timers().clear(TimerId(id));
        Ok(())
    }

    fn post_task<'s>(scope: &mut Scope<'s, '_>, callback: CallbackFunction<'s>) -> Fallible<()> {
        let callback = Callback::new(scope, &callback);
        Environment::of(scope)
            .tasks
            .borrow_mut()
            .push_back(callback);
        // The mailbox takes what may be sent to other threads, and the callback may not. Both queues keep their order. A mailbox that
        // is closed runs nothing any more.
        State::from_scope(scope).handle().post_fn(|scope| {
            let callback = Environment::of(scope).tasks.borrow_mut().pop_front();
            if let Some(callback) = callback {
                callback.call(scope, &[]);
            }
        });
        Ok(())
    }

    fn report_exception<'s>(scope: &mut Scope<'s, '_>, exception: Value<'s>) -> Fallible<()> {
        nano_engine::report_exception(scope, exception, None);
        Ok(())
    }
}
