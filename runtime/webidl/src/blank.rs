//! What native code makes platform objects of: an object of the interface that has no value. Each is a copy of the first one, which
//! is what V8 makes of a template in the end, after it has entered the context and looked for the template's first one.

use std::ffi::c_void;
use std::ptr::NonNull;

use crate::Scope;

unsafe extern "C" {
    /// `v8::Local<v8::Object> v8::Object::Clone()`, of v8-object.h: the crate does not bind it. A `Local` is a pointer.
    #[link_name = "_ZN2v86Object5CloneEv"]
    fn clone(this: *const c_void) -> NonNull<c_void>;
}

/// An object of an interface that nobody has seen.
pub(crate) struct Blank(v8::Global<v8::Object>);

impl Blank {
    /// The first object of this template, which is an interface's. `None` where V8 ends the isolate.
    pub(crate) fn of(
        scope: &mut Scope,
        template: v8::Local<v8::FunctionTemplate>,
    ) -> Option<Blank> {
        let object = template.instance_template(scope).new_instance(scope)?;
        Some(Blank(v8::Global::new(scope, object)))
    }

    /// Another one.
    #[inline]
    pub(crate) fn copy<'s>(&self, scope: &mut Scope<'s, '_>) -> v8::Local<'s, v8::Object> {
        // SAFETY: it is an object of the isolate that this thread has entered, which the scope is of; V8 copies those of templates, and
        // changes nothing in it. What it returns is a handle of the scope that was opened last, of which a `Local` is the address.
        unsafe {
            let first = std::ptr::from_ref::<v8::Object>(self.0.open(scope));
            std::mem::transmute::<NonNull<c_void>, v8::Local<'s, v8::Object>>(clone(first.cast()))
        }
    }
}
