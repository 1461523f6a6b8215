//! Bytes that count against an app's memory limit wherever they go: those of blobs, and bodies on their way to the network.

use bytes::Bytes;
use nano_engine::memory::Charge;
use nano_webidl::room::no_room;
use nano_webidl::{Fallible, Scope};

/// From this size on bytes that leave the isolate are charged; fewer are not worth the cost.
pub const MIN_CHARGED_BYTES: usize = 16 << 10;

struct Charged {
    bytes: Bytes,
    _charge: Charge,
}

impl AsRef<[u8]> for Charged {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

/// The same bytes, which count until the last owner of any part of them is gone.
///
/// # Errors
/// A `RangeError` if they do not fit into the app's memory limit.
pub fn charge(scope: &mut Scope, bytes: impl Into<Bytes>) -> Fallible<Bytes> {
    let bytes = bytes.into();
    let charge = Charge::take(scope, bytes.len()).ok_or_else(|| no_room(bytes.len()))?;
    Ok(with_charge(bytes, charge))
}

/// As [`charge`], where room was made already.
pub fn with_charge(bytes: Bytes, charge: Charge) -> Bytes {
    Bytes::from_owner(Charged {
        bytes,
        _charge: charge,
    })
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use nano_engine::memory::Quota;

    use super::*;

    #[test]
    fn memory_is_given_back_with_the_last_part() {
        let quota = Arc::new(Quota::new(20));
        let mut charge = Charge::new(quota.clone());
        assert!(charge.try_grow(4));
        let bytes = with_charge(Bytes::from(vec![0; 4]), charge);
        let slice = bytes.slice(1..2);
        drop(bytes);
        assert_eq!(quota.native(), 4);
        drop(slice);
        assert_eq!(quota.native(), 0);
    }
}
