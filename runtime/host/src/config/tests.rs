//! Configurations good and bad, as their authors see them.

use std::fs;
use std::path::Path;
use std::time::Duration;

use nano_worker::{Binding, LogLevel};

use super::{
    ClientLimits, Config, ConfigError, DEFAULT_IDLE, HostPattern, Idle, InstancePlan,
    ListenAddress, LogConfig, LoggedRequests, Start, Token, read,
};

fn app_folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for name in ["shop", "tools"] {
        fs::create_dir(folder.path().join(name)).unwrap();
        fs::write(folder.path().join(name).join("index.js"), "").unwrap();
    }
    fs::create_dir(folder.path().join("empty")).unwrap();
    folder
}

fn read_text(text: &str) -> Result<Config, ConfigError> {
    read_in(app_folder().path(), text)
}

fn read_in(folder: &Path, text: &str) -> Result<Config, ConfigError> {
    let lookup = |name: &str| (name == "SHOP_KEY").then(|| "secret".into());
    let config = read::read(Path::new("apps.json"), text, folder, None, &lookup)?;
    match config.faults_of_apps() {
        Some(faults) => Err(faults),
        None => Ok(config),
    }
}

/// The only fault of a configuration: "line:column field message | help".
fn fault(text: &str) -> String {
    let error = read_text(text).unwrap_err();
    let [only] = error.diagnostics.as_slice() else {
        panic!("several faults:\n{error}")
    };
    let help = only.help.as_deref().unwrap_or("");
    format!(
        "{}:{} {} {} | {help}",
        only.line, only.column, only.field, only.message
    )
}

/// The only fault of a configuration with one app that has these further fields.
fn app_fault(fields: &str) -> String {
    fault(&format!(
        r#"{{"apps":[{{"name":"shop","path":"shop",{fields}}}]}}"#
    ))
}

#[test]
fn everything_at_once() {
    let config = read_text(
        r#"{
          "listen": "[::]:8080", // where
          "drain_ms": 500,
          "clients": { "head_ms": 1000, "stall_ms": 2000, "min_rate": 300, "connections": 5000, "connections_per_client": 600 },
          "memory_mb": 4096,
          "defaults": { "limits": { "memory_mb": 64, "cpu_ms": 5000 }, "log": { "level": "none", "requests": "failed" },
            "outbound": { "public": false, "allow": ["api.example.com"] } },
          "apps": [
            { "name": "shop", "hostname": "Shop.localhost", "path": "./shop",
              "log": { "level": "warn", "sample": 10 },
              "env": { "GREETING": "hello", "KEY": "${SHOP_KEY}" },
              "limits": { "cpu_ms": 50, "request_cpu_ms": 70, "wall_ms": 30000, "in_flight": 256, "queue": 20, "timers": 30, "body_mb": 10, "cache_mb": 3, "log_lines": 7, "log_kb": 2 },
              "outbound": { "public": true, "allow": ["api.example.com", "127.0.0.1:5000"] } },
            { "name": "tools", "hostname": ["tools.localhost", "*.tools.localhost"],
              "path": "./tools", "port": 8081 }
          ]
        }"#,
    )
    .unwrap();
    assert_eq!(config.listen.to_string(), "[::]:8080");
    assert_eq!(config.drain, Duration::from_millis(500));
    let clients = ClientLimits {
        head: Duration::from_secs(1),
        stall: Duration::from_secs(2),
        min_rate: 300,
        connections: Some(5000),
        connections_per_client: Some(600),
    };
    assert_eq!(config.clients, clients);
    assert_eq!(config.memory_mb, Some(4096));
    let [shop, tools] = config.apps.as_slice() else {
        panic!()
    };
    assert_eq!(shop.hosts, [HostPattern::Exact("shop.localhost".into())]);
    assert_eq!(shop.env["KEY"], Binding::Text("secret".into()));
    assert_eq!(shop.limits.worker.memory_mb, 64);
    assert_eq!(shop.limits.worker.cpu, Duration::from_millis(50));
    assert_eq!(shop.limits.body, 10 << 20);
    assert_eq!(shop.limits.in_flight, 256);
    assert_eq!((shop.limits.queue(), tools.limits.queue()), (20, 1024));
    let timers = [shop, tools].map(|app| app.limits.worker.timers);
    assert_eq!(timers, [30, 10_000]);
    let request_cpu = [shop, tools].map(|app| app.limits.worker.request_cpu);
    assert_eq!(request_cpu, [Some(Duration::from_millis(70)), None]);
    let outbound = [shop, tools].map(|app| (app.outbound.public, app.outbound.allow.len()));
    assert_eq!(outbound, [(true, 2), (false, 1)]);
    assert!(!format!("{config:?}").contains("secret"));
    assert_eq!(tools.port, Some(8081));
    assert_eq!(tools.hosts[1], HostPattern::Below("tools.localhost".into()));
    assert_eq!(tools.limits.worker.cpu, Duration::from_secs(5));
    assert_eq!(shop.limits.caches, 3 << 20);
    assert_eq!((shop.limits.log_lines, shop.limits.log_bytes), (7, 2048));
    let log = LogConfig {
        level: Some(LogLevel::Warn),
        requests: LoggedRequests::Failed,
        sample: 10,
    };
    assert_eq!(shop.log, log);
    assert_eq!((tools.log.level, tools.log.sample), (None, 1));
}

