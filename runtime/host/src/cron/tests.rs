use super::*;
use crate::config::AppConfig;
use crate::fake::{FakeLauncher, app_config};
use crate::starter::Starter;
use std::ops::AddAssign as _;
use std::time::UNIX_EPOCH;

fn at(text: &str) -> SystemTime {
    text.parse::<Timestamp>().unwrap().into()
}

fn next(expression: &str, after: &str) -> SystemTime {
    let expression: CronExpression = expression.parse().unwrap();
    expression.next_after(at(after)).unwrap()
}

#[test]
fn expressions_are_times_in_utc() {
    for (expression, after, expected) in [
        (
            "*/5 * * * *",
            "2026-11-27T05:01:00Z",
            "2026-11-27T05:05:00Z",
        ),
        (
            "*/5 * * * *",
            "2026-11-27T05:05:00Z",
            "2026-11-27T05:10:00Z",
        ),
        (
            "0 9 * * MON-FRI",
            "2026-11-27T10:00:00Z",
            "2026-11-30T09:00:00Z",
        ),
        ("0 0 1 1 *", "2026-11-27T10:00:00Z", "2027-01-01T00:00:00Z"),
        (
            "30 12 * * 0",
            "2026-11-27T10:00:00Z",
            "2026-11-29T12:30:00Z",
        ),
        (
            "30 12 * * 7",
            "2026-11-27T10:00:00Z",
            "2026-11-29T12:30:00Z",
        ),
        ("0 0 29 2 *", "2026-11-27T10:00:00Z", "2028-02-29T00:00:00Z"),
        (
            "*/10 * * * * *",
            "2026-11-27T10:00:01Z",
            "2026-11-27T10:00:10Z",
        ),
    ] {
        assert_eq!(next(expression, after), at(expected), "{expression}");
    }
}

#[test]
fn what_is_no_expression_is_told() {
    for wrong in [
        "",
        "* * * *",
        "60 * * * *",
        "* * * * * * *",
        "x",
        "0 0 31 2 *",
        "0 0 * * 9",
        ",,, * * * *",
        "0 1, * * *",
    ] {
        let error = wrong.parse::<CronExpression>().unwrap_err().to_string();
        assert!(
            error.starts_with(&format!("{wrong:?} is no cron expression: ")),
            "{error}"
        );
    }
    // Also how fast: what is to be searched for takes as long as it is rare.
    let began = std::time::Instant::now();
    for rare in [
        "0 0 30 2 *",
        "0 0 0 29 2 1",
        "59 59 23 31 4 *",
        "0 0 31 2,4,6,9,11 *",
    ] {
        let _ = rare.parse::<CronExpression>();
    }
    for _ in 0..400 {
        let never = "0 0 31 2,4,6,9,11 *".parse::<CronExpression>();
        assert!(never.is_err());
    }
    assert!(
        began.elapsed() < Duration::from_secs(2),
        "{:?}",
        began.elapsed()
    );
    assert!("* ".repeat(100_000).parse::<CronExpression>().is_err());
}

/// A clock that goes with tokio's, and may be set.
#[derive(Clone)]
struct Clock {
    began: Instant,
    set: Arc<std::sync::Mutex<i64>>,
}

impl Clock {
    fn new() -> Self {
        Self {
            began: Instant::now(),
            set: Arc::default(),
        }
    }

    fn now(&self) -> SystemTime {
        let seconds = 1_800_000_000 + *self.set.lock().unwrap();
        UNIX_EPOCH + Duration::from_secs(seconds.unsigned_abs()) + self.began.elapsed()
    }
}

struct Kept {
    fake: Arc<FakeLauncher>,
    starter: Arc<Starter>,
    app: Arc<App>,
    clock: Clock,
    changed: Arc<Notify>,
    stop: Stop,
    task: JoinHandle<()>,
}

fn with_crons(crons: &[&str]) -> AppConfig {
    let mut config = app_config("a");
    config.crons = crons.iter().map(|cron| cron.parse().unwrap()).collect();
    config.limits.in_flight = 3;
    config
}

fn begin(crons: &[&str]) -> Kept {
    let fake = FakeLauncher::new();
    let starter = Starter::new(fake.clone());
    let app = App::new(with_crons(crons), &starter);
    let (clock, stop, changed) = (Clock::new(), Stop::default(), Arc::<Notify>::default());
    let now = clock.clone();
    let kept = keep(
        app.clone(),
        Arc::default(),
        stop.clone(),
        changed.clone(),
        move || now.now(),
    );
    Kept {
        fake,
        starter,
        app,
        clock,
        changed,
        stop,
        task: tokio::spawn(kept),
    }
}

impl Kept {
    /// As [`Schedules::follow`] does.
    fn change(&self, crons: &[&str]) {
        self.app.want(with_crons(crons), &self.starter);
        self.changed.notify_one();
    }

