//! Nothing that an app does ends the process.

use crate::support::Site;

const NEIGHBOUR: &str = "export default { fetch() { return new Response('here'); } };";

/// The buffer of a serialization is bounded. What its getters do is not: our native code, and V8's own, which ends the process
/// when it gets no memory.
#[test]
fn getters_of_a_serialized_value_get_memory() {
    let source = "const cases = {
        resolve() { return import.meta.resolve('é'.repeat(7e7)).length; },
        temporal() { return Temporal.ZonedDateTime.from('€'.repeat(1.5e8)); },
        base64() { return btoa('x'.repeat(5e7)).length; },
        nested() {
            try { structuredClone(new Array(3000).fill('x'.repeat(1e6))); } catch (error) { return error.name; }
        },
    };
    export default { fetch(request) {
        const work = cases[new URL(request.url).pathname.slice(1)];
        if (!work) return new Response('fine');
        try { return new Response(structuredClone({ get x() { return work(); } }).x); }
        catch (error) { return new Response(error.name); }
    } };";
    let nano = Site::new()
        .app_with("a", source, r#""limits":{"memory_mb":256}"#)
        .app("b", NEIGHBOUR)
        .serve();
    for (path, answer) in [
        ("/resolve", "TypeError"),
        ("/temporal", "RangeError"),
        ("/base64", "66666668"),
        ("/nested", "DataCloneError"),
        ("/", "fine"),
    ] {
        let response = nano.get("a.test", path);
        assert_eq!((response.status, response.text()), (200, answer), "{path}");
        assert_eq!(nano.get("b.test", "/").text(), "here");
    }
}
