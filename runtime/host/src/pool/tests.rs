use std::time::{Duration, Instant};

use nano_worker::{Exit, Losses, StartErrorKind};

use super::ends::{ALL_LOST, MAX_HEAVY_STARTS, MAX_LOST};
use super::*;
use crate::backoff::Backoff;
use crate::fake::{FakeLauncher, app_config};
use crate::log::AppLog;

fn pool(launcher: &Arc<FakeLauncher>) -> Arc<Pool> {
    planned(launcher, InstancePlan::default())
}

fn planned(launcher: &Arc<FakeLauncher>, plan: InstancePlan) -> Arc<Pool> {
    let log = Arc::new(AppLog::new("a".into()));
    Pool::new(
        app_config("a").worker_options(log, Arc::new(nano_worker::NoServices), Arc::default()),
        plan,
        None,
        Arc::default(),
        Starter::new(launcher.clone()),
    )
}

#[tokio::test]
async fn one_instance_serves_all_who_ask_at_once() {
    let launcher = FakeLauncher::new();
    let pool = pool(&launcher);
    let asked = (0..10).map(|_| pool.instance());
    for instance in futures_util::future::join_all(asked).await {
        assert!(instance.is_ok());
    }
    assert_eq!(launcher.starts(), 1);
}

#[tokio::test]
async fn a_failed_start_is_tried_again_only_after_a_while() {
    let launcher = FakeLauncher::new();
    launcher.fail_starts("it is broken", None);
    let pool = pool(&launcher);
    assert!(!pool.is_broken());
    let first = pool.instance().await.err().unwrap();
    assert_eq!(first.reason.message, "it is broken");
    assert!(pool.is_broken());
    let wait = first.retry_after.expect("a time to wait");
    assert!(wait > Duration::ZERO);
    assert!(pool.instance().await.is_err());
    assert_eq!(launcher.starts(), 1);
    tokio::time::sleep(wait).await;
    assert!(pool.instance().await.is_err());
    assert_eq!(launcher.starts(), 2);
}

#[tokio::test]
async fn a_version_that_does_not_start_within_its_memory_limit_is_disabled() {
    let launcher = FakeLauncher::new();
    let pool = pool(&launcher);
    let heavy = || launcher.fail_starts_for(StartErrorKind::HeapLimit, "it is large");
    heavy();
    pool.instance().await.err().expect("no instance");
    // Another failure begins the count anew.
    launcher.fail_starts("it is broken", None);
    for start in 0..=MAX_HEAVY_STARTS {
        assert_eq!(pool.disabled(), None, "before start {start}");
        pool.lock().backoff = Backoff::default();
        pool.instance().await.err().expect("no instance");
        heavy();
    }
    let refusal = pool.instance().await.err().expect("no instance");
    assert_eq!(refusal.retry_after, None);
    let message = refusal.reason.message;
    assert!(message.contains("it is large"), "{message}");
    assert_eq!(pool.disabled(), Some(message));
    assert_eq!(launcher.starts(), 2 + MAX_HEAVY_STARTS as usize);
}

#[tokio::test]
async fn an_instance_that_ended_is_replaced() {
    let launcher = FakeLauncher::new();
    let pool = pool(&launcher);
    let first = pool.instance().await.unwrap();
    pool.remove(&first, &Exit::HeapLimit);
    // Both the request that hit the limit and the watching task report it; it counts once.
    pool.remove(&first, &Exit::HeapLimit);
    let second = pool.instance().await.unwrap();
    assert_ne!(first.id(), second.id());
    assert_eq!(launcher.starts(), 2);
}

#[tokio::test]
async fn idle_instances_end_and_come_back() {
    let launcher = FakeLauncher::new();
    let pool = pool(&launcher);
    let (idle, began) = (Duration::from_secs(60), Instant::now());
    let at = |seconds| pool.end_idle(idle, began + Duration::from_secs(seconds));
    assert_eq!((at(0), at(100)), (0, 0), "there is none");
    pool.instance().await.expect("an instance");
    assert_eq!((at(100), at(159)), (0, 0));
    // A request begins it anew, though it was over between two looks.
    assert!(pool.lease(NOBODY).is_some());
    pool.release();
    assert_eq!((at(160), at(219)), (0, 0));
    // What has an instance is not idle, however long.
    assert!(pool.lease(NOBODY).is_some());
    assert_eq!((at(300), at(400)), (0, 0));
    pool.release();
    assert_eq!((at(400), at(459), at(460), at(600)), (0, 0, 1, 0));
    assert!(pool.running().is_none());
    assert_eq!((launcher.starts(), launcher.stops()), (1, 1));
    assert!(pool.instance().await.is_ok());
    assert_eq!(launcher.starts(), 2);
    launcher.set_background(1);
    assert_eq!((at(600), at(700)), (0, 0), "something goes on");
    launcher.set_background(0);
    assert_eq!(at(700), 1);
}

