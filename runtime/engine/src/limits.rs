//! What an isolate may use, and the reasons for which one ends.

use std::fmt;
use std::time::Duration;

/// One mebibyte.
pub const MIB: usize = 1 << 20;

/// What one isolate may use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of JavaScript heap, array buffers and native memory together.
    pub memory: usize,
    /// Extra bytes of heap that V8 may take between passing the limit and being stopped. A builtin in full flight cannot be
    /// stopped, and V8 ends the process where its one allocation does not fit, so this must hold the largest single one. It
    /// is address space: pages cost memory only when touched.
    pub slack: usize,
    /// CPU time of one turn: a task with its microtasks. `None` for no limit.
    pub cpu_per_turn: Option<Duration>,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            memory: 128 * MIB,
            slack: DEFAULT_SLACK,
            cpu_per_turn: Some(Duration::from_secs(5)),
        }
    }
}

impl Limits {
    /// No limit on CPU time, and as much memory as V8 can manage: for programs that a person runs (`nano run`, `nano repl`).
    pub fn generous() -> Self {
        Self {
            memory: 1400 * MIB,
            slack: DEFAULT_SLACK,
            cpu_per_turn: None,
        }
    }
}

/// Holds any one allocation of V8: the largest backing array and the largest string are 1 GiB each, and the builtins that
/// grow one hold the old and the new. Chosen by the tests in `tests/memory/`.
pub const DEFAULT_SLACK: usize = 2200 * MIB;

/// Why an isolate ended. Only [`Exit::Drained`] and [`Exit::Stopped`] were asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Exit {
    /// [`crate::Handle::drain`], and nothing was left to do.
    Drained,
    /// [`crate::Handle::stop`] or [`crate::Handle::terminate`].
    Stopped,
    /// A turn used more CPU time than [`Limits::cpu_per_turn`].
    CpuLimit {
        /// The limit that it passed.
        budget: Duration,
    },
    /// A turn used more CPU time than was left to whom it was for.
    PayerLimit {
        /// Whom; see [`crate::Ledger`].
        payer: u64,
    },
    /// Heap, array buffers and native memory passed [`Limits::memory`].
    HeapLimit {
        /// The limit in bytes.
        limit: usize,
    },
    /// The process neared the limit of its own memory, and this isolate held most; see [`crate::process_memory`].
    ProcessLimit,
    /// The process needed memory, and this isolate had nothing to do; see [`crate::Handle::may_be_evicted`].
    Evicted,
    /// V8 gave up in the middle of something, or there was no memory for what native code needed; see [`crate::containment`]. The isolate's memory is lost until the process ends.
    Crashed,
    /// A turn passed [`Limits::cpu_per_turn`] and did not stop: it is in a built-in function that V8 cannot interrupt. Its thread
    /// goes on until that function ends; see [`crate::containment`].
    Unresponsive,
    /// Another isolate of its thread has crashed, or does not stop ([`Exit::Crashed`], [`Exit::Unresponsive`]).
    Lost,
    /// It never began: the system or the snapshot does not give what an isolate needs.
    NotMade(
        /// What was missing, and what to do.
        String,
    ),
    /// Native code panicked: a bug of this program, not of the app.
    Panicked(
        /// The panic's message.
        String,
    ),
}

impl fmt::Display for Exit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Exit::Drained => f.write_str("drained"),
            Exit::Stopped => f.write_str("stopped"),
            Exit::CpuLimit { budget } => {
                write!(
                    f,
                    "a turn used more CPU time than its limit of {} ms",
                    budget.as_millis()
                )
            }
            Exit::PayerLimit { .. } => {
                f.write_str("a turn used more CPU time than was left to what it was for")
            }
            Exit::HeapLimit { limit } => {
                write!(
                    f,
                    "heap, array buffers and native memory passed the limit of {} MiB",
                    limit / MIB
                )
            }
            Exit::ProcessLimit => f.write_str(
                "the process neared the limit of its own memory, and this instance held the most",
            ),
            Exit::Evicted => f.write_str("it had nothing to do, and the process needed its memory"),
            Exit::Crashed => {
                f.write_str("it asked for more than V8 can represent, it may have, or the system can give, and V8 gave up")
            }
            Exit::Unresponsive => f.write_str(
                "it did not stop when it was told to, in a built-in function that V8 cannot interrupt",
            ),
            Exit::Lost => f.write_str(
                "another instance on its thread crashed, or did not stop when it was told to",
            ),
            Exit::NotMade(why) => write!(f, "it could not be made: {why}"),
            Exit::Panicked(message) => write!(f, "native code panicked: {message}"),
        }
    }
}
