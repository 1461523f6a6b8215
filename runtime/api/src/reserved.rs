//! Bytes that count against an app's memory limit wherever they go: those of blobs, and bodies on their way to the network.

use bytes::Bytes;
use nano_engine::external_memory::Reservation;
use nano_webidl::room::no_room;
use nano_webidl::{Fallible, Scope};

/// From this size on bytes that leave the isolate are reserved; fewer are not worth the cost.
pub const MIN_RESERVED_BYTES: usize = 16 << 10;

struct ReservedBytes {
    bytes: Bytes,
    _reservation: Reservation,
}

impl AsRef<[u8]> for ReservedBytes {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

/// The same bytes, which count until the last owner of any part of them is gone.
///
/// # Errors
/// A `RangeError` if they do not fit into the app's memory limit.
pub fn reserve(scope: &mut Scope, bytes: impl Into<Bytes>) -> Fallible<Bytes> {
    let bytes = bytes.into();
    let reservation = Reservation::take(scope, bytes.len()).ok_or_else(|| no_room(bytes.len()))?;
    Ok(with_reservation(bytes, reservation))
}

/// As [`reserve`], where room was made already.
pub fn with_reservation(bytes: Bytes, reservation: Reservation) -> Bytes {
    Bytes::from_owner(ReservedBytes {
        bytes,
        _reservation: reservation,
    })
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use nano_engine::external_memory::Account;

    use super::*;

    #[test]
    fn memory_is_given_back_with_the_last_part() {
        let account = Arc::new(Account::new(20));
        let mut reservation = Reservation::new(account.clone());
        assert!(reservation.try_grow(4));
        let bytes = with_reservation(Bytes::from(vec![0; 4]), reservation);
        let slice = bytes.slice(1..2);
        drop(bytes);
        assert_eq!(account.reserved(), 4);
        drop(slice);
        assert_eq!(account.reserved(), 0);
    }
}
