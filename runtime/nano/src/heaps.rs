//! Room for V8's compilers in heaps that are full.
//!
//! V8 compiles hot functions on threads of its own, and puts what comes of it into the isolate's heap. Where that is full, such a
//! thread asks the isolate's own for a collection, in which the isolate gets room, and an end. But one that ends already, for its CPU
//! time, say, collects no more; then V8 has nobody to ask, and ends the process. So the heap grows for these threads whatever its
//! limit is: what they add is small, and whatever the app itself asks for next meets the limit.
//!
//! The linker leads V8's questions here (`build.rs`).

use std::ffi::c_void;

use nano_engine::external_memory::malloc;

unsafe extern "C" {
    fn __real__ZNK2v88internal4Heap22CanExpandOldGenerationEm(
        heap: *const c_void,
        size: usize,
    ) -> bool;
    fn __real__ZNK2v88internal4Heap31IsOldGenerationExpansionAllowedEmRKNS_4base9LockGuardINS2_5MutexEEE(
        heap: *const c_void,
        size: usize,
        witness: *const c_void,
    ) -> bool;
}

/// Whether a heap may grow on this thread though its limit says no: who runs an isolate works for it, and V8's own threads do not.
fn is_granted() -> bool {
    !malloc::is_working()
}

#[unsafe(no_mangle)]
unsafe extern "C" fn __wrap__ZNK2v88internal4Heap22CanExpandOldGenerationEm(
    heap: *const c_void,
    size: usize,
) -> bool {
    // SAFETY: the caller's promise is what the function asks for.
    let fits = unsafe { __real__ZNK2v88internal4Heap22CanExpandOldGenerationEm(heap, size) };
    fits || is_granted()
}

#[unsafe(no_mangle)]
unsafe extern "C" fn __wrap__ZNK2v88internal4Heap31IsOldGenerationExpansionAllowedEmRKNS_4base9LockGuardINS2_5MutexEEE(
    heap: *const c_void,
    size: usize,
    witness: *const c_void,
) -> bool {
    // SAFETY: as above.
    let fits = unsafe {
        __real__ZNK2v88internal4Heap31IsOldGenerationExpansionAllowedEmRKNS_4base9LockGuardINS2_5MutexEEE(heap, size, witness)
    };
    fits || is_granted()
}
