//! What digests bytes as they come, in the hands of the script of `DigestStream`.

use std::cell::{Cell, RefCell};

use aws_lc_rs::digest::Context;
use nano_webidl::idl::{Bytes, array_buffer};
use nano_webidl::{Fallible, Scope, Trace, Value, require_room, type_error};

use super::xof::Absorbing;
use crate::bindings::digester::DigesterMethods;

/// The state of a digest.
#[derive(Trace)]
pub struct Digester {
    #[untraced]
    state: RefCell<Option<State>>,
    #[untraced]
    bytes_written: Cell<u64>,
}

pub(super) enum State {
    /// Of a hash function.
    Hash(Context),
    /// Of one that gives as many bits as are wanted.
    Xof(Absorbing),
}

impl Digester {
    pub(super) fn new(state: State) -> Digester {
        Digester {
            state: RefCell::new(Some(state)),
            bytes_written: Cell::new(0),
        }
    }

    fn take_in(&self, bytes: &[u8]) {
        match &mut *self.state.borrow_mut() {
            Some(State::Hash(context)) => context.update(bytes),
            Some(State::Xof(absorbing)) => absorbing.absorb(bytes),
            None => return,
        }
        self.bytes_written
            .set(self.bytes_written.get() + bytes.len() as u64);
    }
}

impl DigesterMethods for Digester {
    fn update<'s>(&self, scope: &mut Scope<'s, '_>, bytes: Bytes<'s>) -> Fallible<()> {
        bytes.read(scope, |bytes| self.take_in(bytes));
        Ok(())
    }

    fn update_text(&self, text: String) -> Fallible<()> {
        self.take_in(text.as_bytes());
        Ok(())
    }

    fn bytes_written(&self) -> Fallible<u64> {
        Ok(self.bytes_written.get())
    }

    fn finish<'s>(&self, scope: &mut Scope<'s, '_>) -> Fallible<Value<'s>> {
        let digest = match self.state.take() {
            Some(State::Hash(context)) => context.finish().as_ref().to_vec(),
            Some(State::Xof(absorbing)) => {
                require_room(scope, absorbing.length())?;
                absorbing.finish()
            }
            None => return Err(type_error("the digest was taken already")),
        };
        Ok(array_buffer(scope, digest)?.into())
    }
}
