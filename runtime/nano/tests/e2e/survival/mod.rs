//! Nothing that an app does ends the process.

use crate::support::{Site, eventually};

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
        .app_with("a", source, r#""limits":{"memory_mb":1024}"#)
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

/// What cannot get memory from the system costs an instance: V8's own Rust code, its C++ code, and ours abort.
#[cfg(target_os = "linux")]
#[test]
fn an_abort_for_want_of_memory_costs_one_instance() {
    let source = "const cases = {
        temporal: (text) => Temporal.ZonedDateTime.from(text),
        json: (text) => JSON.stringify([text]),
    };
    export default { fetch(request) {
        const work = cases[new URL(request.url).pathname.slice(1)];
        return new Response(work ? typeof work('€'.repeat(1e8)) : 'fine');
    } };";
    // An isolate that is being made has address space that is given back: how much there is beside must not depend on that.
    let mut nano = Site::new()
        .top(r#""prepared":0"#)
        .app_with("a", source, r#""limits":{"memory_mb":1000}"#)
        .app("b", NEIGHBOUR)
        .serve();
    assert_eq!(nano.get("b.test", "/").text(), "here");
    for (count, path) in ["/temporal", "/json"].iter().enumerate() {
        let fine = eventually("an instance", || {
            let response = nano.get("a.test", "/");
            (response.status == 200).then_some(response)
        });
        assert_eq!(fine.text(), "fine");
        nano.cap_address_space(500 << 20);
        assert_eq!(nano.get("a.test", path).status, 503, "{path}");
        assert!(nano.lives(), "{path}");
        assert_eq!(nano.get("b.test", "/").text(), "here");
        nano.cap_address_space(4 << 30);
        let crashes = || {
            let lines = nano.log().into_iter();
            lines
                .filter(|line| line.to_string().contains("an instance of the app crashed"))
                .count()
        };
        eventually("the report", || (crashes() > count).then_some(()));
    }
}

/// Random operations with sizes near the limit, of every API and of V8's own, at several places where scripts can run, in a process
/// that cannot have much memory beside what it has. Whatever happens to the app, the process lives, and its neighbour answers.
///
/// Each operation once, the same in each run. `NANO_SURVIVAL=seed,steps` is for another or a longer one.
#[cfg(target_os = "linux")]
#[test]
fn random_operations_end_no_process() {
    match std::env::var("NANO_SURVIVAL") {
        Ok(given) => {
            let number = |text: &str| text.parse().expect("NANO_SURVIVAL=seed,steps");
            let (seed, steps) = given.split_once(',').expect("NANO_SURVIVAL=seed,steps");
            survive(number(seed), Some(number(steps) as usize));
        }
        Err(_) => survive(1, None),
    }
}

/// Megabytes that each app may have.
const LIMIT: usize = 32;
/// Megabytes of address space that the process may take beside what it has: more than one app should need, and less than one
/// operation could ask for that is not bounded.
const BESIDE: u64 = 1536;
/// An app that was ended has to wait, so there are several.
const APPS: usize = 12;

fn survive(seed: u64, steps: Option<usize>) {
    let source = include_str!("app.js");
    let limits = format!(r#""limits":{{"memory_mb":{LIMIT},"cpu_ms":200}}"#);
    let site = (0..APPS).fold(Site::new(), |site, index| {
        site.app_with(&format!("a{index}"), source, &limits)
    });
    let mut nano = site.app("b", NEIGHBOUR).serve();
    let names: [Vec<String>; 2] =
        serde_json::from_slice(&nano.get("a0.test", "/names").body).expect("names");
    let [operations, contexts] = names;
    // The limit is for what they do, not for what they take to be there.
    for index in 0..APPS {
        assert_eq!(nano.get(&format!("a{index}.test"), "/names").status, 200);
    }
    assert_eq!(nano.get("b.test", "/").text(), "here");
    let sizes =
        [1_usize, 4, 8, 14, 16, 32, 128, 256].map(|sixteenths| (LIMIT << 20) / 16 * sixteenths);
    let steps = steps.unwrap_or(operations.len());
    let mut random = Random(seed);
    let mut app = 0;
    let mut done = 0;
    for step in 0..steps {
        let operation = &operations[(step + seed as usize) % operations.len()];
        let context = random.pick(&contexts);
        let size = *random.pick(&sizes) + random.next() as usize % 100;
        let character = random.pick(&["x", "é", "€", "\u{1F600}"]);
        let path = format!("/{operation}/{context}/{size}/{character}");
        let encoded: String = path
            .bytes()
            .map(|byte| {
                if byte.is_ascii() {
                    (byte as char).to_string()
                } else {
                    format!("%{byte:02X}")
                }
            })
            .collect();
        // What is printed is shown where the test fails.
        println!("seed {seed}, step {step}: {path}");
        nano.cap_address_space(BESIDE << 20);
        for _ in 0..APPS {
            app = (app + 1) % APPS;
            let mut connection = nano.connect();
            connection.write(&format!(
                "GET {encoded} HTTP/1.1\r\nHost: a{app}.test\r\n\r\n"
            ));
            let response = connection.response(false);
            // One that has to wait does nothing.
            if response.header("retry-after").is_none() {
                println!("    {} {}", response.status, response.text());
                done += usize::from(response.status == 200);
                break;
            }
        }
        assert!(
            nano.lives(),
            "seed {seed}, step {step}: {path} ended the process"
        );
        assert_eq!(
            nano.get("b.test", "/").text(),
            "here",
            "seed {seed}, step {step}: {path}"
        );
    }
    let panics = nano
        .log()
        .into_iter()
        .filter(|line| line.to_string().contains("panicked"));
    assert_eq!(panics.collect::<Vec<_>>(), Vec::<serde_json::Value>::new());
    assert!(
        done * 2 > steps,
        "most operations are survived by the app, too: {done} of {steps}"
    );
}

/// xorshift64
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn pick<'a, T>(&mut self, of: &'a [T]) -> &'a T {
        &of[self.next() as usize % of.len()]
    }
}
