use super::*;

/// Bundles files that are given as name and text; without glue.
fn join_files(files: &[(&str, &str)]) -> Result<String, Error> {
    join_with(files, "")
}

fn join_with(files: &[(&str, &str)], bindings: &str) -> Result<String, Error> {
    let sources = files
        .iter()
        .map(|(name, text)| Source::parse(name, text))
        .collect::<Result<_, _>>()?;
    join(sources, Source::parse(BINDINGS, bindings)?).map(|joined| joined.text)
}

fn error(files: &[(&str, &str)]) -> String {
    join_files(files)
        .expect_err("the files are refused")
        .to_string()
}

/// The position of a text in the bundle.
fn position(bundle: &str, text: &str) -> usize {
    bundle
        .find(text)
        .unwrap_or_else(|| panic!("{text:?} is in the bundle:\n{bundle}"))
}

#[test]
fn imported_files_come_first_and_lose_their_keywords() {
    let bundle = join_files(&[
        (
            "a.js",
            "import {\n  b,\n  C,\n} from \"./lib/b.js\";\n\nexport class A extends C {}\n",
        ),
        (
            "lib/b.js",
            "export function b() {}\nclass C {}\nexport { C };\n",
        ),
    ])
    .unwrap();
    assert!(position(&bundle, "class C {}") < position(&bundle, "class A extends C {}"));
    assert!(
        !bundle.contains("import") && !bundle.contains("export"),
        "{bundle}"
    );
    assert!(bundle.starts_with("(function (globalThis, native) {\n\"use strict\";\n"));
}

#[test]
fn exports_are_for_somebody() {
    let parse = |name, text| Source::parse(name, text).unwrap();
    let sources = [
        parse(
            "a.js",
            "export function a() {}\nexport function b() {}\nfunction c() {}\n",
        ),
        parse(
            "d.js",
            "import { a } from \"./a.js\";\nfunction d() { a(); }\nexport { d };\nexport const e = 1;\n",
        ),
        parse("lib.js", "export const SymbolIterator = 1;\n"),
    ];
    let bindings = parse(BINDINGS, "import { d } from \"./d.js\";\n");
    let found: Vec<_> = unused_exports(&sources, &bindings)
        .iter()
        .map(ToString::to_string)
        .collect();
    assert_eq!(
        found,
        [
            "a.js:2: no script imports `b`: take it away, or its `export`",
            "d.js:4: no script imports `e`: take it away, or its `export`",
        ]
    );
}

#[test]
fn native_names_are_taken_once() {
    let bundle = join_files(&[
        (
            "a.js",
            "import { now, log } from \"nano:native\";\nexport function a() { log(now()); }\n",
        ),
        (
            "b.js",
            "import { now } from \"nano:native\";\nexport function b() { now(); }\n",
        ),
    ])
    .unwrap();
    assert_eq!(
        bundle.matches("const { log, now } = native;").count(),
        1,
        "{bundle}"
    );
}

#[test]
fn circles_of_functions_are_allowed_and_extends_decides_the_order() {
    // `a` comes first by name and is imported by `b`, but extends what `b` defines.
    let bundle = join_files(&[
        ("a.js", "import { B } from \"./b.js\";\nexport class A extends B {}\n"),
        ("b.js", "import { A } from \"./a.js\";\nexport class B {\n  make() {\n    return new A();\n  }\n}\n"),
    ])
    .unwrap();
    assert!(position(&bundle, "class B {") < position(&bundle, "class A extends B"));
}

#[test]
fn circles_through_extends_are_refused() {
    let message = error(&[
        (
            "a.js",
            "import { B } from \"./b.js\";\nexport class A extends B {}\n",
        ),
        (
            "b.js",
            "import { A } from \"./a.js\";\nexport class B extends A {}\n",
        ),
    ]);
    assert!(
        message.contains("a.js") && message.contains("b.js:1"),
        "{message}"
    );
}

#[test]
fn names_are_unique() {
    let message = error(&[("a.js", "function f() {}\n"), ("b.js", "\nconst f = 1;\n")]);
    assert_eq!(
        message,
        "b.js:2: `f` is defined in a.js:1 already; all files share one scope, so give one of the two another name"
    );
    let message = error(&[
        ("a.js", "import { now } from \"nano:native\";\n"),
        ("b.js", "const { x, y: now } = g;\n"),
    ]);
    assert!(
        message.contains("`now` is imported from nano:native, but b.js:1 defines"),
        "{message}"
    );
}

