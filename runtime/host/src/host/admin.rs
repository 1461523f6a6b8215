//! The host's part of the admin API: that it listens where the configuration wants it.

use super::{Host, Refusal, State};
use crate::admin::Service;
use crate::admin::listener::AdminListener;
use crate::config::{AdminConfig, Config};

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
    /// Binds the address of the admin API, if that is not bound yet.
    pub(super) async fn bind_admin(
        &self,
        wanted: &Config,
    ) -> Result<Option<AdminListener>, Refusal> {
        let Some(admin) = &wanted.admin else {
            return Ok(None);
        };
        if let Some(bound) = &self.admin
            && bound.service().config().listen == admin.listen
        {
            return Ok(None);
        }
        match AdminListener::bind(&admin.listen).await {
            Ok(listener) => Ok(Some(listener)),
            Err(error) => Err(Refusal::BindAdmin {
                address: admin.listen.clone(),
                error,
            }),
        }
    }
}
