//! What apps call with nearly no stack left fails with a `RangeError`, and no native code panics: built-in scripts cannot be called
//! then.

use std::path::PathBuf;

use nano_engine::{Engine, EngineOptions};

use crate::shell::{Shell, ShellOptions};

const SCRIPT: &str = r#"
    // Where the stack is full, nothing can be called to look at an error.
    const thrown = [];
    let count = 0;
    addEventListener('unhandledrejection', (event) => event.preventDefault());
    // At the bottom of the stack, and at levels above it: V8 leaves some 40 KB for native code alone.
    function bottom(name, call) {
        let levels;
        try { levels = bottom(name, call); } catch { levels = 0; }
        if (levels < 1200 && levels % 4 === 0) {
            try { call(); } catch (error) { thrown[count++] = [name, error]; }
        }
        return levels + 1;
    }
    // What is made at the first use comes first: it is kept.
    const calls = {
        performance: () => performance,
        timers: () => clearTimeout(setTimeout(() => {})),
        body: () => new Response('a').body,
        'body of a blob': () => new Blob(['a']).stream(),
        text: () => new Response('a').text(),
        headers: () => [...new Headers({ a: 'b' })],
        signal: () => new Request('http://a/').signal,
        clone: () => structuredClone({ a: [1, new Map()] }),
        exception: () => atob('!'),
        uuid: () => crypto.randomUUID(),
        digest: () => crypto.subtle.digest('SHA-1', new Uint8Array(1)),
        assert: () => console.assert(true),
        data: () => fetch('data:,a'),
        form: () => new Response(new FormData()),
        event: () => new EventTarget().dispatchEvent(new Event('a')),
        stream: () => new ReadableStream().getReader(),
    };
    for (const name of Object.getOwnPropertyNames(globalThis)) {
        calls['get ' + name] = () => globalThis[name];
        if (!/^(fetch|reportError|set|queue)/.test(name)) {
            calls['call ' + name] = () => globalThis[name]('a');
            calls['new ' + name] = () => new globalThis[name]('a');
        }
    }
    for (const name in calls) bottom(name, calls[name]);
    const internal = thrown.filter(([, error]) => String(error).includes('internal error'));
    [count > 0, [...new Set(internal.map(([name]) => name))].join()]
"#;

#[test]
fn nothing_panics_without_stack() {
    Engine::start(EngineOptions::new(&crate::EMBEDDING)).expect("the engine starts");
    let shell = Shell::new(ShellOptions::terminal(PathBuf::from("/"), false));
    let told = shell.expect("a shell").eval(SCRIPT);
    assert_eq!(
        told.map_err(|error| error.to_string()),
        Ok("[ true, '' ]".into())
    );
}
