//! Lines that wait to be written.

use std::collections::{TryReserveError, VecDeque};

/// How large a piece is made that no line needs larger.
pub(super) const PIECE: usize = 64 << 10;
/// So many pieces there may be before their list grows: none of the memory that is taken is much.
const PIECES: usize = 256;

/// Lines in pieces of memory: adding one moves none of the others, and takes little memory at a time. For much, an app's thread may have
/// to wait, which others would wait for that log.
#[derive(Debug, Default)]
pub(super) struct Lines {
    pieces: VecDeque<String>,
    /// In all pieces.
    bytes: usize,
}

impl Lines {
    /// How many bytes wait.
    pub(super) fn len(&self) -> usize {
        self.bytes
    }

    /// Makes room for a line.
    ///
    /// # Errors
    /// There is no memory for it.
    pub(super) fn try_reserve(&mut self, line: usize) -> Result<(), TryReserveError> {
        if self.piece(line).is_some() {
            return Ok(());
        }
        if self.pieces.len() == self.pieces.capacity() {
            self.pieces.try_reserve(PIECES)?;
        }
        let mut piece = String::new();
        piece.try_reserve_exact(line.max(PIECE))?;
        self.pieces.push_back(piece);
        Ok(())
    }

    /// Adds a line, for which there should be room.
    pub(super) fn push(&mut self, line: &str) {
        self.bytes += line.len();
        match self.piece(line.len()) {
            Some(piece) => piece.push_str(line),
            None => self.pieces.push_back(line.to_owned()),
        }
    }

    /// The piece that has room for a line.
    fn piece(&mut self, line: usize) -> Option<&mut String> {
        let last = self.pieces.back_mut();
        last.filter(|piece| piece.capacity() - piece.len() >= line)
    }

    /// Bytes of memory that are kept for them.
    #[cfg(test)]
    pub(super) fn kept(&self) -> usize {
        self.pieces.iter().map(String::capacity).sum()
    }

    /// The pieces, in order.
    pub(super) fn iter(&self) -> impl Iterator<Item = &str> {
        self.pieces.iter().map(String::as_str)
    }

    /// Forgets the lines; keeps a piece of the usual size.
    pub(super) fn clear(&mut self) {
        self.bytes = 0;
        self.pieces.truncate(1);
        self.pieces.retain(|piece| piece.capacity() <= PIECE);
        if let Some(piece) = self.pieces.front_mut() {
            piece.clear();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn add(lines: &mut Lines, line: &str) {
        lines.try_reserve(line.len()).expect("memory");
        lines.push(line);
    }

    #[test]
    fn they_are_in_order_and_moved_by_none_that_follows() {
        let mut lines = Lines::default();
        let (short, long) = ("a".repeat(PIECE / 2), "b".repeat(PIECE * 2));
        let added = [&*short, &short, "c", &long, "d"];
        add(&mut lines, added[0]);
        let first = lines.iter().next().expect("a piece").as_ptr();
        added[1..].iter().for_each(|line| add(&mut lines, line));
        assert_eq!(lines.iter().collect::<String>(), added.concat());
        assert_eq!(lines.len(), added.concat().len());
        let pieces: Vec<_> = lines.iter().map(str::len).collect();
        assert_eq!(pieces, [PIECE, 1, PIECE * 2, 1]);
        assert_eq!(lines.iter().next().expect("a piece").as_ptr(), first);
    }

    #[test]
    fn little_is_kept_of_what_was_written() {
        let mut lines = Lines::default();
        for _ in 0..100 {
            add(&mut lines, &"a".repeat(PIECE));
        }
        lines.clear();
        assert_eq!((lines.len(), lines.pieces.len()), (0, 1));
        add(&mut lines, "b");
        assert_eq!(lines.iter().collect::<Vec<_>>(), ["b"]);
        let mut lines = Lines::default();
        add(&mut lines, &"a".repeat(PIECE * 2));
        lines.clear();
        assert_eq!(lines.pieces.len(), 0);
    }
}
