//! Two tables of V8's that are mostly empty: to which code an address on the stack belongs, and the same for WebAssembly.
//!
//! Each isolate has them. V8 fills their 112 KiB with zeros when it makes the isolate, but for some bytes of each entry: these are
//! what they were when another one had the memory, so it is filled before V8 gets it. Hardly an app has more than some entries in them.
//! So while an isolate rests, the pages that have nothing but zeros go back to the system. When V8 looks at them again, they are zeros.
//!
//! V8 does not tell where its tables are. They are known by their sizes, among the blocks that V8 asks `malloc` for while it makes an
//! isolate: sizes of this version of V8. In another one none may be found, which costs memory and is what the test is for.

use std::cell::Cell;
use std::ffi::c_void;
use std::ops::Range;

/// `wasm::WasmCodeLookupCache`; `InnerPointerToCodeCache`, which begins with a pointer.
const SIZES: [usize; 2] = [1024 * 48, 8 + 1024 * 64];

/// Blocks of [`SIZES`].
#[derive(Debug, Clone, Copy, Default)]
struct Blocks {
    addresses: [usize; SIZES.len()],
    counts: [u32; SIZES.len()],
}

thread_local! {
    /// What `malloc` has given to this thread since it began to make an isolate, if it makes one. Constant and without destructor, as
    /// `malloc` looks at it.
    static FOUND: Cell<Option<Blocks>> = const { Cell::new(None) };
}

/// `malloc` has given this block.
#[inline]
pub(super) fn allocated(block: *mut c_void, size: usize) {
    if SIZES.contains(&size) {
        note(block, size);
    }
}

#[cold]
fn note(block: *mut c_void, size: usize) {
    let Some(mut found) = FOUND.get().filter(|_| !block.is_null()) else {
        return;
    };
    // SAFETY: the block has that size, and nobody has it yet.
    unsafe { block.cast::<u8>().write_bytes(0, size) };
    for (index, _) in SIZES.iter().enumerate().filter(|(_, of)| **of == size) {
        found.addresses[index] = block.expose_provenance();
        found.counts[index] += 1;
    }
    FOUND.set(Some(found));
}

/// The tables of one isolate.
#[derive(Debug, Default)]
pub(crate) struct Tables {
    /// The whole pages in them.
    pages: Vec<Range<usize>>,
}

/// Makes an isolate on this thread, and finds its tables.
pub(crate) fn of(make: impl FnOnce() -> v8::OwnedIsolate) -> (v8::OwnedIsolate, Tables) {
    FOUND.set(Some(Blocks::default()));
    let isolate = make();
    let found = FOUND.take().unwrap_or_default();
    let page = page_size();
    let whole_pages =
        |address: usize, size| address.next_multiple_of(page)..(address + size) / page * page;
    let blocks = found.addresses.into_iter().zip(found.counts).zip(SIZES);
    let pages = blocks
        // One that is not the only one of its size may be something else, which V8 has freed by now.
        .filter(|((_, count), _)| *count == 1)
        .map(|((address, _), size)| whole_pages(address, size))
        .collect();
    (isolate, Tables { pages })
}

impl Tables {
    /// Gives back the pages that have nothing but zeros. The isolate is the one whose tables these are: nobody else looks at them
    /// than who runs it.
    pub(crate) fn give_back(&self, _isolate: &mut v8::Isolate) {
        let page = page_size();
        for pages in &self.pages {
            let mut zeros = pages.start..pages.start;
            for start in pages.clone().step_by(page) {
                // SAFETY: the page is part of a block that V8 keeps as long as the isolate, and that nobody changes meanwhile.
                let bytes = unsafe {
                    std::slice::from_raw_parts(std::ptr::with_exposed_provenance::<u8>(start), page)
                };
                if bytes.iter().all(|byte| *byte == 0) {
                    zeros.end = start + page;
                } else {
                    discard(&zeros);
                    zeros = start + page..start + page;
                }
            }
            discard(&zeros);
        }
    }
}

/// Gives back pages of zeros.
fn discard(pages: &Range<usize>) {
    if !pages.is_empty() {
        // SAFETY: the pages lie in a block of V8's, have nothing but zeros, and will have again when they are touched.
        unsafe {
            libc::madvise(
                std::ptr::with_exposed_provenance_mut(pages.start),
                pages.len(),
                libc::MADV_DONTNEED,
            );
        }
    }
}

fn page_size() -> usize {
    // SAFETY: no preconditions; every system knows its page size.
    unsafe { libc::sysconf(libc::_SC_PAGESIZE) }.unsigned_abs() as usize
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    /// How many of the pages are in memory.
    fn resident(pages: &Range<usize>) -> usize {
        let mut states = vec![0_u8; pages.len() / page_size()];
        // SAFETY: the range is mapped, and there is room for a byte for each of its pages.
        let error = unsafe {
            libc::mincore(
                std::ptr::without_provenance_mut(pages.start),
                pages.len(),
                states.as_mut_ptr(),
            )
        };
        assert_eq!(error, 0);
        states.iter().filter(|state| **state & 1 == 1).count()
    }

    #[test]
    fn pages_of_zeros_are_given_back_and_others_stay() {
        crate::platform::initialize();
        // The tables' memory has been others'.
        let used: Vec<_> = SIZES.iter().cycle().take(64).collect();
        drop::<Vec<_>>(used.into_iter().map(|size| vec![1_u8; *size]).collect());
        let (mut isolate, tables) = of(|| v8::Isolate::new(v8::CreateParams::default()));
        let [wasm, code] = &tables.pages[..] else {
            panic!(
                "V8 has other tables: {tables:?}; look for their sizes among what it allocates for an isolate"
            )
        };
        // An entry has 48 bytes.
        let in_use = wasm.start + 48 * 100;
        // SAFETY: an entry begins with an address, which V8 compares with others; none is odd.
        unsafe { *std::ptr::with_exposed_provenance_mut::<usize>(in_use) = 1 };
        assert!(resident(wasm) >= 11 && resident(code) >= 14);
        tables.give_back(&mut isolate);
        assert_eq!(resident(wasm), 1);
        assert!(resident(code) <= 1);
        // SAFETY: as above.
        let kept = unsafe { *std::ptr::with_exposed_provenance::<usize>(in_use) };
        assert_eq!(kept, 1);
        // V8 goes on with them.
        isolate.low_memory_notification();
    }
}
