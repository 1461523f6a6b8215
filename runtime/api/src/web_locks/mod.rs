//! The Web Locks API, <https://w3c.github.io/web-locks/>. Who has which locks is the border's business (`nano_worker::Agent`), as all
//! instances of an app have a part in it.

pub mod app_locks;
mod navigator_locks;
