//! Abort signals that fetches listen to: <https://fetch.spec.whatwg.org/#abort-fetch>.
//!
//! A signal may outlive thousands of fetches. Each of them therefore stops to listen when there is nothing left to abort: when its
//! response's body was read, or nobody has the response any more. The latter is known to the collector, in whose finalizers nothing
//! of V8 may be touched; so the end of a [`Watch`] is noted, and the next fetch cleans up.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

use nano_engine::State;
use nano_webidl::{Fallible, Scope, Value, script};
use nano_worker::Cut;

use super::fetch::aborted;
use crate::environment::promise_reactions;

/// The reason of a signal that is aborted.
pub(super) fn reason<'s>(
    scope: &mut Scope<'s, '_>,
    signal: v8::Local<'s, v8::Object>,
) -> Fallible<Option<Value<'s>>> {
    let reason = script::call(scope, "signalReason", &[signal.into()])?;
    // An aborted signal has a reason that is not undefined.
    Ok((!reason.is_undefined()).then_some(reason))
}

/// The fetches of an isolate that a signal may abort.
#[derive(Default)]
struct Watches {
    entries: RefCell<HashMap<u64, Entry>>,
    ended: Rc<RefCell<Vec<u64>>>,
}

struct Entry {
    signal: v8::Global<v8::Object>,
    algorithm: v8::Global<v8::Value>,
    /// Here, too, so that its handles are never dropped by the collector.
    body: Option<Rc<BodyAbort>>,
}

impl Watches {
    fn of<'s>(scope: &Scope<'s, '_>) -> &'s Watches {
        let state = State::from_scope(scope);
        if let Some(watches) = state.try_extension() {
            return watches;
        }
        state.set_extension(Watches::default());
        state.extension()
    }
}

/// Listens to a signal as long as it lives.
pub(crate) struct Watch {
    id: u64,
    ended: Rc<RefCell<Vec<u64>>>,
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.ended.borrow_mut().push(self.id);
    }
}

impl Watch {
    /// Calls `abort` with the signal's reason when it is aborted. It must not be aborted yet.
    pub(super) fn new<'s>(
        scope: &mut Scope<'s, '_>,
        signal: v8::Local<'s, v8::Object>,
        abort: impl for<'a, 'b> FnOnce(&mut Scope<'a, 'b>, Value<'a>) + 'static,
    ) -> Fallible<Watch> {
        let id = promise_reactions::wait(scope, move |scope, outcome| {
            if let Err(reason) = outcome {
                abort(scope, reason);
            }
        });
        let number = v8::Number::new(scope, id as f64);
        let algorithm = match script::call(scope, "whenAborted", &[signal.into(), number.into()]) {
            Ok(algorithm) => algorithm,
            Err(error) => {
                promise_reactions::forget(scope, id);
                return Err(error);
            }
        };
        let entry = Entry {
            signal: v8::Global::new(scope, signal),
            algorithm: v8::Global::new(scope, algorithm),
            body: None,
        };
        let watches = Watches::of(scope);
        watches.entries.borrow_mut().insert(id, entry);
        Ok(Watch {
            id,
            ended: watches.ended.clone(),
        })
    }

    /// Goes on with the response's body, which `cut` ends if it has not arrived.
    pub(super) fn of_body(self, scope: &mut Scope, cut: Option<Cut>) -> AbortableBody {
        let state = Rc::new(BodyAbort {
            cut,
            reason: RefCell::default(),
            stream: RefCell::default(),
        });
        if let Some(entry) = Watches::of(scope).entries.borrow_mut().get_mut(&self.id) {
            entry.body = Some(state.clone());
        }
        AbortableBody {
            state,
            _watch: self,
        }
    }
}

/// Forgets the watches that have ended.
pub(super) fn clean_up(scope: &mut Scope) {
    let watches = Watches::of(scope);
    for id in watches.ended.take() {
        let mut entries = watches.entries.borrow_mut();
        // A body that was moved on to somebody else, as the body of a request or a response, is still ours to abort.
        let is_running = |entry: &Entry| entry.body.as_ref().is_some_and(|body| body.is_running());
        if entries.get(&id).is_some_and(is_running) {
            watches.ended.borrow_mut().push(id);
            continue;
        }
        let Some(entry) = entries.remove(&id) else {
            continue;
        };
        drop(entries);
        promise_reactions::forget(scope, id);
        let signal = v8::Local::new(scope, &entry.signal);
        let algorithm = v8::Local::new(scope, &entry.algorithm);
        // Removing what is not there any more is fine; only a termination makes it fail.
        let _ = script::call(scope, "forgetAbort", &[signal.into(), algorithm]);
    }
}

/// A response's body that a signal may still abort.
pub(crate) struct AbortableBody {
    state: Rc<BodyAbort>,
    _watch: Watch,
}

impl AbortableBody {
    /// The body's state.
    pub(super) fn state(&self) -> &Rc<BodyAbort> {
        &self.state
    }
}

/// What abort and body share.
pub(super) struct BodyAbort {
    cut: Option<Cut>,
    reason: RefCell<Option<v8::Global<v8::Value>>>,
    /// The app's stream, if there is one already. Weak: the stream's source holds the [`Watch`].
    stream: RefCell<Option<v8::Weak<v8::Object>>>,
}

impl BodyAbort {
    /// Why the body was aborted, if it was.
    pub(super) fn reason<'s>(&self, scope: &mut Scope<'s, '_>) -> Option<Value<'s>> {
        self.reason
            .borrow()
            .as_ref()
            .map(|reason| v8::Local::new(scope, reason))
    }

    fn is_running(&self) -> bool {
        self.cut.as_ref().is_some_and(Cut::is_running)
    }

    /// The app has got a stream for the body.
    pub(super) fn set_stream<'s>(
        &self,
        scope: &mut Scope<'s, '_>,
        stream: v8::Local<'s, v8::Object>,
    ) {
        match self.reason(scope) {
            Some(reason) => error_stream(scope, stream, reason),
            None => drop(self.stream.replace(Some(v8::Weak::new(scope, stream)))),
        }
    }

    /// Ends the connection; reading fails with the reason from now on.
    pub(super) fn abort<'s>(&self, scope: &mut Scope<'s, '_>, reason: Value<'s>) {
        let kept = v8::Global::new(scope, reason);
        self.reason.replace(Some(kept));
        if let Some(cut) = &self.cut {
            cut.cut(aborted());
        }
        let stream = self.stream.take().and_then(|stream| stream.to_local(scope));
        if let Some(stream) = stream {
            error_stream(scope, stream, reason);
        }
    }
}

fn error_stream<'s>(
    scope: &mut Scope<'s, '_>,
    stream: v8::Local<'s, v8::Object>,
    reason: Value<'s>,
) {
    // Only a termination makes it fail.
    let _ = script::call(scope, "errorStream", &[stream.into(), reason]);
}
