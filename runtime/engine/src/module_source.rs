//! Where modules come from: names and bytes, no V8.

use std::path::{Component, Path, PathBuf};

use percent_encoding::{AsciiSet, CONTROLS, percent_decode_str, utf8_percent_encode};

/// Why a module cannot be had. Thrown as a `TypeError` that also names the importer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct ModuleError(
    /// What was expected, what was found, what to do.
    pub String,
);

/// How the bytes of a module become one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ModuleKind {
    /// ECMAScript.
    JavaScript,
    /// `with { type: "json" }`: the parsed value is the default export.
    Json,
    /// `with { type: "text" }`: the default export is a string.
    Text,
    /// `with { type: "bytes" }`: the default export is a `Uint8Array`.
    Bytes,
    /// A file that ends in `.wasm`: the default export is a `WebAssembly.Module`.
    Wasm,
}

/// Resolves and loads modules, on the isolate's thread.
pub trait ModuleSource: Send {
    /// The URL of the module that `specifier` means in the script or module `referrer`. Modules with equal URLs are the same.
    fn resolve(&self, specifier: &str, referrer: &str) -> Result<String, ModuleError>;

    /// The contents of a module; text has to be UTF-8.
    fn load(&self, url: &str, kind: ModuleKind) -> Result<Vec<u8>, ModuleError>;
}

/// Turns the text of a file into JavaScript, e.g. by stripping types. Gets the file's URL.
pub type Transform = fn(&str, String) -> Result<String, ModuleError>;

/// The files of one folder. Nothing outside of it can be named, neither by `..` nor through a symbolic link.
///
/// Module URLs are relative to the folder (`app:///lib/a.js`): an app does not learn where it lies.
pub struct FolderSource {
    root: PathBuf,
    base: String,
    /// The folder, within the root, of scripts that are no files in it.
    scripts: String,
    transform: Option<Transform>,
}

/// Files larger than this are refused.
const MAX_FILE: u64 = 64 << 20;

impl FolderSource {
    /// The folder, as `app:///`.
    pub fn new(root: impl AsRef<Path>) -> Result<Self, ModuleError> {
        Self::with_base(root, "app:///")
    }

    /// The folder under another URL, which must end in a slash.
    pub fn with_base(root: impl AsRef<Path>, base: &str) -> Result<Self, ModuleError> {
        assert!(base.ends_with('/'), "a base URL ends in a slash: {base}");
        let root = root.as_ref();
        let canonical = root
            .canonicalize()
            .map_err(|e| ModuleError(format!("cannot open the folder {}: {e}", root.display())))?;
        if !canonical.is_dir() {
            return Err(ModuleError(format!(
                "{} is a file; expected a folder",
                root.display()
            )));
        }
        Ok(Self {
            root: canonical,
            base: base.into(),
            scripts: String::new(),
            transform: None,
        })
    }

    /// What is evaluated without being a file, such as what a person types, imports relative to this folder.
    #[must_use]
    pub fn scripts_in(mut self, folder: &Path) -> Self {
        let folder = folder.strip_prefix(&self.root).unwrap_or(folder);
        self.scripts = encode(&folder.to_string_lossy()) + "/";
        self
    }

    /// Passes every JavaScript module through `transform` first.
    #[must_use]
    pub fn transform(mut self, transform: Transform) -> Self {
        self.transform = Some(transform);
        self
    }

    /// The URL of a file by its path within the folder.
    pub fn url(&self, path: &str) -> String {
        format!("{}{}", self.base, encode(path.trim_start_matches('/')))
    }

    fn path(&self, url: &str) -> Result<PathBuf, ModuleError> {
        let relative = url
            .strip_prefix(&self.base)
            .ok_or_else(|| ModuleError(format!("{url} is not under {}", self.base)))?;
        let relative = relative.split(['?', '#']).next().unwrap_or_default();
        let relative =
            decode(relative).ok_or_else(|| ModuleError(format!("{url} is no file's name")))?;
        let path = Path::new(&relative);
        if !path
            .components()
            .all(|part| matches!(part, Component::Normal(_)))
        {
            return Err(ModuleError(format!("{url} leads out of the app's folder")));
        }
        Ok(self.root.join(path))
    }
}

