//! Apps in TypeScript, and errors at the places where people wrote them.

use std::process::Output;

use crate::support::{Site, nano};

/// An app of files, whose entry module is no `index.js`.
fn site(files: &[(&str, &str)]) -> Site {
    let site = Site::new().app("a", "");
    std::fs::remove_file(site.path().join("a/index.js")).expect("a file");
    files.iter().fold(site, |site, (name, text)| {
        site.file(&format!("a/{name}"), text)
    })
}

fn answer(files: &[(&str, &str)]) -> String {
    let nano = site(files).serve_with(&["--dev"]);
    nano.get("a.test", "/x?name=n").text().to_owned()
}

#[test]
fn an_app_in_typescript_runs_as_it_is() {
    let files = [
        (
            "index.ts",
            "import { greet, Level } from './lib/greet.js';
import type { Env } from './types';
import words from './words.json' with { type: 'json' };
import { twice } from './twice';
import * as plain from './plain.js';

class App {
    constructor(private readonly prefix: string) {}
    async fetch(request: Request, env: Env): Promise<Response> {
        const name = new URL(request.url).searchParams.get('name')!;
        return new Response(`${this.prefix} ${greet<string>(name as string)} ${Level.High} ${words.w} ${twice(2)} ${plain.x} ${env.WHO}`);
    }
}
export default new App('ts') satisfies ExportedHandler;
",
        ),
        ("lib/greet.ts", "export enum Level { Low, High } export function greet<T>(name: T): string { return `hello ${name}`; }"),
        ("types.ts", "export interface Env { WHO: string }"),
        ("twice/index.mts", "export const twice = (n: number): number => 2 * n;"),
        ("plain.js", "export const x = 'js';"),
        ("plain.ts", "export const x = 'not this one';"),
        ("words.json", "{ \"w\": \"word\" }"),
    ];
    assert_eq!(answer(&files), "ts hello n 1 word 4 js undefined");
}

#[test]
fn elements_go_by_the_compiler_s_options() {
    let runtime = "export const jsx = (type: unknown, props: { children: unknown }) => `${type}(${[props.children].flat()})`;
export const jsxs = jsx;";
    let index = "export default { fetch: () => new Response(<a>b{1}</a>) };";
    let automatic = r#"{ "compilerOptions": { "jsx": "react-jsx", "jsxImportSource": "/lib" } }"#;
    let factory = r#"{ /* ours */ "compilerOptions": { "jsxFactory": "h", }, }"#;
    let h = "import { h } from './h';\n";
    assert_eq!(
        answer(&[
            ("index.tsx", index),
            ("lib/jsx-runtime.ts", runtime),
            ("tsconfig.json", automatic),
        ]),
        "a(b,1)"
    );
    for entry in ["index.tsx", "index.jsx"] {
        let files = [
            (entry, &*format!("{h}{index}")),
            (
                "h.ts",
                "export const h = (type: string, _: unknown, ...children: unknown[]) => `h ${type} ${children}`;",
            ),
            ("tsconfig.json", factory),
        ];
        assert_eq!(answer(&files), "h a b,1", "{entry}");
    }
}

#[test]
fn a_javascript_app_names_its_files_as_they_are() {
    let nano = site(&[
        (
            "index.mjs",
            "import './other'; export default { fetch() {} };",
        ),
        ("other.ts", ""),
    ])
    .serve();
    assert_eq!(nano.get("a.test", "/").status, 503);
    nano.app_logged(
        "a",
        "app:///other does not exist; check the name, with its ending",
    );
}

/// `throw` is in line 7 and column 11, `fail` is called in line 11 and column 5.
const FAILS: &str = "interface Unused {
    a: string;
    b: number;
}

function fail(how: string): never {
    throw new TypeError(how);
}

