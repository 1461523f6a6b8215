//! See [`crate::fuzzing`].

use std::time::{Duration, SystemTime};

use http::header::SET_COOKIE;

use super::freshness::{Lifetime, lifetime};
use crate::Fields;
use crate::fuzzing::fields::fields;

/// How long a response with these lines of fields is kept. One with a cookie is not, or without it.
pub fn cache_control(case: &[u8]) {
    let fields = Fields::from(&fields(case));
    let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_800_000_000);
    let (kept, withheld) = lifetime(&fields, now);
    if kept != Lifetime::None && fields.get(&SET_COOKIE).is_some() {
        assert!(withheld.contains(&SET_COOKIE));
    }
}
