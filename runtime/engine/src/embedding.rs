//! What an embedding plugs into the engine: the contents of the global object, and the hooks that need to know them.

use std::any::Any;

use crate::exception::{self, Thrown};
use crate::limits::Exit;

/// A hook about one promise and the reason it was rejected with.
pub type PromiseHook =
    for<'s, 'i> fn(&mut v8::PinScope<'s, 'i>, v8::Local<'s, v8::Promise>, v8::Local<'s, v8::Value>);

/// A hook about one promise, the reason it was rejected with, and where, if that is known and the reason does not tell.
pub type RejectionHook = for<'s, 'i> fn(
    &mut v8::PinScope<'s, 'i>,
    v8::Local<'s, v8::Promise>,
    v8::Local<'s, v8::Value>,
    Option<v8::Local<'s, v8::Message>>,
);

/// Makes the template of the global object.
pub type GlobalTemplate =
    for<'s, 'i> fn(&mut v8::PinScope<'s, 'i, ()>) -> v8::Local<'s, v8::ObjectTemplate>;

/// The functions that make an engine into a runtime. One per process, in a `static`.
///
/// The functions run on the thread of the isolate they are given, inside its context.
pub struct Embedding {
    /// Every native address that the snapshot may hold: callbacks, accessors, static strings. Same content and order in the
    /// program that bakes and in the one that loads; see [`Embedding::fingerprint`]. No terminator.
    ///
    /// Each address must be read from one place (`std::hint::black_box` over a `static` table), both here and where templates
    /// are built: a function item may have two addresses otherwise, and baking aborts.
    pub external_references: fn() -> Vec<v8::ExternalReference>,
    /// A number that changes whenever the meaning of [`Embedding::external_references`] does, e.g. a hash of the names in
    /// order ([`crate::snapshot::fingerprint`]). V8 cannot tell a reordered table; the engine refuses the snapshot instead.
    pub fingerprint: fn() -> u64,
    /// The template of the global object, if it needs one (interceptors, a class). Called while baking only.
    pub global_template: Option<GlobalTemplate>,
    /// Fills the fresh global object, once, while baking. Must leave no wrapped native object, no `Global`, no ES module. `None`
    /// where something threw, or V8 has not made what it was asked for: baking fails.
    pub bake: for<'s, 'i> fn(&mut v8::PinScope<'s, 'i>, &mut Baker) -> Option<()>,
    /// Called for each isolate, and for the one that bakes, before any context exists. For the callbacks that V8 only honours
    /// then (`set_wasm_streaming_callback`).
    pub prepare: fn(&mut v8::Isolate),
    /// Called for each isolate after its context was restored and before any code of the app, with [`crate::IsolateOptions::data`].
    /// The place for [`crate::State::set_extension`].
    pub start: for<'s, 'i> fn(&mut v8::PinScope<'s, 'i>, Box<dyn Any + Send>),
    /// The value of a lazy property that `bake` has defined ([`crate::entry::lazy_property`]), made of what was given there. Must not run
    /// JavaScript of the app. `None` after an exception.
    pub lazy: for<'s, 'i> fn(
        &mut v8::PinScope<'s, 'i>,
        v8::Local<'s, v8::Value>,
    ) -> Option<v8::Local<'s, v8::Value>>,
    /// An exception that nothing caught (HTML's "report an exception"). May run JavaScript.
    pub report_exception: for<'s, 'i> fn(
        &mut v8::PinScope<'s, 'i>,
        v8::Local<'s, v8::Value>,
        Option<v8::Local<'s, v8::Message>>,
    ),
    /// A promise was rejected and had no handler when the microtasks of its turn were done. May run JavaScript.
    pub promise_rejected: RejectionHook,
    /// A promise that [`Embedding::promise_rejected`] was told about got a handler after all. May run JavaScript.
    pub promise_handled: PromiseHook,
    /// What to say of a value that was thrown, in at most about so many characters each. Must not run JavaScript of the app.
    pub describe:
        for<'s, 'i> fn(&mut v8::PinScope<'s, 'i>, v8::Local<'s, v8::Value>, usize) -> Thrown,
    /// The bytes of what `WebAssembly.compileStreaming()` and `instantiateStreaming()` are given: a promise for an array buffer that nobody else
    /// has. `None` after an exception.
    pub response_bytes: for<'s, 'i> fn(
        &mut v8::PinScope<'s, 'i>,
        v8::Local<'s, v8::Value>,
    ) -> Option<v8::Local<'s, v8::Promise>>,
    /// The isolate is about to end. Runs no JavaScript (it may have been terminated): settle what others wait for.
    /// Not called after [`Exit::Crashed`]: that thread runs nothing any more. Nor where [`Embedding::start`] was not, because the
    /// isolate ended while it was made.
    pub exit: for<'s, 'i> fn(&mut v8::PinScope<'s, 'i>, &Exit),
}

impl Embedding {
    /// An embedding that adds nothing to ECMAScript and logs what goes wrong. A base for tests: `Embedding { bake: …, ..Embedding::EMPTY }`.
    pub const EMPTY: Embedding = Embedding {
        external_references: Vec::new,
        fingerprint: || 0,
        global_template: None,
        bake: |_, _| Some(()),
        prepare: |_| {},
        start: |_, _| {},
        lazy: |_, value| Some(value),
        report_exception: |scope, exception, message| {
            let report = crate::ErrorReport::new(scope, exception, message);
            tracing::error!("uncaught exception: {report}");
        },
        promise_rejected: |scope, _, reason, message| {
            let report = crate::ErrorReport::new(scope, reason, message);
            tracing::error!("unhandled rejection: {report}");
        },
        promise_handled: |_, _, _| {},
        describe: exception::describe,
        response_bytes: |scope, _| {
            let message = v8::String::new(scope, "there are no responses here")?;
            let error = v8::Exception::type_error(scope, message);
            scope.throw_exception(error);
            None
        },
        exit: |_, _| {},
    };
}

/// Registers values that Rust wants back from the snapshot. Indices count up from 0, so generated code may use constants.
#[derive(Default)]
pub struct Baker {
    templates: usize,
    objects: usize,
}

impl Baker {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    /// Keeps something that belongs to no context: a template, a private symbol, a string. Get it with [`crate::State::template`].
    pub fn add_template<T>(&mut self, scope: &mut v8::PinScope, data: v8::Local<T>) -> usize
    where
        for<'l> v8::Local<'l, T>: Into<v8::Local<'l, v8::Data>>,
    {
        let index = scope.add_isolate_data(data);
        assert_eq!(
            index, self.templates,
            "templates are added through the baker only"
        );
        self.templates += 1;
        index
    }

    /// Keeps something of the context: a function, an object, a prototype. Get it with [`crate::State::object`].
    pub fn add_object<T>(&mut self, scope: &mut v8::PinScope, data: v8::Local<T>) -> usize
    where
        for<'l> v8::Local<'l, T>: Into<v8::Local<'l, v8::Data>>,
    {
        let context = scope.get_current_context();
        let index = scope.add_context_data(context, data);
        assert_eq!(
            index, self.objects,
            "objects are added through the baker only"
        );
        self.objects += 1;
        index
    }

    pub(crate) fn counts(&self) -> (usize, usize) {
        (self.templates, self.objects)
    }
}