const handlers: Record<string, (r: Request) => unknown> = {
    '/sync': () =>
    fail('sync'),
    '/late': async (): Promise<void> => { await new Promise((r) => setTimeout(r)); fail('late'); },
    '/stack': () => {
        try { fail('stack'); } catch (error) { return (error as Error).stack; }
    },
    '/capture': () => { const o = {} as { stack: string }; Error.captureStackTrace(o); return o.stack; },
    '/hook': () => {
        (Error as any).prepareStackTrace = (error: Error, sites: unknown[]) => `${error.message} ${sites.length > 0}`;
        try { fail('hook'); } catch (error) { return (error as Error).stack; } finally { delete (Error as any).prepareStackTrace; }
    },
    '/string': () => { throw 'text'; },
    '/rejected': () => { Promise.reject(new RangeError('nobody waits')); return 'done'; },
    '/console': () => { console.log(new Error('logged')); return 'done'; },
    '/timer': () => { setTimeout(() => fail('timer')); return 'done'; },
};

export default {
    async fetch(request: Request): Promise<Response> {
        return new Response(String(await handlers[new URL(request.url).pathname](request)));
    },
};
";

#[test]
fn errors_show_the_places_of_the_original() {
    let nano = site(&[("index.ts", FAILS)]).serve_with(&["--dev"]);
    let sync = nano.get("a.test", "/sync");
    for part in [
        "TypeError: sync\n  --> app:///index.ts:7:11\n",
        "\n 7 |     throw new TypeError(how);\n   |           ^\n",
        "\n    at fail (app:///index.ts:7:11)\n    at /sync (app:///index.ts:12:5)\n    at Object.fetch (app:///index.ts:",
    ] {
        assert!(
            sync.text().contains(part),
            "{part:?} is not in\n{}",
            sync.text()
        );
    }
    let late = nano.get("a.test", "/late");
    assert!(
        late.text().contains("  --> app:///index.ts:7:11\n"),
        "{}",
        late.text()
    );
    let stack = nano.get("a.test", "/stack");
    assert!(stack.text().starts_with("TypeError: stack\n    at fail (app:///index.ts:7:11)\n    at /stack (app:///index.ts:15:15)\n"), "{}", stack.text());
    let capture = nano.get("a.test", "/capture");
    assert!(
        capture
            .text()
            .starts_with("Error\n    at /capture (app:///index.ts:17:66)"),
        "{}",
        capture.text()
    );
    assert_eq!(nano.get("a.test", "/hook").text(), "hook true");
    let string = nano.get("a.test", "/string");
    assert!(
        string.text().contains("'text'\n  --> app:///index.ts:30:"),
        "{}",
        string.text()
    );
    for (path, text, place) in [
        (
            "/rejected",
            "RangeError: nobody waits\n  --> app:///index.ts:23:",
            "app:///index.ts:23:41",
        ),
        ("/console", "Error: logged", "app:///index.ts:24:37"),
        (
            "/timer",
            "TypeError: timer\n  --> app:///index.ts:7:5",
            "app:///index.ts:25:40",
        ),
    ] {
        assert_eq!(nano.get("a.test", path).text(), "done");
        let line = nano.app_logged("a", text);
        assert!(line["message"].as_str().unwrap().contains(place), "{line}");
    }
}

#[test]
fn mistakes_are_shown_where_they_are() {
    let files = [
        (
            "index.ts",
            "import './lib/bad.ts';\nexport default { fetch() {} };",
        ),
        ("lib/bad.ts", "export {};\nconst ü: string = ;\n"),
    ];
    let nano = site(&files).serve_with(&["--dev"]);
    assert_eq!(nano.get("a.test", "/").status, 503);
    let line = nano.app_logged("a", "the app did not start: SyntaxError: Unexpected token");
    let expected = "SyntaxError: Unexpected token\n  --> app:///lib/bad.ts:2:19\n   |\n 2 | const ü: string = ;\n   |                   ^";
    assert_eq!(line["stack"], expected, "{line}");
    // What V8 finds is at the original's place, too.
    for (text, place) in [
        (
            "type A = 1;\n\nimport { no } from './b.js'; no();",
            "app:///index.ts:3:10",
        ),
        (
            "type A = 1;\n\nconst x: RegExp = /(/;",
            "app:///index.ts:3:19",
        ),
    ] {
        let nano = site(&[("index.ts", text), ("b.js", "")]).serve();
        let line = nano.app_logged("a", "the app did not start: SyntaxError: ");
        assert!(
            line["stack"]
                .as_str()
                .unwrap()
                .contains(&format!("--> {place}\n")),
            "{line}"
        );
    }
}

