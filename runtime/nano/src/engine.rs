//! Starting V8.

use anyhow::Context as _;
use nano_engine::{Engine, EngineOptions};

/// Starts the engine. Must come before the process has other threads: V8's memory protection is the property of a
/// thread, and its children inherit it. `single`: there will be one isolate.
pub(crate) fn start(single: bool) -> anyhow::Result<()> {
    let options = EngineOptions {
        embedding: &nano_api::EMBEDDING,
        snapshot: Some(nano_snapshot::SNAPSHOT),
        single,
    };
    Engine::start(options).context("cannot start the engine")?;
    Ok(())
}
