//! What belongs to one isolate and is reachable from every callback on its thread.

use std::any::{Any, TypeId};
use std::cell::{Cell, OnceCell, RefCell};
use std::sync::Arc;

use crate::embedding::Embedding;
use crate::engine::Engine;
use crate::external_memory::Account;
use crate::external_memory::shortage::Shortage;
use crate::external_memory::tables::Tables;
use crate::hardening::wasm_functions;
use crate::limits::Exit;
use crate::mailbox::{Handle, KeepAlive, Shared};
use crate::meter::Meter;
use crate::modules::Modules;
use crate::ops::Ops;
use crate::rejections::Rejections;
use crate::thread_io::ThreadIo;
use crate::timers::Timers;

/// The isolate's data slot that points to its [`State`]. Slots from 1 on are the embedding's (`Isolate::set_data`).
const SLOT: u32 = 0;

/// The engine's data of one isolate. It lives on the isolate's thread, longer than every scope.
pub struct State {
    pub(crate) shared: Arc<Shared>,
    pub(crate) embedding: &'static Embedding,
    pub(crate) ops: Ops,
    pub(crate) timers: Timers,
    pub(crate) rejections: Rejections,
    pub(crate) modules: Modules,
    /// Modules of WebAssembly, whoever has them.
    pub(crate) wasm_modules: wasm_functions::Modules,
    pub(crate) limits: crate::Limits,
    /// V8's own limit, while it is raised.
    pub(crate) raised_heap_limit: Cell<Option<usize>>,
    pub(crate) shortage: Shortage,
    /// V8's own `JSON.parse`, whose place is taken.
    pub(crate) json_parse: OnceCell<v8::Global<v8::Function>>,
    /// Set when the isolate has been made.
    pub(crate) tables: OnceCell<Tables>,
    /// Set where turns are paid for.
    pub(crate) meter: OnceCell<Meter>,
    tokio: Option<tokio::runtime::Handle>,
    templates: SnapshotData,
    objects: SnapshotData,
    extensions: RefCell<Vec<(TypeId, Box<dyn Any>)>>,
    /// Dropped at the end of the turn.
    of_this_turn: RefCell<Vec<Box<dyn Any>>>,
}

impl State {
    pub(crate) fn new(
        engine: &'static Engine,
        handle: &Handle,
        limits: crate::Limits,
        tokio: Option<tokio::runtime::Handle>,
    ) -> Self {
        Self {
            shared: handle.0.clone(),
            embedding: engine.embedding,
            ops: Ops::default(),
            timers: Timers::default(),
            rejections: Rejections::default(),
            modules: Modules::default(),
            wasm_modules: wasm_functions::Modules::default(),
            limits,
            raised_heap_limit: Cell::new(None),
            shortage: Shortage::default(),
            json_parse: OnceCell::new(),
            tables: OnceCell::new(),
            meter: OnceCell::new(),
            tokio,
            templates: SnapshotData::new(engine.snapshot.templates),
            objects: SnapshotData::new(engine.snapshot.objects),
            extensions: RefCell::default(),
            of_this_turn: RefCell::default(),
        }
    }

    /// Makes the isolate point here. The state must outlive it.
    pub(crate) fn attach(self: &std::pin::Pin<Box<Self>>, isolate: &mut v8::Isolate) {
        isolate.set_data(SLOT, (&raw const **self).cast_mut().cast());
    }

    /// The state of the isolate that a scope is in.
    ///
    /// The reference lives as long as the scope's handles, and does not borrow the scope.
    #[inline]
    pub fn from_scope<'s>(scope: &v8::PinScope<'s, '_>) -> &'s State {
        let state = scope.get_data(SLOT).cast_const().cast::<State>();
        debug_assert!(
            !state.is_null(),
            "the isolate was not created by nano-engine"
        );
        // SAFETY: `attach` stored the pointer, and the state outlives the isolate, hence every scope of it. All of its
        // fields are changed through cells.
        unsafe { &*state }
    }

    /// Like [`State::from_scope`] where there is only an isolate; `None` for one that bakes a snapshot.
    pub fn from_isolate(isolate: &v8::Isolate) -> Option<&State> {
        let state = isolate.get_data(SLOT).cast_const().cast::<State>();
        // SAFETY: as above; the reference borrows the isolate.
        unsafe { state.as_ref() }
    }

    /// Reaches this isolate from other threads.
    pub fn handle(&self) -> Handle {
        Handle(self.shared.clone())
    }

    /// Keeps the isolate running while it drains.
    pub fn keep_alive(&self) -> KeepAlive {
        self.handle().keep_alive()
    }

    /// Hands a result to a task outside of the isolate: now, or when the thread gets to its I/O. What is cheap to do only.
    pub fn deliver(&self, deliver: impl FnOnce() + Send + 'static) {
        match self.shared.io() {
            Some(io) => io.deliver(Box::new(deliver)),
            None => deliver(),
        }
    }

    /// Keeps a value until the running turn is over, with its microtasks.
    pub fn keep_for_this_turn(&self, value: impl Any) {
        self.of_this_turn.borrow_mut().push(Box::new(value));
    }

    /// A turn is over.
    pub(crate) fn end_turn(&self) {
        let kept = std::mem::take(&mut *self.of_this_turn.borrow_mut());
        drop(kept);
    }

    /// The isolate's timers.
    pub fn timers(&self) -> &Timers {
        &self.timers
    }

    /// The isolate's operations.
    pub fn ops(&self) -> &Ops {
        &self.ops
    }

    /// Says where modules come from, once.
    pub(crate) fn set_modules(&self, source: Box<dyn crate::ModuleSource>) {
        self.modules.set_source(source);
    }

