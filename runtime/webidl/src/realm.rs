//! What one isolate keeps for the bindings: templates, property keys, and the way to the built-in scripts.

use std::cell::{Cell, OnceCell, RefCell};
use std::collections::HashMap;

use nano_engine::State;

use crate::blank::Blank;
use crate::interface::{Tables, lazy};
use crate::{DomExceptionName, Scope, Value, internalized};

/// The isolate's data slot that points to its [`Realm`]. Slot 0 is the engine's.
const SLOT: u32 = 1;

/// Makes a `DOMException`; the interface itself lives in a layer above.
pub type MakeDomException = for<'s, 'i> fn(&mut Scope<'s, 'i>, DomExceptionName, &str) -> Value<'s>;

/// The bindings' state in one isolate: an extension of the engine's [`State`], which outlives every scope of the isolate.
pub struct Realm {
    tables: &'static Tables,
    /// Those of lazy interfaces are made when they are first asked for.
    templates: Vec<OnceCell<v8::Global<v8::FunctionTemplate>>>,
    /// Of interfaces whose objects native code has made.
    blanks: Vec<OnceCell<Blank>>,
    keys: RefCell<Vec<Option<v8::Global<v8::String>>>>,
    bridge: v8::Global<v8::Object>,
    functions: RefCell<HashMap<&'static str, v8::Global<v8::Function>>>,
    make_dom_exception: Cell<MakeDomException>,
}

impl Realm {
    /// Makes and installs the realm of an isolate out of a snapshot. The baker was given the templates that
    /// [`bake`](crate::interface::bake) has made of the same tables and list of eager interfaces, in their order, and the bridge to the
    /// built-in scripts as its first object.
    pub fn from_snapshot(
        scope: &mut v8::PinScope,
        tables: &'static Tables,
        eager: &[&str],
        make_dom_exception: MakeDomException,
    ) {
        let state = State::from_scope(scope);
        let mut baked = 0;
        let templates = (0..tables.interfaces.len())
            .map(|index| {
                if lazy::is_lazy(tables, eager, index) {
                    return OnceCell::new();
                }
                let template: v8::Local<v8::FunctionTemplate> = state.template(scope, baked);
                baked += 1;
                OnceCell::from(v8::Global::new(scope, template))
            })
            .collect();
        let bridge: v8::Local<v8::Object> = state.object(scope, 0);
        let bridge = v8::Global::new(scope, bridge);
        state.set_extension(Realm {
            tables,
            templates,
            blanks: tables.interfaces.iter().map(|_| OnceCell::new()).collect(),
            keys: RefCell::new((0..tables.keys).map(|_| None).collect()),
            bridge,
            functions: RefCell::default(),
            make_dom_exception: Cell::new(make_dom_exception),
        });
        let realm: &Realm = state.extension();
        scope.set_data(SLOT, (&raw const *realm).cast_mut().cast());
    }

    /// The realm of the isolate that a scope is in. The reference lives as long as the scope's handles, and does not borrow the scope.
    ///
    /// # Panics
    /// If none was made: the isolate was not started by `nano-api`.
    pub fn of<'s>(scope: &Scope<'s, '_>) -> &'s Realm {
        let realm = scope.get_data(SLOT).cast_const().cast::<Realm>();
        assert!(
            !realm.is_null(),
            "the isolate has no realm: it was not started by nano-api"
        );
        // SAFETY: `from_snapshot` put the address of an extension there, which does not move and outlives every scope.
        unsafe { &*realm }
    }

    /// The template of an interface.
    pub fn template<'s>(
        scope: &mut Scope<'s, '_>,
        kind: u16,
    ) -> v8::Local<'s, v8::FunctionTemplate> {
        let realm = Realm::of(scope);
        let index = usize::from(kind);
        let template = realm.templates[index].get_or_init(|| {
            let template = lazy::template(scope, realm.tables, index);
            v8::Global::new(scope, template)
        });
        v8::Local::new(scope, template)
    }

    /// A new object of an interface, without a value. `None` where V8 ends the isolate.
    #[inline]
    pub(crate) fn blank<'s>(
        scope: &mut Scope<'s, '_>,
        kind: u16,
    ) -> Option<v8::Local<'s, v8::Object>> {
        let blank = &Realm::of(scope).blanks[usize::from(kind)];
        if blank.get().is_none() {
            let template = Realm::template(scope, kind);
            let first = Blank::of(scope, template)?;
            blank.get_or_init(|| first);
        }
        blank.get().map(|blank| blank.copy(scope))
    }

    /// An internalized property name, made once per isolate. `index` is its place among the generated keys.
    pub fn key<'s>(
        scope: &mut Scope<'s, '_>,
        index: usize,
        name: &'static str,
    ) -> v8::Local<'s, v8::String> {
        let realm = Realm::of(scope);
        if let Some(key) = &realm.keys.borrow()[index] {
            return v8::Local::new(scope, key);
        }
        let key = internalized(scope, name);
        realm.keys.borrow_mut()[index] = Some(v8::Global::new(scope, key));
        key
    }

    /// A `DOMException` of the current realm.
    pub fn dom_exception<'s>(
        scope: &mut Scope<'s, '_>,
        name: DomExceptionName,
        message: &str,
    ) -> Value<'s> {
        let make = Realm::of(scope).make_dom_exception.get();
        make(scope, name, message)
    }

    /// A function that a built-in script exports to native code by this name.
    ///
    /// # Panics
    /// If no script exports it: the scripts and the Rust code belong together.
    pub fn script_function<'s>(
        scope: &mut Scope<'s, '_>,
        name: &'static str,
    ) -> v8::Local<'s, v8::Function> {
        let realm = Realm::of(scope);
        if let Some(function) = realm.functions.borrow().get(name) {
            return v8::Local::new(scope, function);
        }
        let bridge = v8::Local::new(scope, &realm.bridge);
        let key = internalized(scope, name);
        let function: v8::Local<v8::Function> = bridge
            .get(scope, key.into())
            .and_then(|f| f.try_into().ok())
            .unwrap_or_else(|| panic!("no built-in script exports '{name}' to native code"));
        realm
            .functions
            .borrow_mut()
            .insert(name, v8::Global::new(scope, function));
        function
    }
}
