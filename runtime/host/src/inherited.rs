//! Sockets that whoever starts the process has opened for it: systemd's socket activation,
//! [sd_listen_fds(3)](https://www.freedesktop.org/software/systemd/man/sd_listen_fds.html). So ports below 1024 need no privileges, and
//! clients that come while there is no process wait for the next one.

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::os::fd::{FromRawFd as _, OwnedFd};
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};

use socket2::{Socket, Type};

use crate::config::ListenAddress;

/// The sockets. They stay open as long as the process does: a listener that is removed and added again has the same one.
#[derive(Debug, Default)]
pub struct Inherited(Vec<Passed>);

/// One of them.
#[derive(Debug)]
struct Passed {
    /// What the `.socket` unit calls it (FileDescriptorName=).
    name: String,
    listener: AnyListener,
    /// Nobody else gets it.
    user: Option<User>,
}

#[derive(Debug)]
enum AnyListener {
    Tcp(TcpListener, SocketAddr),
    Unix(UnixListener, PathBuf),
}

/// Who uses a socket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum User {
    Apps,
    Admin,
}

/// Why a socket cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum InheritedError {
    /// The variables do not say which there are, or there are fewer.
    #[error(
        "cannot use the sockets that were passed to the process: {0}; expected what sd_listen_fds(3) says of LISTEN_FDS, LISTEN_PID and LISTEN_FDNAMES"
    )]
    Unusable(#[from] io::Error),
    /// It is something else.
    #[error(
        "cannot use {name:?}, which was passed to the process (LISTEN_FDS): it is no stream socket that listens; expected ListenStream= and Accept=no in the .socket unit"
    )]
    NoListener {
        /// What the unit calls it.
        name: String,
    },
}

impl Inherited {
    /// Takes the sockets, and the variables that tell of them from the process's environment. Other processes do not get the sockets
    /// (close-on-exec).
    ///
    /// # Errors
    /// See [`InheritedError`].
    ///
    /// # Safety
    /// The process has no other thread, and calls this once.
    pub unsafe fn take() -> Result<Self, InheritedError> {
        // SAFETY: there is no other thread, which might read the environment.
        let passed = unsafe { sd_notify::listen_fds_with_names_and_unset_env() }?;
        let sockets = passed.map(|(descriptor, name)| {
            // SAFETY: it is open, as its flags could be set, and was passed to be owned; nobody else takes it.
            let socket = unsafe { OwnedFd::from_raw_fd(descriptor) };
            Passed::new(socket.into(), name)
        });
        sockets.collect::<Result<_, _>>().map(Self)
    }

    /// The socket that is bound to an address of apps, if there is one.
    pub(crate) fn of_apps(&mut self, wanted: ListenAddress) -> io::Result<Option<TcpListener>> {
        let exact = wanted.socket();
        if let Some(listener) = self.tcp(exact, User::Apps)? {
            return Ok(Some(listener));
        }
        match wanted.ip {
            // All addresses, of IPv4 only.
            None => self.tcp(
                (std::net::Ipv4Addr::UNSPECIFIED, wanted.port).into(),
                User::Apps,
            ),
            Some(_) => Ok(None),
        }
    }

    /// The socket that is bound to this address, if there is one that nobody else uses.
    pub(crate) fn tcp(
        &mut self,
        wanted: SocketAddr,
        user: User,
    ) -> io::Result<Option<TcpListener>> {
        for passed in &mut self.0 {
            if let AnyListener::Tcp(listener, address) = &passed.listener
                && *address == wanted
                && *passed.user.get_or_insert(user) == user
            {
                return listener.try_clone().map(Some);
            }
        }
        Ok(None)
    }

    /// The same of a socket in the file system.
    pub(crate) fn unix(&mut self, wanted: &Path) -> io::Result<Option<UnixListener>> {
        for passed in &mut self.0 {
            if let AnyListener::Unix(listener, path) = &passed.listener
                && is_same(path, wanted)
            {
                passed.user = Some(User::Admin);
                return listener.try_clone().map(Some);
            }
        }
        Ok(None)
    }

    /// Whether a socket in the file system is one of these.
    pub(crate) fn has_unix(&self, wanted: &Path) -> bool {
        let is_it = |passed: &Passed| matches!(&passed.listener, AnyListener::Unix(_, path) if is_same(path, wanted));
        self.0.iter().any(is_it)
    }

    /// One that nobody uses: what it is called, and where it listens.
    pub(crate) fn unused(&self) -> Option<(&str, String)> {
        let passed = self.0.iter().find(|passed| passed.user.is_none())?;
        let address = match &passed.listener {
            AnyListener::Tcp(_, address) => address.to_string(),
            AnyListener::Unix(_, path) => format!("unix:{}", path.display()),
        };
        Some((&passed.name, address))
    }
}

