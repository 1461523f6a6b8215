//! See [`crate::fuzzing`].

use std::sync::Arc;

use super::{Frames, Link, TURN};
use crate::fuzzing::input::{Input, cut};

/// What an HTTP/2 client sends is counted in the same way however it is cut.
pub fn http2_frames(case: &[u8]) {
    let mut input = Input::new(case);
    let size = input.byte();
    let content = input.rest();
    let count = |size: u8| {
        let mut frames = Frames::new((), Arc::default(), Link::for_tests());
        let mut turns = 0;
        for mut piece in cut(content, size) {
            while !piece.is_empty() {
                let counted = frames.count(piece);
                assert!(counted <= piece.len());
                piece = &piece[counted..];
                if frames.turn >= TURN {
                    frames.turn = 0;
                    turns += 1;
                } else {
                    assert!(piece.is_empty(), "it stops where a turn ends only");
                }
            }
        }
        let Frames {
            in_block,
            skip,
            begun,
            allowance,
            turn,
            ..
        } = frames;
        (in_block, skip, begun, allowance, turn, turns)
    };
    assert_eq!(count(size), count(0));
}
