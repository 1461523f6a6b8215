//! `CDN-Loop`, by which a server knows a request that comes back to it: <https://www.rfc-editor.org/rfc/rfc8586>.

use http::{HeaderName, HeaderValue};

/// The field.
pub const CDN_LOOP: HeaderName = HeaderName::from_static("cdn-loop");
/// What this server calls itself there.
const ID: &[u8] = b"nano";
/// How often a request may have come through a server of this kind: further than any chain of apps that call each other, and
/// near enough to end one that calls itself.
pub const MAX_PASSES: usize = 16;
/// How long a value may be that is kept as it came: requests with work in `waitUntil` keep theirs, beside what counts for the app.
const MAX_KEPT: usize = 512;

/// How often a request has come through a server of this kind, by the values of the field.
pub fn passes<'v>(values: impl IntoIterator<Item = &'v HeaderValue>) -> usize {
    let values = values.into_iter();
    values.map(|value| own_entries(value.as_bytes())).sum()
}

fn own_entries(value: &[u8]) -> usize {
    let entries = value.split(|&byte| byte == b',');
    entries
        .filter(|entry| {
            let id = entry.split(|&byte| byte == b';').next();
            id.unwrap_or_default().trim_ascii().eq_ignore_ascii_case(ID)
        })
        .count()
}

/// What a request keeps of the value that it came with: all, or of a long one what ends a loop through this server.
pub fn kept(received: &[u8]) -> Box<[u8]> {
    if received.len() <= MAX_KEPT {
        return received.into();
    }
    of(own_entries(received))
}

/// A value that says that something has come through a server of this kind so often.
pub fn of(passes: usize) -> Box<[u8]> {
    vec![ID; passes.min(MAX_PASSES + 1)].join(&b", "[..]).into()
}

/// How often something has come through a server of this kind, by what was [kept](kept) of its value.
pub fn passes_of(kept: &[u8]) -> usize {
    own_entries(kept)
}

/// The field's value for a request that is made because of one that had `received`.
pub fn passed_on(received: Option<&[u8]>) -> HeaderValue {
    let received = received.filter(|received| !received.trim_ascii().is_empty());
    let value = match received {
        Some(received) => HeaderValue::from_bytes(&[received, b", ", ID].concat()).ok(),
        None => None,
    };
    // What was received came in a header, and is a value.
    value.unwrap_or(const { HeaderValue::from_static("nano") })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn own_entries_are_counted() {
        let count = |values: &[&'static str]| {
            let values: Vec<_> = values.iter().map(|v| HeaderValue::from_static(v)).collect();
            passes(&values)
        };
        assert_eq!(count(&[]), 0);
        assert_eq!(count(&["other, nano-like", "x;nano"]), 0);
        assert_eq!(count(&["nano, other", " Nano ;v=1 ,nano"]), 3);
    }

    #[test]
    fn long_values_are_cut_to_own_entries() {
        assert_eq!(*kept(b"other; a=b, nano"), *b"other; a=b, nano");
        let other = "x".repeat(MAX_KEPT);
        assert_eq!(*kept(other.as_bytes()), *other.as_bytes());
        let long = format!("nano, {other}, NANO;v=1, other");
        assert_eq!(*kept(long.as_bytes()), *b"nano, nano");
        assert_eq!((passes_of(b"nano, x, nano"), passes_of(&of(3))), (2, 3));
        assert!(kept(format!("{other}, y").as_bytes()).is_empty());
        assert!(kept("nano,".repeat(1000).as_bytes()).len() <= MAX_KEPT);
        assert_eq!(passed_on(Some(&kept(long.as_bytes()))), "nano, nano, nano");
    }

    #[test]
    fn each_pass_adds_one() {
        let first = passed_on(None);
        assert_eq!(first, "nano");
        assert_eq!(passed_on(Some(first.as_bytes())), "nano, nano");
        assert_eq!(passed_on(Some(b"other; a=b")), "other; a=b, nano");
        assert_eq!(passed_on(Some(b" ")), "nano");
    }
}
