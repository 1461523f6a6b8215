//! Writes lines on a thread of its own, many at once.

use std::io::Write;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// How long lines are collected before they are written: under load, waking the thread for each would cost more than
/// the lines themselves.
const COLLECT: Duration = Duration::from_millis(2);

/// More than this in memory, and those who log wait: no line is lost, and memory stays bounded.
const MOST: usize = 8 << 20;

/// A queue of lines in front of an output.
#[derive(Debug)]
pub(super) struct Writer {
    state: Mutex<State>,
    /// There is something to write.
    filled: Condvar,
    /// Something has been written.
    written: Condvar,
}

#[derive(Debug, Default)]
struct State {
    lines: String,
    /// The thread waits to be told that there is something.
    idle: bool,
    /// The thread is writing what it has taken.
    busy: bool,
}

impl Writer {
    /// Starts the thread; it lives as long as the process.
    pub(super) fn start(mut output: impl Write + Send + 'static) -> Arc<Self> {
        let writer = Arc::new(Self {
            state: Mutex::default(),
            filled: Condvar::new(),
            written: Condvar::new(),
        });
        let own = writer.clone();
        std::thread::Builder::new()
            .name("log".to_owned())
            .spawn(move || {
                let mut taken = String::new();
                loop {
                    {
                        let mut state = own.lock();
                        state.busy = false;
                        own.written.notify_all();
                        state.idle = true;
                        while state.lines.is_empty() {
                            state = own
                                .filled
                                .wait(state)
                                .unwrap_or_else(PoisonError::into_inner);
                        }
                        state.idle = false;
                    }
                    std::thread::sleep(COLLECT);
                    {
                        let mut state = own.lock();
                        state.busy = true;
                        taken.clear();
                        std::mem::swap(&mut taken, &mut state.lines);
                    }
                    // An output that is closed takes no lines; there is nowhere to say so.
                    let _ = output
                        .write_all(taken.as_bytes())
                        .and_then(|()| output.flush());
                }
            })
            .expect("a thread for the log");
        writer
    }

    /// Appends a line.
    pub(super) fn line(&self, line: &str) {
        let mut state = self.lock();
        while state.lines.len() > MOST {
            state = self
                .written
                .wait(state)
                .unwrap_or_else(PoisonError::into_inner);
        }
        state.lines.push_str(line);
        let wake = std::mem::take(&mut state.idle);
        drop(state);
        if wake {
            self.filled.notify_one();
        }
    }

    /// Waits until everything is written.
    pub(super) fn flush(&self) {
        let mut state = self.lock();
        while state.busy || !state.lines.is_empty() {
            state = self
                .written
                .wait(state)
                .unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// An output that can be looked at.
    #[derive(Clone, Default)]
    pub(crate) struct Output(Arc<Mutex<Vec<u8>>>);

    impl Output {
        pub(crate) fn text(&self) -> String {
            String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
        }
    }

    impl Write for Output {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn every_line_is_written_in_order() {
        let output = Output::default();
        let writer = Writer::start(output.clone());
        for number in 0..1000 {
            writer.line(&format!("{number}\n"));
        }
        writer.flush();
        let expected: String = (0..1000).map(|number| format!("{number}\n")).collect();
        assert_eq!(output.text(), expected);
    }
}
