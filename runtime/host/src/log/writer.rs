//! Writes lines on a thread of its own, many at once. Nobody who logs ever waits for the output: a line that there is no
//! room for is dropped and counted, on the account of its [`Source`].

use std::collections::VecDeque;
use std::io::{ErrorKind, Write};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::lines::Lines;
use super::source::{Admission, Amount, Loss, SECOND, Source};

/// How long lines are collected before they are written: under load, waking the thread for each would cost more than
/// the lines themselves.
const COLLECT: Duration = Duration::from_millis(5);
/// How many bytes of lines may wait, of all sources together. As many may be on their way to the output meanwhile.
const ROOM: usize = 8 << 20;
/// Each source may have a fourth of the room that the others leave. So one flood takes a fifth of it, many floods
/// share it equally, and whoever logs little always finds room.
const SHARE: usize = 4;
/// How soon an output is tried again that is full, and does not block.
const RETRY: Duration = Duration::from_millis(5);

/// How often to look where nothing is expected.
const NOTHING: Duration = Duration::from_secs(3600);

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
    lines: Lines,
    /// Those who have lines here, or have lost some.
    sources: Vec<Listed>,
    /// Those who have had lines dropped for their rate, and when that is told.
    owing: VecDeque<(Instant, Arc<Source>)>,
    /// Those of whom it is told now.
    due: Vec<Arc<Source>>,
    /// Somebody waits for everything: nothing is told later.
    is_last: bool,
    /// The thread waits to be told that there is something.
    idle: bool,
    /// The thread is writing what it has taken.
    busy: bool,
}

/// A source, and how much of its waits. It is counted here, where a lock is held anyway.
#[derive(Debug)]
struct Listed {
    source: Arc<Source>,
    waiting: Amount,
}

impl Writer {
    /// Starts the thread; it lives as long as the process. `tell` appends a line that says what of a source was
    /// dropped.
    ///
    /// # Errors
    /// The system has no thread for it.
    pub(super) fn start(
        mut output: impl Write + Send + 'static,
        tell: impl Fn(&mut String, &Source, Loss) + Send + 'static,
    ) -> std::io::Result<Arc<Self>> {
        let writer = Arc::new(Self {
            state: Mutex::default(),
            filled: Condvar::new(),
            written: Condvar::new(),
        });
        let own = writer.clone();
        std::thread::Builder::new()
            .name("log".to_owned())
            .spawn(move || {
                let mut taken = State::default();
                loop {
                    own.take(&mut taken);
                    let mut told = String::new();
                    for Listed { source, .. } in &taken.sources {
                        if let Some(loss) = source.take_untold() {
                            tell(&mut told, source, loss);
                        }
                    }
                    for source in taken.due.drain(..) {
                        if let Some(loss) = source.take_over() {
                            tell(&mut told, &source, loss);
                        }
                    }
                    let result = taken
                        .lines
                        .iter()
                        .chain([&*told])
                        .try_for_each(|piece| write_all(&mut output, piece.as_bytes()));
                    for Listed { source, waiting } in taken.sources.drain(..) {
                        source.written(waiting, result.is_ok());
                    }
                    taken.lines.clear();
                }
            })?;
        Ok(writer)
    }

    /// Whether a source may have a line now that says so many bytes. If not, it is dropped, which is told once in a second.
    pub(super) fn admits(&self, source: &Arc<Source>, bytes: usize) -> bool {
        let now = Instant::now();
        let is_first = match source.admits(bytes, now) {
            Admission::Granted => return true,
            Admission::Refused { is_first } => is_first,
        };
        if is_first {
            let mut state = self.lock();
            // As below. It is told with what is dropped later, then, or never.
            if state.owing.try_reserve(1).is_ok() {
                state.owing.push_back((now + SECOND, source.clone()));
            }
            drop(state);
            self.filled.notify_one();
        }
        false
    }

    /// Appends a line, or drops it.
    pub(super) fn line(&self, source: &Arc<Source>, line: &str) {
        let mut state = self.lock();
        let State { lines, sources, .. } = &mut *state;
        // An app's thread that gets no memory stops for ever, and must not keep this lock.
        if sources.try_reserve(1).is_err() {
            return;
        }
        let share = match lines.try_reserve(line.len()) {
            Ok(()) => ROOM.saturating_sub(lines.len()) / SHARE,
            Err(_) => 0,
        };
        let place = source.place().unwrap_or_else(|| {
            source.is_listed_at(sources.len());
            sources.push(Listed {
                source: source.clone(),
                waiting: Amount::default(),
            });
            sources.len() - 1
        });
        let waiting = &mut sources[place].waiting;
        if waiting.bytes + line.len() <= share {
            waiting.add(Amount::of(line));
            lines.push(line);
        } else {
            source.lose(line);
        }
        let wake = std::mem::take(&mut state.idle);
        drop(state);
        if wake {
            self.filled.notify_one();
        }
    }