#[tokio::test]
async fn a_version_that_loses_many_instances_is_disabled() {
    let launcher = FakeLauncher::new();
    let pool = pool(&launcher);
    for lost in 1..=MAX_LOST {
        assert_eq!(pool.disabled(), None, "before loss {lost}");
        pool.lock().backoff = Backoff::default();
        let instance = pool.instance().await.expect("an instance");
        pool.remove(&instance, &Exit::Unresponsive);
    }
    let refusal = pool.instance().await.err().expect("no instance");
    assert_eq!(refusal.retry_after, None);
    assert!(
        refusal.reason.message.contains("did not stop"),
        "{}",
        refusal.reason.message
    );
    assert_eq!(pool.disabled(), Some(refusal.reason.message));
    assert!(pool.is_broken());
    assert_eq!(launcher.starts(), MAX_LOST as usize);
}

/// What does not stop is known only when another instance has taken its place.
#[tokio::test]
async fn a_loss_counts_once_and_also_late() {
    let pool = pool(&FakeLauncher::new());
    let first = pool.instance().await.expect("an instance");
    pool.remove(&first, &Exit::CpuLimit);
    let second = pool.instance().await.expect("another");
    for _ in 0..2 {
        pool.remove(&first, &Exit::Unresponsive);
        assert_eq!(pool.lock().lost, 1);
    }
    let now = pool.running().expect("the second");
    assert_eq!(now.id(), second.id());
}

#[tokio::test]
async fn when_the_process_has_lost_many_the_first_is_enough() {
    let pool = pool(&FakeLauncher::new());
    let mut all = Losses {
        instances: ALL_LOST - 1,
        are_heavy: false,
    };
    pool.lock().lost_one("a", all);
    assert_eq!(pool.disabled(), None);
    all.instances += 1;
    pool.lock().lost_one("a", all);
    assert!(pool.disabled().is_some());
}

#[tokio::test]
async fn when_lost_instances_keep_much_memory_the_first_is_enough() {
    let pool = pool(&FakeLauncher::new());
    let all = Losses {
        instances: 1,
        are_heavy: true,
    };
    pool.lock().lost_one("a", all);
    assert!(pool.disabled().is_some());
}

#[tokio::test]
async fn a_drain_waits_for_those_who_have_a_lease_and_takes_nobody_in() {
    let launcher = FakeLauncher::new();
    let pool = pool(&launcher);
    assert!(pool.lease(NOBODY).expect("a lease").is_none());
    let drain = tokio::spawn({
        let pool = pool.clone();
        async move { pool.drain(Duration::from_secs(60)).await }
    });
    while pool.is_open() {
        tokio::task::yield_now().await;
    }
    assert!(pool.lease(NOBODY).is_none());
    // Whoever has one gets an instance, though there was none.
    let first = pool.instance().await.expect("an instance");
    pool.remove(&first, &Exit::HeapLimit);
    assert!(pool.instance().await.is_ok());
    assert_eq!((launcher.starts(), launcher.drains()), (2, 0));
    pool.release();
    assert!(drain.await.expect("no panic"));
    assert_eq!(launcher.drains(), 1);
    assert!(pool.instance().await.is_err());
}

#[tokio::test]
async fn a_drain_has_a_deadline() {
    let launcher = FakeLauncher::new();
    let pool = pool(&launcher);
    pool.instance().await.expect("an instance");
    let _lease = pool.lease(NOBODY).expect("a lease");
    assert!(!pool.drain(Duration::from_millis(10)).await);
    assert_eq!(launcher.drains(), 1);
}

#[tokio::test]
async fn a_version_that_is_given_up_while_it_starts_does_not_run() {
    let launcher = FakeLauncher::new();
    let pool = pool(&launcher);
    let (started, ()) = tokio::join!(pool.instance(), async {
        tokio::task::yield_now().await;
        pool.close();
    });
    assert!(started.is_err());
    tokio::time::sleep(Duration::from_millis(20)).await;
    assert!(pool.running().is_none());
    assert_eq!((launcher.starts(), launcher.stops()), (1, 1));
}

