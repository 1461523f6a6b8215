//! A request's hold on an instance of an app.

use std::sync::Arc;

use nano_worker::{Exit, Instance, RequestId, Stop};

use crate::app::App;
use crate::config::AppLimits;
use crate::deployment::Deployment;
use crate::pool::{Member, NOBODY, Seat, Unavailable};

/// What a request that is taken in has: an instance, running or to be started, of the version that was the app's at that time.
/// That version goes on until its leases are given back, by dropping them: when the last bytes of responses have left.
pub(crate) struct Lease {
    deployment: Arc<Deployment>,
    seat: Option<Seat>,
}

impl Lease {
    /// `None` if the deployment takes no request in any more. `home` is the thread that the request's connection is on, by its id.
    pub(crate) fn of(deployment: Arc<Deployment>, home: usize) -> Option<Self> {
        let seat = deployment.pool().lease(home)?;
        Some(Self { deployment, seat })
    }

    /// The same for a request of another app: also while the deployment finishes what it has begun.
    pub(crate) fn late(deployment: Arc<Deployment>) -> Option<Self> {
        let seat = deployment.pool().late_lease()?;
        Some(Self { deployment, seat })
    }

    /// Whether it is a lease of this deployment's.
    pub(crate) fn is_of(&self, deployment: &Arc<Deployment>) -> bool {
        Arc::ptr_eq(&self.deployment, deployment)
    }

    /// The limits of the request.
    pub(crate) fn limits(&self) -> &AppLimits {
        &self.deployment.config().limits
    }

    /// The instance, if one was running when the request was taken in.
    pub(crate) fn member(&self) -> Option<&Member> {
        self.seat.as_deref()
    }

    /// Whether the request met the limit of requests that it may cause, as far as its instance knows.
    pub(crate) fn has_met_subrequests(&self, id: RequestId) -> bool {
        let seat = self.seat.as_ref();
        seat.is_some_and(|seat| seat.instance().has_met_subrequests(id))
    }

    /// What is set when its version, or its instance, is to finish what it has begun.
    pub(crate) fn leaving(&self) -> Vec<Stop> {
        let own = self.seat.as_ref().map(|seat| seat.leaving().clone());
        own.into_iter()
            .chain([self.deployment.pool().leaving().clone()])
            .collect()
    }

    /// Whether the request would wait behind so many, or more, until its instance begins with it.
    #[inline]
    pub(crate) fn is_behind(&self, count: usize) -> bool {
        let waiting = match &self.seat {
            Some(seat) => seat.instance().waiting(),
            None => self.deployment.pool().waiting(),
        };
        waiting >= count
    }

    /// The instance for the request. Where it has none, it gets the next one of its version; or of the next version,
    /// if `app` has one by now.
    pub(crate) async fn instance(&mut self, app: &App) -> Result<Arc<dyn Instance>, Unavailable> {
        // If it does not go on, it gives the request back.
        if let Some(seat) = &self.seat {
            return Ok(seat.instance().clone());
        }
        Box::pin(self.another(app)).await
    }

    async fn another(&mut self, app: &App) -> Result<Arc<dyn Instance>, Unavailable> {
        if !self.deployment.pool().is_open()
            && let Some(next) = app.lease(NOBODY)
        {
            *self = next;
        }
        let pool = self.deployment.pool().clone();
        let seat = pool.while_it_waits(pool.instance()).await?;
        let instance = seat.instance().clone();
        self.seat = Some(seat);
        Ok(instance)
    }

    /// The instance has given the request back: it has ended, or must.
    pub(crate) async fn returned(&mut self) {
        let Some(member) = self.seat.take() else {
            return;
        };
        let exit = match member.instance().condemned() {
            Some(exit) => exit,
            // It was drained, and ends at this moment.
            None => member.instance().clone().ended().await,
        };
        self.note_end(&member, &exit);
    }

    fn note_end(&self, member: &Member, exit: &Exit) {
        self.deployment.pool().remove(member, exit);
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        // Before whoever waits for the last lease sees that.
        self.seat = None;
        self.deployment.pool().release();
    }
}