    /// Waits until there is something, and takes it, in exchange for an empty state.
    fn take(&self, taken: &mut State) {
        {
            let mut state = self.lock();
            state.busy = false;
            self.written.notify_all();
            state.idle = true;
            loop {
                let wait = state.fall_due(Instant::now());
                if !state.sources.is_empty() || !state.due.is_empty() {
                    break;
                }
                let waited = self.filled.wait_timeout(state, wait);
                state = waited.unwrap_or_else(PoisonError::into_inner).0;
            }
            state.idle = false;
        }
        std::thread::sleep(COLLECT);
        let mut state = self.lock();
        state.busy = true;
        std::mem::swap(&mut taken.lines, &mut state.lines);
        std::mem::swap(&mut taken.sources, &mut state.sources);
        std::mem::swap(&mut taken.due, &mut state.due);
        let listed = taken.sources.iter();
        listed.for_each(|listed| listed.source.is_not_listed());
    }

    /// Waits until everything is written, but not beyond the deadline. Returns whether it is.
    pub(super) fn flush(&self, deadline: Duration) -> bool {
        let until = Instant::now() + deadline;
        let mut state = self.lock();
        state.is_last = true;
        self.filled.notify_one();
        while state.busy || state.has_something() {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return false;
            }
            let waited = self.written.wait_timeout(state, left);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
        true
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Something waits to be written.
    fn has_something(&self) -> bool {
        !(self.sources.is_empty() && self.owing.is_empty() && self.due.is_empty())
    }

    /// Has those told of whose time has come. Gives how long there is nothing to do for the next ones.
    fn fall_due(&mut self, now: Instant) -> Duration {
        while let Some((at, _)) = self.owing.front() {
            if *at > now && !self.is_last {
                return *at - now;
            }
            let first = self.owing.pop_front();
            self.due.extend(first.map(|(_, source)| source));
        }
        NOTHING
    }
}

/// Writes everything, also where the output is a pipe that someone has made non-blocking.
fn write_all(output: &mut impl Write, mut bytes: &[u8]) -> std::io::Result<()> {
    while !bytes.is_empty() {
        match output.write(bytes) {
            Ok(0) => return Err(ErrorKind::WriteZero.into()),
            Ok(count) => bytes = &bytes[count..],
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) if error.kind() == ErrorKind::WouldBlock => std::thread::sleep(RETRY),
            Err(error) => return Err(error),
        }
    }
    output.flush()
}

#[cfg(test)]
pub(super) mod tests {
    use super::super::lines::PIECE;
    use super::super::source::Rate;
    use super::*;

    const PATIENCE: Duration = Duration::from_secs(30);

    /// An output that can be looked at, and held up.
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

    fn start(output: impl Write + Send + 'static) -> Arc<Writer> {
        Writer::start(output, |line, source, loss| {
            let Loss { lines, bytes, .. } = loss;
            line.push_str(&format!("{source} lost {lines} lines of {bytes} bytes\n"));
        })
        .expect("a thread")
    }

    fn said(app: &str) -> Arc<Source> {
        Source::said(app.into())
    }

    #[test]
    fn every_line_is_written_in_order() {
        let output = Output::default();
        let writer = start(output.clone());
        let (a, b) = (said("a"), said("b"));
        for number in 0..1000 {
            let source = if number % 3 == 0 { &a } else { &b };
            writer.line(source, &format!("{number}\n"));
        }
        assert!(writer.flush(PATIENCE));
        let expected: String = (0..1000).map(|number| format!("{number}\n")).collect();
        assert_eq!(output.text(), expected);
        assert_eq!(a.statistics().lines + b.statistics().lines, 1000);
    }

    #[test]
    fn a_flood_is_dropped_and_counted_and_leaves_room_for_others() {
        let output = Output::default();
        let writer = start(output.clone());
        let (flood, other) = (said("flood"), said("other"));
        let long = format!("{}\n", "x".repeat(99));
        const LINES: u64 = 100_000;
        {
            // Nobody reads: what is logged here must not wait.
            let _held = output.0.lock().unwrap();
            for number in 0..LINES {
                writer.line(&flood, &long);
                if number % 1000 == 0 {
                    writer.line(&other, "heard\n");
                }
            }
            assert!(!writer.flush(Duration::from_millis(20)));
        }
        assert!(writer.flush(PATIENCE));
        let text = output.text();
        let written = text.lines().filter(|line| line.starts_with('x')).count() as u64;
        let statistics = flood.statistics();
        assert_eq!(statistics.lines, written);
        assert_eq!(statistics.dropped_lines, LINES - written);
        assert_eq!(statistics.dropped_bytes, (LINES - written) * 100);
        assert!(
            (ROOM / 8..ROOM).contains(&(written as usize * 100)),
            "{written}"
        );
        assert_eq!(text.matches("heard\n").count() as u64, LINES / 1000);
        assert_eq!(other.statistics().dropped_lines, 0);
        let told: u64 = text
            .lines()
            .filter_map(|line| line.strip_prefix("app flood lost "))
            .map(|line| line.split(' ').next().unwrap().parse::<u64>().unwrap())
            .sum();
        assert_eq!(told, statistics.dropped_lines);
    }

