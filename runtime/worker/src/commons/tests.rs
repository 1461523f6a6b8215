//! Instances without an engine: what they are told is written down.

use std::sync::atomic::AtomicUsize;

use super::LockNotice::{Granted, Stolen, Unavailable};
use super::*;

/// Counts how often it is woken, and keeps what its requests for locks are told.
#[derive(Default)]
struct Mailbox {
    woken: AtomicUsize,
    told: Mutex<Vec<(u64, LockNotice)>>,
    name: &'static str,
}

impl BroadcastListener for Mailbox {
    fn wake(&self) {
        self.woken.fetch_add(1, Ordering::Relaxed);
    }
}

impl LockOwner for Mailbox {
    fn client_id(&self) -> &str {
        self.name
    }

    fn tell(&self, request: u64, notice: LockNotice) {
        self.told.lock().expect("no panic").push((request, notice));
    }
}

/// An instance.
struct Instance {
    agent: Arc<Agent>,
    mailbox: Arc<Mailbox>,
}

/// So many of one app.
fn instances<const COUNT: usize>() -> [Instance; COUNT] {
    let commons = Arc::<Commons>::default();
    std::array::from_fn(|index| Instance {
        agent: commons.agent(),
        mailbox: Arc::new(Mailbox {
            name: ["a", "b", "c"][index],
            ..Mailbox::default()
        }),
    })
}

fn units(name: &str) -> Vec<u16> {
    name.encode_utf16().collect()
}

impl Instance {
    fn listen(&self, name: &str) {
        let charge = Box::new(());
        self.agent
            .listen(&units(name), self.mailbox.clone(), charge);
    }

    fn send(&self, name: &str, text: &str) -> Result<(), TooMuch> {
        let content = Box::new(text.to_owned());
        self.agent
            .broadcast(&units(name), content, text.len(), Box::new(()))
    }

    /// Takes one: its name and text.
    fn take(&self) -> Option<String> {
        let broadcast = self.agent.next_broadcast()?;
        let text = broadcast.content().downcast_ref::<String>();
        let name = String::from_utf16_lossy(&broadcast.name);
        Some(format!("{name} {}", text.expect("a text")))
    }

    fn take_all(&self) -> Vec<String> {
        std::iter::from_fn(|| self.take()).collect()
    }

    fn woken(&self) -> usize {
        self.mailbox.woken.load(Ordering::Relaxed)
    }

    fn waiting(&self) -> (usize, usize) {
        self.agent.commons.lock().broadcasts.waiting()
    }

    fn ask(&self, name: &str, mode: LockMode, acquire: Acquire) -> u64 {
        self.agent.request_lock(LockRequest {
            name: &units(name),
            mode,
            acquire,
            owner: self.mailbox.clone(),
        })
    }

    fn want(&self, name: &str) -> u64 {
        self.ask(name, LockMode::Exclusive, Acquire::WhenFree)
    }

    fn share(&self, name: &str) -> u64 {
        self.ask(name, LockMode::Shared, Acquire::WhenFree)
    }

    /// What it was told since the last time.
    fn told(&self) -> Vec<(u64, LockNotice)> {
        std::mem::take(&mut *self.mailbox.told.lock().expect("no panic"))
    }

    /// Those that are held, and then those that are waited for: name, mode and whose.
    fn locks(&self) -> Vec<String> {
        let shown = |lock: LockInfo| {
            let name = String::from_utf16_lossy(&lock.name);
            let (client, held) = (lock.owner.client_id(), lock.is_held);
            format!("{name} {:?} {client} {held}", lock.mode)
        };
        self.agent.locks().into_iter().map(shown).collect()
    }
}

const NONE: [String; 0] = [];

#[test]
fn messages_reach_others_that_listen_in_order() {
    let [a, b, c] = instances();
    a.listen("x");
    b.listen("x");
    b.listen("y");
    // Once is enough.
    b.listen("x");
    assert_eq!(
        (a.agent.heard_by(&units("x")), c.agent.heard_by(&units("x"))),
        (1, 2)
    );
    a.send("x", "1").expect("there is room");
    c.send("y", "2").expect("there is room");
    a.send("x", "3").expect("there is room");
    c.send("x", "4").expect("there is room");
    // Nobody but the sender listens, or nobody at all.
    b.send("y", "5").expect("nothing is sent");
    a.send("z", "6").expect("nothing is sent");
    assert_eq!((a.woken(), b.woken(), c.woken()), (1, 4, 0));
    assert_eq!(a.take_all(), ["x 4"]);
    assert_eq!(b.take_all(), ["x 1", "y 2", "x 3", "x 4"]);
    assert_eq!((c.take(), a.waiting()), (None, (0, 0)));
    b.agent.stop_listening(&units("x"));
    a.send("x", "7").expect("nothing is sent");
    assert_eq!((b.woken(), b.take_all()), (4, vec![]));
    c.send("y", "8").expect("there is room");
    assert_eq!(b.take_all(), ["y 8"]);
}

