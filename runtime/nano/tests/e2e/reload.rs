//! Changes while NANO serves.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::SeqCst};
use std::thread::JoinHandle;
use std::time::Duration;

use crate::support::{Connection, Http2, Nano, cpu_time_of, eventually, nano};

/// An app that says which version it is, after a while if it is asked to.
fn version(text: &str) -> String {
    format!(
        "export default {{ async fetch(request, env) {{
            const ms = Number(new URL(request.url).searchParams.get('ms'));
            if (ms) await new Promise(resolve => setTimeout(resolve, ms));
            return new Response('{text} ' + (env.NAME ?? ''));
        }} }};"
    )
}

/// A folder that is served as it changes.
struct Live {
    folder: tempfile::TempDir,
    nano: Nano,
}

impl Live {
    /// Serves a configuration and these files, with further arguments.
    fn serve(config: &str, files: &[(&str, &str)], arguments: &[&str]) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        for (path, text) in files {
            write(&folder.path().join(path), text);
        }
        write(&folder.path().join("apps.json"), config);
        let mut command = nano();
        command
            .arg("serve")
            .arg("--config")
            .arg(folder.path().join("apps.json"));
        command.args(arguments);
        let nano = Nano::start(command, None);
        Self { folder, nano }
    }

    fn path(&self, path: &str) -> std::path::PathBuf {
        self.folder.path().join(path)
    }

    fn write(&self, path: &str, text: &str) {
        write(&self.path(path), text);
    }

    /// As editors do: another file, renamed.
    fn replace(&self, path: &str, text: &str) {
        let new = format!("{path}~");
        self.write(&new, text);
        fs::rename(self.path(&new), self.path(path)).expect("a rename");
    }

    /// Waits until an app answers with this text.
    fn says(&self, host: &str, text: &str) {
        eventually(&format!("{host} says {text}"), || {
            let response = self.nano.get(host, "/");
            (response.status == 200 && response.text().trim() == text).then_some(())
        });
    }
}

fn write(path: &Path, text: &str) {
    fs::create_dir_all(path.parent().expect("a folder")).expect("folders");
    fs::write(path, text).expect("a file");
}

