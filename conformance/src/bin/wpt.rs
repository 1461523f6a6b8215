//! `cargo wpt`: the Web Platform Tests, by name.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use clap::{Args, Parser, Subcommand};
use conformance::{
    Coverage, Delta, Digests, Expectations, HARNESS, Interfaces, Outcome, Progress, Session,
    Verdict, html, markdown, observed_failures,
};
use jiff::Timestamp;
use serde::Serialize;
use wpt::{Engine, Ports, ProgramEngine, Results, Test, compose};

/// Runs the Web Platform Tests and keeps the expectations in conformance/expectations.
#[derive(Parser)]
#[command(bin_name = "cargo wpt")]
struct Arguments {
    #[command(subcommand)]
    command: Verb,
}

#[derive(Subcommand)]
enum Verb {
    /// Run tests and compare with the expectations
    Run {
        #[command(flatten)]
        selection: Selection,
        /// Write all results to this file
        #[arg(long, value_name = "FILE")]
        json: Option<PathBuf>,
        /// Write report.json, report.md and report.html into this folder
        #[arg(long, value_name = "FOLDER")]
        report: Option<PathBuf>,
        /// Run another program as well, and show the numbers beside each other: node, deno, bun or a command
        #[arg(long, value_name = "PROGRAM")]
        compare: Option<String>,
        /// Show every subtest, not only unexpected ones
        #[arg(long, short)]
        verbose: bool,
    },
    /// Run tests and write what does not pass into the expectations
    Update {
        #[command(flatten)]
        selection: Selection,
    },
    /// List tests, and why some are not run
    List {
        /// Only tests with this in their names
        filter: Option<String>,
    },
    /// Write a test with its harness as a single file to standard output
    Compose {
        /// The test's name, with its variant
        test: String,
    },
    /// Check the tests out into wpt/checkout
    Fetch,
}

#[derive(Args)]
struct Selection {
    /// Only tests with this in their names
    filter: Option<String>,
    /// Run with another program, to compare: "node", "deno run -A", "nano run"
    #[arg(long, value_name = "COMMAND")]
    with: Option<String>,
    /// How many tests to run at a time
    #[arg(long, short)]
    jobs: Option<usize>,
}

fn main() -> ExitCode {
    match run(Arguments::parse()) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Returns whether all is as expected.
fn run(arguments: Arguments) -> Result<bool> {
    match arguments.command {
        Verb::Run {
            selection,
            json,
            report,
            compare,
            verbose,
        } => {
            let outputs = Outputs {
                json,
                report,
                compare,
                verbose,
            };
            run_tests(&selection, &outputs)
        }
        Verb::Update { selection } => update(&selection),
        Verb::List { filter } => list(filter.as_deref()),
        Verb::Compose { test } => compose_test(&test),
        Verb::Fetch => conformance::fetch().map(|()| true),
    }
}

/// A test and what became of it, in the file of `--json`.
#[derive(Serialize)]
struct Record<'a> {
    results: &'a Results,
    as_expected: bool,
}

/// The file of `--json`.
#[derive(Serialize)]
struct Report<'a> {
    wpt_commit: &'static str,
    coverage: Coverage,
    delta: Delta,
    interfaces: Interfaces,
    tests: BTreeMap<String, Record<'a>>,
}

/// What a run is to show and to write.
struct Outputs {
    json: Option<PathBuf>,
    report: Option<PathBuf>,
    compare: Option<String>,
    verbose: bool,
}

