//! What two looks tell together: rates, and the order of apps.

use std::cmp::Ordering;

use super::sample::{AppSample, Sample};
use crate::table;

/// The apps between two looks.
#[derive(Debug)]
pub(super) struct View {
    rows: Vec<Row>,
    resident: Option<f64>,
    descriptors: Option<f64>,
}

/// An app between two looks. What there is no number for is `None`: it was not there before, or nobody asked it.
#[derive(Debug, PartialEq)]
struct Row {
    name: String,
    now: AppSample,
    /// Requests a second.
    rate: Option<f64>,
    /// Those with a 5xx status, a second.
    errors: Option<f64>,
    /// Seconds that half of the requests took at most.
    median: Option<f64>,
    /// The same of 99 of a hundred.
    p99: Option<f64>,
    /// Of one core.
    cpu_percent: Option<f64>,
}

/// The column that apps are sorted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Order {
    #[default]
    Cpu,
    Rate,
    Errors,
    Latency,
    InFlight,
    Heap,
    Name,
}

impl Order {
    /// Letters, and what they are for.
    const ALL: [(char, Self, &str); 7] = [
        ('c', Self::Cpu, "cpu"),
        ('r', Self::Rate, "requests"),
        ('e', Self::Errors, "errors"),
        ('l', Self::Latency, "latency"),
        ('f', Self::InFlight, "in flight"),
        ('h', Self::Heap, "heap"),
        ('n', Self::Name, "name"),
    ];

    /// The one of a key.
    pub(super) fn of(letter: char) -> Option<Self> {
        let mut all = Self::ALL.into_iter();
        all.find(|(own, ..)| *own == letter)
            .map(|(_, order, _)| order)
    }

    /// The keys, with the one that counts in brackets.
    pub(super) fn help(current: Self) -> String {
        let keys = Self::ALL.map(|(letter, order, name)| match order == current {
            true => format!("[{letter} {name}]"),
            false => format!("{letter} {name}"),
        });
        format!("sort by: {}; up, down; q quits", keys.join("  "))
    }

    fn compare(self, one: &Row, other: &Row) -> Ordering {
        let key = |row: &Row| match self {
            Self::Cpu => row.cpu_percent,
            Self::Rate => row.rate,
            Self::Errors => row.errors,
            Self::Latency => row.p99,
            Self::InFlight => Some(row.now.in_flight as f64),
            Self::Heap => Some(row.now.heap_bytes),
            Self::Name => None,
        };
        let number = |row: &Row| key(row).unwrap_or(-1.0);
        // The most first.
        let by_number = number(other).total_cmp(&number(one));
        by_number.then_with(|| one.name.cmp(&other.name))
    }
}

impl View {
    /// What has happened between two looks.
    pub(super) fn between(before: &Sample, after: &Sample) -> Self {
        let seconds = after.at.saturating_duration_since(before.at).as_secs_f64();
        let rows = after.apps.iter().map(|(name, now)| {
            let then = before.apps.get(name).filter(|_| seconds > 0.0);
            Row::between(name, then, now, seconds)
        });
        Self {
            rows: rows.collect(),
            resident: after.resident,
            descriptors: after.descriptors,
        }
    }

    /// The whole process in one line.
    pub(super) fn summary(&self) -> String {
        let sum =
            |number: fn(&Row) -> Option<f64>| self.rows.iter().filter_map(number).sum::<f64>();
        let mut summary = format!(
            "{} apps, {:.1} requests/s, {:.1} % CPU",
            self.rows.len(),
            // The sum of nothing is -0.0.
            sum(|row| row.rate) + 0.0,
            sum(|row| row.cpu_percent) + 0.0
        );
        if let Some(bytes) = self.resident {
            summary.push_str(&format!(", {:.1} MB resident", bytes / 1e6));
        }
        if let Some(count) = self.descriptors {
            summary.push_str(&format!(", {count} descriptors"));
        }
        summary
    }

