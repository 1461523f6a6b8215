//! Tests of the engine with real isolates. One program, because linking V8 takes longer than most tests.

mod carriers;
mod endless_loops;
mod event_loop;
mod harness;
mod interludes;
mod isolates;
mod modules;
mod snapshot;
mod strings;
mod thread_io;
mod thread_locals;
