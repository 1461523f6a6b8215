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
/// The compressor's window, of 10 to 24: 1 MiB. It takes twice as much, and 4 MiB would make a stream take twice what it does, for
/// what few bodies repeat.
const WINDOW_BITS: u32 = 20;
/// After so much input the compressor ends a block, which takes a thousandth more output. What it keeps of a block's content grows with
/// the block, which would have up to twice the window, and is copied with each part of it.
const BLOCK_BYTES: usize = 256 << 10;
/// What a compressor takes at most, also within a step: measured by a test.
const COMPRESSOR_BYTES: usize = 8 << 20;
/// What all code tables of a decompressor take at most.
const TABLE_BYTES: usize = 4 << 20;

/// Counts what is allocated.
#[derive(Clone, Default)]
struct Counting(Arc<Count>);

#[derive(Default)]
struct Count {
    bytes: AtomicUsize,
    #[cfg(test)]
    most: AtomicUsize,
}

impl Count {
    fn add(&self, bytes: usize) {
        let _before = self.bytes.fetch_add(bytes, Ordering::Relaxed);
        #[cfg(test)]
        self.most.fetch_max(_before + bytes, Ordering::Relaxed);
    }
}

impl Counting {
    fn bytes(&self) -> usize {
        self.0.bytes.load(Ordering::Relaxed)
    }
}

/// Memory that counts until it is dropped.
struct Counted<T> {
    items: Box<[T]>,
    count: Arc<Count>,
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
        self.count.bytes.fetch_sub(bytes, Ordering::Relaxed);
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
        self.0.add(size_of_val(&*items));
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
    /// Bytes of input in this block.
    in_block: usize,
}

impl Compressor {
    pub(super) fn new() -> Compressor {
        let allocated = Counting::default();
        let mut state = BrotliEncoderStateStruct::new(allocated.clone());
        state.set_parameter(BrotliEncoderParameter::BROTLI_PARAM_QUALITY, QUALITY);
        state.set_parameter(BrotliEncoderParameter::BROTLI_PARAM_LGWIN, WINDOW_BITS);
        Compressor {
            state,
            allocated,
            in_block: 0,
        }
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
        let mut step = Step::default();
        loop {
            let left = &input[step.read..];
            let piece = &left[..left.len().min(BLOCK_BYTES - self.in_block)];
            let is_last = finish && piece.len() == left.len();
            // What ends a block has the compressor's attention until all of it is written.
            let operation = if is_last && self.in_block < BLOCK_BYTES {
                BrotliEncoderOperation::BROTLI_OPERATION_FINISH
            } else if self.in_block + piece.len() == BLOCK_BYTES {
                BrotliEncoderOperation::BROTLI_OPERATION_FLUSH
            } else {
                BrotliEncoderOperation::BROTLI_OPERATION_PROCESS
            };
            let (mut read, mut written) = (0, 0);
            let (mut input_left, mut room) = (piece.len(), output.len() - step.written);
            let is_done = self.state.compress_stream(
                operation,
                &mut input_left,
                piece,
                &mut read,
                &mut room,
                &mut output[step.written..],
                &mut written,
                &mut None,
                &mut |_, _, _, _| (),
            );
            if !is_done {
                return Err("the compressor has failed".to_owned());
            }
            step.read += read;
            step.written += written;
            step.ended = self.state.is_finished();
            self.in_block += read;
            if step.ended || self.in_block < BLOCK_BYTES || self.state.has_more_output() {
                return Ok(step);
            }
            self.in_block = 0;
            if step.read == input.len() && !finish {
                return Ok(step);
            }
        }
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

#[cfg(test)]
mod tests {
    use super::*;

    /// Words of four bytes in any order: as many matches of other distances as there can be.
    fn words(count: usize) -> Vec<u8> {
        let mut random = 1_u32;
        let mut next = || {
            random = random.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            random >> 8
        };
        let words: Vec<[u8; 4]> = (0..3000)
            .map(|_| (next() << 8).to_be_bytes().map(|b| b ^ 0x5a))
            .collect();
        let chosen = (0..count).flat_map(|_| words[next() as usize % words.len()]);
        chosen.collect()
    }

    /// All steps with this content; what comes out.
    fn compress(content: &[u8], size: usize, room: usize) -> Vec<u8> {
        let mut compressor = Compressor::new();
        let (mut made, mut at) = (Vec::new(), 0);
        loop {
            let end = content.len().min(at + size);
            let allowed = compressor.memory() + compressor.wanted(&content[at..end]);
            let mut output = vec![0; room];
            let is_last = end == content.len();
            let step = compressor
                .step(&content[at..end], &mut output, is_last)
                .unwrap();
            let most = compressor.allocated.0.most.load(Ordering::Relaxed);
            assert!(most <= allowed, "it had {most} of {allowed} bytes at {at}");
            made.extend_from_slice(&output[..step.written]);
            at += step.read;
            if step.ended {
                return made;
            }
            assert!(step.read > 0 || step.written > 0, "it stands still at {at}");
        }
    }

    fn decompress(mut data: &[u8]) -> Vec<u8> {
        let mut decompressor = Decompressor::new();
        let mut made = Vec::new();
        let mut output = vec![0; 1 << 16];
        loop {
            let step = decompressor.step(data, &mut output, true).unwrap();
            made.extend_from_slice(&output[..step.written]);
            data = &data[step.read..];
            if step.ended {
                return made;
            }
        }
    }

    #[test]
    fn a_compressor_takes_no_more_than_it_asks_for() {
        for content in [words(200_000), vec![0; 3 * BLOCK_BYTES]] {
            let data = compress(&content, 256 << 10, 64 << 10);
            assert!(decompress(&data) == content);
        }
    }

    #[test]
    fn blocks_end_wherever_input_and_output_are_cut() {
        let content = words(2 * BLOCK_BYTES / 4);
        for (length, size, room) in [
            (2 * BLOCK_BYTES, BLOCK_BYTES, 1000),
            (2 * BLOCK_BYTES, 2 * BLOCK_BYTES, 1 << 20),
            (BLOCK_BYTES + 1, 100_000, 4096),
            (BLOCK_BYTES, BLOCK_BYTES - 1, 1 << 20),
            (0, 1, 1000),
        ] {
            let data = compress(&content[..length], size, room);
            assert!(
                decompress(&data) == content[..length],
                "{length} {size} {room}"
            );
        }
    }
}
