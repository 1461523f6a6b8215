//! Drives the real `nano` program over real sockets.

mod admin;
mod bad_input;
mod bodies;
mod config;
mod connections;
mod crashes;
mod drain;
mod endless_loops;
mod errors;
mod examples;
mod floods;
mod handlers;
mod headers;
mod http1;
mod http2;
mod large_inputs;
mod large_sources;
mod limits;
mod logs;
mod memory;
mod native_memory;
mod outbound;
mod outbound_shares;
mod polluted_prototypes;
mod programs;
mod reload;
mod routing;
mod slow_clients;
mod streaming;
mod support;
mod survival;
#[cfg(target_os = "linux")]
mod system_limits;
mod unread_bodies;
mod unread_memory;
mod uploads;