    #[test]
    fn floods_share_the_room() {
        let output = Output::default();
        let writer = start(output.clone());
        let sources: Vec<_> = (0..50).map(|number| said(&number.to_string())).collect();
        let long = "x".repeat(1000);
        {
            let _held = output.0.lock().unwrap();
            // The first batch may be with the thread already.
            writer.line(&sources[0], "first\n");
            std::thread::sleep(COLLECT * 10);
            for _ in 0..ROOM / long.len() {
                sources.iter().for_each(|source| writer.line(source, &long));
            }
            let waiting = writer.lock().lines.len();
            assert!((ROOM / 2..=ROOM).contains(&waiting), "{waiting}");
        }
        assert!(writer.flush(PATIENCE));
        let lines: Vec<_> = sources
            .iter()
            .map(|source| source.statistics().lines)
            .collect();
        let (least, most) = (lines.iter().min().unwrap(), lines.iter().max().unwrap());
        assert!(*least > 0 && most - least <= 2, "{lines:?}");
    }

    #[test]
    fn what_is_over_a_rate_is_told_once_in_a_second() {
        let output = Output::default();
        let writer = start(output.clone());
        let source = said("a");
        source.limit(Rate {
            lines: 3,
            bytes: 1 << 20,
        });
        let began = Instant::now();
        let mut admitted = 0;
        let mut lost = 0;
        while began.elapsed() < SECOND * 2 {
            match writer.admits(&source, 10) {
                true => admitted += 1,
                false => lost += 1,
            }
            std::thread::sleep(Duration::from_millis(1));
        }
        // Nobody has to say anything more.
        let text = || output.text();
        let deadline = began + PATIENCE;
        let told = || -> u64 {
            let lines = text();
            let lines = lines
                .lines()
                .filter_map(|line| line.strip_prefix("app a lost "));
            lines
                .map(|line| line.split(' ').next().unwrap().parse::<u64>().unwrap())
                .sum()
        };
        while told() < lost && Instant::now() < deadline {
            std::thread::sleep(Duration::from_millis(5));
        }
        assert_eq!(told(), lost);
        assert!((6..=9).contains(&admitted), "{admitted}");
        assert!((2..=3).contains(&text().lines().count()), "{}", text());
        assert_eq!(source.statistics().dropped_lines, lost);
    }

    #[test]
    fn the_end_does_not_wait_to_tell() {
        let output = Output::default();
        let writer = start(output.clone());
        let source = said("a");
        source.limit(Rate { lines: 1, bytes: 1 });
        assert!(writer.admits(&source, 7));
        assert!(!writer.admits(&source, 7));
        assert!(writer.flush(PATIENCE));
        assert_eq!(output.text(), "app a lost 1 lines of 7 bytes\n");
    }

    #[test]
    fn what_the_output_refuses_counts_as_dropped() {
        struct Closed(u32);
        impl Write for Closed {
            fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
                self.0 += 1;
                match self.0 {
                    1 => Err(ErrorKind::WouldBlock.into()),
                    2 => Ok(bytes.len().min(1)),
                    _ => Err(ErrorKind::BrokenPipe.into()),
                }
            }
            fn flush(&mut self) -> std::io::Result<()> {
                Ok(())
            }
        }
        let writer = start(Closed(0));
        let source = said("a");
        writer.line(&source, "12345\n");
        assert!(writer.flush(PATIENCE));
        let statistics = source.statistics();
        assert_eq!((statistics.lines, statistics.dropped_lines), (0, 1));
    }

    #[test]
    fn large_buffers_are_given_back() {
        let output = Output::default();
        let writer = start(output.clone());
        let source = said("a");
        {
            let _held = output.0.lock().unwrap();
            for _ in 0..2 {
                (0..20_000).for_each(|_| writer.line(&source, &"x".repeat(100)));
                std::thread::sleep(COLLECT * 5);
            }
        }
        assert!(writer.flush(PATIENCE));
        // Both buffers have been emptied when the second batch is through.
        for _ in 0..2 {
            writer.line(&source, "small\n");
            assert!(writer.flush(PATIENCE));
        }
        assert!(writer.lock().lines.kept() <= PIECE);
    }
}
