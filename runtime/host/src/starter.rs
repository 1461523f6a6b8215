//! Starting instances, a few at a time.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use nano_worker::{
    CacheMemory, Instance, Isolation, Launcher, Limits, Losses, StartError, WorkerOptions,
};
use tokio::runtime::Handle;
use tokio::sync::Semaphore;

use crate::services::Services;

/// A start that takes longer than this waits for something, or is its app's own affair: the next one may begin.
const TURN: Duration = Duration::from_millis(100);

/// Starts the instances of all apps of a host: in the order in which they are asked for, and no more at a time than there are cores,
/// so that many starts at once take nothing away from the apps that run.
pub(crate) struct Starter {
    launcher: Arc<dyn Launcher>,
    turns: Semaphore,
    /// How many may start at a time.
    width: usize,
    /// Where instances are started and looked after: not on the thread of whoever asks, which may be another app's.
    runtime: Handle,
    /// How the apps reach each other.
    services: Arc<Services>,
    /// What their caches hold.
    cache_memory: Arc<CacheMemory>,
}

/// All caches take this part of what the process may use.
const CACHE_PART: usize = 8;

impl Starter {
    /// Must be called within the host's runtime.
    pub(crate) fn new(launcher: Arc<dyn Launcher>) -> Arc<Self> {
        let width = std::thread::available_parallelism().map_or(1, usize::from);
        let cache_memory = CacheMemory::new(launcher.process_memory() / CACHE_PART);
        Arc::new(Self {
            cache_memory: Arc::new(cache_memory),
            launcher,
            turns: Semaphore::new(width),
            width,
            runtime: Handle::current(),
            services: Services::new(Handle::current()),
        })
    }

    /// How many instances start at a time.
    pub(crate) fn width(&self) -> usize {
        self.width
    }

    pub(crate) fn runtime(&self) -> &Handle {
        &self.runtime
    }

    /// How the apps reach each other.
    pub(crate) fn services(&self) -> &Arc<Services> {
        &self.services
    }

    /// What the apps' caches hold and may hold.
    pub(crate) fn cache_memory(&self) -> &Arc<CacheMemory> {
        &self.cache_memory
    }

    /// Keeps so many isolates prepared from now on, for apps that may use so much, and run so.
    pub(crate) fn keep_prepared(&self, isolates: usize, limits: &Limits, isolation: Isolation) {
        self.launcher.keep_prepared(isolates, limits, isolation);
    }

    /// What the process has lost.
    pub(crate) fn losses(&self) -> Losses {
        self.launcher.losses()
    }

    /// What the process may use, in bytes.
    pub(crate) fn process_memory(&self) -> usize {
        self.launcher.process_memory()
    }

    /// Whether no instance should start that can be done without.
    pub(crate) fn is_short_of_memory(&self) -> bool {
        self.launcher.is_short_of_memory()
    }

    /// Starts an instance when its turn has come.
    ///
    /// # Errors
    /// See [`Launcher::launch`].
    pub(crate) async fn launch(
        &self,
        options: WorkerOptions,
    ) -> Result<Arc<dyn Instance>, StartError> {
        // It is never closed.
        let turn = self.turns.acquire().await.ok();
        let mut launch = pin!(self.launcher.launch(options));
        tokio::select! {
            biased;
            started = launch.as_mut() => return started,
            () = tokio::time::sleep(TURN) => drop(turn),
        }
        launch.await
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fake::{FakeLauncher, app_config};
    use crate::log::AppLog;

    fn options(name: &str) -> WorkerOptions {
        app_config(name).worker_options(
            Arc::new(AppLog::new(name.into())),
            Arc::new(nano_worker::NoServices),
            Arc::default(),
        )
    }

    #[tokio::test(start_paused = true)]
    async fn starts_take_turns_and_those_that_wait_hold_up_nobody() {
        let launcher = FakeLauncher::new();
        launcher.start_within(Duration::from_millis(10));
        let starter = Starter::new(launcher.clone());
        let began = tokio::time::Instant::now();
        let all = (0..4 * starter.width()).map(|_| starter.launch(options("a")));
        assert!(
            futures_util::future::join_all(all)
                .await
                .iter()
                .all(Result::is_ok)
        );
        assert_eq!(launcher.most_starts_at_once(), starter.width());
        assert_eq!(began.elapsed().as_millis() / 10, 4);

        launcher.start_within(Duration::from_secs(30));
        let stuck: Vec<_> = (0..starter.width())
            .map(|_| {
                let starter = starter.clone();
                tokio::spawn(async move { starter.launch(options("stuck")).await.is_ok() })
            })
            .collect();
        tokio::task::yield_now().await;
        launcher.start_within(Duration::from_millis(10));
        let began = tokio::time::Instant::now();
        assert!(starter.launch(options("b")).await.is_ok());
        assert!(began.elapsed() < Duration::from_secs(1));
        for start in stuck {
            assert!(start.await.expect("no panic"));
        }
    }
}
