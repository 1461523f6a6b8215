//! Apps that may take more than the process has, together.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};

use crate::support::{Nano, Site, app_of_forms};

const LIMIT: u64 = 500;
/// Each of them may have a fifth of it.
const GREEDY: usize = 12;
/// What those do who take no more than their part, which is some 30 MB.
const MODEST: [(&str, &str); 4] = [
    ("buffer", "new Uint8Array(1 << 20).fill(1);"),
    (
        "garbage",
        "for (let i = 0; i < 40; i++) new Uint8Array(1 << 20).fill(1);",
    ),
    (
        "objects",
        "const all = []; for (let i = 0; i < 20000; i++) all.push({ i, text: 'x' + i });",
    ),
    ("body", "await request.arrayBuffer();"),
];

/// Others use up the process, by something that they keep.
fn modest_ones_are_served_beside(greedy: &str) {
    let mut site = Site::new().top(&format!(r#""memory_mb":{LIMIT}"#));
    for number in 0..GREEDY {
        site = site.app_with(
            &format!("greedy{number}"),
            greedy,
            r#""limits":{"memory_mb":100}"#,
        );
    }
    for (name, body) in MODEST {
        site = site.app_with(
            name,
            &app_of_forms(&[("do", body)]),
            r#""limits":{"memory_mb":100}"#,
        );
    }
    let nano = site.serve();
    for (name, _) in MODEST {
        assert_eq!(nano.get(&format!("{name}.test"), "/").text(), "done");
    }
    let (over, most) = (AtomicBool::new(false), AtomicU64::new(0));
    std::thread::scope(|scope| {
        for number in 0..GREEDY {
            let (nano, over) = (&nano, &over);
            scope.spawn(move || {
                while !over.load(Relaxed) {
                    nano.get(&format!("greedy{number}.test"), "/");
                }
            });
        }
        scope.spawn(|| {
            while !over.load(Relaxed) {
                most.fetch_max(nano.anonymous(), Relaxed);
                std::thread::sleep(Duration::from_millis(2));
            }
        });
        let nano = &nano;
        let asked = MODEST.map(|(name, _)| scope.spawn(move || ask_for_a_while(nano, name)));
        let failed: Vec<_> = asked
            .into_iter()
            .filter_map(|asked| {
                asked
                    .join()
                    .unwrap_or_else(|_| Some("it panics".to_owned()))
            })
            .collect();
        over.store(true, Relaxed);
        assert_eq!(failed, <[String; 0]>::default());
    });
    let most = most.load(Relaxed) >> 20;
    assert!(most < LIMIT, "{most} MB");
    let ended = |line: &serde_json::Value| line.to_string().contains("holds the most");
    assert!(
        nano.log().iter().any(ended),
        "the process was never short of memory"
    );
}

/// What is wrong with the answers of an app, if something is.
fn ask_for_a_while(nano: &Nano, name: &str) -> Option<String> {
    let began = Instant::now();
    let mut count = 0;
    while began.elapsed() < Duration::from_secs(8) {
        let answer = nano.post(&format!("{name}.test"), "/do", &"x".repeat(1 << 20));
        count += 1;
        if answer.status != 200 {
            let (status, text) = (answer.status, answer.text());
            return Some(format!("{name}, {count}: {status} {text}"));
        }
    }
    eprintln!("{name}: {count}");
    None
}

#[test]
#[cfg(target_os = "linux")]
fn who_takes_no_more_than_his_part_is_served_beside_buffers() {
    modest_ones_are_served_beside(
        "const kept = []; export default { fetch() {
            if (kept.length > 85) kept.length = 0;
            for (let i = 0; i < 5; i++) kept.push(new Uint8Array(1 << 20).fill(1));
            return new Response('kept');
        } };",
    );
}

#[test]
#[cfg(target_os = "linux")]
fn who_takes_no_more_than_his_part_is_served_beside_objects() {
    modest_ones_are_served_beside(
        "let kept = []; export default { fetch() {
            if (kept.length > 8e5) kept = [];
            for (let i = 0; i < 5e4; i++) kept.push({ i, text: 'x' + i });
            return new Response('kept');
        } };",
    );
}
