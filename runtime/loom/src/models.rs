//! One test for each promise of a protocol. A lost wake-up shows as a deadlock, which loom reports.

use std::future::poll_fn;
use std::task::Poll;

use loom::future::block_on;
use loom::sync::Arc;
use loom::sync::atomic::{
    AtomicBool, AtomicUsize,
    Ordering::{Acquire, Release, SeqCst},
};
use loom::thread;

use crate::bell::{Bell, Caller, Signal};
use crate::handover::HandOver;
use crate::mail::Mail;
use crate::stop::Stop;
use crate::sync::Thread;
use crate::turn_clock::{Doze, TurnClock};

/// Every interleaving with so many preemptions: more find nothing else in such small models, and take for ever.
fn model(run: impl Fn() + Send + Sync + 'static) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = Some(5);
    builder.check(run);
}

impl Signal for HandOver<usize> {
    fn signal(&self) {
        HandOver::signal(self);
    }
}

/// Drives as the owner does, until there is a signal.
fn visit(io: &HandOver<usize>) -> Vec<usize> {
    io.begin_visit();
    let taken = io.take();
    block_on(poll_fn(|context| io.poll_signal(context)));
    io.end_visit();
    taken
}

/// Attends as the attendant does. Returns what it took, and how often it has ended the owner's I/O.
fn attend(io: &HandOver<usize>) -> (Vec<usize>, usize) {
    let (mut taken, mut ends) = (Vec::new(), 0);
    loop {
        block_on(poll_fn(|context| {
            taken.extend(io.take());
            io.poll_relief(context)
        }));
        let ended = io.is_retired();
        if ended {
            block_on(poll_fn(|context| io.poll_empty(context)));
            taken.extend(io.take());
            ends += 1;
        }
        if io.end_attending(ended) {
            return (taken, ends);
        }
    }
}

#[test]
fn a_signal_ends_the_visit_that_it_comes_to() {
    model(|| {
        let io = Arc::new(HandOver::<usize>::new());
        let work = Arc::new(AtomicUsize::new(0));
        let (its_io, its_work) = (io.clone(), work.clone());
        let other = thread::spawn(move || {
            for _ in 0..2 {
                its_work.fetch_add(1, SeqCst);
                its_io.signal();
            }
        });
        while work.load(SeqCst) < 2 {
            visit(&io);
        }
        other.join().expect("no panic");
    });
}

#[test]
fn an_attendant_goes_when_the_owner_is_back() {
    model(|| {
        let io = Arc::new(HandOver::<usize>::new());
        let its = io.clone();
        let attendant = thread::spawn(move || {
            if its.begin_attending() {
                assert_eq!(attend(&its).1, 0);
            }
        });
        io.begin_visit();
        // Else this waits for ever.
        attendant.join().expect("no panic");
        io.end_visit();
        assert!(io.begin_attending(), "nobody attends any more");
    });
}

#[test]
fn what_is_put_in_is_taken_once_by_whoever_drives() {
    model(|| {
        let io = Arc::new(HandOver::<usize>::new());
        let its = io.clone();
        let attendant = thread::spawn(move || {
            assert!(its.begin_attending());
            attend(&its).0
        });
        let mut taken = Vec::new();
        for delivery in 0..2 {
            if io.put(delivery) {
                taken.extend(io.take());
            }
        }
        io.begin_visit();
        taken.extend(io.take());
        taken.extend(attendant.join().expect("no panic"));
        taken.sort_unstable();
        assert_eq!(taken, [0, 1]);
    });
}

#[test]
fn what_is_put_in_while_somebody_attends_does_not_wait_for_the_owner() {
    model(|| {
        let io = Arc::new(HandOver::<usize>::new());
        let taken = Arc::new(AtomicUsize::new(0));
        let (its, its_taken) = (io.clone(), taken.clone());
        let attendant = thread::spawn(move || {
            assert!(its.begin_attending());
            block_on(poll_fn(|context| {
                its_taken.fetch_add(its.take().len(), SeqCst);
                its.poll_relief(context)
            }));
        });
        // The owner stays away until what it has put in is taken: a deadlock, if that needs the owner.
        if io.put(1) {
            taken.fetch_add(io.take().len(), SeqCst);
        }
        while taken.load(SeqCst) == 0 {
            thread::yield_now();
        }
        io.begin_visit();
        attendant.join().expect("no panic");
    });
}

