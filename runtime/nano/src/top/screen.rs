//! The terminal: taken as a whole, and given back as it was, whatever ends the program.

use std::io::{self, Write as _};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use crossterm::event::{self, Event, KeyCode, KeyEventKind, KeyModifiers};
use crossterm::style::{Attribute, Print, SetAttribute};
use crossterm::terminal::{
    self, Clear, ClearType, DisableLineWrap, EnableLineWrap, EnterAlternateScreen,
    LeaveAlternateScreen,
};
use crossterm::{cursor, execute, queue};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};

/// The terminal, until it is dropped.
pub(super) struct Screen {
    /// The number of a signal that has come.
    signal: Arc<AtomicUsize>,
}

/// What a person wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Key {
    Quit,
    Up,
    Down,
    Letter(char),
    /// The terminal has another size.
    Resize,
}

/// Lines above the table's rows; the last one is its head.
const HEAD: usize = 3;

impl Screen {
    /// Takes the terminal.
    ///
    /// # Errors
    /// It is none, or the system refuses.
    pub(super) fn take() -> io::Result<Self> {
        let signal = Arc::<AtomicUsize>::default();
        for number in [SIGHUP, SIGINT, SIGTERM] {
            let value = usize::try_from(number).unwrap_or_default();
            signal_hook::flag::register_usize(number, signal.clone(), value)?;
        }
        // What a panic says is to be read afterwards.
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            give_back();
            before(panic);
        }));
        // From here on it is given back.
        let screen = Self { signal };
        terminal::enable_raw_mode()?;
        execute!(
            io::stdout(),
            EnterAlternateScreen,
            cursor::Hide,
            DisableLineWrap
        )?;
        Ok(screen)
    }

    /// The lines that it has room for.
    pub(super) fn height(&self) -> usize {
        terminal::size().map_or(24, |(_, rows)| rows.into())
    }

    /// Shows lines in place of what is there.
    pub(super) fn draw(&mut self, lines: &[String]) -> io::Result<()> {
        let mut output = io::stdout().lock();
        for (row, line) in (0..).zip(lines) {
            // What a server says is no command for the terminal.
            let text: String = line.chars().filter(|c| !c.is_control()).collect();
            let is_head = usize::from(row) + 1 == HEAD;
            let attribute = if is_head {
                Attribute::Reverse
            } else {
                Attribute::Reset
            };
            queue!(
                output,
                cursor::MoveTo(0, row),
                SetAttribute(attribute),
                Print(text),
                SetAttribute(Attribute::Reset),
                Clear(ClearType::UntilNewLine)
            )?;
        }
        queue!(output, Clear(ClearType::FromCursorDown))?;
        output.flush()
    }

    /// Waits so long for a key.
    pub(super) fn key(&mut self, patience: Duration) -> io::Result<Option<Key>> {
        if !event::poll(patience)? {
            return Ok(None);
        }
        Ok(match event::read()? {
            Event::Resize(..) => Some(Key::Resize),
            Event::Key(key) if key.kind == KeyEventKind::Release => None,
            Event::Key(key) => match key.code {
                KeyCode::Char('c') if key.modifiers.contains(KeyModifiers::CONTROL) => {
                    Some(Key::Quit)
                }
                KeyCode::Char('q') | KeyCode::Esc => Some(Key::Quit),
                KeyCode::Char(letter) => Some(Key::Letter(letter)),
                KeyCode::Up => Some(Key::Up),
                KeyCode::Down => Some(Key::Down),
                _ => None,
            },
            _ => None,
        })
    }

    /// The number of a signal that wants the program to end, if one has come.
    pub(super) fn signal(&self) -> Option<i32> {
        let number = self.signal.load(Ordering::Relaxed);
        i32::try_from(number).ok().filter(|number| *number > 0)
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        give_back();
    }
}

fn give_back() {
    // If that fails, there is no terminal any more.
    let _ = execute!(
        io::stdout(),
        EnableLineWrap,
        cursor::Show,
        LeaveAlternateScreen
    );
    let _ = terminal::disable_raw_mode();
}
