//! The admin API: where the process is watched and operated, on a listener of its own.
//!
//! A request's way: [`listener`] accepts its connection; [`access`] says whether whoever asks may; [`endpoints`] is the table of what
//! there is, from which requests are routed and the OpenAPI document is made ([`openapi`]); [`views`] are the answers.
//! It reads what the host has, and has it changed as everyone does: by asking the reloader.

mod access;
mod answer;
mod endpoints;
pub(crate) mod listener;
mod metrics;
mod openapi;
mod views;

use std::sync::{Arc, Weak};

use arc_swap::ArcSwapOption;

use crate::config::Token;
use crate::host::Host;
use crate::reload::Ask;

/// What answers requests of the admin API.
pub(crate) struct Service {
    host: Weak<Host>,
    ask: Ask,
    /// Who knows it may use the API. `None`: whoever reaches it.
    token: ArcSwapOption<Token>,
}

impl Service {
    pub(crate) fn new(host: Weak<Host>, ask: Ask, token: Option<Token>) -> Arc<Self> {
        Arc::new(Self {
            host,
            ask,
            token: ArcSwapOption::from_pointee(token),
        })
    }

    /// From now on, this is the token.
    pub(crate) fn set_token(&self, token: Option<Token>) {
        self.token.store(token.map(Arc::new));
    }
}
