//! Memory that no heap limit of V8's sees: zones, ICU, compilers, mappings; and the limit of the process as a whole.

use std::time::Duration;

use crate::memory::{NEIGHBOUR, both_are_fine, serve};
use crate::support::{Site, app_of_forms, eventually};

const DATE_FORMAT: &str = "new Intl.DateTimeFormat('de', { timeZone: 'Europe/Berlin' })";

#[test]
fn what_icu_holds_counts() {
    let nano = serve(&[
        (
            "segments",
            "const s = new Intl.Segmenter('de', { granularity: 'word' }); for (;;) keep.push(s.segment('text'));",
        ),
        ("formats", &format!("for (;;) keep.push({DATE_FORMAT});")),
        (
            "collators",
            "for (;;) keep.push(new Intl.PluralRules('ar'), new Intl.NumberFormat('ar', { style: 'currency', currency: 'EUR' }));",
        ),
    ]);
    both_are_fine(&nano);
    let idle = nano.resident();
    for path in ["segments", "formats", "collators"] {
        let before = nano.reset_peak();
        assert_eq!(
            nano.get("a.test", &format!("/{path}")).status,
            503,
            "{path}"
        );
        nano.app_logged("a", "more memory than its limit");
        let growth = nano.peak().saturating_sub(before) >> 20;
        assert!(growth < 200, "{path}: the process grew by {growth} MB");
        both_are_fine(&nano);
    }
    eventually("the memory to come back", || {
        let left = nano.resident().saturating_sub(idle) >> 20;
        (left < 60).then_some(())
    });
}

/// V8 lets no script run while it makes them, and would give up if one was to.
#[test]
fn what_clones_make_again_counts() {
    let nano = serve(&[
        (
            "errors",
            "structuredClone(Array.from({ length: 30000 }, () => new DOMException('x'.repeat(1000))));",
        ),
        (
            "files",
            "keep.push(structuredClone(Array.from({ length: 40000 }, () => new File(['x'], 'x'.repeat(500)))));",
        ),
    ]);
    for path in ["errors", "files"] {
        let response = eventually("the end of the instance", || {
            let response = nano.get("a.test", &format!("/{path}"));
            (response.status == 503).then_some(response)
        });
        assert_eq!(response.status, 503, "{path}");
        nano.app_logged("a", "more memory than its limit");
        both_are_fine(&nano);
    }
    let crashed = |line: &serde_json::Value| line.to_string().contains("crashed");
    assert!(!nano.log().iter().any(crashed), "{:?}", nano.log());
}

/// A little in each request, and all of it kept.
#[test]
fn what_icu_holds_counts_over_many_turns() {
    let nano = serve(&[(
        "keep",
        &format!("for (let i = 0; i < 20; i++) keep.push({DATE_FORMAT});"),
    )]);
    both_are_fine(&nano);
    let before = nano.reset_peak();
    eventually("the end of the instance", || {
        (nano.get("a.test", "/keep").status == 503).then_some(())
    });
    nano.app_logged("a", "it passed its memory limit");
    let growth = nano.peak().saturating_sub(before) >> 20;
    assert!(growth < 200, "the process grew by {growth} MB");
    both_are_fine(&nano);
}

/// V8 does not know how much a small object of `Intl` holds, and has to be told: also within a turn, where the watchdog has time to
/// see it.
#[test]
fn garbage_of_icus_makes_room() {
    let nano = serve(&[
        (
            "formats",
            &format!("for (let i = 0; i < 3000; i++) {DATE_FORMAT};"),
        ),
        (
            "segments",
            "const segmenter = new Intl.Segmenter('de'), words = 'x'.repeat(1e5);
             const work = () => { for (let i = 0; i < 2e6; i++); };
             for (let i = 0; i < 1500; i++) { segmenter.segment(words); work(); }",
        ),
    ]);
    for path in ["/formats", "/segments", "/formats", "/segments"] {
        let response = nano.get("a.test", path);
        assert_eq!((response.status, response.text()), (200, "fine"), "{path}");
    }
}

