//! Runs generated script glue in V8: what an app sees of interfaces that built-in scripts implement. `features.webidl` has every feature
//! once, `impls.js` implements it, `checks.js` is the app.

// V8 is linked with the hooks of the engine: see .cargo/config.toml.
use nano_engine as _;

use std::fs;
use std::path::Path;

/// Compiles and runs a script; panics with its exception and the place.
fn run<'s>(scope: &mut v8::PinScope<'s, '_>, name: &str, source: &str) -> v8::Local<'s, v8::Value> {
    v8::tc_scope!(let scope, scope);
    let text = v8::String::new(scope, source).expect("the script fits");
    let resource = v8::String::new(scope, name).expect("the name fits");
    let origin = v8::ScriptOrigin::new(
        scope,
        resource.into(),
        0,
        0,
        false,
        -1,
        None,
        false,
        false,
        false,
        None,
    );
    let result =
        v8::Script::compile(scope, text, Some(&origin)).and_then(|script| script.run(scope));
    match result {
        Some(value) => value,
        None => {
            let stack = scope
                .stack_trace()
                .or_else(|| scope.exception())
                .expect("a script that fails has thrown");
            panic!("{name}: {}", stack.to_rust_string_lossy(scope));
        }
    }
}

/// The glue of `features.webidl` with `impls.js`, bundled beside the real library.
fn bundle() -> String {
    let here = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/script_glue");
    let read = |name: &str| fs::read_to_string(here.join(name)).expect("a readable fixture");
    let model = webapi_idl::parse_and_resolve(&[("features.webidl", &read("features.webidl"))])
        .unwrap_or_else(|e| panic!("{e}"));
    let bindings = codegen::script::bindings(&model).unwrap_or_else(|e| panic!("{e}"));

    let root = tempfile::tempdir().expect("a temporary folder");
    let library = Path::new(env!("CARGO_MANIFEST_DIR")).join("../api/src/script");
    fs::create_dir(root.path().join("script")).expect("a folder for the library");
    for entry in fs::read_dir(library).expect("the library's folder") {
        let path = entry.expect("a readable entry").path();
        if path.extension().is_some_and(|extension| extension == "js") {
            fs::copy(
                &path,
                root.path()
                    .join("script")
                    .join(path.file_name().expect("a file")),
            )
            .expect("a copied file");
        }
    }
    fs::write(root.path().join("impls.js"), read("impls.js")).expect("a written file");
    codegen::bundle::bundle(root.path(), &bindings)
        .unwrap_or_else(|e| panic!("{e}"))
        .source
}

#[test]
fn apps_see_web_idl() {
    let platform = v8::new_default_platform(0, false).make_shared();
    v8::V8::initialize_platform(platform);
    v8::V8::initialize();
    let isolate = &mut v8::Isolate::new(v8::CreateParams::default());
    isolate.set_microtasks_policy(v8::MicrotasksPolicy::Explicit);
    v8::scope!(let scope, isolate);
    let context = v8::Context::new(scope, Default::default());
    let scope = &mut v8::ContextScope::new(scope, context);

    let install = run(scope, "bundle.js", &bundle());
    let install =
        v8::Local::<v8::Function>::try_from(install).expect("the bundle is a function expression");
    let native = run(
        scope,
        "native.js",
        "({ isInstance: (name, value) => name === 'Native' && value?.isNative === true, isPromise: (value) => value instanceof Promise })",
    );
    let global = context.global(scope);
    let undefined = v8::undefined(scope);
    {
        v8::tc_scope!(let scope, scope);
        if install
            .call(scope, undefined.into(), &[global.into(), native])
            .is_none()
        {
            let stack = scope
                .stack_trace()
                .or_else(|| scope.exception())
                .expect("the bundle has thrown");
            panic!("bundle.js: {}", stack.to_rust_string_lossy(scope));
        }
    }

    let here = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/script_glue");
    run(
        scope,
        "checks.js",
        &fs::read_to_string(here.join("checks.js")).expect("the checks"),
    );
    scope.perform_microtask_checkpoint();
    let failure = run(scope, "failure.js", "failure").to_rust_string_lossy(scope);
    assert_eq!(failure, "");
}