fn run_tests(selection: &Selection, outputs: &Outputs) -> Result<bool> {
    let session = Session::new(engine(selection.with.as_deref())?)?;
    let outcomes = run_selected(&session, selection)?;
    session.stop();
    let mut differing = 0;
    for (test, outcome) in &outcomes {
        let Outcome::Ran(results, verdict) = outcome else {
            continue;
        };
        if outputs.verbose {
            println!(
                "{test}: {}{}",
                results.status,
                results
                    .message
                    .as_deref()
                    .map(|message| format!(": {message}"))
                    .unwrap_or_default()
            );
            for subtest in &results.subtests {
                println!("    {} {}", subtest.status, subtest.name);
                if let Some(message) = &subtest.message {
                    println!("        {}", message.replace('\n', "\n        "));
                }
            }
        }
        let (differences, changed) = match verdict {
            Verdict::AsExpected => continue,
            Verdict::Differs(differences) => (differences, ""),
            Verdict::Changed(differences) => (
                differences,
                " (changed since its results were recorded, so it counts for nothing)",
            ),
        };
        differing += usize::from(changed.is_empty());
        print!(
            "{test}{changed}\n    {}\n",
            differences.trim_end().replace('\n', "\n    ")
        );
    }
    print!("\n{}\n{}\n", session.coverage(), session.delta());
    if differing > 0 {
        println!(
            "\n{differing} of {} tests differ from what is expected",
            outcomes.len()
        );
    }
    write_reports(&session, &outcomes, outputs)?;
    if let Some(name) = &outputs.compare {
        let peer = Session::new(Box::new(ProgramEngine::new(peer_command(name))))?;
        run_selected(&peer, selection)?;
        peer.stop();
        print!("\n{}", session.coverage().beside(&peer.coverage(), name));
    }
    Ok(differing == 0)
}

/// How another runtime runs a file.
fn peer_command(name: &str) -> &str {
    match name {
        "deno" => "deno run --quiet --allow-all",
        other => other,
    }
}

fn write_reports(
    session: &Session,
    outcomes: &[(&Test, Outcome)],
    outputs: &Outputs,
) -> Result<()> {
    if outputs.json.is_none() && outputs.report.is_none() {
        return Ok(());
    }
    let (mut tests, mut interfaces) = (BTreeMap::new(), Interfaces::default());
    for (test, outcome) in outcomes {
        if let Outcome::Ran(results, verdict) = outcome {
            interfaces.add(test, results);
            let as_expected = *verdict == Verdict::AsExpected;
            tests.insert(
                test.to_string(),
                Record {
                    results,
                    as_expected,
                },
            );
        }
    }
    let report = Report {
        wpt_commit: wpt::PINNED_COMMIT,
        coverage: session.coverage(),
        delta: session.delta(),
        interfaces,
        tests,
    };
    let write = |path: &Path, text: String| {
        std::fs::write(path, text).with_context(|| format!("cannot write {}", path.display()))
    };
    let json = serde_json::to_string_pretty(&report)?;
    if let Some(folder) = &outputs.report {
        std::fs::create_dir_all(folder)
            .with_context(|| format!("cannot make the folder {}", folder.display()))?;
        let (coverage, interfaces) = (&report.coverage, &report.interfaces);
        write(&folder.join("report.md"), markdown(coverage, interfaces))?;
        write(&folder.join("report.html"), html(coverage, interfaces))?;
        write(&folder.join("report.json"), json.clone())?;
    }
    match &outputs.json {
        Some(path) => write(path, json),
        None => Ok(()),
    }
}

fn update(selection: &Selection) -> Result<bool> {
    let session = Session::new(engine(selection.with.as_deref())?)?;
    let outcomes = run_selected(&session, selection)?;
    let mut expectations = session.expectations().clone();
    for (test, outcome) in &outcomes {
        let Outcome::Ran(results, _) = outcome else {
            continue;
        };
        let mut failures = observed_failures(results);
        // A reason that a person wrote is better than the message of the assertion.
        for (name, reason) in &mut failures {
            if let Some(known) = session
                .expected_failures(test)
                .and_then(|known| known.get(name))
            {
                reason.clone_from(known);
            }
        }
        if failures.contains_key(HARNESS) && results.subtests.is_empty() {
            println!(
                "{test} gives no results; where it hangs, write a skip with the reason instead"
            );
        }
        expectations.set_failures(test, failures);
    }
    for name in session.expectations().stale(session.tests()) {
        println!("removed {name}, which names no test");
        expectations.remove(name);
    }
    expectations.save(&Expectations::folder())?;
    let digests = session.digests_with(outcomes.iter().map(|(test, _)| *test))?;
    digests.save(&Digests::file())?;
    print!("\n{}\n{}\n", session.coverage(), session.delta());
    let is_all = selection.filter.is_none() && selection.with.is_none();
    let today = Timestamp::now().strftime("%F").to_string();
    if is_all && Progress::new(today, &session.coverage()).append(&Progress::file())? {
        println!("the history has a line more");
    }
    Ok(true)
}

