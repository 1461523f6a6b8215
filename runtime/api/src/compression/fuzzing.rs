//! See [`crate::fuzzing`].

use super::codec::Algorithm;
use super::zlib::{self, Format};
use super::{brotli, zstd};
use crate::fuzzing::input::{Input, cut};

/// The most bytes that are made of a case.
const MOST: usize = 1 << 20;
/// What an estimate may leave out.
const LITTLE: usize = 64 << 10;

/// What came out of an algorithm.
#[derive(Debug, PartialEq, Eq)]
enum Made {
    /// All, how much of the input it took, and whether it has ended.
    All(Vec<u8>, usize, bool),
    /// More than is looked at here.
    Much,
    Wrong,
}

/// Has an algorithm take content in pieces of `size`, with room for `room` bytes at a time.
fn run(algorithm: &mut dyn Algorithm, content: &[u8], size: u8, room: usize) -> Made {
    let (mut made, mut taken) = (Vec::new(), 0);
    let mut pieces = cut(content, size).peekable();
    loop {
        let mut piece = pieces.next().unwrap_or_default();
        let is_last = pieces.peek().is_none();
        loop {
            let allowed = algorithm.memory() + algorithm.wanted(piece) + LITTLE;
            let mut output = vec![0; room];
            let Ok(step) = algorithm.step(piece, &mut output, is_last) else {
                return Made::Wrong;
            };
            assert!(step.read <= piece.len() && step.written <= room);
            let memory = algorithm.memory();
            assert!(memory <= allowed, "it has {memory} of {allowed}");
            taken += step.read;
            piece = &piece[step.read..];
            made.extend_from_slice(&output[..step.written]);
            if step.ended {
                return Made::All(made, taken, true);
            }
            if made.len() > MOST {
                return Made::Much;
            }
            if piece.is_empty() && step.written < room {
                break;
            }
            assert!(step.read > 0 || step.written > 0, "it stands still");
        }
        if is_last {
            return Made::All(made, taken, false);
        }
    }
}

fn decompressor(number: u8) -> Box<dyn Algorithm> {
    match number % 5 {
        0 => Box::new(zlib::Decompressor::new(Format::Zlib)),
        1 => Box::new(zlib::Decompressor::new(Format::Raw)),
        2 => Box::new(zlib::Decompressor::new(Format::Gzip)),
        3 => Box::new(brotli::Decompressor::new()),
        _ => Box::new(zstd::Decompressor::new()),
    }
}

fn compressor(number: u8) -> Box<dyn Algorithm> {
    match number % 4 {
        0 => Box::new(zlib::Compressor::new(Format::Zlib)),
        1 => Box::new(zlib::Compressor::new(Format::Raw)),
        2 => Box::new(zlib::Compressor::new(Format::Gzip)),
        _ => Box::new(brotli::Compressor::new()),
    }
}

/// Compressed data of any format. What it is does not depend on how it is cut, and takes no more memory than was said before.
pub fn decompress(case: &[u8]) {
    let mut input = Input::new(case);
    let (format, size, room) = (
        input.byte(),
        input.byte(),
        1 + usize::from(input.byte()) * 64,
    );
    let data = input.rest();
    let whole = run(&mut *decompressor(format), data, 0, 64 << 10);
    let cut = run(&mut *decompressor(format), data, size, room);
    match (&whole, &cut) {
        // A fault may be behind what is looked at.
        (Made::Much, _) | (_, Made::Much) => {}
        _ => assert_eq!(whole, cut),
    }
}

/// What is compressed, in any pieces, is what comes out again.
pub fn compress(case: &[u8]) {
    let mut input = Input::new(case);
    let format = input.byte() % 4;
    let (size, room) = (input.byte(), 1 + usize::from(input.byte()) * 64);
    let times = 1 + usize::from(input.byte());
    let content = input.rest().repeat(times);
    let made = run(&mut *compressor(format), &content, size, room);
    let Made::All(data, taken, true) = made else {
        panic!("it is not compressed: {made:?}");
    };
    assert_eq!(taken, content.len());
    let again = run(&mut *decompressor(format), &data, 0, 64 << 10);
    if content.len() <= MOST {
        assert_eq!(again, Made::All(content, data.len(), true));
    }
}
