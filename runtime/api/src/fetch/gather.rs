//! A body that is wanted whole, and the memory for it.

use bytes::Bytes;
use nano_engine::Handle;
use nano_engine::external_memory::Reservation;
use nano_engine::process_memory::{Arrival, SmallBody};
use nano_worker::{BodyError, BodyErrorKind, BodyStream};

/// So many times as much as has come is expected of a body, up to its stated length.
const EXPECTED: usize = 8;
/// See [`nano_engine::external_memory::one_byte_string`].
const SPARE_BYTES: usize = 64;

/// All chunks of a body, with the memory that they take until something is made of them.
pub(super) async fn collect(
    mut stream: BodyStream,
    isolate: Handle,
) -> Result<(Bytes, Room), BodyError> {
    let length = stream.length();
    let mut room = Room::for_body(isolate, length);
    let Some(first) = stream.next().await.transpose()? else {
        return Ok((Bytes::new(), room));
    };
    room.grow(first.len()).await?;
    let Some(second) = stream.next().await.transpose()? else {
        return Ok((first, room));
    };
    room.grow(second.len()).await?;
    let known = length
        .and_then(|length| usize::try_from(length).ok())
        .unwrap_or(0);
    let mut all = Vec::with_capacity(expected(first.len() + second.len(), known));
    all.extend_from_slice(&first);
    all.extend_from_slice(&second);
    drop((first, second));
    while let Some(chunk) = stream.next().await.transpose()? {
        room.grow(chunk.len()).await?;
        let come = all.len() + chunk.len();
        let _copy = match all.capacity() < come {
            // To a larger place.
            true => Some(room.of_process(all.len()).await?),
            false => None,
        };
        if all.capacity() < come && come < known {
            all.reserve_exact(expected(come, known) - all.len());
        }
        all.extend_from_slice(&chunk);
    }
    Ok((all.into(), room))
}

/// How large the place is had better be for a body of which so much has come.
fn expected(come: usize, known: usize) -> usize {
    known.min(come.saturating_mul(EXPECTED)).max(come) + SPARE_BYTES
}

/// Memory for what comes from a client or a peer: the process has it, and the isolate is charged for it.
pub(super) struct Room {
    isolate: Handle,
    reservation: Reservation,
    /// What it has of the budget for small bodies, if it is one.
    small: Option<SmallBody>,
}

impl Room {
    /// For nothing yet.
    pub(super) fn new(isolate: Handle) -> Room {
        Room {
            reservation: isolate.reservation(),
            isolate,
            small: None,
        }
    }

    /// For nothing yet of a body that says how long it is, or does not.
    pub(super) fn for_body(isolate: Handle, length: Option<u64>) -> Room {
        let is_small = length.is_some_and(|length| length <= SmallBody::MOST as u64);
        let small = is_small.then(|| isolate.small_body());
        Room {
            small,
            ..Room::new(isolate)
        }
    }

    /// Waits until the process has room for bytes that have come, and charges the isolate for them. What follows is not read
    /// meanwhile.
    ///
    /// # Errors
    /// They do not fit into the isolate's memory limit, also after a collection; or the process has no room in time.
    pub(super) async fn grow(&mut self, bytes: usize) -> Result<(), BodyError> {
        // It is there already, and small, or copied next.
        drop(self.of_process(bytes).await?);
        if self
            .charge(bytes, |reservation| reservation.try_grow(bytes))
            .await
        {
            return Ok(());
        }
        Err(BodyError::new(
            BodyErrorKind::TooLarge,
            "the body does not fit into the app's memory limit: read it as a stream",
        ))
    }

    /// Charges the isolate for so many bytes in all, which are about to be allocated at most.
    ///
    /// # Errors
    /// They do not fit into the isolate's memory limit, also after a collection.
    pub(super) async fn reach(&mut self, bytes: usize) -> Result<(), BodyError> {
        if self
            .charge(bytes, |reservation| reservation.try_reach(bytes))
            .await
        {
            return Ok(());
        }
        Err(BodyError::new(
            BodyErrorKind::TooLarge,
            "what decodes the body does not fit into the app's memory limit",
        ))
    }

    /// So many bytes in all were allocated, of which so many were not there before: waits until the process has room for them.
    ///
    /// # Errors
    /// The process has no room in time.
    pub(super) async fn keep(&mut self, bytes: usize, new: usize) -> Result<(), BodyError> {
        self.set(bytes);
        drop(self.of_process(new).await?);
        Ok(())
    }

    /// So many bytes in all were allocated, which is little more than before.
    pub(super) fn set(&mut self, bytes: usize) {
        self.reservation.set(bytes);
    }

    async fn charge(&mut self, bytes: usize, attempt: impl Fn(&mut Reservation) -> bool) -> bool {
        if attempt(&mut self.reservation) {
            return true;
        }
        self.isolate.collect_garbage().await;
        let fits = attempt(&mut self.reservation);
        if !fits {
            self.reservation.note_shortage(bytes);
        }
        fits
    }

    async fn of_process(&mut self, bytes: usize) -> Result<Arrival, BodyError> {
        let arrival = self.isolate.process_room(bytes, self.small.as_mut()).await;
        arrival.ok_or_else(|| {
            BodyError::new(
                BodyErrorKind::NoRoom,
                "the process has no memory left for the body: other apps and requests use it; try again later, or read the body \
                 as a stream",
            )
        })
    }

    /// The isolate's part of it.
    pub(super) fn into_reservation(self) -> Reservation {
        self.reservation
    }
}
