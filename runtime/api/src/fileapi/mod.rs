//! The File API, <https://w3c.github.io/FileAPI/>.

pub mod blob;
pub mod blob_data;
pub mod blob_url;
pub mod file;
pub mod file_data;
