//! Parts of platform objects that may grow after the object was made: their memory counts against the isolate's limit, as it is.

use std::cell::{Ref, RefCell};

use nano_engine::external_memory::ExternalMemory;

/// What can say how much memory it has.
pub trait ExternalSize {
    /// About how many bytes the value has in memory of its own.
    fn external_size(&self) -> usize;
}

/// A value that is weighed again whenever it changes. Only for the isolate's thread.
#[derive(Debug, Default)]
pub struct Accounted<T> {
    value: RefCell<T>,
    memory: ExternalMemory,
}

impl<T: ExternalSize> Accounted<T> {
    /// Weighs a value.
    pub fn new(value: T) -> Self {
        Accounted {
            memory: ExternalMemory::new(value.external_size()),
            value: RefCell::new(value),
        }
    }

    /// The value, which must not be changed meanwhile.
    pub fn borrow(&self) -> Ref<'_, T> {
        self.value.borrow()
    }

    /// Changes the value. `change` must not run JavaScript or allocate in V8's heap.
    pub fn change<R>(&self, change: impl FnOnce(&mut T) -> R) -> R {
        let value = &mut *self.value.borrow_mut();
        let result = change(value);
        self.memory.set(value.external_size());
        result
    }

    /// Adds to the value what has about so many bytes: as [`change`](Self::change), without weighing the rest.
    pub fn extend<R>(&self, bytes: usize, extend: impl FnOnce(&mut T) -> R) -> R {
        self.memory.add(bytes);
        extend(&mut self.value.borrow_mut())
    }
}

impl<T: ExternalSize> From<T> for Accounted<T> {
    fn from(value: T) -> Self {
        Accounted::new(value)
    }
}