#[tokio::test(start_paused = true)]
async fn a_start_that_nobody_wants_any_more_ends_where_it_is() {
    for closes in [true, false] {
        let launcher = FakeLauncher::new();
        launcher.start_within(Duration::from_secs(60));
        let pool = pool(&launcher);
        let began = tokio::time::Instant::now();
        let asks = tokio::spawn({
            let pool = pool.clone();
            async move { pool.instance().await.is_ok() }
        });
        until("a start", || launcher.starts() == 1).await;
        launcher.start_within(Duration::from_millis(1));
        if closes {
            pool.close();
        } else {
            pool.give_up();
        }
        until("its end", || launcher.stops() == 1).await;
        // Whoever waits gets another one, unless there is none any more.
        assert_eq!(asks.await.expect("no panic"), !closes);
        assert!(began.elapsed() < Duration::from_secs(1));
    }
}

/// Up to so many instances, the next one after a millisecond's wait.
fn several(min: usize, max: usize) -> InstancePlan {
    InstancePlan {
        min,
        max,
        queue: Duration::from_millis(1),
        idle: Duration::from_millis(50),
        ..InstancePlan::default()
    }
}

async fn until(what: &str, is: impl Fn() -> bool) {
    let waited = async {
        while !is() {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    let in_time = tokio::time::timeout(Duration::from_secs(20), waited).await;
    assert!(in_time.is_ok(), "waited in vain for {what}");
}

fn lease(pool: &Arc<Pool>, home: usize) -> Seat {
    pool.lease(home).expect("a lease").expect("an instance")
}

#[tokio::test]
async fn a_request_that_would_wait_has_another_instance_start() {
    let launcher = FakeLauncher::new();
    let pool = planned(&launcher, several(1, 3));
    drop(pool.instance().await.expect("an instance"));
    let first = lease(&pool, NOBODY);
    tokio::time::sleep(Duration::from_millis(30)).await;
    assert_eq!(launcher.starts(), 1, "it would not wait");
    launcher.set_busy(true);
    until("another one", || launcher.starts() == 2).await;
    until("the other one", || pool.lock().members.len() == 2).await;
    tokio::time::sleep(Duration::from_millis(30)).await;
    assert_eq!(launcher.starts(), 2, "the other one has nothing to do");
    let second = lease(&pool, NOBODY);
    assert_ne!(first.id(), second.id(), "the less busy one");
    until("a third one", || pool.lock().members.len() == 3).await;
    let _more: Vec<_> = (0..5).map(|_| lease(&pool, NOBODY)).collect();
    tokio::time::sleep(Duration::from_millis(30)).await;
    assert_eq!(launcher.starts(), 3, "no more than there may be");
}

#[tokio::test]
async fn nothing_starts_that_can_be_done_without_while_memory_is_short() {
    // One has to be there, and one is because of those that wait.
    for plan in [several(2, 2), several(1, 2)] {
        let launcher = FakeLauncher::new();
        let pool = planned(&launcher, plan);
        launcher.set_short(true);
        launcher.set_busy(true);
        assert!(pool.instance().await.is_ok(), "the first is asked for");
        let _leases: Vec<_> = (0..3).map(|_| lease(&pool, NOBODY)).collect();
        tokio::time::sleep(Duration::from_millis(50)).await;
        assert_eq!(launcher.starts(), 1);
        launcher.set_short(false);
        until("another one", || launcher.starts() == 2).await;
    }
}

#[tokio::test]
async fn one_instance_is_enough_where_no_more_are_wanted() {
    let launcher = FakeLauncher::new();
    let pool = pool(&launcher);
    launcher.set_busy(true);
    drop(pool.instance().await.expect("an instance"));
    let _leases: Vec<_> = (0..5).map(|_| lease(&pool, NOBODY)).collect();
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert_eq!(launcher.starts(), 1);
    // Until more are.
    pool.plan(several(1, 2));
    until("another one", || pool.lock().members.len() == 2).await;
}

#[tokio::test]
async fn as_many_run_as_have_to() {
    let launcher = FakeLauncher::new();
    let pool = planned(&launcher, several(3, 3));
    drop(pool.instance().await.expect("an instance"));
    until("three", || pool.lock().members.len() == 3).await;
    let one = pool.running().expect("one of them");
    pool.remove(&one, &Exit::HeapLimit);
    until("three again", || pool.lock().members.len() == 3).await;
    assert_eq!(launcher.starts(), 4);
    // All of them end when nobody asks.
    let now = Instant::now();
    pool.end_idle(Duration::ZERO, now);
    assert_eq!(pool.end_idle(Duration::ZERO, now), 3);
}

#[tokio::test]
async fn what_is_given_up_does_not_come_back() {
    let launcher = FakeLauncher::new();
    let pool = planned(&launcher, several(3, 3));
    drop(pool.instance().await.expect("an instance"));
    pool.give_up();
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert_eq!(launcher.starts(), launcher.stops());
    assert!(pool.lock().members.is_empty());
    assert!(pool.instance().await.is_ok(), "it is asked for");
}

#[tokio::test]
async fn an_instance_too_many_finishes_what_it_has_begun_and_ends() {
    let launcher = FakeLauncher::new();
    launcher.give_threads();
    let pool = planned(&launcher, several(1, 2));
    launcher.set_busy(true);
    drop(pool.instance().await.expect("an instance"));
    let first = lease(&pool, NOBODY);
    until("another one", || pool.lock().members.len() == 2).await;
    let second = lease(&pool, NOBODY);
    let kept = lease(&pool, second.thread_id());
    assert_eq!(kept.id(), second.id(), "hardly busier than the other one");
    drop((first, second));
    // One is at work, the other is not: the younger leaves, but not before it is done.
    until("one of them", || pool.lock().members.len() == 1).await;
    tokio::time::sleep(Duration::from_millis(30)).await;
    assert_eq!(launcher.drains(), 0);
    drop(kept);
    until("the end", || launcher.drains() == 1).await;
    until("nobody", || pool.lock().leaving.is_empty()).await;
    assert_eq!(launcher.stops(), 0);
}

#[tokio::test]
async fn requests_go_to_the_least_busy_instance_and_stay_where_they_are_if_it_is_hardly_busier() {
    let launcher = FakeLauncher::new();
    launcher.give_threads();
    let pool = planned(&launcher, several(2, 2));
    drop(pool.instance().await.expect("an instance"));
    until("two", || pool.lock().members.len() == 2).await;
    let (a, b) = (lease(&pool, NOBODY), lease(&pool, NOBODY));
    assert_ne!(a.id(), b.id());
    let mut at_b: Vec<_> = (0..3).map(|_| lease(&pool, b.thread_id())).collect();
    let counts = |pool: &Arc<Pool>| {
        let seats = |id| {
            let state = pool.lock();
            let member = state.members.iter().find(|member| member.id() == id);
            member.expect("a member").seats()
        };
        (seats(a.id()), seats(b.id()))
    };
    // The first of them stays at home, where it is no busier; for the second it is.
    assert_eq!(counts(&pool), (2, 3));
    at_b.extend((0..4).map(|_| lease(&pool, NOBODY)));
    assert_eq!(counts(&pool), (5, 4));
    // From four on, one more makes no difference to one that is there.
    at_b.extend((0..2).map(|_| lease(&pool, a.thread_id())));
    assert_eq!(counts(&pool), (6, 5));
    drop(at_b);
    assert_eq!(counts(&pool), (1, 1));
}

async fn replaced_when(plan: InstancePlan, wear: impl Fn(&FakeLauncher)) {
    let launcher = FakeLauncher::new();
    let pool = planned(&launcher, plan);
    let first = pool.instance().await.expect("an instance").id();
    let request = lease(&pool, NOBODY);
    wear(&launcher);
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert_eq!(launcher.starts(), 1, "it is too young");
    launcher.start_within(Duration::from_millis(200));
    until("the next one", || launcher.starts() == 2).await;
    // The new one is as good as new.
    launcher.set_requests(0);
    assert_eq!(
        lease(&pool, NOBODY).id(),
        first,
        "as long as the next starts"
    );
    until("another one", || pool.running().expect("one").id() != first).await;
    assert_eq!(pool.lock().members.len(), 1);
    assert_eq!(launcher.drains(), 0, "a request is there");
    drop(request);
    until("the end of the first", || launcher.drains() == 1).await;
    assert_eq!((launcher.starts(), launcher.stops()), (2, 0));
}

#[tokio::test]
async fn an_instance_that_has_had_its_requests_is_replaced() {
    let plan = InstancePlan {
        recycle_requests: Some(100),
        ..InstancePlan::default()
    };
    replaced_when(plan, |launcher| launcher.set_requests(100)).await;
}

#[tokio::test]
async fn an_instance_that_has_grown_is_replaced() {
    let plan = InstancePlan {
        recycle_mb: Some(50),
        ..InstancePlan::default()
    };
    // The next one has been large from its start on.
    replaced_when(plan, |launcher| launcher.set_heap(51)).await;
}

#[tokio::test]
async fn a_drain_ends_all_instances() {
    let launcher = FakeLauncher::new();
    let pool = planned(&launcher, several(2, 2));
    drop(pool.instance().await.expect("an instance"));
    until("two", || pool.lock().members.len() == 2).await;
    assert!(pool.drain(Duration::from_secs(60)).await);
    assert_eq!(launcher.drains(), 2);
}
