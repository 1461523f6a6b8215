//! One version of an app, with what the host does for it.

use std::sync::Arc;

use nano_worker::{Commons, StartError, StartErrorKind};

use crate::config::AppConfig;
use crate::log::AppLog;
use crate::pool::Pool;
use crate::starter::Starter;
use crate::statistics::Statistics;

/// What an app is at a time: a configuration, and the instances that run with it. It never changes: where only the host's part of
/// the configuration does, such as routes and limits of requests, the next deployment has the same pool.
pub(crate) struct Deployment {
    config: AppConfig,
    version: u64,
    pool: Arc<Pool>,
}

impl Deployment {
    /// An app's first version. Starts nothing.
    pub(crate) fn first(
        config: AppConfig,
        log: &Arc<AppLog>,
        statistics: &Arc<Statistics>,
        commons: &Arc<Commons>,
        starter: &Arc<Starter>,
    ) -> Arc<Self> {
        Self::numbered(1, config, log, statistics, commons, starter)
    }

    /// The version after this one, with instances of its own. Starts nothing.
    pub(crate) fn next(
        &self,
        config: AppConfig,
        log: &Arc<AppLog>,
        statistics: &Arc<Statistics>,
        commons: &Arc<Commons>,
        starter: &Arc<Starter>,
    ) -> Arc<Self> {
        Self::numbered(self.version + 1, config, log, statistics, commons, starter)
    }

    fn numbered(
        version: u64,
        config: AppConfig,
        log: &Arc<AppLog>,
        statistics: &Arc<Statistics>,
        commons: &Arc<Commons>,
        starter: &Arc<Starter>,
    ) -> Arc<Self> {
        let services = starter.services();
        let options =
            config.worker_options(log.clone(), services.of(&config.name), commons.clone());
        let fault = config.fault.as_ref().map(|fault| StartError {
            kind: StartErrorKind::NoEntry,
            message: fault.message.clone(),
            detail: Some(fault.to_string()),
        });
        let pool = Pool::new(
            options,
            config.instances,
            fault,
            statistics.clone(),
            starter.clone(),
        );
        services.may_be_called_by(&pool, &config);
        Arc::new(Self {
            version,
            pool,
            config,
        })
    }

    /// The same version and instances, with another part of the host's.
    pub(crate) fn under(&self, config: AppConfig) -> Arc<Self> {
        if config.instances != self.config.instances {
            self.pool.plan(config.instances);
        }
        Arc::new(Self {
            config,
            version: self.version,
            pool: self.pool.clone(),
        })
    }

    /// What the app is configured to be.
    pub(crate) fn config(&self) -> &AppConfig {
        &self.config
    }

    /// Counts an app's versions since the process has it; from 1 on.
    pub(crate) fn version(&self) -> u64 {
        self.version
    }

    pub(crate) fn pool(&self) -> &Arc<Pool> {
        &self.pool
    }
}
