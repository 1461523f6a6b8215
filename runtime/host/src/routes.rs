//! Which app answers: of all listeners, at one time.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use arc_swap::{ArcSwap, Guard};

use crate::app::App;
use crate::config::{
    AppConfig, ClientLimits, Config, HostPattern, ListenAddress, PathPattern, Proxies,
};
use crate::router::{Found, Router};

/// From a listener and what a request says to an app. It never changes: the next one takes its place.
pub(crate) struct Routes {
    /// Tells it from those before; no two are equal.
    generation: u64,
    clients: ClientLimits,
    proxies: Arc<Proxies>,
    /// By the address that the configuration names; a few.
    tables: Vec<(ListenAddress, Arc<Router<Arc<App>>>)>,
}

/// What a route is for: a listener, a host, and a path, or all of them.
pub(crate) type Pattern<'a> = (ListenAddress, &'a HostPattern, Option<&'a PathPattern>);

impl Routes {
    /// The routes of a configuration to the apps that it names; those that `app` does not know have none. `instead` may say for a
    /// route what has it as yet.
    pub(crate) fn new(
        config: &Config,
        mut app: impl FnMut(&AppConfig) -> Option<Arc<App>>,
        mut instead: impl FnMut(&Arc<App>, &Pattern<'_>) -> Option<Arc<App>>,
    ) -> Self {
        let mut tables: BTreeMap<ListenAddress, Router<Arc<App>>> = BTreeMap::new();
        if config.apps_folder.is_some() {
            // Apps may come into it.
            tables.entry(config.listen).or_default();
        }
        for wanted in &config.apps {
            let Some(app) = app(wanted) else { continue };
            let listener = config.address_of(wanted);
            let table = tables.entry(listener).or_default();
            for host in &wanted.hosts {
                let mut insert = |path: Option<&PathPattern>| {
                    let pattern = (listener, host, path);
                    let has_it = instead(&app, &pattern);
                    let target = has_it.as_ref().unwrap_or(&app);
                    table.insert(host, path.map_or(&[], std::slice::from_ref), target);
                };
                if wanted.paths.is_empty() {
                    insert(None);
                }
                wanted.paths.iter().for_each(|path| insert(Some(path)));
            }
        }
        let shared = |(listener, table)| (listener, Arc::new(table));
        let tables = tables.into_iter().map(shared).collect();
        Self::of(config.clients, config.proxies.clone(), tables)
    }

    fn of(
        clients: ClientLimits,
        proxies: Arc<Proxies>,
        tables: Vec<(ListenAddress, Arc<Router<Arc<App>>>)>,
    ) -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        Self {
            generation: NEXT.fetch_add(1, Ordering::Relaxed),
            clients,
            proxies,
            tables,
        }
    }

    /// Whether there are routes for a listener.
    pub(crate) fn has(&self, listener: ListenAddress) -> bool {
        self.tables.iter().any(|(of, _)| *of == listener)
    }

    /// Adds what was said before of these listeners, where nothing new is.
    pub(crate) fn keep(&mut self, before: &Self, listeners: impl Iterator<Item = ListenAddress>) {
        for listener in listeners {
            let kept = before.tables.iter().find(|(of, _)| *of == listener);
            if let Some(kept) = kept.filter(|_| !self.has(listener)) {
                self.tables.push(kept.clone());
            }
        }
    }

    /// Tells it from other routes.
    pub(crate) fn generation(&self) -> u64 {
        self.generation
    }

    /// How slow clients may be.
    pub(crate) fn clients(&self) -> ClientLimits {
        self.clients
    }

    /// Who is believed when he says whom a request is from.
    pub(crate) fn proxies(&self) -> &Arc<Proxies> {
        &self.proxies
    }

    /// What has a route.
    pub(crate) fn at(&self, (listener, host, path): &Pattern<'_>) -> Option<&Arc<App>> {
        let (_, table) = self.tables.iter().find(|(of, _)| of == listener)?;
        table.at(host, *path)
    }

    /// What answers to a host, a name in lower case without a port, and a path.
    pub(crate) fn find(
        &self,
        listener: ListenAddress,
        host: &str,
        path: &str,
    ) -> Option<Found<'_, Arc<App>>> {
        let (_, table) = self.tables.iter().find(|(of, _)| *of == listener)?;
        table.find(host, path)
    }
}

/// The routes of now. Whoever looks twice may see others.
#[derive(Clone)]
pub(crate) struct CurrentRoutes(Arc<Published>);

struct Published {
    routes: ArcSwap<Routes>,
    /// Theirs; cheaper to look at.
    generation: AtomicU64,
}

impl Default for CurrentRoutes {
    fn default() -> Self {
        let nowhere = Routes::of(ClientLimits::default(), Arc::default(), Vec::new());
        Self(Arc::new(Published {
            generation: AtomicU64::new(nowhere.generation),
            routes: ArcSwap::from_pointee(nowhere),
        }))
    }
}

impl CurrentRoutes {
    /// The generation of the routes.
    #[inline]
    pub(crate) fn generation(&self) -> u64 {
        self.0.generation.load(Ordering::Acquire)
    }

    /// For a moment: not to be kept.
    #[inline]
    pub(crate) fn load(&self) -> Guard<Arc<Routes>> {
        self.0.routes.load()
    }

    /// From now on, requests see these.
    pub(crate) fn publish(&self, routes: Routes) {
        let generation = routes.generation;
        self.0.routes.store(Arc::new(routes));
        self.0.generation.store(generation, Ordering::Release);
    }
}
