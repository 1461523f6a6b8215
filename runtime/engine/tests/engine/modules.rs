//! ES modules.

use std::path::Path;

use nano_engine::{
    ErrorReport, Exit, FolderSource, LoadError, Loaded, ModuleError, ModuleKind, ModuleSource,
    SourceType, run_on_current_thread, v8,
};

use crate::harness::{Log, options};

struct App(tempfile::TempDir);

impl App {
    fn new(files: &[(&str, &str)]) -> Self {
        let dir = tempfile::tempdir().expect("a folder");
        for (name, text) in files {
            let path = dir.path().join("app").join(name);
            std::fs::create_dir_all(path.parent().expect("a parent")).expect("folders");
            std::fs::write(path, text).expect("a file");
        }
        Self(dir)
    }

    fn path(&self) -> std::path::PathBuf {
        self.0.path().join("app")
    }
}

/// Imports `./index.js`; the error of the import, if any, is in the log.
fn run_folder(path: &Path) -> (Vec<String>, usize) {
    let (mut options, log) = options();
    options.modules = Some(Box::new(FolderSource::new(path).expect("the folder")));
    let mut hits = 0;
    let exit = run_on_current_thread(options, |scope| {
        v8::tc_scope!(let scope, scope);
        if nano_engine::modules::import(scope, "./index.js").is_none() {
            let report = ErrorReport::from_try_catch(scope);
            crate::harness::say(scope, format!("failed {}", report.message));
            scope.reset();
        }
        hits = nano_engine::modules::code_cache_hits(scope);
    });
    assert_eq!(exit, Exit::Drained);
    (said(&log), hits)
}

fn said(log: &Log) -> Vec<String> {
    let mut said = log.lock().expect("log").clone();
    said.pop();
    said
}

fn run_app(files: &[(&str, &str)]) -> Vec<String> {
    run_folder(&App::new(files).path()).0
}

#[test]
fn graphs_run_in_order_and_once() {
    let said = run_app(&[
        (
            "index.js",
            "import { b } from './lib/b.js'; import './lib/c.js'; print('index', b);",
        ),
        (
            "lib/b.js",
            "import './c.js'; print('b'); export const b = 1;",
        ),
        (
            "lib/c.js",
            "import { b } from '/lib/b.js'; print('c'); export { b };",
        ),
    ]);
    assert_eq!(said, ["c", "b", "index 1"]);
}

#[test]
fn json_text_bytes_and_wasm() {
    let wasm = "\0asm\u{1}\0\0\0";
    let said = run_app(&[
        (
            "index.js",
            "import data from './data.json' with { type: 'json' };
             import text from './data.json' with { type: 'text' };
             import bytes from './data.json' with { type: 'bytes' };
             import again from './data.json' with { type: 'json' };
             import wasm from './m.wasm';
             print(data.a, text, bytes instanceof Uint8Array, bytes.length, again === data, wasm instanceof WebAssembly.Module);",
        ),
        ("data.json", "{\"a\":1}"),
        ("m.wasm", wasm),
    ]);
    assert_eq!(said, ["1 {\"a\":1} true 7 true true"]);
}

#[test]
fn import_meta_hides_the_machine() {
    let said = run_app(&[
        (
            "index.js",
            "import './a b/x.js'; print(import.meta.url, import.meta.resolve('./y.js?z'));",
        ),
        (
            "a b/x.js",
            "print(import.meta.url); try { import.meta.resolve('lodash') } catch (e) { print(e.name) }",
        ),
    ]);
    assert_eq!(
        said,
        [
            "app:///a%20b/x.js",
            "TypeError",
            "app:///index.js app:///y.js?z"
        ]
    );
}

