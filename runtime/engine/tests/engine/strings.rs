//! Searches for long strings, which are not V8's: they say what V8's own would.

use nano_engine::v8;

use crate::harness::{run, start};

/// What each call of a list returns or throws, as JSON. A text and a needle that pass what is left to V8; not of the shape that V8
/// would be slow with.
const CALLS: &str = r#"
    const [a, b, wide] = ['x'.repeat(999) + 'a', 'x'.repeat(999) + 'b', 'x'.repeat(999) + '\u20ac'];
    const text = 'begin' + (a + 'c' + b + b + wide).repeat(5) + 'end';
    const narrow = 'begin' + (a + 'c' + b + b).repeat(6) + 'end';
    const templates = ['', '-', '$', '$$', '$&', '$`', "$'", '$1', '$<a>', '<$$$&$', '$$$', undefined, null, 7, {}, ['$&']];
    const functions = [
        (...all) => all.map(each => typeof each === 'string' ? each.length : each).join() + '$&',
        function () { return this === undefined; }, () => undefined, () => ({}), () => Symbol(), () => { throw 'thrown'; },
    ];
    const object = { toString: () => b };
    const methods = (it, value) => ({ [Symbol.split]: value, [Symbol.replace]: value, [Symbol.match]: it });
    const found = [
        a, b, wide, 'c' + b, [a], object, new String(b), [a, 'c'], /c/, /c/g, /x+c/gi, b + b, b + b + b, text, narrow, text + 'x',
        'begin' + a, b + 'end', wide + 'end', 'x'.repeat(500), '', undefined, null, 7, Symbol(), 'c', methods(), methods(true, 1),
        methods(1, function (...all) { return [this[Symbol.match], all.length]; }), methods(true), methods(false, null),
        { ...methods(true), flags: 'g', toString: () => a }, { ...methods(true), flags: '' }, { ...methods(1), flags: null },
        { toString() { throw 'unreadable'; } }, Object.assign(/c/, { [Symbol.match]: false }),
        Object.assign(/c/, { [Symbol.split]: 1, [Symbol.replace]: 1 }),
    ];
    const positions = [
        undefined, null, 0, -1, -Infinity, Infinity, NaN, 5, 6, 1005, 1006.9, 5e3, 1e9, '2000', [3000], {}, 1n, Symbol(),
        { valueOf() { throw 'no position'; } },
    ];
    const limits = [undefined, null, 0, 1, 2, 3, 100, -1, 2 ** 32, 2 ** 32 + 1, 1.9, NaN, '2', {}, 1n, { valueOf() { throw 'no limit'; } }];
    const selves = [undefined, null, 7, Symbol(), Object(narrow), { toString: () => text }, { toString() { throw 'no text'; } }, text, narrow];

    // A short name of a long text: its length and a sum of it.
    const digest = value => {
        if (Array.isArray(value)) {
            const { writable, enumerable, configurable } = Object.getOwnPropertyDescriptor(value, 0) ?? {};
            return [value.length, ...Object.keys(value).slice(-1), digest(value.join()), writable, enumerable, configurable].join();
        }
        if (typeof value !== 'string') return typeof value + String(value);
        let sum = 0;
        for (let i = 0; i < value.length; i++) sum = (Math.imul(sum, 31) + value.charCodeAt(i)) | 0;
        return `${value.length}:${sum}`;
    };
    const lines = [];
    const call = (name, self, ...rest) => {
        let said;
        try { said = digest(String.prototype[name].apply(self, rest)); } catch (error) { said = String(error); }
        lines.push(`${lines.length} ${name}/${rest.length}: ${said}`);
    };
    for (const self of selves) {
        for (const it of found) {
            for (const name of ['indexOf', 'includes', 'lastIndexOf', 'split', 'replace', 'replaceAll']) call(name, self, it);
        }
    }
    for (const self of [text, narrow]) {
        for (const it of found) {
            for (const name of ['indexOf', 'includes', 'lastIndexOf']) for (const position of positions) call(name, self, it, position);
            for (const limit of limits) call('split', self, it, limit);
            for (const name of ['replace', 'replaceAll']) {
                // Between all characters of a long text, that is too much to compare.
                for (const by of [...templates, ...functions]) call(name, it === '' ? 'short' : self, it, by);
            }
        }
    }
    call('replaceAll', narrow, '', '$&'.repeat(1000));
    for (const self of [...selves, 'e\u0301', '\u1e9b\u0323', text + '\u1e9b\u0323\u0301']) {
        for (const form of [undefined, 'NFC', 'NFD', 'NFKC', 'NFKD', 'x', null, ['NFD'], Symbol(), { toString() { throw 'no form'; } }]) {
            call('normalize', self, form);
        }
        call('normalize', self);
    }
    lines.push(`${String.prototype.normalize.length} ${String.prototype.normalize.name}`);
    // What is converted, and when.
    for (const name of ['indexOf', 'includes', 'lastIndexOf', 'split', 'replace', 'replaceAll']) {
        const log = [];
        const logged = (what, value) => new Proxy({}, { get(_, key) {
            log.push(`${what} ${String(key)}`);
            return key === 'toString' ? () => value : undefined;
        } });
        call(name, logged('self', text), logged('it', b), logged('by', '3'));
        lines.push(`${name} ${String.prototype[name].length} ${String.prototype[name].name}: ${log}`);
    }
"#;

/// `CALLS` in a context of V8's that nothing has changed.
fn said_by_v8() -> Vec<String> {
    start();
    let isolate = std::thread::spawn(|| {
        let isolate = &mut v8::Isolate::new(v8::CreateParams::default());
        v8::scope!(let scope, isolate);
        let context = v8::Context::new(scope, v8::ContextOptions::default());
        let scope = &mut v8::ContextScope::new(scope, context);
        let source = v8::String::new(scope, &format!("{CALLS} lines.join('\\n')")).expect("a text");
        let script = v8::Script::compile(scope, source, None).expect("a script");
        let said = script.run(scope).expect("a result");
        said.to_rust_string_lossy(scope)
    });
    let said = isolate.join().expect("a result");
    said.lines().map(str::to_owned).collect()
}

#[test]
fn searches_say_what_those_of_v8_do() {
    let (said, exit) = run(&format!("{CALLS} for (const line of lines) print(line);"));
    let expected = said_by_v8();
    assert!(expected.len() > 5000, "{}", expected.len());
    assert_eq!(said.len(), expected.len(), "{exit}");
    for (said, expected) in said.iter().zip(&expected) {
        assert_eq!(said, expected);
    }
}

#[test]
fn combining_characters_have_a_bound() {
    let source = r#"
        const of = (count) => 'a' + '\u0301\u0323'.repeat(count / 2);
        const said = (text) => { try { return text.normalize('NFD').length; } catch (error) { return String(error); } };
        print(said(of(1024)) + ' ' + of(1024).normalize('NFD').startsWith('a\u0323\u0323'));
        print(said((of(1024) + 'b').repeat(100)));
        print(said('x'.repeat(5000) + of(1026)));
        print(said(of(200_000)));
        // It cannot be taken away.
        RegExp.prototype.exec = () => null;
        print(said(of(200_000)));
    "#;
    let (said, exit) = run(source);
    let refused =
        "RangeError: A text with more than 1024 combining characters in a row cannot be normalized";
    let expected = ["1025 true", "102600", refused, refused, refused];
    assert_eq!(said, expected, "{exit}");
}
