//! Source texts that take far more memory to compile than they have bytes.

use crate::memory::NEIGHBOUR;
use crate::support::{Site, eventually};

const HELLO: &str = "export default { fetch() { return new Response('hello'); } };";

/// What V8 makes a tree of that is fifty times as large.
fn objects(count: usize) -> String {
    let objects: String = (0..count)
        .map(|n| format!("{{a:{n},f(){{return {n}}}}},"))
        .collect();
    format!("const all = [{objects}];")
}

/// What a bundler makes of some packages: functions, few of which are called at first.
fn bundle(bytes: usize) -> String {
    let mut text = String::from("const modules = {");
    for number in 0.. {
        if text.len() > bytes {
            break;
        }
        text += &format!(
            "{number}:(e,t,r)=>{{\"use strict\";r.d(t,{{A:()=>f{number}}});class C{number} extends Object{{m(a){{return a*2}}}}"
        );
        for function in 0..10 {
            text += &format!(
                "function f{number}_{function}(e,t){{for(let i=0;i<e.length;i++)t.push(e[i].q?{{a:i,b:[1,2,{number}]}}:null);\
                 if(e.p>{function}&&t){{var n=r({number}),o=n.map((e=>e.x+1)).filter((e=>void 0!==e.y));\
                 t=Object.assign({{}},t,{{k{number}:o,v:\"s{function}\"}})}}return t}}"
            );
        }
        text += "},";
    }
    text + "};"
}

/// Nothing of it is lost, and nobody else pays for it; after some tries the app is given up.
#[test]
fn a_source_that_compiles_to_too_much_is_refused() {
    for beginning in ["", "/* \u{20ac} */"] {
        let source = format!("{beginning}{}{HELLO}", objects(400_000));
        let nano = Site::new()
            .app("a", &source)
            .app("b", NEIGHBOUR)
            .top(r#""memory_mb":600,"prepared":0"#)
            .serve();
        assert_eq!(nano.get("b.test", "/").text(), "here");
        let before = nano.reset_peak();
        let threads = nano.threads();
        let refusal = nano.get("a.test", "/");
        assert_eq!(refusal.status, 503);
        let message = "of app:///index.js takes more than 128 MB of memory, which is the app's limit: split it into modules";
        nano.app_logged("a", message);
        eventually("the end of the tries", || {
            nano.get("a.test", "/");
            let mut log = nano.log().into_iter();
            log.find(|line| {
                let text = line["message"].as_str().unwrap_or_default();
                line["app"] == "a"
                    && text.starts_with(
                        "the app is disabled: it did not start within its memory limit",
                    )
            })
        });
        let growth = nano.peak().saturating_sub(before) >> 20;
        println!("the process grew by {growth} MB");
        assert!(growth < 300, "the process grew by {growth} MB");
        eventually("the memory and the thread to come back", || {
            let left = nano.resident().saturating_sub(before) >> 20;
            (left < 40 && nano.threads() <= threads).then_some(())
        });
        assert_eq!(nano.get("b.test", "/").text(), "here");
    }
}

/// It may be imported later.
#[test]
fn an_import_of_too_much_is_an_exception() {
    let source = "let requests = 0;
    export default { async fetch(request) {
        const name = new URL(request.url).pathname;
        const imported = name === '/' ? '' : await import('.' + name).then(({ size }) => size, (e) => e.name);
        return new Response(`${++requests} ${imported}`);
    } };";
    let nano = Site::new()
        .app("a", source)
        .file("a/large.js", &objects(400_000))
        .file(
            "a/small.js",
            &(objects(20_000) + "export const size = all.length;"),
        )
        .file(
            "a/wide.js",
            &(objects(20_000) + "export const size = '\u{20ac}'.length;"),
        )
        .file("a/broken.js", &(objects(20_000) + "const all;"))
        .serve();
    for (requests, name, imported) in [
        (1, "large.js", "RangeError"),
        (2, "large.js", "RangeError"),
        (3, "small.js", "20000"),
        (4, "wide.js", "1"),
        (5, "broken.js", "SyntaxError"),
        (6, "", ""),
    ] {
        let response = nano.get("a.test", &format!("/{name}"));
        assert_eq!(response.text(), format!("{requests} {imported}"));
    }
}

#[test]
fn a_large_bundle_starts() {
    let nano = Site::new().app("a", &(bundle(10_000_000) + HELLO)).serve();
    let before = nano.reset_peak();
    let response = nano.get("a.test", "/");
    assert_eq!((response.status, response.text()), (200, "hello"));
    let growth = nano.peak().saturating_sub(before) >> 20;
    println!("the process grew by {growth} MB");
    assert!(growth < 100, "the process grew by {growth} MB");
}