/// Nothing can interrupt them; a bound of `malloc`'s ends what no check foresees.
#[test]
fn what_one_call_takes_is_bounded() {
    let nano = serve(&[
        (
            "list",
            "try { new Intl.ListFormat('en').format(new Array(2e6).fill('x'.repeat(200))); } catch (e) { return new Response(e.name); }",
        ),
        // The text itself fits, so that whether V8 happens to collect meanwhile does not decide.
        (
            "json",
            "try { JSON.parse('['.repeat(5e7)); } catch (e) { return new Response(e.name); }",
        ),
        (
            "body",
            "try { await new Response('['.repeat(1e7)).json(); } catch (e) { return new Response(e.name); }",
        ),
        ("expression", "new RegExp('[^a]b?'.repeat(1e6)).test('x');"),
        (
            "segment",
            "new Intl.Segmenter('de').segment('\\u00e4'.repeat(2e8));",
        ),
        ("url", "new URL('http://a/' + '\\u20ac'.repeat(1.7e8));"),
    ]);
    for (path, status, text) in [
        ("list", 503, ""),
        ("json", 200, "RangeError"),
        ("body", 200, "RangeError"),
        ("expression", 503, ""),
        ("segment", 503, ""),
        ("url", 500, ""),
    ] {
        both_are_fine(&nano);
        let before = nano.reset_peak();
        let response = nano.get("a.test", &format!("/{path}"));
        assert_eq!(response.status, status, "{path}: {}", response.text());
        if status == 200 {
            assert_eq!(response.text(), text, "{path}");
        }
        let growth = nano.peak().saturating_sub(before) >> 20;
        println!("{path}: {growth} MB");
        assert!(growth < 1500, "{path}: the process grew by {growth} MB");
    }
    both_are_fine(&nano);
}

/// A client's text may become twenty times as large, and the lists of V8's parser as well. The instance goes on, with all that it
/// does for others.
#[test]
fn json_of_a_client_costs_no_instance() {
    let source = "let requests = 0;
    export default { async fetch(request) {
        requests += 1;
        switch (new URL(request.url).pathname) {
            case '/json': await request.json(); break;
            case '/parse': JSON.parse(await request.text()); break;
            case '/revive': JSON.parse(await request.text(), (key, value) => value); break;
        }
        return new Response(`${requests}`);
    } };";
    let nano = Site::new().app("a", source).app("b", NEIGHBOUR).serve();
    assert_eq!(nano.get("a.test", "/").text(), "1");
    let mut requests = 1;
    for (item, count, path) in [
        ("{}", 15_000_000, "/json"),
        ("{}", 10_000_000, "/parse"),
        ("[]", 15_000_000, "/json"),
        (r#"{"34":1}"#, 5_000_000, "/json"),
        (r#""""#, 15_000_000, "/json"),
        ("1", 5_000_000, "/revive"),
    ] {
        let body = format!("[{}1]", format!("{item},").repeat(count));
        let before = nano.reset_peak();
        let response = nano.post("a.test", path, &body);
        requests += 1;
        assert_eq!(response.status, 500, "{item}: {}", response.text());
        let id = response.header("x-request-id").expect("an id").to_owned();
        nano.logged("the reason", |line| {
            let text = line.to_string();
            text.contains(&id) && text.contains("do not fit into the app's memory limit")
        });
        let growth = nano.peak().saturating_sub(before) >> 20;
        println!("{item}: {growth} MB");
        assert!(growth < 250, "{item}: the process grew by {growth} MB");
        assert_eq!(
            nano.get("a.test", "/").text(),
            (requests + 1).to_string(),
            "{item}: the same instance"
        );
        requests += 1;
    }
    assert_eq!(nano.get("b.test", "/").text(), "here");
}

/// A call that nothing can interrupt comes to its end, where a client's text has it take more than the app may have, and the instance
/// ends as it should: nothing of it is lost.
#[test]
fn texts_of_a_client_cost_an_instance_and_nothing_else() {
    let source = "export default { async fetch(request) {
        const text = await request.text();
        switch (new URL(request.url).pathname) {
            case '/split': return new Response(`${text.split('\\n').length}`);
            case '/normalize': return new Response(`${text.normalize('NFKD').length}`);
            case '/encode': return new Response(`${encodeURIComponent(text).length}`);
            case '/replace': return new Response(`${text.replaceAll('a', 'xyz').length}`);
        }
        return new Response('here');
    } };";
    let limits = r#""limits":{"cpu_ms":20000}"#;
    let nano = Site::new()
        .app_with("a", source, limits)
        .app("b", NEIGHBOUR)
        .serve();
    let idle = || {
        crate::support::eventually("an instance", || {
            (nano.get("a.test", "/").text() == "here").then_some(())
        });
    };
    idle();
    for (path, character, count) in [
        ("/split", "\n", 40 << 20),
        ("/normalize", "\u{FDFA}", 8 << 20),
        ("/encode", "€", 30 << 20),
        ("/replace", "a", 60 << 20),
        ("/split", "\n", 90 << 20),
    ] {
        let before = nano.reset_peak();
        let response = nano.post("a.test", path, &character.repeat(count));
        println!("{path}: {} {}", response.status, response.text());
        idle();
        println!("{path}: {} MB", nano.peak().saturating_sub(before) >> 20);
        assert_eq!(nano.get("b.test", "/").text(), "here", "{path}");
    }
    for line in nano.log() {
        let text = line.to_string();
        assert!(
            !text.contains("crashed") && !text.contains("given up"),
            "{text}"
        );
    }
    // The last call goes on to its end, on a thread that others go before.
    nano.within_cpu_time(Duration::from_secs(60), "the memory", || {
        (nano.resident() < 250 << 20).then_some(())
    });
}

