//! The Service Workers specification's events, by which an app without exports is told of its work:
//! <https://w3c.github.io/ServiceWorker/>. The events are built-in scripts.

pub mod lifetime;