#[test]
fn dynamic_import_and_top_level_await() {
    let said = run_app(&[
        (
            "index.js",
            "const later = import('./lazy.js').then(m => print('then', m.default));
             print('before');
             const lazy = await import('./lazy.js');
             print(lazy.default, lazy === await import('./lazy.js'));
             await later;
             const json = await import('./d.json', { with: { type: 'json' } });
             print(json.default.length);",
        ),
        (
            "lazy.js",
            "print('lazy'); await sleep(5, ''); export default 'value';",
        ),
        ("d.json", "[1, 2]"),
    ]);
    assert_eq!(said[..2], ["before", "lazy"]);
    assert_eq!(
        said[2..4]
            .iter()
            .map(String::as_str)
            .collect::<std::collections::BTreeSet<_>>(),
        ["then value", "value true"].into()
    );
    assert_eq!(said[4], "2");
}

#[test]
fn classic_scripts_can_import() {
    let app = App::new(&[("m.js", "export default 7")]);
    let (mut options, log) = options();
    options.modules = Some(Box::new(FolderSource::new(app.path()).expect("the folder")));
    run_on_current_thread(options, |scope| {
        nano_engine::evaluate(
            scope,
            "app:///script.js",
            "import('./m.js').then(m => print(m.default))",
        );
    });
    assert_eq!(said(&log), ["7"]);
}

#[test]
fn errors_name_importer_and_specifier() {
    let error = |files: &[(&str, &str)]| run_app(files).join("\n");
    let missing = error(&[("index.js", "import './none.js'")]);
    assert!(missing.contains("failed TypeError: Cannot import \"./none.js\" from \"app:///index.js\": app:///none.js does not exist"), "{missing}");
    let bare = error(&[("index.js", "import 'lodash'")]);
    assert!(
        bare.contains(
            "Cannot import \"lodash\" from \"app:///index.js\": only relative specifiers"
        ),
        "{bare}"
    );
    for (specifier, instead) in [
        ("lodash", "Bundle what is in packages"),
        ("node:fs", "Node's modules are not here"),
        ("cloudflare:workers", "Cloudflare's modules are not here"),
    ] {
        let source = format!("import '{specifier}'");
        let bare = error(&[("index.js", &*source)]);
        assert!(bare.contains(instead), "{bare}");
    }
    let text = error(&[("index.js", "import './x.txt'"), ("x.txt", "1")]);
    assert!(text.contains("with { type: \"text\" }"), "{text}");
    let json = error(&[
        ("index.js", "import './x.json' with { type: 'json' }"),
        ("x.json", "{"),
    ]);
    assert!(
        json.contains("SyntaxError: app:///x.json is not valid JSON"),
        "{json}"
    );
    let untyped = error(&[("index.js", "import './x.json'"), ("x.json", "{}")]);
    assert!(untyped.contains("with { type: \"json\" }"), "{untyped}");
    let attribute = error(&[
        ("index.js", "import './x.js' with { lazy: 'yes' }"),
        ("x.js", ""),
    ]);
    assert!(
        attribute.contains("import attribute \"lazy\" is not supported"),
        "{attribute}"
    );
    let export = error(&[("index.js", "import { no } from './x.js'"), ("x.js", "")]);
    assert!(
        export.contains("SyntaxError") && export.contains("'no'"),
        "{export}"
    );
    let caught = error(&[(
        "index.js",
        "await import('./none.js').catch(e => print('caught', e.message))",
    )]);
    assert!(
        caught.starts_with("caught Cannot import \"./none.js\" from \"app:///index.js\""),
        "{caught}"
    );
    let syntax = error(&[
        (
            "index.js",
            "await import('./x.js').catch(e => print(e.name))",
        ),
        ("x.js", "let"),
    ]);
    assert_eq!(syntax, "SyntaxError");
}

#[test]
fn nothing_outside_of_the_folder() {
    let app = App::new(&[("index.js", "import './link.js'")]);
    std::fs::write(app.0.path().join("secret.js"), "print('secret')").expect("secret");
    std::os::unix::fs::symlink(app.0.path().join("secret.js"), app.path().join("link.js"))
        .expect("link");
    assert!(run_folder(&app.path()).0[0].contains("leads out of the app's folder"));
    for specifier in [
        "../secret.js",
        "/../secret.js",
        "./%2e%2e/secret.js",
        "./..%2fsecret.js",
        "file:///etc/passwd",
        "app:///../secret.js",
    ] {
        std::fs::write(app.path().join("index.js"), format!("import '{specifier}'"))
            .expect("index");
        let said = run_folder(&app.path()).0;
        assert!(
            said[0].starts_with("failed TypeError: Cannot import"),
            "{specifier}: {said:?}"
        );
    }
}

