//! Apps that nobody asks for stop.

use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use super::{Host, State};
use crate::app::App;
use crate::config::{Config, Idle};

impl Host {
    /// Ends instances that nobody has asked for long enough, for as long as there is a host.
    pub(super) async fn end_idle_instances(host: Weak<Self>) {
        let mut pause = Duration::from_secs(1);
        loop {
            tokio::time::sleep(pause).await;
            let Some(host) = host.upgrade() else { return };
            let idle = host.idle.load_full();
            for (app, after) in idle.iter() {
                let ended = app.current().pool().end_idle(*after, Instant::now());
                if ended > 0 {
                    let idle_ms = u64::try_from(after.as_millis()).unwrap_or(u64::MAX);
                    tracing::info!(
                        app = &**app.name(),
                        idle_ms,
                        "idle app stopped; its next request starts it"
                    );
                }
            }
            // Nobody is kept much longer than he should.
            let shortest = idle.iter().map(|(_, after)| *after / 8).min();
            let (least, most) = (Duration::from_millis(20), Duration::from_secs(1));
            pause = shortest.map_or(most, |shortest| shortest.clamp(least, most));
        }
    }
}

/// The apps whose instances end when they are idle, and after how long.
pub(super) fn idle_apps(state: &State, wanted: &Config) -> Vec<(Arc<App>, Duration)> {
    let idle = wanted.apps.iter().filter_map(|config| {
        let Idle::For(after) = wanted.idle_of(config) else {
            return None;
        };
        Some((state.apps.get(&config.name)?.clone(), after))
    });
    idle.collect()
}
