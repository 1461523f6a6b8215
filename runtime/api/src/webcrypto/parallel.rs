//! "In parallel": work that has nothing to do with JavaScript, on the isolate's thread where it is short, else on the pool.

use nano_engine::external_memory::Reservation;
use nano_engine::{State, compute};
use nano_webidl::idl::{Bytes, Promise, ToJs};
use nano_webidl::room::no_room;
use nano_webidl::{Fallible, Scope};

use super::key::operation_error;
use crate::reserved::reserve;

/// Data from this size on is worked on beside the isolate's thread: the way there and back costs some 20 µs, which is what a
/// digest of a few kilobytes does; below some 100 µs a thread had better do its own work.
pub const MIN_OFFLOADED_BYTES: usize = 128 * 1024;

fn has_pool(scope: &mut Scope) -> bool {
    State::from_scope(scope).tokio().is_some()
}

/// A promise for what `finish` makes of what `work` does.
///
/// # Errors
/// Those of `work` and `finish`, where they were done at once; they reject the promise otherwise.
pub fn perform<'s, T: ToJs, R: Send + 'static>(
    scope: &mut Scope<'s, '_>,
    long: bool,
    work: impl FnOnce() -> Fallible<R> + Send + 'static,
    finish: impl for<'a, 'b> FnOnce(&mut Scope<'a, 'b>, R) -> Fallible<T::Native<'a>> + 'static,
) -> Fallible<v8::Local<'s, v8::Promise>> {
    if !long || !has_pool(scope) {
        let result = work()?;
        let value = finish(scope, result)?;
        return Promise::<T>::resolved(scope, value);
    }
    let work = compute(State::from_scope(scope), work);
    Promise::<T>::spawn(scope, work, |scope, result| match result {
        Ok(result) => finish(scope, result?),
        Err(_) => Err(operation_error(
            "The work was not done; the log of the process says why",
        )),
    })
}

/// As [`perform`], on bytes of the app's: they are read where they are, or copied. What is made of them may be as large as they are.
///
/// # Errors
/// As for [`perform`]; a `RangeError` where there is no room.
pub fn perform_on<'s, T: ToJs, R: Send + 'static>(
    scope: &mut Scope<'s, '_>,
    long: bool,
    data: Bytes<'s>,
    work: impl FnOnce(&[u8]) -> Fallible<R> + Send + 'static,
    finish: impl for<'a, 'b> FnOnce(&mut Scope<'a, 'b>, R) -> Fallible<T::Native<'a>> + 'static,
) -> Fallible<v8::Local<'s, v8::Promise>> {
    let long = long || data.len() >= MIN_OFFLOADED_BYTES;
    // OPTIMIZATION: small data needs no copy, because the work is done before anyone can change it.
    if !long || !has_pool(scope) {
        let result = data.read(scope, work)?;
        let value = finish(scope, result)?;
        return Promise::<T>::resolved(scope, value);
    }
    let copy = data.to_vec(scope)?;
    let length = copy.len();
    let copy = reserve(scope, copy)?;
    let room = Reservation::take(scope, length).ok_or_else(|| no_room(length))?;
    perform::<T, _>(
        scope,
        true,
        move || work(&copy),
        move |scope, result| {
            drop(room);
            finish(scope, result)
        },
    )
}