    /// Counts array buffers. For native code that makes backing stores from memory of its own.
    pub fn account(&self) -> &Arc<Account> {
        &self.shared.account
    }

    /// The runtime that operations run on, if the isolate was given one.
    pub fn tokio(&self) -> Option<&tokio::runtime::Handle> {
        self.tokio.as_ref()
    }

    /// The I/O of this isolate's thread, if there is any.
    pub fn thread_io(&self) -> Option<&Arc<ThreadIo>> {
        self.shared.io()
    }

    /// Stores the embedding's data of this isolate, one per type. Panics if there is one already.
    pub fn set_extension<T: 'static>(&self, value: T) {
        let mut extensions = self.extensions.borrow_mut();
        let id = TypeId::of::<T>();
        assert!(
            extensions.iter().all(|(key, _)| *key != id),
            "{} is set already",
            std::any::type_name::<T>()
        );
        extensions.push((id, Box::new(value)));
    }

    /// The embedding's data of type `T`. Panics if nothing of this type was set; see [`State::try_extension`].
    #[inline]
    pub fn extension<T: 'static>(&self) -> &T {
        self.try_extension().unwrap_or_else(|| {
            panic!(
                "no extension {} in this isolate: call set_extension in Embedding::start",
                std::any::type_name::<T>()
            )
        })
    }

    /// The embedding's data of type `T`, if any was set.
    #[inline]
    pub fn try_extension<T: 'static>(&self) -> Option<&T> {
        let extensions = self.extensions.borrow();
        let id = TypeId::of::<T>();
        let value: *const dyn Any = &*extensions.iter().find(|(key, _)| *key == id)?.1;
        // SAFETY: the type was compared; boxes do not move, and are only dropped in `clear`, when no callback is running.
        Some(unsafe { &*value.cast::<T>() })
    }

    /// What [`crate::Baker::add_template`] returned `index` for. Panics for another index or type.
    #[inline]
    pub fn template<'s, T: 'static>(
        &self,
        scope: &v8::PinScope<'s, '_>,
        index: usize,
    ) -> v8::Local<'s, T>
    where
        v8::Local<'s, v8::Data>: TryInto<v8::Local<'s, T>>,
    {
        self.templates.get(scope, index, |index| {
            scope.get_isolate_data_from_snapshot_once::<v8::Data>(index)
        })
    }

    /// What [`crate::Baker::add_object`] returned `index` for. Panics for another index or type.
    #[inline]
    pub fn object<'s, T: 'static>(
        &self,
        scope: &v8::PinScope<'s, '_>,
        index: usize,
    ) -> v8::Local<'s, T>
    where
        v8::Local<'s, v8::Data>: TryInto<v8::Local<'s, T>>,
    {
        self.objects.get(scope, index, |index| {
            scope.get_context_data_from_snapshot_once::<v8::Data>(index)
        })
    }

    /// Whether none of the isolate's JavaScript may run any more: it has passed a limit, or is ended from outside. Callbacks that
    /// loop should look at it, and return: the script that has called them does not go on.
    #[inline]
    pub fn is_terminated(&self) -> bool {
        self.shared.is_terminated()
    }

    /// The reason to leave the loop, if there is one.
    pub(crate) fn verdict(&self) -> Option<Exit> {
        self.shared.exit()
    }

    /// Whether draining has nothing left to wait for. Does not look at the mailbox.
    pub(crate) fn is_drained(&self, isolate: &v8::Isolate) -> bool {
        use crate::Until;
        let Some(until) = self.shared.draining() else {
            return false;
        };
        self.shared.tokens() == 0
            && (until == Until::Released
                || (self.ops.pending() == 0
                    && !self.timers.has_referenced()
                    && !self.rejections.is_pending()
                    && !isolate.has_pending_background_tasks()))
    }

    /// Drops everything that holds handles, while the isolate is still there and entered.
    pub(crate) fn clear(&self) {
        self.ops.clear();
        self.timers.clear_all();
        self.rejections.clear();
        self.modules.clear();
        self.wasm_modules.clear();
        drop(self.extensions.take());
        self.templates.values.take();
        self.objects.values.take();
    }
}

/// Values of the snapshot, fetched when first asked for: V8 hands each out once.
struct SnapshotData {
    values: RefCell<Vec<Option<v8::Global<v8::Data>>>>,
}

impl SnapshotData {
    fn new(len: usize) -> Self {
        Self {
            values: RefCell::new(vec![None; len]),
        }
    }

    #[inline]
    fn get<'s, T: 'static>(
        &self,
        scope: &v8::PinScope<'s, '_>,
        index: usize,
        fetch: impl FnOnce(usize) -> Result<v8::Local<'s, v8::Data>, v8::DataError>,
    ) -> v8::Local<'s, T>
    where
        v8::Local<'s, v8::Data>: TryInto<v8::Local<'s, T>>,
    {
        let mut values = self.values.borrow_mut();
        let len = values.len();
        let Some(slot) = values.get_mut(index) else {
            panic!("the snapshot has {len} values of this kind, not {index}")
        };
        let data = match slot {
            Some(global) => v8::Local::new(scope, &*global),
            None => {
                let data = fetch(index).unwrap_or_else(|error| {
                    panic!("value {index} of the snapshot was given out before: {error}")
                });
                *slot = Some(v8::Global::new(scope, data));
                data
            }
        };
        data.try_into().unwrap_or_else(|_| {
            panic!(
                "value {index} of the snapshot is no {}",
                std::any::type_name::<T>()
            )
        })
    }
}