    /// The table, its head first.
    pub(super) fn lines(&self, order: Order) -> Vec<String> {
        let mut rows: Vec<_> = self.rows.iter().collect();
        rows.sort_by(|one, other| order.compare(one, other));
        let head = [
            "APP",
            "STATE",
            "REQ/S",
            "ERR/S",
            "P50 MS",
            "P99 MS",
            "IN FLIGHT",
            "CPU %",
            "HEAP MB",
            "INSTANCES",
            "LIMIT HITS",
        ];
        let mut cells = vec![head.map(str::to_owned)];
        cells.extend(rows.into_iter().map(Row::cells));
        table::lines(&cells, 2)
    }
}

impl Row {
    fn between(name: &str, then: Option<&AppSample>, now: &AppSample, seconds: f64) -> Self {
        // Counts fall when the process, or the app, has begun anew: there is no rate.
        let then = then
            .filter(|then| now.requests >= then.requests && now.cpu_seconds >= then.cpu_seconds);
        let rate = |count: fn(&AppSample) -> f64| Some((count(now) - count(then?)) / seconds);
        let took = then.map(|then| durations(then, now)).unwrap_or_default();
        Self {
            name: name.to_owned(),
            now: now.clone(),
            rate: rate(|app| app.requests as f64),
            errors: rate(|app| app.errors as f64),
            median: quantile(&took, 0.5),
            p99: quantile(&took, 0.99),
            cpu_percent: rate(|app| app.cpu_seconds * 100.0),
        }
    }

    fn cells(&self) -> [String; 11] {
        let number =
            |value: Option<f64>| value.map_or("-".to_owned(), |value| format!("{value:.1}"));
        let milliseconds = |value: Option<f64>| match value {
            Some(seconds) => format!("{:.1}", seconds * 1e3),
            None => "-".to_owned(),
        };
        [
            self.name.clone(),
            self.now.state.clone(),
            number(self.rate),
            number(self.errors),
            milliseconds(self.median),
            milliseconds(self.p99),
            self.now.in_flight.to_string(),
            number(self.cpu_percent),
            number(Some(self.now.heap_bytes / 1e6)),
            self.now.instances.to_string(),
            self.now.limit_hits.to_string(),
        ]
    }
}

/// What has come into a histogram: bounds, and how many took no longer.
fn durations(then: &AppSample, now: &AppSample) -> Vec<(f64, u64)> {
    if now.durations.len() != then.durations.len() {
        return Vec::new();
    }
    let buckets = now.durations.iter().zip(&then.durations);
    buckets
        .map(|((bound, count), (_, before))| (*bound, count.saturating_sub(*before)))
        .collect()
}

