//! Starting V8, and apps on it.

use std::sync::Arc;

use anyhow::Context as _;
use nano_api::worker::WorkerLauncher;
use nano_engine::{Engine, EngineOptions};
use nano_typescript::TypeScript;
use nano_worker::Launcher;

/// Starts the engine. Must come before the process has other threads: V8's memory protection is the property of a
/// thread, and its children inherit it. There will be so many isolates, and `threads` beside those of the engine.
pub(crate) fn start(isolates: usize, threads: usize) -> anyhow::Result<()> {
    nano_engine::resources::check(isolates, threads)?;
    let options = EngineOptions {
        embedding: &nano_api::EMBEDDING,
        snapshot: Some(nano_snapshot::SNAPSHOT),
        single: isolates == 1,
    };
    Engine::start(options).context("cannot start the engine")?;
    Ok(())
}

/// Starts apps, also such in TypeScript.
pub(crate) fn launcher() -> Arc<dyn Launcher> {
    Arc::new(WorkerLauncher::with_transpiler(Arc::new(TypeScript)))
}
