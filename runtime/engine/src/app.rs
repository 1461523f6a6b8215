//! Whose isolates are: the instances of an app, whatever versions of it they run, have one share of what the process has.
//!
//! An [`App`] is what they have together, and is there as long as anything counts for it: isolates, those that were lost included, and
//! what they have left behind. Apps are known by their names. What outlives even that (types of WebAssembly, compiled code) goes by the
//! name alone.

use std::collections::HashMap;
use std::sync::atomic::AtomicUsize;
use std::sync::{Arc, LazyLock, Mutex, OnceLock, PoisonError, Weak};

use crate::external_memory::{Account, malloc};

/// See the [module](self).
#[derive(Debug, Default)]
pub(crate) struct App {
    name: Box<str>,
    /// Mappings of memory for buffers, and the address space that they take; see [`crate::external_memory::mappings`].
    pub(crate) mappings: AtomicUsize,
    pub(crate) mapped: AtomicUsize,
    /// Functions of modules; see [`crate::hardening::wasm_functions`].
    pub(crate) functions: AtomicUsize,
    /// Isolates that have ended, and had something on its way to others then.
    ended: Mutex<Vec<Weak<Account>>>,
}

/// The apps that there are, and some that there were.
static APPS: LazyLock<Mutex<HashMap<Box<str>, Weak<App>>>> = LazyLock::new(Mutex::default);

impl App {
    /// The app of this name.
    pub(crate) fn named(name: &str) -> Arc<App> {
        // Who works for an app may be stopped where it asks for memory, and would keep the lock.
        let _nobody = malloc::work_for_nobody();
        let mut apps = APPS.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(app) = apps.get(name).and_then(Weak::upgrade) {
            return app;
        }
        if apps.len() == apps.capacity() {
            apps.retain(|_, app| app.strong_count() > 0);
        }
        let app = Arc::new(App {
            name: name.into(),
            ..App::default()
        });
        apps.insert(name.into(), Arc::downgrade(&app));
        app
    }

    /// An isolate of it has ended. What it had on its way to others counts until they have it.
    pub(crate) fn leave(&self, account: &Arc<Account>) {
        if account.left() == 0 {
            return;
        }
        let mut ended = self.ended.lock().unwrap_or_else(PoisonError::into_inner);
        ended.retain(|account| account.strong_count() > 0);
        ended.push(Arc::downgrade(account));
    }

    /// Bytes that ended isolates of it had on their way to others, who do not have them yet.
    fn left(&self) -> usize {
        let ended = self.ended.lock().unwrap_or_else(PoisonError::into_inner);
        let accounts = ended.iter().filter_map(Weak::upgrade);
        accounts.map(|account| account.left()).sum()
    }

    /// Its name; empty if it is an isolate by itself.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }
}

/// Bytes that ended isolates of this name had on their way to others (bodies, messages), who do not have them yet. Too much is a reason not
/// to start the next.
pub fn left_behind(name: &str) -> usize {
    App::named(name).left()
}

/// The app of an isolate, which is one by itself until somebody says whose it is.
#[derive(Debug, Default)]
pub(crate) struct Owner {
    // What counts for it before it belongs to somebody stays here.
    alone: Arc<App>,
    told: OnceLock<Arc<App>>,
}

impl Owner {
    /// Says whose it is. Returns false if that is known already.
    pub(crate) fn tell(&self, app: Arc<App>) -> bool {
        self.told.set(app).is_ok()
    }

    /// Whether it is known whose it is.
    pub(crate) fn is_told(&self) -> bool {
        self.told.get().is_some()
    }

    /// Allocates nothing, and waits for nobody.
    pub(crate) fn app(&self) -> &Arc<App> {
        self.told.get().unwrap_or(&self.alone)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::Ordering::Relaxed;

    use super::*;
    use crate::external_memory::Reservation;

    #[test]
    fn an_app_is_its_name_as_long_as_anybody_has_it() {
        let app = App::named("app");
        app.functions.store(1, Relaxed);
        assert!(Arc::ptr_eq(&app, &App::named("app")));
        assert!(!Arc::ptr_eq(&app, &App::named("other app")));
        drop(app);
        assert_eq!(App::named("app").functions.load(Relaxed), 0);
    }

    #[test]
    fn what_the_ended_have_left_counts_until_it_is_taken() {
        let (app, account) = (App::named("leaves"), Arc::new(Account::new(100)));
        app.leave(&account);
        assert!(app.ended.lock().is_ok_and(|ended| ended.is_empty()));
        let mut message = Reservation::new(account.clone());
        assert!(message.try_grow(60));
        app.leave(&account);
        drop(account);
        assert_eq!((left_behind("leaves"), left_behind("another")), (60, 0));
        drop(message);
        assert_eq!(left_behind("leaves"), 0);
    }

    #[test]
    fn those_that_were_are_forgotten() {
        for number in 0..10_000 {
            App::named(&format!("forgotten {number}"));
        }
        let apps = APPS.lock().unwrap_or_else(PoisonError::into_inner);
        assert!(apps.len() < 5_000, "{}", apps.len());
    }

    #[test]
    fn an_isolate_that_nobody_has_told_is_an_app_by_itself() {
        let (one, other) = (Owner::default(), Owner::default());
        assert!(!Arc::ptr_eq(one.app(), other.app()));
        assert!(!one.is_told() && one.app().name().is_empty());
        for owner in [&one, &other] {
            assert!(owner.tell(App::named("told")));
        }
        assert!(Arc::ptr_eq(one.app(), other.app()));
        assert!(!one.tell(App::named("another one's")));
        assert_eq!((one.is_told(), one.app().name()), (true, "told"));
    }
}
