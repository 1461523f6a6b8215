//! `AppLocks`: how the built-in script reaches the locks that an app's instances share.

use std::cell::{OnceCell, RefCell};
use std::collections::hash_map::Entry;
use std::rc::Rc;
use std::sync::Arc;

use nano_engine::external_memory::{ExternalMemory, for_nobody};
use nano_engine::{Handle, State, text};
use nano_webidl::idl::CallbackFunction;
use nano_webidl::room::{code_units, no_room};
use nano_webidl::{Fallible, Scope, Value, internalized, require_room};
use nano_worker::{Acquire, Agent, LockInfo, LockMode, LockNotice, LockOwner, LockRequest};
use rustc_hash::FxHashMap;

use crate::bindings::app_locks::AppLocksMethods;
use crate::environment::event_loop::Callback;
use crate::webcrypto::crypto::random_uuid;

/// The namespace.
pub struct AppLocks;

/// About what a request takes besides its name: here, and among the locks of the app.
const REQUEST: usize = 1 << 10;

/// The requests of an isolate that are not over: they wait, or have a lock.
#[derive(Default)]
pub(crate) struct OwnRequests {
    owner: OnceCell<Arc<Owner>>,
    requests: RefCell<FxHashMap<u64, OwnRequest>>,
}

struct OwnRequest {
    callback: Rc<Callback>,
    _memory: ExternalMemory,
}

/// An isolate that makes requests.
struct Owner {
    isolate: Handle,
    /// <https://html.spec.whatwg.org/multipage/webappapis.html#concept-environment-id>
    client_id: String,
}

impl LockOwner for Owner {
    fn client_id(&self) -> &str {
        &self.client_id
    }

    fn tell(&self, request: u64, notice: LockNotice) {
        // One that has ended hears nothing any more, and is about to lose what it got.
        self.isolate
            .post_fn(move |scope| hear(scope, request, notice));
    }
}

impl OwnRequests {
    fn of<'s>(scope: &Scope<'s, '_>) -> &'s OwnRequests {
        State::from_scope(scope).extension()
    }

    fn owner(&self, scope: &Scope) -> Fallible<Arc<Owner>> {
        if let Some(owner) = self.owner.get() {
            return Ok(owner.clone());
        }
        let owner = Arc::new(Owner {
            isolate: State::from_scope(scope).handle(),
            client_id: random_uuid()?.iter().copied().map(char::from).collect(),
        });
        Ok(self.owner.get_or_init(|| owner).clone())
    }

    fn forget(&self, request: u64) {
        let forgotten = self.requests.borrow_mut().remove(&request);
        drop(forgotten);
    }
}

/// A turn for what has become of a request.
fn hear(scope: &mut Scope, request: u64, notice: LockNotice) {
    let own = OwnRequests::of(scope);
    let known = own
        .requests
        .borrow()
        .get(&request)
        .map(|own| own.callback.clone());
    // It may have been aborted, or released, meanwhile.
    let Some(callback) = known else {
        return;
    };
    if notice != LockNotice::Granted {
        own.forget(request);
    }
    let notice = match notice {
        LockNotice::Granted => 0,
        LockNotice::Unavailable => 1,
        LockNotice::Stolen => 2,
    };
    let notice = v8::Integer::new(scope, notice).into();
    callback.call(scope, &[notice]);
}

/// Does something with the app's locks. What they keep is no instance's, and counted here.
fn with_locks<R>(scope: &Scope, work: impl FnOnce(&Agent) -> R) -> R {
    let agent = State::from_scope(scope).extension::<Arc<Agent>>();
    for_nobody(|| work(agent))
}

fn mode_of(lock: &LockInfo) -> &'static str {
    match lock.mode {
        LockMode::Shared => "shared",
        LockMode::Exclusive => "exclusive",
    }
}

impl AppLocksMethods for AppLocks {
    fn request_lock<'s>(
        scope: &mut Scope<'s, '_>,
        name: v8::Local<'s, v8::String>,
        is_shared: bool,
        if_available: bool,
        steal: bool,
        callback: CallbackFunction<'s>,
    ) -> Fallible<f64> {
        let own = OwnRequests::of(scope);
        let name = code_units(scope, name)?;
        let owner = own.owner(scope)?;
        let own_request = OwnRequest {
            callback: Rc::new(Callback::new(scope, &callback)),
            _memory: ExternalMemory::new(REQUEST + size_of_val(&*name)),
        };
        let mode = match is_shared {
            true => LockMode::Shared,
            false => LockMode::Exclusive,
        };
        let acquire = match (if_available, steal) {
            (true, _) => Acquire::IfAvailable,
            (false, true) => Acquire::Steal,
            (false, false) => Acquire::WhenFree,
        };
        let id = with_locks(scope, |agent| {
            agent.request_lock(LockRequest {
                name: &name,
                mode,
                acquire,
                owner,
            })
        });
        own.requests.borrow_mut().insert(id, own_request);
        Ok(id as f64)
    }

    fn abort_lock_request(scope: &mut Scope, request: f64) -> Fallible<bool> {
        let request = request as u64;
        let is_aborted = with_locks(scope, |agent| agent.abort_lock_request(request));
        if is_aborted {
            OwnRequests::of(scope).forget(request);
        }
        Ok(is_aborted)
    }

    fn release_lock(scope: &mut Scope, request: f64) -> Fallible<bool> {
        let request = request as u64;
        let is_released = with_locks(scope, |agent| agent.release_lock(request));
        if is_released {
            OwnRequests::of(scope).forget(request);
        }
        Ok(is_released)
    }

    fn all_locks<'s>(scope: &mut Scope<'s, '_>) -> Fallible<Value<'s>> {
        let locks = with_locks(scope, |agent| agent.locks());
        require_room(scope, locks.len() * size_of::<[Value; 4]>() * 2)?;
        let mut items = Vec::with_capacity(locks.len() * 4);
        // Those of one name have one string, whose length is the app's choice.
        let mut names = FxHashMap::<*const [u16], Value<'s>>::default();
        for lock in &locks {
            let name = match names.entry(Arc::as_ptr(&lock.name)) {
                Entry::Occupied(known) => *known.get(),
                Entry::Vacant(place) => {
                    let string = text::two_byte(scope, &lock.name);
                    let string = string.ok_or_else(|| no_room(size_of_val(&*lock.name)))?;
                    *place.insert(string.into())
                }
            };
            let client_id = internalized(scope, lock.owner.client_id()).into();
            let is_held = v8::Boolean::new(scope, lock.is_held).into();
            let mode = internalized(scope, mode_of(lock)).into();
            items.extend([is_held, name, mode, client_id]);
        }
        Ok(v8::Array::new_with_elements(scope, &items).into())
    }
}
