//! Running tests.

use std::ops::ControlFlow;
use std::sync::Mutex;
use std::time::Duration;

use anyhow::Result;

use crate::{Certificates, Ending, Engine, Job, Ports, Results, Server, Test, Tree, compose};

/// Runs tests with one engine; starts the server with the first test that needs it. Shared by threads.
#[derive(Debug)]
pub struct Runner {
    tree: Tree,
    engine: Box<dyn Engine>,
    ports: Ports,
    certificates: Certificates,
    server: Mutex<Option<Server>>,
}

impl Runner {
    /// A runner of the tests of a tree.
    ///
    /// # Errors
    /// Where there are no free ports or no certificates for the server.
    pub fn new(tree: Tree, mut engine: Box<dyn Engine>) -> Result<Self> {
        let certificates = Certificates::make()?;
        engine.trust(&certificates.authority)?;
        Ok(Self {
            tree,
            engine,
            ports: Ports::free()?,
            certificates,
            server: Mutex::new(None),
        })
    }

    /// The tree of the tests.
    #[must_use]
    pub fn tree(&self) -> &Tree {
        &self.tree
    }

    /// Runs a test.
    ///
    /// # Errors
    /// Where the test cannot be composed, or the server or the engine does not start. What the test does is no error.
    pub fn run(&self, test: &Test) -> Result<Results> {
        if test.needs_server {
            self.start_server()?;
            if let Some(server) = self.lock_server().as_mut() {
                server.wait_until_ready()?;
            }
        }
        let composition = compose(&self.tree, test, &self.ports)?;
        let job = Job {
            composition: &composition,
            deadline: deadline(test),
        };
        let mut results = None;
        let ending = self.engine.run(&job, &mut |line| {
            results = Results::from_console(line);
            if results.is_some() {
                ControlFlow::Break(())
            } else {
                ControlFlow::Continue(())
            }
        })?;
        Ok(results.unwrap_or_else(|| match ending {
            Ending::Deadline => {
                Results::none(format!("did not end within {} s", job.deadline.as_secs()))
            }
            Ending::Stopped => Results::none("was stopped without results"),
            Ending::Exited(text) => Results::none(format!("ended without results. {text}")),
        }))
    }

    /// Ends the server, if it was started. For programs that end without dropping the runner.
    pub fn stop_server(&self) {
        drop(self.lock_server().take());
    }

    /// Starts the server, unless it runs, and does not wait for it: it takes seconds, which other tests can use.
    ///
    /// # Errors
    /// See [`Server::start`].
    pub fn start_server(&self) -> Result<()> {
        let mut server = self.lock_server();
        if server.is_none() {
            *server = Some(Server::start(&self.tree, &self.ports, &self.certificates)?);
        }
        Ok(())
    }

    fn lock_server(&self) -> std::sync::MutexGuard<'_, Option<Server>> {
        // A panic while the lock was held left either no server or a whole one.
        self.server
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

/// How long the harness waits before it ends a test: testharness.js's own times.
pub(crate) fn harness_timeout(test: &Test) -> Duration {
    Duration::from_secs(if test.meta.long_timeout { 60 } else { 10 })
}

/// How long a test may take before it is ended by force: time for the harness to end it first and report.
#[must_use]
pub fn deadline(test: &Test) -> Duration {
    harness_timeout(test) + Duration::from_secs(5)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{HarnessStatus, Meta};

    /// An engine that writes these lines and then ends.
    #[derive(Debug)]
    struct Writes(&'static [&'static str], Ending);

    impl Engine for Writes {
        fn trust(&mut self, _: &crate::Authority) -> Result<()> {
            Ok(())
        }

        fn run(
            &self,
            _: &Job<'_>,
            sink: &mut dyn FnMut(&str) -> ControlFlow<()>,
        ) -> Result<Ending> {
            for line in self.0 {
                if sink(line).is_break() {
                    return Ok(Ending::Stopped);
                }
            }
            Ok(self.1.clone())
        }
    }

    fn run(engine: Writes) -> Results {
        let folder = tempfile::tempdir().unwrap();
        for path in ["resources/testharness.js", "url/a.any.js"] {
            let path = folder.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, "").unwrap();
        }
        let tree = Tree::at(folder.path().to_owned()).unwrap();
        let test = Test {
            path: "url/a.any.js".to_owned(),
            variant: String::new(),
            meta: Meta::default(),
            inapplicable: None,
            needs_server: false,
        };
        Runner::new(tree, Box::new(engine))
            .unwrap()
            .run(&test)
            .unwrap()
    }

    #[test]
    fn takes_the_report_or_says_why_there_is_none() {
        let results = run(Writes(
            &[
                "noise",
                r##"#WPT-RESULTS#{"status":0,"message":null,"subtests":[["a",0,null]]}"##,
            ],
            Ending::Exited(String::new()),
        ));
        assert_eq!((results.status, results.passed()), (HarnessStatus::Ok, 1));

        let results = run(Writes(&["noise"], Ending::Exited("SyntaxError".to_owned())));
        assert_eq!(results.status, HarnessStatus::NoResult);
        assert!(results.message.unwrap().contains("SyntaxError"));

        assert!(
            run(Writes(&[], Ending::Deadline))
                .message
                .unwrap()
                .contains("15 s")
        );
    }
}
