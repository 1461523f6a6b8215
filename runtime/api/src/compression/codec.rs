//! What compresses or decompresses the bytes of one stream, in the hands of its built-in script.

use std::cell::RefCell;

use nano_engine::external_memory::ExternalMemory;
use nano_webidl::idl::{Bytes, uint8_array};
use nano_webidl::{Fallible, Ref, Scope, Trace, Value, require_room, type_error};

use crate::bindings::codec::CodecMethods;

/// Bytes of output that are made in one call.
const OUTPUT_BYTES: usize = 64 << 10;
/// Bytes of input that one call takes: V8 can end an app between calls only.
const INPUT_BYTES: usize = 256 << 10;

/// How far one step of an algorithm came.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Step {
    /// Bytes of input that were taken.
    pub read: usize,
    /// Bytes of output that were made.
    pub written: usize,
    /// Whether the output is complete: nothing follows.
    pub ended: bool,
}

/// A compressor's or decompressor's algorithm, with its state.
pub(crate) trait Algorithm {
    /// About how many bytes it may allocate with its next input beside what it has.
    fn wanted(&self, input: &[u8]) -> usize;

    /// Bytes that it has allocated.
    fn memory(&self) -> usize;

    /// Goes on until the input is used up or the output is full. `finish`: no input follows.
    ///
    /// # Errors
    /// What is wrong with the input, as the end of a sentence.
    fn step(&mut self, input: &[u8], output: &mut [u8], finish: bool) -> Result<Step, String>;

    /// Whether the input alone says where the output ends, as that of decompressors does.
    fn ends_by_itself(&self) -> bool;
}

/// A compressor or decompressor.
#[derive(Trace)]
pub struct Codec {
    #[untraced]
    state: RefCell<State>,
    /// Of the state.
    #[untraced]
    memory: ExternalMemory,
}

struct State {
    /// `None` once it is closed, or has failed.
    algorithm: Option<Box<dyn Algorithm>>,
    /// What was written, from `at` on to be processed.
    input: Vec<u8>,
    at: usize,
    finishing: bool,
    /// The output is complete.
    ended: bool,
}

impl Codec {
    pub(super) fn create<'s>(
        scope: &mut Scope<'s, '_>,
        algorithm: impl Algorithm + 'static,
    ) -> Fallible<Ref<'s, Codec>> {
        require_room(scope, algorithm.memory())?;
        let codec = Codec {
            memory: ExternalMemory::new(algorithm.memory()),
            state: RefCell::new(State {
                algorithm: Some(Box::new(algorithm)),
                input: Vec::new(),
                at: 0,
                finishing: false,
                ended: false,
            }),
        };
        Ok(Ref::new(scope, codec))
    }

    /// The next part of the output, and whether there may be more without further input.
    fn next(&self, scope: &mut Scope) -> Fallible<Option<Vec<u8>>> {
        let mut state = self.state.borrow_mut();
        let State {
            algorithm: Some(algorithm),
            input,
            at,
            finishing,
            ended,
        } = &mut *state
        else {
            return Ok(None);
        };
        let end = input.len().min(*at + INPUT_BYTES);
        let (piece, is_last) = (&input[*at..end], end == input.len());
        if *ended {
            // https://compression.spec.whatwg.org/#decompress-and-enqueue-a-chunk step 5.
            return match piece.is_empty() {
                true => Ok(None),
                false => Err(type_error(
                    "There is more after the end of the compressed data",
                )),
            };
        }
        require_room(scope, OUTPUT_BYTES + algorithm.wanted(piece))?;
        let mut output = vec![0; OUTPUT_BYTES];
        let step = algorithm
            .step(piece, &mut output, *finishing && is_last)
            .map_err(|fault| type_error(format!("The compressed data is not valid: {fault}")))?;
        *at += step.read;
        *ended = step.ended;
        let is_done = is_last && *at == input.len() && step.written < OUTPUT_BYTES;
        // https://compression.spec.whatwg.org/#decompress-flush-and-enqueue step 3.
        if is_done && *finishing && !*ended && algorithm.ends_by_itself() {
            return Err(type_error("The compressed data ends too early"));
        }
        if is_done {
            *input = Vec::new();
            *at = 0;
        }
        self.memory.set(algorithm.memory() + input.len());
        if is_done && step.written == 0 {
            return Ok(None);
        }
        output.truncate(step.written);
        output.shrink_to_fit();
        Ok(Some(output))
    }
}

impl CodecMethods for Codec {
    fn write<'s>(&self, scope: &mut Scope<'s, '_>, chunk: Bytes<'s>) -> Fallible<()> {
        let bytes = chunk.to_vec(scope)?;
        let mut state = self.state.borrow_mut();
        if let Some(algorithm) = &state.algorithm {
            self.memory.set(algorithm.memory() + bytes.len());
            (state.input, state.at) = (bytes, 0);
        }
        Ok(())
    }

    fn finish(&self) -> Fallible<()> {
        self.state.borrow_mut().finishing = true;
        Ok(())
    }

    fn read<'s>(&self, scope: &mut Scope<'s, '_>) -> Fallible<Value<'s>> {
        match self.next(scope) {
            Ok(None) => Ok(v8::null(scope).into()),
            Ok(Some(output)) => Ok(uint8_array(scope, output)?.into()),
            Err(error) => {
                self.close()?;
                Err(error)
            }
        }
    }

    fn close(&self) -> Fallible<()> {
        let mut state = self.state.borrow_mut();
        state.algorithm = None;
        state.input = Vec::new();
        self.memory.set(0);
        Ok(())
    }
}
