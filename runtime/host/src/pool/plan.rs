//! How many instances a pool has, and for how long: what its app's configuration says.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::Pool;
use super::member::Member;
use super::state::{Phase, State};
use crate::app::MOST_FINISHING;
use crate::config::InstancePlan;

/// An instance serves for so long before it is replaced by another one, whatever it has done by then.
const LEAST_LIFE: Duration = Duration::from_secs(1);
/// The times between two looks at a pool that has something to do, and at one that has not.
const LOOK: Duration = Duration::from_millis(250);
const REST: Duration = Duration::from_secs(1);
const SHORTEST: Duration = Duration::from_millis(10);
/// How long an instance that leaves may work for promises given to `waitUntil`; the environment of apps gives them no more.
const BACKGROUND: Duration = Duration::from_secs(30);

/// What comes after a look at a pool.
enum Step {
    /// It need not be looked after.
    End,
    /// Another instance starts if a request for this one, the least busy, would wait for so long.
    Ask(Member, Duration),
    /// To look again after this; `None`: with the next request.
    Wait(Option<Duration>),
}

impl Pool {
    /// Has the pool have as many instances as this says, from now on.
    pub(crate) fn plan(self: &Arc<Self>, plan: InstancePlan) {
        let mut state = self.lock();
        state.plan = plan;
        if !state.members.is_empty() {
            self.have_tended(&mut state);
        }
        drop(state);
        self.wanted.notify_one();
    }

    /// Has the instances looked after where there is more to do than to start the first one.
    pub(super) fn have_tended(self: &Arc<Self>, state: &mut State) {
        if state.plan.is_tended() && !state.is_tended {
            state.is_tended = true;
            self.starter.runtime().spawn(self.clone().tend());
        }
    }

    /// Looks after the instances as long as there are some.
    async fn tend(self: Arc<Self>) {
        loop {
            let pause = match self.look_after(Instant::now()) {
                Step::End => return,
                Step::Ask(member, longest) => {
                    let reached = member.instance().clone().reached();
                    if tokio::time::timeout(longest, reached).await.is_err() {
                        self.crowded();
                    }
                    Some(longest.clamp(SHORTEST, LOOK))
                }
                Step::Wait(pause) => pause,
            };
            let wanted = self.wanted.notified();
            match pause {
                // Whether it was in vain makes no difference.
                Some(pause) => drop(tokio::time::timeout(pause, wanted).await),
                None => wanted.await,
            }
        }
    }

    /// Does what is to be done about the instances, but for what only their answers can tell.
    fn look_after(self: &Arc<Self>, now: Instant) -> Step {
        let mut guard = self.lock();
        let state = &mut *guard;
        let is_over = state.phase != Phase::Open || state.members.is_empty() && !state.is_starting;
        if is_over || !state.plan.is_tended() {
            state.is_tended = false;
            return Step::End;
        }
        let plan = state.plan;
        let may_start = self.may_start_another(state, now);
        if let Some(member) = state.surplus(now) {
            self.dismiss(state, member);
        } else if may_start && state.members.len() < plan.min {
            self.begin_start(state, None);
        } else if may_start && let Some(member) = state.worn(&self.options.name, now) {
            self.begin_start(state, Some(member));
        } else if may_start
            && state.members.len() < plan.max
            && let Some(least) = state.running().filter(|least| least.seats() > 0)
        {
            return Step::Ask(least.clone(), plan.queue);
        }
        state.is_unwatched = state.leases == 0;
        Step::Wait(if !state.is_unwatched {
            Some(plan.queue.clamp(SHORTEST, LOOK))
        } else if state.members.len() == plan.min {
            None
        } else {
            Some((plan.idle / 8).clamp(SHORTEST, REST))
        })
    }

