//! Another program as the engine: to compare runtimes, and to look at a test in isolation.

use std::io::{BufRead, BufReader, Read, Seek, SeekFrom, Write};
use std::ops::ControlFlow;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};

use super::{Ending, Engine, Job};
use crate::Authority;

/// The environment variables that programs read the file of an authority from: NANO and all that use OpenSSL, Deno, and node and Bun.
const AUTHORITY: [&str; 3] = ["SSL_CERT_FILE", "DENO_CERT", "NODE_EXTRA_CA_CERTS"];

/// Runs each test as a single file with a program: `node`, `deno run`, `nano run`.
#[derive(Debug, Clone)]
pub struct ProgramEngine {
    command: Vec<String>,
    authority: Option<PathBuf>,
}

impl ProgramEngine {
    /// An engine from a command line: words with spaces between; the file's name comes last.
    #[must_use]
    pub fn new(command: &str) -> Self {
        Self {
            command: command.split_whitespace().map(str::to_owned).collect(),
            authority: None,
        }
    }
}

impl Engine for ProgramEngine {
    fn trust(&mut self, authority: &Authority) -> Result<()> {
        self.authority = Some(authority.file.clone());
        Ok(())
    }

    fn run(&self, job: &Job<'_>, sink: &mut dyn FnMut(&str) -> ControlFlow<()>) -> Result<Ending> {
        let (program, arguments) = self
            .command
            .split_first()
            .context("expected the name of a program to run tests with, found nothing")?;
        let mut file = tempfile::Builder::new()
            .prefix("wpt-")
            .suffix(".js")
            .tempfile()
            .context("cannot make a file for a test")?;
        file.write_all(job.composition.clone().into_single_file().as_bytes())
            .context("cannot write a test to a file")?;
        let mut errors = tempfile::tempfile().context("cannot make a file for a test's errors")?;
        let authority = self.authority.iter();
        let authority = authority.flat_map(|file| AUTHORITY.map(|name| (name, file)));
        let mut process = Command::new(program)
            .args(arguments)
            .arg(file.path())
            .envs(authority)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::from(errors.try_clone()?))
            .spawn()
            .with_context(|| format!("cannot start {program}"))?;

        let ending = follow(&mut process, job.deadline, sink);
        if ending.is_none() {
            // A program's output ends shortly before the program, whose own status is wanted.
            let end = Instant::now() + Duration::from_secs(1);
            while process.try_wait()?.is_none() && Instant::now() < end {
                std::thread::sleep(Duration::from_millis(5));
            }
        }
        // Already ended, or no longer wanted; either way it must not live on.
        let _ = process.kill();
        let status = process.wait()?;
        Ok(match ending {
            Some(ending) => ending,
            None => {
                let mut text = String::new();
                errors.seek(SeekFrom::Start(0))?;
                errors.read_to_string(&mut text)?;
                Ending::Exited(format!("{program} ended with {status}. {}", text.trim()))
            }
        })
    }
}

/// Gives the program's lines to the sink until that breaks, the time is over, or there are no more lines (nothing).
fn follow(
    process: &mut Child,
    deadline: Duration,
    sink: &mut dyn FnMut(&str) -> ControlFlow<()>,
) -> Option<Ending> {
    let output = process.stdout.take()?;
    let (sender, lines) = channel();
    // Reading blocks, so it has a thread, which ends with the program or with the receiver.
    std::thread::spawn(move || {
        let mut reader = BufReader::new(output);
        let mut line = Vec::new();
        while matches!(reader.read_until(b'\n', &mut line), Ok(count) if count > 0) {
            if sender
                .send(String::from_utf8_lossy(&line).into_owned())
                .is_err()
            {
                break;
            }
            line.clear();
        }
    });
    let end = Instant::now() + deadline;
    loop {
        match lines.recv_timeout(end.saturating_duration_since(Instant::now())) {
            Ok(line) => {
                if sink(&line).is_break() {
                    return Some(Ending::Stopped);
                }
            }
            Err(RecvTimeoutError::Timeout) => return Some(Ending::Deadline),
            Err(RecvTimeoutError::Disconnected) => return None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Composition;

    fn run(command: &str, deadline: Duration, wanted: &str) -> (Ending, Vec<String>) {
        run_with(&ProgramEngine::new(command), deadline, wanted)
    }

    fn run_with(engine: &ProgramEngine, deadline: Duration, wanted: &str) -> (Ending, Vec<String>) {
        let composition = Composition {
            scripts: Vec::new(),
            base_url: String::new(),
        };
        let mut lines = Vec::new();
        let ending = engine
            .run(
                &Job {
                    composition: &composition,
                    deadline,
                },
                &mut |line| {
                    lines.push(line.trim_end().to_owned());
                    if line.contains(wanted) {
                        ControlFlow::Break(())
                    } else {
                        ControlFlow::Continue(())
                    }
                },
            )
            .unwrap();
        (ending, lines)
    }

    #[test]
    fn a_program_that_ends_a_sink_that_breaks_and_one_that_hangs() {
        let (ending, lines) = run("echo hello", Duration::from_secs(20), "nothing");
        assert!(
            matches!(&ending, Ending::Exited(text) if text.contains("exit status: 0")),
            "{ending:?}"
        );
        assert!(lines[0].starts_with("hello "));
        // `yes` never ends by itself.
        assert_eq!(
            run("yes", Duration::from_secs(20), "wpt-").0,
            Ending::Stopped
        );
        assert_eq!(
            run("tail -f", Duration::from_millis(50), "nothing").0,
            Ending::Deadline
        );
    }

    #[test]
    fn programs_are_told_whom_to_trust() {
        let mut engine = ProgramEngine::new("sh -c env");
        let authority = Authority {
            certificate: Vec::new(),
            file: PathBuf::from("/authority.pem"),
        };
        engine.trust(&authority).unwrap();
        let (_, lines) = run_with(&engine, Duration::from_secs(20), "nothing");
        for name in AUTHORITY {
            let told = format!("{name}=/authority.pem");
            assert!(lines.contains(&told), "{told} is not in {lines:?}");
        }
    }
}
