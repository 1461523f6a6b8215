//! `globalThis` has what ECMAScript defines and what the IDL names, and nothing else; so have all that the IDL defines.

mod members;

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
        let mut text = self.0.lock().expect("no panic");
        text.push_str(message);
        text.push('\n');
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

/// What a program prints, in an isolate of its own.
fn printed(source: String) -> String {
    let output = Arc::new(Lines::default());
    let options = ShellOptions {
        output: output.clone(),
        ..ShellOptions::terminal(".".into(), false)
    };
    let mut shell = Shell::new(options).expect("an isolate");
    assert_eq!(shell.run(Path::new("globals.js"), source), 0);
    let text = output.0.lock().expect("no panic");
    text.clone()
}

/// Each interface with its parent, or with an empty text; children come first.
fn interfaces(model: &Model) -> Vec<[&str; 2]> {
    let interfaces = model.in_order_of_inheritance().into_iter().rev();
    let exposed = interfaces.filter(|interface| {
        let hidden = ["Internal", "LegacyNoInterfaceObject"];
        !hidden.iter().any(|a| interface.attributes.has(a))
    });
    exposed
        .map(|interface| {
            let parent = interface.inherits.as_deref().unwrap_or_default();
            [&*interface.name, parent]
        })
        .collect()
}

/// Throws where an interface object is not as <https://webidl.spec.whatwg.org/#interface-object> says. Many are made when they are first
/// asked for.
const CHECKS: &str = "
    for (const [name, parent] of interfaces) {
        const { value, writable, enumerable, configurable } = Object.getOwnPropertyDescriptor(globalThis, name);
        const facts = [
            writable, !enumerable, configurable, value.name === name, value === globalThis[name],
            value.prototype.constructor === value, value.prototype[Symbol.toStringTag] === name,
            Object.getPrototypeOf(value) === (parent === '' ? Function.prototype : globalThis[parent]),
        ];
        if (facts.includes(false)) throw new Error(`${name}: ${facts}`);
    }
    console.log('fine');
";

/// Objects come before their interface objects, and apps change globals that were not made.
const FIRST: &str = "
    const said = [
        performance.constructor === Performance, navigator.locks.constructor === LockManager,
        navigator.constructor === Navigator, crypto.subtle.constructor === SubtleCrypto,
        Object.getPrototypeOf(performance.constructor) === EventTarget,
    ];
    globalThis.EventSource = 'mine';
    delete globalThis.FileReader;
    Object.defineProperty(globalThis, 'FormData', { value: 'yours' });
    said.push(EventSource, typeof FileReader, FormData, 'FileReader' in globalThis);
    said.push(new CloseEvent('close', { code: 4 }).code, new HTMLRewriter() instanceof HTMLRewriter);
    console.log(said.join(' '));
";

fn model() -> Model {
    let idl = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../webapi-idl/idl");
    webapi_idl::load(&idl).unwrap_or_else(|errors| panic!("{errors}"))
}

#[test]
fn the_global_object_is_what_the_idl_says() {
    Engine::start(EngineOptions::new(&nano_api::EMBEDDING)).expect("the engine starts");
    let source = "console.log(Reflect.ownKeys(globalThis).map(String).join(' '))".to_owned();
    let text = printed(source);
    let found: BTreeSet<String> = text.split_whitespace().map(str::to_owned).collect();

    let model = model();
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

    let checks = format!("const interfaces = {:?};{CHECKS}", interfaces(&model));
    assert_eq!(printed(checks).trim(), "fine");
    let said = printed(FIRST.to_owned());
    assert_eq!(
        said.trim(),
        "true true true true true mine undefined yours false 4 true"
    );
}

/// What has no interface object is found on its way to whoever is given it.
const GIVEN: &str = "
    const given = (name, object) => objects.push([`${name}.prototype`, Object.getPrototypeOf(object)]);
    given('WorkerGlobalScope', globalThis);
    objects.push(['Event object', new Event('x')], ['DigestStream.prototype', crypto.DigestStream.prototype]);
    const parts = new HTMLRewriter().on('*', {
        element(element) {
            given('Element', element);
            element.onEndTag((end) => given('EndTag', end));
        },
        comments: (comment) => given('Comment', comment),
        text: (text) => text.lastInTextNode && given('Text', text),
    });
    parts.onDocument({ doctype: (doctype) => given('Doctype', doctype), end: (end) => given('DocumentEnd', end) });
    await parts.transform(new Response('<!doctype html><p>text<!-- comment --></p>')).text();
";

/// Handlers of workers only are given them.
const NOT_HERE: [&str; 2] = ["ExecutionContext.prototype ", "Fetcher.prototype "];

#[test]
fn members_are_what_the_idl_says() {
    Engine::start(EngineOptions::new(&nano_api::EMBEDDING)).expect("the engine starts");
    let model = model();
    let mut objects = vec!["['globalThis', globalThis]".to_owned()];
    for [name, _] in interfaces(&model) {
        objects.push(format!(
            "['{name}', {name}], ['{name}.prototype', {name}.prototype]"
        ));
    }
    for namespace in model.namespaces.values() {
        if !namespace.attributes.has("Internal") {
            objects.push(format!("['{0}', {0}]", namespace.name));
        }
    }
    let objects = objects.join(", ");
    let text = printed(format!(
        "const objects = [{objects}]; {GIVEN} {}",
        members::PROGRAM
    ));
    let of_ecmascript = |line: &str| {
        let key = line
            .strip_prefix("globalThis ")
            .and_then(|rest| rest.split(' ').next());
        key.is_some_and(|key| ECMASCRIPT.contains(&key))
    };
    let found: BTreeSet<String> = text
        .lines()
        .filter(|line| !of_ecmascript(line))
        .map(str::to_owned)
        .collect();
    let mut expected = members::of_model(&model);
    expected.retain(|line| !NOT_HERE.iter().any(|object| line.starts_with(object)));
    let missing: Vec<&String> = expected.difference(&found).collect();
    let surplus: Vec<&String> = found.difference(&expected).collect();
    assert!(
        missing.is_empty() && surplus.is_empty(),
        "the IDL wants {missing:#?}, and these are there: {surplus:#?}"
    );
}