fn list(filter: Option<&str>) -> Result<bool> {
    let session = Session::new(engine(None)?)?;
    let mut output = std::io::stdout().lock();
    for test in selected(&session, filter)? {
        let written = match session.excluded(test) {
            Some(Outcome::Omitted(reason)) => writeln!(output, "{test}  (omitted: {reason})"),
            Some(Outcome::Skipped(reason)) => writeln!(output, "{test}  (skipped: {reason})"),
            _ => writeln!(output, "{test}"),
        };
        // The reader of a pipe may have seen enough.
        if written.is_err() {
            break;
        }
    }
    Ok(true)
}

fn compose_test(name: &str) -> Result<bool> {
    let tree = conformance::tree()?;
    let path = name.split('?').next().unwrap_or(name);
    let tests = wpt::list(&tree, &[path])?;
    let Some(test) = tests.iter().find(|test| test.to_string() == name) else {
        let variants: Vec<String> = tests.iter().map(ToString::to_string).collect();
        bail!("found no test {name}; there are: {}", variants.join(", "));
    };
    let ports = Ports {
        http: 8000,
        http_second: 8001,
        https: 8443,
        ws: 8666,
    };
    let file = compose(&tree, test, &ports)?.into_single_file();
    std::io::stdout()
        .write_all(file.as_bytes())
        .context("cannot write to standard output")?;
    Ok(true)
}

/// The engine of a run.
fn engine(with: Option<&str>) -> Result<Box<dyn Engine>> {
    match with {
        Some(command) => Ok(Box::new(ProgramEngine::new(command))),
        None => conformance::engine(),
    }
}

/// The tests with `filter` in their names.
fn selected<'a>(session: &'a Session, filter: Option<&str>) -> Result<Vec<&'a Test>> {
    let filter = filter.unwrap_or_default();
    let tests: Vec<&Test> = session
        .tests()
        .iter()
        .filter(|test| test.to_string().contains(filter))
        .collect();
    if tests.is_empty() {
        bail!("no test of the suites has \"{filter}\" in its name; see `cargo wpt list`");
    }
    Ok(tests)
}

/// Runs the selected tests on several threads; returns them in order.
fn run_selected<'a>(
    session: &'a Session,
    selection: &Selection,
) -> Result<Vec<(&'a Test, Outcome)>> {
    let tests = selected(session, selection.filter.as_deref())?;
    let threads = match selection.jobs {
        Some(jobs) => jobs.max(1),
        None => std::thread::available_parallelism().map_or(1, std::num::NonZero::get),
    };
    session.announce(tests.iter().copied())?;
    let start = Instant::now();
    let next = AtomicUsize::new(0);
    let work = || -> Result<Vec<(usize, Outcome)>> {
        let mut done = Vec::new();
        loop {
            let index = next.fetch_add(1, Ordering::Relaxed);
            let Some(test) = tests.get(index) else {
                return Ok(done);
            };
            let began = Instant::now();
            let outcome = session.run(test)?;
            if began.elapsed() > Duration::from_secs(5) {
                eprintln!("{test} took {:.1} s", began.elapsed().as_secs_f64());
            }
            done.push((index, outcome));
        }
    };
    let mut outcomes: Vec<(usize, Outcome)> = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        let mut outcomes = Vec::new();
        for worker in workers {
            let done = worker
                .join()
                .map_err(|_| anyhow::anyhow!("a thread that ran tests panicked"))?;
            outcomes.extend(done?);
        }
        anyhow::Ok(outcomes)
    })?;
    outcomes.sort_by_key(|(index, _)| *index);
    eprintln!(
        "{} tests in {:.1} s",
        outcomes.len(),
        start.elapsed().as_secs_f64()
    );
    Ok(outcomes
        .into_iter()
        .map(|(index, outcome)| (tests[index], outcome))
        .collect())
}
