//! Writes lines on a thread of its own, many at once.

use std::io::Write;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

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
                        while state.lines.is_empty() {
                            state = own
                                .filled
                                .wait(state)
                                .unwrap_or_else(PoisonError::into_inner);
                        }
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

    /// Appends what `write` appends.
    pub(super) fn line(&self, write: impl FnOnce(&mut String)) {
        let mut state = self.lock();
        while state.lines.len() > MOST {
            state = self
                .written
                .wait(state)
                .unwrap_or_else(PoisonError::into_inner);
        }
        let sleeping = state.lines.is_empty() && !state.busy;
        write(&mut state.lines);
        drop(state);
        if sleeping {
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
mod tests {
    use super::*;

    #[derive(Clone, Default)]
    struct Output(Arc<Mutex<Vec<u8>>>);

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
            writer.line(|line| line.push_str(&format!("{number}\n")));
        }
        writer.flush();
        let written = String::from_utf8(output.0.lock().unwrap().clone()).unwrap();
        let expected: String = (0..1000).map(|number| format!("{number}\n")).collect();
        assert_eq!(written, expected);
    }
}