/// Whoever makes the buffer: here the serializer does.
#[test]
fn mappings_of_buffers_are_bounded_whoever_makes_them() {
    let nano = serve(&[(
        "clones",
        "const buffer = new ArrayBuffer(1, { maxByteLength: 2 });
        try { for (;;) keep.push(structuredClone(buffer)); }
        catch (error) { const { length } = keep.splice(0); return new Response(`${error.name} ${length}`); }",
    )]);
    for _ in 0..2 {
        let response = nano.get("a.test", "/clones");
        let (name, count) = response.text().split_once(' ').expect("two words");
        assert!(
            matches!(name, "RangeError" | "DataCloneError"),
            "{}",
            response.text()
        );
        let count: usize = count.parse().expect("a number");
        assert!((900..1024).contains(&count), "{count} buffers at a time");
    }
    both_are_fine(&nano);
}

/// However many apps hold all that they get: V8 maps what it needs for the next isolate, and there is some for its buffers.
#[test]
#[cfg(target_os = "linux")]
fn apps_that_hold_all_the_mappings_they_get_leave_some_to_others() {
    let holds = "const keep = []; export default { fetch() {
        try { for (;;) keep.push(new ArrayBuffer(0, { maxByteLength: 1 })); } catch {}
        return new Response(`${keep.length}`);
    } };";
    let uses = "export default { fetch() {
        const memory = new WebAssembly.Memory({ initial: 1 }), buffer = new ArrayBuffer(1, { maxByteLength: 2 });
        return new Response(`${memory.buffer.byteLength + buffer.byteLength}`);
    } };";
    let names: Vec<String> = (0..20).map(|number| format!("holds{number}")).collect();
    let site = names
        .iter()
        .fold(Site::new(), |site, name| site.app(name, holds));
    let mut nano = site.app("late", uses).app("b", NEIGHBOUR).serve();
    for (number, name) in names.iter().enumerate() {
        let response = nano.get(&format!("{name}.test"), "/");
        let count: usize = response.text().parse().expect("a number");
        assert!(
            (900..=1024).contains(&count) || number >= 10 && count >= 16,
            "app {number} has {count}"
        );
    }
    assert_eq!(nano.get("late.test", "/").text(), "65537");
    assert_eq!(nano.get("b.test", "/").text(), "here");
    assert!(nano.lives());
}

