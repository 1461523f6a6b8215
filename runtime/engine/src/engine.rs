//! What a process has one of: the embedding, the table of references, the snapshot.

use std::borrow::Cow;
use std::sync::OnceLock;

use crate::embedding::Embedding;
use crate::external_memory::{fund, spare};
use crate::{attendants, platform, process_memory, snapshot};

/// How to start the engine.
pub struct EngineOptions {
    /// The embedding.
    pub embedding: &'static Embedding,
    /// What [`snapshot::bake`] made, or `None` to bake now (tens of milliseconds; for tests).
    pub snapshot: Option<&'static [u8]>,
    /// The process will have one isolate at a time, as a program that runs one script has: spares it the isolate that keeps
    /// what all share, some 5 ms.
    pub single: bool,
}

impl EngineOptions {
    /// Options that bake the snapshot at start.
    pub fn new(embedding: &'static Embedding) -> Self {
        Self {
            embedding,
            snapshot: None,
            single: false,
        }
    }
}

/// Why the engine did not start.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// One process has one engine: all its isolates share one snapshot's read-only heap.
    #[error(
        "the engine was started already, with another embedding or snapshot; a process has one"
    )]
    AlreadyStarted,
    /// The snapshot and the program do not belong together.
    #[error("the snapshot does not fit this program: {0}; build both again from the same sources")]
    Snapshot(String),
}

/// The engine of this process.
pub struct Engine {
    pub(crate) embedding: &'static Embedding,
    pub(crate) references: &'static [v8::ExternalReference],
    pub(crate) snapshot: snapshot::Loaded,
}

// SAFETY: the references are addresses of code and constants; nothing is written through them.
unsafe impl Send for Engine {}
// SAFETY: as above.
unsafe impl Sync for Engine {}

static ENGINE: OnceLock<Result<Engine, String>> = OnceLock::new();

impl Engine {
    /// Sets V8 up and checks or bakes the snapshot. A second call with the same options returns the same engine.
    pub fn start(options: EngineOptions) -> Result<&'static Engine, EngineError> {
        let engine = ENGINE.get_or_init(|| {
            platform::initialize();
            let references = snapshot::references(options.embedding);
            let bytes = match options.snapshot {
                Some(bytes) => bytes,
                None => snapshot::bake(options.embedding).leak(),
            };
            let snapshot = snapshot::Loaded::check(bytes, options.embedding, references)?;
            let engine = Engine {
                embedding: options.embedding,
                references,
                snapshot,
            };
            if !options.single {
                engine.keep_one_isolate();
                attendants::start();
                spare::set_aside(process_memory::limit());
                fund::fill();
            }
            Ok(engine)
        });
        let engine = engine
            .as_ref()
            .map_err(|why| EngineError::Snapshot(why.clone()))?;
        let same_snapshot = options
            .snapshot
            .is_none_or(|bytes| std::ptr::eq(bytes, engine.snapshot.bytes));
        if std::ptr::eq(engine.embedding, options.embedding) && same_snapshot {
            Ok(engine)
        } else {
            Err(EngineError::AlreadyStarted)
        }
    }

    /// The engine, if it was started.
    pub fn get() -> Option<&'static Engine> {
        ENGINE.get()?.as_ref().ok()
    }

    /// What every isolate is created from.
    pub fn create_params(&self) -> v8::CreateParams {
        v8::CreateParams::default()
            .snapshot_blob(v8::StartupData::from(self.snapshot.blob))
            .external_references(Cow::Borrowed(self.references))
            .allow_atomics_wait(false)
    }

    /// The read-only heap dies with the last isolate and would be built again for the next; so one never dies.
    fn keep_one_isolate(&self) {
        let isolate = v8::Isolate::new(self.create_params());
        // SAFETY: the isolate was entered by `new`; nobody uses it again.
        unsafe { isolate.exit() };
        std::mem::forget(isolate);
    }
}