#[test]
fn other_forms_are_refused() {
    for (text, expected) in [
        (
            "import { a as b } from \"./b.js\";\n",
            "a.js:1: `a as b` renames",
        ),
        (
            "import * as b from \"./b.js\";\n",
            "a.js:1: expected `import { a, b }",
        ),
        (
            "import b from \"./b.js\";\n",
            "a.js:1: expected `import { a, b }",
        ),
        (
            "const x = 1;\nimport { b } from \"./b.js\";\n",
            "a.js:2: an import below other statements",
        ),
        ("export default 1;\n", "a.js:1: a default export"),
        (
            "export { b } from \"./b.js\";\n",
            "a.js:1: exports of another file's names",
        ),
        (
            "export { nothing };\n",
            "a.js:1: `nothing` is exported but not defined",
        ),
        (
            "import { b } from \"./c.js\";\n",
            "a.js:1: \"./c.js\" would be c.js, and there is no such file",
        ),
        (
            "import { c } from \"./b.js\";\n",
            "a.js:1: b.js does not export `c`",
        ),
        (
            "import { b } from \"fs\";\n",
            "a.js:1: expected a relative file",
        ),
        (
            "import { x } from \"nano:bindings\";\n",
            "a.js:1: nano:bindings does not export `x`",
        ),
    ] {
        let message = error(&[("a.js", text), ("b.js", "export const b = 1;\n")]);
        assert!(message.starts_with(expected), "{text:?}: {message}");
    }
}

#[test]
fn impl_classes_must_exist() {
    let glue =
        "import { FooImpl } from \"nano:impls\";\nexport class Foo {}\nFooImpl.ready = true;\n";
    let error =
        join_with(&[("a.js", "export class BarImpl {}\n")], glue).expect_err("FooImpl is missing");
    assert!(
        error
            .to_string()
            .contains("no built-in script exports `FooImpl`"),
        "{error}"
    );
    let holder = "import { FooDataHolder } from \"nano:impls\";\nnew FooDataHolder();\n";
    let error = join_with(&[], holder).expect_err("FooDataHolder is missing");
    assert!(
        error.to_string().contains(
            "no built-in script exports `FooDataHolder`, which the IDL's [Transferable] Foo needs"
        ),
        "{error}"
    );
    let bundle = join_with(&[("a.js", "export class FooImpl {}\n")], glue).unwrap();
    assert!(position(&bundle, "class FooImpl {}") < position(&bundle, "FooImpl.ready"));
}

#[test]
fn unused_converters_are_left_out() {
    let glue = "\
export function convert_A(value) {
  return convert_B(value);
}

export function convert_B(value) {
  return value;
}

export function convert_C(value) {
  return value;
}
";
    let bundle = join_with(
        &[(
            "a.js",
            "import { convert_A } from \"nano:bindings\";\nconvert_A(1);\n",
        )],
        glue,
    )
    .unwrap();
    assert!(
        bundle.contains("function convert_A") && bundle.contains("function convert_B"),
        "{bundle}"
    );
    assert!(!bundle.contains("convert_C"), "{bundle}");
}

/// What the rules say about one file, without the file's name.
fn findings(text: &str) -> Vec<String> {
    let source = Source::parse("a.js", text).unwrap();
    source
        .findings
        .iter()
        .map(|error| error.to_string().replace("a.js:", ""))
        .collect()
}

#[test]
fn what_an_app_could_meddle_with_is_refused() {
    for (text, expected) in [
        ("const a = {};", "this object inherits"),
        (
            "const a = { b: 1, __proto__: null };",
            "this object inherits",
        ),
        ("f({ __proto__: g });", "this object inherits"),
        ("function f(a) { a[0] = 1; }", "this writes to a computed"),
        (
            "function f(a, b) { a[b] += 1; }",
            "this writes to a computed",
        ),
        ("function f(a, b) { a[b]++; }", "this writes to a computed"),
        (
            "function f() { const g = () => 1; g.h = 1; }",
            "this sets a property of a function",
        ),
        ("function f(a, b) { for (b of a); }", "`for…of`"),
        ("function f(a, b) { b(...a); }", "a spread argument"),
        ("function f(a, b) { return [b, ...a]; }", "a spread element"),
        ("function f(a) { const [b] = a; }", "an array pattern"),
        ("function f([a]) {}", "an array pattern"),
        ("function f(a, b) { [b] = a; }", "an array pattern"),
        ("const f = async (a) => await a;", "`await`"),
        ("function* f(a) { yield a; }", "generators"),
        (
            "function f(a) { a.push(1); }",
            "an app can replace the method `push`",
        ),
        (
            "function f(a) { a.b.then(f); }",
            "an app can replace the method `then`",
        ),
        ("function f() { return Promise; }", "`Promise` is a global"),
        ("class A { b = Math.random(); }", "`Math` is a global"),
        (
            "function f() { return class {}; }",
            "the objects of a class in a function",
        ),
    ] {
        let found = findings(text);
        assert!(
            found.len() == 1 && found[0].starts_with(&format!("1: {expected}")),
            "{text}: {found:?}"
        );
    }
}

