//! The Web Locks API, <https://w3c.github.io/web-locks/>.

mod navigator_locks;
