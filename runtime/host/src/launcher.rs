//! How the host starts and uses instances of apps; a trait, so that tests do without an engine.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use nano_api::worker::{
    Exit, FetchError, HttpRequest, HttpResponse, RequestId, StartError, ThreadIo, Worker,
    WorkerOptions,
};

/// Starts instances.
pub trait Launcher: Send + Sync + 'static {
    /// Starts an instance of an app; see [`Worker::start`].
    fn launch(
        &self,
        options: WorkerOptions,
    ) -> BoxFuture<'static, Result<Arc<dyn Instance>, StartError>>;
}

/// A running instance; see [`Worker`] for what its members promise.
pub trait Instance: Send + Sync + 'static {
    /// See [`Worker::fetch`].
    fn fetch(
        self: Arc<Self>,
        request: HttpRequest,
        id: RequestId,
    ) -> BoxFuture<'static, Result<HttpResponse, FetchError>>;

    /// See [`Worker::thread_io`].
    fn thread_io(&self) -> Option<Arc<ThreadIo>>;

    /// See [`Worker::drain`].
    fn drain(self: Arc<Self>, deadline: Duration) -> BoxFuture<'static, bool>;

    /// See [`Worker::ended`].
    fn ended(self: Arc<Self>) -> BoxFuture<'static, Exit>;

    /// See [`Worker::stop`].
    fn stop(&self);
}

/// Starts instances on the engine.
#[derive(Debug, Clone, Copy)]
pub struct WorkerLauncher;

impl Launcher for WorkerLauncher {
    fn launch(
        &self,
        options: WorkerOptions,
    ) -> BoxFuture<'static, Result<Arc<dyn Instance>, StartError>> {
        Box::pin(async {
            let worker = Worker::start(options).await?;
            Ok(Arc::new(worker) as Arc<dyn Instance>)
        })
    }
}

impl Instance for Worker {
    fn fetch(
        self: Arc<Self>,
        request: HttpRequest,
        id: RequestId,
    ) -> BoxFuture<'static, Result<HttpResponse, FetchError>> {
        Box::pin(async move { Worker::fetch(&self, request, id).await })
    }

    fn thread_io(&self) -> Option<Arc<ThreadIo>> {
        Worker::thread_io(self)
    }

    fn drain(self: Arc<Self>, deadline: Duration) -> BoxFuture<'static, bool> {
        Box::pin(async move { Worker::drain(&self, deadline).await })
    }

    fn ended(self: Arc<Self>) -> BoxFuture<'static, Exit> {
        Box::pin(async move { Worker::ended(&self).await })
    }

    fn stop(&self) {
        Worker::stop(self);
    }
}