/// V8's table of them is the process's.
#[test]
fn types_of_web_assembly_are_bounded_for_an_app_and_all_its_instances() {
    let names = "
        const leb = (n) => n < 128 ? [n] : [n & 127 | 128, ...leb(n >> 7)];
        const module = (first) => {
            const types = [];
            for (let i = first; i < first + 1000; i++) {
                types.push(0x60, 20);
                for (let k = 0; k < 20; k++) types.push(0x7f - ((i >> k) & 1));
                types.push(0);
            }
            const section = [...leb(1000), ...types];
            return new Uint8Array([0,97,115,109,1,0,0,0,1, ...leb(section.length), ...section]);
        };
        export default { async fetch(request) {
            const url = new URL(request.url);
            if (url.pathname === '/end') for (const a = [];;) a.push({});
            const first = Number(url.searchParams.get('first'));
            let count = 0;
            try { for (; count < 20; count++) await WebAssembly.compile(module(first + count * 1000)); }
            catch (error) { return new Response(`${error.name} ${count} ${error.message}`); }
            return new Response(`${count}`);
        } };";
    let nano = Site::new()
        .app("a", names)
        .app("c", names)
        .app("b", NEIGHBOUR)
        .serve();
    let refused = |response: &crate::support::Response, count: usize| {
        let text = response.text();
        text.starts_with(&format!("RangeError {count} ")) && text.contains("in place of new ones")
    };
    let response = nano.get("a.test", "/?first=0");
    assert!(refused(&response, 11), "{}", response.text());
    nano.get("a.test", "/end");
    // Its next instance names the same, and no others.
    let again = eventually("a new instance", || {
        let response = nano.get("a.test", "/?first=0");
        (response.status == 200).then_some(response)
    });
    assert!(refused(&again, 11), "{}", again.text());
    let others = nano.get("a.test", "/?first=500000");
    assert!(refused(&others, 0), "{}", others.text());
    let response = nano.get("c.test", "/?first=700000");
    assert!(refused(&response, 11), "{}", response.text());
    assert_eq!(nano.get("b.test", "/").text(), "here");
}

