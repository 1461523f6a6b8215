//! `CDN-Loop`, by which a server knows a request that comes back to it: <https://www.rfc-editor.org/rfc/rfc8586>.

use http::{HeaderName, HeaderValue};

/// The field.
pub const CDN_LOOP: HeaderName = HeaderName::from_static("cdn-loop");
/// What this server calls itself there.
const ID: &[u8] = b"nano";
/// How often a request may have come through a server of this kind: further than any chain of apps that call each other, and
/// near enough to end one that calls itself.
pub const MAX_PASSES: usize = 16;

/// How often a request has come through a server of this kind, by the values of the field.
pub fn passes<'v>(values: impl IntoIterator<Item = &'v HeaderValue>) -> usize {
    let entries = values
        .into_iter()
        .flat_map(|value| value.as_bytes().split(|&byte| byte == b','));
    entries
        .filter(|entry| {
            let id = entry.split(|&byte| byte == b';').next();
            id.unwrap_or_default().trim_ascii().eq_ignore_ascii_case(ID)
        })
        .count()
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
    fn each_pass_adds_one() {
        let first = passed_on(None);
        assert_eq!(first, "nano");
        assert_eq!(passed_on(Some(first.as_bytes())), "nano, nano");
        assert_eq!(passed_on(Some(b"other; a=b")), "other; a=b, nano");
        assert_eq!(passed_on(Some(b" ")), "nano");
    }
}
