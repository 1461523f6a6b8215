//! The forms of an app's handlers: methods of the default export, of a class, and listeners.

use nano_webidl::{Fallible, Scope, Value, script, type_error};
use nano_worker::FetchError;

use super::app::App;

/// What handles one kind of events.
pub(super) enum Handler {
    /// A method of the default export, its own or its prototype's. `this` is the export.
    Method {
        this: v8::Global<v8::Value>,
        function: v8::Global<v8::Function>,
    },
    /// A method of the default export's prototype, which is a class. As with Workers' `WorkerEntrypoint`, each event has an object
    /// of its own: <https://developers.cloudflare.com/workers/runtime-apis/bindings/service-bindings/rpc/>.
    Class(v8::Global<v8::Function>),
    /// Listeners of the global object.
    Listeners,
}

/// The same while it is called.
#[derive(Clone, Copy)]
pub(super) enum Callee<'s> {
    Method {
        this: Value<'s>,
        function: v8::Local<'s, v8::Function>,
    },
    Class(v8::Local<'s, v8::Function>),
    Listeners,
}

impl Handler {
    #[inline]
    pub(super) fn to_local<'s>(&self, scope: &Scope<'s, '_>) -> Callee<'s> {
        match self {
            Self::Method { this, function } => Callee::Method {
                this: v8::Local::new(scope, this),
                function: v8::Local::new(scope, function),
            },
            Self::Class(class) => Callee::Class(v8::Local::new(scope, class)),
            Self::Listeners => Callee::Listeners,
        }
    }
}

/// What an app handles.
#[derive(Default)]
pub(super) struct Handlers {
    pub(super) fetch: Option<Handler>,
    pub(super) scheduled: Option<Handler>,
}

impl Handlers {
    /// Looks at the entry module's default export, and at the listeners that there are. Fails where a getter has thrown.
    pub(super) fn find<'s>(
        scope: &mut Scope<'s, '_>,
        namespace: v8::Local<'s, v8::Object>,
    ) -> Option<Self> {
        let default = get(scope, namespace, "default")?;
        Some(Self {
            fetch: Handler::find(scope, default, "fetch")?,
            scheduled: Handler::find(scope, default, "scheduled")?,
        })
    }

    /// What a host is told.
    pub(super) fn summary(&self) -> nano_worker::Handlers {
        nano_worker::Handlers {
            fetch: self.fetch.is_some(),
            scheduled: self.scheduled.is_some(),
        }
    }
}

impl Handler {
    /// The handler of events of this name; `Some(None)` if there is none.
    fn find<'s>(
        scope: &mut Scope<'s, '_>,
        default: Value<'s>,
        name: &'static str,
    ) -> Option<Option<Self>> {
        if let Ok(object) = v8::Local::<v8::Object>::try_from(default) {
            let method = get(scope, object, name)?;
            if let Ok(function) = v8::Local::<v8::Function>::try_from(method) {
                return Some(Some(Self::Method {
                    this: v8::Global::new(scope, default),
                    function: v8::Global::new(scope, function),
                }));
            }
        }
        if let Ok(class) = v8::Local::<v8::Function>::try_from(default) {
            let prototype = get(scope, class.into(), "prototype")?;
            if let Ok(prototype) = v8::Local::<v8::Object>::try_from(prototype)
                && get(scope, prototype, name)?.is_function()
            {
                return Some(Some(Self::Class(v8::Global::new(scope, class))));
            }
        }
        let name = v8::String::new(scope, name)?;
        let listens = script::call(scope, "globalHasListeners", &[name.into()]).ok()?;
        Some(listens.is_true().then_some(Self::Listeners))
    }
}

impl<'s> Callee<'s> {
    /// Calls a handler of events of this name. `None`: it has thrown.
    #[inline]
    pub(super) fn call(
        self,
        scope: &mut Scope<'s, '_>,
        app: &App,
        name: &'static str,
        event: Value<'s>,
        context: Value<'s>,
        dispatch: impl FnOnce(&mut Scope<'s, '_>) -> Fallible<Value<'s>>,
    ) -> Option<Value<'s>> {
        let env = v8::Local::new(scope, &app.env).into();
        let arguments = [event, env, context];
        match self {
            Self::Method { this, function } => function.call(scope, this, &arguments),
            Self::Class(class) => {
                let object = class.new_instance(scope, &[context, env])?;
                let method = get(scope, object, name)?;
                match v8::Local::<v8::Function>::try_from(method) {
                    Ok(function) => function.call(scope, object.into(), &arguments),
                    Err(_) => {
                        let message = format!("an object of the app's class has no method {name}");
                        type_error(message).throw(scope);
                        None
                    }
                }
            }
            Self::Listeners => dispatch(scope).ok(),
        }
    }
}

/// A property of what is an app's. `None`: a getter has thrown.
fn get<'s>(
    scope: &mut Scope<'s, '_>,
    object: v8::Local<'s, v8::Object>,
    key: &str,
) -> Option<Value<'s>> {
    let key = v8::String::new(scope, key)?;
    object.get(scope, key.into())
}

/// The app is about to call this handler; `Err`: why it cannot.
#[inline]
pub(super) fn callee<'s>(
    scope: &Scope<'s, '_>,
    app: &App,
    choose: impl FnOnce(&Handlers) -> &Option<Handler>,
    expected: &'static str,
) -> Result<Callee<'s>, FetchError> {
    let handlers = app.handlers.borrow();
    let handlers = handlers.as_ref().ok_or(FetchError::Ended)?;
    let handler = choose(handlers).as_ref();
    let handler = handler.ok_or(FetchError::NoHandler { expected })?;
    Ok(handler.to_local(scope))
}