#[test]
fn a_module_that_throws_throws_each_time() {
    let said = run_app(&[
        (
            "index.js",
            "for (let i = 0; i < 2; i++) await import('./bad.js').catch(e => print(e.message)); ",
        ),
        ("bad.js", "print('runs'); throw new Error('bad')"),
    ]);
    assert_eq!(said, ["runs", "bad", "bad"]);
}

#[test]
fn the_second_isolate_uses_the_code_cache() {
    let functions: String = (0..100)
        .map(|n| format!("export function f{n}() {{ return {n} + Math.random(); }}\n"))
        .collect();
    let app = App::new(&[
        (
            "index.js",
            "import * as all from './big.js'; for (const f of Object.values(all)) f(); print('ran'); await sleep(30, '')",
        ),
        ("big.js", &functions),
    ]);
    // A loop that drains makes no caches; one that waits does.
    let (mut options, log) = options();
    options.modules = Some(Box::new(FolderSource::new(app.path()).expect("the folder")));
    let (handle, exit) = nano_engine::spawn(options, |scope| {
        nano_engine::modules::import(scope, "./index.js").expect("no error");
    })
    .expect("a thread");
    while log.lock().expect("log").is_empty() {
        std::thread::yield_now();
    }
    std::thread::sleep(std::time::Duration::from_millis(50));
    handle.stop();
    exit.wait();
    let (said, hits) = run_folder(&app.path());
    assert_eq!((said.as_slice(), hits), (&["ran".to_string()][..], 1));
}

#[test]
fn kinds_of_sources_are_told_apart() {
    let (options, _) = options();
    run_on_current_thread(options, |scope| {
        for (source, expected) in [
            ("1 + 1", SourceType::Script),
            ("with ({}) {}", SourceType::Script),
            ("import './x.js'", SourceType::Module),
            ("export default 1", SourceType::Module),
            ("await 1", SourceType::Module),
            ("import.meta.url", SourceType::Module),
            ("import('./x.js')", SourceType::Script),
            ("let = = 1", SourceType::Script),
            ("export let = = 1", SourceType::Module),
        ] {
            assert_eq!(nano_engine::detect(scope, source), expected, "{source}");
        }
    });
}

/// V8 calls for the source in the middle of scripts, where a panic must not unwind any further.
#[test]
fn a_panic_in_a_source_is_an_exception() {
    struct Panics;
    impl ModuleSource for Panics {
        fn resolve(&self, specifier: &str, _: &str) -> Result<String, ModuleError> {
            match specifier {
                "unresolvable" => panic!("on purpose"),
                other => Ok(other.to_owned()),
            }
        }

        fn load(
            &self,
            _: &str,
            _: ModuleKind,
            _: &mut dyn FnMut(usize) -> bool,
        ) -> Result<Loaded, LoadError> {
            panic!("on purpose")
        }
    }
    let (mut options, log) = options();
    options.modules = Some(Box::new(Panics));
    let source = "
        import('unresolvable').catch(e => print('import', e.message));
        import('unloadable').catch(e => print('load', e.message));
        try { import.meta.resolve('unresolvable'); } catch (e) { print('resolve', e.message); }
    ";
    let exit = run_on_current_thread(options, |scope| {
        nano_engine::modules::evaluate_module(scope, "main", source).expect("no exception");
    });
    assert_eq!(exit, Exit::Drained);
    let said = said(&log);
    assert_eq!(said.len(), 3, "{said:?}");
    for (said, what) in said.iter().zip(["resolve", "import", "load"]) {
        assert!(
            said.starts_with(&format!("{what} internal error")),
            "{said}"
        );
    }
}
