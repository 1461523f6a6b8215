//! `nano top`: a live view of the apps of a nano that serves, by its admin API.

mod sample;
mod screen;
mod view;

use std::io::IsTerminal as _;
use std::process::ExitCode;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::time::Duration;

use crate::remote::{Remote, plain};
use crate::shell::print;
use sample::Sample;
use screen::{Key, Screen};
use view::{Order, View};

/// What to show.
#[derive(Debug, clap::Args)]
pub(crate) struct TopOptions {
    /// Seconds between two looks: rates are of the time between them
    #[arg(long, value_name = "SECONDS", default_value = "2", value_parser = seconds)]
    interval: Duration,
    /// Print one table, of two looks; as where standard output is no terminal
    #[arg(long)]
    once: bool,
    #[command(flatten)]
    remote: Remote,
}

fn seconds(text: &str) -> Result<Duration, String> {
    let number = text.parse::<f64>().ok();
    let number = number.filter(|seconds| (0.1..=3600.0).contains(seconds));
    let number = number.ok_or("expected a number of seconds from 0.1 to 3600")?;
    Ok(Duration::from_secs_f64(number))
}

/// How soon a key or a signal is seen.
const GLANCE: Duration = Duration::from_millis(50);

pub(crate) fn top(options: TopOptions) -> anyhow::Result<ExitCode> {
    if options.once || !std::io::stdout().is_terminal() {
        let before = Sample::take(&options.remote)?;
        std::thread::sleep(options.interval);
        let after = Sample::take(&options.remote)?;
        for line in View::between(&before, &after).lines(Order::default()) {
            print(&plain(&line));
        }
        return Ok(ExitCode::SUCCESS);
    }
    // Fails before the screen is taken, if it does.
    let first = Sample::take(&options.remote)?;
    let samples = looks(options);
    let mut screen = Screen::take()?;
    let mut shown = Shown {
        view: View::between(&first, &first),
        last: first,
        order: Order::default(),
        first_line: 0,
        complaint: None,
    };
    loop {
        screen.draw(&shown.lines(screen.height()))?;
        match watch(&mut screen, &samples)? {
            Event::Sample(Ok(sample)) => {
                shown.view = View::between(&shown.last, &sample);
                (shown.last, shown.complaint) = (sample, None);
            }
            Event::Sample(Err(error)) => shown.complaint = Some(format!("{error:#}")),
            Event::Key(Key::Quit) => return Ok(ExitCode::SUCCESS),
            Event::Key(Key::Letter(letter)) => {
                shown.order = Order::of(letter).unwrap_or(shown.order);
            }
            Event::Key(Key::Up) => shown.first_line = shown.first_line.saturating_sub(1),
            Event::Key(Key::Down) => shown.first_line += 1,
            Event::Key(Key::Resize) => {}
            Event::Signal(number) => {
                drop(screen);
                // As a shell reports a process that the signal ended.
                std::process::exit(128 + number);
            }
        }
    }
}

/// Looks again and again, on a thread of its own: an answer that takes long holds up no key.
fn looks(options: TopOptions) -> Receiver<anyhow::Result<Sample>> {
    let (send, samples) = mpsc::channel();
    std::thread::spawn(move || {
        loop {
            std::thread::sleep(options.interval);
            if send.send(Sample::take(&options.remote)).is_err() {
                return;
            }
        }
    });
    samples
}

enum Event {
    Sample(anyhow::Result<Sample>),
    Key(Key),
    Signal(i32),
}

/// Waits for something that changes what is shown.
fn watch(screen: &mut Screen, samples: &Receiver<anyhow::Result<Sample>>) -> anyhow::Result<Event> {
    loop {
        if let Some(number) = screen.signal() {
            return Ok(Event::Signal(number));
        }
        if let Some(key) = screen.key(GLANCE)? {
            return Ok(Event::Key(key));
        }
        match samples.recv_timeout(Duration::ZERO) {
            Ok(sample) => return Ok(Event::Sample(sample)),
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => anyhow::bail!("what looks has ended"),
        }
    }
}

/// What is on the screen.
struct Shown {
    view: View,
    last: Sample,
    order: Order,
    /// The first app that is on it.
    first_line: usize,
    /// Why there is nothing newer.
    complaint: Option<String>,
}

impl Shown {
    fn lines(&mut self, height: usize) -> Vec<String> {
        let mut table = self.view.lines(self.order);
        let head = table.remove(0);
        // The summary, the keys, and the head of the table.
        let room = height.saturating_sub(3).max(1);
        self.first_line = self.first_line.min(table.len().saturating_sub(room));
        let news = self
            .complaint
            .clone()
            .unwrap_or_else(|| self.view.summary());
        let mut lines = vec![news, Order::help(self.order), head];
        lines.extend(table.into_iter().skip(self.first_line).take(room));
        lines
    }
}