#[test]
fn what_cannot_be_transpiled_is_an_error_of_its_app() {
    let nested = format!(
        "const x = {}1{};",
        "function*f(a=function(){".repeat(100_000),
        "}){}".repeat(100_000)
    );
    let nano = site(&[("index.ts", &nested)])
        .app("b", "export default { fetch: () => new Response('b') };")
        .serve();
    assert_eq!(nano.get("b.test", "/").text(), "b");
    assert_eq!(nano.get("a.test", "/").status, 503);
    nano.app_logged(
        "a",
        "app:///index.ts cannot be transpiled: it nests too deeply, or takes too much memory",
    );
    assert_eq!(nano.get("b.test", "/").text(), "b");
}

/// A bundle as esbuild makes one: `throw` of `src/fail.ts`, line 2, column 2.
const BUNDLE: &str = "// src/fail.ts\nfunction fail() {\n  throw new Error(\"bundled\");\n}\nexport default { fetch() { fail(); } };\n";
const MAP: &str = r#"{ "version": 3, "sources": ["../src/fail.ts", "./inner.ts"], "sourcesContent": SOURCES, "names": [],
    "mappings": ";;EACC" }"#;

fn bundle(map_url: &str) -> String {
    format!("{BUNDLE}//# sourceMappingURL={map_url}\n")
}

