//! The request that the running code works for. It is V8's continuation-preserved embedder data: whatever runs because of a
//! request, however late, is known by its id.

use nano_webidl::{Scope, Value};
use nano_worker::RequestId;

/// What runs from now on, runs because of this request.
#[inline]
pub(crate) fn enter(scope: &mut Scope, id: RequestId) {
    let frame: Value = v8::BigInt::new_from_u64(scope, id.0).into();
    scope.set_continuation_preserved_embedder_data(frame);
}

/// What runs from now on, runs for no request.
#[inline]
pub(crate) fn leave(scope: &mut Scope) {
    let none = v8::undefined(scope).into();
    scope.set_continuation_preserved_embedder_data(none);
}

/// The request that the running code works for.
pub(crate) fn current_request(scope: &mut Scope) -> Option<RequestId> {
    let frame = scope.get_continuation_preserved_embedder_data();
    v8::Local::<v8::BigInt>::try_from(frame)
        .ok()
        .map(|id| RequestId(id.u64_value().0))
}
