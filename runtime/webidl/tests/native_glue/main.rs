//! Runs generated native glue in V8: what an app sees of interfaces that Rust types implement. `features.webidl` has every feature
//! once, `features.rs` implements it, `checks.js` is the app. The interfaces come out of a snapshot, as in the program.

use std::any::Any;
use std::path::Path;
use std::{env, fs};

use nano_engine::{Baker, Embedding, Engine, EngineOptions, IsolateOptions};
use nano_webidl::{DomExceptionName, Realm, Scope, Value, interface, object};

/// The glue of `features.webidl`; `the_glue_is_current` says how it is made.
#[allow(clippy::all, clippy::pedantic, unused, reason = "generated code")]
mod bindings {
    include!("bindings.rs");
}
mod features;

use bindings::TABLES;

/// The others are lazy, but for parents and their children.
const EAGER: &[&str] = &["Dog"];

static EMBEDDING: Embedding = Embedding {
    external_references: || interface::external_references(&TABLES),
    bake,
    start,
    lazy: interface::interface_object,
    ..Embedding::EMPTY
};

fn here(name: &str) -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/native_glue")
        .join(name)
}

fn read(name: &str) -> String {
    fs::read_to_string(here(name)).expect("a readable fixture")
}

fn model() -> webapi_idl::Model {
    webapi_idl::parse_and_resolve(&[("features.webidl", &read("features.webidl"))])
        .unwrap_or_else(|e| panic!("{e}"))
}

/// The library that scripts and native interfaces share.
fn library() -> String {
    let scripts = Path::new(env!("CARGO_MANIFEST_DIR")).join("../api/src/script");
    let root = tempfile::tempdir().expect("a temporary folder");
    fs::create_dir(root.path().join("script")).expect("a folder for the library");
    for entry in fs::read_dir(scripts).expect("the library's folder") {
        let path = entry.expect("a readable entry").path();
        let copy = root
            .path()
            .join("script")
            .join(path.file_name().expect("a file"));
        fs::copy(&path, copy).expect("a copied file");
    }
    let glue = codegen::script::bindings(&model()).unwrap_or_else(|e| panic!("{e}"));
    let bundle = codegen::bundle::bundle(root.path(), &glue);
    bundle.unwrap_or_else(|e| panic!("{e}")).source
}

fn bake(scope: &mut v8::PinScope, baker: &mut Baker) -> Option<()> {
    let baked = interface::bake(scope, &TABLES, EAGER)?;
    for template in &baked.templates {
        baker.add_template(scope, *template);
    }
    let install = nano_engine::evaluate(scope, "library.js", &library())?;
    let install: v8::Local<v8::Function> = install.try_into().ok()?;
    let global = scope.get_current_context().global(scope);
    let undefined = v8::undefined(scope);
    let native = nano_engine::evaluate(
        scope,
        "native.js",
        "({ isInstance: () => false, isPromise: (value) => value instanceof Promise })",
    );
    let arguments = [global.into(), native.expect("an object")];
    let bridge = install.call(scope, undefined.into(), &arguments)?;
    let bridge: v8::Local<v8::Object> = bridge.try_into().ok()?;
    baker.add_object(scope, bridge);
    Some(())
}

fn start(scope: &mut v8::PinScope, _: Box<dyn Any + Send>) {
    Realm::from_snapshot(scope, &TABLES, EAGER, no_dom_exception);
}

fn no_dom_exception<'s>(_: &mut Scope<'s, '_>, name: DomExceptionName, _: &str) -> Value<'s> {
    panic!(
        "nothing here throws a DOMException, {} either",
        name.as_str()
    )
}

#[test]
fn apps_see_web_idl() {
    Engine::start(EngineOptions::new(&EMBEDDING)).expect("an engine");
    run("lazy.js", |_| ());
    run("checks.js", a_serializable_object_is_copied);
}

/// Runs a script in an isolate of its own, and then `more`.
fn run(script: &str, more: fn(&mut v8::PinScope)) {
    let mut failure = Some("the script did not run".to_owned());
    nano_engine::run_on_current_thread(IsolateOptions::default(), |scope| {
        v8::tc_scope!(let scope, scope);
        nano_engine::evaluate(scope, script, &read(script));
        failure = scope.has_caught().then(|| {
            let exception = scope.stack_trace().or_else(|| scope.exception());
            exception.map_or_else(String::new, |e| e.to_rust_string_lossy(scope))
        });
        more(scope);
    });
    assert_eq!(failure, None, "{script}");
}

/// The steps of `[Serializable]` are in the table of the object's own interface.
fn a_serializable_object_is_copied(scope: &mut v8::PinScope) {
    let stamp = nano_engine::evaluate(scope, "stamp.js", "globalThis.copy = new Stamp('letter')");
    let stamp: v8::Local<v8::Object> = stamp.expect("a stamp").try_into().expect("an object");
    let kind = object::head(scope, stamp)
        .expect("a platform object")
        .kind();
    let interface = TABLES.interfaces[usize::from(kind)];
    assert_eq!(interface.name, "Stamp");
    let steps = interface.serialization.as_ref().expect("[Serializable]");
    let data = (steps.serialize)(scope, stamp).expect("data");
    assert_eq!(data.kind(), kind);
    let copy = (steps.deserialize)(scope, &data).expect("a copy");
    let text = v8::String::new(scope, "text").expect("a short name");
    let text = copy.get(scope, text.into()).expect("an attribute");
    assert_eq!(text.to_rust_string_lossy(scope), "letter, copied");
    let others = TABLES.interfaces.iter().filter(|i| i.name != "Stamp");
    assert!(others.into_iter().all(|i| i.serialization.is_none()));
}

/// `bindings.rs` is what codegen makes of `features.webidl` today. `NANO_UPDATE=1` writes it.
#[test]
fn the_glue_is_current() {
    let printed = codegen::rust::bindings(&model()).unwrap_or_else(|e| panic!("{e}"));
    if env::var_os("NANO_UPDATE").is_some() {
        fs::write(here("bindings.rs"), &printed).expect("a written file");
    }
    assert!(
        printed == read("bindings.rs"),
        "tests/native_glue/bindings.rs is not what codegen prints; run this test with NANO_UPDATE=1"
    );
}
