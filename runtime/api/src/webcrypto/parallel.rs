//! "In parallel": work that has nothing to do with JavaScript, on the isolate's thread where it is short, else on the pool.

use std::future::Future;
use std::ops::ControlFlow;

use nano_engine::compute::NotDone;
use nano_engine::external_memory::Reservation;
use nano_engine::{State, compute, compute_slices, compute_slow};
use nano_webidl::idl::{Bytes, Promise, ToJs};
use nano_webidl::room::no_room;
use nano_webidl::{Fallible, Scope, require_room};

use super::key::operation_error;

/// Data from this size on is worked on beside the isolate's thread: the way there and back costs some 20 µs, which is what a
/// digest of a few kilobytes does; below some 100 µs a thread had better do its own work.
pub const MIN_OFFLOADED_BYTES: usize = 128 * 1024;

/// What a piece of work waits with and leaves behind, beside its data.
const OVERHEAD: usize = 1 << 10;

/// How long work takes, even for few bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Time {
    /// Less than the way to the pool and back costs.
    Short,
    /// Up to a second.
    Long,
    /// More, and nothing but the work itself can end it.
    Slow,
}

impl Time {
    /// As long as that many bytes take.
    pub fn of_bytes(bytes: usize) -> Time {
        match bytes >= MIN_OFFLOADED_BYTES {
            true => Time::Long,
            false => Time::Short,
        }
    }
}

/// What work costs.
#[derive(Debug, Clone, Copy)]
pub struct Cost {
    /// How long it takes.
    pub time: Time,
    /// How many bytes it holds and makes: others may have dropped a key that it works with.
    pub bytes: usize,
}

type Made<'s> = Fallible<v8::Local<'s, v8::Promise>>;

fn has_pool(scope: &mut Scope) -> bool {
    State::from_scope(scope).tokio().is_some()
}

fn reserve(scope: &mut Scope, bytes: usize) -> Fallible<Reservation> {
    Reservation::take(scope, bytes).ok_or_else(|| no_room(bytes))
}

/// A promise for what `finish` makes of what comes of the work in parallel.
fn spawn<'s, T: ToJs, R: Send + 'static>(
    scope: &mut Scope<'s, '_>,
    room: Reservation,
    work: impl Future<Output = Result<Fallible<R>, NotDone>> + Send + 'static,
    finish: impl for<'a, 'b> FnOnce(&mut Scope<'a, 'b>, R) -> Fallible<T::Native<'a>> + 'static,
) -> Made<'s> {
    Promise::<T>::spawn(scope, work, move |scope, result| {
        // What was made counts with its object from now on.
        drop(room);
        match result {
            Ok(result) => finish(scope, result?),
            Err(NotDone) => Err(operation_error(
                "The work was not done; the log of the process says why",
            )),
        }
    })
}

/// A promise for what `finish` makes of what `work` does.
///
/// # Errors
/// Those of `work` and `finish`, where they were done at once; they reject the promise otherwise. A `RangeError` where there is no
/// room.
pub fn perform<'s, T: ToJs, R: Send + 'static>(
    scope: &mut Scope<'s, '_>,
    cost: Cost,
    work: impl FnOnce() -> Fallible<R> + Send + 'static,
    finish: impl for<'a, 'b> FnOnce(&mut Scope<'a, 'b>, R) -> Fallible<T::Native<'a>> + 'static,
) -> Made<'s> {
    if cost.time == Time::Short || !has_pool(scope) {
        require_room(scope, cost.bytes)?;
        let value = work().and_then(|result| finish(scope, result))?;
        return Promise::<T>::resolved(scope, value);
    }
    let room = reserve(scope, cost.bytes.saturating_add(OVERHEAD))?;
    let state = State::from_scope(scope);
    match cost.time {
        Time::Slow => {
            let work = compute_slow(state, work);
            spawn::<T, R>(scope, room, work, finish)
        }
        _ => {
            let work = compute(state, work);
            spawn::<T, R>(scope, room, work, finish)
        }
    }
}

/// As [`perform`], of work that is done a slice at a time.
///
/// # Errors
/// As for [`perform`].
pub fn perform_slices<'s, T: ToJs, R: Send + 'static>(
    scope: &mut Scope<'s, '_>,
    cost: Cost,
    mut slice: impl FnMut() -> ControlFlow<Fallible<R>> + Send + 'static,
    finish: impl for<'a, 'b> FnOnce(&mut Scope<'a, 'b>, R) -> Fallible<T::Native<'a>> + 'static,
) -> Made<'s> {
    if cost.time == Time::Short || !has_pool(scope) {
        let all = move || loop {
            if let ControlFlow::Break(result) = slice() {
                return result;
            }
        };
        return perform::<T, R>(scope, cost, all, finish);
    }
    let room = reserve(scope, cost.bytes.saturating_add(OVERHEAD))?;
    let work = compute_slices(State::from_scope(scope), slice);
    spawn::<T, R>(scope, room, work, finish)
}

/// As [`perform`], on bytes of the app's: they are read where they are, or copied. What is made of them may be as large as they are.
///
/// # Errors
/// As for [`perform`].
pub fn perform_on<'s, T: ToJs, R: Send + 'static>(
    scope: &mut Scope<'s, '_>,
    cost: Cost,
    data: Bytes<'s>,
    work: impl FnOnce(&[u8]) -> Fallible<R> + Send + 'static,
    finish: impl for<'a, 'b> FnOnce(&mut Scope<'a, 'b>, R) -> Fallible<T::Native<'a>> + 'static,
) -> Made<'s> {
    let length = data.len();
    let time = cost.time.max(Time::of_bytes(length));
    // OPTIMIZATION: small data needs no copy, because the work is done before anyone can change it.
    if time == Time::Short || !has_pool(scope) {
        require_room(scope, cost.bytes.saturating_add(length))?;
        let result = data.read(scope, work)?;
        let value = finish(scope, result)?;
        return Promise::<T>::resolved(scope, value);
    }
    // Two copies: the data, and what is made of it.
    let bytes = cost.bytes.saturating_add(length.saturating_mul(2));
    let room = reserve(scope, bytes.saturating_add(OVERHEAD))?;
    let copy = data.read(scope, <[u8]>::to_vec);
    let work = compute(State::from_scope(scope), move || work(&copy));
    spawn::<T, R>(scope, room, work, finish)
}
