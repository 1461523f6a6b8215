//! `nano eval`, `run`, `repl` and `--version`.

use std::io::{BufRead as _, BufReader, Read, Write as _};
use std::process::{Child, ChildStdin, Command, Output, Stdio};
use std::time::Duration;

use crate::support::{PATIENCE, Site, nano};

fn output(command: &mut Command) -> (Option<i32>, String, String) {
    let Output {
        status,
        stdout,
        stderr,
    } = command.stdin(Stdio::null()).output().expect("nano runs");
    let text = |bytes| String::from_utf8(bytes).expect("text");
    (status.code(), text(stdout), text(stderr))
}

fn eval(code: &str) -> (Option<i32>, String, String) {
    output(nano().args(["eval", code]))
}

#[test]
fn eval_prints_the_value() {
    assert_eq!(eval("1 + 1"), (Some(0), "2\n".to_owned(), String::new()));
    assert_eq!(
        eval("await new Promise(r => setTimeout(r, 10, 6))").1,
        "6\n"
    );
    assert_eq!(eval("await Promise.resolve(42)").1, "42\n");
    assert_eq!(eval("console.log('said')").1, "said\n");
}

#[test]
fn eval_runs_until_nothing_is_pending() {
    let (code, stdout, _) = eval("setTimeout(() => console.log('timer'), 20); 'first'; void 0");
    assert_eq!((code, stdout.as_str()), (Some(0), "timer\n"));
}

#[test]
fn eval_reports_errors_with_line_and_caret() {
    let (code, stdout, stderr) = eval("let a = 1;\nlet b = null.c;");
    assert_eq!((code, stdout.as_str()), (Some(1), ""));
    for part in ["TypeError", "let b = null.c;", "^", ":2:"] {
        assert!(stderr.contains(part), "{part:?} is not in {stderr}");
    }
    let (code, _, stderr) = eval("1 +* 2");
    assert_eq!(code, Some(1));
    for part in ["SyntaxError", "1 +* 2", "^"] {
        assert!(stderr.contains(part), "{part:?} is not in {stderr}");
    }
    let (code, _, stderr) = eval("await Promise.reject(new RangeError('no'))");
    assert_eq!(code, Some(1));
    assert!(stderr.contains("RangeError: no"), "{stderr}");
}

#[test]
fn schema_is_that_of_the_configuration() {
    let (code, stdout, stderr) = output(nano().arg("schema"));
    assert_eq!((code, stderr.as_str()), (Some(0), ""));
    let schema: serde_json::Value = serde_json::from_str(&stdout).expect("JSON");
    let limits = &schema["$defs"]["Limits"]["properties"];
    assert_eq!(limits["memory_mb"]["default"], 128);
    assert_eq!(schema["properties"]["apps"]["items"]["$ref"], "#/$defs/App");
}

#[test]
fn the_hosts_own_answers_are_told() {
    let (code, stdout, stderr) = output(nano().args(["describe", "errors"]));
    assert_eq!((code, stderr.as_str()), (Some(0), ""));
    let answers: serde_json::Value = serde_json::from_str(&stdout).expect("JSON");
    let answers = answers.as_array().expect("a list");
    let unknown = answers.iter().find(|answer| answer["status"] == 404);
    let unknown = unknown.expect("an answer to requests for nobody");
    assert_eq!(unknown["reason"], "Not Found");
    // It is what clients are told.
    let nano = Site::new()
        .app("a", "export default { fetch() {} }")
        .serve();
    let response = nano.get("nobody.test", "/");
    let message = unknown["message"].as_str().expect("text");
    assert!(response.text().contains(message), "{}", response.text());
    // Its limits have the configuration's names.
    let slow = answers.iter().find(|answer| answer["status"] == 504);
    assert_eq!(slow.expect("a time-out")["limits"][0], "wall_ms");
}