/// Before the kernel ends all of them.
#[test]
fn the_instance_that_holds_most_is_ended_when_the_process_nears_its_limit() {
    let grows = "const keep = []; export default { fetch(request) {
        if (request.url.endsWith('/grow')) keep.push(new Uint8Array(20 << 20).fill(1));
        return new Response('fine');
    } };";
    let nano = Site::new()
        .top(r#""memory_mb":600"#)
        .app_with("a", grows, r#""limits":{"memory_mb":4096}"#)
        .app_with("c", grows, r#""limits":{"memory_mb":4096}"#)
        .app("b", NEIGHBOUR)
        .serve();
    for _ in 0..5 {
        assert_eq!(nano.get("c.test", "/grow").text(), "fine");
    }
    let rounds = (0..60).find(|_| nano.get("a.test", "/grow").status == 503);
    assert!(rounds.is_some(), "nothing was ended at 1.2 GB");
    let line = nano.app_logged("a", "memory limit of 600 MB");
    assert_eq!(line["level"], "error", "{line}");
    assert!(nano.peak() >> 20 < 700, "{} MB", nano.peak() >> 20);
    let response = eventually("a new instance", || {
        let response = nano.get("a.test", "/");
        (response.status == 200).then_some(response)
    });
    assert_eq!(response.text(), "fine");
    assert_eq!(nano.get("b.test", "/").text(), "here");
    let ended = nano.log().iter().any(|line| {
        line["app"] == "c" && line.to_string().contains("instance of the app was ended")
    });
    assert!(!ended, "the one that holds less goes on");
}

/// What transpiles is the process's, too: it counts without a control group, and is ended before an app that does nothing.
#[test]
#[cfg(target_os = "linux")]
fn a_transpiler_is_ended_before_any_instance() {
    let holds = "const keep = []; const made = Math.random(); export default { fetch(request) {
        const megabytes = new URL(request.url).searchParams.get('megabytes');
        if (megabytes) keep.push(new Uint8Array(megabytes << 20).fill(1));
        return new Response(String(made));
    } };";
    let imports = "export default { async fetch(request) {
        try { await import(`./large${new URL(request.url).search.slice(1)}.ts`); return new Response('done'); }
        catch (error) { return new Response(error.message); }
    } };";
    let large = format!("export default [{}1];", "1,".repeat(3_900_000));
    let mut site = Site::new()
        .top(r#""memory_mb":600"#)
        .app_with("a", holds, r#""limits":{"memory_mb":4096}"#)
        .app("b", imports);
    for number in 0..7 {
        site = site.file(&format!("b/large{number}.ts"), &large);
    }
    let nano = site.serve();
    // The process has room for the text, of 8 MB, and then for less than the 40 MB which what transpiles it takes before it
    // meets its own limit. (Of 480 to 495 MB it is ended for the process, of 467 it is not.)
    let before = nano.get("a.test", "/?megabytes=350").text().to_owned();
    while nano.anonymous() >> 20 < 480 {
        assert_eq!(nano.get("a.test", "/?megabytes=4").text(), before);
    }
    let is_ended = || {
        let log = nano.log();
        log.iter()
            .any(|line| line.to_string().contains("a process that transpiles"))
    };
    // It may meet its own limit first, of an eighth of the process's, where nobody looks for some tenths of a second.
    for number in 0..6 {
        let answer = nano.get("b.test", &format!("/?{number}")).text().to_owned();
        assert_ne!(answer, "done");
        if is_ended() {
            break;
        }
    }
    assert!(is_ended(), "for the process's sake");
    assert_eq!(nano.get("a.test", "/").text(), before, "the same instance");
    // There is room for the text once, and for next to nothing beside it.
    while nano.anonymous() >> 20 < 490 {
        assert_eq!(nano.get("a.test", "/?megabytes=1").text(), before);
    }
    assert_ne!(nano.get("b.test", "/?6").text(), "done");
    assert_eq!(nano.get("a.test", "/").text(), before, "the same instance");
}

/// What a running call has taken counts for its app, and not when it is over.
#[test]
#[cfg(target_os = "linux")]
fn the_instance_that_takes_the_memory_is_ended_and_no_other() {
    let takes = "const keep = []; export default { fetch(request) {
        if (request.url.endsWith('/take')) for (let i = 0; i < 3; i++) {
            const text = String.fromCharCode(0x1234 + i).repeat(2 ** 29 - 30);
            text.charCodeAt(5);
            keep.push(text);
        }
        return new Response('fine');
    } };";
    let holds =
        "const keep = []; for (let i = 0; i < 60; i++) keep.push(new Uint8Array(1e7).fill(1));
        const id = String(Math.random());
        export default { async fetch(request) {
            if (request.url.endsWith('/slow')) await new Promise(resolve => setTimeout(resolve, 1e6));
            return new Response(id);
        } };";
    let nano = Site::new()
        .top(r#""memory_mb":1500"#)
        .app("a", takes)
        .app_with(
            "c",
            holds,
            r#""limits":{"memory_mb":1024,"wall_ms":1000000}"#,
        )
        .app("b", NEIGHBOUR)
        .serve();
    // Those that are idle would have to make room.
    let mut busy = nano.connect();
    busy.write("GET /slow HTTP/1.1\r\nHost: c.test\r\n\r\n");
    let id = nano.get("c.test", "/").text().to_owned();
    for _ in 0..3 {
        assert_eq!(nano.get("b.test", "/").text(), "here");
        nano.get("a.test", "/take");
        eventually("a new instance", || {
            (nano.get("a.test", "/").status == 200).then_some(())
        });
    }
    assert_eq!(nano.get("c.test", "/").text(), id, "the same instance");
    for app in ["b", "c"] {
        let ended = nano.log().iter().any(|line| {
            line["app"] == app && line.to_string().contains("instance of the app was ended")
        });
        assert!(!ended, "{app}: {:?}", nano.log());
    }
}

