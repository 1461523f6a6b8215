//! Folders of an apps folder whose owners want more than what is theirs.

use std::fs;
use std::os::unix::fs::symlink;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::support::{Site, eventually};

const FOLDER: &str = r#""apps_folder":{"path":"apps"}"#;

/// A file is in no other place by the time that it is read: the app imports it while links to elsewhere take its place.
#[test]
fn what_takes_a_files_place_is_no_way_out() {
    let source = r#"
        let count = 0;
        export default { async fetch() {
            const seen = {};
            for (const end = Date.now() + 1000; Date.now() < end;) {
                const name = `./${["x", "d/x"][count % 2]}?${count++}`;
                const text = await import(name, { with: { type: "text" } }).then((m) => m.default, (e) => e.message.replace(/\d+/g, ""));
                seen[text] = (seen[text] ?? 0) + 1;
            }
            return Response.json(seen);
        } };"#;
    let nano = Site::new()
        .top(FOLDER)
        .file("apps/evil/index.js", source)
        .file("apps/evil/own/x", "harmless")
        .file("apps/evil/other", "harmless")
        .file("apps/victim/index.js", "export default {}")
        .file("apps/victim/x", "secret")
        .serve();
    let evil = nano.path().join("apps/evil");
    let is_over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let links = ["../victim/x", "/dev/zero", "other"];
            for turn in (0..).take_while(|_| !is_over.load(Ordering::Relaxed)) {
                for (target, name) in [
                    (links[turn % links.len()], "x"),
                    (["own", "../victim"][turn % 2], "d"),
                ] {
                    let _ = symlink(target, evil.join("next"));
                    let _ = fs::rename(evil.join("next"), evil.join(name));
                }
            }
        });
        let seen = nano.get("evil.localhost", "/").text().to_owned();
        is_over.store(true, Ordering::Relaxed);
        assert!(
            seen.contains("harmless") && seen.contains("folder"),
            "{seen}"
        );
        assert!(!seen.contains("secret"), "{seen}");
    });
    assert!(nano.resident() < 1 << 30, "{}", nano.resident());
}

/// What a configuration is read into is no more than some times its size.
#[test]
fn settings_are_read_within_bounds() {
    let nano = Site::new()
        .top(FOLDER)
        .file(
            "apps/a/index.js",
            "export default { fetch: () => new Response('a') }",
        )
        .serve();
    eventually("the app serves", || {
        (nano.get("a.localhost", "/").status == 200).then_some(())
    });
    let long = "n".repeat(100_000);
    let many = |element: &str| vec![element; 30_000].join(",");
    for (settings, said) in [
        (
            format!(r#"{{"crons":[{}]}}"#, many(r#""0 0 31 2 *""#)),
            "found 30000 expressions, and 100 are the most",
        ),
        (
            format!(
                r#"{{"env":{{"{long}":{{"type":"json","value":[{}]}}}}}}"#,
                many("0")
            ),
            "its name has 100000 bytes, and 256 are the most",
        ),
        (
            format!(r#"{{"{long}":{{"{long}":[{}]}}}}"#, many("0")),
            "unknown field",
        ),
        (
            format!(r#"{{"limits":{{"{long}":1,{}}}}}"#, many(r#""x":1"#)),
            "occurs twice",
        ),
        (
            format!(r#"{{"hostname":[{}]}}"#, many(r#""b.example""#)),
            "found 30000 hostnames, and 100 are the most",
        ),
        (
            format!(
                r#"{{"env":{{{}}}}}"#,
                (0..20_000)
                    .map(|n| format!(r#""{n}":{{"file":"large"}}"#))
                    .collect::<Vec<_>>()
                    .join(",")
            ),
            "more than 1000 names, or 1048576 bytes",
        ),
    ] {
        nano.write("apps/a/large", &"x".repeat(60_000));
        nano.write("apps/a/nano.json", &settings);
        let before = nano.reset_peak();
        nano.signal(libc::SIGHUP);
        nano.logged(said, |line| line.to_string().contains(said));
        let more = nano.peak().saturating_sub(before) >> 20;
        assert!(more < 100, "{said}: {more} MiB");
        assert_eq!(nano.get("a.localhost", "/").status, 200);
    }
}
