//! The host's part of the admin API: that it listens where the configuration wants it.

use std::io;
use std::os::unix::fs::PermissionsExt as _;

use super::{Host, Refusal, State};
use crate::admin::Service;
use crate::admin::listener::{AdminListener, AdminListening};
use crate::config::{AdminAddress, AdminConfig, Config};
use crate::inherited::User;

impl Host {
    /// Has the admin API be what is wanted.
    pub(super) fn change_admin(
        &self,
        state: &mut State,
        wanted: Option<&AdminConfig>,
        bound: Option<AdminListener>,
    ) {
        let Some(wanted) = wanted else {
            if state.admin.take().is_some() {
                tracing::info!("the admin API is off");
            }
            return;
        };
        match (bound, &mut state.admin) {
            (Some(listener), admin) => {
                crate::log::recent::keep();
                tracing::info!(address = %listener.address(), "the admin API listens");
                let service = Service::new(self.this.clone(), self.ask.clone(), wanted.clone());
                *admin = Some(listener.serve(service, self.crowd.clone()));
            }
            (None, Some(listening)) => listening.service().configure(wanted.clone()),
            (None, None) => {}
        }
    }
}

impl State {
    /// Binds the address of the admin API, if that is not bound yet, or its socket has been removed.
    pub(super) async fn bind_admin(
        &mut self,
        wanted: &Config,
    ) -> Result<Option<AdminListener>, Refusal> {
        let Some(admin) = &wanted.admin else {
            return Ok(None);
        };
        if let AdminAddress::Unix(path) = &admin.listen
            && admin.token.is_none()
            && self.inherited.has_unix(path)
            && let Ok(found) = std::fs::metadata(path)
        {
            // Its own sockets are its user's.
            let mode = found.permissions().mode() & 0o777;
            if mode & 0o022 != 0 {
                let path = path.clone();
                return Err(Refusal::OpenSocket { path, mode });
            }
        }
        let is_the_same = |bound: &&AdminListening| bound.service().config().listen == admin.listen;
        let bound = self.admin.as_ref().filter(is_the_same);
        let is_bound = bound.is_some();
        if bound.is_some_and(AdminListening::is_there) {
            return Ok(None);
        }
        let listener = match self.inherited_admin(&admin.listen) {
            Ok(Some(listener)) => Ok(listener),
            Ok(None) => AdminListener::bind(&admin.listen).await,
            Err(error) => Err(error),
        };
        match listener {
            Ok(listener) => Ok(Some(listener)),
            // Apps change all the same.
            Err(error) if is_bound => {
                tracing::warn!(address = %admin.listen, %error, "the admin API's socket was removed, and cannot be made again");
                Ok(None)
            }
            Err(error) => Err(Refusal::BindAdmin {
                address: admin.listen.clone(),
                error,
            }),
        }
    }

    /// A socket for the admin API that was bound before the process began.
    fn inherited_admin(&mut self, address: &AdminAddress) -> io::Result<Option<AdminListener>> {
        let listener = match address {
            AdminAddress::Tcp(wanted) => {
                let socket = self.inherited.tcp(*wanted, User::Admin)?;
                socket.map(AdminListener::of_tcp)
            }
            AdminAddress::Unix(path) => {
                let socket = self.inherited.unix(path)?;
                socket.map(|socket| AdminListener::of_unix(socket, path))
            }
        };
        listener.transpose()
    }
}