#[test]
fn maps_beside_a_bundle_and_in_it_lead_back() {
    let with_content = MAP.replace("SOURCES", r#"["line one\n  throw it;", null]"#);
    let inner = MAP
        .replace("SOURCES", "[null]")
        .replace("../src/fail.ts", "inner.ts");
    let encoded: String = with_content
        .bytes()
        .map(|byte| format!("%{byte:02x}"))
        .collect();
    let inline = bundle(&format!("data:application/json,{encoded}"));
    let linked = bundle("index.js.map");
    for (files, place) in [
        (
            vec![("index.js", &*linked), ("index.js.map", &*with_content)],
            "../src/fail.ts:2:2\n   |\n 2 |   throw it;",
        ),
        (
            vec![("index.js", &*inline)],
            "../src/fail.ts:2:2\n   |\n 2 |   throw it;",
        ),
        (
            vec![
                ("index.js", &*linked),
                ("index.js.map", &*inner),
                ("inner.ts", "one\n  two"),
            ],
            "app:///inner.ts:2:2\n   |\n 2 |   two",
        ),
        // Without a map, the bundle itself is shown.
        (vec![("index.js", &*linked)], "app:///index.js:3:3"),
        (vec![("index.js", BUNDLE)], "app:///index.js:3:3"),
    ] {
        let response = answer(&files);
        assert!(
            response.contains(&format!("--> {place}")),
            "{place}:\n{response}"
        );
    }
}

#[test]
fn hostile_maps_harm_nobody() {
    let huge = format!(
        r#"{{ "version": 3, "sources": ["a"], "names": [], "mappings": "{}" }}"#,
        "AAAA,".repeat(3 << 20)
    );
    let control = r#"{ "version": 3, "sources": ["a\n    at evil (app:///x:1:1)\u0000"], "names": [], "mappings": ";;EAAA" }"#;
    for (map, url) in [
        ("not JSON", "index.js.map"),
        ("{}", "index.js.map"),
        (&"[".repeat(1 << 20), "index.js.map"),
        (
            r#"{ "version": 3, "sources": ["a"], "names": [], "mappings": ";;;;!!!" }"#,
            "index.js.map",
        ),
        (&huge, "index.js.map"),
        ("", "/../../../../etc/passwd"),
        ("", "file:///etc/passwd"),
        ("", "http://127.0.0.1:1/x.map"),
        ("", "data:application/json;base64,????"),
        ("", "index.js"),
    ] {
        let response = answer(&[("index.js", &bundle(url)), ("index.js.map", map)]);
        assert!(
            response.contains("Error: bundled\n  --> app:///index.js:3:3"),
            "{url}:\n{response}"
        );
    }
    let response = answer(&[
        ("index.js", &bundle("index.js.map")),
        ("index.js.map", control),
    ]);
    assert!(!response.contains("\n    at evil"), "{response}");
    // A link leads nowhere.
    let site = site(&[("index.js", &bundle("index.js.map"))])
        .file("secret.map", &MAP.replace("SOURCES", "[]"));
    std::os::unix::fs::symlink("../secret.map", site.path().join("a/index.js.map"))
        .expect("a link");
    let nano = site.serve_with(&["--dev"]);
    let response = nano.get("a.test", "/");
    assert!(
        response.text().contains("--> app:///index.js:3:3"),
        "{}",
        response.text()
    );
}

/// The map is found for code from the cache, too, which the app's first instance has left.
#[test]
fn a_second_instance_leads_back_too() {
    let filler = "x".repeat(4000);
    let typescript = format!(
        "interface A {{ a: 1 }}\nexport default {{ fetch(r: Request) {{ if (r.url.endsWith('loop')) for (;;); throw new Error('again'); }} }};\nconst b = '{filler}';"
    );
    let javascript = format!(
        "export default {{ fetch(r) {{ if (r.url.endsWith('loop')) for (;;); throw new Error('again'); }} }};\nconst b = '{filler}';\n//# sourceMappingURL=index.js.map"
    );
    let map = r#"{ "version": 3, "sources": ["b.ts"], "names": [], "mappings": "AACA" }"#;
    let nano = Site::new()
        .app_with("a", &javascript, r#""limits":{"cpu_ms":200}"#)
        .app_with("b", "", r#""entry":"main.ts","limits":{"cpu_ms":200}"#)
        .file("a/index.js.map", map)
        .file("b/main.ts", &typescript)
        .serve_with(&["--dev"]);
    for (app, place) in [("a", "--> app:///b.ts:2:1"), ("b", "--> app:///main.ts:2:")] {
        let host = format!("{app}.test");
        for _ in 0..2 {
            let response = nano.get(&host, "/");
            assert!(response.text().contains(place), "{}", response.text());
            // Where there is time, the cache is made.
            std::thread::sleep(std::time::Duration::from_millis(300));
            assert_eq!(nano.get(&host, "/loop").status, 503);
            crate::support::eventually("the next instance", || {
                (nano.get(&host, "/").status == 500).then_some(())
            });
        }
    }
}

fn run(files: &[(&str, &str)], arguments: &[&str]) -> Output {
    let site = site(files);
    let command = nano()
        .args(arguments)
        .current_dir(site.path().join("a"))
        .output();
    command.expect("nano runs")
}

#[test]
fn programs_are_run() {
    let files = [
        (
            "main.ts",
            "import { x } from './x';\nconst y: number = await Promise.resolve(x);\nconsole.log(y, import.meta.url.endsWith('/a/main.ts'));",
        ),
        ("x.ts", "export const x: number = 7;"),
        (
            "bad.mts",
            "type A = 1;\n\nthrow new Error('here' as string);",
        ),
        ("wrong.tsx", "const x = <a;"),
    ];
    let output = run(&files, &["run", "main.ts"]);
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
    assert_eq!(String::from_utf8_lossy(&output.stdout), "7 true\n");
    let output = run(&files, &["run", "bad.mts"]);
    let text = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{text}");
    assert!(
        text.contains("Error: here\n  --> file:///") && text.contains("/a/bad.mts:3:7\n"),
        "{text}"
    );
    assert!(
        text.contains("\n 3 | throw new Error('here' as string);\n   |       ^"),
        "{text}"
    );
    let output = run(&files, &["run", "wrong.tsx"]);
    let text = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{text}");
    assert!(
        text.contains("SyntaxError: ") && text.contains("/a/wrong.tsx:1:"),
        "{text}"
    );
}

#[test]
fn a_check_understands_it() {
    let good = [(
        "index.ts",
        "export default { fetch: (r: Request): Response => new Response() };",
    )];
    let output = run(&good, &["check", "."]);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let bad = [(
        "index.ts",
        "export default { fetch: (r: Request): => new Response() };",
    )];
    let output = run(&bad, &["check", "."]);
    let text = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{text}");
    assert!(text.contains("--> app:///index.ts:1:39\n"), "{text}");
}