impl ModuleSource for FolderSource {
    fn resolve(&self, specifier: &str, referrer: &str) -> Result<String, ModuleError> {
        if let Some(rest) = specifier.strip_prefix(&self.base) {
            return join("", rest)
                .map(|path| format!("{}{path}", self.base))
                .ok_or_else(|| outside(specifier));
        }
        let path = if specifier.starts_with("./") || specifier.starts_with("../") {
            let referrer = referrer.strip_prefix(&self.base).unwrap_or(&self.scripts);
            let folder = referrer
                .split(['?', '#'])
                .next()
                .and_then(|p| p.rsplit_once('/'))
                .map_or("", |(f, _)| f);
            join(folder, specifier)
        } else if specifier.starts_with('/') && !specifier.starts_with("//") {
            join("", &specifier[1..])
        } else {
            return Err(ModuleError(
                "only relative specifiers are supported: they start with \"./\", \"../\" or \"/\" and name a file in the \
                 app's folder"
                    .into(),
            ));
        };
        path.map(|path| format!("{}{path}", self.base))
            .ok_or_else(|| outside(specifier))
    }

    fn load(&self, url: &str, kind: ModuleKind) -> Result<Vec<u8>, ModuleError> {
        let path = self.path(url)?;
        let missing = |e: std::io::Error| match e.kind() {
            std::io::ErrorKind::NotFound => ModuleError(format!(
                "{url} does not exist; check the name, with its ending"
            )),
            _ => ModuleError(format!("{url} cannot be read: {}", e.kind())),
        };
        let real = path.canonicalize().map_err(missing)?;
        if !real.starts_with(&self.root) {
            return Err(ModuleError(format!(
                "{url} is a link that leads out of the app's folder"
            )));
        }
        let size = std::fs::metadata(&real).map_err(missing)?;
        if !size.is_file() {
            return Err(ModuleError(format!(
                "{url} is no file; name the file in the folder"
            )));
        }
        if size.len() > MAX_FILE {
            return Err(ModuleError(format!(
                "{url} has {} bytes, the most is {MAX_FILE}",
                size.len()
            )));
        }
        let bytes = std::fs::read(&real).map_err(missing)?;
        match (kind, self.transform) {
            (ModuleKind::JavaScript, Some(transform)) => {
                let text = String::from_utf8(bytes)
                    .map_err(|_| ModuleError(format!("{url} is not UTF-8 text")))?;
                transform(url, text).map(String::into_bytes)
            }
            _ => Ok(bytes),
        }
    }
}

fn outside(specifier: &str) -> ModuleError {
    ModuleError(format!("\"{specifier}\" leads out of the app's folder"))
}

/// Joins like a URL, but `None` where `..` would leave the top.
fn join(folder: &str, relative: &str) -> Option<String> {
    let (path, suffix) = relative.split_at(relative.find(['?', '#']).unwrap_or(relative.len()));
    let mut parts: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            _ => parts.push(part),
        }
    }
    let encoded: Vec<String> = parts
        .into_iter()
        .map(|part| utf8_percent_encode(part, PATH).to_string())
        .collect();
    Some(encoded.join("/") + suffix)
}

/// What would end a path in a URL, or is written otherwise there: <https://url.spec.whatwg.org/#path-percent-encode-set> without
/// `?` and `#`, and the backslash, which would be a slash.
const PATH: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'<')
    .add(b'>')
    .add(b'`')
    .add(b'\\')
    .add(b'^')
    .add(b'{')
    .add(b'|')
    .add(b'}');

/// The same for the name of a file, in which nothing is an escape yet.
const FILE_NAME: &AsciiSet = &PATH.add(b'%').add(b'?').add(b'#');

/// The URL of a file with an absolute path.
pub fn file_url(path: &Path) -> String {
    format!("file://{}", encode(&path.to_string_lossy()))
}

/// The URL path of a file's path.
fn encode(path: &str) -> String {
    utf8_percent_encode(path, FILE_NAME).to_string()
}