/// Apps with a hostname each, and further fields of all.
fn config(apps: &[(&str, &str)], more: &str) -> String {
    let app = |(name, path): &(&str, &str)| {
        format!(r#"{{"name":"{name}","hostname":"{name}.test","path":"{path}"{more}}}"#)
    };
    let apps: Vec<_> = apps.iter().map(app).collect();
    format!(r#"{{"port":0,"apps":[{}]}}"#, apps.join(","))
}

#[test]
fn what_is_edited_is_served() {
    let live = Live::serve(
        &config(&[("a", "a"), ("b", "b")], ""),
        &[
            ("a/index.js", &version("1")),
            ("b/index.js", &version("other")),
        ],
        &["--watch"],
    );
    live.says("a.test", "1");
    live.says("b.test", "other");
    live.write("a/index.js", &version("2"));
    live.says("a.test", "2");
    live.replace("a/index.js", &version("3"));
    live.says("a.test", "3");
    // A module in a new folder.
    live.write("a/lib/text.js", "export default 'four';");
    live.write(
        "a/index.js",
        "import text from './lib/text.js';\nexport default { fetch: () => new Response(text) };",
    );
    live.says("a.test", "four");
    live.replace("a/lib/text.js", "export default 'five';");
    live.says("a.test", "five");
    // Another folder in its place.
    live.write("new/index.js", &version("6"));
    fs::rename(live.path("a"), live.path("old")).expect("a rename");
    fs::rename(live.path("new"), live.path("a")).expect("a rename");
    live.says("a.test", "6");
    // Another path under the same hostname, and an app that is new.
    live.write("c/index.js", &version("c"));
    live.replace(
        "apps.json",
        &config(&[("a", "old"), ("b", "b"), ("c", "c")], ""),
    );
    live.says("a.test", "five");
    live.says("c.test", "c");
    live.write(
        "apps.json",
        &config(&[("a", "old"), ("c", "c")], r#","env":{"NAME":"x"}"#),
    );
    live.says("c.test", "c x");
    assert_eq!(live.nano.get("b.test", "/").status, 404);
    // Nobody has touched it.
    let starts = |app: &str| {
        let started =
            |line: &serde_json::Value| line["app"] == app && line["message"] == "app started";
        live.nano.log().iter().filter(|line| started(line)).count()
    };
    assert_eq!(starts("b"), 1);
}

#[test]
fn what_is_broken_is_refused() {
    let good = config(&[("a", "a")], "");
    let live = Live::serve(&good, &[("a/index.js", &version("1"))], &["--watch"]);
    live.says("a.test", "1");
    live.replace("a/index.js", "export default { fetch( ");
    live.nano.logged("the refusal", |line| {
        line["app"] == "a"
            && line["message"]
                .as_str()
                .is_some_and(|text| text.contains("is refused"))
    });
    live.says("a.test", "1");
    live.write(
        "apps.json",
        r#"{"port":0,"apps":[{"name":"a","path":"./a","limits":3}]}"#,
    );
    live.nano.logged("what is wrong", |line| {
        let text = line["message"].as_str().unwrap_or_default();
        text.contains("the configuration is refused") && text.contains("apps.json:1:")
    });
    live.says("a.test", "1");
    live.write("apps.json", &good);
    live.replace("a/index.js", &version("2"));
    live.says("a.test", "2");
}

#[test]
fn links_are_followed() {
    // The folder and the configuration as Kubernetes mounts them, and a release that a link leads to.
    let folder = tempfile::tempdir().expect("a folder");
    let at = |path: &str| folder.path().join(path);
    let swap = |link: &str, target: &str| {
        symlink(target, at(&format!("{link}.new"))).expect("a link");
        fs::rename(at(&format!("{link}.new")), at(link)).expect("a rename");
    };
    for number in ["1", "2"] {
        write(
            &at(&format!("mount/..{number}/index.js")),
            &version(&format!("mounted {number}")),
        );
        write(
            &at(&format!("releases/{number}/index.js")),
            &version(&format!("release {number}")),
        );
    }
    let apps = config(&[("mounted", "../mount"), ("release", "../current")], "");
    write(&at("etc/..1/apps.json"), &apps);
    write(
        &at("etc/..2/apps.json"),
        &config(&[("mounted", "../mount")], ""),
    );
    for (folder, file) in [("mount", "index.js"), ("etc", "apps.json")] {
        swap(&format!("{folder}/..data"), "..1");
        symlink(format!("..data/{file}"), at(folder).join(file)).expect("a link");
    }
    swap("current", "releases/1");
    let mut command = nano();
    command
        .args(["serve", "--watch", "--config"])
        .arg(at("etc/apps.json"));
    let nano = Nano::start(command, None);
    let says = |host: &str, text: &str| {
        eventually(text, || {
            (nano.get(host, "/").body == text.as_bytes()).then_some(())
        });
    };
    says("mounted.test", "mounted 1 ");
    says("release.test", "release 1 ");
    for number in ["2", "1", "2"] {
        swap("mount/..data", &format!("..{number}"));
        says("mounted.test", &format!("mounted {number} "));
        swap("current", &format!("releases/{number}"));
        says("release.test", &format!("release {number} "));
    }
    swap("etc/..data", "..2");
    eventually("no more route", || {
        (nano.get("release.test", "/").status == 404).then_some(())
    });
}

/// Whatever an app's folder has links to, others do not wait for a look at it.
#[test]
fn a_link_to_everything_delays_nobody() {
    let live = Live::serve(
        &config(&[("a", "a"), ("b", "b")], ""),
        &[("a/index.js", &version("1")), ("b/index.js", &version("1"))],
        &["--watch"],
    );
    symlink("/", live.path("a/all")).expect("a link");
    live.nano.logged("the link", |line| {
        let message = line["message"].as_str().unwrap_or_default();
        line["app"] == "a" && message.contains("a/all leads to a folder that is not in the app's")
    });
    for number in ["2", "3", "4"] {
        let began = std::time::Instant::now();
        for app in ["a", "b"] {
            live.replace(&format!("{app}/index.js"), &version(number));
        }
        live.says("b.test", number);
        live.says("a.test", number);
        let took = began.elapsed();
        assert!(took < Duration::from_secs(3), "{took:?}");
    }
}

#[test]
fn without_watching_a_signal_asks() {
    let live = Live::serve(
        &config(&[("a", "a")], ""),
        &[("a/index.js", &version("1"))],
        &[],
    );
    live.says("a.test", "1");
    live.replace("a/index.js", &version("2"));
    std::thread::sleep(Duration::from_millis(700));
    live.says("a.test", "1");
    live.nano.signal(libc::SIGHUP);
    live.says("a.test", "2");
    live.nano
        .logged("what came of it", |line| line["replaced"] == 1);
}

#[test]
fn what_is_removed_finishes() {
    let live = Live::serve(
        &config(&[("a", "a"), ("b", "b")], ""),
        &[("a/index.js", &version("a")), ("b/index.js", &version("b"))],
        &["--watch"],
    );
    live.says("a.test", "a");
    live.says("b.test", "b");
    let ask = || {
        let mut connection = live.nano.connect();
        connection.write("GET /?ms=1500 HTTP/1.1\r\nHost: b.test\r\n\r\n");
        connection
    };
    let mut waits = ask();
    std::thread::sleep(Duration::from_millis(300));
    live.replace("b/index.js", &version("new"));
    live.says("b.test", "new");
    let mut waits_too = ask();
    std::thread::sleep(Duration::from_millis(300));
    live.write("apps.json", &config(&[("a", "a")], ""));
    eventually("the removal", || {
        (live.nano.get("b.test", "/").status == 404).then_some(())
    });
    assert_eq!(waits.response(false).text(), "b ");
    assert_eq!(waits_too.response(false).text(), "new ");
    waits.write("GET / HTTP/1.1\r\nHost: a.test\r\n\r\n");
    assert_eq!(waits.response(false).text(), "a ");
}

#[test]
fn what_is_removed_finishes_its_streams_and_its_background_work() {
    let source = "export default { fetch(request, env, ctx) {
        ctx.waitUntil(new Promise(resolve => setTimeout(resolve, 2500)).then(() => console.log('background work is done')));
        let left = 20;
        return new Response(new ReadableStream({ async pull(controller) {
            await new Promise(resolve => setTimeout(resolve, 50));
            controller.enqueue(new TextEncoder().encode('x'));
            if (--left === 0) controller.close();
        } }));
    } };";
    let live = Live::serve(
        &config(&[("a", "a"), ("b", "b")], ""),
        &[("a/index.js", &version("a")), ("b/index.js", source)],
        &["--watch"],
    );
    let mut streams = live.nano.connect();
    streams.write("GET / HTTP/1.1\r\nHost: b.test\r\n\r\n");
    assert_eq!(streams.head().status, 200);
    live.write("apps.json", &config(&[("a", "a")], ""));
    eventually("the removal", || {
        (live.nano.get("b.test", "/").status == 404).then_some(())
    });
    let mut count = 0;
    while let Some(chunk) = streams.chunk() {
        count += chunk.len();
    }
    assert_eq!(count, 20);
    live.nano.app_logged("b", "background work is done");
}

#[test]
fn ports_come_and_go() {
    let port = || {
        let free = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
        free.local_addr().expect("an address").port()
    };
    let own = |port: u16| {
        format!(
            r#"{{"port":0,"apps":[{{"name":"a","path":"a"}},{{"name":"b","path":"b","port":{port}}}]}}"#
        )
    };
    let (first, second) = (port(), port());
    let files = [
        ("a/index.js", &*version("a")),
        ("b/index.js", &*version("b")),
    ];
    let live = Live::serve(&own(first), &files, &["--watch"]);
    let answers = |port: u16| {
        let mut connection = Connection::open(port);
        connection.write("GET / HTTP/1.1\r\nHost: b.test\r\n\r\n");
        (connection.response(false).text() == "b ").then_some(connection)
    };
    let mut kept = eventually("the app on its port", || answers(first));
    live.write("apps.json", &own(second));
    eventually("the other port", || {
        std::net::TcpStream::connect(("127.0.0.1", second)).ok()
    });
    assert!(answers(second).is_some());
    assert!(kept.rest().is_empty(), "an idle connection is closed");
    eventually("no more connections", || {
        std::net::TcpStream::connect(("127.0.0.1", first))
            .is_err()
            .then_some(())
    });
    live.says("any.test", "a");
}

/// Clients that ask one request after the other until they are told to stop; each must be answered, by an app.
struct Load {
    stop: Arc<AtomicBool>,
    answered: Arc<AtomicU64>,
    clients: Vec<JoinHandle<()>>,
}

impl Load {
    fn start(port: u16) -> Self {
        let (stop, answered) = (Arc::<AtomicBool>::default(), Arc::<AtomicU64>::default());
        let client = |kind: usize| {
            let (stop, answered) = (stop.clone(), answered.clone());
            std::thread::spawn(move || {
                let mut http1 = Connection::open(port);
                let mut http2 = Http2::to_port(port);
                let mut stream = 1;
                while !stop.load(SeqCst) {
                    let count = match kind {
                        0 | 1 => 1,
                        _ => 5,
                    };
                    if kind == 3 {
                        // The connection's window does not open by itself.
                        if stream > 5000 {
                            (http2, stream) = (Http2::to_port(port), 1);
                        }
                        for index in 0..count {
                            http2.request(stream + 2 * index, "GET", "a.test", "/", &[], true);
                        }
                        for response in http2.responses(stream, count as usize) {
                            assert_eq!(response.status, 200, "{response:?}");
                            assert!(response.text().starts_with('v'), "{response:?}");
                        }
                        stream += 2 * count;
                    } else {
                        if kind == 1 {
                            http1 = Connection::open(port);
                        }
                        http1.write(
                            &"GET / HTTP/1.1\r\nHost: a.test\r\n\r\n".repeat(count as usize),
                        );
                        for _ in 0..count {
                            let response = http1.response(false);
                            assert_eq!(response.status, 200, "{}", response.text());
                            assert!(response.text().starts_with('v'), "{}", response.text());
                        }
                    }
                    answered.fetch_add(count.into(), SeqCst);
                }
            })
        };
        let clients = (0..4).map(client).collect();
        Self {
            stop,
            answered,
            clients,
        }
    }

    fn stop(self) -> u64 {
        self.stop.store(true, SeqCst);
        for client in self.clients {
            client
                .join()
                .expect("a client whose requests were all answered");
        }
        self.answered.load(SeqCst)
    }
}

#[test]
fn no_request_is_lost_over_240_reloads() {
    let app =
        |path: &str, round: u32| config(&[("a", path)], &format!(r#","env":{{"NAME":"{round}"}}"#));
    let live = Live::serve(
        &app("a", 0),
        &[("a/index.js", &version("v0"))],
        &["--watch"],
    );
    live.says("a.test", "v0 0");
    let load = Load::start(live.nano.port());
    let swap = |target: &str, link: &str| {
        symlink(target, live.path("link")).expect("a link");
        fs::rename(live.path("link"), live.path(link)).expect("a rename");
    };
    // As Kubernetes mounts a folder.
    live.write("mount/..0/index.js", &version("none"));
    swap("..0", "mount/..data");
    symlink("..data/index.js", live.path("mount/index.js")).expect("a link");
    let mut served = BTreeMap::from([("a", 0)]);
    let (mut path, mut name) = ("a", 0);
    for round in 1..=240 {
        let text = version(&format!("v{round}"));
        // Four of a kind in a row: the first one leads to another folder, too.
        let kind = round / 4 % 6;
        let to = ["b", "b", "a", "a", "current", "mount"][kind as usize];
        match kind {
            // A file, which another one takes the place of.
            0 => live.replace("b/index.js", &text),
            // A file in place: half a version is none that starts, and the one before serves on.
            1 => live.write("b/index.js", &text),
            // The configuration, below.
            2 => {}
            // The folder as a whole, renamed into place.
            3 => {
                live.write("next/index.js", &text);
                let _ = fs::remove_dir_all(live.path("before"));
                fs::rename(live.path("a"), live.path("before")).expect("a rename");
                fs::rename(live.path("next"), live.path("a")).expect("a rename");
            }
            // A link that leads to another folder.
            4 => {
                live.write(&format!("releases/{round}/index.js"), &text);
                swap(&format!("releases/{round}"), "current");
            }
            // A link that all files are behind.
            _ => {
                live.write(&format!("mount/..{round}/index.js"), &text);
                swap(&format!("..{round}"), "mount/..data");
            }
        }
        if kind != 2 {
            served.insert(to, round);
        }
        if kind == 2 || to != path {
            (path, name) = (to, round);
            live.replace("apps.json", &app(path, name));
        }
        live.says("a.test", &format!("v{} {name}", served[to]));
    }
    let answered = load.stop();
    assert!(answered > 1000, "{answered} requests");
    for line in live.nano.log() {
        assert!(line["status"].is_null() || line["status"] == 200, "{line}");
    }
}

/// Lines of the log that say so.
fn lines(nano: &Nano, text: &str) -> usize {
    let says = |line: &&serde_json::Value| {
        line["message"]
            .as_str()
            .is_some_and(|message| message.contains(text))
    };
    nano.log().iter().filter(says).count()
}

#[test]
fn what_cannot_change_is_told() {
    let limited = |top: &str, name: &str| {
        let apps = config(&[("a", "a")], &format!(r#","env":{{"NAME":"{name}"}}"#));
        apps.replace(r#""port":0,"#, &format!(r#""port":0,{top}"#))
    };
    let live = Live::serve(
        &limited(r#""memory_mb":2048,"#, "1"),
        &[("a/index.js", &version("a"))],
        &["--watch"],
    );
    live.says("a.test", "a 1");
    live.replace("apps.json", &limited(r#""memory_mb":4096,"#, "2"));
    let told = |message: &str| {
        let line = live
            .nano
            .logged("what stays", |line| line["message"] == message);
        assert_eq!(line["level"], "warn", "{line}");
        assert_eq!(line["setting"], "memory_mb", "{line}");
    };
    let start = r#""memory_mb" cannot change while NANO runs: found "#;
    let end = ", and what NANO was started with stays in force, 2048; restart NANO to change it";
    told(&format!("{start}4096{end}"));
    // The rest has changed.
    live.says("a.test", "a 2");
    // Not with every change, but to whoever asks.
    live.replace("apps.json", &limited(r#""memory_mb":4096,"#, "3"));
    live.says("a.test", "a 3");
    assert_eq!(lines(&live.nano, start), 1);
    live.nano.signal(libc::SIGHUP);
    eventually("an answer", || {
        (lines(&live.nano, start) == 2).then_some(())
    });
    live.replace("apps.json", &limited("", "4"));
    told(&format!("{start}not set{end}"));
    live.replace("apps.json", &limited(r#""memory_mb":2048,"#, "5"));
    live.says("a.test", "a 5");
    assert_eq!(lines(&live.nano, start), 3);
}

#[test]
fn watching_begins_and_ends() {
    let watched = |is: bool| {
        config(&[("a", "a")], "").replace(r#""port":0,"#, &format!(r#""port":0,"watch":{is},"#))
    };
    let live = Live::serve(&watched(false), &[("a/index.js", &version("1"))], &[]);
    live.says("a.test", "1");
    live.replace("apps.json", &watched(true));
    live.nano.signal(libc::SIGHUP);
    let loaded = |count| {
        eventually("an answer", || {
            (lines(&live.nano, "the configuration has been loaded") == count).then_some(())
        });
    };
    loaded(1);
    live.replace("a/index.js", &version("2"));
    live.says("a.test", "2");
    loaded(2);
    live.replace("apps.json", &watched(false));
    // Nothing tells when that has been seen.
    std::thread::sleep(Duration::from_millis(1500));
    live.replace("a/index.js", &version("3"));
    std::thread::sleep(Duration::from_millis(700));
    live.says("a.test", "2");
    live.nano.signal(libc::SIGHUP);
    live.says("a.test", "3");
}

/// More folders than are watched: changes are seen all the same, by looking.
#[test]
fn what_cannot_be_watched_is_looked_at() {
    // All are watched, in the order of their names, until there are 8,000; of an app 1,000.
    let names: Vec<_> = (0..8).map(|index| format!("a{index}")).collect();
    let mut files = vec![("z/index.js".to_owned(), version("1"))];
    for name in &names {
        files.push((format!("{name}/index.js"), version(name)));
        files.extend((1..1_000).map(|index| (format!("{name}/{index}/empty"), String::new())));
    }
    let files: Vec<_> = files
        .iter()
        .map(|(path, text)| (&**path, &**text))
        .collect();
    let apps = names.iter().map(|name| (&**name, &**name));
    let apps: Vec<_> = apps.chain([("z", "z")]).collect();
    let live = Live::serve(&config(&apps, r#","start":"lazy""#), &files, &["--watch"]);
    live.says("z.test", "1");
    live.nano.logged("that not all are watched", |line| {
        line["message"].as_str().is_some_and(|message| {
            message.starts_with("not all folders can be watched; they are looked at every 2 s: ")
        })
    });
    for text in ["2", "3"] {
        live.replace("z/index.js", &version(text));
        live.says("z.test", text);
    }
    // What is watched is seen as well.
    live.replace("a0/index.js", &version("new"));
    live.says("a0.test", "new");
}

/// Six fields of a schedule, for a test that does not last for minutes. No request wakes these apps.
#[test]
fn schedules_change() {
    let scheduled = "export default {
        async scheduled(event, env, ctx) {
            console.log('begun');
            await new Promise(resolve => setTimeout(resolve, 1500));
        },
        fetch() {},
    };";
    let apps = |apps: &[(&str, &str)]| {
        let app = |(name, crons): &(&str, &str)| {
            format!(
                r#"{{"name":"{name}","hostname":"{name}.test","path":"{name}","start":"lazy"{crons}}}"#
            )
        };
        let apps: Vec<_> = apps.iter().map(app).collect();
        format!(r#"{{"port":0,"apps":[{}]}}"#, apps.join(","))
    };
    let (often, seldom) = (r#","crons":["* * * * * *"]"#, r#","crons":["0 0 1 1 *"]"#);
    let mut live = Live::serve(
        &apps(&[("a", often), ("idle", "")]),
        &[
            ("a/index.js", scheduled),
            ("b/index.js", scheduled),
            ("idle/index.js", scheduled),
        ],
        &["--watch"],
    );
    let events = |nano: &Nano, app: &str, message: &str| -> Vec<serde_json::Value> {
        let is = |line: &serde_json::Value| line["app"] == app && line["message"] == message;
        nano.log().into_iter().filter(is).collect()
    };
    let begins = |app: &str| {
        eventually("an event that has begun", || {
            (!events(&live.nano, app, "begun").is_empty()).then_some(())
        });
    };
    let ends = |app: &str| {
        let count = || events(&live.nano, app, "begun").len();
        eventually("no more events", || {
            let before = count();
            std::thread::sleep(Duration::from_millis(2500));
            (count() == before).then_some(())
        });
        // Those that had begun came to their end, also where the app was removed.
        let over = events(&live.nano, app, "scheduled event");
        assert_eq!(over.len(), count());
        assert!(over.iter().all(|line| line["level"] == "info"), "{over:?}");
    };
    begins("a");
    // Another time, and another app.
    live.write("apps.json", &apps(&[("a", seldom), ("b", often)]));
    begins("b");
    ends("a");
    // The app is no more.
    live.write("apps.json", &apps(&[("a", seldom)]));
    ends("b");
    // None, and again.
    live.write("apps.json", &apps(&[("a", "")]));
    live.write("apps.json", &apps(&[("a", often)]));
    let before = events(&live.nano, "a", "begun").len();
    eventually("another event", || {
        (events(&live.nano, "a", "begun").len() > before).then_some(())
    });
    assert!(events(&live.nano, "idle", "app started").is_empty());
    live.nano.signal(libc::SIGTERM);
    assert!(live.nano.wait().success());
}

#[test]
fn typescript_is_loaded_anew() {
    let typed = |text: &str| {
        format!(
            "import {{ text }} from './lib/text';
            export default {{ fetch: (): Response => new Response(`{text} ${{text}}` as string) }};"
        )
    };
    let live = Live::serve(
        &config(&[("a", "a"), ("b", "b")], ""),
        &[
            ("a/index.ts", &typed("1")),
            ("a/lib/text.ts", "export const text: string = 'old';"),
            ("b/index.js", &version("b")),
        ],
        &["--watch"],
    );
    live.says("a.test", "1 old");
    live.replace("a/index.ts", &typed("2"));
    live.says("a.test", "2 old");
    live.write("a/lib/text.ts", "export const text: string = 'new';");
    live.says("a.test", "2 new");
    let refused = |what: &str| {
        live.nano.logged_in_the_end(what, |line| {
            let text = line["message"].as_str().unwrap_or_default();
            line["app"] == "a" && text.contains("is refused") && text.contains(what)
        });
        live.says("a.test", "2 new");
        live.says("b.test", "b");
    };
    live.replace("a/lib/text.ts", "export const text: string = ;");
    refused("SyntaxError: Unexpected token");
    // What nests too deeply, takes too much time, or is too long costs nobody anything.
    let nested = |before: &str, after: &str| before.repeat(100_000) + "1" + &after.repeat(100_000);
    for (text, what) in [
        (
            nested("function*f(a=function(){", "}){}"),
            "it nests too deeply, or takes too much memory",
        ),
        (endless(), "it takes more than 5 s of CPU time"),
        (" ".repeat(9 << 20), "it has 9437184 bytes"),
    ] {
        live.replace("a/lib/text.ts", &text);
        refused(&format!("app:///lib/text.ts cannot be transpiled: {what}"));
    }
    live.replace("a/lib/text.ts", "export const text: string = 'mended';");
    live.says("a.test", "2 mended");
}

/// A text that takes all the CPU time that there is for one.
fn endless() -> String {
    "switch(a){case 1:".repeat(200_000) + &"}".repeat(200_000)
}

/// Who edits a file again does not wait for what was made of the last edit.
#[test]
#[cfg(target_os = "linux")]
fn what_is_edited_again_is_transpiled_no_longer() {
    let text =
        |text: &str| format!("export default {{ fetch: () => new Response('{text}' as string) }};");
    let live = Live::serve(
        &config(&[("a", "a")], ""),
        &[("a/index.ts", &text("1"))],
        &["--watch"],
    );
    live.says("a.test", "1");
    live.replace("a/index.ts", &endless());
    let second = Duration::from_secs(1);
    let at_work = eventually("a process that is at work", || {
        let mut children = live.nano.children().into_iter();
        children.find(|id| cpu_time_of(id).is_some_and(|used| used > second / 2))
    });
    live.replace("a/index.ts", &text("2"));
    live.says("a.test", "2");
    while let Some(used) = cpu_time_of(&at_work) {
        assert!(used < 4 * second, "it goes on");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// What a tenant does to its folder is its own affair: others change meanwhile, and the process starts.
#[test]
fn a_folder_that_is_no_app_s_holds_up_no_other() {
    let both = config(&[("a", "a"), ("b", "b")], "");
    let live = Live::serve(
        &both,
        &[
            ("a/index.js", &version("a1")),
            ("b/index.js", &version("b1")),
        ],
        &["--watch"],
    );
    live.says("a.test", "a1");
    live.says("b.test", "b1");
    fs::remove_file(live.path("a/index.js")).expect("it was there");
    live.replace("b/index.js", &version("b2"));
    live.says("b.test", "b2");
    let refused = live.nano.logged("what was refused", |line| {
        line["app"] == "a" && line["level"] == "error" && line["serving"] == 1
    });
    let refused = refused["message"].as_str().expect("text");
    assert!(refused.contains("has no entry module"), "{refused}");
    live.says("a.test", "a1");
    // So does a folder in its place.
    fs::create_dir(live.path("a/index.js")).expect("a folder");
    live.replace("b/index.js", &version("b3"));
    live.says("b.test", "b3");
    live.says("a.test", "a1");
    fs::remove_dir_all(live.path("a")).expect("it was there");
    live.replace("b/index.js", &version("b4"));
    live.says("b.test", "b4");
    live.write("a/index.js", &version("a2"));
    live.says("a.test", "a2");
}

#[test]
fn a_process_starts_with_those_apps_that_are_there() {
    let live = Live::serve(
        &config(&[("a", "a"), ("b", "b")], ""),
        &[("b/index.js", &version("b1"))],
        &["--watch"],
    );
    live.says("b.test", "b1");
    assert_eq!(live.nano.get("a.test", "/").status, 503);
    let error = live.nano.logged("what is wrong", |line| {
        line["app"] == "a" && line["level"] == "error"
    });
    for part in ["does not exist", "apps[0].path"] {
        assert!(error.to_string().contains(part), "{error}");
    }
    live.write("a/index.js", &version("a1"));
    live.says("a.test", "a1");
    live.says("b.test", "b1");
}