    /// A request for the least busy instance would wait for too long.
    fn crowded(self: &Arc<Self>) {
        let mut state = self.lock();
        let count = state.members.len();
        let has_room = state.phase == Phase::Open && (1..state.plan.max).contains(&count);
        if has_room && self.may_start_another(&state, Instant::now()) {
            let app = &*self.options.name;
            tracing::info!(
                app,
                instances = count + 1,
                "app is busy: it gets another instance"
            );
            self.begin_start(&mut state, None);
        }
    }

    /// Whether one may start that nobody waits for. Where memory is short it would take what is left, and those that were ended for
    /// that would be back at once.
    fn may_start_another(&self, state: &State, now: Instant) -> bool {
        !state.is_starting && state.may_start(now).is_ok() && !self.starter.is_short_of_memory()
    }

    /// An instance that is no member any more finishes what it has begun, and ends.
    pub(super) fn dismiss(self: &Arc<Self>, state: &mut State, member: Member) {
        state.leaving.push(member.clone());
        self.starter.runtime().spawn(async move {
            member.vacated().await;
            member.instance().clone().drain(BACKGROUND).await
        });
    }
}

impl State {
    /// The instance for a request: the least busy one, or one of its connection's thread, if that is hardly busier. (A connection that
    /// goes to another thread costs more than a short wait.)
    pub(super) fn pick(&mut self, home: usize) -> Option<&Member> {
        match self.members[..] {
            [_] => self.running(),
            _ => self.pick_among(home),
        }
    }

    fn pick_among(&mut self, home: usize) -> Option<&Member> {
        let least = self.running()?.seats();
        // Each has something to do.
        self.was_full |= least > 0;
        let is_home = |member: &&Member| {
            member.thread_id() == home && member.goes_on() && member.seats() <= least + least / 4
        };
        let at_home = self.members.iter().find(is_home);
        at_home.or_else(|| self.running())
    }

    /// The least busy instance that goes on; the oldest of these.
    pub(super) fn running(&self) -> Option<&Member> {
        match &self.members[..] {
            [only] => only.goes_on().then_some(only),
            several => {
                let going = several.iter().filter(|member| member.goes_on());
                going.min_by_key(|member| member.seats())
            }
        }
    }

    /// Takes an instance out that is one too many: the youngest, where they were not all at work at a time for long enough.
    fn surplus(&mut self, now: Instant) -> Option<Member> {
        let was_full = std::mem::take(&mut self.was_full);
        let count = self.members.len();
        if count <= self.plan.max {
            if was_full || count <= self.plan.min {
                self.surplus = None;
                return None;
            }
            let since = *self.surplus.get_or_insert(now);
            if now.saturating_duration_since(since) < self.plan.idle {
                return None;
            }
        }
        self.surplus = None;
        self.members.pop()
    }

    /// An instance that is to be replaced, because it has served for long enough. Those that leave and are not done yet are few: as many as
    /// serve, or as old versions may be.
    fn worn(&self, app: &str, now: Instant) -> Option<Member> {
        let is_old = |member: &&Member| member.age(now) >= LEAST_LIFE;
        let may_leave = self.leaving.len() < self.plan.max.max(MOST_FINISHING);
        let mut old = self.members.iter().filter(is_old).filter(|_| may_leave);
        let member = old.find(|member| self.plan.is_reached_by(member))?;
        let (requests, grown_mb) = (member.instance().stats().requests, member.growth() >> 20);
        tracing::info!(
            app,
            requests,
            grown_mb,
            "an instance of the app has served for long enough, and is replaced"
        );
        Some(member.clone())
    }
}

impl InstancePlan {
    /// Whether there is more to do than to start the first instance.
    fn is_tended(&self) -> bool {
        self.max > 1 || self.recycle_requests.is_some() || self.recycle_mb.is_some()
    }

    /// Whether an instance has done all that one may.
    fn is_reached_by(&self, member: &Member) -> bool {
        let requests = self.recycle_requests;
        let grown = self.recycle_mb;
        requests.is_some_and(|most| member.instance().stats().requests >= most)
            || grown.is_some_and(|most| member.growth() >> 20 >= most)
    }
}
