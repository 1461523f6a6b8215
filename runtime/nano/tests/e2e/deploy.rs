//! The files of `examples/deploy` say what is so, and work as far as this machine can try them.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use serde_json::Value;
use yaml_rust2::{Yaml, YamlLoader};

use crate::support::admin::{TOKEN, admin_port};
use crate::support::{Connection, Nano, Site, eventually, nano};

fn examples() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples")
}

fn read(name: &str) -> String {
    fs::read_to_string(examples().join("deploy").join(name)).expect("a file")
}

/// A systemd unit: keys with their values, in the order of the file (systemd.syntax(7)).
struct Unit(Vec<(String, String)>);

impl Unit {
    fn read(name: &str) -> Self {
        let text = read(name);
        let lines = text.lines().filter(|line| !line.starts_with(['#', '[']));
        let pairs = lines.filter(|line| !line.is_empty()).map(|line| {
            let (key, value) = line.split_once('=').expect("a setting");
            (key.to_owned(), value.to_owned())
        });
        Self(pairs.collect())
    }

    fn get(&self, key: &str) -> &str {
        let values: Vec<_> = self.0.iter().filter(|(other, _)| other == key).collect();
        assert_eq!(values.len(), 1, "{key} once, found {values:?}");
        &values[0].1
    }
}

/// The documents of `kubernetes.yaml`, by their kinds.
fn manifest(kind: &str) -> Yaml {
    let documents = YamlLoader::load_from_str(&read("kubernetes.yaml")).expect("YAML");
    let mut found = documents
        .into_iter()
        .filter(|document| document["kind"].as_str() == Some(kind));
    let document = found.next().expect("a document of that kind");
    assert!(found.next().is_none(), "one {kind}");
    document
}

fn container() -> Yaml {
    let deployment = manifest("Deployment");
    let containers = deployment["spec"]["template"]["spec"]["containers"].clone();
    assert_eq!(containers.as_vec().map(Vec::len), Some(1));
    containers[0].clone()
}

/// The configurations, with comments: that of the image, and that of the ConfigMap.
fn configurations() -> [String; 2] {
    let map = manifest("ConfigMap");
    let text = map["data"]["apps.json"].as_str().expect("a text");
    [read("apps.json"), text.to_owned()]
}

/// What a configuration says, as JSON: its comments are lines of their own.
fn fields(configuration: &str) -> Value {
    let lines = configuration
        .lines()
        .filter(|line| !line.trim_start().starts_with("//"));
    serde_json::from_str(&lines.collect::<String>()).expect("JSON")
}

/// The arguments of the program in each file, without the program.
fn arguments() -> Vec<(&'static str, Vec<String>)> {
    let unit = Unit::read("nano.service");
    let start: Vec<_> = unit
        .get("ExecStart")
        .split(' ')
        .map(str::to_owned)
        .collect();
    assert_eq!(start[0], "/usr/local/bin/nano");
    let text = read("Containerfile");
    let list = |instruction: &str| -> Vec<String> {
        let mut lines = text
            .lines()
            .filter_map(|line| line.strip_prefix(instruction));
        serde_json::from_str(lines.next().expect("the instruction")).expect("its exec form")
    };
    assert_eq!(list("ENTRYPOINT "), ["/usr/local/bin/nano"]);
    let container = container();
    let args = container["args"].as_vec().expect("a list").iter();
    let args = args.map(|argument| argument.as_str().expect("a text").to_owned());
    vec![
        ("nano.service", start[1..].to_vec()),
        ("Containerfile", list("CMD ")),
        ("kubernetes.yaml", args.collect()),
    ]
}

const CONFIG: &str = "/etc/nano/apps.json";
const APP: &str = "/srv/hello";
const STATE: &str = "/var/lib/nano";

/// A folder with a configuration of these files, whose paths and ports are this machine's.
fn here(configuration: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    let hello = examples().join("hello").canonicalize().expect("an example");
    assert!(configuration.contains(APP) && configuration.contains(STATE));
    let text = configuration
        .replace(APP, hello.to_str().expect("text"))
        .replace(STATE, folder.path().join("state").to_str().expect("text"))
        .replace("0.0.0.0:8090", "127.0.0.1:0");
    fs::write(folder.path().join("apps.json"), text).expect("a file");
    folder
}

