//! The engine: V8 on threads, and nothing of the web.
//!
//! One isolate lives on one OS thread, its [carrier](mod@carrier), which may have others, too, and only runs JavaScript there. Everything
//! else of the process talks to it through its
//! [`Handle`]: a mailbox of tasks that the thread drains in batches, with a microtask checkpoint after each. The engine owns
//! what every embedding needs: V8's platform ([`platform`]), the startup snapshot ([`snapshot`]), isolates ([`isolate`]),
//! their event loop ([`thread`]), asynchronous operations ([`ops`]), long native work ([`compute`](mod@compute)), timers
//! ([`timers`]), ES modules ([`modules`]) and limits ([`limits`], [`watchdog`]). What the global object holds is the business of an [`Embedding`].
//!
//! ```no_run
//! use nano_engine::{Embedding, Engine, EngineOptions, IsolateOptions, spawn};
//!
//! static EMBEDDING: Embedding = Embedding::EMPTY;
//! Engine::start(EngineOptions::new(&EMBEDDING)).expect("V8 starts once per process");
//! let (handle, exit) = spawn(IsolateOptions::default(), |scope| {
//!     nano_engine::evaluate(scope, "console", "1 + 1");
//! }).expect("a thread");
//! handle.drain(nano_engine::Until::Idle);
//! println!("{}", exit.wait());
//! ```
#![deny(missing_docs)]
// A dependency that nothing uses any more does not compile.
#![cfg_attr(not(test), deny(unused_crate_dependencies))]
#![deny(clippy::unwrap_used, clippy::expect_used)]

mod alarm;
pub mod allocator;
mod app;
mod attendants;
mod bell;
pub mod carrier;
pub mod code_cache;
pub mod compute;
pub mod containment;
mod cpu_clock;
mod crew;
pub mod embedding;
pub mod engine;
pub mod entry;
pub mod exception;
pub mod external_memory;
pub mod foreground;
#[cfg(any(test, fuzzing))]
pub mod fuzzing;
mod handover;
pub mod hardening;
mod idle;
mod imports;
mod interlude;
pub mod isolate;
pub mod limits;
mod mail;
pub mod mailbox;
mod meter;
pub mod module_source;
pub mod modules;
pub mod ops;
pub mod platform;
pub mod prepared;
pub mod process_memory;
pub mod rejections;
pub mod resources;
mod rest;
pub mod slice;
pub mod snapshot;
mod stack;
pub mod state;
mod sync;
pub mod text;
pub mod thread;
pub mod thread_io;
pub mod timers;
pub mod transpiler;
mod turn_clock;
pub mod watchdog;

pub use app::left_behind;
pub use carrier::OpenCarrier;
pub use compute::{compute, compute_slices, compute_slow};
pub use embedding::{Baker, Embedding};
pub use engine::{Engine, EngineError, EngineOptions};
pub use entry::{CLOCK_RESOLUTION, Panicked};
pub use exception::{ErrorReport, Thrown, report_exception};
pub use isolate::IsolateOptions;
pub use limits::{Exit, Limits};
pub use mailbox::{Handle, KeepAlive, Task, Until};
pub use meter::Ledger;
pub use module_source::{FolderSource, LoadError, Loaded, ModuleError, ModuleKind, ModuleSource};
pub use modules::{SourceType, detect, evaluate};
pub use ops::{NoRuntime, OpId, promise_op, reject, spawn_op};
pub use prepared::{Claimed, Prepared};
pub use snapshot::bake;
pub use state::State;
pub use thread::{ExitReceiver, run_on_current_thread, run_together, spawn};
pub use thread_io::ThreadIo;
pub use timers::{TimerCallback, TimerId};
pub use transpiler::Transpiler;
pub use v8;
