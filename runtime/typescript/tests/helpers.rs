//! Helper processes: what may happen to them, and that nothing happens to whoever has them.

use std::path::Path;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use libtest_mimic::{Arguments, Trial};
use nano_engine::Transpiler as _;
use nano_typescript::TypeScript;

fn main() -> ExitCode {
    if std::env::args().nth(1).as_deref() == Some(nano_typescript::COMMAND) {
        return match nano_typescript::serve() {
            Ok(()) => ExitCode::SUCCESS,
            Err(_) => ExitCode::FAILURE,
        };
    }
    let tests: [(&str, fn()); 6] = [
        ("none_is_left", none_is_left),
        ("nesting", nesting),
        ("what_takes_too_long", what_takes_too_long),
        (
            "what_takes_long_delays_others_for_moments",
            what_takes_long_delays_others_for_moments,
        ),
        ("there_is_an_end", there_is_an_end),
        ("many_at_a_time", many_at_a_time),
    ];
    let trials = tests.map(|(name, test)| {
        Trial::test(name, move || {
            test();
            Ok(())
        })
    });
    let arguments = Arguments::from_args();
    libtest_mimic::run(&arguments, trials.into()).exit_code()
}

fn transpile(path: &str, text: &str) -> Result<String, String> {
    transpile_for("/a", path, text)
}

fn transpile_for(who: &str, path: &str, text: &str) -> Result<String, String> {
    let left = &mut Duration::from_secs(60);
    let path = format!("app:///{path}");
    let done = TypeScript.transpile(&path, text, &|_| None, Path::new(who), left);
    done.map(|done| done.code)
        .map_err(|mistake| mistake.message)
}

/// Forms that nest: what is repeated before and after the middle.
const NESTING: &[(&str, &str, &str)] = &[
    ("(", "1", ")"),
    ("(", "", ""),
    ("[", "1", "]"),
    ("{", "", "}"),
    ("{", "", ""),
    ("({a:", "1", "})"),
    ("!", "1", ""),
    ("-", "1", ""),
    ("a=>", "1", ""),
    ("(a)=>", "1", ""),
    ("(a=", "1", ")=>1"),
    ("async(", "1", ")"),
    ("new ", "a", ""),
    ("await ", "1", ""),
    ("a=", "1", ""),
    ("a**", "1", ""),
    ("a?", "1", ":1"),
    ("a?1:", "1", ""),
    ("a?(", "1", "):1"),
    ("a??(", "1", ")"),
    ("a(", "1", ")"),
    ("a[", "1", "]"),
    ("a<", "b", ">(1)"),
    ("<A>", "1", ""),
    ("<T>(a:", "b", ")=>1"),
    ("`${", "1", "}`"),
    ("[...", "a", "]"),
    ("function f(){", "", "}"),
    ("function*f(a=function(){", "", "}){}"),
    ("class A{static{", "", "}}"),
    ("class A extends (", "1", "){}"),
    ("namespace A{", "1", "}"),
    ("if(a)", ";", ""),
    ("if(a);else ", ";", ""),
    ("for(;;)", ";", ""),
    ("try{", "", "}finally{}"),
    ("do ", ";", " while(a)"),
    ("a:", ";", ""),
    ("@(class{", "", "}) class A{}"),
    ("", "1", "+1"),
    ("", "1", "&&a||a"),
    ("", "a", ".a"),
    ("", "a", "?.a"),
    ("", "a", "()"),
    ("", "a", "``"),
    ("", "a", "!"),
    ("", "a", " as A"),
    ("", "a", ",a"),
    ("", "type A = B", "[]"),
    ("", "type A = B", "|B"),
    ("", "enum E{A=1", "+1"),
];

const IN_TYPES: &[(&str, &str, &str)] = &[
    ("(", "B", ")"),
    ("[", "B", "]"),
    ("{a:", "B", "}"),
    ("B<", "B", ">"),
    ("keyof ", "B", ""),
    ("B extends ", "B", "?1:2"),
    ("B extends B?1:", "B", ""),
    ("()=>", "B", ""),
    ("(a:", "B", ")=>1"),
    ("`${", "B", "}`"),
    ("{[k in ", "B", "]:1}"),
];

const ELEMENTS: &[(&str, &str, &str)] = &[
    ("<a>", "", "</a>"),
    ("<>", "", "</>"),
    ("<a b=", "'1'", "/>"),
    ("<a>{", "1", "}</a>"),
];

