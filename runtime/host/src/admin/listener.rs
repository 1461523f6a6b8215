//! Where the admin API listens.

use std::convert::Infallible;
use std::io;
use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use nano_worker::Stop;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, UnixListener, UnixStream};
use tokio::task::AbortHandle;

use super::Service;
use crate::config::AdminAddress;
use crate::server::MAX_HEAD;
use crate::server::crowd::Crowd;

/// How many connections there may be. With their heads they hold some 5 MB, which are not of the budget of clients' connections:
/// these keep nobody from the admin API.
const MAX_CONNECTIONS: usize = 64;
/// How long a request's head may take, and how long a connection may be idle.
const HEAD: Duration = Duration::from_secs(30);
/// How long a connection that is to close may take for what it has begun.
const GRACE: Duration = Duration::from_secs(5);
/// The pause when the process has no file descriptor left for another connection.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// A bound address.
#[derive(Debug)]
pub(crate) struct AdminListener {
    socket: Socket,
    address: AdminAddress,
}

#[derive(Debug)]
enum Socket {
    Tcp(TcpListener),
    Unix(
        /// None: it was there before the process, and stays. Dropped first: for as long as the socket is open, no other file is taken for
        /// its own.
        Option<SocketFile>,
        UnixListener,
    ),
}

/// A socket in the file system, removed when this is dropped.
#[derive(Debug)]
struct SocketFile {
    path: PathBuf,
    /// Its device and number: somebody else may have removed it, and another process listen there.
    id: (u64, u64),
}

impl SocketFile {
    /// The one that has just been made.
    fn at(path: &Path) -> io::Result<Self> {
        Ok(Self {
            path: path.to_owned(),
            id: id_of_file(path)?,
        })
    }
}

fn id_of_file(path: &Path) -> io::Result<(u64, u64)> {
    let found = std::fs::symlink_metadata(path)?;
    Ok((found.dev(), found.ino()))
}

impl Drop for SocketFile {
    fn drop(&mut self) {
        // If it has gone already, that is well, too.
        if id_of_file(&self.path).is_ok_and(|id| id == self.id) {
            let _ = std::fs::remove_file(&self.path);
        }
    }
}

impl AdminListener {
    /// Binds an address. A socket in the file system that nobody listens on any more is replaced.
    ///
    /// # Errors
    /// The system refuses.
    pub(crate) async fn bind(address: &AdminAddress) -> io::Result<Self> {
        Ok(match address {
            AdminAddress::Tcp(wanted) => {
                let socket = TcpListener::bind(wanted).await?;
                let address = AdminAddress::Tcp(socket.local_addr()?);
                let socket = Socket::Tcp(socket);
                Self { socket, address }
            }
            AdminAddress::Unix(path) => {
                remove_left(path).await?;
                let socket = UnixListener::bind(path)?;
                let file = SocketFile::at(path)?;
                // For the user that NANO runs as, whatever its mask of permissions is.
                std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600))?;
                Self {
                    socket: Socket::Unix(Some(file), socket),
                    address: address.clone(),
                }
            }
        })
    }

    /// A socket that listens already. Must be called within the host's runtime.
    ///
    /// # Errors
    /// The system refuses.
    pub(crate) fn of_tcp(socket: std::net::TcpListener) -> io::Result<Self> {
        socket.set_nonblocking(true)?;
        let socket = TcpListener::from_std(socket)?;
        let address = AdminAddress::Tcp(socket.local_addr()?);
        let socket = Socket::Tcp(socket);
        Ok(Self { socket, address })
    }

    /// The same of a socket in the file system, which whoever has made it may remove.
    ///
    /// # Errors
    /// The system refuses.
    pub(crate) fn of_unix(
        socket: std::os::unix::net::UnixListener,
        path: &Path,
    ) -> io::Result<Self> {
        socket.set_nonblocking(true)?;
        let socket = Socket::Unix(None, UnixListener::from_std(socket)?);
        let address = AdminAddress::Unix(path.to_owned());
        Ok(Self { socket, address })
    }

    /// The address, with the port that the system chose where 0 was asked for.
    pub(crate) fn address(&self) -> &AdminAddress {
        &self.address
    }

    /// Answers requests until what this gives is dropped. Where the process has no descriptor left, one of the `crowd` goes. Must be
    /// called within the host's runtime.
    pub(crate) fn serve(self, service: Arc<Service>, crowd: Arc<Crowd>) -> AdminListening {
        let stop = Stop::default();
        let file = match &self.socket {
            Socket::Unix(Some(file), _) => Some(file.path.clone()),
            Socket::Unix(None, _) | Socket::Tcp(_) => None,
        };
        let listening = AdminListening {
            service: service.clone(),
            stop: stop.clone(),
            file,
        };
        tokio::spawn(accept(self.socket, service, crowd, stop));
        listening
    }
}

