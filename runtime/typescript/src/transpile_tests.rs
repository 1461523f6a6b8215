use nano_engine::transpiler::{Mistake, SourceMapText, Transpiled, Transpiler as _};

use super::transpile;
use crate::paths::Language;
use crate::{TypeScript, tsconfig};

fn transpile_with(tsconfig: &str, path: &str, text: &str) -> Result<Transpiled, Mistake> {
    let config = format!(r#"{{ "compilerOptions": {{ {tsconfig} }} }}"#);
    let read = |path: &str| (path == "app:///tsconfig.json").then(|| config.clone());
    let path = format!("app:///{path}");
    let options = tsconfig::nearest(&path, &read)?;
    transpile(
        &path,
        text,
        Language::of(&path).expect("an ending"),
        &options,
    )
}

#[track_caller]
fn code(path: &str, text: &str) -> String {
    let code = transpile_with("", path, text).expect("no mistake").code;
    code.trim().replace('\n', " ")
}

#[test]
fn types_are_gone() {
    for (text, expected) in [
        (
            "import type { A } from './a'; import { B, c } from './b'; export const x: A<B> = c as unknown satisfies B;",
            "import { c } from \"./b\"; export const x = c;",
        ),
        (
            "interface I { a: string } type T = I | null; declare const d: T; abstract class C<T> implements I { a!: string; private b?: T; declare c: 1; abstract f(): void }",
            "class C { a; b; }",
        ),
        (
            "function f<T>(this: Window, a?: number, ...b: T[]): asserts a is 1; function f(a) { return a!; }",
            "function f(a) { return a; }",
        ),
        (
            "enum E { A, B = 'b', C = 1 << 2 } export const e = E.A;",
            "var E = function(E) { E[E[\"A\"] = 0] = \"A\"; E[\"B\"] = \"b\"; E[E[\"C\"] = 4] = \"C\"; return E; }(E || {}); export const e = E.A;",
        ),
        (
            "namespace N { export const a = 1 } console.log(N.a);",
            "let N; (function(_N) { const a = _N.a = 1; })(N || (N = {})); console.log(N.a);",
        ),
        (
            "class P { constructor(private readonly a: number, public b = 2) {} }",
            "class P { a; b; constructor(a, b = 2) { this.a = a; this.b = b; } }",
        ),
    ] {
        assert_eq!(code("a.ts", text), expected, "{text}");
    }
}

#[test]
fn elements_become_calls() {
    let text = "import { h } from './h'; const x = <><a b={1}>text</a></>;";
    for (tsconfig, expected) in [
        (
            "",
            "const x = React.createElement(React.Fragment, null, React.createElement(\"a\", { b: 1 }, \"text\"));",
        ),
        (
            r#""jsxFactory": "h", "jsxFragmentFactory": "F""#,
            "import { h } from \"./h\"; const x = h(F, null, h(\"a\", { b: 1 }, \"text\"));",
        ),
        (
            r#""jsx": "react-jsx", "jsxImportSource": "/lib""#,
            "import { jsx as _jsx, Fragment as _Fragment } from \"/lib/jsx-runtime\"; const x = _jsx(_Fragment, { children: _jsx(\"a\", { b: 1, children: \"text\" }) });",
        ),
    ] {
        for path in ["a.tsx", "a.jsx"] {
            let code = transpile_with(tsconfig, path, text)
                .expect("no mistake")
                .code;
            // In JavaScript, an import is never a type's.
            let code = code
                .trim()
                .replace('\n', " ")
                .replace("import { h } from \"./h\"; ", "")
                .replace(" export {};", "");
            assert_eq!(
                code,
                expected.replace("import { h } from \"./h\"; ", ""),
                "{tsconfig} {path}"
            );
        }
    }
    let kept = transpile_with(r#""jsxFactory": "h""#, "a.tsx", text).expect("no mistake");
    assert!(kept.code.contains("import { h }"), "{}", kept.code);
    let pragma = "/** @jsxImportSource /own */ const x = <a/>;";
    assert!(code("a.tsx", pragma).contains("\"/own/jsx-runtime\""));
}

#[test]
fn the_compiler_s_options_count() {
    let fields = "class A { a: number; b = 1 }";
    let code = |tsconfig: &str, text: &str| {
        transpile_with(tsconfig, "a.ts", text)
            .expect("no mistake")
            .code
    };
    assert!(code("", fields).contains("a;"));
    assert!(!code(r#""useDefineForClassFields": false"#, fields).contains("a;"));
    let import = "import { a } from './a'; export type B = typeof a;";
    assert!(!code("", import).contains("./a"));
    assert!(code(r#""verbatimModuleSyntax": true"#, import).contains("./a"));
}

#[test]
fn decorators_want_an_option() {
    let text = "function d(...a: any[]): any {}\n@d class A { @d b = 1; @d c(@d e) {} }";
    let mistake = transpile_with("", "a.ts", text).unwrap_err();
    assert!(
        mistake.message.contains("\"experimentalDecorators\": true"),
        "{mistake:?}"
    );
    let place = mistake.place.unwrap();
    assert_eq!((place.line, place.columns), (2, (0, 2)));
    let done =
        transpile_with(r#""experimentalDecorators": true"#, "a.ts", text).expect("no mistake");
    assert!(
        done.code.starts_with("const babelHelpers = {")
            && done.code.contains("babelHelpers.decorateParam")
    );
    // The line of the helpers is nobody's.
    let map = TypeScript
        .source_map(SourceMapText::Json(&done.map))
        .unwrap();
    assert_eq!(map.original(0, 0), None);
    let first = map.original(1, 0).unwrap();
    assert_eq!(
        (first.source, first.line, first.column),
        ("app:///a.ts", 0, 0)
    );
}

#[test]
fn places_lead_back() {
    let text = "interface I {\n  a: string;\n}\n\nexport function f(): I {\n  const ü: number = 1; throw new Error('x');\n}\n";
    let done = transpile_with("", "a.ts", text).expect("no mistake");
    let line = done
        .code
        .lines()
        .position(|line| line.contains("throw"))
        .unwrap();
    let column = done.code.lines().nth(line).unwrap().find("new").unwrap();
    let map = TypeScript
        .source_map(SourceMapText::Json(&done.map))
        .unwrap();
    let found = map.original(line as u32, column as u32).unwrap();
    assert_eq!((found.line, found.column), (5, 29));
    assert_eq!(found.content, None);
}

#[test]
fn mistakes_have_a_place() {
    for (path, text, message, place) in [
        (
            "a.ts",
            "const a: = 1;",
            "Unexpected token",
            Some((1, 9, 10)),
        ),
        (
            "a.ts",
            "let a = 1;\r\nlet ü = 'x' as;\r\n",
            "",
            Some((2, 14, 15)),
        ),
        (
            "a.ts",
            "const a = 1; const a = 2;",
            "Identifier `a` has already been declared",
            Some((1, 6, 7)),
        ),
        (
            "a.tsx",
            "const a = <b></c>;",
            "Expected corresponding JSX closing tag for 'b'",
            None,
        ),
        ("a.ts", "import x from ", "", None),
        ("a.ts", "\u{feff}let 1;", "", None),
    ] {
        let mistake = transpile_with("", path, text).expect_err(text);
        assert!(mistake.message.contains(message), "{text}: {mistake:?}");
        let found = mistake.place.clone().expect(text);
        if let Some((line, start, end)) = place {
            assert_eq!(
                (found.line, found.columns.0, found.columns.1),
                (line, start, end),
                "{text}: {mistake:?}"
            );
        }
        assert_eq!(
            found.text,
            text.lines().nth(found.line as usize - 1).unwrap(),
            "{text}"
        );
    }
}
