//! What V8 and ICU take for one call of a built-in function, which nothing interrupts.

use std::time::Duration;

use nano_engine::limits::MIB;
use nano_engine::{Exit, Limits};

use super::harness::{options, run, run_script};
use super::{Growth, LIMIT, ONE, run_alone, run_limited};

#[test]
fn texts_that_are_nested_deeply_are_refused() {
    let (said, exit) = run_limited(
        r#"
        const attempt = (text) => { try { return JSON.parse(text); } catch (e) { return e.name; } };
        print(attempt('['.repeat(5e7)));
        print(attempt('{"a":'.repeat(5e6)));
        print(attempt('['.repeat(2e5) + ']'.repeat(2e5)).length);
        print(attempt('[' + '[],'.repeat(5e5) + '"' + '['.repeat(5e5) + '"]').length);
        print(JSON.parse('{"a":[1,2]}', (k, v, { source }) => source === '2' ? 3 : v).a[1]);
        print(JSON.parse.name, JSON.parse.length, 'prototype' in JSON.parse);
        print(attempt('{'));
    "#,
    );
    assert_eq!(
        said[..7],
        [
            "RangeError",
            "RangeError",
            "1",
            "500001",
            "3",
            "parse 2 false",
            "SyntaxError"
        ]
    );
    assert_eq!(exit, Exit::Drained);
}

