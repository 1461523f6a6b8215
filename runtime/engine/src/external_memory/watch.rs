//! The watchdog's look at what C and C++ code holds for a running turn ([`crate::external_memory::malloc`]), at what is reserved, at what
//! Rust code holds that nobody has counted ([`crate::external_memory::samples`]), and at the large objects that V8 has mapped, whose size its collector checks too late.
//!
//! V8's collector knows nothing of it, and an `Intl` object of a kilobyte may hold half a megabyte. So when it has grown by some
//! megabytes the isolate's thread is interrupted, tells V8, and meets its limit there: after a collection, as for all memory
//! that a collection may free. Where it grows on because one call does not let itself be interrupted, the turn is ended at
//! [`SLACK`] beyond the limit, as soon as that call is over. `malloc` does so, too, and has the last word, at its hard bound.

use std::sync::atomic::Ordering;
use std::time::Duration;

use super::Account;
use crate::isolate::enforce_limit;
use crate::limits::MIB;
use crate::mailbox::Shared;
use crate::state::State;

/// The longest time between two looks at a running turn. Memory can grow by some 2 GB per second.
pub(crate) const PAUSE: Duration = Duration::from_millis(5);

/// V8 is told whenever the sum has changed by so many bytes.
const BATCH: usize = 8 * MIB;

/// How far a turn may pass the limit while nothing can interrupt it: compilers take tens of megabytes and give them back.
pub(crate) const SLACK: usize = 64 * MIB;

/// Whether V8 should be told.
fn is_news(account: &Account) -> bool {
    account.untracked().abs_diff(account.told()) > BATCH
}

/// Whether a running turn has to be ended. On the watchdog's thread.
pub(crate) fn is_too_much(isolate: &Shared) -> bool {
    let account = &isolate.account;
    if (is_news(account) || account.has_mapped_heap())
        && !account.asked.swap(true, Ordering::Relaxed)
    {
        isolate.request_settlement();
    }
    account.foreign().lower_mark();
    account.foreign().held() + account.overlooked() > account.limit().saturating_add(SLACK)
}

/// Counts the large objects that were mapped since the last look, as far as they are still there.
fn look_at_heap(isolate: &mut v8::Isolate, account: &Account) {
    if account.has_mapped_heap() {
        let used = isolate.get_heap_statistics().used_heap_size();
        account.set_heap(used);
    }
}

/// Tells V8 of changes if there are enough of them, and sees to the isolate's limit. On its thread.
pub(crate) fn settle(isolate: &mut v8::Isolate, shared: &Shared) {
    look_at_heap(isolate, &shared.account);
    if is_news(&shared.account) {
        isolate.adjust_amount_of_external_allocated_memory(shared.account.tell());
    }
    enforce_limit(isolate, shared);
}

/// The isolate was asked to settle. On its thread, in the middle of a script.
pub(crate) fn asked(isolate: &mut v8::Isolate) {
    let Some(shared) = State::from_isolate(isolate).map(|state| state.shared.clone()) else {
        return;
    };
    let account = &shared.account;
    account.asked.store(false, Ordering::Relaxed);
    // A large object may be a step of what fits in the end: it is given the slack until the turn is over.
    if is_news(account) || account.held_at_most() > account.limit().saturating_add(SLACK) {
        settle(isolate, &shared);
    }
}
