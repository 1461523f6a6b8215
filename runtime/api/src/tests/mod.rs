//! What the Web APIs of an isolate do as a whole.

mod full_stack;
mod together;