/// Removes a socket that a process has left behind.
async fn remove_left(path: &Path) -> io::Result<()> {
    let is_socket =
        std::fs::symlink_metadata(path).is_ok_and(|found| found.file_type().is_socket());
    if is_socket
        && let Err(error) = UnixStream::connect(path).await
        && error.kind() == io::ErrorKind::ConnectionRefused
    {
        std::fs::remove_file(path)?;
    }
    Ok(())
}

/// A listener that serves until this is dropped.
pub(crate) struct AdminListening {
    service: Arc<Service>,
    stop: Stop,
    /// A socket in the file system that this process has made.
    file: Option<PathBuf>,
}

impl AdminListening {
    /// Whether it can be found: a socket in the file system may have been removed.
    pub(crate) fn is_there(&self) -> bool {
        let is_gone = |path: &PathBuf| {
            let found = std::fs::symlink_metadata(path);
            found.is_err_and(|error| error.kind() == io::ErrorKind::NotFound)
        };
        !self.file.as_ref().is_some_and(is_gone)
    }

    /// What answers.
    pub(crate) fn service(&self) -> &Service {
        &self.service
    }
}

impl Drop for AdminListening {
    fn drop(&mut self) {
        self.stop.set();
    }
}

/// A connection's client, as far as it is known.
#[derive(Debug, Default)]
pub(super) struct Visitor {
    /// It has been let in.
    is_known: AtomicBool,
}

impl Visitor {
    /// It may use the API.
    pub(super) fn is_let_in(&self) {
        self.is_known.store(true, Ordering::Relaxed);
    }
}

/// The connections that there are, in the order of their coming.
#[derive(Default)]
struct Visits(Vec<(Arc<Visitor>, AbortHandle)>);

impl Visits {
    /// Makes room for one more: where there is none, whoever has been there longest without being let in has to leave, or, if all have
    /// been, whoever has been there longest. Those who follow logs must not keep a probe out: it would end the process.
    fn make_room(&mut self) {
        self.0.retain(|(_, task)| !task.is_finished());
        if self.0.len() < MAX_CONNECTIONS {
            return;
        }
        let stranger = |(visitor, _): &(Arc<Visitor>, _)| !visitor.is_known.load(Ordering::Relaxed);
        let index = self.0.iter().position(stranger).unwrap_or_default();
        let (_, task) = self.0.remove(index);
        task.abort();
    }
}

async fn accept(socket: Socket, service: Arc<Service>, crowd: Arc<Crowd>, stop: Stop) {
    let mut visits = Visits::default();
    let mut stopped = stop.stopped();
    loop {
        let visitor = Arc::new(Visitor::default());
        let accepted = async {
            Ok(match &socket {
                Socket::Tcp(socket) => {
                    connection(socket.accept().await?.0, &service, &visitor, &stop)
                }
                Socket::Unix(_, socket) => {
                    connection(socket.accept().await?.0, &service, &visitor, &stop)
                }
            })
        };
        let accepted: io::Result<_> = tokio::select! {
            accepted = accepted => accepted,
            () = &mut stopped => return,
        };
        match accepted {
            Ok(connection) => {
                visits.make_room();
                let task = tokio::spawn(connection).abort_handle();
                visits.0.push((visitor, task));
            }
            Err(error) => {
                crowd.make_room_for_one();
                tracing::warn!(%error, "cannot accept a connection to the admin API; trying again");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

/// Serves a connection until it ends, or shortly after the listener does.
fn connection(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    service: &Arc<Service>,
    visitor: &Arc<Visitor>,
    stop: &Stop,
) -> futures_util::future::BoxFuture<'static, ()> {
    let (service, visitor) = (service.clone(), visitor.clone());
    let stopped = stop.stopped();
    Box::pin(async move {
        let answer = service_fn(|request| {
            let (service, visitor) = (service.clone(), visitor.clone());
            async move { Ok::<_, Infallible>(service.answer(request, &visitor).await) }
        });
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(HEAD)
            .max_buf_size(MAX_HEAD)
            .serve_connection(TokioIo::new(stream), answer);
        let mut connection = pin!(connection);
        // How a connection ends is its client's affair.
        tokio::select! {
            _ = connection.as_mut() => return,
            () = stopped => connection.as_mut().graceful_shutdown(),
        }
        let _ = tokio::time::timeout(GRACE, connection).await;
    })
}
