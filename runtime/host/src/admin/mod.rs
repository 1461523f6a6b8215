//! The admin API: where the process is watched and operated, on a listener of its own.
//!
//! A request's way: [`listener`] accepts its connection; [`access`] says whether whoever asks may; [`endpoints`] is the table of what
//! there is, from which requests are routed and the OpenAPI document is made ([`openapi`]); [`views`] are the answers.
//! It reads what the host has, and has it changed as everyone does: by asking the reloader.

mod access;
mod answer;
mod archive;
mod body;
mod changes;
mod endpoints;
#[cfg(any(test, fuzzing))]
pub(crate) mod fuzzing;
pub(crate) mod listener;
mod logs;
mod openapi;
mod scheduled;
mod views;

pub use archive::{MAX_ARCHIVE, MAX_UNPACKED};

use std::sync::{Arc, Weak};

use arc_swap::ArcSwap;

use body::Reader;

use crate::config::AdminConfig;
use crate::host::Host;
use crate::reload::Ask;

/// What answers requests of the admin API.
pub(crate) struct Service {
    host: Weak<Host>,
    ask: Ask,
    config: ArcSwap<AdminConfig>,
    reader: Reader,
}

impl Service {
    pub(crate) fn new(host: Weak<Host>, ask: Ask, config: AdminConfig) -> Arc<Self> {
        Arc::new(Self {
            host,
            ask,
            config: ArcSwap::from_pointee(config),
            reader: Reader::default(),
        })
    }

    /// What it is configured to be.
    pub(crate) fn config(&self) -> Arc<AdminConfig> {
        self.config.load_full()
    }

    /// From now on, this is its configuration; it has the same address.
    pub(crate) fn configure(&self, config: AdminConfig) {
        self.config.store(Arc::new(config));
    }
}
