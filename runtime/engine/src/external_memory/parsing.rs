//! A source text that V8 parses, and what that may take.
//!
//! V8's parser makes a tree of a whole text in one call, which takes up to a hundred times the text in zones, and which nothing
//! interrupts. A thread that were stopped at the bound of [`super::malloc`] would keep all of it for ever. But the parser reads the
//! text piece by piece: so a large one lies outside of V8's heap, and when its tree passes the bound `malloc` overwrites it, in the
//! middle of the parser's call. What comes next is no JavaScript, and the parser gives up, and everything back.

use std::ptr::{self, NonNull};
use std::sync::atomic::{AtomicPtr, AtomicUsize, Ordering};

/// Whatever is written in its place, no text goes on with this; where the rest is a comment, [`Parsing::end`] tells.
const CUT: u8 = 0;

/// The text that V8 parses for an isolate. Its thread alone uses it.
#[derive(Debug)]
pub(super) struct Parsing {
    /// Null if there is none, or it was cut.
    text: AtomicPtr<u8>,
    bytes: AtomicUsize,
    /// What C++ code may hold meanwhile.
    bound: AtomicUsize,
}

impl Parsing {
    pub(super) const fn new() -> Parsing {
        Parsing {
            text: AtomicPtr::new(ptr::null_mut()),
            bytes: AtomicUsize::new(0),
            bound: AtomicUsize::new(usize::MAX),
        }
    }

    /// V8 begins to parse a text, for which C++ code may hold so much.
    ///
    /// # Safety
    /// Nobody else than V8's parser looks at the text before [`Parsing::end`], and it is there until then.
    pub(super) unsafe fn begin(&self, text: NonNull<[u8]>, bound: usize) {
        self.bytes.store(text.len(), Ordering::Relaxed);
        self.bound.store(bound, Ordering::Relaxed);
        self.text.store(text.as_ptr().cast(), Ordering::Relaxed);
    }

    /// Whether the text was cut, of one that is being parsed.
    pub(super) fn is_cut(&self) -> bool {
        self.text.load(Ordering::Relaxed).is_null()
    }

    /// It does so no more. Returns whether the text was cut, so that it must not be used, whatever V8 made of it.
    pub(super) fn end(&self) -> bool {
        self.bound.store(usize::MAX, Ordering::Relaxed);
        let is_cut = self.is_cut();
        self.text.store(ptr::null_mut(), Ordering::Relaxed);
        is_cut
    }

    /// What C++ code may hold before the text is cut.
    pub(super) fn bound(&self) -> usize {
        self.bound.load(Ordering::Relaxed)
    }

    /// Cuts the text. In the middle of a call of `malloc`.
    pub(super) fn cut(&self) {
        self.bound.store(usize::MAX, Ordering::Relaxed);
        let text = self.text.swap(ptr::null_mut(), Ordering::Relaxed);
        if !text.is_null() {
            // SAFETY: the promise of `begin`; this thread is in the parser's call.
            unsafe { text.write_bytes(CUT, self.bytes.load(Ordering::Relaxed)) };
        }
    }
}
