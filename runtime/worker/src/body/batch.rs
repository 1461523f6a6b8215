//! Chunks that leave together.

use std::collections::VecDeque;
use std::io::IoSlice;

use bytes::{Buf, BufMut as _, Bytes, BytesMut};

/// Chunks of a body that leave together. Those who write them to a socket need one system call for all.
#[derive(Debug, Default)]
pub struct Batch {
    /// Not empty, unless all are gone.
    first: Bytes,
    /// None of them is empty.
    rest: VecDeque<Bytes>,
    /// Bytes of all.
    remaining: usize,
}

impl Batch {
    /// Chunks of so many bytes together, none of which is empty.
    pub(super) fn new(mut chunks: VecDeque<Bytes>, remaining: usize) -> Self {
        Self {
            first: chunks.pop_front().unwrap_or_default(),
            rest: chunks,
            remaining,
        }
    }
}

impl From<Bytes> for Batch {
    fn from(chunk: Bytes) -> Self {
        Self {
            remaining: chunk.len(),
            first: chunk,
            rest: VecDeque::new(),
        }
    }
}

impl Buf for Batch {
    fn remaining(&self) -> usize {
        self.remaining
    }

    fn chunk(&self) -> &[u8] {
        &self.first
    }

    fn chunks_vectored<'a>(&'a self, slices: &mut [IoSlice<'a>]) -> usize {
        if self.first.is_empty() {
            return 0;
        }
        let chunks = std::iter::once(&self.first).chain(&self.rest);
        let filled = slices.iter_mut().zip(chunks);
        filled
            .map(|(slice, chunk)| *slice = IoSlice::new(chunk))
            .count()
    }

    fn advance(&mut self, mut count: usize) {
        assert!(count <= self.remaining, "no more than there is");
        self.remaining -= count;
        while count >= self.first.len() {
            count -= self.first.len();
            match self.rest.pop_front() {
                Some(next) => self.first = next,
                None => return self.first.clear(),
            }
        }
        self.first.advance(count);
    }

    fn copy_to_bytes(&mut self, count: usize) -> Bytes {
        assert!(count <= self.remaining, "no more than there is");
        if count <= self.first.len() {
            let bytes = self.first.slice(..count);
            self.advance(count);
            return bytes;
        }
        let mut bytes = BytesMut::with_capacity(count);
        bytes.put(self.take(count));
        bytes.freeze()
    }
}
