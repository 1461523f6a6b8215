//! See [`crate::fuzzing`].

pub use super::frames::fuzzing::http2_frames;
