//! `nano repl`: a thread edits lines, the main thread runs JavaScript, also while a line is being edited.

use std::io::IsTerminal as _;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::mpsc::{Receiver, Sender, channel};

use anyhow::Context as _;
use nano_api::shell::{ReplOutcome, ShellInterrupter, ShellWaker};
use rustyline::error::ReadlineError;
use rustyline::history::FileHistory;
use rustyline::{Config, Editor};
use tokio::signal::unix::{SignalKind, signal};

use crate::shell::{self, Use, complain, print};

const HELP: &str = "\
.exit    leave (or Ctrl+D)
.help    this text
Ctrl+C   drop the input, or end what is being evaluated; twice at an empty prompt: leave
Input that is not complete goes on on the next line. `await` works; `_` is the last value.";

/// What the editing thread has for the main thread.
enum Input {
    /// All lines of the input so far.
    Source(String),
    End,
}

/// What the main thread answers.
enum Answer {
    Done,
    Incomplete,
}

pub(crate) fn repl() -> anyhow::Result<ExitCode> {
    let mut shell = shell::start(Use::Session)?;
    let (inputs, input) = channel();
    let (answer, answers) = channel();
    let waker = shell.waker();
    on_interrupt(shell.interrupter()).context("cannot receive signals")?;
    std::thread::Builder::new()
        .name("repl".to_owned())
        .spawn(move || {
            // A terminal that cannot be read ends the session like Ctrl+D does.
            if let Err(error) = edit(&inputs, &answers, &waker) {
                complain(&format!("nano: cannot read from the terminal: {error}"));
            }
            let _ = inputs.send(Input::End);
            waker.wake();
        })?;
    loop {
        shell.run_until_woken();
        while let Ok(input) = input.try_recv() {
            let Input::Source(source) = input else {
                return Ok(ExitCode::SUCCESS);
            };
            let outcome = shell.evaluate_repl_line(&source);
            let reply = match outcome {
                ReplOutcome::Incomplete => Answer::Incomplete,
                ReplOutcome::Value(value) => {
                    print(&value);
                    Answer::Done
                }
                ReplOutcome::Exception(report) => {
                    complain(&report);
                    Answer::Done
                }
                ReplOutcome::Interrupted => {
                    complain("interrupted: the evaluation was ended by Ctrl+C");
                    Answer::Done
                }
                ReplOutcome::Ended(reason) => {
                    complain(&reason);
                    return Ok(ExitCode::FAILURE);
                }
            };
            if answer.send(reply).is_err() {
                return Ok(ExitCode::SUCCESS);
            }
        }
    }
}

/// Has Ctrl+C end what is being evaluated. (While a line is edited, the terminal sends no signal for it.)
fn on_interrupt(interrupter: ShellInterrupter) -> std::io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_io()
        .build()?;
    let mut interrupts = {
        let _entered = runtime.enter();
        signal(SignalKind::interrupt())?
    };
    let is_terminal = std::io::stdin().is_terminal();
    let listen = async move {
        while interrupts.recv().await.is_some() {
            // At a terminal it may have come just too late for what was evaluated.
            if !interrupter.interrupt() && !is_terminal {
                // As a shell reports a process that the signal ended.
                std::process::exit(128 + SignalKind::interrupt().as_raw_value());
            }
        }
    };
    std::thread::Builder::new()
        .name("interrupts".to_owned())
        .spawn(move || runtime.block_on(listen))?;
    Ok(())
}

/// Reads inputs and hands them over until the user leaves.
fn edit(
    inputs: &Sender<Input>,
    answers: &Receiver<Answer>,
    waker: &ShellWaker,
) -> rustyline::Result<()> {
    let config = Config::builder()
        .auto_add_history(false)
        .max_history_size(10_000)?
        .build();
    let mut editor: Editor<(), FileHistory> = Editor::with_config(config)?;
    let history = history_file();
    if let Some(file) = &history {
        // The first session has no history to load.
        let _ = editor.load_history(file);
    }
    let mut source = String::new();
    // Ctrl+C was the last that was typed, at an empty prompt.
    let mut may_leave = false;
    loop {
        let prompt = if source.is_empty() { "> " } else { "... " };
        let line = editor.readline(prompt);
        let was_told = std::mem::take(&mut may_leave);
        match line {
            Ok(line) if source.is_empty() => match line.trim() {
                "" => continue,
                ".exit" => return Ok(()),
                ".help" => {
                    print(HELP);
                    continue;
                }
                _ => source = line,
            },
            Ok(line) => {
                source.push('\n');
                source.push_str(&line);
            }
            Err(ReadlineError::Interrupted) => {
                if source.is_empty() {
                    if was_told {
                        return Ok(());
                    }
                    may_leave = true;
                    print("(Ctrl+C again, Ctrl+D or .exit to leave)");
                }
                source.clear();
                continue;
            }
            Err(ReadlineError::Eof) => return Ok(()),
            Err(error) => return Err(error),
        }
        if inputs.send(Input::Source(source.clone())).is_err() {
            return Ok(());
        }
        waker.wake();
        match answers.recv() {
            Ok(Answer::Incomplete) => {}
            Ok(Answer::Done) => {
                editor.add_history_entry(&source)?;
                if let Some(file) = &history {
                    save_history(&mut editor, file);
                }
                source.clear();
            }
            Err(_) => return Ok(()),
        }
    }
}

/// `nano/history` in the user's state folder, as the XDG Base Directory Specification has it.
fn history_file() -> Option<PathBuf> {
    let folder = |name| {
        std::env::var_os(name)
            .map(PathBuf::from)
            .filter(|path| path.is_absolute())
    };
    let state = folder("XDG_STATE_HOME").or_else(|| Some(folder("HOME")?.join(".local/state")))?;
    Some(state.join("nano").join("history"))
}

/// Saves after each input, so that a session that is killed keeps its history. Failing to is not worth a word each time.
fn save_history(editor: &mut Editor<(), FileHistory>, file: &PathBuf) {
    if let Some(folder) = file.parent() {
        let _ = std::fs::create_dir_all(folder);
    }
    let _ = editor
        .append_history(file)
        .or_else(|_| editor.save_history(file));
}
