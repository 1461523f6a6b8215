//! What an app can tell the time by, and how exactly.

use serde_json::Value;

use crate::support::Site;

/// Reads each clock as often and as fast as it can; says what the differences between readings are multiples of.
const CLOCKS: &str = "const clocks = {
    'performance.now()': () => performance.now() * 1000,
    'Event.timeStamp': () => new Event('x').timeStamp * 1000,
    'performance.timeOrigin': () => performance.timeOrigin * 1000,
    'Date.now()': () => Date.now() * 1000,
    'new Date()': () => new Date().getTime() * 1000,
    'Temporal.Now.instant()': () => Number(Temporal.Now.instant().epochNanoseconds % 1_000_000_000_000n) / 1000,
    'Temporal.Now.plainTimeISO()': () => of(Temporal.Now.plainTimeISO()),
    'Temporal.Now.zonedDateTimeISO()': () => of(Temporal.Now.zonedDateTimeISO('UTC')),
};
const of = ({ millisecond, microsecond, nanosecond }) => millisecond * 1000 + microsecond + nanosecond / 1000;
export default { fetch() {
    const found = {};
    for (const [name, microseconds] of Object.entries(clocks)) {
        let odd = 0, moved = 0, last = microseconds();
        for (const end = Date.now() + 100; Date.now() < end;) {
            for (let i = 0; i < 100; i++) {
                const now = microseconds();
                // What is left is what floating-point numbers make of whole tenths of a millisecond.
                if (Math.abs(now / 100 - Math.round(now / 100)) > 0.01) odd++;
                if (now !== last) moved++;
                last = now;
            }
        }
        found[name] = { odd, moved };
    }
    return Response.json(found);
} };";

/// Apps of different owners share a machine, so no clock may be fine enough to time its caches by. Catches a context that has V8's own
/// clock for `Temporal`, and one that coarsens nothing.
#[test]
fn none_is_finer_than_a_tenth_of_a_millisecond() {
    let nano = Site::new().app("a", CLOCKS).serve();
    let found: Value = serde_json::from_str(nano.get("a.test", "/").text()).expect("JSON");
    let clocks = found.as_object().expect("clocks");
    assert_eq!(clocks.len(), 8);
    for (name, clock) in clocks {
        assert_eq!(clock["odd"], 0, "{name}: {found}");
        let moves = name != "performance.timeOrigin";
        let moved = clock["moved"].as_u64().expect("a number");
        assert!((moved > 0) == moves && moved < 2000, "{name}: {found}");
    }
}

/// Nor is there one to be made of a second thread that counts.
#[test]
fn nothing_counts_beside_an_app() {
    let source = "export default { fetch() {
        const memory = new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true });
        return Response.json([typeof Worker, typeof SharedWorker, memory.buffer instanceof SharedArrayBuffer]);
    } };";
    let nano = Site::new().app("a", source).serve();
    assert_eq!(
        nano.get("a.test", "/").text(),
        r#"["undefined","undefined",true]"#
    );
}
