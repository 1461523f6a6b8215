//! What connections to other servers take, which counts for the isolate that uses them.

use std::io;
use std::sync::{Mutex, MutexGuard, PoisonError};

use nano_engine::Handle;
use nano_engine::external_memory::Reservation;

use super::connection::MAX_HEAD_BYTES;
use super::failure::Failure;
use crate::fetch::gather::Room;

/// About what a connection takes: hyper's two buffers of 8 KiB, its task, the socket in the kernel. What is for TLS or for HTTP/2 is as
/// much again.
pub(super) const CONNECTION: usize = 32 << 10;
/// So much of a connection's memory may be the buffer that is read into.
const READ_BUFFER: usize = 8 << 10;
/// The head of a response counts from this size on only if it fits.
const SMALL_HEAD: usize = 64 << 10;
/// So much may be read of a body of HTTP/1 without any of it being content. hyper bounds neither the zeros before a chunk's size nor the
/// white space behind it, and does not look up from them while more come. Two of the longest reads, one of which may be content that
/// nobody has taken yet, and a trailer section.
const MAX_FRAMING: usize = 2 * MAX_HEAD_BYTES + (64 << 10);

/// The part of an app's memory limit that connections which wait may take.
const SHARE: usize = 4;

/// How many connections fit into an app's memory limit of so many MiB, beside all else.
pub(super) fn fitting(memory_mb: u32) -> usize {
    (memory_mb as usize) * ((1 << 20) / SHARE / CONNECTION)
}

/// The memory of one connection.
pub(super) struct Memory(Mutex<State>);

struct State {
    /// `None` where no isolate uses the connection.
    reservation: Option<Reservation>,
    /// What the connection takes when it waits.
    base: usize,
    /// What it takes now.
    bytes: usize,
    /// Bytes of a response's head, as far as they have come.
    head: Option<usize>,
    /// Bytes of a response's body since the last that was content; `None` where others share the connection.
    framing: Option<usize>,
    /// How often a request was sent, or got something.
    progress: u64,
}

/// Why nothing more can be read.
pub(super) enum Unreadable {
    /// The head of a response has become too large for the app's memory.
    Head,
    /// There is no content in what comes.
    Framing,
    /// There is nothing in the frames of HTTP/2 that come.
    Frames,
}

impl From<Unreadable> for io::Error {
    fn from(why: Unreadable) -> Self {
        match why {
            Unreadable::Head => Self::new(
                io::ErrorKind::OutOfMemory,
                "the head of the response does not fit into the app's memory limit",
            ),
            Unreadable::Framing => Self::new(
                io::ErrorKind::InvalidData,
                "the server sends the size of a chunk without end",
            ),
            Unreadable::Frames => Self::new(
                io::ErrorKind::InvalidData,
                "the server sends frames of HTTP/2 that bring nothing, without end",
            ),
        }
    }
}

impl Memory {
    /// Takes the memory for a new connection.
    ///
    /// # Errors
    /// The isolate has no room for it, also after a collection.
    pub(super) async fn take(isolate: Option<&Handle>) -> Result<Memory, Failure> {
        let mut room = isolate.cloned().map(Room::new);
        if let Some(room) = &mut room
            && room.grow(CONNECTION).await.is_err()
        {
            return Err(Failure::new(
                "the app's memory limit has no room for another connection",
            ));
        }
        Ok(Memory(Mutex::new(State {
            reservation: room.map(Room::into_reservation),
            base: CONNECTION,
            bytes: CONNECTION,
            head: None,
            framing: None,
            progress: 0,
        })))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The connection turns out to take more.
    pub(super) fn add(&self, bytes: usize) {
        let mut state = self.state();
        state.base += bytes;
        let all = state.bytes + bytes;
        state.set(all);
    }

    /// An isolate sends a request on the connection, which counts for it from now on. The next thing to come is the head of a
    /// response, unless others share the connection.
    pub(super) fn begin(&self, isolate: Option<&Handle>, is_exclusive: bool) {
        let mut state = self.state();
        state.progress += 1;
        state.head = is_exclusive.then_some(0);
        state.framing = is_exclusive.then_some(0);
        let is_the_same = match (&state.reservation, isolate) {
            (Some(reservation), Some(isolate)) => reservation.is_of(isolate),
            (None, None) => true,
            _ => false,
        };
        if !is_the_same {
            let mut reservation = isolate.map(Handle::reservation);
            if let Some(reservation) = &mut reservation {
                reservation.set(state.bytes);
            }
            state.reservation = reservation;
        }
    }

    /// The head of the response is here.
    pub(super) fn head_is_here(&self) {
        let mut state = self.state();
        state.progress += 1;
        state.head = None;
    }

    /// Changes with each request that is sent, and with all that requests get.
    pub(super) fn progress(&self) -> u64 {
        self.state().progress
    }

    /// It is HTTP no more.
    pub(super) fn is_upgraded(&self) {
        let mut state = self.state();
        (state.head, state.framing) = (None, None);
    }

    /// Content of the response's body is here.
    pub(super) fn content_is_here(&self) {
        let mut state = self.state();
        state.progress += 1;
        if let Some(framing) = &mut state.framing {
            *framing = 0;
        }
    }

    /// So many bytes were read into a buffer that had room for so many.
    ///
    /// # Errors
    /// They are nothing that can be used.
    pub(super) fn read(&self, bytes: usize, room: usize) -> Result<(), Unreadable> {
        let mut state = self.state();
        if let (None, Some(framing)) = (state.head, &mut state.framing) {
            *framing = framing.saturating_add(bytes);
            if *framing > MAX_FRAMING {
                return Err(Unreadable::Framing);
            }
        }
        let mut buffered = room;
        if let Some(head) = &mut state.head {
            buffered = (*head).saturating_add(room);
            *head = head.saturating_add(bytes);
        }
        let all = state.base + buffered.saturating_sub(READ_BUFFER);
        if all > state.bytes && buffered > SMALL_HEAD && state.head.is_some() {
            let more = all - state.bytes;
            if state
                .reservation
                .as_mut()
                .is_some_and(|own| !own.try_grow(more))
            {
                return Err(Unreadable::Head);
            }
            state.bytes = all;
        } else if all > state.bytes || all < state.bytes / 2 {
            state.set(all);
        }
        Ok(())
    }
}

impl State {
    fn set(&mut self, bytes: usize) {
        self.bytes = bytes;
        if let Some(reservation) = &mut self.reservation {
            reservation.set(bytes);
        }
    }
}
