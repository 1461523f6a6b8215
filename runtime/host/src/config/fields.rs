//! Every field of the configuration. The reader, `nano check`, the JSON Schema and the reference are made of this table.

use std::marker::PhantomData;
use std::time::Duration;

use nano_worker::{Isolation, LogLevel};
use serde_json::{Value, json};

use super::binding::{BindingType, MAX_BINDINGS, MAX_ENV_NAME};
use super::claims::DEFAULT_HOSTNAME;
use super::field::{
    AnyField, Boolean, Field, Fraction, Integer, List, Milliseconds, Nested, Object, Ruled, Word,
    object, objects,
};
use super::folder::MAX_HOSTNAMES;
use super::schema::Definitions;
use super::{
    AdminAddress, AppLimits, ClientLimits, DEFAULT_DRAIN, DEFAULT_PREPARED, InstancePlan,
    ListenAddress, LogConfig, LoggedRequests, MAX_APP_NAME, MAX_CRONS, OtlpConfig, Start, Tracing,
};

fn milliseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

fn text(_: &mut Definitions) -> Value {
    json!({ "type": "string" })
}

fn texts(_: &mut Definitions) -> Value {
    json!({ "type": "array", "items": { "type": "string" } })
}

fn one_or_many(_: &mut Definitions) -> Value {
    let many = json!({ "type": "array", "items": { "type": "string" }, "minItems": 1 });
    json!({ "anyOf": [{ "type": "string" }, many] })
}

fn further_hostnames(_: &mut Definitions) -> Value {
    let many = json!({ "type": "array", "items": { "type": "string" }, "minItems": 1, "maxItems": MAX_HOSTNAMES });
    json!({ "anyOf": [{ "type": "string" }, many] })
}

/// A text, or where it is.
fn secret(schemas: &mut Definitions) -> Value {
    json!({ "anyOf": [{ "type": "string" }, schemas.reference(object::<Secret>())] })
}

fn anything(_: &mut Definitions) -> Value {
    json!({})
}

fn secrets(schemas: &mut Definitions) -> Value {
    json!({ "type": "object", "additionalProperties": secret(schemas) })
}

fn bindings(schemas: &mut Definitions) -> Value {
    let binding = json!({ "anyOf": [
        { "type": "string" },
        schemas.reference(object::<Secret>()),
        schemas.reference(object::<TextBinding>()),
        schemas.reference(object::<JsonBinding>()),
        schemas.reference(object::<SecretBinding>()),
        schemas.reference(object::<ServiceBinding>()),
    ] });
    json!({
        "type": "object",
        "additionalProperties": binding,
        "propertyNames": { "maxLength": MAX_ENV_NAME },
        "maxProperties": MAX_BINDINGS,
    })
}

fn app_name(_: &mut Definitions) -> Value {
    json!({ "type": "string", "pattern": format!("^[A-Za-z0-9_][A-Za-z0-9._-]{{0,{}}}$", MAX_APP_NAME - 1) })
}

fn crons(_: &mut Definitions) -> Value {
    json!({ "type": "array", "items": { "type": "string" }, "maxItems": MAX_CRONS })
}

/// A day, in milliseconds.
const DAY: u64 = 86_400_000;
/// An hour, in milliseconds.
const HOUR: u64 = 3_600_000;