#[test]
fn what_no_app_can_meddle_with_is_free() {
    for text in [
        "import { b } from \"nano:native\";\nexport const a = { __proto__: null, b, ...b };",
        "class A { static b = [...Array.of(1)].map(String); }",
        "for (const a of [1]) globalThis.b = a;",
        "class A { b = 1; c() { this.b = undefined; } }",
        "const f = (a, ...rest) => ({ __proto__: null, a, rest });",
        "function f({ a }) { return a.b.c(a[0], NaN); }",
        "function f(a, b) { a[b] = 1; // safe: a List\n}",
        "function f(a, b) {\n  // safe: a List\n  a[b] = 1;\n}",
    ] {
        assert_eq!(findings(text), Vec::<String>::new(), "{text}");
    }
}

#[test]
fn an_exemption_is_for_its_line_only_and_must_be_needed() {
    let found = findings("function f(a) {\n  a[0] = 1; // safe: a List\n  a[1] = 1;\n}");
    assert!(found.len() == 1 && found[0].starts_with("3: "), "{found:?}");
    let found = findings("function f(a) {\n  return a; // safe: not at all\n}");
    assert!(
        found.len() == 1 && found[0].starts_with("2: this comment exempts"),
        "{found:?}"
    );
}

#[test]
fn root_classes_inherit_nothing() {
    let bundle = join_files(&[("a.js", "export class A {}\nclass B extends A {}\n")]).unwrap();
    assert!(
        bundle.contains(
            "class A {}\nObject.setPrototypeOf(A.prototype, null);\nclass B extends A {}\n"
        ),
        "{bundle}"
    );
}

#[test]
fn comments_and_indentation_go() {
    for (text, expected) in [
        (
            "// a … b\n/** doc\n * more */\nfunction f() {\n  // x\n  return 1; // y\n\n}\n",
            "function f() {\nreturn 1;\n}\n",
        ),
        ("a = 1; /* x */ b = 2;\n", "a = 1;\nb = 2;\n"),
        ("a = /* x */ 1;\n", "a =  1;\n"),
        (
            "const a = \"// no \\\" comment\";\n",
            "const a = \"// no \\\" comment\";\n",
        ),
        (
            "const a = `// no\n  ${b + `/* ${c} */` + d}  // still ${\"`\"}\n`;\n",
            "const a = `// no\n  ${b + `/* ${c} */` + d}  // still ${\"`\"}\n`;\n",
        ),
        ("const a = /\\/\\/[/\"]/;\n", "const a = /\\/\\/[/\"]/;\n"),
    ] {
        let bundle = join_files(&[("a.js", text)]).unwrap();
        let head = "(function (globalThis, native) {\n\"use strict\";\n";
        assert_eq!(bundle, format!("{head}{expected}}})\n"), "{text}");
    }
}

#[test]
fn errors_name_the_place() {
    assert_eq!(
        Source::parse("a.js", "const a = 1;\n\nfunction f( {\n")
            .unwrap_err()
            .to_string(),
        "a.js:4: Expected `}` but found `EOF`"
    );
    let message = error(&[("a.js", "// é\nconst a = \"é\";\n")]);
    assert!(
        message.starts_with("a.js:2: expected ASCII outside of comments, found `const a = \"é\";`"),
        "{message}"
    );
}

