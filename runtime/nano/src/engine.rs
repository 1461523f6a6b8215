//! Starting V8.

use anyhow::Context as _;
use nano_engine::{Engine, EngineOptions};

/// Starts the engine. Must come before the process has other threads: V8's memory protection is the property of a
/// thread, and its children inherit it.
pub(crate) fn start() -> anyhow::Result<()> {
    let options = EngineOptions {
        embedding: &nano_api::EMBEDDING,
        snapshot: Some(nano_snapshot::SNAPSHOT),
    };
    Engine::start(options).context("cannot start the engine")?;
    Ok(())
}
