//! What Rust does once a promise is settled.

use std::cell::{Cell, RefCell};

use nano_webidl::{Fallible, Scope, Value, script};
use rustc_hash::FxHashMap;

use super::Environment;
use crate::bindings::promise_reactions::PromiseReactionsMethods;

/// Called when what it waits for is settled.
type Reaction = Box<dyn for<'s, 'i> FnOnce(&mut Scope<'s, 'i>, Result<Value<'s>, Value<'s>>)>;

/// The reactions of one isolate that are still to come.
#[derive(Default)]
pub(super) struct Reactions {
    waiting: RefCell<FxHashMap<u64, Reaction>>,
    /// The number of the last one.
    last: Cell<u64>,
}

impl Reactions {
    fn insert(&self, reaction: Reaction) -> u64 {
        let id = self.last.get() + 1;
        self.last.set(id);
        self.waiting.borrow_mut().insert(id, reaction);
        id
    }

    fn take(&self, id: u64) -> Option<Reaction> {
        self.waiting.borrow_mut().remove(&id)
    }

    pub(super) fn clear(&self) {
        let waiting = self.waiting.take();
        drop(waiting);
    }
}

/// Keeps `reaction` until a script calls `settled` with the number that this returns.
pub(crate) fn wait(
    scope: &Scope,
    reaction: impl for<'s, 'i> FnOnce(&mut Scope<'s, 'i>, Result<Value<'s>, Value<'s>>) + 'static,
) -> u64 {
    Environment::of(scope).reactions.insert(Box::new(reaction))
}

/// Forgets a reaction.
pub(crate) fn forget(scope: &Scope, id: u64) {
    drop(Environment::of(scope).reactions.take(id));
}

/// Runs `then` when the promise, or the value in its place, is settled. Its rejection counts as handled.
pub(crate) fn when_settled<'s>(
    scope: &mut Scope<'s, '_>,
    promise: Value<'s>,
    then: impl for<'a, 'b> FnOnce(&mut Scope<'a, 'b>, Result<Value<'a>, Value<'a>>) + 'static,
) -> Fallible<()> {
    let id = wait(scope, then);
    let number = v8::Number::new(scope, id as f64);
    let called = script::call(scope, "whenSettled", &[promise, number.into()]);
    if called.is_err() {
        forget(scope, id);
    }
    called.map(|_| ())
}

/// The namespace.
pub struct PromiseReactions;

impl PromiseReactionsMethods for PromiseReactions {
    fn settled<'s>(
        scope: &mut Scope<'s, '_>,
        id: f64,
        fulfilled: bool,
        value: Value<'s>,
    ) -> Fallible<()> {
        let reaction = Environment::of(scope).reactions.take(id as u64);
        if let Some(reaction) = reaction {
            reaction(scope, if fulfilled { Ok(value) } else { Err(value) });
        }
        Ok(())
    }
}
