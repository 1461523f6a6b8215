//! An embedding for tests: a few native functions in the snapshot, and a log of what scripts say.

use std::cell::RefCell;
use std::sync::{Arc, Mutex, Once};
use std::time::Duration;

use nano_engine::{
    Baker, Embedding, Engine, EngineOptions, Exit, IsolateOptions, Limits, State, entry, promise_op,
};
use nano_engine::{run_on_current_thread, v8};

/// What scripts said, in order.
pub type Log = Arc<Mutex<Vec<String>>>;

/// What scripts have native code keep, and count nowhere.
#[expect(clippy::vec_box, reason = "many blocks are what is to be found")]
#[derive(Default)]
struct Kept(RefCell<Vec<Box<[u64; 128]>>>);

/// The callbacks of the snapshot. Read through `black_box` everywhere, so that each has one address.
static CALLBACKS: [(&str, v8::FunctionCallback); 8] = [
    ("print", raw_print),
    ("setTimeout", raw_set_timeout),
    ("setInterval", raw_set_interval),
    ("clearTimeout", raw_clear_timeout),
    ("sleep", raw_sleep),
    ("panic", raw_panic),
    ("hold", raw_hold),
    ("keep", raw_keep),
];

macro_rules! raw {
    ($($raw:ident => $safe:ident),*) => {$(
        unsafe extern "C" fn $raw(info: *const v8::FunctionCallbackInfo) {
            // SAFETY: V8 calls it with its own pointer.
            unsafe { entry::function(info, $safe) };
        }
    )*};
}
raw!(raw_print => print, raw_set_timeout => set_timeout, raw_set_interval => set_interval,
     raw_clear_timeout => clear_timeout, raw_sleep => sleep, raw_panic => panic, raw_hold => hold, raw_keep => keep);

fn callbacks() -> &'static [(&'static str, v8::FunctionCallback)] {
    std::hint::black_box(&CALLBACKS)
}

pub static EMBEDDING: Embedding = Embedding {
    external_references: || {
        callbacks()
            .iter()
            .map(|(_, function)| v8::ExternalReference {
                function: *function,
            })
            .collect()
    },
    fingerprint: || nano_engine::snapshot::fingerprint(callbacks().iter().map(|(name, _)| *name)),
    bake,
    start: |scope, data| {
        let log = data
            .downcast::<Log>()
            .map_or_else(|_| Log::default(), |log| *log);
        State::from_scope(scope).set_extension(log);
        State::from_scope(scope).set_extension(Kept::default());
    },
    // The app's own code, which what makes a global should not run; but it might.
    lazy: |scope, _| nano_engine::evaluate(scope, "lazy", "make()"),
    report_exception: |scope, exception, message| {
        let report = nano_engine::ErrorReport::new(scope, exception, message);
        say(scope, format!("uncaught {}", report.message));
    },
    promise_rejected: |scope, _, reason, _| {
        let reason = reason.to_rust_string_lossy(scope);
        say(scope, format!("unhandled {reason}"));
    },
    promise_handled: |scope, _, reason| {
        let reason = reason.to_rust_string_lossy(scope);
        say(scope, format!("handled {reason}"));
    },
    exit: |scope, exit| {
        say(scope, format!("exit {exit}"));
        let log = State::from_scope(scope).try_extension::<Log>();
        if log.is_some_and(|log| log.lock().expect("log")[0] == "aborts at its end") {
            std::process::abort();
        }
    },
    ..Embedding::EMPTY
};

fn bake(scope: &mut v8::PinScope, baker: &mut Baker) -> Option<()> {
    let global = scope.get_current_context().global(scope);
    for (name, callback) in callbacks() {
        let template = v8::FunctionTemplate::builder_raw(*callback).build(scope);
        baker.add_template(scope, template);
        let function = template.get_function(scope)?;
        baker.add_object(scope, function);
        let key = v8::String::new(scope, name)?;
        global.set(scope, key.into(), function.into());
    }
    let later = v8::String::new(scope, "later")?;
    entry::lazy_property(scope, global, later.into(), later.into())?;
    let warm = "globalThis.fromSnapshot = new Map([['answer', 42]]); globalThis.baked = () => fromSnapshot.get('answer');";
    nano_engine::evaluate(scope, "bake", warm).map(drop)
}

pub fn say(scope: &v8::PinScope, text: String) {
    if let Some(log) = State::from_scope(scope).try_extension::<Log>() {
        log.lock().expect("log").push(text);
    }
}

fn print(
    scope: &mut v8::PinScope,
    args: v8::FunctionCallbackArguments,
    _: v8::ReturnValue<v8::Value>,
) {
    let parts: Vec<String> = (0..args.length())
        .map(|i| args.get(i).to_rust_string_lossy(scope))
        .collect();
    say(scope, parts.join(" "));
}

/// Has taken so many bytes of native memory, and fails.
fn hold(
    scope: &mut v8::PinScope,
    args: v8::FunctionCallbackArguments,
    _: v8::ReturnValue<v8::Value>,
) {
    let bytes = args.get(0).uint32_value(scope).expect("a number");
    nano_engine::external_memory::converted(scope, bytes as usize);
    let message = v8::String::new(scope, "held").expect("a short text");
    scope.throw_exception(message.into());
}