    /// The expressions of events that have begun, with their time in seconds since the beginning.
    fn begun(&self) -> Vec<(String, u64)> {
        let begun = self.fake.events().begun.lock().unwrap();
        let seconds = |time: SystemTime| time.duration_since(UNIX_EPOCH).unwrap().as_secs();
        begun
            .iter()
            .map(|event| (event.cron.to_string(), seconds(event.time) - 1_800_000_000))
            .collect()
    }

    fn times(&self) -> Vec<u64> {
        self.begun().into_iter().map(|(_, time)| time).collect()
    }
}

// 1,800,000,000 is a whole hour's.
#[tokio::test(start_paused = true)]
async fn events_are_sent_when_they_are_due() {
    let kept = begin(&["* * * * *", "*/2 * * * *"]);
    tokio::time::sleep(Duration::from_secs(200)).await;
    let expected = [
        ("* * * * *", 60),
        ("* * * * *", 120),
        ("*/2 * * * *", 120),
        ("* * * * *", 180),
    ];
    let mut begun = kept.begun();
    begun.sort_by_key(|(cron, time)| (*time, cron.clone()));
    assert_eq!(begun, expected.map(|(cron, time)| (cron.to_owned(), time)));
    kept.stop.set();
    kept.task.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn they_overlap_up_to_the_limit_and_the_end_waits_for_them() {
    let kept = begin(&["* * * * *"]);
    *kept.fake.events().duration.lock().unwrap() = Duration::from_secs(600);
    tokio::time::sleep(Duration::from_secs(400)).await;
    assert_eq!(kept.times(), [60, 120, 180]);
    kept.stop.set();
    let began = Instant::now();
    kept.task.await.unwrap();
    let waited = began.elapsed().as_secs();
    assert!((375..=385).contains(&waited), "{waited}");
    assert_eq!(kept.fake.events().begun.lock().unwrap().len(), 3);
}

#[tokio::test(start_paused = true)]
async fn a_clock_that_is_set_makes_up_for_nothing_and_stops_nothing() {
    let kept = begin(&["* * * * *"]);
    tokio::time::sleep(Duration::from_secs(70)).await;
    *kept.clock.set.lock().unwrap() = 100_000 * 60;
    tokio::time::sleep(Duration::from_secs(120)).await;
    *kept.clock.set.lock().unwrap() = 0;
    tokio::time::sleep(Duration::from_secs(120)).await;
    let times = kept.times();
    assert!((4..=7).contains(&times.len()), "{times:?}");
    assert!(
        times.iter().any(|time| *time > 6_000_000) && times.last() < Some(&1000),
        "{times:?}"
    );
    kept.stop.set();
}

#[tokio::test(start_paused = true)]
async fn changed_expressions_count_from_now_on() {
    let kept = begin(&["0 0 1 1 *"]);
    let wait = |seconds| tokio::time::sleep(Duration::from_secs(seconds));
    wait(130).await;
    // It would have been due ten seconds ago.
    kept.change(&["* * * * *"]);
    wait(5).await;
    assert!(kept.times().is_empty());
    wait(50).await;
    assert_eq!(kept.times(), [180]);
    // What is due at the moment of the change is sent.
    wait(54).await;
    kept.clock.set.lock().unwrap().add_assign(1);
    kept.change(&["0 0 1 1 *"]);
    wait(200).await;
    assert_eq!(kept.times(), [180, 240]);
    kept.stop.set();
}

/// Each look for one of these takes a millisecond: an event each second must not have them looked for.
#[tokio::test(start_paused = true)]
async fn rare_times_are_looked_for_once() {
    let mut crons: Vec<_> = (0..60)
        .map(|second| format!("{second} 59 23 29 2 +THU"))
        .collect();
    crons.push("* * * * * *".to_owned());
    let crons: Vec<_> = crons.iter().map(|cron| &**cron).collect();
    let began = std::time::Instant::now();
    let kept = begin(&crons);
    let once = began.elapsed();
    tokio::time::sleep(Duration::from_millis(300_500)).await;
    assert_eq!(kept.begun().len(), 300);
    let took = began.elapsed();
    assert!(
        took < 20 * once + Duration::from_secs(1),
        "{took:?}, {once:?} to read them"
    );
    kept.stop.set();
}

#[tokio::test(start_paused = true)]
async fn an_event_goes_to_the_next_instance_and_has_an_end() {
    let fake = FakeLauncher::new();
    let app = App::new(app_config("a"), &Starter::new(fake.clone()));
    let event = ScheduledEvent {
        cron: "* * * * *".into(),
        time: UNIX_EPOCH,
    };
    let failed = Unfinished::Failed(FetchError::CpuLimit);
    fake.events().outcomes.lock().unwrap().extend([Err(failed)]);
    let failure = fire(&app, event.clone(), RequestId(1)).await.unwrap_err();
    assert!(failure.message.contains("CPU limit"), "{failure:?}");
    *fake.events().duration.lock().unwrap() = Duration::from_secs(3600);
    let failure = fire(&app, event, RequestId(2)).await.unwrap_err();
    assert_eq!(failure.message, "it was not over after 15 minutes");
}
