//! The URL Standard, <https://url.spec.whatwg.org/>.
//!
//! Parsing, serializing and the setters of [`Url`] are ada's, which follows the standard to the letter. [`UrlRecord`] is a URL
//! without an object: what the Fetch Standard works on.

#[cfg(any(test, fuzzing))]
pub(crate) mod fuzzing;
#[allow(
    clippy::module_inception,
    reason = "the interface has the name of its standard"
)]
pub mod url;
pub mod url_search_params;
pub mod urlencoded;

/// A URL record, <https://url.spec.whatwg.org/#concept-url>.
pub use ada_url::Url as UrlRecord;
