//! How many instances an app has, and when one makes room for the next.

use std::time::Duration;

use super::fields::Instances;
use super::reader::Fields;

/// How many instances of an app run, and how long each of them serves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InstancePlan {
    /// The fewest, once the app has started.
    pub min: usize,
    /// The most, but for those that have been replaced and finish what they have begun.
    pub max: usize,
    /// Another one starts when a request for the least busy one would wait for so long.
    pub queue: Duration,
    /// One beyond the fewest ends when they were not all at work at a time for so long.
    pub idle: Duration,
    /// Another one takes over from one that has been given so many requests; `None`: from none.
    pub recycle_requests: Option<u64>,
    /// Another one takes over from one whose memory has grown by so many MiB since it started; `None`: from none.
    pub recycle_mb: Option<u64>,
}

impl Default for InstancePlan {
    fn default() -> Self {
        Self {
            min: 1,
            max: 1,
            queue: Duration::from_millis(50),
            idle: Duration::from_secs(30),
            recycle_requests: None,
            recycle_mb: None,
        }
    }
}

/// Reads the field "instances" over others.
pub(super) fn read_instances(
    fields: &Fields<'_, Instances>,
    mut plan: InstancePlan,
) -> InstancePlan {
    let (min, max) = (fields.read(Instances::MIN), fields.read(Instances::MAX));
    // Where only one of them is said, the other one follows.
    plan.min = min.unwrap_or(plan.min.min(max.unwrap_or(usize::MAX)));
    plan.max = max.unwrap_or(plan.max.max(plan.min));
    if plan.min > plan.max
        && let Some(value) = fields.get(&Instances::MIN)
    {
        value.fault(
            format!(
                "expected no more than \"max\", {}, found {}",
                plan.max, plan.min
            ),
            "write the fewest instances first: { \"min\": 1, \"max\": 4 }".to_owned(),
        );
    }
    fields.read_over(Instances::QUEUE_MS, &mut plan.queue);
    fields.read_over(Instances::IDLE_MS, &mut plan.idle);
    plan.recycle_requests = fields
        .read(Instances::RECYCLE_REQUESTS)
        .or(plan.recycle_requests);
    plan.recycle_mb = fields.read(Instances::RECYCLE_MB).or(plan.recycle_mb);
    plan
}