/// What so many took at most, by as much as a histogram tells: within a bucket they are taken to lie evenly, and beyond the last
/// bound they are there. (As PromQL's `histogram_quantile`.)
fn quantile(cumulated: &[(f64, u64)], part: f64) -> Option<f64> {
    let (_, count) = *cumulated.last()?;
    if count == 0 {
        return None;
    }
    let rank = part * count as f64;
    let index = cumulated.partition_point(|(_, count)| (*count as f64) < rank);
    let (bound, upper) = *cumulated.get(index)?;
    let (start, lower) = match index.checked_sub(1).and_then(|index| cumulated.get(index)) {
        Some((bound, count)) => (*bound, *count),
        None => (0.0, 0),
    };
    if bound.is_infinite() {
        return Some(start);
    }
    let within = upper.saturating_sub(lower).max(1) as f64;
    Some(start + (bound - start) * (rank - lower as f64) / within)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::time::{Duration, Instant};

    use super::*;

    fn app(requests: u64, cpu_seconds: f64, durations: &[u64]) -> AppSample {
        let bounds = [0.001, 0.01, f64::INFINITY];
        AppSample {
            requests,
            cpu_seconds,
            durations: bounds.into_iter().zip(durations.iter().copied()).collect(),
            ..AppSample::default()
        }
    }

    fn sample(at: Instant, apps: &[(&str, AppSample)]) -> Sample {
        let apps = apps
            .iter()
            .map(|(name, app)| ((*name).to_owned(), app.clone()));
        Sample {
            at,
            apps: apps.collect::<BTreeMap<_, _>>(),
            resident: None,
            descriptors: None,
        }
    }

    #[test]
    fn before_there_is_a_rate_it_is_no_negative_zero() {
        let first = sample(Instant::now(), &[("a", app(1, 0.5, &[1, 1, 1]))]);
        let summary = View::between(&first, &first).summary();
        assert_eq!(summary, "1 apps, 0.0 requests/s, 0.0 % CPU");
    }

    #[test]
    fn rates_are_of_the_time_between() {
        let now = Instant::now();
        let before = sample(
            now,
            &[
                ("a", app(10, 1.0, &[10, 10, 10])),
                ("b", app(5, 1.0, &[5, 5, 5])),
            ],
        );
        let after = [
            ("a", app(30, 1.5, &[20, 30, 30])),
            // It has begun anew.
            ("b", app(1, 0.0, &[1, 1, 1])),
            ("new", app(7, 1.0, &[7, 7, 7])),
        ];
        let view = View::between(&before, &sample(now + Duration::from_secs(2), &after));
        let a = &view.rows[0];
        assert_eq!(
            (a.rate, a.cpu_percent, a.errors),
            (Some(10.0), Some(25.0), Some(0.0))
        );
        // Ten took up to 1 ms, and ten up to 10 ms.
        assert_eq!(a.median, Some(0.001));
        let p99 = a.p99.expect("a number");
        assert!((p99 - 0.00982).abs() < 1e-9, "{p99}");
        for row in &view.rows[1..] {
            assert_eq!(
                (row.rate, row.p99, row.cpu_percent),
                (None, None, None),
                "{}",
                row.name
            );
        }
        assert!(
            view.summary()
                .starts_with("3 apps, 10.0 requests/s, 25.0 % CPU")
        );
    }

    #[test]
    fn quantiles_are_within_their_bucket() {
        let infinite = f64::INFINITY;
        assert_eq!(quantile(&[], 0.5), None);
        assert_eq!(quantile(&[(1.0, 0), (infinite, 0)], 0.5), None);
        assert_eq!(quantile(&[(1.0, 4), (infinite, 4)], 0.5), Some(0.5));
        // Beyond the last bound.
        assert_eq!(quantile(&[(1.0, 4), (infinite, 8)], 0.99), Some(1.0));
        assert_eq!(
            quantile(&[(1.0, 0), (2.0, 4), (infinite, 4)], 0.5),
            Some(1.5)
        );
    }

    #[test]
    fn apps_are_sorted_by_what_is_asked_for() {
        let now = Instant::now();
        let none = [
            ("a", app(0, 0.0, &[])),
            ("b", app(0, 0.0, &[])),
            ("c", app(0, 0.0, &[])),
        ];
        let mut some = none.clone();
        (
            some[1].1.cpu_seconds,
            some[2].1.requests,
            some[0].1.heap_bytes,
        ) = (1.0, 5, 9.0);
        let view = View::between(
            &sample(now, &none),
            &sample(now + Duration::from_secs(1), &some),
        );
        let names = |order: Order| -> String {
            let lines = view.lines(order);
            lines[1..]
                .iter()
                .filter_map(|line| line.chars().next())
                .collect()
        };
        assert_eq!(names(Order::default()), "bac");
        assert_eq!(names(Order::of('r').expect("a key")), "cab");
        assert_eq!(names(Order::of('h').expect("a key")), "abc");
        assert_eq!(names(Order::of('n').expect("a key")), "abc");
        assert_eq!(Order::of('x'), None);
        assert!(Order::help(Order::Heap).contains("[h heap]"));
    }
}