#[test]
fn the_io_of_an_owner_that_ended_is_ended() {
    model(|| {
        let io = Arc::new(HandOver::<usize>::new());
        let its = io.clone();
        // Attends because the owner was away, which comes back, and ends.
        let attendant = thread::spawn(move || match its.begin_attending() {
            true => attend(&its).1,
            false => 0,
        });
        io.begin_visit();
        io.end_visit();
        io.retire();
        let mut ends = 0;
        if io.begin_attending() {
            ends += attend(&io).1;
        }
        ends += attendant.join().expect("no panic");
        assert!(ends > 0, "nobody saw that it ended");
        assert!(io.put(1), "what comes later is delivered at once");
    });
}

#[test]
fn guests_that_were_let_in_are_waited_for() {
    model(|| {
        let io = Arc::new(HandOver::<usize>::new());
        let gone = Arc::new(AtomicBool::new(false));
        let (its, its_gone) = (io.clone(), gone.clone());
        let guest = thread::spawn(move || {
            let is_in = its.admit_guest();
            if is_in {
                its_gone.store(true, SeqCst);
                its.dismiss_guest();
            }
            is_in
        });
        io.retire();
        assert!(io.begin_attending());
        assert_eq!(attend(&io).1, 1);
        let left = gone.load(SeqCst);
        let was_in = guest.join().expect("no panic");
        assert!(left || !was_in, "a guest was cut off");
    });
}

/// A thread with so many that it looks after, of which each has mail.
struct Carrier {
    bell: Bell<HandOver<usize>>,
    crew: Vec<(Caller, Mail<usize>)>,
}

impl Carrier {
    fn new(crew: u64) -> Arc<Self> {
        let crew = (0..crew).map(|number| (Caller::new(number), Mail::new()));
        let (bell, crew) = (Bell::new(), crew.collect());
        Arc::new(Self { bell, crew })
    }

    /// Puts something in for one of them.
    fn post(&self, number: usize, item: usize) {
        let (caller, mail) = &self.crew[number];
        assert!(mail.put(item));
        self.bell.ring(caller);
    }

    /// Looks after those who have called. Returns what they had in their mail.
    fn round(&self) -> Vec<(u64, usize)> {
        let (mut calls, mut batch, mut seen) = (Vec::new(), Vec::new(), Vec::new());
        self.bell.take(&mut calls);
        for number in calls {
            let (caller, mail) = &self.crew[number as usize];
            caller.answer();
            mail.take(&mut batch);
            seen.extend(batch.drain(..).map(|item| (number, item)));
        }
        seen
    }

    /// Is the carrier's thread until so many have come. Returns them.
    fn rounds_of(&self, count: usize) -> Vec<(u64, usize)> {
        let this = Thread::new();
        self.bell.bind(this.clone());
        let mut seen = self.round();
        while seen.len() < count {
            this.park();
            seen.extend(self.round());
        }
        seen
    }
}

#[test]
fn a_thread_sees_what_it_was_woken_for() {
    model(|| {
        let carrier = Carrier::new(1);
        let its = carrier.clone();
        let sender = thread::spawn(move || {
            its.post(0, 1);
            its.post(0, 2);
        });
        let seen = carrier.rounds_of(2);
        assert_eq!(seen, [(0, 1), (0, 2)]);
        sender.join().expect("no panic");
    });
}

#[test]
fn two_who_call_for_the_same_one_are_both_seen() {
    model(|| {
        let carrier = Carrier::new(1);
        let senders = [1, 2].map(|item| {
            let its = carrier.clone();
            thread::spawn(move || its.post(0, item))
        });
        carrier.rounds_of(2);
        for sender in senders {
            sender.join().expect("no panic");
        }
    });
}

#[test]
fn no_call_of_one_is_lost_beside_another_s() {
    model(|| {
        let carrier = Carrier::new(2);
        let senders = [0, 1].map(|number| {
            let its = carrier.clone();
            thread::spawn(move || its.post(number, 7))
        });
        let mut seen = carrier.rounds_of(2);
        seen.sort_unstable();
        assert_eq!(seen, [(0, 7), (1, 7)]);
        for sender in senders {
            sender.join().expect("no panic");
        }
    });
}