/// A limit of 32 MB says nothing about the strings of 1 GB that one call of V8's makes: there must be memory to spare for them. And an
/// instance that is lost gives such strings back.
#[test]
#[cfg(target_os = "linux")]
fn strings_of_many_apps_do_not_use_up_the_process() {
    const LIMIT: u64 = 1000;
    let form = |code: &str| {
        format!("export default {{ fetch() {{ return new Response(String({code})); }} }};")
    };
    let forms = [
        r"'\u0130'.repeat(2e8).toLowerCase().length",
        "'x'.repeat(5e8).replace(/x/g, '$&$&$&').length",
        "'\u{e9}'.repeat(1e8).localeCompare('\u{e9}'.repeat(1e8) + 'a')",
        "'\u{e9}'.repeat(1e8).normalize('NFKD').length",
    ];
    let mut site = Site::new().top(&format!(r#""memory_mb":{LIMIT}"#));
    let names: Vec<_> = (0..forms.len() * 2)
        .map(|number| format!("a{number}"))
        .collect();
    for (name, code) in names.iter().zip(forms.iter().cycle()) {
        site = site.app_with(name, &form(code), r#""limits":{"memory_mb":32}"#);
    }
    let nano = site.app("b", NEIGHBOUR).serve();
    assert_eq!(nano.get("b.test", "/").text(), "here");
    nano.reset_peak();
    std::thread::scope(|scope| {
        for name in &names {
            let nano = &nano;
            scope.spawn(move || {
                for _ in 0..3 {
                    let status = nano.get(&format!("{name}.test"), "/").status;
                    assert!(matches!(status, 500 | 503), "{name}: {status}");
                }
            });
        }
    });
    assert_eq!(nano.get("b.test", "/").text(), "here");
    let peak = nano.peak() >> 20;
    println!("peak {peak} MB");
    assert!(peak < LIMIT, "the process took {peak} MB of {LIMIT} MB");
}

/// Apps within their limits use up a process that has less than all of them together, before anybody looks twice: they wait for
/// each other, and those that hold most end.
#[test]
#[cfg(target_os = "linux")]
fn apps_that_grow_at_the_same_time_do_not_use_up_the_process() {
    let forms = [
        (
            "texts",
            "const all = []; for (;;) all.push('x'.repeat(1e5) + all.length + Math.random());",
        ),
        (
            "objects",
            "const all = new Map(); for (let i = 0; ; i++) all.set(i, { i, key: 'k' + i });",
        ),
        (
            "buffers",
            "const all = []; for (;;) all.push(new Uint8Array(1e6).fill(1));",
        ),
        (
            "native",
            r"const all = []; for (;;) all.push('\ufdfa'.repeat(1e7).normalize('NFKD'));",
        ),
        (
            "memories",
            "const all = []; for (;;) { const memory = new WebAssembly.Memory({ initial: 100, maximum: 65536 }); memory.grow(700); \
             new Uint8Array(memory.buffer).fill(1); all.push(memory); }",
        ),
        (
            "numbers",
            "const all = [], numbers = new Array(1e7).fill(0).map((_, i) => i ^ 0x5555); \
             for (;;) all.push(numbers.toSorted((a, b) => b - a));",
        ),
        (
            "blobs",
            "const all = []; let blob = new Blob(['x'.repeat(1e6)]); for (;;) all.push(blob = new Blob([blob, blob]));",
        ),
    ];
    grow_at_the_same_time(&forms);
}

/// A thread that waits for a core has yet to touch what it was given: it is kept for it, however long that takes.
#[test]
#[cfg(target_os = "linux")]
fn what_apps_wait_for_a_core_with_is_nobody_elses() {
    let fill = "const all = []; for (;;) { const memory = new WebAssembly.Memory({ initial: 1, maximum: 65536 }); memory.grow(1900); \
                new Uint8Array(memory.buffer).fill(1); all.push(memory); }";
    let _busy = crate::support::Busy::begin(8);
    grow_at_the_same_time(&[("memories", fill)]);
}

/// Twelve apps that do each of these in turn, in a process of 600 MB.
#[cfg(target_os = "linux")]
fn grow_at_the_same_time(forms: &[(&str, &str)]) {
    const LIMIT: u64 = 600;
    const APPS: usize = 12;
    // However long it takes twelve on a busy machine.
    const LONG: Duration = Duration::from_secs(600);
    let patient = format!(r#""limits":{{"wall_ms":{}}}"#, LONG.as_millis());
    let source = app_of_forms(forms);
    for (form, _) in forms {
        let mut site = Site::new().top(&format!(r#""memory_mb":{LIMIT}"#));
        for number in 0..APPS {
            site = site.app_with(&format!("a{number}"), &source, &patient);
        }
        let nano = site.app("b", NEIGHBOUR).serve();
        assert_eq!(nano.get("b.test", "/").text(), "here");
        nano.reset_peak();
        std::thread::scope(|scope| {
            for number in 0..APPS {
                let nano = &nano;
                scope.spawn(move || {
                    let mut connection = nano.connect();
                    connection.set_timeouts(LONG);
                    connection.write(&format!(
                        "GET /{form} HTTP/1.1\r\nHost: a{number}.test\r\n\r\n"
                    ));
                    let status = connection.response(false).status;
                    assert!(matches!(status, 500 | 503), "{form}: {status}");
                });
            }
        });
        assert_eq!(nano.get("b.test", "/").text(), "here", "{form}");
        let peak = nano.peak() >> 20;
        println!("{form}: peak {peak} MB");
        assert!(peak < LIMIT, "{form}: {peak} MB of {LIMIT} MB");
    }
}

/// V8 keeps all that wait in `Atomics` under one lock, and takes it to interrupt any of their isolates. So an app that passes its
/// bound there, in one call that nothing interrupts, must not be interrupted, nor stop, before it has let go of it.
#[test]
fn a_lock_of_all_apps_is_let_go_of_at_the_bound() {
    let waits = "const cells = new Int32Array(new SharedArrayBuffer(64)), call = Function.prototype.call;
        globalThis.kept = Array(1500000).fill(Atomics.waitAsync.bind(null, cells, 0, 0, 1e9)).map(call, call);";
    let neighbour = "export default { async fetch() {
        const cells = new Int32Array(new SharedArrayBuffer(4));
        await Atomics.waitAsync(cells, 0, 0, 1).value;
        return new Response(String(Atomics.notify(cells, 0)));
    } };";
    let mut nano = Site::new()
        .top(r#""memory_mb":800"#)
        .app("a", &app_of_forms(&[("wait", waits)]))
        .app("b", neighbour)
        .serve();
    assert_eq!(nano.get("b.test", "/").text(), "0");
    assert_eq!(nano.get("a.test", "/wait").status, 503);
    for _ in 0..3 {
        assert_eq!(nano.get("b.test", "/").text(), "0");
    }
    let again = eventually("a new instance", || {
        let response = nano.get("a.test", "/");
        (response.status == 200).then_some(response)
    });
    assert_eq!(again.text(), "done");
    nano.signal(libc::SIGTERM);
    assert_eq!(nano.wait().code(), Some(0));
}

/// A blob of little that has many parts may be sent as a stream, for as long as somebody reads.
#[test]
fn streams_of_blobs_take_no_more_than_their_chunks() {
    let nano = serve(&[(
        "send",
        "let blob = new Blob([new Uint8Array(8 << 20)]);
         for (const times of [1000, 100]) blob = new Blob(new Array(times).fill(blob));
         try { await new Response(blob.stream()).text(); } catch (e) { return new Response(e.message); }",
    )]);
    let before = nano.reset_peak();
    let response = nano.get("a.test", "/send");
    assert!(
        response.text().contains("memory limit"),
        "{}",
        response.text()
    );
    let growth = nano.peak().saturating_sub(before) >> 20;
    assert!(growth < 250, "the process grew by {growth} MB");
    both_are_fine(&nano);
}

#[test]
fn labels_of_a_console_count() {
    let source = "const label = '\\uffff'.repeat(990);
        export default { fetch() {
            for (let i = 0; i < 10_000; i++) console.time(label + i);
            return new Response('fine');
        } };";
    let nano = Site::new()
        .app_with("a", source, r#""limits":{"memory_mb":16}"#)
        .serve();
    assert_eq!(nano.get("a.test", "/").status, 503);
    nano.app_logged("a", "more memory than its limit");
}