/// Some are done, some are mistakes, and some more than a helper can do.
fn nesting() {
    let forms = NESTING.iter().map(|form| ("a.ts", "", form));
    let types = IN_TYPES.iter().map(|form| ("a.ts", "type A = ", form));
    let elements = ELEMENTS.iter().map(|form| ("a.tsx", "x = ", form));
    let mut outcomes = [0_usize, 0, 0];
    for (path, prefix, (before, middle, after)) in forms.chain(types).chain(elements) {
        for count in [100, 100_000] {
            let text = format!(
                "{prefix}{}{middle}{}",
                before.repeat(count),
                after.repeat(count)
            );
            let began = Instant::now();
            let done = transpile(path, &text);
            let took = began.elapsed();
            let outcome = match &done {
                Ok(_) => 0,
                Err(error) if error.contains("cannot be transpiled: it ") => 2,
                Err(_) => 1,
            };
            outcomes[outcome] += 1;
            println!(
                "{before}{middle}{after} x {count}: {:?} in {took:?}",
                done.map(|code| code.len())
            );
            // The helper's word is enough for the next one.
            assert_eq!(
                transpile(
                    "b.ts",
                    &format!("let b: 1 = {};", outcomes.iter().sum::<usize>())
                ),
                Ok(format!("let b = {};\n", outcomes.iter().sum::<usize>()))
            );
        }
    }
    println!("{outcomes:?}");
    assert!(outcomes.iter().all(|count| *count > 0), "{outcomes:?}");
}

/// The one form of nesting that takes time by the square of the depth.
fn switches(comment: &str, count: usize) -> String {
    format!("/*{comment}*/") + &"switch(a){case 1:".repeat(count) + &"}".repeat(count)
}

/// It takes all the CPU time that there is for a text.
fn endless(comment: &str) -> String {
    switches(comment, 200_000)
}

fn what_takes_long_delays_others_for_moments() {
    std::thread::scope(|scope| {
        // As many as there are places.
        let hostile: Vec<_> = ["/1", "/2", "/3"]
            .map(|who| scope.spawn(move || transpile_for(who, "a.ts", &endless(who))))
            .into();
        std::thread::sleep(Duration::from_millis(500));
        for turn in 0..20 {
            let text = format!("let moment: 1 = {turn};");
            let done = transpile_for("/b", "b.ts", &text);
            assert_eq!(done, Ok(format!("let moment = {turn};\n")));
        }
        // Each of them takes 5 s in the one place that there is.
        let done = hostile.iter().filter(|thread| thread.is_finished()).count();
        assert!(done <= 1, "{done} have had all their time meanwhile");
        for thread in hostile {
            let error = thread.join().expect("no panic").unwrap_err();
            assert!(error.contains("it takes more than 5 s"), "{error}");
        }
    });
}

fn what_takes_too_long() {
    let error = transpile("a.ts", &" ".repeat(9 << 20)).unwrap_err();
    assert!(
        error.starts_with("app:///a.ts cannot be transpiled: it has 9437184 bytes"),
        "{error}"
    );
    assert!(transpile("a.ts", &switches("", 100)).is_ok());
    let error = transpile("a.ts", &endless("")).unwrap_err();
    assert!(
        error.starts_with("app:///a.ts cannot be transpiled: it takes more than 5 s"),
        "{error}"
    );
}

/// What fails takes time, too.
fn there_is_an_end() {
    let ask = |text: &str, mut left: Duration| {
        let done = TypeScript.transpile("app:///a.ts", text, &|_| None, Path::new("/a"), &mut left);
        let done = done.map(|done| done.code);
        (done.map_err(|mistake| mistake.message), left)
    };
    const MUCH: Duration = Duration::from_secs(60);
    let (error, left) = ask(&"(".repeat(100_000), MUCH);
    assert_eq!(error.unwrap_err(), "Expected `)` but found `EOF`");
    assert!(left < MUCH, "{left:?}");
    let error = ask("let a: 0 = 0;", Duration::ZERO).0.unwrap_err();
    assert!(
        error.starts_with(
            "app:///a.ts cannot be transpiled: what was transpiled before has taken all of the time"
        ),
        "{error}"
    );
    // What is known takes none.
    let known = Ok("let a = 0;\n".to_owned());
    assert_eq!(ask("let a: 0 = 0;", MUCH).0, known);
    assert_eq!(
        ask("let a: 0 = 0;", Duration::ZERO),
        (known, Duration::ZERO)
    );
}

fn many_at_a_time() {
    std::thread::scope(|scope| {
        for thread in 0..8 {
            scope.spawn(move || {
                for turn in 0..20 {
                    let done = transpile("a.ts", &format!("let a: 1 = 1{thread}{turn};"));
                    assert_eq!(done, Ok(format!("let a = 1{thread}{turn};\n")));
                }
            });
        }
    });
}

/// Neither a process nor what is left of one, once there has been nothing to do.
#[cfg(target_os = "linux")]
fn none_is_left() {
    let children = || {
        let mut count = 0;
        for task in std::fs::read_dir("/proc/self/task").expect("tasks") {
            let children = task.expect("a task").path().join("children");
            // A thread may have ended.
            let children = std::fs::read_to_string(children).unwrap_or_default();
            count += children.split_whitespace().count();
        }
        count
    };
    assert_eq!(transpile("a.ts", "let a: 1;").as_deref(), Ok("let a;\n"));
    let began = Instant::now();
    while children() > 0 {
        assert!(began.elapsed().as_secs() < 300, "{} are left", children());
        std::thread::sleep(std::time::Duration::from_millis(100));
    }
}

#[cfg(not(target_os = "linux"))]
fn none_is_left() {}
