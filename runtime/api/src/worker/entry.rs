//! Finds an app's entry module.

use std::path::Path;

use nano_worker::{ENTRIES, FileError, Folder, JAVASCRIPT_ENTRIES, StartError, StartErrorKind};

/// What names the entry, for packages.
const MANIFEST: &str = "package.json";
/// The most that it may have, in bytes.
const MAX_MANIFEST: u64 = 1 << 20;

/// The entry module's path within the app's folder: the configured one, else `exports` or `main` of `package.json`, else
/// `index.js` or `index.mjs`, or the same in what `transpiles` makes JavaScript of.
///
/// # Errors
/// There is none; the message says what was looked for.
pub(super) fn find(
    root: &Path,
    configured: Option<&Path>,
    transpiles: bool,
) -> Result<String, StartError> {
    let defaults = match transpiles {
        true => &ENTRIES[..],
        false => &ENTRIES[..JAVASCRIPT_ENTRIES],
    };
    let missing = |message: String| StartError {
        kind: StartErrorKind::NoEntry,
        message,
        detail: None,
    };
    let folder = Folder::new(root).map_err(|error| {
        missing(format!(
            "the folder {} cannot be read: {error}",
            root.display()
        ))
    })?;
    let exists = |path: &str| folder.has(Path::new(path));
    if let Some(path) = configured {
        let path = path.to_string_lossy().into_owned();
        return if exists(&path) {
            Ok(path)
        } else {
            Err(missing(format!(
                "the entry module {path} is not a file in {}",
                root.display()
            )))
        };
    }
    let manifest = root.join(MANIFEST);
    let text = match folder.read_text(Path::new(MANIFEST), MAX_MANIFEST) {
        Ok(text) => Some(text),
        Err(error @ FileError::TooLarge(_)) => {
            return Err(missing(format!("{}: {error}", manifest.display())));
        }
        Err(_) => None,
    };
    if let Some(text) = text {
        let json: serde_json::Value = serde_json::from_str(&text)
            .map_err(|error| missing(format!("{} is not JSON: {error}", manifest.display())))?;
        if let Some(path) = from_manifest(&json) {
            let path = path.trim_start_matches("./").to_owned();
            return if exists(&path) {
                Ok(path)
            } else {
                Err(missing(format!(
                    "{} names {path} as the entry module, which is not a file there",
                    manifest.display()
                )))
            };
        }
    }
    defaults.iter().find(|name| exists(name)).map(|name| (*name).to_owned()).ok_or_else(|| {
        missing(format!(
            "{} has no entry module: expected {} or a package.json whose \"main\" or \"exports\" is the path of one",
            root.display(),
            defaults.join(", ")
        ))
    })
}

/// `exports` as a string, its `"."`, or the conditions of either; else `main`.
fn from_manifest(json: &serde_json::Value) -> Option<&str> {
    fn target(value: &serde_json::Value) -> Option<&str> {
        match value {
            serde_json::Value::String(path) => Some(path),
            serde_json::Value::Object(map) => ["workerd", "worker", "import", "default"]
                .iter()
                .find_map(|condition| map.get(*condition).and_then(target)),
            _ => None,
        }
    }
    let exports = json.get("exports");
    exports
        .and_then(|exports| exports.get("."))
        .or(exports)
        .and_then(target)
        .or_else(|| json.get("main").and_then(serde_json::Value::as_str))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn manifests_are_files_of_some_size() {
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::write(folder.path().join("index.js"), "").expect("a file");
        let manifest = folder.path().join("package.json");
        let large = format!("{{\"a\":\"{}\"}}", "x".repeat(1 << 20));
        std::fs::write(&manifest, large).expect("a file");
        let error = find(folder.path(), None, false).expect_err("it is too large");
        assert!(
            error.message.contains("more than 1048576 bytes"),
            "{}",
            error.message
        );
        std::fs::remove_file(&manifest).expect("it is there");
        let pipe = std::process::Command::new("mkfifo").arg(&manifest).status();
        assert!(pipe.expect("mkfifo").success());
        assert_eq!(
            find(folder.path(), None, false).expect("the default"),
            "index.js"
        );
    }

    #[test]
    fn what_runs_as_it_is_comes_first() {
        let folder = tempfile::tempdir().unwrap();
        let find = |transpiles| find(folder.path(), None, transpiles);
        std::fs::write(folder.path().join("index.tsx"), "").unwrap();
        let missing = find(false).unwrap_err().message;
        assert!(
            missing.ends_with(
                "expected index.js, index.mjs or a package.json whose \"main\" or \"exports\" is the path of one"
            ),
            "{missing}"
        );
        assert_eq!(find(true).as_deref(), Ok("index.tsx"));
        std::fs::write(folder.path().join("index.ts"), "").unwrap();
        assert_eq!(find(true).as_deref(), Ok("index.ts"));
        std::fs::write(folder.path().join("index.mjs"), "").unwrap();
        assert_eq!(find(true).as_deref(), Ok("index.mjs"));
        std::fs::write(
            folder.path().join("package.json"),
            r#"{ "main": "./index.tsx" }"#,
        )
        .unwrap();
        assert_eq!(find(true).as_deref(), Ok("index.tsx"));
    }

    #[test]
    fn manifests_name_the_entry() {
        let of =
            |text: &str| from_manifest(&serde_json::from_str(text).unwrap()).map(str::to_owned);
        assert_eq!(of(r#"{ "main": "a.js" }"#).as_deref(), Some("a.js"));
        assert_eq!(
            of(r#"{ "exports": "./b.js", "main": "a.js" }"#).as_deref(),
            Some("./b.js")
        );
        assert_eq!(
            of(r#"{ "exports": { ".": { "import": "./c.js" } } }"#).as_deref(),
            Some("./c.js")
        );
        assert_eq!(
            of(r#"{ "exports": { "default": "./d.js" } }"#).as_deref(),
            Some("./d.js")
        );
        assert_eq!(of("{}"), None);
    }
}
