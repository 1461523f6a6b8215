//! Instructions per operation on the hot paths, against a baseline that is checked in (`bench/instructions.json`).
//!
//! `cargo bench --workspace --profile dev --bench instructions` counts and compares; `-- --accept` writes the baseline anew.
//! A word after `--` counts only the cases with it in their name.
//!
//! Instructions, not time: callgrind counts the same whatever else the machine is doing. Each case runs in
//! processes of its own, with a warm-up alone and with the operations after it; the difference is what these cost on all threads.
//! What is chosen at random in a process, V8's hash seed, is fixed here, and V8 compiles on the thread that asks for it.
//!
//! The profile is that of the tests, so that the gate needs no second build of everything: V8 is the same optimised library in
//! all profiles, and a change of Rust code shows at `opt-level = 1`, too.

mod cases;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use cases::{CASES, Case};

/// A case may cost so much more than the baseline says.
const TOLERANCE: f64 = 0.03;

/// How often a case is counted before it is said to cost more.
const COUNTS: u32 = 3;

/// How to accept what was counted.
const ACCEPT: &str = "cargo bench --workspace --profile dev --bench instructions -- --accept";

type Baseline = BTreeMap<String, u64>;

fn main() -> ExitCode {
    // `cargo bench` passes `--bench`.
    let arguments: Vec<String> = std::env::args()
        .skip(1)
        .filter(|a| a != "--bench")
        .collect();
    if let [flag, name, rounds] = &arguments[..]
        && flag == "--case"
    {
        let rounds = rounds.parse().expect("a number of rounds");
        cases::run(find(name), rounds);
        return ExitCode::SUCCESS;
    }
    let accept = arguments.iter().any(|a| a == "--accept");
    let wanted = |case: &Case| {
        let words: Vec<_> = arguments.iter().filter(|a| !a.starts_with("--")).collect();
        words.is_empty() || words.iter().any(|word| case.name.contains(word.as_str()))
    };
    let mut baseline = read();
    let cases: Vec<&Case> = CASES.iter().filter(|case| wanted(case)).collect();
    let before = |case: &Case| baseline.get(case.name).copied();
    let is_worse = |case: &Case, now| matches!(judge(before(case), now), Verdict::Worse(_));
    let mut now = count(&cases);
    // What threads do besides, when the machine is busy, only adds: the least of some counts is the case's own.
    for _ in 1..COUNTS {
        let worse: Vec<usize> = (0..cases.len())
            .filter(|&index| is_worse(cases[index], now[index]))
            .collect();
        let again: Vec<&Case> = worse.iter().map(|&index| cases[index]).collect();
        for (index, again) in worse.into_iter().zip(count(&again)) {
            now[index] = now[index].min(again);
        }
    }
    let mut failed = false;
    println!("{:<28} {:>12} {:>12}", "instructions", "baseline", "now");
    for (case, now) in cases.into_iter().zip(now) {
        let before = baseline.insert(case.name.to_owned(), now);
        let verdict = judge(before, now);
        failed |= verdict.is_failure();
        let shown = before.map_or("-".to_owned(), |before| before.to_string());
        println!(
            "{:<28} {shown:>12} {now:>12}  {}",
            case.name,
            verdict.text()
        );
    }
    baseline.retain(|name, _| CASES.iter().any(|case| case.name == name));
    if accept {
        let text = serde_json::to_string_pretty(&baseline).expect("numbers and names");
        std::fs::write(file(), text + "\n").expect("the baseline can be written");
        println!("written: {}", file().display());
        return ExitCode::SUCCESS;
    }
    if failed {
        eprintln!(
            "error: more than {} % over the baseline, or not in it. Find out why; if it is worth it, accept it:\n    {ACCEPT}",
            TOLERANCE * 100.0
        );
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS
}

fn find(name: &str) -> &'static Case {
    CASES
        .iter()
        .find(|case| case.name == name)
        .unwrap_or_else(|| panic!("there is no case \"{name}\""))
}

/// What a count means beside the baseline's.
enum Verdict {
    New,
    Worse(f64),
    Better(f64),
    Same(f64),
}

