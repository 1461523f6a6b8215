//! Where modules come from: names and bytes, no V8.

use std::cell::Cell;
use std::io::ErrorKind;
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use nano_worker::{FileError, Folder};
use percent_encoding::{AsciiSet, CONTROLS, percent_decode_str, utf8_percent_encode};

use crate::process_memory;
use crate::transpiler::{self, Mistake, SourceMap, SourceMapText, Transpiler};

/// Why a module cannot be had. Thrown as a `TypeError` that also names the importer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct ModuleError(
    /// What was expected, what was found, what to do.
    pub String,
);

/// Why a module cannot be loaded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LoadError {
    /// It cannot be had.
    Missing(ModuleError),
    /// It has a mistake; its URL.
    Mistake(String, Mistake),
}

impl From<ModuleError> for LoadError {
    fn from(error: ModuleError) -> Self {
        Self::Missing(error)
    }
}

/// The contents of a module.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Loaded {
    /// The bytes; text has to be UTF-8.
    pub bytes: Vec<u8>,
    /// The source map of what was made of an original, with that as its one source.
    pub map: Option<String>,
}

impl From<Vec<u8>> for Loaded {
    fn from(bytes: Vec<u8>) -> Self {
        Self { bytes, map: None }
    }
}

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

impl ModuleKind {
    /// How often the bytes of a file are there while it is made a module, outside of what V8 and buffers ask for themselves.
    pub(crate) fn copies(self) -> usize {
        match self {
            // As they were read, and as they are kept for the code cache.
            Self::JavaScript => 2,
            Self::Json | Self::Text | Self::Bytes | Self::Wasm => 1,
        }
    }
}

/// Resolves and loads modules, on the isolate's thread.
pub trait ModuleSource: Send {
    /// The URL of the module that `specifier` means in the script or module `referrer`. Modules with equal URLs are the same.
    fn resolve(&self, specifier: &str, referrer: &str) -> Result<String, ModuleError>;

    /// The contents of a module. A file is not read unless so many bytes fit.
    fn load(
        &self,
        url: &str,
        kind: ModuleKind,
        fits: &mut dyn FnMut(usize) -> bool,
    ) -> Result<Loaded, LoadError>;

    /// Reads the source map of a module: what `load` gave with it, or what its last line names. Only where an error is shown. A file
    /// is not read unless so many bytes of it fit.
    fn source_map(
        &self,
        _module: &str,
        _map: MapOf,
        _fits: &mut dyn FnMut(usize) -> bool,
    ) -> Option<Box<dyn SourceMap>> {
        None
    }

    /// The text of an original that no source map has; `url` is relative to a module. Only where an error is shown.
    fn original(&self, _url: &str) -> Option<String> {
        None
    }
}

