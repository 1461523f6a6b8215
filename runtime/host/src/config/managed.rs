//! What the admin API has changed: apps that are added, replaced and removed, in a file of the state folder. It has the language
//! of the configuration, and is read with it.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use nano_worker::{FileError, Folder};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::source::MAX_SIZE;

/// The fields of an app, as in the configuration.
pub(crate) type AppFields = Map<String, Value>;

/// Changes over a configuration.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Managed {
    /// Apps that are added, or replace those of the same name.
    #[serde(default)]
    apps: Vec<AppFields>,
    /// Apps of the configuration that are not served.
    #[serde(default)]
    removed: BTreeSet<String>,
}

impl Managed {
    /// The file in a state folder.
    pub(super) fn file(state: &Path) -> PathBuf {
        state.join("apps.json")
    }

    /// The file's text, if there is a file.
    pub(super) fn text(state: &Path) -> io::Result<Option<Vec<u8>>> {
        let file = std::path::absolute(Self::file(state))?;
        match Folder::all().read(&file, MAX_SIZE) {
            Ok(text) => Ok(Some(text)),
            Err(FileError::System(error)) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(FileError::System(error)) => Err(error),
            Err(error) => Err(io::Error::other(error)),
        }
    }

    /// Reads the file; nothing is changed where there is none.
    ///
    /// # Errors
    /// The file cannot be read, or is not what [`store`](Self::store) writes.
    pub(crate) fn load(state: &Path) -> io::Result<Self> {
        match Self::text(state)? {
            Some(text) => Ok(serde_json::from_slice(&text)?),
            None => Ok(Self::default()),
        }
    }

    /// Writes the file, as a whole or not at all.
    ///
    /// # Errors
    /// The system refuses.
    pub(crate) fn store(&self, state: &Path) -> io::Result<()> {
        fs::create_dir_all(state)?;
        let file = Self::file(state);
        let new = file.with_extension("json.new");
        let mut text = serde_json::to_vec_pretty(self)?;
        text.push(b'\n');
        // What apps are given may be secret.
        let mut options = File::options();
        options.write(true).create(true).truncate(true).mode(0o600);
        let mut written = options.open(&new)?;
        written.write_all(&text)?;
        written.sync_all()?;
        fs::rename(&new, &file)?;
        // The folder's entry, too.
        File::open(state)?.sync_all()
    }

    /// The fields of an app, if it is one of these.
    pub(crate) fn app(&self, name: &str) -> Option<&AppFields> {
        self.apps.iter().find(|app| is_of(app, name))
    }

    /// Adds an app, or replaces it.
    pub(crate) fn put(&mut self, name: &str, mut fields: AppFields) {
        fields.insert("name".to_owned(), name.into());
        self.removed.remove(name);
        match self.apps.iter_mut().find(|app| is_of(app, name)) {
            Some(app) => *app = fields,
            None => self.apps.push(fields),
        }
    }

    /// Removes an app; one that is `configured` stays in the configuration, and is not served.
    pub(crate) fn remove(&mut self, name: &str, configured: bool) {
        self.apps.retain(|app| !is_of(app, name));
        if configured {
            self.removed.insert(name.to_owned());
        }
    }

    /// Has an app be what it was before.
    pub(crate) fn restore(&mut self, name: &str, before: &Self) {
        match before.app(name) {
            Some(fields) => self.put(name, fields.clone()),
            None => self.apps.retain(|app| !is_of(app, name)),
        }
        if before.removed.contains(name) {
            self.removed.insert(name.to_owned());
        } else {
            self.removed.remove(name);
        }
    }
}

fn is_of(app: &AppFields, name: &str) -> bool {
    app.get("name").and_then(Value::as_str) == Some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields(path: &str) -> AppFields {
        AppFields::from_iter([("path".to_owned(), path.into())])
    }

    #[test]
    fn what_is_stored_is_loaded() {
        let state = tempfile::tempdir().expect("a folder");
        let state = state.path().join("state");
        assert_eq!(Managed::load(&state).expect("none"), Managed::default());
        let mut managed = Managed::default();
        managed.put("a", fields("one"));
        managed.put("b", fields("two"));
        managed.put("a", fields("three"));
        managed.remove("c", true);
        managed.remove("d", false);
        managed.store(&state).expect("it is stored");
        assert_eq!(Managed::load(&state).expect("it is there"), managed);
        let text = fs::read_to_string(Managed::file(&state)).expect("text");
        assert!(text.contains("\"removed\": [\n    \"c\"\n  ]"), "{text}");
        assert_eq!(
            managed.app("a").and_then(|app| app["path"].as_str()),
            Some("three")
        );
        managed.put("c", fields("four"));
        managed.remove("a", false);
        assert_eq!((managed.removed.len(), managed.app("a")), (0, None));
        let before = Managed::load(&state).expect("it is there");
        managed.put("other", fields("six"));
        for name in ["a", "c"] {
            managed.restore(name, &before);
            assert_eq!(managed.app(name), before.app(name));
        }
        assert!(managed.app("other").is_some() && managed.removed.contains("c"));
        fs::write(Managed::file(&state), "{").expect("a file");
        assert!(Managed::load(&state).is_err());
        fs::remove_file(Managed::file(&state)).expect("it is there");
        fs::create_dir(Managed::file(&state)).expect("a folder");
        assert!(Managed::load(&state).is_err());
    }
}