#[test]
fn packages_have_completions_and_manual_pages() {
    let (code, stdout, stderr) =
        output(nano().args(["describe", "completions", "bash", "--name", "nano-host"]));
    assert_eq!((code, stderr.as_str()), (Some(0), ""));
    for part in ["complete -F _nano__host", "--config", "deploy"] {
        assert!(stdout.contains(part), "{part} is not in {stdout}");
    }
    let folder = tempfile::tempdir().expect("a folder");
    let mut man = nano();
    man.args(["describe", "man", "--name", "nano-host"])
        .arg(folder.path());
    assert_eq!(output(&mut man).0, Some(0));
    let page = |name: &str| std::fs::read_to_string(folder.path().join(name));
    assert!(page("nano-host.1").expect("a page").contains("apps"));
    let serve = page("nano-host-serve.1").expect("a page");
    assert!(serve.contains("conf") && serve.contains("port"), "{serve}");
    // Commands of helpers are nobody's business.
    assert!(page("nano-host-describe.1").is_err());
}

#[test]
fn run_runs_a_module() {
    let site = Site::new()
        .file(
            "main.mjs",
            "import { x } from './x.mjs';\nconsole.log(x, await Promise.resolve(2));",
        )
        .file("x.mjs", "export const x = 1;")
        .file("bad.mjs", "\n\nthrow new Error('oh no');");
    let run = |file| output(nano().arg("run").arg(site.path().join(file)));
    assert_eq!(
        run("main.mjs"),
        (Some(0), "1 2\n".to_owned(), String::new())
    );
    let (code, _, stderr) = run("bad.mjs");
    assert_eq!(code, Some(1));
    assert!(
        stderr.contains("oh no") && stderr.contains("bad.mjs:3"),
        "{stderr}"
    );
    let (code, _, stderr) = run("missing.mjs");
    assert_eq!(code, Some(1));
    assert!(stderr.contains("missing.mjs"), "{stderr}");
}

#[test]
fn a_program_s_relative_urls_are_relative_to_its_file() {
    let site = Site::new().file(
        "100% #1?.js",
        "const show = (url, init) => { const { href, search } = new URL(new Request(url, init).url);
           console.log(href.slice(href.lastIndexOf('/')), search); };
         show(''); show('other?a=b');
         // The origin of files is opaque; nothing is refused for its sake.
         console.log(new Request('http://a.test/', { referrer: 'http://b.test/' }).referrer);
         fetch('data.json').catch((error) => console.log(error.message));",
    );
    let (code, stdout, stderr) = output(nano().arg("run").arg(site.path().join("100% #1?.js")));
    assert_eq!(
        (code, stdout.as_str(), stderr.as_str()),
        (
            Some(0),
            "/100%25%20%231%3F.js \n/other?a=b ?a=b\nhttp://b.test/\n\
             fetch failed: the scheme 'file:' cannot be fetched: http:, https:, data: and blob: can\n",
            ""
        )
    );
    let (code, _, stderr) = eval("new Request('a')");
    assert_eq!(code, Some(1));
    assert!(stderr.contains("a relative URL needs a base"), "{stderr}");
}

#[test]
fn a_program_that_listens_for_exceptions_goes_on_after_them() {
    let run = |listeners: &str| {
        let source = format!(
            "{listeners}
             setTimeout(() => {{ Promise.reject(new Error('one')); }});
             setTimeout(() => {{ throw new Error('two'); }}, 10);
             setTimeout(() => console.log('later'), 20);"
        );
        let site = Site::new().file("main.js", &source);
        output(nano().arg("run").arg(site.path().join("main.js")))
    };
    let (code, stdout, stderr) = run("");
    assert_eq!((code, stdout.as_str()), (Some(1), ""));
    assert!(
        stderr.contains("one") && !stderr.contains("two"),
        "{stderr}"
    );
    let rejections =
        "addEventListener('unhandledrejection', (event) => console.log(event.reason.message));";
    let (code, stdout, stderr) = run(rejections);
    assert_eq!((code, stdout.as_str()), (Some(1), "one\n"));
    assert!(stderr.contains("two"), "{stderr}");
    // What a listener does not take is reported, and the exit code tells of it.
    let (code, stdout, stderr) = run(&format!(
        "{rejections} onerror = (message) => console.log(message);"
    ));
    assert_eq!(
        (code, stdout.as_str()),
        (Some(1), "one\nUncaught Error: two\nlater\n")
    );
    assert!(stderr.contains("one") && stderr.contains("two"), "{stderr}");
}

/// Feeds lines to the REPL, as if they were typed, and gives what it prints.
fn repl(lines: &str) -> String {
    repl_in(std::path::Path::new("."), lines)
}

