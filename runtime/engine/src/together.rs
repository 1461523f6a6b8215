//! Several isolates on one thread, entered in turn.
//!
//! Isolates have threads of their own yet. That they need not is what this is for: nothing of an isolate may depend on its thread.

use std::time::Duration;

use crate::isolate::{self, Isolate, IsolateOptions};
use crate::limits::Exit;
use crate::mailbox::{Handle, Task, Until};
use crate::thread::{Loop, Next, finish, in_context, or_panicked};
use crate::watchdog;

/// The longest sleep: what an isolate waits for may wake another one only.
const NAP: Duration = Duration::from_millis(1);

/// Makes isolates on this thread, and runs a pass of each in turn until nothing is pending in any: their first turns are the tasks.
pub fn run_together(isolates: Vec<(IsolateOptions, Task)>) -> Vec<Exit> {
    let mut running: Vec<_> = isolates.into_iter().map(Resident::new).collect();
    while running.iter().any(|resident| resident.exit.is_none()) {
        let passes: Vec<bool> = running.iter_mut().map(Resident::pass).collect();
        if !passes.contains(&true) {
            std::thread::park_timeout(NAP);
        }
    }
    running
        .into_iter()
        .filter_map(|resident| resident.exit)
        .collect()
}

struct Resident {
    handle: Handle,
    /// `None` when it has ended.
    isolate: Option<Isolate>,
    /// Ends when this is dropped.
    watch: Option<watchdog::Watch>,
    exit: Option<Exit>,
}

impl Resident {
    fn new((options, main): (IsolateOptions, Task)) -> Resident {
        let handle = Handle::new(
            isolate::account(&options.limits),
            options.limits.cpu_per_turn,
        );
        handle.drain(Until::Idle);
        handle.0.bind_thread(std::thread::current());
        let mut resident = Resident {
            handle,
            isolate: None,
            watch: None,
            exit: None,
        };
        resident.exit = resident.begin(options, main).err();
        resident
    }

    /// Makes the isolate and runs its first turns.
    fn begin(&mut self, mut options: IsolateOptions, main: Task) -> Result<(), Exit> {
        let (budget, purpose) = (options.limits.cpu_per_turn, options.purpose());
        let mut isolate = Isolate::new(&self.handle, options)?;
        self.watch = watchdog::watch(&self.handle.0, budget)?;
        in_context(&mut isolate, |scope, state| {
            Loop::new(state).begin(scope, purpose, main);
        });
        isolate.exit();
        self.isolate = Some(isolate);
        Ok(())
    }

    /// Returns whether there is more to do at once.
    fn pass(&mut self) -> bool {
        let Some(isolate) = &mut self.isolate else {
            return false;
        };
        isolate.enter();
        let next = in_context(isolate, |scope, state| {
            let next = or_panicked(|| Loop::new(state).next(scope));
            if let Next::End(exit) = &next {
                finish(scope, state, exit);
            }
            next
        });
        match next {
            Next::End(exit) => {
                self.handle.0.end();
                // Exits, and is gone.
                self.isolate = None;
                self.exit = Some(exit);
                false
            }
            Next::Again => {
                isolate.exit();
                true
            }
            Next::Sleep(_) => {
                isolate.exit();
                false
            }
        }
    }
}