#[test]
fn their_arguments_and_configurations_serve() {
    let [image, map] = configurations();
    for (file, arguments) in arguments() {
        let folder = here(if file == "kubernetes.yaml" {
            &map
        } else {
            &image
        });
        let config = folder.path().join("apps.json");
        assert_eq!(
            arguments
                .iter()
                .filter(|argument| *argument == CONFIG)
                .count(),
            1
        );
        let own = |argument: &String| match argument.as_str() {
            CONFIG => config.to_str().expect("text").to_owned(),
            _ => argument.clone(),
        };
        let mut arguments: Vec<_> = arguments.iter().map(own).collect();
        // The tests read the log in this form, and say so by themselves.
        let log = arguments
            .iter()
            .position(|argument| argument == "--log")
            .expect("a format");
        assert_eq!(
            arguments.drain(log..log + 2).nth(1).as_deref(),
            Some("json")
        );
        let mut command = nano();
        command
            .args(arguments)
            .args(["--port", "0"])
            .env("NANO_ADMIN_TOKEN", TOKEN);
        let nano = Nano::start(command, Some(folder));
        assert!(nano.get("any.test", "/").text().contains("Hello"), "{file}");
        if file == "kubernetes.yaml" {
            let port = admin_port(&nano);
            for probe in ["livenessProbe", "readinessProbe"] {
                let get = &container()[probe]["httpGet"];
                let path = get["path"].as_str().expect("a path");
                assert_eq!(get["port"].as_str(), Some("admin"));
                eventually("a probe's success", || {
                    let mut connection = Connection::open(port);
                    connection.write(&format!(
                        "GET {path} HTTP/1.1\r\nHost: 10.0.0.7:8090\r\n\r\n"
                    ));
                    (connection.response(false).status == 200).then_some(())
                });
            }
        }
    }
}

#[test]
fn the_configurations_are_checked() {
    for configuration in configurations() {
        let folder = here(&configuration);
        said(
            nano()
                .args(["check", "--config"])
                .arg(folder.path().join("apps.json")),
        );
    }
}

/// What is said in two places is the same in both.
#[test]
fn ports_paths_and_times_fit_together() {
    let container = container();
    let port = |name: &str| {
        let ports = container["ports"].as_vec().expect("a list");
        let port = ports
            .iter()
            .find(|port| port["name"].as_str() == Some(name));
        port.and_then(|port| port["containerPort"].as_i64())
            .expect("a port")
    };
    let text = read("Containerfile");
    let exposed = format!("EXPOSE {} {}", port("http"), port("admin"));
    assert!(text.lines().any(|line| line == exposed), "{exposed}");
    let service = manifest("Service");
    assert_eq!(
        service["spec"]["ports"][0]["targetPort"].as_str(),
        Some("http")
    );
    let deployment = manifest("Deployment");
    let pod = &deployment["spec"]["template"];
    for labels in [
        &deployment["spec"]["selector"]["matchLabels"],
        &service["spec"]["selector"],
    ] {
        assert_eq!(*labels, pod["metadata"]["labels"]);
    }

    let socket = Unit::read("nano.socket");
    let unit = Unit::read("nano.service");
    let grace = pod["spec"]["terminationGracePeriodSeconds"]
        .as_i64()
        .expect("a number");
    let pre_stop = &container["lifecycle"]["preStop"]["exec"]["command"];
    assert_eq!(pre_stop[0].as_str(), Some("sleep"));
    let pause: i64 = pre_stop[1]
        .as_str()
        .and_then(|text| text.parse().ok())
        .expect("seconds");
    let stop: i64 = unit.get("TimeoutStopSec").parse().expect("seconds");
    for configuration in configurations() {
        let fields = fields(&configuration);
        assert_eq!(fields["port"], port("http"));
        assert_eq!(socket.get("ListenStream"), fields["port"].to_string());
        assert_eq!(
            fields["admin"]["listen"],
            format!("0.0.0.0:{}", port("admin"))
        );
        assert_eq!(fields["admin"]["token"], "${NANO_ADMIN_TOKEN}");
        assert_eq!(fields["admin"]["state"], STATE);
        let drain = fields["drain_ms"].as_i64().expect("a number") / 1000;
        assert!(pause + drain < grace, "{pause} + {drain} < {grace}");
        assert!(drain < stop, "{drain} < {stop}");
    }
    assert_eq!(
        container["env"][0]["name"].as_str(),
        Some("NANO_ADMIN_TOKEN")
    );
    let mounts = container["volumeMounts"].as_vec().expect("a list");
    let mounts: Vec<_> = mounts
        .iter()
        .map(|mount| mount["mountPath"].as_str())
        .collect();
    assert_eq!(
        mounts,
        [
            Path::new(CONFIG).parent().and_then(Path::to_str),
            Some(STATE)
        ]
    );
    assert_eq!(format!("/var/lib/{}", unit.get("StateDirectory")), STATE);
    for copy in [
        format!("examples/deploy/apps.json {CONFIG}"),
        format!("examples/hello {APP}"),
    ] {
        assert!(text.contains(&format!("COPY {copy}\n")), "{copy}");
    }
    let user = pod["spec"]["securityContext"]["runAsUser"]
        .as_i64()
        .expect("a number");
    assert!(user > 0 && text.contains(&format!("\nUSER {user}:{user}\n")));
}

#[test]
fn the_unit_forbids_nothing_that_v8_needs() {
    let unit = Unit::read("nano.service");
    assert_eq!(unit.get("MemoryDenyWriteExecute"), "no");
    assert_eq!(unit.get("LimitAS"), "infinity");
    assert_eq!(unit.get("Type"), "notify");
    // What it needs to know of the machine is there.
    assert!(!unit.0.iter().any(|(key, _)| key == "ProcSubset"));
}

