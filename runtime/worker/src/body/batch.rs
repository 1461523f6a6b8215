//! Chunks that leave together.

use std::collections::VecDeque;
use std::io::IoSlice;

use bytes::{Buf, BufMut as _, Bytes, BytesMut};

/// Chunks of a body that leave together. Those who write them to a socket need one system call for all.
#[derive(Debug, Default)]
pub struct Batch {
    /// Not empty, unless all are gone.
    first: Bytes,
    /// None of them is empty. Boxed, as most have none: the whole is moved about.
    rest: Option<Box<Rest>>,
    /// Bytes of all.
    remaining: usize,
}

/// The chunks behind the first one.
#[derive(Debug)]
struct Rest(VecDeque<Bytes>);

impl Batch {
    /// Chunks of so many bytes together, none of which is empty.
    pub(super) fn new(mut chunks: VecDeque<Bytes>, remaining: usize) -> Self {
        Self {
            first: chunks.pop_front().unwrap_or_default(),
            rest: (!chunks.is_empty()).then(|| Box::new(Rest(chunks))),
            remaining,
        }
    }
}

impl From<Bytes> for Batch {
    fn from(chunk: Bytes) -> Self {
        Self {
            remaining: chunk.len(),
            first: chunk,
            rest: None,
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
        if let (None, [slice, ..]) = (&self.rest, &mut *slices) {
            *slice = IoSlice::new(&self.first);
            return 1;
        }
        let rest = self.rest.iter().flat_map(|rest| &rest.0);
        let chunks = std::iter::once(&self.first).chain(rest);
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
            match self.rest.as_mut().and_then(|rest| rest.0.pop_front()) {
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
