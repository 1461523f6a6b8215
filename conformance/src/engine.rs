//! Which runtime is tested.

use anyhow::Result;
use wpt::{Engine, NanoEngine, ProgramEngine};

/// The engine that the environment variable `WPT_ENGINE` names, a command that runs a file; NANO in this process without it.
///
/// # Errors
/// Where the engine does not start.
pub fn engine() -> Result<Box<dyn Engine>> {
    match std::env::var("WPT_ENGINE") {
        Ok(command) => Ok(Box::new(ProgramEngine::new(&command))),
        Err(_) => Ok(Box::new(NanoEngine::start()?)),
    }
}