fn repl_in(folder: &std::path::Path, lines: &str) -> String {
    let state = tempfile::tempdir().expect("a folder");
    let mut child = nano()
        .arg("repl")
        .current_dir(folder)
        .env("XDG_STATE_HOME", state.path())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("nano runs");
    child
        .stdin
        .take()
        .expect("a pipe")
        .write_all(lines.as_bytes())
        .expect("nano reads");
    let output = child.wait_with_output().expect("nano ends");
    assert_eq!(output.status.code(), Some(0));
    String::from_utf8(output.stdout).expect("text")
}

#[test]
fn the_repl_keeps_state_and_joins_lines() {
    let text = repl(
        "const a = 20\nfunction f() {\n  return a + 1;\n}\nf() * 2\nawait Promise.resolve(7)\n",
    );
    for value in ["42", "7"] {
        assert!(text.lines().any(|line| line.ends_with(value)), "{text}");
    }
}

#[test]
fn the_repl_asks_for_more_where_more_can_make_it_complete() {
    for lines in [
        "41 +\n1",
        "function f(\n) { return 42; }\nf()",
        "(\n42)",
        "Math.max(1, Math.max(42\n), 2)",
        "`4\n${1}`.replace('\\n1', '2') * 1",
        "`${42\n}` * 1",
        "/* the\nanswer */ 42",
        "{\na: 1 }; 42",
        "const f = () =>\n42\nf()",
        "if (true)\n42",
        "true ? 42 :\n1",
        "await\n42",
        "class A { static x =\n42 }\nA.x",
        "[1,\n42][1]",
    ] {
        let text = repl(&format!("{lines}\n"));
        assert!(
            text.lines().any(|line| line.ends_with("42")),
            "{lines}: {text}"
        );
    }
    // What is wrong stays wrong.
    for line in [
        "1 1",
        "}",
        ")",
        "f(1 2",
        "f(1 2, g(3",
        "'4",
        "`${1 2",
        "/4",
        "let 1",
        "import x from 'y'",
        "f(1, 2))",
    ] {
        let text = repl(&format!("{line}\n6 * 7\n"));
        assert!(
            text.lines().any(|line| line.ends_with("42")),
            "{line}: {text}"
        );
    }
}

#[test]
fn an_error_does_not_end_the_repl() {
    let text = repl("null.x\n6 * 7\n");
    assert!(text.lines().any(|line| line.ends_with("42")), "{text}");
    for later in [
        "Promise.reject(1)",
        "setTimeout(() => { throw new Error('later'); })",
        "queueMicrotask(() => { throw 1 })",
    ] {
        let text = repl(&format!(
            "{later}\nawait new Promise((r) => setTimeout(r, 50))\n6 * 7\n"
        ));
        assert!(
            text.lines().any(|line| line.ends_with("42")),
            "{later}: {text}"
        );
    }
}

/// A REPL that is talked to while it runs.
struct Repl {
    child: Child,
    input: ChildStdin,
    lines: std::sync::mpsc::Receiver<String>,
}

impl Repl {
    fn start() -> Repl {
        let mut child = nano()
            .arg("repl")
            .env("XDG_STATE_HOME", "/nonexistent")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("nano runs");
        let (sender, lines) = std::sync::mpsc::channel();
        let outputs: [Box<dyn Read + Send>; 2] = [
            Box::new(child.stdout.take().expect("a pipe")),
            Box::new(child.stderr.take().expect("a pipe")),
        ];
        for output in outputs {
            let sender = sender.clone();
            std::thread::spawn(move || {
                for line in BufReader::new(output).lines().map_while(Result::ok) {
                    let _ = sender.send(line);
                }
            });
        }
        let input = child.stdin.take().expect("a pipe");
        Repl {
            child,
            input,
            lines,
        }
    }

    fn type_in(&mut self, line: &str) {
        writeln!(self.input, "{line}").expect("nano reads");
    }

    #[track_caller]
    fn says(&self, part: &str) {
        let mut said = String::new();
        while !said.contains(part) {
            match self.lines.recv_timeout(PATIENCE) {
                Ok(line) => said.push_str(&line),
                Err(_) => panic!("{part:?} is not in {said}"),
            }
        }
    }

    fn interrupt(&self) {
        let id = i32::try_from(self.child.id()).expect("a process id");
        // SAFETY: sends a signal to a child that has not been waited for, so the id is its own.
        assert_eq!(unsafe { libc::kill(id, libc::SIGINT) }, 0);
    }
}

