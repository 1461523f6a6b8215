//! Telling the service manager how the process is:
//! [sd_notify(3)](https://www.freedesktop.org/software/systemd/man/sd_notify.html). Without one, nothing is told.

use std::ffi::OsStr;
use std::io;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::net::{SocketAddr, UnixDatagram};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use sd_notify::NotifyState;
use tokio::time::MissedTickBehavior;

use crate::app::App;
use crate::host::{Host, Readiness};
use crate::reload::Ask;

/// How often it is told what the process is about, where no watchdog wants to hear from it more often.
const STATUS: Duration = Duration::from_secs(10);

/// The service manager.
pub(crate) struct Manager {
    host: Arc<Host>,
    /// It was told that the process is about to end.
    is_stopping: AtomicBool,
    /// It could not be told something, and the log says so.
    is_deaf: AtomicBool,
    /// It has yet to be told that the process is ready.
    owes_ready: AtomicBool,
}

impl Manager {
    /// The one that has started the process, if it wants to be told of it.
    pub(crate) fn of(host: &Arc<Host>) -> Option<Arc<Self>> {
        std::env::var_os("NOTIFY_SOCKET")?;
        Some(Arc::new(Self {
            host: host.clone(),
            is_stopping: AtomicBool::new(false),
            is_deaf: AtomicBool::new(false),
            owes_ready: AtomicBool::new(false),
        }))
    }

    /// Tells it when apps that start with the process have all been tried, and from time to time that the process is alive, and what it
    /// is about. That goes on until the process ends; whoever looks at the host's runtime by its watchdog looks at these tasks.
    pub(crate) fn follow(self: &Arc<Self>) {
        let this = self.clone();
        tokio::spawn(async move { this.is_ready().await });
        let this = self.clone();
        let watchdog = sd_notify::watchdog_enabled().filter(|longest| !longest.is_zero());
        tokio::spawn(async move {
            let every = watchdog.map_or(STATUS, |longest| STATUS.min(longest / 2));
            let mut ticks = tokio::time::interval(every);
            ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
            let mut last = String::new();
            loop {
                ticks.tick().await;
                let mut news = Vec::new();
                if watchdog.is_some() {
                    news.push(NotifyState::Watchdog);
                }
                let owes_ready = this.owes_ready.load(Ordering::Relaxed) && !this.is_stopping();
                if owes_ready {
                    news.push(NotifyState::Ready);
                }
                let status = status(&this.host);
                if status != last {
                    news.push(NotifyState::Status(&status));
                }
                if this.tell(&news) {
                    last = status;
                    if owes_ready {
                        this.owes_ready.store(false, Ordering::Relaxed);
                    }
                }
            }
        });
    }

    /// Has everything looked at anew, and tells when that begins and ends.
    pub(crate) fn reload(self: &Arc<Self>, ask: &Ask) {
        let began = NotifyState::monotonic_usec_now();
        // What newer ones want to have along with it.
        let reloading = [Ok(NotifyState::Reloading), began];
        let reloading: Vec<_> = reloading.into_iter().flatten().collect();
        self.tell(&reloading);
        let (this, ask) = (self.clone(), ask.clone());
        tokio::spawn(async move {
            // What has become of it is logged.
            let _ = ask.reload_and_hear().await;
            this.is_ready().await;
        });
    }

    /// Tells that the process finishes what it has begun, and ends.
    pub(crate) fn stops(&self) {
        self.is_stopping.store(true, Ordering::Relaxed);
        self.tell(&[NotifyState::Stopping]);
    }

    async fn is_ready(&self) {
        self.host.has_started().await;
        if !self.is_stopping() {
            let status = status(&self.host);
            let told = self.tell(&[NotifyState::Ready, NotifyState::Status(&status)]);
            self.owes_ready.store(!told, Ordering::Relaxed);
        }
    }

    fn is_stopping(&self) -> bool {
        self.is_stopping.load(Ordering::Relaxed)
    }

    /// Whether it could be told.
    fn tell(&self, news: &[NotifyState<'_>]) -> bool {
        let told = match news {
            [] => Ok(()),
            news => send(news),
        };
        if let Err(error) = &told
            && !self.is_deaf.swap(true, Ordering::Relaxed)
        {
            tracing::warn!(%error, "the service manager cannot be told how the process is (NOTIFY_SOCKET)");
        }
        told.is_ok()
    }
}

/// Sends a message, unless nobody takes those that were sent before: the crate's own function would wait for that.
fn send(news: &[NotifyState<'_>]) -> io::Result<()> {
    let Some(name) = std::env::var_os("NOTIFY_SOCKET") else {
        return Ok(());
    };
    let text: String = news.iter().map(|state| format!("{state}\n")).collect();
    let socket = UnixDatagram::unbound()?;
    socket.set_nonblocking(true)?;
    socket.send_to_addr(text.as_bytes(), &address(&name)?)?;
    Ok(())
}

/// The address with this name, which may be one of Linux's that are no files: `@name`.
fn address(name: &OsStr) -> io::Result<SocketAddr> {
    #[cfg(target_os = "linux")]
    if let Some(name) = name.as_bytes().strip_prefix(b"@") {
        use std::os::linux::net::SocketAddrExt as _;
        return SocketAddr::from_abstract_name(name);
    }
    SocketAddr::from_pathname(name)
}

/// What the process is about, in one line.
fn status(host: &Host) -> String {
    let apps = host.apps();
    let in_flight: usize = apps.iter().map(|app: &Arc<App>| app.in_flight()).sum();
    let apps = apps.len();
    match host.readiness() {
        Readiness::Starting => format!("starting; apps: {apps}"),
        Readiness::Ready => format!("serving; apps: {apps}, requests in flight: {in_flight}"),
        Readiness::Draining => format!("draining; requests in flight: {in_flight}"),
    }
}
