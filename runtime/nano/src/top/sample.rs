//! One look at a nano: what `/admin/apps` and `/metrics` say at a time.

use std::collections::BTreeMap;
use std::time::Instant;

use anyhow::Context as _;
use serde_json::Value;

use crate::remote::Remote;

/// What there is at a time.
#[derive(Debug, Clone)]
pub(super) struct Sample {
    pub(super) at: Instant,
    /// By their names.
    pub(super) apps: BTreeMap<String, AppSample>,
    /// Resident memory of the process in bytes.
    pub(super) resident: Option<f64>,
    /// Its open descriptors.
    pub(super) descriptors: Option<f64>,
}

/// An app at a time. Counts are those since it was added.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct AppSample {
    pub(super) state: String,
    pub(super) requests: u64,
    /// Of these, such as were answered with a 5xx status.
    pub(super) errors: u64,
    pub(super) in_flight: u64,
    pub(super) cpu_seconds: f64,
    pub(super) heap_bytes: f64,
    pub(super) instances: u64,
    pub(super) limit_hits: u64,
    /// Upper bounds in seconds, rising, and how many requests took no longer; the last one is infinite.
    pub(super) durations: Vec<(f64, u64)>,
}

impl Sample {
    /// Looks.
    pub(super) fn take(remote: &Remote) -> anyhow::Result<Self> {
        let apps = remote.get("/admin/apps")?;
        let metrics = remote.get("/metrics")?;
        let apps = serde_json::from_str(&apps).context("the list of apps is no JSON")?;
        Ok(Self::of(&apps, &metrics, Instant::now()))
    }

    pub(super) fn of(list: &Value, metrics: &str, at: Instant) -> Self {
        let mut apps = BTreeMap::new();
        for app in list["apps"].as_array().into_iter().flatten() {
            let count = |name: &str| app[name].as_u64().unwrap_or_default();
            let number = |name: &str| app[name].as_f64().unwrap_or_default();
            let text = |name: &str| app[name].as_str().unwrap_or_default().to_owned();
            let sample = AppSample {
                state: text("state"),
                requests: sum(&app["requests"]),
                errors: app["requests"]["5xx"].as_u64().unwrap_or_default(),
                in_flight: count("in_flight"),
                cpu_seconds: number("cpu_seconds"),
                heap_bytes: number("heap_bytes"),
                instances: count("instances"),
                limit_hits: sum(&app["limit_hits"]),
                durations: Vec::new(),
            };
            apps.insert(text("name"), sample);
        }
        let mut sample = Self {
            at,
            apps,
            resident: None,
            descriptors: None,
        };
        for line in metrics.lines() {
            sample.add(line);
        }
        sample
    }

    /// Takes a line of metrics, if it is of use.
    fn add(&mut self, line: &str) {
        let Some((series, value)) = line.rsplit_once(' ') else {
            return;
        };
        let Ok(value) = value.parse::<f64>() else {
            return;
        };
        match series {
            "process_resident_memory_bytes" => self.resident = Some(value),
            "process_open_fds" => self.descriptors = Some(value),
            _ => {
                let labels = series.strip_prefix("nano_request_duration_seconds_bucket{");
                let Some(labels) = labels.and_then(|labels| labels.strip_suffix('}')) else {
                    return;
                };
                // Names of apps have no quotes and no commas.
                let label = |name: &str| {
                    let mut labels = labels.split(',');
                    let value =
                        labels.find_map(|label| label.strip_prefix(name)?.strip_prefix("=\""));
                    value?.strip_suffix('"')
                };
                if let Some(app) = label("app").and_then(|app| self.apps.get_mut(app))
                    && let Some(bound) = label("le").and_then(|bound| bound.parse().ok())
                {
                    app.durations.push((bound, value as u64));
                }
            }
        }
    }
}

fn sum(counts: &Value) -> u64 {
    let counts = counts
        .as_object()
        .into_iter()
        .flat_map(|counts| counts.values());
    counts.filter_map(Value::as_u64).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn it_is_made_of_the_list_and_the_metrics() {
        let list = json!({ "apps": [{
            "name": "a.b-c", "state": "running", "instances": 2, "in_flight": 3, "cpu_seconds": 1.5, "heap_bytes": 1000,
            "requests": { "2xx": 5, "5xx": 2, "aborted": 1 }, "limit_hits": { "cpu_ms": 1, "wall_ms": 2 },
        }, { "name": "b" }] });
        let metrics = "# TYPE x counter\n\
            nano_request_duration_seconds_bucket{app=\"a.b-c\",le=\"0.001\"} 4\n\
            nano_request_duration_seconds_bucket{app=\"a.b-c\",le=\"+Inf\"} 8\n\
            nano_request_duration_seconds_bucket{app=\"gone\",le=\"+Inf\"} 8\n\
            nano_start_duration_seconds_bucket{app=\"b\",le=\"+Inf\"} 8\n\
            process_resident_memory_bytes 54000000\nprocess_open_fds 12\nnonsense\n";
        let sample = Sample::of(&list, metrics, Instant::now());
        let expected = AppSample {
            state: "running".to_owned(),
            requests: 8,
            errors: 2,
            in_flight: 3,
            cpu_seconds: 1.5,
            heap_bytes: 1000.0,
            instances: 2,
            limit_hits: 3,
            durations: vec![(0.001, 4), (f64::INFINITY, 8)],
        };
        assert_eq!(sample.apps["a.b-c"], expected);
        assert_eq!(sample.apps["b"], AppSample::default());
        assert_eq!(
            (sample.resident, sample.descriptors),
            (Some(54e6), Some(12.0))
        );
    }
}
