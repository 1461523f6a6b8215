//! Why a change is refused.

use std::io;

use crate::config::{AdminAddress, Config, Diagnostic, ListenAddress};

/// Why a change is refused as a whole: nothing has been changed.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    /// An address cannot be bound.
    #[error("cannot listen on {address}: {error}{}", remedy(error))]
    Bind {
        /// The address.
        address: ListenAddress,
        /// The system's answer; part of the message.
        error: io::Error,
    },
    /// The address of the admin API cannot be bound.
    #[error(
        "the admin API cannot listen on {address}: {error}; choose another \"listen\" in \"admin\""
    )]
    BindAdmin {
        /// The address.
        address: AdminAddress,
        /// The system's answer; part of the message.
        error: io::Error,
    },
    /// The same, for an address of the configuration.
    #[error("{0}")]
    BindConfigured(Box<Diagnostic>),
    /// The process itself listens on that port already, at another address.
    #[error(
        "cannot listen on {address}: NANO listens on {own} now, and a port has one address at a time; restart NANO to move it"
    )]
    Overlap {
        /// The address that is wanted.
        address: ListenAddress,
        /// The address that there is.
        own: ListenAddress,
    },
    /// The host is shutting down.
    #[error("the host is shutting down: nothing can be changed any more")]
    Ending,
}

fn remedy(error: &io::Error) -> &'static str {
    match error.kind() {
        io::ErrorKind::AddrInUse => "; another process has it: choose another one with --port",
        io::ErrorKind::PermissionDenied => {
            "; ports below 1024 need privileges: choose another one with --port"
        }
        io::ErrorKind::AddrNotAvailable => {
            "; no network interface has this address: choose another one with --host"
        }
        _ => "",
    }
}

/// Says it at the place of the configuration that asks for the port, where there is one.
pub(super) fn cannot_bind(config: &Config, address: ListenAddress, error: io::Error) -> Refusal {
    match config.ports.get(&address.port) {
        None => Refusal::Bind { address, error },
        Some(place) => {
            let help = match error.kind() {
                io::ErrorKind::AddrInUse => Some("another process has it: choose another port"),
                io::ErrorKind::PermissionDenied => {
                    Some("ports below 1024 need privileges: choose another port")
                }
                io::ErrorKind::AddrNotAvailable => {
                    Some("no network interface has this address: choose another one")
                }
                _ => None,
            };
            let message = format!("cannot listen on {address}: {error}");
            Refusal::BindConfigured(Box::new(place.says(message, help)))
        }
    }
}
