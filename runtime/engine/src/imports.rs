//! What V8 calls back for `import()` and `import.meta`.

use crate::entry;
use crate::modules::{
    Attributes, Evaluated, link_and_evaluate, name_text, string, throw_cannot_import,
};
use crate::state::State;

/// `import()`. The graph is loaded in a microtask, so that no module runs before the caller goes on.
pub(crate) fn import_dynamically<'s>(
    scope: &mut v8::PinScope<'s, '_>,
    referrer: v8::Local<'s, v8::Value>,
    specifier: v8::Local<'s, v8::String>,
    attributes: v8::Local<'s, v8::FixedArray>,
) -> Option<v8::Local<'s, v8::Promise>> {
    let resolver = v8::PromiseResolver::new(scope)?;
    let attributes = Attributes::read(scope, attributes, 2);
    let text = |value: Option<String>| -> Option<v8::Local<'s, v8::Value>> {
        match value {
            Some(text) => Some(string(scope, &text)?.into()),
            None => Some(v8::undefined(scope).into()),
        }
    };
    let fields: [v8::Local<v8::Value>; 5] = [
        resolver.into(),
        specifier.into(),
        referrer,
        text(attributes.kind)?,
        text(attributes.unknown)?,
    ];
    let data = v8::Array::new_with_elements(scope, &fields);
    let load = entry::function_builder(load_dynamically)
        .data(data.into())
        .build(scope)?;
    scope.enqueue_microtask(load);
    Some(resolver.get_promise(scope))
}

fn load_dynamically(
    scope: &mut v8::PinScope,
    args: v8::FunctionCallbackArguments,
    _: v8::ReturnValue<v8::Value>,
) {
    let Ok(data) = v8::Local::<v8::Array>::try_from(args.data()) else {
        return;
    };
    let field = |scope: &mut v8::PinScope, index| {
        let value = data.get_index(scope, index)?;
        Some(name_text(scope, value.try_into().ok()?))
    };
    let Some(resolver) = data.get_index(scope, 0) else {
        return;
    };
    let resolver = as_resolver(resolver);
    let specifier = field(scope, 1).unwrap_or_default();
    let referrer = field(scope, 2).unwrap_or_default();
    let attributes = Attributes {
        kind: field(scope, 3),
        unknown: field(scope, 4),
    };

    v8::tc_scope!(let scope, scope);
    let modules = &State::from_scope(scope).modules;
    // What panics rejects the promise, too.
    let evaluated = entry::catch(|| {
        let module = modules.load(scope, &specifier, &referrer, &attributes)?;
        let Evaluated { namespace, promise } = link_and_evaluate(scope, module)?;
        let fields: [v8::Local<v8::Value>; 2] = [resolver.into(), namespace.into()];
        let data = v8::Array::new_with_elements(scope, &fields);
        let fulfilled = entry::function_builder(import_fulfilled)
            .data(data.into())
            .build(scope)?;
        let rejected = entry::function_builder(import_rejected)
            .data(data.into())
            .build(scope)?;
        promise.then2(scope, fulfilled, rejected)
    });
    let evaluated = evaluated.unwrap_or_else(|panicked| {
        entry::throw(scope, panicked);
        None
    });
    if evaluated.is_none()
        && !scope.has_terminated()
        && let Some(exception) = scope.exception()
    {
        scope.reset();
        crate::ops::reject(scope, resolver, exception);
    }
}

fn import_fulfilled<'s>(
    scope: &mut v8::PinScope<'s, '_>,
    args: v8::FunctionCallbackArguments<'s>,
    _: v8::ReturnValue<v8::Value>,
) {
    if let Some((resolver, namespace)) = import_result(scope, &args) {
        resolver.resolve(scope, namespace);
    }
}

fn import_rejected<'s>(
    scope: &mut v8::PinScope<'s, '_>,
    args: v8::FunctionCallbackArguments<'s>,
    _: v8::ReturnValue<v8::Value>,
) {
    if let Some((resolver, _)) = import_result(scope, &args) {
        resolver.reject(scope, args.get(0));
    }
}

fn import_result<'s>(
    scope: &mut v8::PinScope<'s, '_>,
    args: &v8::FunctionCallbackArguments<'s>,
) -> Option<(v8::Local<'s, v8::PromiseResolver>, v8::Local<'s, v8::Value>)> {
    let data: v8::Local<v8::Array> = args.data().try_into().ok()?;
    let resolver = as_resolver(data.get_index(scope, 0)?);
    Some((resolver, data.get_index(scope, 1)?))
}

/// Undoes the conversion to a value of [`import_dynamically`].
fn as_resolver<'s>(value: v8::Local<'s, v8::Value>) -> v8::Local<'s, v8::PromiseResolver> {
    debug_assert!(value.is_promise(), "V8's resolvers are their promises");
    // SAFETY: the value is field 0 of an array that only `import_dynamically` fills and no script sees.
    unsafe { v8::Local::cast_unchecked(value) }
}

/// HostGetImportMetaProperties: `url` and `resolve`.
pub(crate) fn initialize_import_meta(
    scope: &mut v8::PinScope,
    module: v8::Local<v8::Module>,
    meta: v8::Local<v8::Object>,
) {
    let url = State::from_scope(scope).modules.url_of(scope, module);
    let install = |scope: &mut v8::PinScope| -> Option<()> {
        let url = string(scope, &url)?;
        let key = string(scope, "url")?;
        meta.create_data_property(scope, key.into(), url.into())?;
        let resolve = entry::function_builder(import_meta_resolve)
            .data(url.into())
            .length(1)
            .build(scope)?;
        let key = string(scope, "resolve")?;
        resolve.set_name(key);
        meta.create_data_property(scope, key.into(), resolve.into())?;
        Some(())
    };
    install(scope); // Fails only while the isolate is being terminated.
}

/// <https://html.spec.whatwg.org/multipage/webappapis.html#hostgetimportmetaproperties>, the steps of `resolve`.
fn import_meta_resolve(
    scope: &mut v8::PinScope,
    args: v8::FunctionCallbackArguments,
    mut rv: v8::ReturnValue<v8::Value>,
) {
    let Some(specifier) = args.get(0).to_string(scope) else {
        return;
    };
    let specifier = name_text(scope, specifier);
    let referrer = args.data().to_rust_string_lossy(scope);
    let modules = &State::from_scope(scope).modules;
    match modules.name(
        &specifier,
        &referrer,
        &Attributes {
            kind: Some("bytes".into()),
            unknown: None,
        },
    ) {
        Ok((url, _)) => {
            if let Some(url) = string(scope, &url) {
                rv.set(url.into());
            }
        }
        Err(error) => {
            throw_cannot_import::<()>(scope, &specifier, &referrer, &error);
        }
    }
}
