//! The Fetch Standard, <https://fetch.spec.whatwg.org/>.

mod abort;
pub(crate) mod blame;
mod blob_url;
pub mod body;
pub mod body_data;
pub mod client;
mod data_url;
#[allow(
    clippy::module_inception,
    reason = "the function has the name of its standard"
)]
pub mod fetch;
#[cfg(any(test, fuzzing))]
pub(crate) mod fuzzing;
pub(crate) mod gather;
pub mod header_list;
pub mod headers;
mod message_headers;
pub mod mime_type;
pub mod request;
pub mod response;
mod subrequests;
#[cfg(test)]
mod tests;
pub(crate) mod wasm_response;
pub(crate) mod websocket;
mod whole_body;
