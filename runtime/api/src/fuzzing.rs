//! What the fuzz targets of `runtime/fuzz` do with a case, and the cases that are kept as a test. A door stands beside what it tries.

#[path = "../../fuzz/fields.rs"]
pub mod fields;
#[path = "../../fuzz/input.rs"]
pub mod input;
#[cfg(test)]
#[path = "../../fuzz/replay.rs"]
mod replay;

pub use crate::compression::fuzzing::{compress, decompress};
pub use crate::encoding::fuzzing::{base64, text_decoder, utf8_decoder};
pub use crate::eventsource::fuzzing::event_stream;
pub use crate::fetch::client::fuzzing::content_codings;
pub use crate::fetch::fuzzing::{data_url, header_list, integrity, mime_type};
pub use crate::html_rewriter::fuzzing::html_rewriter;
pub use crate::structured_clone::fuzzing::structured_clone;
pub use crate::url::fuzzing::{url, urlencoded};
pub use crate::urlpattern::fuzzing::url_pattern;
pub use crate::webcrypto::fuzzing::crypto_key;
pub use crate::xhr::fuzzing::multipart;

#[test]
fn kept_cases() {
    replay::replay(&[
        ("base64", base64),
        ("compress", compress),
        ("content_codings", content_codings),
        ("crypto_key", crypto_key),
        ("data_url", data_url),
        ("decompress", decompress),
        ("event_stream", event_stream),
        ("header_list", header_list),
        ("html_rewriter", html_rewriter),
        ("integrity", integrity),
        ("mime_type", mime_type),
        ("multipart", multipart),
        ("structured_clone", structured_clone),
        ("text_decoder", text_decoder),
        ("url", url),
        ("url_pattern", url_pattern),
        ("urlencoded", urlencoded),
        ("utf8_decoder", utf8_decoder),
    ]);
}
