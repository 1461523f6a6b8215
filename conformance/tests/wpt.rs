//! Every test of the suites as a test of this crate: `cargo test -p conformance --test wpt [filter]`.

use std::process::ExitCode;
use std::sync::Arc;

use conformance::{Outcome, Session, Verdict};
use libtest_mimic::{Arguments, Completion, Failed, Trial};

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    let session = match conformance::engine().and_then(Session::new) {
        Ok(session) => Arc::new(session),
        Err(error) => {
            eprintln!("error: {error:#}");
            return ExitCode::FAILURE;
        }
    };
    let mut trials: Vec<Trial> = (0..session.tests().len())
        .map(|index| {
            let session = Arc::clone(&session);
            let name = session.tests()[index].to_string();
            Trial::ignorable_test(name, move || run(&session, index))
        })
        .collect();
    let of_names = Arc::clone(&session);
    trials.push(Trial::test(
        "expectations name tests that exist",
        move || {
            let stale = of_names.expectations().stale(of_names.tests());
            // Another revision of WPT may have others.
            if stale.is_empty() || !of_names.is_recorded()? {
                Ok(())
            } else {
                Err(format!(
                    "no such tests, `cargo wpt update` removes them: {}",
                    stale.join(", ")
                )
                .into())
            }
        },
    ));
    if arguments.filter.is_none() && !arguments.list {
        // Otherwise the first test that needs it starts the server.
        if let Err(error) = session.announce(session.tests()) {
            eprintln!("error: {error:#}");
            return ExitCode::FAILURE;
        }
    }
    let conclusion = libtest_mimic::run(&arguments, trials);
    session.stop();
    if !arguments.list {
        println!("{}\n{}", session.coverage(), session.delta());
    }
    conclusion.exit_code()
}

fn run(session: &Session, index: usize) -> Result<Completion, Failed> {
    match session.run(&session.tests()[index])? {
        Outcome::Omitted(reason) => Ok(Completion::ignored_with(format!("omitted: {reason}"))),
        Outcome::Skipped(reason) => Ok(Completion::ignored_with(format!("skipped: {reason}"))),
        Outcome::Ran(_, Verdict::AsExpected) => Ok(Completion::Completed),
        Outcome::Ran(_, Verdict::Differs(differences)) => Err(differences.into()),
        Outcome::Ran(_, Verdict::Changed(_)) => Ok(Completion::ignored_with(
            "changed since its results were recorded, and differs: `cargo wpt run` says how, `cargo wpt update` takes it over",
        )),
    }
}