fn judge(before: Option<u64>, now: u64) -> Verdict {
    let Some(before) = before else {
        return Verdict::New;
    };
    let change = now as f64 / before as f64 - 1.0;
    match change {
        _ if change > TOLERANCE => Verdict::Worse(change),
        _ if change < -TOLERANCE => Verdict::Better(change),
        _ => Verdict::Same(change),
    }
}

impl Verdict {
    fn is_failure(&self) -> bool {
        matches!(self, Verdict::New | Verdict::Worse(_))
    }

    fn text(&self) -> String {
        match self {
            Verdict::New => "NEW: not in the baseline".to_owned(),
            Verdict::Worse(change) => format!("{:+.1} %  WORSE", change * 100.0),
            Verdict::Better(change) => {
                format!(
                    "{:+.1} %  better: accept it, so that it stays",
                    change * 100.0
                )
            }
            Verdict::Same(change) => format!("{:+.1} %", change * 100.0),
        }
    }
}

/// Instructions of one operation of each case. Counts do not depend on what else runs, so that each core has a process.
fn count(cases: &[&Case]) -> Vec<u64> {
    let with = |rounds: fn(&Case) -> u32| {
        let of_one = move |(index, case): (usize, &&Case)| {
            let rounds = rounds(case);
            (0..case.runs).map(move |number| (index, rounds, number))
        };
        cases.iter().enumerate().flat_map(of_one)
    };
    // What takes longest comes first, so that none is left alone at the end.
    let processes: Vec<_> = with(|case| case.rounds).chain(with(|_| 0)).collect();
    let next = AtomicUsize::new(0);
    let least: Mutex<BTreeMap<(usize, u32), u64>> = Mutex::default();
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(|| {
                while let Some(&(index, rounds, number)) =
                    processes.get(next.fetch_add(1, Ordering::Relaxed))
                {
                    let count = run(cases[index], rounds, number);
                    let mut least = least.lock().expect("no run panics with it");
                    let least = least.entry((index, rounds)).or_insert(count);
                    *least = count.min(*least);
                }
            });
        }
    });
    let least = least.into_inner().expect("no run panics with it");
    let of_one = |(index, case): (usize, &&Case)| {
        let all = least[&(index, case.rounds)].saturating_sub(least[&(index, 0)]);
        all / u64::from(case.rounds)
    };
    cases.iter().enumerate().map(of_one).collect()
}

/// Instructions of a process that runs so many operations. Its profile stays in the target folder, for `callgrind_annotate`.
fn run(case: &Case, rounds: u32, number: u32) -> u64 {
    let program = std::env::current_exe().expect("this program has a file");
    let folder = program
        .ancestors()
        .nth(3)
        .expect("target/debug/deps")
        .join("callgrind");
    std::fs::create_dir_all(&folder).expect("a folder in target");
    let name = case.name.replace(' ', "-");
    let profile = folder.join(format!("{name}.{rounds}.{number}"));
    let output = Command::new("valgrind")
        .arg("--tool=callgrind")
        // V8 writes code while it runs.
        .arg("--smc-check=all-non-file")
        // Threads take turns, as they would on cores of their own.
        .arg("--fair-sched=yes")
        .arg(format!("--callgrind-out-file={}", profile.display()))
        .arg(&program)
        .args(["--case", case.name, &rounds.to_string()])
        .output()
        .unwrap_or_else(|error| {
            panic!("cannot run valgrind ({error}): install it, `apt-get install valgrind`")
        });
    let text = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success(),
        "the case \"{}\" failed under valgrind:\n{text}",
        case.name
    );
    let line = text
        .lines()
        .find_map(|line| line.split_once("Collected : "))
        .unwrap_or_else(|| panic!("no count in what callgrind printed:\n{text}"));
    line.1.trim().parse().expect("a number of instructions")
}

fn file() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("instructions.json")
}

fn read() -> Baseline {
    let text = std::fs::read_to_string(file()).unwrap_or_else(|_| "{}".to_owned());
    serde_json::from_str(&text)
        .unwrap_or_else(|error| panic!("{} is no table of numbers: {error}", file().display()))
}