impl Drop for Repl {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn an_interrupt_ends_an_evaluation_and_not_the_repl() {
    let mut repl = Repl::start();
    repl.type_in("let kept = 6; let late; console.log('ready')");
    repl.says("ready");
    for (index, code) in [
        "console.log('begun'); for (;;) {}",
        "console.log('begun'); await new Promise(() => {})",
        "await null; console.log('begun'); for (;;) {}",
        "setTimeout(() => { console.log('begun'); for (;;) {} }); await new Promise(() => {})",
        "console.log('begun'); await new Promise((r) => { late = r; })",
        "Promise.resolve().then(() => { console.log('begun'); for (;;) {} }); 1",
    ]
    .into_iter()
    .enumerate()
    {
        repl.type_in(code);
        repl.says("begun");
        // What follows may be a moment away.
        std::thread::sleep(Duration::from_millis(50));
        repl.interrupt();
        if index < 5 {
            repl.says("interrupted: the evaluation was ended by Ctrl+C");
        }
        repl.type_in("kept * 7");
        repl.says("42");
        // What is interrupted has no value that comes later.
        repl.type_in("late?.(5); await 1; _ + 7");
        repl.says("49");
    }
    // Nothing is evaluated: as elsewhere.
    std::thread::sleep(Duration::from_millis(100));
    repl.interrupt();
    let status = repl.child.wait().expect("an end");
    assert_eq!(status.code(), Some(130));
}

#[test]
fn an_await_that_never_settles_ends() {
    let site = Site::new().file("main.mjs", "await new Promise(() => {});");
    let file = site.path().join("main.mjs");
    for (code, stdout, stderr) in [
        eval("await new Promise(() => {})"),
        eval("console.log('first'); await new Promise(() => {}); 1"),
        output(nano().arg("run").arg(file)),
    ] {
        assert_eq!(code, Some(13), "{stdout}{stderr}");
        assert!(
            stderr.contains("warning: a top-level await never settles"),
            "{stderr}"
        );
    }
    // What is awaited may take its time.
    let (code, stdout, _) = eval("await new Promise((r) => setTimeout(r, 200, 'late'))");
    assert_eq!((code, stdout.as_str()), (Some(0), "'late'\n"));
}

#[test]
fn an_output_that_nobody_reads_ends_a_program_quietly() {
    for arguments in [
        ["eval", "'x'.repeat(1e7)"],
        ["eval", "for (;;) console.log('x'.repeat(1000))"],
    ] {
        let mut child = nano()
            .args(arguments)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("nano runs");
        drop(child.stdout.take());
        let output = child.wait_with_output().expect("nano ends");
        let stderr = String::from_utf8(output.stderr).expect("text");
        assert_eq!((output.status.code(), stderr.as_str()), (Some(0), ""));
    }
}

#[test]
fn what_is_typed_imports_from_the_current_folder() {
    let site = Site::new()
        .file("lib/x.mjs", "export const x = 'from lib';")
        .file(
            "lib/script.cjs",
            "import('./x.mjs').then(({ x }) => console.log(x));",
        );
    let folder = site.path().join("lib");
    let code = "(await import('./x.mjs')).x";
    let (_, stdout, stderr) = output(nano().current_dir(&folder).args(["eval", code]));
    assert_eq!((stdout.as_str(), stderr.as_str()), ("'from lib'\n", ""));
    let text = repl_in(&folder, &format!("{code}\n"));
    assert!(text.contains("'from lib'"), "{text}");
    // A script in a file imports relative to that.
    let script = folder.join("script.cjs");
    let (_, stdout, stderr) = output(nano().arg("run").arg(script));
    assert_eq!((stdout.as_str(), stderr.as_str()), ("from lib\n", ""));
}

#[test]
fn the_version_names_v8() {
    let (code, stdout, _) = output(nano().arg("--version"));
    assert_eq!(code, Some(0));
    assert!(
        stdout.starts_with("nano 0.") && stdout.contains("V8 15.2"),
        "{stdout}"
    );
}

#[test]
fn a_wrong_argument_is_explained() {
    let (code, _, stderr) = output(nano().args(["serve", "--prt", "1"]));
    assert_eq!(code, Some(2));
    assert!(stderr.contains("--port"), "{stderr}");
}
