//! What is in an app's folder, by the look of it.

use std::collections::HashSet;
use std::fs::{self, Metadata};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

/// So many files and folders of an app are looked at, and so many folders watched. What lies beyond can change unseen.
pub(super) const MAX_ENTRIES: usize = 10_000;
pub(super) const MAX_FOLDERS: usize = 1_000;

/// A look at a folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Survey {
    /// Stands for the files: which there are, which file each is, how long it is and when it was written. Never 0.
    pub(super) content: u64,
    /// The folder and those below it.
    pub(super) folders: Vec<PathBuf>,
    /// Whether everything has been looked at, but for what is outside.
    pub(super) is_whole: bool,
    /// Symbolic links to folders elsewhere, which are not looked at.
    pub(super) outside: Vec<PathBuf>,
}

impl Survey {
    /// Looks at a folder and what is below it, but not at what is hidden or in a `node_modules`. Symbolic links are followed to files,
    /// wherever these are, and to folders that are in this one, hidden ones included, as Kubernetes mounts them: a link to anywhere
    /// else, to `/` in the end, would have what is not the app's looked at, and every app's change wait for it. What cannot be read
    /// counts as if it were not there. `None`: the system has nothing left to look with, which says nothing of the folder.
    pub(super) fn of(root: &Path) -> Option<Self> {
        let mut hasher = DefaultHasher::new();
        let mut survey = Self {
            content: 0,
            folders: Vec::new(),
            is_whole: true,
            outside: Vec::new(),
        };
        let mut entries = 0;
        let real_root = root.canonicalize();
        let is_own = |folder: &Path| {
            let (Ok(folder), Ok(root)) = (folder.canonicalize(), &real_root) else {
                return false;
            };
            folder.starts_with(root)
        };
        let mut known = HashSet::new();
        let mut left = vec![root.to_owned()];
        while let Some(folder) = left.pop() {
            if survey.folders.len() == MAX_FOLDERS {
                survey.is_whole = false;
                break;
            }
            // Links may lead back.
            let identity = fs::metadata(&folder).map(|found| (found.dev(), found.ino()));
            if !identity.is_ok_and(|identity| known.insert(identity)) {
                continue;
            }
            let listed = fs::read_dir(&folder);
            if listed.as_ref().is_err_and(is_shortage) {
                return None;
            }
            let mut names: Vec<_> = listed
                .into_iter()
                .flatten()
                .filter_map(|entry| Some(entry.ok()?.file_name()))
                .filter(|name| name != "node_modules" && !name.as_encoded_bytes().starts_with(b"."))
                .collect();
            names.sort_unstable();
            for name in names {
                entries += 1;
                if entries > MAX_ENTRIES {
                    survey.is_whole = false;
                    left.clear();
                    break;
                }
                let path = folder.join(name);
                match fs::metadata(&path) {
                    Ok(found) if found.is_dir() => {
                        if !path.is_symlink() || is_own(&path) {
                            left.push(path);
                        } else {
                            // That it leads elsewhere by now is a change; what happens there is none.
                            (&path, found.dev(), found.ino()).hash(&mut hasher);
                            survey.outside.push(path);
                        }
                    }
                    Ok(found) => {
                        path.hash(&mut hasher);
                        identify(&found).hash(&mut hasher);
                    }
                    Err(_) => {}
                }
            }
            survey.folders.push(folder);
        }
        survey.content = hasher.finish().max(1);
        Some(survey)
    }
}

/// Whether the process, or the machine, has no descriptor or no memory left.
fn is_shortage(error: &io::Error) -> bool {
    let shortages = [libc::EMFILE, libc::ENFILE, libc::ENOMEM];
    error
        .raw_os_error()
        .is_some_and(|error| shortages.contains(&error))
}