impl Passed {
    fn new(socket: Socket, name: String) -> Result<Self, InheritedError> {
        let listener = match listening(socket) {
            Ok(Some(listener)) => listener,
            // What is no socket at all has no such options.
            Ok(None) | Err(_) => return Err(InheritedError::NoListener { name }),
        };
        Ok(Self {
            name,
            listener,
            user: None,
        })
    }
}

fn listening(socket: Socket) -> io::Result<Option<AnyListener>> {
    // Others have no way to ask, and no systemd.
    #[cfg(target_os = "linux")]
    if !socket.is_listener()? {
        return Ok(None);
    }
    if socket.r#type()? != Type::STREAM {
        return Ok(None);
    }
    let address = socket.local_addr()?;
    Ok(match (address.as_socket(), address.as_pathname()) {
        (Some(address), _) => Some(AnyListener::Tcp(socket.into(), address)),
        (None, Some(path)) => {
            let path = path.to_owned();
            Some(AnyListener::Unix(OwnedFd::from(socket).into(), path))
        }
        (None, None) => None,
    })
}

/// Whether two paths lead to the same file, or are the same.
fn is_same(one: &Path, other: &Path) -> bool {
    one == other
        || one
            .canonicalize()
            .is_ok_and(|one| other.canonicalize().is_ok_and(|other| one == other))
}

#[cfg(test)]
mod tests {
    use std::net::{Ipv4Addr, TcpStream};
    use std::os::unix::net::UnixDatagram;

    use super::*;

    fn of(socket: impl Into<OwnedFd>) -> Result<Inherited, InheritedError> {
        let socket: OwnedFd = socket.into();
        Passed::new(socket.into(), "web".to_owned()).map(|passed| Inherited(vec![passed]))
    }

    fn bound(ip: Ipv4Addr) -> (TcpListener, u16) {
        let listener = TcpListener::bind((ip, 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        (listener, port)
    }

    fn at(ip: Option<Ipv4Addr>, port: u16) -> ListenAddress {
        let ip = ip.map(Into::into);
        ListenAddress { ip, port }
    }

    #[test]
    fn a_socket_is_used_for_its_address_only() {
        let (listener, port) = bound(Ipv4Addr::LOCALHOST);
        let mut inherited = of(listener).unwrap();
        for other in [
            at(None, port),
            at(Some(Ipv4Addr::LOCALHOST), port.wrapping_add(1)),
            at(Some(Ipv4Addr::UNSPECIFIED), port),
        ] {
            assert!(inherited.of_apps(other).unwrap().is_none(), "{other}");
        }
        let expected = format!("127.0.0.1:{port}");
        assert_eq!(inherited.unused(), Some(("web", expected)));
        let own = at(Some(Ipv4Addr::LOCALHOST), port);
        for _ in 0..2 {
            let listener = inherited.of_apps(own).unwrap().expect("the same socket");
            assert_eq!(listener.local_addr().unwrap().port(), port);
        }
        assert_eq!(inherited.unused(), None);
        let admin = inherited.tcp(own.socket(), User::Admin).unwrap();
        assert!(admin.is_none(), "the apps have it");
    }

    #[test]
    fn all_addresses_may_be_those_of_ipv4() {
        let (listener, port) = bound(Ipv4Addr::UNSPECIFIED);
        let mut inherited = of(listener).unwrap();
        assert!(inherited.of_apps(at(None, port)).unwrap().is_some());
    }

    #[test]
    fn a_socket_in_the_file_system_is_found_by_each_path_to_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("admin.sock");
        let mut inherited = of(UnixListener::bind(&path).unwrap()).unwrap();
        let link = folder.path().join("link");
        std::os::unix::fs::symlink(folder.path(), &link).unwrap();
        assert!(!inherited.has_unix(&folder.path().join("other.sock")));
        assert!(inherited.has_unix(&link.join("admin.sock")));
        let listener = inherited.unix(&link.join("admin.sock")).unwrap();
        assert!(listener.is_some() && inherited.unused().is_none());
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn what_does_not_listen_is_told() {
        let (listener, port) = bound(Ipv4Addr::LOCALHOST);
        let connected = TcpStream::connect(("127.0.0.1", port)).unwrap();
        let file = std::fs::File::open("/dev/null").unwrap();
        for wrong in [
            of(connected),
            of(file),
            of(UnixDatagram::unbound().unwrap()),
        ] {
            let error = wrong.expect_err("it does not listen").to_string();
            assert!(
                error.contains("\"web\"") && error.contains("ListenStream="),
                "{error}"
            );
        }
        drop(listener);
    }
}
