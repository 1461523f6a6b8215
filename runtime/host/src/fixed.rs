//! Settings that the process has from its start to its end.

use std::fmt;

use crate::config::{Config, OtlpConfig, Tracing};

/// What of a configuration counts only when the process starts.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct FixedSettings {
    memory_mb: Option<u64>,
    trace: Tracing,
    otlp: Option<OtlpConfig>,
}

impl FixedSettings {
    /// Those of a configuration.
    pub(crate) fn of(config: &Config) -> Self {
        // Every setting is either here, or applied while the host serves.
        let Config {
            memory_mb,
            trace,
            otlp,
            // By the host: listeners, apps, routes, and its next drain.
            listen: _,
            apps: _,
            drain: _,
            clients: _,
            proxies: _,
            ports: _,
            prepared: _,
            admin: _,
            // By the reloader.
            file: _,
            watch: _,
            apps_folder: _,
            folder_faults: _,
        } = config;
        Self {
            memory_mb: *memory_mb,
            trace: *trace,
            otlp: otlp.clone(),
        }
    }

    /// What is wanted here and is otherwise in the process, which has `own`.
    pub(crate) fn differences(&self, own: &Self) -> Vec<Fixed> {
        let megabytes = |value: Option<u64>| match value {
            Some(value) => value.to_string(),
            None => "not set".to_owned(),
        };
        let mut differences = Vec::new();
        if self.memory_mb != own.memory_mb {
            differences.push(Fixed {
                setting: "memory_mb",
                wanted: megabytes(self.memory_mb),
                in_force: megabytes(own.memory_mb),
            });
        }
        if self.trace != own.trace {
            differences.push(Fixed {
                setting: "trace",
                wanted: self.trace.to_string(),
                in_force: own.trace.to_string(),
            });
        }
        if self.otlp != own.otlp {
            let text = |otlp: &Option<OtlpConfig>| match otlp {
                Some(otlp) => otlp.to_string(),
                None => "not set".to_owned(),
            };
            differences.push(Fixed {
                setting: "otlp",
                wanted: text(&self.otlp),
                in_force: text(&own.otlp),
            });
        }
        differences
    }
}

/// A setting that is wanted otherwise than the process has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fixed {
    /// Its name in the configuration.
    pub setting: &'static str,
    /// What the configuration says.
    pub wanted: String,
    /// What the process goes on with.
    pub in_force: String,
}

impl fmt::Display for Fixed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            setting,
            wanted,
            in_force,
        } = self;
        write!(
            f,
            "{setting:?} cannot change while NANO runs: found {wanted}, and what NANO was started with stays in force, {in_force}; \
             restart NANO to change it"
        )
    }
}