/// What is different when a file has been written to, or another one is in its place.
fn identify(file: &Metadata) -> (u64, u64, u64, i64, i64) {
    (
        file.dev(),
        file.ino(),
        file.len(),
        file.mtime(),
        file.mtime_nsec(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;

    fn look_at(root: &Path) -> Survey {
        Survey::of(root).expect("descriptors")
    }

    #[test]
    fn shortages_say_nothing_of_a_folder() {
        let is_one = |code| is_shortage(&io::Error::from_raw_os_error(code));
        assert!(is_one(libc::EMFILE) && is_one(libc::ENFILE));
        assert!(!is_one(libc::ENOENT) && !is_one(libc::EACCES));
    }

    #[test]
    fn changes_are_seen_and_nothing_else_is() {
        let folder = tempfile::tempdir().expect("a folder");
        let root = folder.path();
        let write = |name: &str, text: &str| fs::write(root.join(name), text).expect("a file");
        let mut before = look_at(root);
        let mut look = |what: &str, is_change: bool| {
            let now = look_at(root);
            assert_eq!(now.content != before.content, is_change, "{what}");
            before = now;
        };
        write("index.js", "1");
        look("a file", true);
        look("nothing", false);
        write("index.js", "12");
        look("another length", true);
        write("new", "34");
        look("one more", true);
        fs::rename(root.join("new"), root.join("index.js")).expect("a rename");
        look("another file in its place", true);
        fs::create_dir_all(root.join("lib/deep")).expect("folders");
        look("a folder without files", false);
        write("lib/deep/a.js", "1");
        look("a file below", true);
        for hidden in [".git", "node_modules", "lib/node_modules"] {
            fs::create_dir(root.join(hidden)).expect("a folder");
            write(&format!("{hidden}/x"), "1");
        }
        write(".swap", "1");
        look("what is not looked at", false);
        // As Kubernetes mounts a ConfigMap.
        for (version, text) in [("..1", "a"), ("..2", "b")] {
            fs::create_dir(root.join(version)).expect("a folder");
            write(&format!("{version}/mounted.js"), text);
        }
        symlink("..1", root.join("..data")).expect("a link");
        symlink("..data/mounted.js", root.join("mounted.js")).expect("a link");
        look("a link to a file", true);
        symlink("..2", root.join("..new")).expect("a link");
        fs::rename(root.join("..new"), root.join("..data")).expect("a rename");
        look("the link leads elsewhere", true);
        symlink(".", root.join("circle")).expect("a link");
        look("a circle", false);
        fs::remove_file(root.join("mounted.js")).expect("a removal");
        look("one less", true);
        let folders = look_at(root).folders;
        assert_eq!(
            folders,
            ["", "lib", "lib/deep"].map(|name| match name {
                "" => root.to_owned(),
                name => root.join(name),
            })
        );
    }

    #[test]
    fn links_to_folders_elsewhere_are_not_followed() {
        let (own, other) = (tempfile::tempdir(), tempfile::tempdir());
        let (own, other) = (own.expect("a folder"), other.expect("a folder"));
        let root = own.path();
        for folder in [root.join("..1/deep"), other.path().join("deep")] {
            fs::create_dir_all(folder).expect("folders");
        }
        symlink("..1", root.join("mounted")).expect("a link");
        let before = look_at(root);
        assert_eq!(before.folders.len(), 3, "{:?}", before.folders);
        assert_eq!(before.outside, [] as [&Path; 0]);
        let link = root.join("elsewhere");
        symlink(other.path(), &link).expect("a link");
        let linked = look_at(root);
        assert_eq!((&linked.folders, linked.is_whole), (&before.folders, true));
        assert_eq!(linked.outside, std::slice::from_ref(&link));
        assert_ne!(linked.content, before.content);
        fs::write(other.path().join("deep/file"), "1").expect("a file");
        assert_eq!(look_at(root), linked);
        fs::remove_file(&link).expect("a removal");
        symlink("/", &link).expect("a link");
        assert_ne!(look_at(root).content, linked.content);
    }

    #[test]
    fn there_is_a_bound() {
        let folder = tempfile::tempdir().expect("a folder");
        for number in 1..MAX_FOLDERS {
            fs::create_dir(folder.path().join(number.to_string())).expect("a folder");
        }
        let look = || {
            let survey = look_at(folder.path());
            (survey.folders.len(), survey.is_whole)
        };
        assert_eq!(look(), (MAX_FOLDERS, true));
        fs::create_dir(folder.path().join("1/below")).expect("a folder");
        assert_eq!(look(), (MAX_FOLDERS, false));
        let missing = look_at(&folder.path().join("none"));
        assert_eq!(missing.folders, [] as [&Path; 0]);
        assert_ne!(missing.content, 0);
    }
}
