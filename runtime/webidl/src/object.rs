//! Platform objects: Rust values in V8's garbage-collected heap, each behind a JavaScript wrapper.
//!
//! <https://webidl.spec.whatwg.org/#js-platform-objects>

use std::cell::UnsafeCell;
use std::ffi::CStr;
use std::mem::MaybeUninit;
use std::ops::Deref;

use nano_engine::external_memory::{self, ExternalMemory};

use crate::{Fallible, Realm, Scope, Trace, Value, type_error};

/// The tag of all our wrappers; V8 does not check it in this build, so [`Head::kind`] decides.
const TAG: u16 = 1;

/// A Rust type that implements an interface. Generated glue implements it for the types that it names.
pub trait PlatformObject: Trace + Sized + 'static {
    /// The interface's identifier.
    const NAME: &'static str;
    /// The interface's place in the table of all interfaces: unique, and the index of its template.
    const KIND: u16;

    /// Looks at an object's head and gives its value as `Self`, also where the object is of a derived interface.
    fn from_head(head: &Head) -> Option<&Self>;
}

/// The first field of every object that we wrap, so that its true type is known before it is touched.
#[repr(C)]
pub struct Head {
    kind: u16,
}

impl Head {
    /// [`PlatformObject::KIND`] of the value behind this head.
    pub fn kind(&self) -> u16 {
        self.kind
    }

    /// The value, if the object is exactly a `T`.
    pub fn exactly<T: PlatformObject>(&self) -> Option<&T> {
        if self.kind != T::KIND {
            return None;
        }
        // SAFETY: only `Ref::attach` makes heads, always as the first field of a `#[repr(C)]` `Holder` of the type whose KIND it
        // writes; kinds are unique.
        Some(unsafe { &*(self as *const Head).cast::<Holder<T>>() }.value())
    }
}

#[repr(C)]
struct Holder<T> {
    head: Head,
    _memory: ExternalMemory,
    /// Written as soon as the collector has given a place for it: values are large, and were moved there over two others.
    value: UnsafeCell<MaybeUninit<T>>,
}

impl<T> Holder<T> {
    #[inline]
    fn value(&self) -> &T {
        // SAFETY: `Ref::attach` has written it before anybody else saw the holder, and nobody writes it again.
        unsafe { (*self.value.get()).assume_init_ref() }
    }
}

impl<T> Drop for Holder<T> {
    fn drop(&mut self) {
        // SAFETY: as above; this is the last that is done with it.
        unsafe { self.value.get_mut().assume_init_drop() };
    }
}

// SAFETY: `T::trace` visits every reference, by the contract of `Trace`; the rest has none.
unsafe impl<T: PlatformObject> v8::cppgc::GarbageCollected for Holder<T> {
    fn trace(&self, visitor: &mut v8::cppgc::Visitor) {
        self.value().trace(visitor);
    }

    fn get_name(&self) -> &'static CStr {
        c"PlatformObject"
    }
}

/// A platform object in use: the Rust value, and the JavaScript object that keeps it alive as long as the handle lives.
pub struct Ref<'s, T: PlatformObject> {
    object: v8::Local<'s, v8::Object>,
    value: &'s T,
}

impl<T: PlatformObject> Clone for Ref<'_, T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T: PlatformObject> Copy for Ref<'_, T> {}

impl<T: PlatformObject> Deref for Ref<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        self.value
    }
}

impl<'s, T: PlatformObject> Ref<'s, T> {
    /// Makes a new object of the interface, in the current realm.
    #[expect(
        clippy::expect_used,
        reason = "V8 makes it of another one or of a constructor without script: nothing can throw, nor be terminated"
    )]
    #[inline]
    pub fn new(scope: &mut Scope<'s, '_>, value: T) -> Ref<'s, T> {
        let object = Realm::blank(scope, T::KIND)
            .expect("an interface's template makes objects without running any script");
        Self::attach(scope, object, value)
    }

    /// Puts the value behind an object that came out of the interface's template, as constructors do.
    #[expect(
        clippy::expect_used,
        reason = "the `v8` crate gives every isolate a heap for native objects, until it is disposed of"
    )]
    pub fn attach(
        scope: &mut Scope<'s, '_>,
        object: v8::Local<'s, v8::Object>,
        value: T,
    ) -> Ref<'s, T> {
        let memory = ExternalMemory::new(size_of::<Holder<T>>() + value.external_size());
        let holder = Holder {
            head: Head { kind: T::KIND },
            _memory: memory,
            value: UnsafeCell::new(MaybeUninit::uninit()),
        };
        let heap = scope
            .get_cpp_heap()
            .expect("every isolate has a heap for native objects");
        // SAFETY: the pointer goes straight into the wrapper, from where the collector sees it. `object` comes from a template of
        // ours, so it has room for the pointer. The value is there before anything is allocated again, and so before anybody looks.
        let pointer = unsafe {
            #[expect(clippy::disallowed_methods, reason = "this is the allowed place")]
            let pointer = v8::cppgc::make_garbage_collected(heap, holder);
            (*pointer.as_ref().value.get()).write(value);
            v8::Object::wrap::<TAG, Holder<T>>(scope, object, &pointer);
            pointer
        };
        // SAFETY: the collector does not move or free the value while its wrapper is reachable, and `object` is a live handle of 's.
        let value = unsafe { &*std::ptr::from_ref(pointer.as_ref().value()) };
        external_memory::settle(scope);
        Ref { object, value }
    }

    /// The object as `T`, if it is one. Proxies and objects that only inherit from a prototype are not.
    pub fn from_value(scope: &mut Scope<'s, '_>, value: Value<'s>) -> Option<Ref<'s, T>> {
        let object: v8::Local<v8::Object> = value.try_into().ok()?;
        let head = head(scope, object)?;
        Some(Ref {
            object,
            value: T::from_head(head)?,
        })
    }

    /// The JavaScript object.
    pub fn object(&self) -> v8::Local<'s, v8::Object> {
        self.object
    }

    /// The value, for as long as the handle lives.
    pub fn value(&self) -> &'s T {
        self.value
    }
}

/// The head of a platform object of ours; `None` for every other object.
pub fn head<'s>(scope: &mut Scope<'s, '_>, object: v8::Local<'s, v8::Object>) -> Option<&'s Head> {
    if !object.is_api_wrapper() {
        return None;
    }
    // SAFETY: an API wrapper came from one of our templates, and all of those hold either nothing or a `Holder`, which starts with
    // a `Head`; `Holder<Anything>` serves to read that head only.
    let pointer = unsafe { v8::Object::unwrap::<TAG, Holder<Anything>>(scope, object) }?;
    // SAFETY: as in `attach`: the handle keeps the object alive for 's, and the collector does not move it.
    Some(unsafe { &*(&pointer.as_ref().head as *const Head) })
}

/// Stands for a value whose type is not known yet; aligned as every value is allowed to be, and never read.
#[derive(Trace)]
struct Anything;

impl PlatformObject for Anything {
    const NAME: &'static str = "";
    const KIND: u16 = u16::MAX;

    fn from_head(_: &Head) -> Option<&Self> {
        None
    }
}

/// "is not of type 'Blob'."
pub fn not_of_type(name: &str) -> crate::Error {
    type_error(format!("is not of type '{name}'."))
}

/// The conversion of an argument of interface type.
pub fn require<'s, T: PlatformObject>(
    scope: &mut Scope<'s, '_>,
    value: Value<'s>,
) -> Fallible<Ref<'s, T>> {
    Ref::from_value(scope, value).ok_or_else(|| not_of_type(T::NAME))
}