/// Undoes percent-encoding; `None` for what no file name holds: escapes of `/` and NUL, broken escapes, not UTF-8.
fn decode(path: &str) -> Option<String> {
    let is_broken = |escape: &str| {
        let digits = escape.as_bytes().get(..2);
        digits.is_none_or(|digits| {
            matches!(digits, b"00" | b"2f" | b"2F") || !digits.iter().all(u8::is_ascii_hexdigit)
        })
    };
    if path.split('%').skip(1).any(is_broken) {
        return None;
    }
    let decoded = percent_decode_str(path).decode_utf8().ok()?;
    Some(decoded.into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder() -> (tempfile::TempDir, FolderSource) {
        let dir = tempfile::tempdir().expect("a folder");
        std::fs::create_dir(dir.path().join("app")).expect("app");
        std::fs::create_dir(dir.path().join("app/lib")).expect("lib");
        std::fs::write(dir.path().join("secret.js"), "secret").expect("secret");
        std::fs::write(dir.path().join("app/lib/a b.js"), "text").expect("file");
        let source = FolderSource::new(dir.path().join("app")).expect("source");
        (dir, source)
    }

    #[test]
    fn resolves_within_the_folder_only() {
        let (_dir, source) = folder();
        let resolve = |specifier: &str| source.resolve(specifier, "app:///lib/x.js");
        assert_eq!(resolve("./y.js"), Ok("app:///lib/y.js".into()));
        assert_eq!(resolve("../y.js"), Ok("app:///y.js".into()));
        assert_eq!(resolve("/z/../y.js?v=1"), Ok("app:///y.js?v=1".into()));
        assert_eq!(resolve("./a b.js"), Ok("app:///lib/a%20b.js".into()));
        assert_eq!(resolve("app:///q.js"), Ok("app:///q.js".into()));
        for bad in [
            "../../secret.js",
            "/../secret.js",
            "app:///../secret.js",
            "lodash",
            "node:fs",
            "//host/x.js",
            "",
        ] {
            assert!(resolve(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn scripts_have_a_folder() {
        let (dir, source) = folder();
        assert_eq!(source.resolve("./y.js", "eval"), Ok("app:///y.js".into()));
        let lib = dir
            .path()
            .canonicalize()
            .expect("it exists")
            .join("app/lib");
        let source = source.scripts_in(&lib);
        for script in ["eval", ""] {
            assert_eq!(
                source.resolve("./y.js", script),
                Ok("app:///lib/y.js".into())
            );
        }
        assert_eq!(
            source.resolve("./y.js", "app:///x.js"),
            Ok("app:///y.js".into())
        );
    }

    #[test]
    fn loads_files_and_refuses_ways_out() {
        let (dir, source) = folder();
        let load = |url: &str| source.load(url, ModuleKind::JavaScript);
        assert_eq!(load("app:///lib/a%20b.js").as_deref(), Ok(&b"text"[..]));
        assert_eq!(load("app:///lib/a%20b.js?v=2").as_deref(), Ok(&b"text"[..]));
        std::os::unix::fs::symlink(dir.path().join("secret.js"), dir.path().join("app/link.js"))
            .expect("link");
        std::os::unix::fs::symlink("lib/a b.js", dir.path().join("app/inner.js")).expect("link");
        assert!(load("app:///inner.js").is_ok(), "a link that stays inside");
        for bad in [
            "app:///link.js",
            "app:///../secret.js",
            "app:///%2e%2e/secret.js",
            "app:///..%2fsecret.js",
            "app:////etc/passwd",
            "app:///lib",
            "app:///none.js",
            "app:///lib/a%00",
            "file:///etc/passwd",
        ] {
            assert!(load(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn transforms_scripts_and_nothing_else() {
        let (_dir, source) = folder();
        let source = source.transform(|url, text| Ok(format!("{url} {text}")));
        let url = source.url("lib/a b.js");
        assert_eq!(
            source.load(&url, ModuleKind::JavaScript).as_deref(),
            Ok(&b"app:///lib/a%20b.js text"[..])
        );
        assert_eq!(
            source.load(&url, ModuleKind::Text).as_deref(),
            Ok(&b"text"[..])
        );
    }
}
