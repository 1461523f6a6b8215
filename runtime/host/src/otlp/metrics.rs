//! The metrics of `/metrics`, with the same names, for a collector: <https://opentelemetry.io/docs/specs/otel/metrics/data-model/>.

use std::sync::Arc;
use std::time::SystemTime;

use opentelemetry_proto::tonic::metrics::v1::metric::Data;
use opentelemetry_proto::tonic::metrics::v1::number_data_point::Value;
use opentelemetry_proto::tonic::metrics::v1::{
    AggregationTemporality, Gauge, Histogram, HistogramDataPoint, Metric, NumberDataPoint,
    ResourceMetrics, ScopeMetrics, Sum,
};
use prometheus::proto::{self, MetricFamily, MetricType};

use super::spans::{Attributes, nanoseconds, resource, scope};

/// What is counted of an app, or of the process as a whole.
pub(crate) struct Group {
    pub(crate) app: Option<Arc<str>>,
    /// Since when; `None`: since the process began.
    pub(crate) since: Option<SystemTime>,
    pub(crate) families: Vec<MetricFamily>,
}

/// Groups of a process that began and was measured at these times.
pub(super) fn of_groups(
    groups: Vec<Group>,
    began: SystemTime,
    now: SystemTime,
) -> Vec<ResourceMetrics> {
    let of_group = |group: Group| {
        let times = (nanoseconds(group.since.unwrap_or(began)), nanoseconds(now));
        let metrics = group.families.iter();
        ResourceMetrics {
            resource: Some(resource(group.app.as_deref())),
            scope_metrics: vec![ScopeMetrics {
                scope: Some(scope()),
                metrics: metrics.filter_map(|family| metric(family, times)).collect(),
                ..ScopeMetrics::default()
            }],
            ..ResourceMetrics::default()
        }
    };
    groups.into_iter().map(of_group).collect()
}

fn metric(family: &MetricFamily, times: (u64, u64)) -> Option<Metric> {
    let metrics = family.get_metric();
    let numbers = |value: fn(&proto::Metric) -> f64| {
        let point = |metric| number(metric, value(metric), times);
        metrics.iter().map(point).collect()
    };
    let data = match family.get_field_type() {
        MetricType::COUNTER => Data::Sum(Sum {
            data_points: numbers(|metric| metric.get_counter().get_value()),
            aggregation_temporality: AggregationTemporality::Cumulative.into(),
            is_monotonic: true,
        }),
        MetricType::GAUGE => Data::Gauge(Gauge {
            data_points: numbers(|metric| metric.get_gauge().get_value()),
        }),
        MetricType::HISTOGRAM => Data::Histogram(Histogram {
            data_points: metrics
                .iter()
                .map(|found| histogram(found, times))
                .collect(),
            aggregation_temporality: AggregationTemporality::Cumulative.into(),
        }),
        // There are none.
        MetricType::SUMMARY | MetricType::UNTYPED => return None,
    };
    let name = family.name();
    let base = name.strip_suffix("_total").unwrap_or(name);
    let unit = match base {
        _ if base.ends_with("_seconds") => "s",
        _ if base.ends_with("_bytes") => "By",
        _ => "",
    };
    Some(Metric {
        name: name.to_owned(),
        description: family.help().to_owned(),
        unit: unit.to_owned(),
        data: Some(data),
        ..Metric::default()
    })
}

fn labels(metric: &proto::Metric) -> Attributes {
    let mut attributes = Attributes::default();
    for label in metric.get_label() {
        attributes.text(label.name(), label.value());
    }
    attributes
}

fn number(metric: &proto::Metric, value: f64, (began, now): (u64, u64)) -> NumberDataPoint {
    NumberDataPoint {
        attributes: labels(metric).0,
        start_time_unix_nano: began,
        time_unix_nano: now,
        value: Some(Value::AsDouble(value)),
        ..NumberDataPoint::default()
    }
}

fn histogram(metric: &proto::Metric, (began, now): (u64, u64)) -> HistogramDataPoint {
    let found = metric.get_histogram();
    let count = found.get_sample_count();
    // There a bucket counts what is in those before it, too; here it does not, and the last one has no bound.
    let mut below = 0;
    let mut bucket_counts = Vec::new();
    let mut explicit_bounds = Vec::new();
    for bucket in found.get_bucket() {
        explicit_bounds.push(bucket.upper_bound());
        bucket_counts.push(bucket.cumulative_count().saturating_sub(below));
        below = bucket.cumulative_count();
    }
    bucket_counts.push(count.saturating_sub(below));
    HistogramDataPoint {
        attributes: labels(metric).0,
        start_time_unix_nano: began,
        time_unix_nano: now,
        count,
        sum: Some(found.get_sample_sum()),
        bucket_counts,
        explicit_bounds,
        ..HistogramDataPoint::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buckets_do_not_overlap() {
        let mut found = proto::Histogram::default();
        let bucket = |bound, count| {
            let mut bucket = proto::Bucket::default();
            bucket.set_upper_bound(bound);
            bucket.set_cumulative_count(count);
            bucket
        };
        found.set_bucket(vec![bucket(0.1, 2), bucket(0.5, 2), bucket(1.0, 5)]);
        found.set_sample_count(7);
        found.set_sample_sum(9.5);
        let mut metric = proto::Metric::default();
        metric.set_histogram(found);
        let point = histogram(&metric, (1, 2));
        assert_eq!(point.bucket_counts, [2, 0, 3, 2]);
        assert_eq!(point.explicit_bounds, [0.1, 0.5, 1.0]);
        assert_eq!((point.count, point.sum), (7, Some(9.5)));
    }
}