objects! {
    /// What a process serves. Strings may have variables of the process's environment: `${NAME}`, or `${NAME:-text}` with a text for
    /// where the variable is not set; `$${` is a literal `${`. Paths are relative to the configuration.
    Configuration {
        /// The address of the JSON Schema, for editors.
        SCHEMA: "$schema" = Ruled, Ruled(text);
        /// The port, on all addresses. `"listen"` is for one address.
        PORT: "port" = Integer<u16>, Integer::new(0, 65_535), default ListenAddress::DEFAULT_PORT;
        /// An IP address and a port: `"127.0.0.1:8080"`, `"[::]:8080"`, `":8080"`.
        LISTEN: "listen" = Ruled, Ruled(text);
        /// How long SIGTERM, SIGINT, SIGQUIT and the removal of an app wait for what is in flight, in milliseconds.
        DRAIN_MS: "drain_ms" = Milliseconds, Milliseconds { least: 0, most: HOUR }, default milliseconds(DEFAULT_DRAIN);
        /// What the process as a whole may take, in MiB; before that, the instance that holds most is ended. Where it is not given, what
        /// the control group allows.
        MEMORY_MB: "memory_mb" = Integer<u64>, Integer::new(64, 1 << 24);
        /// How many isolates are kept prepared, so that an app's start takes a fraction of the time: for apps with the limits of memory and
        /// CPU time that most apps have. Each takes the memory of an idle app, and goes first when memory is short.
        PREPARED: "prepared" = Integer<usize>, Integer::new(0, 64), default DEFAULT_PREPARED;
        /// Whether changes of the configuration and of the apps' folders are noticed while the process serves. SIGHUP has them noticed
        /// in any case.
        WATCH: "watch" = Boolean, Boolean, default false;
        /// Which requests are parts of traces (W3C Trace Context): `"incoming"`, those that come with a `traceparent`; `"all"`, others
        /// begin a trace; `"off"`, none. What an app fetches for one of them tells the other server so. Where it is not given, it is
        /// `"incoming"`, and `"all"` where there is `otlp`.
        TRACE: "trace" = Word<Tracing>, TRACE;
        /// A collector that traces and metrics are sent to; without it, they are not.
        OTLP: "otlp" = Nested<Otlp>, Nested(PhantomData);
        /// Where the process is operated; without it, there is no admin API.
        ADMIN: "admin" = Nested<Admin>, Nested(PhantomData);
        /// Proxies in front of NANO.
        PROXIES: "proxies" = Nested<Proxies>, Nested(PhantomData);
        /// What clients may take.
        CLIENTS: "clients" = Nested<Clients>, Nested(PhantomData);
        /// What holds for apps that do not say otherwise.
        DEFAULTS: "defaults" = Nested<Defaults>, Nested(PhantomData);
        /// The apps that are named.
        APPS: "apps" = List<App>, List(PhantomData);
        /// A folder of apps that are not named.
        APPS_FOLDER: "apps_folder" = Nested<AppsFolder>, Nested(PhantomData);
    }

    /// The admin API, on a listener of its own.
    Admin {
        /// An IP address and a port, or a Unix socket for the user that NANO runs as: `"unix:admin.sock"`.
        LISTEN: "listen" = Ruled, Ruled(text), default AdminAddress::DEFAULT.to_string();
        /// Who knows it may use the API: at least 16 letters, digits and characters of `-._~+/=`. It must be there where other machines
        /// reach the address.
        TOKEN: "token" = Ruled, Ruled(secret);
        /// A folder for what the API changes; without it, that ends with the process.
        STATE: "state" = Ruled, Ruled(text);
    }

    /// A collector of traces and metrics, by OTLP over HTTP.
    Otlp {
        /// Its URL, `http:` or `https:`; what is sent goes to `v1/traces` and `v1/metrics` below it.
        ENDPOINT: "endpoint" = Ruled, Ruled(text), missing "name the collector's URL: \"http://localhost:4318\"";
        /// What it wants to be told by which it knows who sends, such as `"authorization"`: texts, or files that have them.
        HEADERS: "headers" = Ruled, Ruled(secrets);
        /// How many of the traces that begin here are recorded, from 0 to 1. Of those that come with requests their senders decide.
        SAMPLE: "sample" = Fraction, Fraction, default 1;
        /// How often metrics are sent, in milliseconds; 0 is never.
        METRICS_MS: "metrics_ms" = Milliseconds, Milliseconds { least: 0, most: DAY }, default milliseconds(OtlpConfig::DEFAULT_METRICS);
    }

    /// How slow clients may be; those that are slower are cut off.
    Clients {
        /// For a request's head, in milliseconds; and how long an idle connection is kept.
        HEAD_MS: "head_ms" = Milliseconds, Milliseconds { least: 1, most: HOUR }, default milliseconds(ClientLimits::default().head);
        /// How long a client may send or take less than `min_rate`, in milliseconds.
        STALL_MS: "stall_ms" = Milliseconds, Milliseconds { least: 1, most: HOUR }, default milliseconds(ClientLimits::default().stall);
        /// Bytes per second of a body, in either direction.
        MIN_RATE: "min_rate" = Integer<u32>, Integer::new(1, 1_000_000_000), default ClientLimits::default().min_rate;
        /// Connections at a time; else half of the process's descriptors. Beyond that, those without a request make room.
        CONNECTIONS: "connections" = Integer<u32>, Integer::new(1, 10_000_000);
        /// Of these, those that one client may have: an address, or a network of 64 bits of IPv6, which is no proxy that is trusted. Where
        /// it is not given, any number as long as there is room, and then half.
        CONNECTIONS_PER_CLIENT: "connections_per_client" = Integer<u32>, Integer::new(1, 10_000_000);
    }

    /// Proxies that are believed when they say whom a request is from. Of others' requests, apps learn the address of the connection.
    Proxies {
        /// Their addresses, or networks: `"10.0.0.7"`, `"10.0.0.0/8"`, `"fd00::/8"`.
        TRUSTED: "trusted" = Ruled, Ruled(texts);
        /// The fields that they set in every request, whatever their clients have sent: `"forwarded"`, or some of `"x-forwarded-for"`,
        /// `"x-forwarded-proto"` and `"x-forwarded-host"`, by which requests find their apps then.
        FIELDS: "fields" = Ruled, Ruled(texts), default ["x-forwarded-for", "x-forwarded-proto"];
    }

    /// What holds for apps that do not say otherwise.
    Defaults {
        /// What an app may use.
        LIMITS: "limits" = Nested<Limits>, Nested(PhantomData);
        /// When an app starts.
        START: "start" = Word<Start>, START;
        /// How long an app's instances live without a request, in milliseconds; 0 is for ever.
        IDLE_MS: "idle_ms" = Milliseconds, Milliseconds { least: 0, most: DAY };
        /// How many instances it has.
        INSTANCES: "instances" = Nested<Instances>, Nested(PhantomData);
        /// Whose threads an app's instances run on.
        ISOLATION: "isolation" = Word<Isolation>, ISOLATION, default "dedicated";
        /// Other servers that an app may ask.
        OUTBOUND: "outbound" = Nested<Outbound>, Nested(PhantomData);
        /// What of an app stands in the log.
        LOG: "log" = Nested<Log>, Nested(PhantomData);
    }

    /// A folder of which each folder is an app of its name, unless `"apps"` has one of that name. What is hidden is none. What the
    /// folder has to say of its app is in its `nano.json`.
    AppsFolder {
        /// The folder.
        PATH: "path" = Ruled, Ruled(text), missing "name the folder, relative to this file";
        /// The hosts that an app answers to, with `{name}` in place of its name. A name that is not in lower case stands in none, nor
        /// one with dots where another folder may get that host.
        HOSTNAME: "hostname" = Ruled, Ruled(one_or_many), default DEFAULT_HOSTNAME;
    }

    /// What the folder of an app that is not named says of it, in a file `nano.json`.
    Settings {
        /// The address of the JSON Schema, for editors.
        SCHEMA: "$schema" = Ruled, Ruled(text);
        /// Further hosts that the app answers to, if they are nobody else's, not even in part.
        HOSTNAME: "hostname" = Ruled, Ruled(further_hostnames);
        /// The entry module, relative to the folder. Where it is not given, it is found as for every app.
        ENTRY: "entry" = Ruled, Ruled(text);
        /// What its handlers get as `env`: texts, or files of the folder that have them.
        ENV: "env" = Ruled, Ruled(bindings);
        /// When its `scheduled` handler is called, as for every app.
        CRONS: "crons" = Ruled, Ruled(crons);
        /// What it may use: at most what the configuration's `"defaults"` say.
        LIMITS: "limits" = Nested<Limits>, Nested(PhantomData);
    }

    /// One app.
    App {
        /// Unique; names the app in logs, metrics and the admin API.
        NAME: "name" = Ruled, Ruled(app_name), missing "give the app a unique name; it stands in logs";
        /// The hosts that it answers to, exact (`"shop.example.com"`) or all below one (`"*.shop.example.com"`); without it, every host
        /// that no other app answers to.
        HOSTNAME: "hostname" = Ruled, Ruled(one_or_many);
        /// Its folder.
        PATH: "path" = Ruled, Ruled(text), missing "name the app's folder, relative to this file";
        /// Its entry module, relative to its folder. Where it is not given, `package.json` says it, or it is the first of `index.js`,
        /// `index.mjs`, `index.ts`, `index.tsx`, `index.mts` and `index.jsx`.
        ENTRY: "entry" = Ruled, Ruled(text);
        /// The paths of these hosts that it answers to, and all below them: `"/shop"`, `"/users/:id/cart"`, `"/files/:name.json"`, where
        /// what varies is a segment or one part of it; without it, all that no other app answers to.
        PATHS: "paths" = Ruled, Ruled(one_or_many);
        /// A port of its own.
        PORT: "port" = Integer<u16>, Integer::new(1, 65_535);
        /// When its first instance starts: `"eager"`, with the process, or `"lazy"`, with the first request. Where it is not given, apps
        /// start with the process, unless there are more than 100.
        START: "start" = Word<Start>, START;
        /// How long its instances live without a request, in milliseconds; 0 is for ever. Where it is not given, apps that start lazily
        /// end after 10 minutes, and others never.
        IDLE_MS: "idle_ms" = Milliseconds, Milliseconds { least: 0, most: DAY };
        /// How many instances it has.
        INSTANCES: "instances" = Nested<Instances>, Nested(PhantomData);
        /// Whose threads its instances run on: `"dedicated"`, each on one of its own, or `"shared"`, on those that take turns of all apps that
        /// say so. An instance on these costs no thread while it has nothing to do, and a connection that asks for several such apps
        /// wakes none; but they wait for each other's turns of JavaScript, 5 ms of one at a time where it can be interrupted. An app whose
        /// instance has crashed, or did not stop, has threads of its own from then on.
        ISOLATION: "isolation" = Word<Isolation>, ISOLATION;
        /// What its handlers get as `env`: texts, files that have them, and bindings of a type.
        ENV: "env" = Ruled, Ruled(bindings);
        /// Other servers.
        OUTBOUND: "outbound" = Nested<Outbound>, Nested(PhantomData);
        /// When its `scheduled` handler is called, in UTC: minute, hour, day, month and day of the week (0 and 7 are Sunday); a sixth field
        /// in front is for seconds.
        CRONS: "crons" = Ruled, Ruled(crons);
        /// What of it stands in the log.
        LOG: "log" = Nested<Log>, Nested(PhantomData);
        /// What it may use.
        LIMITS: "limits" = Nested<Limits>, Nested(PhantomData);
    }

    /// How many instances of an app run, and how long each of them serves. Limits of memory, CPU time, timers, outbound connections and
    /// waiting requests are each instance's; others of requests are the app's.
    Instances {
        /// The fewest, once the app has started. An app that is idle for `idle_ms` has none.
        MIN: "min" = Integer<usize>, Integer::new(1, 64), default InstancePlan::default().min;
        /// The most, beside those that have been replaced and finish what they have begun; at least `min`.
        MAX: "max" = Integer<usize>, Integer::new(1, 64), default InstancePlan::default().max;
        /// Another one starts when a request would wait this long for the JavaScript of the least busy one to take it up, in milliseconds.
        QUEUE_MS: "queue_ms" = Milliseconds, Milliseconds { least: 1, most: HOUR }, default milliseconds(InstancePlan::default().queue);
        /// One beyond `min` ends when they were not all at work at a time for this long, in milliseconds.
        IDLE_MS: "idle_ms" = Milliseconds, Milliseconds { least: 1, most: DAY }, default milliseconds(InstancePlan::default().idle);
        /// Another one takes over from one that has had this many requests, or a few more; the old one finishes what it has begun. Where
        /// it is not given, from none.
        RECYCLE_REQUESTS: "recycle_requests" = Integer<u64>, Integer::new(1, 1 << 50);
        /// Another one takes over from one whose memory has grown by this much since it started, in MiB. Where it is not given, from none.
        RECYCLE_MB: "recycle_mb" = Integer<u64>, Integer::new(1, 65_536);
    }

    /// What of an app stands in the log; how much of it, the limits say.
    Log {
        /// Of what it says, the least grave that is logged, exceptions and rejections (`"error"`) included.
        LEVEL: "level" = Word<Option<LogLevel>>, LEVEL, default "debug";
        /// Which of its requests are logged: `"failed"` are those that it, or NANO, has failed to answer.
        REQUESTS: "requests" = Word<LoggedRequests>, REQUESTS, default "all";
        /// Of so many requests that have not failed, one is logged.
        SAMPLE: "sample" = Integer<u32>, Integer::new(1, 1_000_000), default LogConfig::default().sample;
    }

    /// Other servers that an app may ask.
    Outbound {
        /// Whether it may reach every host with a public address, and not only those that `allow` names.
        PUBLIC: "public" = Boolean, Boolean, default true;
        /// Hosts that it may reach in any case: `"127.0.0.1:5000"`, `"db.internal"`, `"*.example.com"`.
        ALLOW: "allow" = Ruled, Ruled(texts);
    }

    /// What an app may use.
    Limits {
        /// Its heap, its ArrayBuffers and native memory, in MiB; past it, a new instance takes over.
        MEMORY_MB: "memory_mb" = Integer<u32>, Integer::new(8, 65_536), default AppLimits::default().worker.memory_mb;
        /// CPU time of one turn, an uninterrupted run of JavaScript, in milliseconds.
        CPU_MS: "cpu_ms" = Milliseconds, Milliseconds { least: 1, most: HOUR }, default milliseconds(AppLimits::default().worker.cpu);
        /// CPU time of all turns that run because of one request or scheduled event, in milliseconds, until it is over. Where it is not given,
        /// any.
        REQUEST_CPU_MS: "request_cpu_ms" = Milliseconds, Milliseconds { least: 1, most: DAY };
        /// From a request's head to the response's head, in milliseconds.
        WALL_MS: "wall_ms" = Milliseconds, Milliseconds { least: 1, most: DAY }, default milliseconds(AppLimits::default().wall);
        /// Requests at a time, until the last byte of the response has left.
        IN_FLIGHT: "in_flight" = Integer<usize>, Integer::new(1, 1_000_000), default AppLimits::default().in_flight;
        /// Of these, how many may wait until an instance begins with them: for its start, or for its turn to end. Where it is not given,
        /// all of them.
        QUEUE: "queue" = Integer<usize>, Integer::new(1, 1_000_000);
        /// A request's body, in MiB.
        BODY_MB: "body_mb" = Integer<u64>, Integer::new(0, 1 << 20), default AppLimits::default().body >> 20;
        /// A response's body, in MiB: one that is larger by its length is not sent, and one whose length is not known is cut off. Where it is
        /// not given, bodies may be of any size.
        RESPONSE_MB: "response_mb" = Integer<u64>, Integer::new(0, 1 << 20);
        /// WebSockets that clients, and other apps, have open to it at a time. They are none of the requests in flight.
        WEBSOCKETS: "websockets" = Integer<usize>, Integer::new(0, 1_000_000), default AppLimits::default().websockets;
        /// A message that comes by one, in MiB, as it is when it is not compressed any more.
        MESSAGE_MB: "message_mb" = Integer<u64>, Integer::new(1, 1024), default AppLimits::default().message >> 20;
        /// Fetches that one request may cause.
        SUBREQUESTS: "subrequests" = Integer<u32>, Integer::new(0, 1_000_000), default AppLimits::default().worker.subrequests;
        /// Timers that are set at a time, those of `AbortSignal.timeout()` included; a further one is an exception.
        TIMERS: "timers" = Integer<u32>, Integer::new(0, 10_000_000), default AppLimits::default().worker.timers;
        /// Fetches at a time, until their bodies are read; others wait. No more than fit into a quarter of the memory.
        OUTBOUND_CONNECTIONS: "outbound_connections" = Integer<u32>, Integer::new(1, 65_536), default AppLimits::default().worker.outbound_connections;
        /// What its caches (`caches`, the Cache API) may hold, in MiB, beside the memory of its instances, which share them; what has not been
        /// used for longest makes room. All apps' caches hold an eighth of the process's memory at most.
        CACHE_MB: "cache_mb" = Integer<u64>, Integer::new(0, 65_536), default AppLimits::default().caches >> 20;
        /// Lines that it may say in a second; further ones are dropped, and a line of their own says how many. (Those of its requests
        /// do not count.)
        LOG_LINES: "log_lines" = Integer<u32>, Integer::new(1, 1_000_000), default AppLimits::default().log_lines;
        /// What these lines may say in a second, in KiB; the line that passes it is the last one.
        LOG_KB: "log_kb" = Integer<u64>, Integer::new(1, 1 << 20), default AppLimits::default().log_bytes >> 10;
    }

    /// What the admin API has changed.
    Changes {
        /// Apps that are added, or replace those of the same name.
        APPS: "apps" = List<App>, List(PhantomData);
        /// Apps of the configuration that are not served.
        REMOVED: "removed" = Ruled, Ruled(texts);
    }

    /// A file that has a value.
    Secret {
        /// Its name, relative to the configuration.
        FILE: "file" = Ruled, Ruled(text), missing "name the file that has the value";
    }

    /// A text.
    TextBinding {
        /// What it is.
        TYPE: "type" = Word<BindingType>, kind(&[("text", BindingType::Text)]), missing "write \"text\"";
        /// The text.
        VALUE: "value" = Ruled, Ruled(text);
        /// The file that has it, relative to the configuration.
        FILE: "file" = Ruled, Ruled(text);
    }

    /// A JSON value, of which each instance has its own.
    JsonBinding {
        /// What it is.
        TYPE: "type" = Word<BindingType>, kind(&[("json", BindingType::Json)]), missing "write \"json\"";
        /// The value.
        VALUE: "value" = Ruled, Ruled(anything);
        /// The file that has it, relative to the configuration.
        FILE: "file" = Ruled, Ruled(text);
    }

    /// A text that is shown nowhere, also where something is wrong with it.
    SecretBinding {
        /// What it is.
        TYPE: "type" = Word<BindingType>, kind(&[("secret", BindingType::Secret)]), missing "write \"secret\"";
        /// The text; better a variable of the process's environment.
        VALUE: "value" = Ruled, Ruled(text);
        /// The file that has it, relative to the configuration.
        FILE: "file" = Ruled, Ruled(text);
    }

    /// Another app: `env.NAME.fetch(request)` has it answer, without a socket.
    ServiceBinding {
        /// What it is.
        TYPE: "type" = Word<BindingType>, kind(&[("service", BindingType::Service)]), missing "write \"service\"";
        /// The app's name.
        APP: "app" = Ruled, Ruled(app_name), missing "name the app";
    }
}