/// The library, a class that is not lazy, and two that are.
const PARTS: &[(&str, &str)] = &[
    (
        "script.js",
        "export const ObjectSetPrototypeOf = Object.setPrototypeOf;
export const MapGet = Map.prototype.get;
export const taken = MapGet.call;
export function addLazyPart() {}
export function exportToNative() {}
export function defineGlobal() {}
",
    ),
    (
        "base.js",
        "import { exportToNative } from \"./script.js\";
export class BaseImpl {}
export function shared() {}
exportToNative(\"base\", () => shared(BaseImpl));
",
    ),
    (
        "lock.js",
        "import { exportToNative, taken } from \"./script.js\";
import { BaseImpl, shared } from \"./base.js\";
const kept = { __proto__: null };
class Request {}
function request() { return new Request(kept, taken, shared); }
export class LockImpl extends BaseImpl {}
function newLock() { return new LockImpl(request()); }
exportToNative(\"newLock\", () => newLock());
",
    ),
    ("cache.js", "export class CacheImpl {}\n"),
];

const PARTS_GLUE: &str = "import { BaseImpl, CacheImpl, LockImpl } from \"nano:impls\";
import { defineGlobal } from \"./script.js\";
let takeImpl;
export class Base { static { takeImpl = BaseImpl; } }
export class Lock extends Base {}
export class Cache { static { takeImpl = CacheImpl; } }
const take_Cache = takeImpl;
export function unwrap_Cache() { return take_Cache; }
export function convert_Cache() { return unwrap_Cache(); }
LockImpl.prototype.wrap_ = () => new Lock();
defineGlobal(globalThis, \"Base\", Base);
defineGlobal(globalThis, \"Lock\", Lock);
defineGlobal(globalThis, \"Cache\", Cache);
lazyPart(\"Lock\");
lazyPart(\"Cache\");
";

fn joined(files: &[(&str, &str)], glue: &str) -> Result<Joined, Error> {
    let sources = files
        .iter()
        .map(|(name, text)| Source::parse(name, text))
        .collect::<Result<_, _>>()?;
    join(sources, Source::parse(BINDINGS, glue)?)
}

#[test]
fn lazy_parts_have_what_nothing_else_refers_to() {
    let joined = joined(PARTS, PARTS_GLUE).unwrap();
    assert_eq!(joined.lazy_names, ["Lock", "Cache"]);
    let (outside, parts) = joined
        .text
        .split_once("addLazyPart([\"Lock\"], [\"newLock\"], (exportToNative, defineGlobal) => {\n")
        .unwrap_or_else(|| panic!("no part in\n{}", joined.text));
    assert_eq!(
        parts,
        "class Request {}
ObjectSetPrototypeOf(Request.prototype, null);
function request() { return new Request(kept, taken, shared); }
class LockImpl extends BaseImpl {}
function newLock() { return new LockImpl(request()); }
exportToNative(\"newLock\", () => newLock());
class Lock extends Base {}
LockImpl.prototype.wrap_ = () => new Lock();
defineGlobal(globalThis, \"Lock\", Lock);
});
addLazyPart([\"Cache\"], [], (exportToNative, defineGlobal) => {
class CacheImpl {}
ObjectSetPrototypeOf(CacheImpl.prototype, null);
class Cache { static { takeImpl = CacheImpl; } }
const take_Cache = takeImpl;
defineGlobal(globalThis, \"Cache\", Cache);
});
})
"
    );
    // Variables may depend on what an app can change; and what others refer to is theirs, too.
    for text in [
        "const MapGet = Map.prototype.get;",
        "const taken = MapGet.call;",
        "const kept =",
        "function shared() {}",
        "class BaseImpl {}",
        "exportToNative(\"base\"",
        "let takeImpl;",
        "defineGlobal(globalThis, \"Base\", Base);",
    ] {
        position(outside, text);
    }
    assert!(!joined.text.contains("lazyPart("), "{}", joined.text);
}

#[test]
fn lazy_parts_are_entered_by_their_interfaces_only() {
    let error = |glue: String| {
        let error = joined(PARTS, &glue).err().expect("refused");
        error.to_string()
    };
    let said = error(format!(
        "{PARTS_GLUE}const user = () => unwrap_Cache();\nuser();\n"
    ));
    assert!(
        said.starts_with(
            "`function unwrap_Cache() { return take_Cache; }` is of a lazy part, to which `const user = () => unwrap_Cache();` leads"
        ),
        "{said}"
    );
    let said = error(format!("{PARTS_GLUE}new Lock(Cache);\n"));
    assert!(
        said.starts_with("`new Lock(Cache);` leads to the interfaces of two lazy parts"),
        "{said}"
    );
    let said = error(format!("{PARTS_GLUE}lazyPart(\"Nothing\");\n"));
    assert!(
        said.starts_with("the interface `Nothing` is of a lazy part, but no"),
        "{said}"
    );
    // It runs when an app may have changed the iterators of arrays.
    let said = error(format!(
        "{PARTS_GLUE}CacheImpl.list = [...CacheImpl.lists];\n"
    ));
    assert!(said.contains("a spread element"), "{said}");
}
