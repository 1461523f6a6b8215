use std::time::{Duration, Instant};

use nano_worker::{Exit, Losses, StartErrorKind};

use super::ends::{ALL_LOST, MAX_HEAVY_STARTS, MAX_LOST};
use super::*;
use crate::backoff::Backoff;
use crate::fake::{FakeLauncher, app_config};
use crate::log::AppLog;

fn pool(launcher: &Arc<FakeLauncher>) -> Arc<Pool> {
    let log = Arc::new(AppLog::new("a".into()));
    Pool::new(
        app_config("a").worker_options(log),
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
    assert!(pool.lease().is_some());
    pool.release();
    assert_eq!((at(160), at(219)), (0, 0));
    // What has an instance is not idle, however long.
    assert!(pool.lease().is_some());
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
    assert!(pool.lease().expect("a lease").is_none());
    let drain = tokio::spawn({
        let pool = pool.clone();
        async move { pool.drain(Duration::from_secs(60)).await }
    });
    while pool.is_open() {
        tokio::task::yield_now().await;
    }
    assert!(pool.lease().is_none());
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
    let _lease = pool.lease().expect("a lease");
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
