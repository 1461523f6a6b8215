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
    join(sources, bindings).map(|(text, _)| text)
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
        (
            "export default 1;\n",
            "a.js:1: this export is of another form",
        ),
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
    let bundle = join_with(&[("a.js", "export class FooImpl {}\n")], glue).unwrap();
    assert!(position(&bundle, "class FooImpl {}") < position(&bundle, "FooImpl.ready"));
}

#[test]
fn unused_converters_are_left_out() {
    let glue = "\
// prunable
export function convert_A(value) {
  return convert_B(value);
}

// prunable
export function convert_B(value) {
  return value;
}

// prunable
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
