//! Subresource Integrity, <https://w3c.github.io/webappsec-subresource-integrity/>.

use aws_lc_rs::digest::{self, SHA256, SHA384, SHA512};

/// <https://w3c.github.io/webappsec-subresource-integrity/#does-response-match-metadatalist>
pub(crate) fn matches_integrity(bytes: &[u8], metadata: &str) -> bool {
    // 1. and 2. Let parsedMetadata be the result of parsing metadataList. If it is empty, then return true.
    // 3. Let metadata be the result of getting the strongest metadata from parsedMetadata.
    let parsed: Vec<(u16, &str)> = metadata
        .split_ascii_whitespace()
        .filter_map(parse)
        .collect();
    let Some(strongest) = parsed.iter().map(|(bits, _)| *bits).max() else {
        return true;
    };
    // 4. and 5. For each item in metadata: if the response's hash is the item's, then return true.
    let algorithm = match strongest {
        256 => &SHA256,
        384 => &SHA384,
        _ => &SHA512,
    };
    let actual =
        base64_simd::STANDARD_NO_PAD.encode_to_string(digest::digest(algorithm, bytes).as_ref());
    parsed.iter().any(|(bits, expected)| {
        let expected = expected
            .trim_end_matches('=')
            .bytes()
            .map(|byte| match byte {
                b'-' => b'+',
                b'_' => b'/',
                byte => byte,
            });
        *bits == strongest && actual.bytes().eq(expected)
    })
}

/// One item of <https://w3c.github.io/webappsec-subresource-integrity/#parse-metadata>, by the bits of its hash.
fn parse(item: &str) -> Option<(u16, &str)> {
    let expression = item.split('?').next().unwrap_or_default();
    let (algorithm, value) = expression.split_once('-').unwrap_or((expression, ""));
    let bits = match algorithm.to_ascii_lowercase().as_str() {
        "sha256" => 256,
        "sha384" => 384,
        "sha512" => 512,
        // An item that is not understood does not count.
        _ => return None,
    };
    Some((bits, value))
}

#[cfg(test)]
mod tests {
    use super::*;

    // Of "abc", as in FIPS 180-4.
    const SHA256_ABC: &str = "sha256-ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0=";
    const SHA512_ABC: &str = "sha512-3a81oZNherrMQXNJriBBMRLm+k6JqX6iCp7u5ktV05ohkpkqJ0/BqDa6PCOj/uu9RU1EI2Q86A4qmslPpUyknw==";

    fn matches(metadata: &str) -> bool {
        matches_integrity(b"abc", metadata)
    }

    #[test]
    fn hashes_match() {
        assert!(matches(SHA256_ABC) && matches(SHA512_ABC));
        assert!(matches(&SHA256_ABC.replace("sha256", "SHA256")));
        assert!(matches(&format!("{SHA256_ABC}?option")));
        assert!(matches(SHA256_ABC.trim_end_matches('=')));
        assert!(matches(&SHA512_ABC.replace('+', "-").replace('/', "_")));
        assert!(!matches_integrity(b"abd", SHA256_ABC));
        assert!(!matches("sha256-") && !matches("sha256"));
    }

    #[test]
    fn only_the_strongest_counts() {
        assert!(matches(&format!("sha256-AAAA {SHA512_ABC}")));
        assert!(!matches(&format!("{SHA256_ABC} sha512-AAAA")));
        assert!(matches(&format!("sha512-AAAA {SHA512_ABC}")));
    }

    #[test]
    fn what_is_not_understood_does_not_count() {
        assert!(matches("") && matches("md5-AAAA") && matches("nonsense"));
        assert!(!matches("md5-AAAA sha256-AAAA"));
    }
}