#[test]
fn a_thread_sees_what_it_was_woken_for_beside_mail() {
    model(|| {
        let carrier = Carrier::new(1);
        let over = Arc::new(AtomicBool::new(false));
        let (its, its_over) = (carrier.clone(), over.clone());
        let sender = thread::spawn(move || {
            its_over.store(true, Release);
            its.bell.ring(&its.crew[0].0);
        });
        let this = Thread::new();
        carrier.bell.bind(this.clone());
        carrier.round();
        while !over.load(Acquire) {
            this.park();
            carrier.round();
        }
        sender.join().expect("no panic");
    });
}

#[test]
fn no_wake_up_is_lost_while_a_thread_gets_its_io() {
    model(|| {
        let carrier = Carrier::new(1);
        let this = Thread::new();
        carrier.bell.bind(this.clone());
        let (sends, asks) = (carrier.clone(), carrier.clone());
        let sender = thread::spawn(move || sends.post(0, 1));
        let asker = thread::spawn(move || {
            asks.bell.sleep_on(|| Some(Arc::new(HandOver::new())));
        });
        while carrier.round().is_empty() {
            match carrier.bell.signal() {
                Some(io) => drop(visit(io)),
                None => this.park(),
            }
        }
        sender.join().expect("no panic");
        asker.join().expect("no panic");
    });
}

#[test]
fn mail_is_taken_refused_or_handed_back() {
    model(|| {
        let mail = Arc::new(Mail::<u8>::new());
        let its = mail.clone();
        let sender = thread::spawn(move || usize::from(its.put(1)));
        let mut batch = Vec::new();
        mail.take(&mut batch);
        let handed_back = mail.close();
        let accepted = sender.join().expect("no panic");
        assert_eq!(batch.len() + handed_back.len(), accepted);
        assert!(!mail.put(2) && mail.is_empty());
    });
}

#[test]
fn whoever_waits_for_a_stop_is_told() {
    model(|| {
        let stop = Stop::default();
        let its = stop.clone();
        let waiting = thread::spawn(move || block_on(its.stopped()));
        let given_up = stop.clone();
        let quitter = thread::spawn(move || {
            let mut stopped = given_up.stopped();
            block_on(poll_fn(|context| {
                let _ = std::pin::Pin::new(&mut stopped).poll(context);
                Poll::Ready(())
            }));
        });
        stop.set();
        waiting.join().expect("no panic");
        quitter.join().expect("no panic");
        assert!(stop.is_set());
    });
}

#[test]
fn a_turn_is_ended_while_it_runs_or_not_at_all() {
    model(|| {
        let clock = Arc::new(TurnClock::default());
        let ending = Arc::new(AtomicUsize::new(0));
        let (its, its_ending) = (clock.clone(), ending.clone());
        let watchdog = thread::spawn(move || {
            if let Some(turn) = its.look() {
                its.fire(turn, || {
                    // As long as this takes.
                    its_ending.fetch_add(1, SeqCst);
                    its_ending.fetch_add(1, SeqCst);
                });
            }
        });
        for _ in 0..2 {
            clock.begin();
            // Its task: without a yield, loom lets nothing come between.
            thread::yield_now();
            if clock.resume() {
                assert_eq!(ending.swap(0, SeqCst), 2, "it resumes while it is ended");
            }
            let was_ended = clock.end();
            let now = ending.load(SeqCst);
            assert_eq!(was_ended, now > 0, "it knows that it was ended");
            assert!(now == 0 || now == 2, "it is ended after its end");
            ending.store(0, SeqCst);
        }
        watchdog.join().expect("no panic");
        assert_eq!(ending.load(SeqCst), 0);
        assert_eq!(clock.look(), None);
    });
}

#[test]
fn a_turn_does_not_begin_unnoticed() {
    model(|| {
        let (clock, doze) = (Arc::new(TurnClock::default()), Arc::new(Doze::default()));
        let (its_clock, its_doze) = (clock.clone(), doze.clone());
        let parked = Thread::new();
        let its_own = parked.clone();
        let watchdog = thread::spawn(move || {
            its_doze.begin();
            if its_clock.look().is_some() {
                its_doze.end();
            }
            while its_doze.is_on() {
                its_own.park();
            }
        });
        clock.begin();
        if doze.notice() {
            parked.unpark();
        }
        // The turn goes on until the watchdog is awake: a deadlock, if it is not.
        watchdog.join().expect("no panic");
        clock.end();
    });
}