/// What a message costs is its sender's until the last instance has taken it.
#[test]
fn a_charge_is_kept_until_all_have_the_message() {
    let [a, b, c] = instances();
    b.listen("x");
    c.listen("x");
    let charge = Arc::new(());
    let is_charged = || Arc::strong_count(&charge) == 2;
    let send = || {
        let kept = Box::new(charge.clone());
        a.agent
            .broadcast(&units("x"), Box::new("1".to_owned()), 1, kept)
    };
    assert_eq!(send(), Ok(()));
    assert_eq!(b.take_all(), ["x 1"]);
    assert_eq!((is_charged(), a.waiting()), (true, (1, 1)));
    assert_eq!(c.take_all(), ["x 1"]);
    assert_eq!((is_charged(), a.waiting()), (false, (0, 0)));
    // Nor does one that ends leave anything, whatever it has yet to take.
    assert_eq!(send(), Ok(()));
    b.agent.leave();
    assert!(is_charged());
    c.agent.leave();
    assert_eq!((is_charged(), a.waiting()), (false, (0, 0)));
    assert_eq!((send(), is_charged()), (Ok(()), false));
}

/// What waits is bounded; who is refused has sent nothing to anybody.
#[test]
fn what_waits_is_bounded() {
    let [a, b, c] = instances();
    b.listen("x");
    let large = "x".repeat(broadcasts::MOST_BYTES - 1);
    assert_eq!(a.send("x", &large), Ok(()));
    c.listen("x");
    let refused = TooMuch::Bytes(2, broadcasts::MOST_BYTES);
    assert_eq!(a.send("x", "yy"), Err(refused));
    assert_eq!((a.send("x", "y"), c.take_all().len()), (Ok(()), 1));
    assert_eq!(b.take_all().len(), 2);
    for _ in 0..broadcasts::MOST / 2 {
        assert_eq!(a.send("x", ""), Ok(()));
    }
    let refused = Err(TooMuch::Messages(broadcasts::MOST));
    assert_eq!(a.send("x", ""), refused);
    // One place is not enough for two.
    b.take();
    assert_eq!(a.send("x", ""), refused);
    c.take();
    assert_eq!(a.send("x", ""), Ok(()));
    assert_eq!(b.take_all().len(), broadcasts::MOST / 2);
    assert_eq!(c.take_all().len(), broadcasts::MOST / 2);
}

#[test]
fn an_exclusive_lock_is_held_by_one_instance_at_a_time() {
    let [a, b, c] = instances();
    let (first, second, third) = (a.want("x"), b.want("x"), a.want("x"));
    let other = c.want("y");
    assert_eq!(a.told(), [(first, Granted)]);
    assert_eq!((b.told(), c.told()), (vec![], vec![(other, Granted)]));
    assert_eq!(
        c.locks(),
        [
            "x Exclusive a true",
            "y Exclusive c true",
            "x Exclusive b false",
            "x Exclusive a false"
        ]
    );
    // One that waits has nothing to give back.
    assert!(!b.agent.release_lock(second));
    assert!(a.agent.release_lock(first));
    assert_eq!((a.told(), b.told()), (vec![], vec![(second, Granted)]));
    assert!(b.agent.release_lock(second) && !b.agent.release_lock(second));
    assert_eq!(a.told(), [(third, Granted)]);
    assert!(a.agent.release_lock(third) && c.agent.release_lock(other));
    assert_eq!(a.locks(), NONE);
    assert_eq!(a.agent.commons.lock().locks.counts(), (0, 0));
}

