//! The collector's way through a platform object, and cells for references that change.
//!
//! A collection may come whenever V8 allocates, so a traced value must be whole then. Both cells see to that: [`Traced`] is got and
//! set, and [`TracedCell`] borrows the scope for as long as it lends its value, so that nothing can allocate meanwhile.

use std::cell::{Cell, OnceCell, UnsafeCell};
use std::marker::PhantomData;
use std::rc::Rc;

pub use nano_webidl_derive::Trace;
pub use v8::cppgc::Visitor;

use crate::Scope;

/// What the collector must visit in a platform object. Derive it: every field is visited then, or says that it is `#[untraced]`.
///
/// # Safety
/// `trace` must visit every reference to a JavaScript value that the value has; the collector frees what nobody visits. It must not
/// allocate, run JavaScript, lock or panic.
pub unsafe trait Trace {
    /// Visits every reference.
    fn trace(&self, visitor: &mut Visitor);

    /// About how many bytes the value keeps beside its own size, in memory that V8 does not see. Asked once, when the object is
    /// made; what may grow later has a [`ExternalMemory`](nano_engine::external_memory::ExternalMemory) in it instead, see [`crate::Accounted`]. Such
    /// memory counts against the isolate's limit, and V8 collects garbage the sooner, the more of it there is.
    fn external_size(&self) -> usize {
        0
    }
}

/// A reference to a JavaScript value, or to none, that can be changed.
pub struct Traced<T>(UnsafeCell<Option<v8::TracedReference<T>>>);

impl<T> Default for Traced<T> {
    fn default() -> Self {
        Traced(UnsafeCell::new(None))
    }
}

impl<T> Traced<T> {
    /// A reference to this value.
    pub fn new(scope: &mut Scope, value: v8::Local<T>) -> Self {
        let traced = Traced::default();
        traced.set(scope, value);
        traced
    }

    /// The value.
    pub fn get<'s>(&self, scope: &mut Scope<'s, '_>) -> Option<v8::Local<'s, T>> {
        // SAFETY: `set` does not call anything while it writes, and the cell is its thread's own.
        let reference = unsafe { &*self.0.get() };
        reference.as_ref()?.get(scope)
    }

    /// Refers to another value.
    pub fn set(&self, scope: &mut Scope, value: v8::Local<T>) {
        let reference = v8::TracedReference::new(scope, value);
        // SAFETY: nobody has a reference into the cell: `get` and `trace` call nothing that comes back here.
        let before = unsafe { &mut *self.0.get() }.replace(reference);
        drop(before);
    }
}

// SAFETY: the one reference is visited.
unsafe impl<T> Trace for Traced<T> {
    fn trace(&self, visitor: &mut Visitor) {
        // SAFETY: as in `get`.
        unsafe { &*self.0.get() }.trace(visitor);
    }
}

/// A value with references in it, that can be changed.
#[derive(Default)]
pub struct TracedCell<T>(UnsafeCell<T>);

impl<T> TracedCell<T> {
    /// A cell with this value.
    pub fn new(value: T) -> Self {
        TracedCell(UnsafeCell::new(value))
    }

    /// Looks at the value.
    pub fn read<R>(&self, _lent: &mut Scope, read: impl FnOnce(&T) -> R) -> R {
        // SAFETY: whoever reads or changes a cell has lent the isolate's scope, so that nobody else does, and nothing is collected.
        read(unsafe { &*self.0.get() })
    }

    /// Changes the value.
    pub fn change<R>(&self, _lent: &mut Scope, change: impl FnOnce(&mut T) -> R) -> R {
        // SAFETY: as in `read`.
        change(unsafe { &mut *self.0.get() })
    }
}

// SAFETY: the value is visited.
unsafe impl<T: Trace> Trace for TracedCell<T> {
    fn trace(&self, visitor: &mut Visitor) {
        // SAFETY: V8 collects, so somebody else has the scope, and nobody changes the value.
        unsafe { &*self.0.get() }.trace(visitor);
    }
}

// SAFETY: the reference is visited.
unsafe impl<T> Trace for v8::TracedReference<T> {
    fn trace(&self, visitor: &mut Visitor) {
        visitor.trace(self);
    }
}

/// What has nothing to visit.
macro_rules! leaves {
    ($($leaf:ty),*) => {$(
        // SAFETY: it has no reference to a JavaScript value.
        unsafe impl Trace for $leaf {
            fn trace(&self, _: &mut Visitor) {}
        }

        // SAFETY: as above.
        unsafe impl Trace for Cell<$leaf> {
            fn trace(&self, _: &mut Visitor) {}
        }
    )*};
}

leaves!(
    (),
    bool,
    char,
    u8,
    u16,
    u32,
    u64,
    usize,
    i8,
    i16,
    i32,
    i64,
    isize,
    f32,
    f64,
    String
);

// SAFETY: there is no value.
unsafe impl<T> Trace for PhantomData<T> {
    fn trace(&self, _: &mut Visitor) {}
}

/// What has a value or several, each of which is visited.
macro_rules! holders {
    ($($holder:ident: |$this:ident| $values:expr;)*) => {$(
        // SAFETY: every value is visited.
        unsafe impl<T: Trace> Trace for $holder<T> {
            fn trace(&self, visitor: &mut Visitor) {
                let $this = self;
                $values.for_each(|value| value.trace(visitor));
            }
        }
    )*};
}

holders! {
    Option: |this| this.iter();
    OnceCell: |this| this.get().into_iter();
    Vec: |this| this.iter();
    Box: |this| std::iter::once(&**this);
    Rc: |this| std::iter::once(&**this);
}

// SAFETY: every value is visited.
unsafe impl<T: Trace, const N: usize> Trace for [T; N] {
    fn trace(&self, visitor: &mut Visitor) {
        self.iter().for_each(|value| value.trace(visitor));
    }
}