/// Keeps so many kibibytes more, each as one block. Returns how many there are.
fn keep(
    scope: &mut v8::PinScope,
    args: v8::FunctionCallbackArguments,
    mut rv: v8::ReturnValue<v8::Value>,
) {
    let count = args.get(0).uint32_value(scope).expect("a number");
    let mut kept = State::from_scope(scope).extension::<Kept>().0.borrow_mut();
    for _ in 0..count {
        kept.push(Box::new([0; 128]));
    }
    rv.set_double(kept.len() as f64);
}

fn timer(scope: &mut v8::PinScope, args: &v8::FunctionCallbackArguments, repeat: bool) -> u32 {
    let function: v8::Local<v8::Function> = args.get(0).try_into().expect("a function");
    let function = v8::Global::new(scope, function);
    let delay = args.get(1).number_value(scope).unwrap_or(0.0).max(0.0);
    let callback = Box::new(move |scope: &mut v8::PinScope| {
        let function = v8::Local::new(scope, &function);
        let this = v8::undefined(scope).into();
        function.call(scope, this, &[]);
    });
    State::from_scope(scope)
        .timers()
        .set(Duration::from_secs_f64(delay / 1000.0), repeat, callback)
        .0
}

fn set_timeout(
    scope: &mut v8::PinScope,
    args: v8::FunctionCallbackArguments,
    mut rv: v8::ReturnValue<v8::Value>,
) {
    let id = timer(scope, &args, false);
    rv.set_uint32(id);
}

fn set_interval(
    scope: &mut v8::PinScope,
    args: v8::FunctionCallbackArguments,
    mut rv: v8::ReturnValue<v8::Value>,
) {
    let id = timer(scope, &args, true);
    rv.set_uint32(id);
}

fn clear_timeout(
    scope: &mut v8::PinScope,
    args: v8::FunctionCallbackArguments,
    _: v8::ReturnValue<v8::Value>,
) {
    let id = args.get(0).uint32_value(scope).unwrap_or(0);
    State::from_scope(scope)
        .timers()
        .clear(nano_engine::TimerId(id));
}

/// `sleep(ms, value)`: a promise that an operation settles; rejected if there is no value.
fn sleep(
    scope: &mut v8::PinScope,
    args: v8::FunctionCallbackArguments,
    mut rv: v8::ReturnValue<v8::Value>,
) {
    let delay = Duration::from_secs_f64(args.get(0).number_value(scope).unwrap_or(0.0) / 1000.0);
    let value = (args.length() > 1).then(|| args.get(1).to_rust_string_lossy(scope));
    let future = async move {
        tokio::time::sleep(delay).await;
        value
    };
    let promise = promise_op(scope, future, |scope, value| match value {
        Some(text) => Ok(v8::String::new(scope, &text).expect("short").into()),
        None => {
            let message = v8::String::new(scope, "no value").expect("short");
            Err(v8::Exception::type_error(scope, message))
        }
    });
    rv.set(promise.expect("it is not being ended").into());
}

fn panic(_: &mut v8::PinScope, _: v8::FunctionCallbackArguments, _: v8::ReturnValue<v8::Value>) {
    panic!("on purpose");
}

/// The snapshot, as a build script would have made it.
pub static SNAPSHOT: std::sync::OnceLock<Vec<u8>> = std::sync::OnceLock::new();

/// Starts the engine, once.
pub fn start() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let bytes = nano_engine::bake(&EMBEDDING);
        let snapshot = SNAPSHOT.get_or_init(|| bytes);
        Engine::start(EngineOptions {
            embedding: &EMBEDDING,
            snapshot: Some(snapshot),
            single: false,
        })
        .expect("the engine starts");
    });
}

/// One runtime for the operations of all tests.
pub fn tokio() -> tokio::runtime::Handle {
    static RUNTIME: std::sync::LazyLock<tokio::runtime::Runtime> = std::sync::LazyLock::new(|| {
        tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .expect("a runtime")
    });
    RUNTIME.handle().clone()
}

/// Options whose log is returned.
pub fn options() -> (IsolateOptions, Log) {
    start();
    let log = Log::default();
    let limits = Limits {
        cpu_per_turn: Some(Duration::from_secs(20)),
        ..Limits::default()
    };
    let options = IsolateOptions {
        limits,
        tokio: Some(tokio()),
        data: Box::new(log.clone()),
        ..Default::default()
    };
    (options, log)
}

/// Runs a script until nothing is pending. Returns what it said, and how it ended.
pub fn run(script: &str) -> (Vec<String>, Exit) {
    let (options, log) = options();
    let exit = run_script(options, script);
    let mut said = std::mem::take(&mut *log.lock().expect("log"));
    assert_eq!(
        said.pop(),
        Some(format!("exit {exit}")),
        "the embedding learns of the exit last"
    );
    (said, exit)
}

pub fn run_script(options: IsolateOptions, script: &str) -> Exit {
    let script = script.to_string();
    // On a thread of its own: an isolate must not be made inside of another test's.
    std::thread::Builder::new()
        .stack_size(nano_engine::thread::STACK_SIZE)
        .spawn(move || {
            run_on_current_thread(options, |scope| {
                nano_engine::evaluate(scope, "test.js", &script);
            })
        })
        .expect("a thread")
        .join()
        .expect("no panic leaves the engine")
}

/// How many threads of this process have such a name.
pub fn threads(name: &str) -> usize {
    let tasks = std::fs::read_dir("/proc/self/task").expect("a list of threads");
    tasks
        .filter_map(|task| std::fs::read_to_string(task.ok()?.path().join("comm")).ok())
        .filter(|comm| comm.trim() == name)
        .count()
}