#[test]
fn an_app_without_hostname_is_the_default() {
    let config = read_text(r#"{"apps":[{"name":"shop","path":"shop"}]}"#).unwrap();
    assert_eq!(config.apps[0].hosts, [HostPattern::Any]);
    assert_eq!(config.listen, ListenAddress::any(8080));
}

#[test]
fn a_report_shows_the_place() {
    let error = read_text(
        "{\n  \"apps\": [\n\t{ \"nme\": \"a\", \"path\": \"shop\", \"name\": \"b\" }\n  ]\n}",
    );
    assert_eq!(
        error.unwrap_err().to_string(),
        "apps.json:3:4: apps[0].nme: unknown field \"nme\"\n  \
           3 | \t{ \"nme\": \"a\", \"path\": \"shop\", \"name\": \"b\" }\n    \
             | \t  ^^^^^\n    \
             = help: did you mean \"name\"?"
    );
}

#[test]
fn typos_are_recognized() {
    for (found, meant) in [
        ("hostnames", "hostname"),
        ("Path", "path"),
        ("limit", "limits"),
        ("enviroment", "env"),
        ("outbond", "outbound"),
    ] {
        let text = app_fault(&format!(r#""{found}":{{}}"#));
        assert!(
            text.ends_with(&format!("did you mean \"{meant}\"?")),
            "{text}"
        );
    }
    assert_eq!(
        app_fault(r#""limits":{"memoryMb":64}"#),
        "1:49 apps[0].limits.memoryMb unknown field \"memoryMb\" | did you mean \"memory_mb\"?"
    );
    assert!(app_fault(r#""zzz":1"#).contains("the fields here are \"name\", \"hostname\""));
}

#[test]
fn wrong_types_and_ranges() {
    assert_eq!(
        app_fault(r#""limits":{"memory_mb":"64"}"#),
        "1:61 apps[0].limits.memory_mb expected a whole number from 8 to 65536, found the string \
         \"64\" | leave out the quotes: 64"
    );
    for number in ["1", "-5", "1.5", "1e9"] {
        let text = app_fault(&format!(r#""limits":{{"memory_mb":{number}}}"#));
        assert!(
            text.contains(&format!("from 8 to 65536, found {number} ")),
            "{text}"
        );
    }
    assert!(app_fault(r#""env":{"A":5}"#).ends_with("found the number 5 | write \"5\""));
    assert!(
        app_fault(r#""env":{"A":null}"#).contains("apps[0].env.A expected a string, found null")
    );
    let json = app_fault(r#""env":{"A":{"b":1}}"#);
    assert!(json.contains(r#"{ "type": "json", "value": … }"#), "{json}");
    assert!(app_fault(r#""limits":[]"#).contains("expected an object, found an array"));
    let instances = app_fault(r#""instances":2"#);
    assert!(
        instances.contains(r#"| the fields here are "min""#),
        "{instances}"
    );
    let crons = app_fault(r#""crons":"* * * * *""#);
    assert!(crons.ends_with("in brackets: [ … ]"), "{crons}");
    let cron = app_fault(r#""crons":["61 * * * *"]"#);
    assert!(cron.contains("minute 0 to 59"), "{cron}");
    assert!(app_fault(r#""port":0"#).contains("from 1 to 65535"));
    assert!(fault(r#"{"apps":{}}"#).contains("apps expected an array, found an object"));
    assert!(fault(r#"{"port":70000,"apps":[{"name":"a","path":"shop"}]}"#).contains("0 to 65535"));
}

#[test]
fn things_that_are_missing() {
    assert!(fault("").contains("the file is empty"));
    assert!(fault("{}").contains("\"apps\" is missing"));
    assert!(fault(r#"{"apps":[]}"#).contains("at least one app"));
    // What is wrong with "admin" does not make it a configuration without one.
    let admin = fault(r#"{"admin":{"token":"${NONE}"},"apps":[]}"#);
    assert!(admin.contains("cannot be replaced"), "{admin}");
    assert!(!admin.contains("at least one app"), "{admin}");
    assert!(fault(r#"{"apps":[{"path":"shop"}]}"#).contains("\"name\" is missing"));
    assert!(fault(r#"{"apps":[{"name":"a"}]}"#).contains("\"path\" is missing"));
    let folder = fault(r#"{"apps":[{"name":"a","path":"nowhere"}]}"#);
    assert!(folder.contains("nowhere does not exist"), "{folder}");
    assert!(
        folder.contains("relative to the configuration file"),
        "{folder}"
    );
    assert!(fault(r#"{"apps":[{"name":"a","path":"empty"}]}"#).contains("has no entry module"));
    let entry = app_fault(r#""entry":"main.js""#);
    assert!(
        entry.starts_with("1:47 apps[0].entry the entry module"),
        "{entry}"
    );
    assert!(app_fault(r#""entry":"../x.js""#).contains("inside the app's folder"));
    assert!(app_fault(r#""env":{"A":"${NONE}"}"#).contains("NONE is not set | set it, or give"));
}

#[test]
fn duplicates() {
    let text = |second: &str| {
        fault(&format!(
            r#"{{"apps":[{{"name":"a","hostname":"h","path":"shop"}},{second}]}}"#
        ))
    };
    assert!(text(r#"{"name":"a","hostname":"i","path":"tools"}"#).contains("by apps[0]"));
    assert!(text(r#"{"name":"b","hostname":"H","path":"tools"}"#).contains("by the app \"a\""));
    assert!(app_fault(r#""path":"tools""#).contains("occurs twice"));
    let defaults = r#"{"apps":[{"name":"a","path":"shop"},{"name":"b","path":"tools"}]}"#;
    assert!(fault(defaults).contains("\"a\" answers to all other hosts already"));
    let ports = r#"{"apps":[{"name":"a","hostname":"h","path":"shop"},
                            {"name":"b","hostname":"h","path":"tools","port":8081}]}"#;
    assert!(read_text(ports).is_ok());
    assert!(fault(&ports.replace("8081", "8080")).contains("by the app \"a\""));
}

/// Places are those of the file, whatever else is wrong with it.
#[test]
fn duplicates_name_the_first_app_that_has_it() {
    let text = r#"{"apps":[{"name":"a b","path":"shop","hostname":"h"},
                           {"path":"shop","hostname":"i"},
                           {"name":"a","path":"shop","hostname":"j"},
                           {"name":"a","path":"shop","hostname":"j"},
                           {"name":"b","path":"shop","hostname":"j"},
                           {"name":"a","path":"shop","hostname":"k"}]}"#;
    let error = read_text(text).unwrap_err();
    let taken: Vec<_> = error
        .diagnostics
        .iter()
        .filter(|one| one.message.contains("taken"))
        .map(|one| (one.field.as_str(), one.message.as_str()))
        .collect();
    let name = "the name \"a\" is taken already, by apps[2]";
    let host = "the hostname \"j\" is taken already, by the app \"a\"";
    assert_eq!(
        taken,
        [
            ("apps[3].name", name),
            ("apps[3].hostname", host),
            ("apps[4].hostname", host),
            ("apps[5].name", name),
        ]
    );
}

#[test]
fn unknown_fields_are_told_what_there_is() {
    let with = |field: &str| {
        fault(&format!(
            r#"{{"{field}":1,"apps":[{{"name":"a","path":"shop"}}]}}"#
        ))
    };
    assert!(with("admim").contains("unknown field \"admim\" | did you mean \"admin\"?"));
    assert!(with("zzzzz").contains("unknown field \"zzzzz\" | the fields here are \"port\""));
}

#[test]
fn many_unknown_fields_are_counted_in_no_time() {
    let fields: String = (0..200_000).map(|n| format!(r#""u{n}":1,"#)).collect();
    let began = std::time::Instant::now();
    let error = read_text(&format!(r#"{{{fields}"apps":[]}}"#)).unwrap_err();
    assert!(error.more >= 199_980, "{}", error.more);
    assert!(began.elapsed().as_secs() < 8, "{:?}", began.elapsed());
}

#[test]
fn hosts_and_outbound() {
    assert!(app_fault(r#""hostname":"a.com:80""#).contains("no port | leave it out"));
    assert!(app_fault(r#""hostname":7"#).contains("expected a string or an array of strings"));
    let outbound = app_fault(r#""outbound":{"allow":["http://a/"]}"#);
    assert!(
        outbound.contains("apps[0].outbound.allow[0] expected a name"),
        "{outbound}"
    );
    let outbound = app_fault(r#""outbound":{"allow":["a.com","10.0.0.0/8"]}"#);
    assert!(
        outbound.starts_with("1:68 apps[0].outbound.allow[1] expected a name")
            && outbound.contains("range of addresses"),
        "{outbound}"
    );
    assert!(
        fault(r#"{"listen":"localhost","apps":[{"name":"a","path":"shop"}]}"#)
            .contains("IP address")
    );
}

#[test]
fn syntax_errors_have_a_place() {
    assert!(fault("{\"apps\": [\n  {},\n]}").starts_with("2:5  Trailing commas"));
    assert!(fault("{\"port\": 80\n \"apps\": []}").contains("comma"));
    assert!(fault("{'port': 80}").contains("double quotes"));
    assert!(fault("{\"port\": 80").contains("Unterminated"));
}

#[test]
fn all_faults_are_reported() {
    let error =
        read_text(r#"{"prt":1,"apps":[{"name":"a","path":"shop","limits":{"cpu_ms":0}},5]}"#);
    let fields: Vec<_> = error
        .unwrap_err()
        .diagnostics
        .into_iter()
        .map(|one| one.field)
        .collect();
    assert_eq!(fields, ["prt", "apps[0].limits.cpu_ms", "apps[1]"]);
}

/// What is nested is read by functions that call themselves, and the stack has an end.
#[test]
fn what_is_nested_without_end_is_refused() {
    for depth in [1_000, 100_000, 2_000_000] {
        for (open, close) in [("[", "]"), ("{\"a\":", "}")] {
            for (begin, end) in [
                ("", ""),
                (
                    r#"{"apps":[{"name":"a","path":"shop","env":{"K":{"type":"json","value":"#,
                    "}}}]}",
                ),
            ] {
                for is_complete in [true, false] {
                    let (inner, close) = match is_complete {
                        true => ("1", close.repeat(depth)),
                        false => ("", String::new()),
                    };
                    let text = format!("{begin}{}{inner}{close}{end}", open.repeat(depth));
                    let report = read_text(&text).unwrap_err().to_string();
                    assert!(
                        report.contains("apps.json:1:") && report.contains("nesting depth"),
                        "{report}"
                    );
                    assert!(report.len() < 2000, "{} bytes", report.len());
                }
            }
        }
    }
    // As deep as it may be, it is read, and given to the app as it is.
    let deep = format!("{}1{}", "[".repeat(400), "]".repeat(400));
    let text = format!(
        r#"{{"apps":[{{"name":"a","path":"shop","env":{{"K":{{"type":"json","value":{deep}}}}}}}]}}"#
    );
    read_text(&text).expect("it is legal");
}

#[test]
fn reports_are_short_whatever_the_file_is() {
    // A file without line breaks, with a thousand times the same app.
    let app = r#"{"name":"shop","path":"shop"}"#;
    let text = format!(r#"{{"apps":[{}]}}"#, vec![app; 1000].join(","));
    let error = read_text(&text).unwrap_err();
    assert_eq!((error.diagnostics.len(), error.more), (20, 1978));
    let report = error.to_string();
    assert!(report.len() < 10_000, "{} bytes", report.len());
    assert!(report.ends_with("\n\nand 1978 more faults"));
    // Carets point to what is meant also where the line is cut.
    for diagnostic in &error.diagnostics {
        let shown = diagnostic.to_string();
        let lines: Vec<_> = shown.lines().collect();
        let place = lines[2].chars().position(|c| c == '^').unwrap();
        let pointed: String = lines[1].chars().skip(place).take(6).collect();
        assert!(["{\"name", "\"shop\""].contains(&&*pointed), "{shown}");
    }
    // Values and names of any length.
    let long = "x".repeat(1 << 20);
    for text in [
        format!(r#"{{"apps":[{{"name":"{long}","path":"shop"}}]}}"#),
        format!(r#"{{"{long}":1,"apps":[{{"name":"shop","path":"shop"}}]}}"#),
        format!(r#"{{"apps":[{{"name":"shop","path":"{long}"}}]}}"#),
        format!(r#"{{"port":{long}}}"#),
    ] {
        let report = read_text(&text).unwrap_err().to_string();
        assert!(report.len() < 5000, "{} bytes", report.len());
    }
    let tall = format!("{{{}}}", "\"a\":1,\n".repeat(100_000));
    assert!(read_text(&tall).is_err());
}

#[test]
fn the_admin_api_is_never_open_to_all() {
    let with = |admin: &str| {
        let text = format!(r#"{{"admin":{admin},"apps":[{{"name":"a","path":"shop"}}]}}"#);
        read_text(&text).map(|config| config.admin.expect("an admin API"))
    };
    let admin = with("{}").expect("it is legal");
    assert_eq!(
        (admin.listen.to_string().as_str(), admin.token.is_some()),
        ("127.0.0.1:8090", false)
    );
    let admin =
        with(r#"{"listen":"0.0.0.0:9000","token":"0123456789abcdef"}"#).expect("it is legal");
    assert_eq!(
        admin.token.as_ref().map(Token::reveal),
        Some("0123456789abcdef")
    );
    assert!(!format!("{admin:?}").contains("0123"), "a secret is shown");
    assert!(
        matches!(with(r#"{"listen":"unix:run/a.sock"}"#), Ok(admin) if admin.listen.to_string().ends_with("/run/a.sock"))
    );
    let wrong = |admin: &str| with(admin).expect_err("it is wrong").to_string();
    let text = wrong(&format!(r#"{{"listen":"unix:{}"}}"#, "a".repeat(108)));
    assert!(
        text.contains("admin.listen: no Unix socket can be at"),
        "{text}"
    );
    for public in [
        "0.0.0.0:9000",
        "[::]:9000",
        "192.0.2.1:9000",
        "[::ffff:192.0.2.1]:9000",
    ] {
        let text = wrong(&format!(r#"{{"listen":"{public}"}}"#));
        assert!(text.contains("without a token, whoever reaches"), "{text}");
    }
    let text = wrong(r#"{"token":"hunter2"}"#);
    assert!(
        text.contains("at least 16") && text.contains("found 7 bytes"),
        "{text}"
    );
    assert!(wrong(r#"{"token":"0123456789abcde\u00e9"}"#).contains("others among them"));
    for address in ["localhost:9000", "unix:", ":9000", "9000"] {
        let text = wrong(&format!(
            r#"{{"listen":"{address}","token":"0123456789abcdef"}}"#
        ));
        assert!(
            text.contains("expected an IP address and a port, or a Unix socket"),
            "{text}"
        );
    }
}

/// What the admin API has changed lies over the configuration.
#[test]
fn changes_of_the_admin_api_are_read_with_the_configuration() {
    let folder = app_folder();
    let state = folder.path().join("state");
    fs::create_dir(&state).unwrap();
    let text = r#"{"admin":{"state":"state"},"apps":[
        {"name":"a","path":"shop","hostname":"a.test"},{"name":"b","path":"shop","hostname":"b.test"},{"name":"c","path":"shop"}]}"#;
    let read = |changes: &str| {
        fs::write(state.join("apps.json"), changes).unwrap();
        let config = read_in(folder.path(), text)?;
        let names = config.apps.iter().map(|app| {
            let path = app.root.file_name().unwrap().to_str().unwrap().to_owned();
            format!("{} {path}", app.name)
        });
        Ok::<Vec<String>, ConfigError>(names.collect())
    };
    let names = read(
        r#"{"apps":[{"name":"a","path":"../tools","hostname":"x.test"},{"name":"d","path":"../tools","hostname":"a.test"}],"removed":["b","e"]}"#,
    );
    assert_eq!(names.unwrap(), ["c shop", "a tools", "d tools"]);
    let wrong = |changes: &str| read(changes).unwrap_err().to_string();
    let text = wrong(r#"{"apps":[{"name":"d","path":"../none","hostname":"d.test"}]}"#);
    assert!(
        text.contains("state/apps.json:1:29") && text.contains("does not exist"),
        "{text}"
    );
    // The host is one of the configuration's.
    let text = wrong(r#"{"apps":[{"name":"d","path":"../tools","hostname":"b.test"}]}"#);
    assert!(
        text.contains("\"b.test\" is taken already, by the app \"d\""),
        "{text}"
    );
    assert!(wrong("{").contains("state/apps.json:1:"));
    assert!(wrong(r#"{"app":[]}"#).contains("did you mean \"apps\"?"));
}

#[test]
fn apps_may_come_later_where_there_is_a_way_for_them() {
    assert!(read_text(r#"{"apps":[]}"#).is_err());
    assert!(read_text(r#"{"admin":{},"apps":[]}"#).is_ok());
}

#[test]
fn secrets_may_be_in_files() {
    let folder = app_folder();
    fs::write(folder.path().join("secret"), "a\nb\r\n").unwrap();
    fs::write(folder.path().join("large"), vec![b'x'; 65537]).unwrap();
    let with = |file: &str| {
        let text = format!(
            r#"{{"apps":[{{"name":"a","path":"shop","env":{{"KEY":{{"file":"{file}"}}}}}}]}}"#
        );
        read_in(folder.path(), &text)
    };
    assert_eq!(
        with("secret").expect("it is there").apps[0].env["KEY"],
        Binding::Text("a\nb".into())
    );
    let wrong = |file| with(file).expect_err("it is wrong").to_string();
    assert!(wrong("missing").contains("cannot read"));
    assert!(wrong("large").contains("more than 65536 bytes"));
    assert!(wrong("shop").contains("it is no file"));
    let pipe = folder
        .path()
        .join("pipe")
        .into_os_string()
        .into_encoded_bytes();
    let pipe = std::ffi::CString::new(pipe).unwrap();
    // SAFETY: a path that ends with a zero.
    assert_eq!(unsafe { libc::mkfifo(pipe.as_ptr(), 0o600) }, 0);
    assert!(wrong("pipe").contains("it is no file"));
    let text = r#"{"apps":[{"name":"a","path":"shop","env":{"KEY":{"flie":"x"}}}]}"#;
    let text = read_text(text).expect_err("it is wrong").to_string();
    assert!(text.contains("did you mean \"file\"?"), "{text}");
}

/// What an `env` of one member is read as.
fn binding(json: &str) -> Result<Binding, String> {
    let folder = app_folder();
    fs::write(folder.path().join("text"), "a \"b\"\n").unwrap();
    fs::write(folder.path().join("json"), "{ \"a\": [1, \"${X}\"] }\n").unwrap();
    let text = format!(r#"{{"apps":[{{"name":"a","path":"shop","env":{{"B":{json}}}}}]}}"#);
    match read_in(folder.path(), &text) {
        Ok(config) => Ok(config.apps[0].env["B"].clone()),
        Err(error) => Err(error.to_string()),
    }
}

#[test]
fn an_env_has_bindings_of_some_types() {
    for (json, expected) in [
        (r#""${SHOP_KEY}!""#, Binding::Text("secret!".into())),
        (
            r#"{"type":"text","value":"${SHOP_KEY}!"}"#,
            Binding::Text("secret!".into()),
        ),
        (
            r#"{"type":"text","file":"text"}"#,
            Binding::Text("a \"b\"".into()),
        ),
        (
            r#"{"type":"secret","value":"${SHOP_KEY}!"}"#,
            Binding::Secret("secret!".into()),
        ),
        (
            r#"{"type":"secret","file":"text"}"#,
            Binding::Secret("a \"b\"".into()),
        ),
        (
            r#"{"type":"json","value":{"a":[1e2,true,null,"${SHOP_KEY}\"\u0041"],"b":{},"c":[],"__proto__":-0.5}}"#,
            Binding::Json(
                r#"{"a":[1e2,true,null,"secret\"A"],"b":{},"c":[],"__proto__":-0.5}"#.into(),
            ),
        ),
        (
            r#"{"type":"json","value":null}"#,
            Binding::Json("null".into()),
        ),
        (
            r#"{"type":"json","file":"json"}"#,
            Binding::Json("{ \"a\": [1, \"${X}\"] }".into()),
        ),
        (
            r#"{"type":"service","app":"a"}"#,
            Binding::Service("a".into()),
        ),
    ] {
        assert_eq!(binding(json), Ok(expected), "{json}");
    }
}

#[test]
fn what_is_wrong_with_a_binding_is_said() {
    for (json, part) in [
        (
            r#"{"type":"kv"}"#,
            r#"env.B.type: expected the type of a binding, found "kv""#,
        ),
        (
            r#"{"type":"kv"}"#,
            r#"write "text" or "json" or "secret" or "service""#,
        ),
        (r#"{"type":5}"#, "expected a string, found the number 5"),
        (r#"{"type":"text"}"#, "the binding has no value"),
        (
            r#"{"type":"text","value":"a","file":"text"}"#,
            "the same thing twice",
        ),
        (r#"{"type":"text","app":"a"}"#, "unknown field \"app\""),
        (r#"{"type":"json","file":"text"}"#, "it is not JSON"),
        (
            r#"{"type":"json","value":["${NONE}"]}"#,
            "env.B.value[0]: the environment variable NONE",
        ),
        (r#"{"type":"service"}"#, "the field \"app\" is missing"),
        (
            r#"{"type":"service","app":"b"}"#,
            "env.B.app: there is no app \"b\" to bind",
        ),
    ] {
        let error = binding(json).expect_err(json);
        assert!(error.contains(part), "{json}: {error}");
    }
}

/// An app that cannot be read is there all the same, and one that is removed is not.
#[test]
fn bound_apps_are_looked_for_in_the_whole_configuration() {
    let text = r#"{"apps":[
        {"name":"a","path":"shop","hostname":"a","env":{"B":{"type":"service","app":"b"}}},
        {"name":"b","path":"nowhere","hostname":"b"}]}"#;
    let error = read_text(text).expect_err("no folder").to_string();
    assert!(
        error.contains("nowhere") && !error.contains("to bind"),
        "{error}"
    );
}

#[test]
fn faults_show_no_secret() {
    for env in [
        r#"{"type":"secret","value":"hush-hush","app":"x"}"#,
        r#"{"type":"secret","value":"hush-hush","file":"hush"}"#,
        r#"{"type":"secret","value":"hush-hush${"}"#,
        r#"{"type":"secret","value":"${hush-hush}"}"#,
        r#"{"type":"secret","value":["hush-hush"]}"#,
        r#"{"type":"secret","value":4711000}"#,
        r#"{"type":"secret","value":"hush-hush"},"C":5"#,
    ] {
        let error = binding(env).expect_err(env);
        assert!(
            !error.contains("hush-hush") && !error.contains("4711"),
            "{error}"
        );
    }
    let token = r#"{"admin":{"token":"hush-hush"},"apps":[]}"#;
    let error = read_text(token).expect_err("it is short").to_string();
    assert!(
        error.contains("found 9 bytes") && !error.contains("hush"),
        "{error}"
    );
    for header in [
        r#""hush-hush\n""#,
        r#""${hush-hush}""#,
        r#"["hush-hush"]"#,
        r#""hush-hush","b":5"#,
    ] {
        let otlp =
            format!(r#"{{"otlp":{{"endpoint":"http://a","headers":{{"a":{header}}}}},"apps":[]}}"#);
        let error = read_text(&otlp).expect_err(header).to_string();
        assert!(!error.contains("hush"), "{header}: {error}");
    }
}

#[test]
fn an_app_has_a_hostname_or_all() {
    let text = app_fault(r#""hostname":[]"#);
    assert!(
        text.contains("apps[0].hostname an app without any"),
        "{text}"
    );
    assert!(app_fault(r#""hostname":"::1""#).contains("write \"[::1]\""));
}

/// What is the same host to a request is the same to a configuration.
#[test]
fn a_host_is_one_however_it_is_written() {
    for (first, second) in [
        ("127.0.0.1", "127.1"),
        ("[::1]", "[0:0:0:0:0:0:0:1]"),
        ("a.test", "A.test."),
    ] {
        let apps = format!(
            r#"{{"apps":[{{"name":"a","hostname":"{first}","path":"shop"}},
                         {{"name":"b","hostname":"{second}","path":"tools"}}]}}"#
        );
        let report = read_text(&apps).unwrap_err().to_string();
        assert!(
            report.contains("taken already, by the app \"a\""),
            "{report}"
        );
        assert!(report.contains("apps[1].hostname"), "{report}");
    }
    let text = app_fault(r#""hostname":["a.test","256.1.1.1"]"#);
    assert!(
        text.contains("apps[0].hostname[1] no request can have this host"),
        "{text}"
    );
}

#[test]
fn an_entry_that_is_no_module() {
    let folder = app_folder();
    let fault_of = |name: &str| {
        let text = format!(r#"{{"apps":[{{"name":"a","path":"{name}"}}]}}"#);
        read_in(folder.path(), &text).unwrap_err().to_string()
    };
    let within = |name: &str| {
        let path = folder.path().join(name);
        fs::create_dir(&path).unwrap();
        path
    };
    let pipe = within("pipe").join("index.js");
    let name = std::ffi::CString::new(pipe.to_str().unwrap()).unwrap();
    // SAFETY: the name is a C string.
    assert_eq!(unsafe { libc::mkfifo(name.as_ptr(), 0o600) }, 0);
    let _socket =
        std::os::unix::net::UnixListener::bind(within("socket").join("index.js")).unwrap();
    fs::create_dir(within("folder").join("index.js")).unwrap();
    std::os::unix::fs::symlink("/dev/zero", within("device").join("index.mjs")).unwrap();
    for (name, kind) in [
        ("pipe", "index.js is a named pipe, not a file"),
        ("socket", "index.js is a socket, not a file"),
        ("folder", "index.js is a folder, not a file"),
        ("device", "index.mjs is a device, not a file"),
    ] {
        let report = fault_of(name);
        assert!(report.contains(kind), "{report}");
    }
    fs::create_dir(within("named").join("main.js")).unwrap();
    let text = r#"{"apps":[{"name":"a","path":"named","entry":"main.js"}]}"#;
    let error = read_in(folder.path(), text);
    let report = error.unwrap_err().to_string();
    assert!(
        report.contains("main.js is a folder, not a file"),
        "{report}"
    );
    assert!(report.contains("apps[0].entry"), "{report}");
}

#[test]
fn ports_have_places() {
    let config = read_text(
        "{\n \"listen\": \":81\", \"apps\": [{\"name\":\"a\",\"path\":\"shop\"},\n\
         {\"name\":\"b\",\"path\":\"shop\",\"port\":82}]}",
    )
    .unwrap();
    let places: Vec<_> = config
        .ports
        .iter()
        .map(|(port, place)| (*port, place.line, place.field.as_str()))
        .collect();
    assert_eq!(places, [(81, 2, "listen"), (82, 3, "apps[1].port")]);
}

#[test]
fn a_byte_order_mark_is_no_fault() {
    let text = "\u{feff}{\"apps\":[{\"name\":\"a\",\"path\":\"shop\"}]}";
    assert!(read_text(text).is_ok());
}

#[test]
fn a_folder_that_cannot_be_opened() {
    let folder = app_folder();
    let path = folder.path().join("loop");
    std::os::unix::fs::symlink(&path, &path).unwrap();
    let text = r#"{"apps":[{"name":"a","path":"loop"}]}"#;
    let report = read_in(folder.path(), text).unwrap_err().to_string();
    assert!(report.contains("loop cannot be read: "), "{report}");
}

#[test]
fn a_file_that_is_not_text() {
    let folder = app_folder();
    let file = folder.path().join("apps.json");
    for (bytes, place) in [
        (&b"{\n \"apps\": [\xff]}"[..], "2:11"),
        (b"\xef\xbb\xbf{\xff}", "1:2"),
    ] {
        fs::write(&file, bytes).unwrap();
        let report = Config::load(&file, None).unwrap_err().to_string();
        let expected =
            format!("apps.json:{place}: the configuration is not UTF-8 text: found the byte 0xFF");
        assert!(report.contains(&expected), "{report}");
    }
}

#[test]
fn a_listen_that_is_a_number() {
    assert_eq!(
        fault(r#"{"listen":5,"apps":[{"name":"shop","path":"shop"}]}"#),
        r#"1:11 listen expected an IP address and a port, found 5 | write ":5", or "port": 5"#
    );
}

#[test]
fn names_of_files_without_nul() {
    let faults = [
        fault(r#"{"apps":[{"name":"shop","path":"shop\u0000"}]}"#),
        app_fault(r#""entry":"a\u0000.js""#),
    ];
    for fault in faults {
        assert!(
            fault.contains("the name of a file has no NUL character"),
            "{fault}"
        );
    }
}

#[test]
fn a_path_of_a_host_belongs_to_one_app() {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("index.js"), "").expect("a file");
    let read = |a: &str, b: &str| {
        let text = format!(
            r#"{{ "apps": [
                {{ "name": "a", "path": ".", "hostname": "a.test"{a} }},
                {{ "name": "b", "path": ".", "hostname": ["a.test", "b.test"]{b} }}
            ] }}"#
        );
        let file = folder.path().join("apps.json");
        std::fs::write(&file, text).expect("a file");
        Config::load(&file, None).map_err(|error| error.to_string())
    };
    let config = read("", r#", "paths": "/b", "start": "lazy""#).expect("no fault");
    assert_eq!(config.apps[1].paths[0].to_string(), "/b");
    assert_eq!(config.start_of(&config.apps[1]), Start::Lazy);
    assert_eq!(config.start_of(&config.apps[0]), Start::Eager);
    assert_eq!(config.idle_of(&config.apps[1]), Idle::For(DEFAULT_IDLE));
    assert_eq!(config.idle_of(&config.apps[0]), Idle::Forever);
    let config = read_text(
        r#"{"defaults":{"idle_ms":5},"apps":[{"name":"a","path":"shop","hostname":"a.test","idle_ms":0},{"name":"b","path":"shop"}]}"#,
    )
    .unwrap();
    assert_eq!(config.idle_of(&config.apps[0]), Idle::Forever);
    assert_eq!(
        config.idle_of(&config.apps[1]),
        Idle::For(Duration::from_millis(5))
    );
    for (a, b, part) in [
        (
            r#", "paths": "/b/""#,
            r#", "paths": ["/c", "/b/*"]"#,
            "the path \"/b\" of the hostname \"a.test\" is taken",
        ),
        (
            r#", "paths": "/x/:id""#,
            r#", "paths": "/x/*/""#,
            "the path \"/x/*\"",
        ),
        (
            "",
            r#", "paths": ["/"]"#,
            "the hostname \"a.test\" is taken",
        ),
        ("", r#", "paths": []"#, "without any path"),
        (
            "",
            r#", "paths": ["b"]"#,
            "apps[1].paths[0]: a path begins with a slash",
        ),
        ("", r#", "start": "soon""#, "found \"soon\""),
    ] {
        let error = read(a, b).expect_err(b);
        assert!(error.contains(part), "{error}");
    }
}

#[test]
fn the_admin_api_and_apps_do_not_listen_at_one_address() {
    let wrong = |listen: &str, port: u16, admin: &str| {
        let text = format!(
            "{{\"listen\":\"{listen}\",\n\"admin\":{{\"token\":\"0123456789abcdef\",\"listen\":\"{admin}\"}},\n\
             \"apps\":[{{\"name\":\"a\",\"path\":\"shop\"}},{{\"name\":\"b\",\"path\":\"shop\",\"port\":{port}}}]}}"
        );
        read_text(&text).err().map(|error| error.to_string())
    };
    for (listen, port, admin) in [
        ("127.0.0.1:8080", 9000, "127.0.0.1:8080"),
        (":8080", 9000, "127.0.0.1:8080"),
        (":8080", 9000, "0.0.0.0:8080"),
        ("0.0.0.0:8080", 9000, "127.0.0.1:8080"),
        ("127.0.0.1:8080", 9000, "[::]:8080"),
        ("[::1]:8080", 9000, "[::]:8080"),
        ("127.0.0.1:8080", 9000, "[::ffff:127.0.0.1]:8080"),
        (":8080", 9000, "127.0.0.1:9000"),
    ] {
        let text = wrong(listen, port, admin).expect(admin);
        let expected = format!("the admin API cannot listen on {admin}: apps listen on ");
        assert!(text.contains(&expected), "{text}");
        assert!(
            text.contains("apps.json:2:46") && text.contains("admin.listen"),
            "{text}"
        );
        assert!(text.contains("choose another port"), "{text}");
    }
    for (listen, port, admin) in [
        (":8080", 9000, "127.0.0.1:8081"),
        ("127.0.0.1:8080", 9000, "127.0.0.2:8080"),
        ("0.0.0.0:8080", 9000, "[::1]:8080"),
        ("127.0.0.1:0", 9000, "127.0.0.1:0"),
    ] {
        assert_eq!(wrong(listen, port, admin), None);
    }
    // Where nothing is said, and where apps are yet to come.
    let text = r#"{"port":8090,"admin":{},"apps":[]}"#;
    let expected = "1:22 admin the admin API cannot listen on 127.0.0.1:8090: apps listen on [::]:8090 | choose another port";
    assert!(fault(text).starts_with(expected), "{}", fault(text));
}

#[test]
fn a_collector_is_read_and_its_secrets_are_not_shown() {
    let read = |otlp: &str| {
        read_text(&format!(
            r#"{{"otlp":{{{otlp}}},"apps":[{{"name":"shop","path":"shop"}}]}}"#
        ))
    };
    let endpoint = r#""endpoint":"http://c.test:4318/x/""#;
    let all = r#","headers":{"authorization":"${SHOP_KEY}"},"sample":0.25,"metrics_ms":0"#;
    let config = read(&format!("{endpoint}{all}")).expect("no fault");
    // Whoever has a collector wants traces.
    assert_eq!(config.trace, crate::config::Tracing::All);
    let otlp = config.otlp.expect("a collector");
    assert_eq!(&*otlp.endpoint, "http://c.test:4318/x");
    assert_eq!((otlp.sample, otlp.metrics), (0.25, None));
    assert_eq!(otlp.headers[0].1, "secret");
    assert!(!format!("{otlp:?} {otlp}").contains("secret"));
    for (wrong, field) in [
        (r#""endpoint":"c.test:4318""#, "otlp.endpoint"),
        (r#""endpoint":"ftp://c.test""#, "otlp.endpoint"),
        (r#""endpoint":"http://u:hidden@c.test""#, "otlp.endpoint"),
        (r#""endpoint":"http://c.test/?key=hidden""#, "otlp.endpoint"),
        (&format!(r#"{endpoint},"sample":1.5"#), "otlp.sample"),
        (&format!(r#"{endpoint},"sample":"1""#), "otlp.sample"),
        (
            &format!(r#"{endpoint},"headers":{{"host":"c"}}"#),
            "otlp.headers.host",
        ),
        (
            &format!(r#"{endpoint},"headers":{{"a":"hidden\n"}}"#),
            "otlp.headers.a",
        ),
    ] {
        let error = read(wrong).expect_err(wrong);
        let [fault] = error.diagnostics.as_slice() else {
            panic!("{error}")
        };
        assert_eq!(fault.field, field);
        assert!(!fault.message.contains("hidden"), "{}", fault.message);
    }
}

#[test]
fn instances_are_read_over_the_defaults() {
    let read = |defaults: &str, own: &str| {
        let text =
            format!(r#"{{"defaults":{{{defaults}}},"apps":[{{"name":"a","path":"shop"{own}}}]}}"#);
        read_text(&text).map(|config| config.apps[0].instances)
    };
    let plan = |min, max| InstancePlan {
        min,
        max,
        ..InstancePlan::default()
    };
    assert_eq!(read("", "").ok(), Some(plan(1, 1)));
    let four = r#""instances":{"max":4,"queue_ms":20,"recycle_mb":100}"#;
    let expected = InstancePlan {
        queue: Duration::from_millis(20),
        recycle_mb: Some(100),
        ..plan(1, 4)
    };
    assert_eq!(read(four, "").ok(), Some(expected));
    let own = r#","instances":{"min":2,"recycle_requests":9}"#;
    let expected = InstancePlan {
        min: 2,
        recycle_requests: Some(9),
        ..expected
    };
    assert_eq!(read(four, own).ok(), Some(expected));
    // Of the two, the other one follows the one that is given.
    let one = r#","instances":{"min":6}"#;
    assert_eq!(read(r#""instances":{"max":4}"#, one).ok(), Some(plan(6, 6)));
    let few = r#","instances":{"max":2}"#;
    assert_eq!(read(r#""instances":{"min":4}"#, few).ok(), Some(plan(2, 2)));
    let error = read("", r#","instances":{"min":3,"max":2}"#).expect_err("a fault");
    let error = error.to_string();
    assert!(
        error.contains("no more than \"max\", 2, found 3"),
        "{error}"
    );
}