/// Where a module's source map is.
#[derive(Clone, Copy, Debug)]
pub enum MapOf<'t> {
    /// Here, as JSON.
    Loaded(&'t str),
    /// At this URL: `//# sourceMappingURL=…`.
    Linked(&'t str),
}

/// The files of one folder. Nothing outside of it can be named, neither by `..` nor through a symbolic link.
///
/// Module URLs are relative to the folder (`app:///lib/a.js`): an app does not learn where it lies.
pub struct FolderSource {
    folder: Folder,
    base: String,
    /// The folder, within the root, of scripts that are no files in it.
    scripts: String,
    transpiler: Option<Arc<dyn Transpiler>>,
    /// For how long it may still be at work.
    transpiling_left: Cell<Duration>,
}

/// Files larger than this are refused.
const MAX_FILE: u64 = 64 << 20;
/// The same for what is read beside modules, such as the text of an original.
const MAX_BESIDE: u64 = 4 << 20;
/// How long a transpiler may be at work for one isolate: it works for others, too.
const TRANSPILING: Duration = Duration::from_secs(60);

impl FolderSource {
    /// The folder, as `app:///`.
    pub fn new(root: impl AsRef<Path>) -> Result<Self, ModuleError> {
        Self::with_base(root, "app:///")
    }

    /// The folder under another URL, which must end in a slash.
    pub fn with_base(root: impl AsRef<Path>, base: &str) -> Result<Self, ModuleError> {
        assert!(base.ends_with('/'), "a base URL ends in a slash: {base}");
        let root = root.as_ref();
        let folder = Folder::new(root)
            .map_err(|e| ModuleError(format!("cannot open the folder {}: {e}", root.display())))?;
        Ok(Self {
            folder,
            base: base.into(),
            scripts: String::new(),
            transpiler: None,
            transpiling_left: Cell::new(TRANSPILING),
        })
    }

    /// What is evaluated without being a file, such as what a person types, imports relative to this folder.
    #[must_use]
    pub fn scripts_in(mut self, folder: &Path) -> Self {
        let folder = folder.strip_prefix(self.folder.root()).unwrap_or(folder);
        self.scripts = encode(&folder.to_string_lossy()) + "/";
        self
    }

    /// Has a transpiler make JavaScript of the files that it applies to.
    #[must_use]
    pub fn transpiler(mut self, transpiler: Option<Arc<dyn Transpiler>>) -> Self {
        self.transpiler = transpiler;
        self
    }

    /// The URL of a file by its path within the folder.
    pub fn url(&self, path: &str) -> String {
        format!("{}{}", self.base, encode(path.trim_start_matches('/')))
    }

    /// The path of a file within the folder.
    fn path(&self, url: &str) -> Result<PathBuf, ModuleError> {
        let relative = url
            .strip_prefix(&self.base)
            .ok_or_else(|| ModuleError(format!("{url} is not under {}", self.base)))?;
        let relative = relative.split(['?', '#']).next().unwrap_or_default();
        let relative =
            decode(relative).ok_or_else(|| ModuleError(format!("{url} is no file's name")))?;
        let path = PathBuf::from(relative);
        if !path
            .components()
            .all(|part| matches!(part, Component::Normal(_)))
        {
            return Err(ModuleError(format!("{url} leads out of the app's folder")));
        }
        Ok(path)
    }
}

/// A URL without its query and fragment.
fn path_of(url: &str) -> &str {
    url.split(['?', '#']).next().unwrap_or_default()
}

impl FolderSource {
    /// What a specifier means, whether there is such a file or not.
    fn join(&self, specifier: &str, referrer: &str) -> Result<String, ModuleError> {
        let path = if let Some(rest) = specifier.strip_prefix(&self.base) {
            join("", rest)
        } else if specifier.starts_with("./") || specifier.starts_with("../") {
            let referrer = referrer.strip_prefix(&self.base).unwrap_or(&self.scripts);
            let folder = path_of(referrer).rsplit_once('/').map_or("", |(f, _)| f);
            join(folder, specifier)
        } else if specifier.starts_with('/') && !specifier.starts_with("//") {
            join("", &specifier[1..])
        } else {
            let instead = match specifier.split_once(':') {
                Some(("node", _)) => {
                    "Node's modules are not here; what the web has in their place is, such as fetch(), crypto.subtle and streams"
                }
                Some(("cloudflare", _)) => {
                    "Cloudflare's modules are not here: handlers get `env` and `ctx`, and a class with fetch() needs no parent, but \
                     constructor(ctx, env) { this.ctx = ctx; this.env = env; }"
                }
                _ => "Bundle what is in packages: esbuild --bundle --format=esm",
            };
            return Err(ModuleError(format!(
                "only relative specifiers are supported: they start with \"./\", \"../\" or \"/\" and name a file in the \
                 app's folder. {instead}"
            )));
        };
        path.map(|path| format!("{}{path}", self.base))
            .ok_or_else(|| outside(specifier))
    }

    /// The transpiler, if it applies to this module.
    fn transpiler_of(&self, url: &str) -> Option<&dyn Transpiler> {
        let transpiler = self.transpiler.as_deref()?;
        transpiler.applies_to(path_of(url)).then_some(transpiler)
    }

    fn is_file(&self, url: &str) -> bool {
        self.path(url).is_ok_and(|path| self.folder.has(&path))
    }

    /// The bytes of a file, if so many fit.
    fn read(
        &self,
        url: &str,
        max: u64,
        fits: &mut dyn FnMut(usize) -> bool,
    ) -> Result<Vec<u8>, ModuleError> {
        let wrong = |error| {
            ModuleError(match error {
                FileError::Outside => format!("{url} is a link that leads out of the app's folder"),
                FileError::NoFile => format!("{url} is no file; name the file in the folder"),
                FileError::TooLarge(max) => format!("{url} has more than {max} bytes"),
                FileError::System(error) if error.kind() == ErrorKind::NotFound => {
                    format!("{url} does not exist; check the name, with its ending")
                }
                FileError::System(error) => format!("{url} cannot be read: {}", error.kind()),
            })
        };
        let file = self.folder.open(&self.path(url)?).map_err(wrong)?;
        let size = file.size();
        if size > max {
            return Err(wrong(FileError::TooLarge(max)));
        }
        if !usize::try_from(size).is_ok_and(fits) {
            return Err(ModuleError(format!(
                "the {size} bytes of {url} do not fit into the app's memory limit: raise it (\"memory_mb\")"
            )));
        }
        file.read(size).map_err(wrong)
    }

    /// The text of a file that is no module.
    fn read_beside(&self, url: &str, max: u64) -> Option<String> {
        String::from_utf8(self.read(url, max, &mut |_| true).ok()?).ok()
    }
}

impl ModuleSource for FolderSource {
    fn resolve(&self, specifier: &str, referrer: &str) -> Result<String, ModuleError> {
        let url = self.join(specifier, referrer)?;
        // What was written for a compiler names files as that does.
        if let Some(transpiler) = self.transpiler_of(referrer)
            && !self.is_file(&url)
        {
            let path = path_of(&url);
            let suffix = &url[path.len()..];
            let mut alternatives = transpiler.alternatives(path).into_iter();
            if let Some(found) = alternatives.find(|path| self.is_file(path)) {
                return Ok(found + suffix);
            }
        }
        Ok(url)
    }

    fn load(
        &self,
        url: &str,
        kind: ModuleKind,
        fits: &mut dyn FnMut(usize) -> bool,
    ) -> Result<Loaded, LoadError> {
        let transpiler = match kind {
            ModuleKind::JavaScript => self.transpiler_of(url),
            _ => None,
        };
        let mut is_spared = true;
        let read = self.read(url, MAX_FILE, &mut |size| {
            fits(size) && {
                // Transpiling can be done without.
                is_spared = transpiler.is_none() || process_memory::spares(size);
                is_spared
            }
        });
        let bytes = match read {
            Err(_) if !is_spared => {
                return Err(LoadError::Missing(ModuleError(format!(
                    "{url} cannot be transpiled: {}",
                    transpiler::NO_MEMORY
                ))));
            }
            read => read?,
        };
        let Some(transpiler) = transpiler else {
            return Ok(bytes.into());
        };
        let text = String::from_utf8(bytes)
            .map_err(|_| ModuleError(format!("{url} is not UTF-8 text")))?;
        let path = path_of(url);
        let read = |path: &str| self.read_beside(path, MAX_BESIDE);
        let mut left = self.transpiling_left.get();
        let transpiled = process_memory::while_others_work(|| {
            transpiler.transpile(path, &text, &read, self.folder.root(), &mut left)
        });
        self.transpiling_left.set(left);
        let transpiled =
            transpiled.map_err(|mistake| LoadError::Mistake(url.to_owned(), mistake))?;
        Ok(Loaded {
            bytes: transpiled.code.into_bytes(),
            map: Some(transpiled.map),
        })
    }

    fn source_map(
        &self,
        module: &str,
        map: MapOf,
        fits: &mut dyn FnMut(usize) -> bool,
    ) -> Option<Box<dyn SourceMap>> {
        let transpiler = self.transpiler.as_deref()?;
        match map {
            MapOf::Loaded(json) => transpiler.source_map(SourceMapText::Json(json)),
            MapOf::Linked(url) if url.starts_with("data:") => {
                transpiler.source_map(SourceMapText::DataUrl(url))
            }
            MapOf::Linked(url) => {
                let url = join_url(module, url)?;
                let json = self.read(&url, MAX_FILE, fits).ok()?;
                let json = String::from_utf8(json).ok()?;
                transpiler.source_map(SourceMapText::Json(&json))
            }
        }
    }

    fn original(&self, url: &str) -> Option<String> {
        self.read_beside(url, MAX_BESIDE)
    }
}

/// The URL of a file that is named relative to another one, as a browser would take it; `None` where that is no file's beside it,
/// or below or above.
pub(crate) fn join_url(base: &str, relative: &str) -> Option<String> {
    let (scheme, path) = base.split_once("///")?;
    if relative.contains("://") || relative.starts_with("//") {
        return None;
    }
    let folder = match relative.strip_prefix('/') {
        Some(_) => "",
        None => path_of(path).rsplit_once('/').map_or("", |(f, _)| f),
    };
    join(folder, relative).map(|path| format!("{scheme}///{path}"))
}

fn outside(specifier: &str) -> ModuleError {
    ModuleError(format!("\"{specifier}\" leads out of the app's folder"))
}

/// Joins like a URL, in which `%2e` is a dot, too (<https://url.spec.whatwg.org/#double-dot-path-segment>), but `None` where `..` would leave
/// the top.
fn join(folder: &str, relative: &str) -> Option<String> {
    let (path, suffix) = relative.split_at(relative.find(['?', '#']).unwrap_or(relative.len()));
    let mut parts: Vec<&str> = Vec::new();
    for part in folder.split('/').chain(path.split('/')) {
        match &*part.replace("%2e", ".").replace("%2E", ".") {
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
pub(crate) fn decode(path: &str) -> Option<String> {
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
    use crate::transpiler::Transpiled;

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
        let load = |url: &str| source.load(url, ModuleKind::JavaScript, &mut |_| true);
        assert_eq!(load("app:///lib/a%20b.js"), Ok(b"text".to_vec().into()));
        assert_eq!(load("app:///lib/a%20b.js?v=2"), Ok(b"text".to_vec().into()));
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
    fn what_does_not_fit_is_not_read() {
        let (_dir, source) = folder();
        let mut asked = None;
        let loaded = source.load("app:///lib/a%20b.js", ModuleKind::Text, &mut |size| {
            asked = Some(size);
            false
        });
        let Err(LoadError::Missing(error)) = loaded else {
            panic!("{loaded:?}");
        };
        assert!(
            error
                .0
                .contains("the 4 bytes of app:///lib/a%20b.js do not fit"),
            "{error}"
        );
        assert_eq!(asked, Some(4));
    }

    /// `.up` files are upper case.
    struct Upper;

    impl Transpiler for Upper {
        fn applies_to(&self, path: &str) -> bool {
            path.ends_with(".up")
        }

        fn alternatives(&self, path: &str) -> Vec<String> {
            vec![format!("{path}.none"), format!("{path}.up")]
        }

        fn transpile(
            &self,
            path: &str,
            text: &str,
            read: &dyn Fn(&str) -> Option<String>,
            _: &Path,
            left: &mut Duration,
        ) -> Result<Transpiled, Mistake> {
            if left.is_zero() {
                return Err(Mistake {
                    message: "no time is left".to_owned(),
                    place: None,
                });
            }
            *left = left.saturating_sub(Duration::from_secs(20));
            let beside = [
                "app:///lib/a b.js",
                "app:///secret.js",
                "app:///../secret.js",
            ];
            let read: Vec<_> = beside.map(read).into_iter().flatten().collect();
            Ok(Transpiled {
                code: text.to_uppercase(),
                map: format!("{path} {}", read.join("")),
            })
        }

        fn source_map(&self, _: SourceMapText) -> Option<Box<dyn SourceMap>> {
            None
        }
    }

    #[test]
    fn transpiles_what_has_to_be() {
        let (dir, source) = folder();
        std::fs::write(dir.path().join("app/lib/c.up"), "text").expect("file");
        let plain = source.load("app:///lib/c.up", ModuleKind::JavaScript, &mut |_| true);
        assert_eq!(plain, Ok(b"text".to_vec().into()));
        let source = source.transpiler(Some(Arc::new(Upper)));
        let load = |path, kind| {
            let loaded = source.load(path, kind, &mut |_| true);
            loaded.expect("a file")
        };
        let loaded = load("app:///lib/c.up?v=1", ModuleKind::JavaScript);
        assert_eq!(loaded.bytes, b"TEXT");
        assert_eq!(loaded.map.as_deref(), Some("app:///lib/c.up text"));
        assert_eq!(
            load("app:///lib/c.up", ModuleKind::Text),
            b"text".to_vec().into()
        );
        assert_eq!(
            load("app:///lib/a%20b.js", ModuleKind::JavaScript),
            b"text".to_vec().into()
        );
    }

    #[test]
    fn transpilers_are_at_work_for_a_while() {
        let (dir, source) = folder();
        std::fs::write(dir.path().join("app/c.up"), "text").expect("file");
        let source = source.transpiler(Some(Arc::new(Upper)));
        let load = |kind| source.load("app:///c.up", kind, &mut |_| true).is_ok();
        let works = |_| load(ModuleKind::JavaScript);
        assert_eq!([1, 2, 3, 4].map(works), [true, true, true, false]);
        assert!(load(ModuleKind::Text));
    }

    #[test]
    fn only_transpiled_files_name_others_as_a_compiler_does() {
        let (dir, source) = folder();
        std::fs::write(dir.path().join("app/lib/c.up"), "text").expect("file");
        let source = source.transpiler(Some(Arc::new(Upper)));
        let resolve = |specifier: &str, referrer: &str| source.resolve(specifier, referrer);
        assert_eq!(
            resolve("./c?v=1", "app:///lib/x.up"),
            Ok("app:///lib/c.up?v=1".into())
        );
        assert_eq!(
            resolve("./a b.js", "app:///lib/x.up"),
            Ok("app:///lib/a%20b.js".into())
        );
        assert_eq!(
            resolve("./none", "app:///lib/x.up"),
            Ok("app:///lib/none".into())
        );
        assert_eq!(resolve("./c", "app:///lib/x.js"), Ok("app:///lib/c".into()));
    }

    #[test]
    fn maps_are_beside_modules() {
        for (relative, expected) in [
            ("a.js.map", Some("app:///lib/a.js.map")),
            ("./m/../a.map", Some("app:///lib/a.map")),
            ("/a.map", Some("app:///a.map")),
            ("../a.map", Some("app:///a.map")),
            ("../../a.map", None),
            ("https://a/b.map", None),
            ("file:///etc/passwd", None),
            ("//a/b.map", None),
        ] {
            let joined = join_url("app:///lib/a.js?v=1", relative);
            assert_eq!(joined.as_deref(), expected, "{relative}");
        }
    }
}
