//! Drives the real `nano` program over real sockets.

mod bad_input;
mod config;
mod connections;
mod drain;
mod examples;
mod headers;
mod limits;
mod programs;
mod routing;
mod streaming;
mod support;