/// What nothing could interrupt, and what passed the bound of `malloc`. The app goes on.
#[test]
#[cfg(target_os = "linux")]
fn json_that_does_not_fit_is_refused_before_it_is_parsed() {
    // What an item becomes, in bytes, with its place in the array.
    for (item, bytes) in [
        ("{}", 64),
        ("[]", 40),
        ("[1]", 64),
        ("[[]]", 96),
        ("1", 8),
        ("1.5", 8),
        ("\"\"", 8),
        ("null", 8),
        (r#""a text of 24 characters""#, 48),
        (r#"{"a":1}"#, 40),
        (r#"{"a":1.5,"b":"","c":null}"#, 72),
        (r#"{"34":1}"#, 328),
        // In two bytes per character.
        ("\"\\u20ac\u{20ac} of 24 characters\"", 64),
    ] {
        let unit = if item.is_ascii() { 1 } else { 2 };
        let text = (item.chars().count() + 1) * unit;
        let fits = 18 * MIB / (bytes + text);
        // The text itself must fit.
        let too_many = (64 * MIB / bytes).min(20 * MIB / text);
        let script = format!(
            "const item = {item:?} + ',';
            let text = '[' + item.repeat({fits}) + '1]';
            print(JSON.parse(text).length - {fits});
            for (const reviver of [undefined, (key, value) => value]) {{
                text = '[' + item.repeat({too_many}) + '1]';
                try {{ print(JSON.parse(text, reviver).length); }} catch (e) {{ print(e.name); }}
            }}"
        );
        let _one = ONE.lock().unwrap_or_else(|e| e.into_inner());
        let growth = Growth::since_now();
        let (said, exit) = run_alone(&script);
        assert_eq!(
            said[..],
            ["1", "RangeError", "RangeError", "exit drained"],
            "{item}: {exit}"
        );
        growth.is_below(200, item);
    }
}

/// What fits into the limit may still be more than V8's heap takes before it gives up: in the middle of the call nothing is garbage. So
/// near the limit a text is parsed, or refused, and the app goes on.
#[test]
fn json_that_nearly_fits_is_parsed_or_refused() {
    const MEMORY: usize = 128 * MIB;
    let _one = ONE.lock().unwrap_or_else(|e| e.into_inner());
    for (item, bytes) in [("[]", 40), ("{}", 64), ("[[]]", 96), ("[1,2]", 72)] {
        for percent in [40, 60, 75, 85, 100] {
            let count = MEMORY / 100 * percent / bytes;
            let script = format!(
                "const text = '[' + '{item},'.repeat({count}) + '1]';
                try {{ print(JSON.parse(text).length === {count} + 1); }} catch (e) {{ print(e.name); }}"
            );
            let (mut options, log) = options();
            options.limits = Limits {
                memory: MEMORY,
                cpu_per_turn: Some(Duration::from_secs(30)),
                ..Limits::default()
            };
            let began = std::time::Instant::now();
            let exit = run_script(options, &script);
            let said = log.lock().expect("log").clone();
            println!("{item} {percent} %: {said:?}, {:?}", began.elapsed());
            let outcome = if percent == 40 { "true" } else { "RangeError" };
            assert!(
                said[0] == outcome || (said[0] == "true" && percent < 85),
                "{item} {percent} %: {said:?}"
            );
            assert_eq!(exit, Exit::Drained, "{item} {percent} %");
        }
    }
}

/// One object of many names, and many of one name each.
#[test]
fn json_with_many_names_is_refused_before_it_is_parsed() {
    let (said, exit) = run_limited(
        r#"
        const attempt = (text) => { try { return typeof JSON.parse(text); } catch (e) { return e.name; } };
        const names = (count) => Array.from({ length: count }, (_, i) => `"k${i}":1`);
        print(attempt(`{${names(5e4).join()}}`), attempt(`[{${names(5e4).join('},{')}}]`));
        print(attempt(`{${names(3e5).join()}}`), attempt(`[{${names(2.5e5).join('},{')}}]`));
        print(attempt(`{${'"a":1,'.repeat(4e6)}"a":1}`));
        "#,
    );
    assert_eq!(
        said,
        [
            "object object",
            "RangeError RangeError",
            "RangeError",
            "exit drained"
        ],
        "{exit}"
    );
}

/// Thousands of calls in a row, without a loop or a function of the script's. They are ended before the thread has to stop for
/// ever, with what it has locked.
#[test]
#[cfg(target_os = "linux")]
fn straight_line_code_is_ended_when_it_passes_the_limit() {
    for call in [
        "segmenter.segment(text)",
        "new Intl.DateTimeFormat('de', { timeZone: 'Asia/Tokyo', timeZoneName: 'long' })",
        "(0).toLocaleString('de', { style: 'currency', currency: 'EUR', minimumFractionDigits: INDEX % 10 })",
        "new Date(0).toLocaleString('de', { timeZone: 'Asia/Tokyo', timeZoneName: 'long', hour12: true })",
    ] {
        let lines: String = (0..8000)
            .map(|i| format!("keep[{i}] = {};\n", call.replace("INDEX", &i.to_string())))
            .collect();
        let one = ONE.lock().unwrap_or_else(|e| e.into_inner());
        let growth = Growth::since_now();
        let (said, exit) = run_alone(&format!(
            "globalThis.keep = []; const text = 'x'.repeat(2e5); const segmenter = new Intl.Segmenter('en'); {lines} print('done');"
        ));
        growth.is_below(300, call);
        drop(one);
        assert!(
            matches!(exit, Exit::HeapLimit { .. }) || said[0] == "done",
            "{call}: {exit} {said:?}"
        );
        let works = "print(new Intl.DateTimeFormat('it', { timeZone: 'Asia/Tokyo', timeZoneName: 'long' }).format(0).length > 0)";
        assert_eq!(run(works).0, ["true"], "{call}");
    }
}

/// What stands before V8's functions cannot be told from them.
#[test]
fn intl_is_as_v8_has_it() {
    let (said, exit) = run_limited(
        "
        const names = ['Collator', 'DateTimeFormat', 'DisplayNames', 'DurationFormat', 'ListFormat', 'Locale', 'NumberFormat',
            'PluralRules', 'RelativeTimeFormat', 'Segmenter'];
        for (const name of names) {
            const options = name === 'DisplayNames' ? { type: 'region' } : undefined;
            const C = Intl[name];
            const descriptor = Object.getOwnPropertyDescriptor(C, 'prototype');
            const made = new C('en', options);
            class Own extends C {}
            const own = new Own('en', options);
            const is = [made instanceof C, made.constructor === C, own instanceof Own, own instanceof C, !descriptor.writable,
                C.name === name, Object.prototype.toString.call(made) === `[object Intl.${name}]`, !Object.keys(C).length,
                Object.getPrototypeOf(Reflect.construct(C, ['en', options], Map)) === Map.prototype];
            if (is.includes(false)) print(name, is);
        }
        const lengths = names.map((name) => Intl[name].length);
        print(lengths);
        print(Intl.Collator() instanceof Intl.Collator, Intl.NumberFormat.call(Object.create(Intl.NumberFormat.prototype)).format(1));
        for (const f of [() => Intl.Segmenter(), () => new Intl.DateTimeFormat.prototype.formatToParts(), () => new Intl.getCanonicalLocales()]) {
            try { f(); print('made'); } catch (e) { print(e.name); }
        }
        const { get } = Object.getOwnPropertyDescriptor(Intl.DateTimeFormat.prototype, 'format');
        print(get.name, get.length, Intl.DateTimeFormat.supportedLocalesOf('de', {}), Intl.DateTimeFormat.supportedLocalesOf.length);
        const segmenter = new Intl.Segmenter('en');
        print([...segmenter.segment('ab')].length, [...segmenter.segment('abc')].length, segmenter.segment('ab').containing(1).segment);
        print(String(Intl), Intl.getCanonicalLocales('DE'), Object.getOwnPropertyDescriptor(globalThis, 'Intl').enumerable);
        print('a'.localeCompare('b'), ['c', 'B', 'a'].sort((a, b) => a.localeCompare(b)).join(), ''.localeCompare.length, ''.localeCompare.name);
        print((1234.5).toLocaleString('de'), 5n.toLocaleString(), new Date(0).toLocaleDateString('en-US', { timeZone: 'UTC' }), [1.5].toLocaleString('de'));
        ",
    );
    assert_eq!(
        said,
        [
            "0,0,2,0,0,1,0,0,0,0",
            "true 1",
            "TypeError",
            "TypeError",
            "TypeError",
            "get format 0 de 1",
            "2 3 b",
            "[object Intl] de false",
            "-1 a,B,c 1 localeCompare",
            "1.234,5 5 1/1/1970 1,5",
            "exit drained"
        ]
    );
    assert_eq!(exit, Exit::Drained);
}

/// Without interrupts these would go on for minutes, or for ever.
#[test]
fn what_v8_does_not_interrupt_is_bounded() {
    let (said, exit) = run_limited(
        "
        let nested = [1];
        for (let i = 0; i < 60; i++) nested = [nested, nested];
        try { nested.flat(Infinity); } catch (e) { print(e.name); }
        print([1, [2, [3, [4]]]].flat(2).length, [[1, [2]]].flat().length, [[1]].flat(0).length, [].flat.length);
        print([[1, [2, [3]]]].flat('5').join(), [3, , 1].flat(9).length);
        print([3, 20, 1, , undefined].sort().join(), [3, 20, 1].toSorted().join(), [3, 20].sort((a, b) => a - b).join());
        const many = Array.from({ length: 150000 }, (_, i) => i);
        print(many.sort()[2], many.toSorted().slice(0, 4).join(), [].sort.name, [].sort.length);
        try { [1].sort(1); } catch (e) { print(e.name); }
    ",
    );
    assert_eq!(
        said,
        [
            "RangeError",
            "4 2 1 0",
            "1,2,3 2",
            "1,20,3,, 1,20,3 3,20",
            "10 0,1,10,100 sort 1",
            "TypeError",
            "exit drained"
        ]
    );
    assert_eq!(exit, Exit::Drained);
}

/// Calls that nothing can interrupt, and that V8 or ICU take much native memory for. An exception, the end of the isolate, even a
/// crash of it: but no more memory than its bound, and the process and its other isolates go on.
#[test]
#[cfg(target_os = "linux")]
fn what_one_call_takes_is_bounded() {
    for script in [
        "new Intl.ListFormat('en').format(new Array(5e5).fill('x'.repeat(200)))",
        "new RegExp('[^a]b?'.repeat(1e6)).test('x')",
        "new RegExp('(?:' + 'a|'.repeat(3e6) + ')').test('x')",
        "'\\ufdfa'.repeat(2e7).normalize('NFKC')",
        "'\\u00df'.repeat(5e7).toLocaleUpperCase('tr')",
        "new Intl.Segmenter('de').segment('\\u00e4'.repeat(1e8))",
        "'a'.repeat(5e7).localeCompare('a'.repeat(5e7) + 'b', 'de')",
        "new Intl.NumberFormat('de').format('1'.repeat(2e7))",
        "new Intl.DisplayNames('en', { type: 'language' }).of('a-' + 'bcdef-'.repeat(1e7))",
        "new Intl.Locale('de-u-' + 'co-phonebk-'.repeat(1e7))",
        "Temporal.PlainDate.from('1'.repeat(1e8))",
        "new Date('1'.repeat(1e8)).getTime()",
        "JSON.stringify('\\ud800'.repeat(3e7))",
        "BigInt('1'.repeat(3e5))",
    ] {
        let _one = ONE.lock().unwrap_or_else(|e| e.into_inner());
        let (mut options, _) = options();
        options.limits = Limits {
            memory: LIMIT,
            cpu_per_turn: Some(Duration::from_secs(5)),
            ..Limits::default()
        };
        let growth = Growth::since_now();
        let began = std::time::Instant::now();
        let source = format!("try {{ {script} }} catch (e) {{ print(e.name + e.message) }}");
        let (handle, exit) = nano_engine::spawn(options, move |scope| {
            nano_engine::evaluate(scope, "main", &source);
        })
        .expect("a thread");
        handle.drain(nano_engine::Until::Idle);
        let exit = exit.wait();
        println!("{exit}, {:?}", began.elapsed());
        // Its hard bound, a share of the spare memory, and what is on V8's heap.
        growth.is_below(900 + 1024, script);
        assert_eq!(run("print(1 + 1)").0, ["2"], "{script}");
    }
}

/// V8's collector does not see what these hold, and has to be told: also within a turn, where the watchdog has time to see it.
#[test]
fn garbage_of_native_memory_is_collected_when_needed() {
    for script in [
        "for (let i = 0; i < 3000; i++) new Intl.DateTimeFormat('de', { timeZone: 'Europe/Berlin' });",
        "const segmenter = new Intl.Segmenter('de'), text = 'x'.repeat(1e5);
         const work = () => { for (let i = 0; i < 2e6; i++); };
         for (let i = 0; i < 1000; i++) { segmenter.segment(text); work(); }",
    ] {
        let (said, exit) = run_limited(&format!("{script} print('done');"));
        assert_eq!((&*said[0], exit), ("done", Exit::Drained), "{script}");
    }
}

#[test]
fn long_strings_throw() {
    let (said, exit) = run_limited(
        "
        try { 'x'.repeat(2 ** 29); } catch (e) { print(e.name); }
        try { let s = 'x'; for (;;) s += s; } catch (e) { print(e.name); }
        try { 'x'.padEnd(2 ** 30); } catch (e) { print(e.name); }
        try { new Array(2 ** 32); } catch (e) { print(e.name); }
        try { 1n << (1n << 40n); } catch (e) { print(e.name); }
    ",
    );
    assert_eq!(said[..5], ["RangeError"; 5], "{said:?}");
    assert_eq!(exit, Exit::Drained);
}
