//! Who is to blame for an exception, if the app is not: what a host answers where a handler lets it pass depends on that.

use nano_webidl::{Scope, Value};
use nano_worker::{BodyError, BodyErrorKind};

/// Somebody else than the app.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Blame {
    /// Another server, or the way to it: a network error.
    Peer = 1,
    /// The process, which has no memory left.
    Process = 2,
}

/// Who is to blame for a body that cannot be read.
pub(super) fn of(error: &BodyError) -> Option<Blame> {
    (error.kind == BodyErrorKind::NoRoom).then_some(Blame::Process)
}

impl Blame {
    /// Marks an exception. Scripts cannot see it.
    pub(super) fn mark(self, scope: &mut Scope, exception: Value) {
        if let Ok(object) = v8::Local::<v8::Object>::try_from(exception) {
            let (key, mark) = (key(scope), v8::Integer::new(scope, self as i32));
            object.set_private(scope, key, mark.into());
        }
    }

    /// The mark of what an app has thrown.
    pub(crate) fn for_exception<'s>(
        scope: &mut Scope<'s, '_>,
        exception: Value<'s>,
    ) -> Option<Blame> {
        let object = v8::Local::<v8::Object>::try_from(exception).ok()?;
        let key = key(scope);
        let mark = object.get_private(scope, key)?.int32_value(scope)?;
        let all = [Self::Peer, Self::Process];
        all.into_iter().find(|blame| *blame as i32 == mark)
    }
}

fn key<'s>(scope: &mut Scope<'s, '_>) -> v8::Local<'s, v8::Private> {
    let name = v8::String::new(scope, "nano:blame");
    v8::Private::for_api(scope, name)
}
