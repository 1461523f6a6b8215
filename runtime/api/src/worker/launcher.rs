//! The border's traits, on the engine.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::BoxFuture;
use nano_engine::Transpiler;
use nano_worker::{
    Exit, Handlers, HttpRequest, HttpResponse, Instance, InstanceThread, Isolation, Launcher,
    Limits, Losses, RequestId, ScheduledEvent, StartError, StartErrorKind, Unanswered, Unfinished,
    WorkerOptions, WorkerStats,
};

use super::carriers::Carriers;
use super::fetching::Fetching;
use super::warm::Warm;
use super::{Worker, limits_of};
use crate::fetch::client::{Outbound, own_request};

/// A start that is lost with its thread is tried again, so often in all: that is another app's doing.
const MOST_TRIES: u32 = 3;

/// Starts instances on the engine.
#[derive(Clone)]
pub struct WorkerLauncher {
    transpiler: Option<Arc<dyn Transpiler>>,
    warm: Arc<Warm>,
    carriers: Arc<Carriers>,
    /// For the host's own requests, which no app has a say in.
    outbound: Arc<Outbound>,
}

impl Default for WorkerLauncher {
    fn default() -> Self {
        Self {
            transpiler: None,
            warm: Arc::default(),
            carriers: Arc::default(),
            outbound: Arc::new(Outbound::unrestricted()),
        }
    }
}

impl WorkerLauncher {
    /// A launcher of apps that may be written in what this makes JavaScript of.
    pub fn with_transpiler(transpiler: Arc<dyn Transpiler>) -> Self {
        Self {
            transpiler: Some(transpiler),
            ..Self::default()
        }
    }
}

impl Launcher for WorkerLauncher {
    fn launch(
        &self,
        options: WorkerOptions,
    ) -> BoxFuture<'static, Result<Arc<dyn Instance>, StartError>> {
        let launcher = self.clone();
        Box::pin(async move {
            let WorkerLauncher { warm, carriers, .. } = &launcher;
            let mut tries = 0;
            loop {
                tries += 1;
                let transpiler = launcher.transpiler.clone();
                let worker = Worker::start_with(options.clone(), transpiler, warm, carriers).await;
                match worker {
                    Ok(worker) => return Ok(Arc::new(worker) as Arc<dyn Instance>),
                    Err(error)
                        if error.kind == StartErrorKind::ThreadLost && tries < MOST_TRIES => {}
                    Err(error) => return Err(error),
                }
            }
        })
    }

    fn send(
        &self,
        url: &str,
        request: http::Request<Bytes>,
    ) -> BoxFuture<'static, Result<http::Response<Bytes>, String>> {
        let sent = own_request(self.outbound.clone(), url, request);
        Box::pin(async { sent.await.map_err(|failure| failure.to_string()) })
    }

    fn keep_prepared(&self, isolates: usize, limits: &Limits, isolation: Isolation) {
        let are_shared = isolation == Isolation::Shared;
        let carriers = are_shared.then(|| self.carriers.clone());
        self.warm.keep(isolates, limits_of(limits), carriers);
    }

    fn losses(&self) -> Losses {
        Losses {
            instances: nano_engine::containment::count(),
            are_heavy: nano_engine::containment::is_lost_memory_much(),
        }
    }

    fn process_memory(&self) -> usize {
        nano_engine::process_memory::limit()
    }

    fn is_short_of_memory(&self) -> bool {
        nano_engine::process_memory::was_short()
    }
}

impl Instance for Worker {
    fn fetch(
        self: Arc<Self>,
        request: Box<HttpRequest>,
        id: RequestId,
    ) -> BoxFuture<'static, Result<Box<HttpResponse>, Unanswered>> {
        Box::pin(Fetching::new(self, request, id))
    }

    fn scheduled(
        self: Arc<Self>,
        event: ScheduledEvent,
        id: RequestId,
    ) -> BoxFuture<'static, Result<(), Unfinished>> {
        Box::pin(async move { Worker::scheduled(&self, event, id).await })
    }

    fn handlers(&self) -> Handlers {
        Worker::handlers(self)
    }

    fn waiting(&self) -> usize {
        Worker::waiting(self)
    }

    fn reached(self: Arc<Self>) -> BoxFuture<'static, ()> {
        Box::pin(async move { Worker::reached(&self).await })
    }

    fn thread(&self) -> Option<Arc<dyn InstanceThread>> {
        let io = self.handle.0.thread_io()?;
        Some(io)
    }

    fn drain(self: Arc<Self>, deadline: Duration) -> BoxFuture<'static, bool> {
        Box::pin(async move { Worker::drain(&self, deadline).await })
    }

    fn condemned(&self) -> Option<Exit> {
        Worker::condemned(self)
    }

    fn ended(self: Arc<Self>) -> BoxFuture<'static, Exit> {
        Box::pin(async move { Worker::ended(&self).await })
    }

    fn stop(&self) {
        Worker::stop(self);
    }

    fn has_met_subrequests(&self, id: RequestId) -> bool {
        Worker::has_met_subrequests(self, id)
    }

    fn stats(&self) -> WorkerStats {
        Worker::stats(self)
    }
}
