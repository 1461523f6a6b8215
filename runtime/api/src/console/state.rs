//! What a console keeps per isolate: counters, timers, groups, and where its words go.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::time::{Duration, Instant};

use nano_engine::State;
use nano_engine::external_memory::ExternalMemory;
use nano_engine::text::cut;
use nano_webidl::Scope;

use super::inspect::InspectOptions;

/// How many counters and how many timers a console keeps.
const MAX_LABELS: usize = 10_000;
/// About what a map takes for each beside the label's text.
const ENTRY: usize = 64;

/// How grave a message is, <https://console.spec.whatwg.org/#loglevel-severity>.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// `debug`, `trace`
    Debug,
    /// `log` and everything that is not said to be something else.
    Log,
    /// `info`, `count`, `timeEnd`
    Info,
    /// `warn`, and the console's own warnings.
    Warn,
    /// `error`, `assert`
    Error,
}

/// Takes what a console has to say, on the isolate's own thread. Must not block.
pub trait ConsoleSink {
    /// Takes one message. It may have many lines and is indented by the groups that are open.
    fn print(&self, scope: &mut Scope, level: Level, message: &str);

    /// `console.clear()`. Only a terminal can follow it.
    fn clear(&self) {}

    /// Whether messages may have ANSI colours.
    fn colors(&self) -> bool {
        false
    }

    /// How long a message may be, in bytes; what is longer is cut off, and says so. They are copied out of the heap, where
    /// no limit of V8's counts them.
    fn max_message(&self) -> usize {
        1 << 20
    }
}

/// The console of one isolate; kept as an extension of the engine's [`State`].
pub struct ConsoleState {
    sink: Box<dyn ConsoleSink + Send>,
    counts: RefCell<HashMap<String, u32>>,
    timers: RefCell<HashMap<String, Instant>>,
    /// Of their labels.
    memory: ExternalMemory,
    groups: Cell<usize>,
}

/// A label beyond the number that a console keeps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TooManyLabels;

impl ConsoleState {
    /// A console that writes to `sink`.
    pub fn new(sink: Box<dyn ConsoleSink + Send>) -> Self {
        ConsoleState {
            sink,
            counts: RefCell::default(),
            timers: RefCell::default(),
            memory: ExternalMemory::default(),
            groups: Cell::new(0),
        }
    }

    /// The console of the isolate that a scope is in; `None` where the embedding gave it none.
    pub fn of<'s>(scope: &Scope<'s, '_>) -> Option<&'s ConsoleState> {
        State::from_scope(scope).try_extension()
    }

    /// How values are printed.
    pub fn options(&self) -> InspectOptions {
        InspectOptions {
            colors: self.sink.colors(),
            max_text: self.sink.max_message(),
            ..InspectOptions::default()
        }
    }

    /// The implementation-defined part of <https://console.spec.whatwg.org/#printer>: writes a message, indented by the open groups.
    pub fn print(&self, scope: &mut Scope, level: Level, message: &str) {
        match self.groups.get() {
            0 => self.sink.print(scope, level, message),
            depth => {
                let message = indented(message, depth);
                let message = cut(message, 2 * self.sink.max_message());
                self.sink.print(scope, level, &message);
            }
        }
    }

    /// <https://console.spec.whatwg.org/#clear>
    pub fn clear(&self) {
        self.groups.set(0);
        self.sink.clear();
    }

    /// Opens a group: what follows is indented.
    pub fn open_group(&self) {
        self.groups.set(self.groups.get() + 1);
    }

    /// Closes the innermost group, if any is open.
    pub fn close_group(&self) {
        self.groups.set(self.groups.get().saturating_sub(1));
    }

    /// Counts up, and returns the new count.
    pub fn count(&self, label: String) -> Result<u32, TooManyLabels> {
        let mut counts = self.counts.borrow_mut();
        if let Some(count) = counts.get_mut(&label) {
            *count = count.saturating_add(1);
            return Ok(*count);
        }
        if counts.len() >= MAX_LABELS {
            return Err(TooManyLabels);
        }
        self.memory.add(ENTRY + label.len());
        counts.insert(label, 1);
        Ok(1)
    }

    /// Sets a counter to zero; false if there is none of this label.
    pub fn reset_count(&self, label: &str) -> bool {
        self.counts
            .borrow_mut()
            .get_mut(label)
            .map(|count| *count = 0)
            .is_some()
    }

    /// Starts a timer; `Ok(false)` if it runs already.
    pub fn start_timer(&self, label: String) -> Result<bool, TooManyLabels> {
        let mut timers = self.timers.borrow_mut();
        if timers.contains_key(&label) {
            return Ok(false);
        }
        if timers.len() >= MAX_LABELS {
            return Err(TooManyLabels);
        }
        self.memory.add(ENTRY + label.len());
        timers.insert(label, Instant::now());
        Ok(true)
    }

    /// How long a timer has been running.
    pub fn elapsed(&self, label: &str) -> Option<Duration> {
        self.timers.borrow().get(label).map(Instant::elapsed)
    }

    /// Ends a timer; returns how long it ran.
    pub fn stop_timer(&self, label: &str) -> Option<Duration> {
        let start = self.timers.borrow_mut().remove(label)?;
        self.memory.sub(ENTRY + label.len());
        Some(start.elapsed())
    }
}

/// The message within `depth` groups.
fn indented(message: &str, depth: usize) -> String {
    let margin = "  ".repeat(depth.min(40));
    format!("{margin}{}", message.replace('\n', &format!("\n{margin}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Nothing;

    impl ConsoleSink for Nothing {
        fn print(&self, _: &mut Scope, _: Level, _: &str) {}
    }

    #[test]
    fn groups_indent_every_line() {
        assert_eq!(indented("a\nb", 2), "    a\n    b");
        let state = ConsoleState::new(Box::new(Nothing));
        state.close_group();
        state.open_group();
        state.open_group();
        assert_eq!(state.groups.get(), 2);
        state.close_group();
        assert_eq!(state.groups.get(), 1);
        state.clear();
        assert_eq!(state.groups.get(), 0);
    }

    #[test]
    fn counters_and_timers_are_kept_by_label() {
        let state = ConsoleState::new(Box::new(Nothing));
        assert_eq!(state.count("a".into()), Ok(1));
        assert_eq!(state.count("a".into()), Ok(2));
        assert!(state.reset_count("a"));
        assert!(!state.reset_count("b"));
        assert_eq!(state.count("a".into()), Ok(1));

        assert_eq!(state.start_timer("t".into()), Ok(true));
        assert_eq!(state.start_timer("t".into()), Ok(false));
        assert!(state.elapsed("t").is_some());
        assert!(state.stop_timer("t").is_some());
        assert!(state.stop_timer("t").is_none());
    }

    #[test]
    fn labels_are_limited() {
        let state = ConsoleState::new(Box::new(Nothing));
        for i in 0..MAX_LABELS {
            assert_eq!(state.count(i.to_string()), Ok(1));
            assert_eq!(state.start_timer(i.to_string()), Ok(true));
        }
        assert_eq!(state.count("one more".into()), Err(TooManyLabels));
        assert_eq!(state.count("1".into()), Ok(2));
        assert_eq!(state.start_timer("one more".into()), Err(TooManyLabels));
    }
}