/// Nobody overtakes who waits, also where the lock could be shared with those who have it.
#[test]
fn shared_locks_wait_in_line() {
    let [a, b, c] = instances();
    let (first, second) = (a.share("x"), b.share("x"));
    let (third, fourth, fifth) = (c.want("x"), b.share("x"), a.share("x"));
    assert_eq!(
        (a.told(), b.told()),
        (vec![(first, Granted)], vec![(second, Granted)])
    );
    assert!(a.agent.release_lock(first));
    assert!(c.told().is_empty());
    assert!(b.agent.release_lock(second));
    assert_eq!(c.told(), [(third, Granted)]);
    assert!(c.agent.release_lock(third));
    assert_eq!(
        (a.told(), b.told()),
        (vec![(fifth, Granted)], vec![(fourth, Granted)])
    );
}

#[test]
fn what_is_not_to_be_waited_for_is_had_at_once_or_not() {
    let [a, b] = instances();
    let try_for = |instance: &Instance, mode| instance.ask("x", mode, Acquire::IfAvailable);
    let (first, second) = (try_for(&a, LockMode::Shared), try_for(&b, LockMode::Shared));
    assert_eq!(
        (a.told(), b.told()),
        (vec![(first, Granted)], vec![(second, Granted)])
    );
    let third = try_for(&b, LockMode::Exclusive);
    assert_eq!(b.told(), [(third, Unavailable)]);
    // It waits, and is not overtaken.
    let fourth = b.want("x");
    let fifth = try_for(&a, LockMode::Shared);
    assert_eq!(a.told(), [(fifth, Unavailable)]);
    // What was refused is over.
    for id in [third, fifth] {
        assert!(!a.agent.release_lock(id) && !a.agent.abort_lock_request(id));
    }
    assert!(a.agent.release_lock(first) && b.agent.release_lock(second));
    assert_eq!(b.told(), [(fourth, Granted)]);
}

#[test]
fn a_lock_is_stolen_from_all_who_have_it_and_not_from_those_who_wait() {
    let [a, b, c] = instances();
    let (first, second, third) = (a.share("x"), b.share("x"), b.want("x"));
    assert_eq!((a.told().len(), b.told().len()), (1, 1));
    let thief = c.ask("x", LockMode::Exclusive, Acquire::Steal);
    assert_eq!(
        (a.told(), b.told()),
        (vec![(first, Stolen)], vec![(second, Stolen)])
    );
    assert_eq!(c.told(), [(thief, Granted)]);
    // They have nothing to give back any more.
    assert!(!a.agent.release_lock(first) && !b.agent.release_lock(second));
    assert!(b.told().is_empty());
    assert!(c.agent.release_lock(thief));
    assert_eq!(b.told(), [(third, Granted)]);
}

#[test]
fn an_aborted_request_lets_the_next_one_pass() {
    let [a, b, c] = instances();
    let (first, second, third) = (a.share("x"), b.want("x"), c.share("x"));
    assert_eq!(
        (c.told(), b.agent.abort_lock_request(second)),
        (vec![], true)
    );
    assert_eq!((b.told(), c.told()), (vec![], vec![(third, Granted)]));
    // It has the lock by now, or is over.
    assert!(!c.agent.abort_lock_request(third) && !b.agent.abort_lock_request(second));
    assert!(a.agent.release_lock(first) && c.agent.release_lock(third));
    assert_eq!(a.locks(), NONE);
}

/// However an instance ends, nothing waits for it.
#[test]
fn who_leaves_gives_back_what_it_has_and_waits_for_nothing() {
    let [a, b, c] = instances();
    a.listen("x");
    let (held, waiting) = (a.want("x"), b.want("x"));
    let (own, next) = (a.want("x"), c.want("y"));
    let behind = [a.want("y"), b.want("y")];
    a.told();
    a.agent.leave();
    // What it waited for itself is not granted in between.
    assert_eq!((a.told(), b.told()), (vec![], vec![(waiting, Granted)]));
    assert_eq!(
        b.locks(),
        [
            "y Exclusive c true",
            "x Exclusive b true",
            "y Exclusive b false"
        ]
    );
    for id in [held, own, behind[0]] {
        assert!(!a.agent.release_lock(id));
    }
    assert!(c.agent.release_lock(next));
    assert_eq!(b.told(), [(behind[1], Granted)]);
    // It may be in the middle of a call that asks for more.
    a.want("z");
    a.ask("x", LockMode::Exclusive, Acquire::Steal);
    a.listen("x");
    assert_eq!((a.told(), a.locks()), (vec![], vec![]));
    assert_eq!(b.locks(), ["x Exclusive b true", "y Exclusive b true"]);
    b.send("x", "1").expect("nothing is sent");
    assert_eq!((a.woken(), a.take(), b.waiting()), (0, None, (0, 0)));
    a.agent.leave();
}
