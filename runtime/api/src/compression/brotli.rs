//! Brotli, RFC 7932.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use brotli::enc::BrotliAlloc;
use brotli::enc::encode::{
    BrotliEncoderOperation, BrotliEncoderParameter, BrotliEncoderStateStruct,
};
use brotli::{
    Allocator, BrotliDecompressStream, BrotliResult, BrotliState, SliceWrapper, SliceWrapperMut,
};

use super::codec::{Algorithm, Step};

/// How hard a compressor tries, of 0 to 11. From 6 on it takes several times as long for some percent; 11 is for what is compressed
/// once and sent often.
const QUALITY: u32 = 5;
/// The compressor's window, of 10 to 24: 4 MiB, of which it takes as much as there is input.
const WINDOW_BITS: u32 = 22;
/// What a compressor takes beside its window and its output: measured by a test.
const COMPRESSOR_BYTES: usize = 8 << 20;
/// What all code tables of a decompressor take at most.
const TABLE_BYTES: usize = 4 << 20;

/// Counts what is allocated.
#[derive(Clone, Default)]
struct Counting(Arc<AtomicUsize>);

impl Counting {
    fn bytes(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }
}

/// Memory that counts until it is dropped.
struct Counted<T> {
    items: Box<[T]>,
    count: Arc<AtomicUsize>,
}

impl<T> Default for Counted<T> {
    fn default() -> Self {
        Self {
            items: Box::default(),
            count: Arc::default(),
        }
    }
}

impl<T> Drop for Counted<T> {
    fn drop(&mut self) {
        let bytes = size_of_val(&*self.items);
        self.count.fetch_sub(bytes, Ordering::Relaxed);
    }
}

impl<T> SliceWrapper<T> for Counted<T> {
    fn slice(&self) -> &[T] {
        &self.items
    }
}

impl<T> SliceWrapperMut<T> for Counted<T> {
    fn slice_mut(&mut self) -> &mut [T] {
        &mut self.items
    }
}

impl<T: Clone + Default> Allocator<T> for Counting {
    type AllocatedMemory = Counted<T>;

    fn alloc_cell(&mut self, length: usize) -> Counted<T> {
        let items = vec![T::default(); length].into_boxed_slice();
        self.0.fetch_add(size_of_val(&*items), Ordering::Relaxed);
        Counted {
            items,
            count: self.0.clone(),
        }
    }

    fn free_cell(&mut self, _: Counted<T>) {}
}

impl BrotliAlloc for Counting {}

/// Makes compressed data.
pub(super) struct Compressor {
    state: BrotliEncoderStateStruct<Counting>,
    allocated: Counting,
}

impl Compressor {
    pub(super) fn new() -> Compressor {
        let allocated = Counting::default();
        let mut state = BrotliEncoderStateStruct::new(allocated.clone());
        state.set_parameter(BrotliEncoderParameter::BROTLI_PARAM_QUALITY, QUALITY);
        state.set_parameter(BrotliEncoderParameter::BROTLI_PARAM_LGWIN, WINDOW_BITS);
        Compressor { state, allocated }
    }
}

impl Algorithm for Compressor {
    fn wanted(&self, _: &[u8]) -> usize {
        COMPRESSOR_BYTES.saturating_sub(self.memory())
    }

    fn memory(&self) -> usize {
        size_of_val(&self.state) + self.allocated.bytes()
    }

    fn step(&mut self, input: &[u8], output: &mut [u8], finish: bool) -> Result<Step, String> {
        let operation = match finish {
            true => BrotliEncoderOperation::BROTLI_OPERATION_FINISH,
            false => BrotliEncoderOperation::BROTLI_OPERATION_PROCESS,
        };
        let (mut step, mut input_left, mut room) = (Step::default(), input.len(), output.len());
        let is_done = self.state.compress_stream(
            operation,
            &mut input_left,
            input,
            &mut step.read,
            &mut room,
            output,
            &mut step.written,
            &mut None,
            &mut |_, _, _, _| (),
        );
        if !is_done {
            return Err("the compressor has failed".to_owned());
        }
        step.ended = self.state.is_finished();
        Ok(step)
    }

    fn ends_by_itself(&self) -> bool {
        false
    }
}

/// Reads compressed data.
pub(crate) struct Decompressor {
    state: Box<BrotliState<Counting, Counting, Counting>>,
    allocated: Counting,
    total: usize,
    /// What it may allocate, once the size of the window is known. The window grows as there is output.
    most: usize,
}

impl Decompressor {
    pub(crate) fn new() -> Decompressor {
        let allocated = Counting::default();
        // Strict: windows of up to 16 MiB, as in the RFC.
        let state =
            BrotliState::new_strict(allocated.clone(), allocated.clone(), allocated.clone());
        Decompressor {
            state: Box::new(state),
            allocated,
            total: 0,
            most: 0,
        }
    }

    fn most(&self, input: &[u8]) -> usize {
        match input.first() {
            Some(&first) if self.most == 0 => TABLE_BYTES + window_bytes(first),
            _ => self.most,
        }
    }
}

impl Algorithm for Decompressor {
    fn wanted(&self, input: &[u8]) -> usize {
        self.most(input).saturating_sub(self.allocated.bytes())
    }

    fn memory(&self) -> usize {
        size_of_val(&*self.state) + self.allocated.bytes()
    }

    fn step(&mut self, input: &[u8], output: &mut [u8], _: bool) -> Result<Step, String> {
        self.most = self.most(input);
        let (mut step, mut input_left, mut room) = (Step::default(), input.len(), output.len());
        let result = BrotliDecompressStream(
            &mut input_left,
            &mut step.read,
            input,
            &mut room,
            &mut step.written,
            output,
            &mut self.total,
            &mut self.state,
        );
        match result {
            BrotliResult::ResultFailure => Err("it is corrupt".to_owned()),
            BrotliResult::ResultSuccess => {
                step.ended = true;
                Ok(step)
            }
            BrotliResult::NeedsMoreInput | BrotliResult::NeedsMoreOutput => Ok(step),
        }
    }

    fn ends_by_itself(&self) -> bool {
        true
    }
}

/// The size of the window that the first byte of a stream announces: <https://www.rfc-editor.org/rfc/rfc7932#section-9.1>, WBITS.
fn window_bytes(first: u8) -> usize {
    let bits = match (first & 1, first >> 1 & 7, first >> 4 & 7) {
        (0, _, _) => 16,
        (_, 0, 0) => 17,
        (_, 0, more) => 8 + more,
        (_, more, _) => 17 + more,
    };
    1 << bits
}