/// The type of a kind of bindings.
const fn kind(words: &'static [(&'static str, BindingType)]) -> Word<BindingType> {
    let meaning = "the type of a binding";
    Word { words, meaning }
}

const TRACE: Word<Tracing> = Word {
    words: &[
        ("incoming", Tracing::Incoming),
        ("all", Tracing::All),
        ("off", Tracing::Off),
    ],
    meaning: "which requests are parts of traces",
};

const START: Word<Start> = Word {
    words: &[("eager", Start::Eager), ("lazy", Start::Lazy)],
    meaning: "when the app starts, with the process or with the first request",
};

const ISOLATION: Word<Isolation> = Word {
    words: &[
        ("dedicated", Isolation::Dedicated),
        ("shared", Isolation::Shared),
    ],
    meaning: "whose threads the app's instances run on, their own or those of several apps",
};

const LEVEL: Word<Option<LogLevel>> = Word {
    words: &[
        ("debug", Some(LogLevel::Debug)),
        ("info", Some(LogLevel::Info)),
        ("warn", Some(LogLevel::Warn)),
        ("error", Some(LogLevel::Error)),
        ("none", None),
    ],
    meaning: "the least grave that is logged",
};

const REQUESTS: Word<LoggedRequests> = Word {
    words: &[
        ("all", LoggedRequests::All),
        ("failed", LoggedRequests::Failed),
        ("none", LoggedRequests::None),
    ],
    meaning: "which requests are logged",
};
