//! The Service Workers specification's part of the Web APIs, <https://w3c.github.io/ServiceWorker/>: the events by which an app without
//! exports is told of its work, and the caches. All of them are built-in scripts; what is in a cache is native.

pub mod cache_access;
pub mod cache_accesses;
pub mod cache_batch;
pub mod lifetime;
