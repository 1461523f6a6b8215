//! `globalThis` has what ECMAScript defines and what the IDL names, and nothing else.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::{Arc, Mutex};

use nano_api::shell::{Output, Shell, ShellOptions};
use nano_engine::{Engine, EngineOptions};
use webapi_idl::{Member, Model};

/// <https://tc39.es/ecma262/#sec-global-object> and its companions: Intl (ECMA-402), Temporal, WebAssembly.
const ECMASCRIPT: &[&str] = &[
    "AggregateError",
    "Array",
    "ArrayBuffer",
    "AsyncDisposableStack",
    "Atomics",
    "BigInt",
    "BigInt64Array",
    "BigUint64Array",
    "Boolean",
    "DataView",
    "Date",
    "DisposableStack",
    "Error",
    "EvalError",
    "FinalizationRegistry",
    "Float16Array",
    "Float32Array",
    "Float64Array",
    "Function",
    "Infinity",
    "Int16Array",
    "Int32Array",
    "Int8Array",
    "Intl",
    "Iterator",
    "JSON",
    "Map",
    "Math",
    "NaN",
    "Number",
    "Object",
    "Promise",
    "Proxy",
    "RangeError",
    "ReferenceError",
    "Reflect",
    "RegExp",
    "Set",
    "SharedArrayBuffer",
    "String",
    "SuppressedError",
    "Symbol",
    "SyntaxError",
    "Temporal",
    "TypeError",
    "URIError",
    "Uint16Array",
    "Uint32Array",
    "Uint8Array",
    "Uint8ClampedArray",
    "WeakMap",
    "WeakRef",
    "WeakSet",
    "WebAssembly",
    "decodeURI",
    "decodeURIComponent",
    "encodeURI",
    "encodeURIComponent",
    "escape",
    "eval",
    "globalThis",
    "isFinite",
    "isNaN",
    "parseFloat",
    "parseInt",
    "undefined",
    "unescape",
];

#[derive(Default)]
struct Lines(Mutex<String>);

impl Output for Lines {
    fn print(&self, message: &str) {
        self.0.lock().expect("no panic").push_str(message);
    }

    fn error(&self, message: &str) {
        panic!("the program fails: {message}");
    }
}

fn named_by_the_model(model: &Model) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for interface in model.interfaces.values() {
        let hidden = ["Internal", "LegacyNoInterfaceObject"]
            .iter()
            .any(|a| interface.attributes.has(a));
        if !hidden {
            names.insert(interface.name.clone());
        }
        if interface.attributes.has("Global") {
            names.extend(interface.members.iter().map(|member| match member {
                Member::Attribute(attribute) => attribute.name.clone(),
                Member::Operation(set) => set.name.clone(),
                Member::Constant(constant) => constant.name.clone(),
            }));
        }
    }
    names.extend(
        model
            .namespaces
            .values()
            .filter(|n| !n.attributes.has("Internal"))
            .map(|n| n.name.clone()),
    );
    names
}

#[test]
fn the_global_object_is_what_the_idl_says() {
    Engine::start(EngineOptions::new(&nano_api::EMBEDDING)).expect("the engine starts");
    let output = Arc::new(Lines::default());
    let options = ShellOptions {
        output: output.clone(),
        ..ShellOptions::terminal(".".into(), false)
    };
    let mut shell = Shell::new(options).expect("an isolate");
    let source = "console.log(Reflect.ownKeys(globalThis).map(String).join(' '))".to_owned();
    assert_eq!(shell.run(Path::new("globals.js"), source), 0);
    let found: BTreeSet<String> = output
        .0
        .lock()
        .expect("no panic")
        .split_whitespace()
        .map(str::to_owned)
        .collect();

    let idl = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../webapi-idl/idl");
    let model = webapi_idl::load(&idl).unwrap_or_else(|errors| panic!("{errors}"));
    let expected = named_by_the_model(&model);
    let missing: Vec<&String> = expected.difference(&found).collect();
    assert!(
        missing.is_empty(),
        "the IDL names what globalThis does not have: {missing:?}"
    );
    let known = |name: &str| expected.contains(name) || ECMASCRIPT.contains(&name);
    let surplus: Vec<&String> = found.iter().filter(|name| !known(name)).collect();
    assert!(
        surplus.is_empty(),
        "globalThis has what nothing names: {surplus:?}"
    );
}
