//! Interludes: turns of others within one that takes long.
//!
//! The [watchdog](crate::watchdog) sees a turn of more than a [`SLICE`] on a [carrier](crate::carrier) that has other isolates, and asks
//! V8 to interrupt it. The carrier's thread then does what it does between turns: I/O, and turns of those whose time has come, in their
//! order, each of which may be interrupted in the same way. After a slice at most, and the turn that was begun by then, the one that was
//! interrupted goes on.
//!
//! All of them are on one stack, and none can go on before those above it have ended their turns. So there are [`MOST_DEEP`] at most, and
//! a turn that has gone deep lets nobody in. V8's limit of the stack is an address: isolates of a shared carrier have a larger stack, of
//! which each finds as much as one of a dedicated carrier has.
//!
//! A builtin of V8's that looks at nothing while it works cannot be interrupted, nor can native code. Whoever holds up others so is
//! remembered ([`crate::Handle::has_held_up`]).

use std::cell::Cell;
use std::marker::PhantomData;
use std::time::Duration;

use crate::allocator::Bound;
use crate::crew::Crew;
use crate::stack;
use crate::thread::V8_STACK;

/// A turn works for so long until others may come in, and they may take so long. As the engine's other looks at threads, it is short for
/// a person and long for a core.
pub(crate) const SLICE: Duration = Duration::from_millis(5);

/// A turn that was asked to let others in, and has worked for so long without, holds them up.
pub(crate) const PATIENCE: Duration = Duration::from_millis(10);

/// So many turns may be interrupted at a time on one thread.
pub(crate) const MOST_DEEP: usize = 16;

thread_local! {
    /// This thread's, while it takes turns.
    static CREW: Cell<*const Crew> = const { Cell::new(std::ptr::null()) };
}

/// The crew is this thread's until this is dropped.
pub(crate) struct Present<'c>(PhantomData<&'c Crew>);

/// Says so.
pub(crate) fn present(crew: &Crew) -> Present<'_> {
    CREW.set(crew);
    Present(PhantomData)
}

impl Drop for Present<'_> {
    fn drop(&mut self) {
        CREW.set(std::ptr::null());
    }
}

/// The turn that runs on this thread is interrupted between two steps of its script, and goes on after this.
pub(crate) fn take_place() {
    // SAFETY: a crew is told of as long as it is there.
    let Some(crew) = (unsafe { CREW.get().as_ref() }) else {
        return;
    };
    if stack::left().is_none_or(|left| left < V8_STACK) {
        return;
    }
    // What the interrupted turn's native code may grow to is not the others' affair.
    let _unbounded = Bound::lifted();
    crew.interlude();
}
