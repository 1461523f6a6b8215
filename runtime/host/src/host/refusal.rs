//! Why a change is refused.

use std::io;
use std::path::PathBuf;

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
    /// A socket that was passed to the process has an address that nothing is served at.
    #[error(
        "the socket {name:?}, which was passed to the process (LISTEN_FDS), listens on {address}, and nothing is served there: expected \
         {expected}; change \"port\", \"listen\" or \"admin\" of the configuration, or ListenStream= of the .socket unit"
    )]
    Inherited {
        /// What its unit calls it.
        name: String,
        /// Where it listens.
        address: String,
        /// Where something is served.
        expected: String,
    },
    /// Others may connect to the socket of the admin API, which asks for no token.
    #[error(
        "the socket {} of the admin API, which was passed to the process (LISTEN_FDS), has the mode {mode:04o}, and without a token whoever \
         may write to it could change what is served: set SocketMode=0600 in the .socket unit, or a \"token\" in \"admin\"",
        path.display()
    )]
    OpenSocket {
        /// Where it is.
        path: PathBuf,
        /// Who may do what.
        mode: u32,
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