/// systemd itself finds nothing to say, where there is one.
#[cfg(target_os = "linux")]
#[test]
fn systemd_takes_the_units() {
    if Command::new("systemd-analyze")
        .arg("--version")
        .output()
        .is_err()
    {
        eprintln!("there is no systemd-analyze");
        return;
    }
    let folder = tempfile::tempdir().expect("a folder");
    for name in ["nano.service", "nano.socket"] {
        // Programs have to be there.
        let text = read(name).replace("/usr/local/bin/nano", env!("CARGO_BIN_EXE_nano"));
        fs::write(folder.path().join(name), text).expect("a file");
    }
    let output = Command::new("systemd-analyze")
        .args([
            "verify",
            "--man=no",
            "--recursive-errors=no",
            "nano.service",
            "nano.socket",
        ])
        .current_dir(folder.path())
        .output()
        .expect("it runs");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && said.is_empty(), "{said}");
}

/// As a container runs it: process 1 of its own namespace, not root, and nothing can be written but its state.
#[cfg(target_os = "linux")]
#[test]
fn it_works_in_a_container() {
    let isolated = ["--pid", "--fork", "--mount", "--kill-child"];
    let may = Command::new("unshare").args(isolated).arg("true").status();
    if !may.is_ok_and(|status| status.success()) {
        eprintln!("this user may not make namespaces");
        return;
    }
    let source = "import { greeting } from './greeting.ts';
        export default { async fetch(request) {
            if (request.url.includes('/slow')) await new Promise(resolve => setTimeout(resolve, 1000));
            return new Response(greeting);
        } };";
    let admin = format!(r#""admin":{{"listen":"127.0.0.1:0","token":"{TOKEN}","state":"state"}}"#);
    let site = Site::new()
        .app("a", source)
        .file("a/greeting.ts", "export const greeting: string = 'typed';")
        .top(&admin);
    let user = 65_532;
    let state = site.path().join("state");
    fs::create_dir(&state).expect("a folder");
    std::os::unix::fs::chown(&state, Some(user), Some(user)).expect("another owner");
    let everyone = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    fs::set_permissions(site.path(), everyone).expect("a mode");
    let written = site.path().join("written");
    // All that is mounted becomes read-only; then its state is mounted once more.
    let script = r#"
        set -e
        state=$1 written=$2 user=$3; shift 3
        mount --make-rprivate /
        mount --bind "$state" "$state"
        while read -r _ _ _ _ place _; do
            [ "$place" = "$state" ] || mount -o remount,bind,ro "$place" 2>/dev/null || true
        done < /proc/self/mountinfo
        mount -t proc proc /proc
        if touch "$written" 2>/dev/null; then echo "the file system can be written to" >&2; exit 1; fi
        exec setpriv --reuid "$user" --regid "$user" --clear-groups --no-new-privs --bounding-set=-all "$@"
    "#;
    let mut nano = site.serve_as(|command| {
        let mut outer = Command::new("unshare");
        outer
            .args(isolated)
            .args(["sh", "-c", script, "sh"])
            .args([&state, &written])
            .arg(user.to_string())
            .arg(command.get_program())
            .args(command.get_args());
        *command = outer;
    });
    let inner = nano.children();
    let [inner] = inner.as_slice() else {
        panic!("one child, found {inner:?}")
    };
    let status = fs::read_to_string(format!("/proc/{inner}/status")).expect("a status");
    let field = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name));
        line.expect("a field")
            .split_whitespace()
            .last()
            .expect("a value")
            .to_owned()
    };
    assert_eq!(
        (field("NSpid:"), field("Uid:")),
        ("1".to_owned(), user.to_string())
    );
    assert_eq!(nano.get("a.test", "/").text(), "typed");

    let deployed = nano_of(
        &nano,
        &[
            "deploy",
            examples().join("hello").to_str().expect("text"),
            "--hostname",
            "b.test",
        ],
    );
    assert!(deployed.contains("added    hello"), "{deployed}");
    assert!(nano.get("b.test", "/").text().contains("Hello"));

    let mut slow = nano.connect();
    slow.write("GET /slow HTTP/1.1\r\nHost: a.test\r\n\r\n");
    std::thread::sleep(Duration::from_millis(300));
    let inner: i32 = inner.parse().expect("a number");
    // SAFETY: a signal to the process that the test has started, which has not ended.
    assert_eq!(unsafe { libc::kill(inner, libc::SIGTERM) }, 0);
    assert_eq!(slow.response(false).text(), "typed");
    assert_eq!(nano.wait().code(), Some(0));
}

/// What a command says that succeeds and may know the token.
fn said(command: &mut Command) -> String {
    let output = command
        .env("NANO_ADMIN_TOKEN", TOKEN)
        .output()
        .expect("nano runs");
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// What a command says that asks this one's admin API.
#[cfg(target_os = "linux")]
fn nano_of(serving: &Nano, arguments: &[&str]) -> String {
    said(
        nano()
            .args(arguments)
            .args(["--admin", &format!("127.0.0.1:{}", admin_port(serving))]),
    )
}
