//! `data:` URLs: <https://fetch.spec.whatwg.org/#data-urls>.

use bytes::Bytes;
use data_url::DataUrl;

use super::client::Failure;

/// The content of a `data:` URL, and its type.
pub(super) fn process(url: &str) -> Result<(Vec<u8>, Bytes), Failure> {
    let failure = |what: String| Failure::new(format!("the data: URL is invalid: {what}"));
    let parsed = DataUrl::process(url).map_err(|error| failure(error.to_string()))?;
    let (body, _fragment) = parsed
        .decode_to_vec()
        .map_err(|error| failure(error.to_string()))?;
    Ok((parsed.mime_type().to_string().into_bytes(), body.into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn content_and_type() {
        let process =
            |url| process(url).map(|(mime, body)| (String::from_utf8(mime).unwrap(), body));
        assert_eq!(
            process("data:,a%20b"),
            Ok(("text/plain;charset=US-ASCII".into(), "a b".into()))
        );
        assert_eq!(
            process("data:image/png;base64,AAEC#f"),
            Ok(("image/png".into(), vec![0, 1, 2].into()))
        );
        assert!(
            process("data:text/plain")
                .unwrap_err()
                .to_string()
                .contains("comma")
        );
        assert!(process("data:;base64,A").is_err());
    }
}
