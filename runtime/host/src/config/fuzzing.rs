//! See [`crate::fuzzing`].

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::time::{Duration, SystemTime};

use tempfile::TempDir;

use super::folder::SETTINGS;
use super::{Config, HostPattern, PathPattern, PathSegment, read};
use crate::cron::CronExpression;
use crate::fuzzing::input::Input;
use crate::router::Router;

/// A folder with an app `shop`, and an apps folder `apps` with one, `own`.
fn folder() -> &'static Path {
    static FOLDER: OnceLock<TempDir> = OnceLock::new();
    let made = FOLDER.get_or_init(|| {
        let made = tempfile::tempdir().and_then(|folder| {
            for app in ["shop", "apps/own"] {
                let app = folder.path().join(app);
                fs::create_dir_all(&app)?;
                fs::write(app.join("index.js"), "")?;
            }
            Ok(folder)
        });
        match made {
            Ok(folder) => folder,
            Err(error) => panic!("{error}"),
        }
    });
    made.path()
}

/// A value of the environment that nobody is shown.
const SECRET: &str = "d41d8cd98f00b204";

fn tell(text: &str) {
    let lookup = |name: &str| (name == "SHOP_KEY").then(|| SECRET.into());
    let read = read::read(Path::new("apps.json"), text, folder(), None, &lookup);
    let faults = match read {
        Ok(config) => {
            config.addresses();
            config.overlap();
            let faults = config.faults_of_apps();
            look_at(&config);
            faults
        }
        Err(error) => Some(error),
    };
    let Some(error) = faults else {
        return;
    };
    let shown = error.to_string();
    assert!(!error.diagnostics.is_empty() && !shown.is_empty());
    assert!(!shown.contains(SECRET) || text.contains(SECRET), "{shown}");
}

fn look_at(config: &Config) {
    assert!(config.usual_instance().0.memory_mb > 0);
    for app in &config.apps {
        // As it is written, a pattern is read again.
        for host in &app.hosts {
            assert_eq!(HostPattern::parse(&host.to_string()).as_ref(), Ok(host));
        }
        for path in &app.paths {
            assert_eq!(PathPattern::parse(&path.to_string()).as_ref(), Ok(path));
        }
    }
}

/// A configuration file.
pub fn configuration(case: &[u8]) {
    tell(&String::from_utf8_lossy(case));
}

/// What a folder says of its app, whose owner need not be who operates the process.
pub fn app_settings(case: &[u8]) {
    let file: PathBuf = folder().join("apps/own").join(SETTINGS);
    if let Err(error) = fs::write(file, case) {
        panic!("{error}");
    }
    tell(r#"{ "apps_folder": { "path": "apps" } }"#);
}

/// When an app gets events. Each time is behind the one before.
pub fn cron_expression(case: &[u8]) {
    let Ok(expression) = String::from_utf8_lossy(case).parse::<CronExpression>() else {
        return;
    };
    for seconds in [0, 951_782_400, 1_800_000_000, 4_102_444_799] {
        let mut time = SystemTime::UNIX_EPOCH + Duration::from_secs(seconds);
        for _ in 0..3 {
            let Some(next) = expression.next_after(time) else {
                break;
            };
            assert!(next > time);
            time = next;
        }
    }
}

/// Lines with the patterns of a host and of a path, an empty line, and one with what is asked for. What is found is what a pattern is
/// for, looked at one by one.
pub fn routes(case: &[u8]) {
    let mut input = Input::new(case);
    let mut patterns = Vec::new();
    let mut router = Router::default();
    let two = |line: &[u8]| {
        let line = String::from_utf8_lossy(line);
        let (host, path) = line.split_once(' ').unwrap_or((&line, ""));
        (host.to_owned(), path.to_owned())
    };
    loop {
        let line = input.line();
        if line.is_empty() {
            break;
        }
        let (host, path) = two(line);
        if let (Ok(host), Ok(path)) = (HostPattern::parse(&host), PathPattern::parse(&path)) {
            router.insert(&host, std::slice::from_ref(&path), &patterns.len());
            patterns.push((host, path));
        }
    }
    let (host, path) = two(input.line());
    let found = router.find(&host, &path);
    // Of other paths it is not looked at here how they are written.
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'/';
    if !path.starts_with('/') || path.contains("//") || !path.bytes().all(is_plain) {
        return;
    }
    let fits = |(of_host, of_path): &(HostPattern, PathPattern)| {
        is_host(of_host, &host) && is_path(of_path, &path)
    };
    match found {
        Some(found) => assert!(fits(&patterns[*found.target]), "{patterns:?}"),
        None => assert!(!patterns.iter().any(fits), "{patterns:?}"),
    }
}

fn is_host(pattern: &HostPattern, host: &str) -> bool {
    match pattern {
        HostPattern::Any => true,
        HostPattern::Exact(name) => **name == *host,
        HostPattern::Below(name) => {
            let before = host.strip_suffix(&**name);
            before.is_some_and(|before| before.ends_with('.'))
        }
    }
}

fn is_path(pattern: &PathPattern, path: &str) -> bool {
    let mut segments = path[1..].split('/');
    pattern.segments().iter().all(|wanted| {
        let Some(segment) = segments.next() else {
            return false;
        };
        match wanted {
            PathSegment::Literal(name) => **name == *segment,
            PathSegment::Any => !segment.is_empty(),
            PathSegment::Partial { before, after } => {
                segment.len() > before.len() + after.len()
                    && segment.starts_with(&**before)
                    && segment.ends_with(&**after)
            }
        }
    })
}
