//! See [`crate::fuzzing`].

use std::fs;
use std::path::Path;

use super::archive::{self, MAX_UNPACKED};

/// An app's archive. All of it is in its folder, as files and folders, or nothing is left of it.
pub fn app_archive(case: &[u8]) {
    let parent = match tempfile::tempdir() {
        Ok(parent) => parent,
        Err(error) => panic!("{error}"),
    };
    let versions = parent.path().join("app");
    let unpacked = archive::unpack(case, &versions).and_then(|new| new.keep("1"));
    let names = |folder: &Path| -> Vec<_> {
        let entries = fs::read_dir(folder).into_iter().flatten().flatten();
        entries.map(|entry| entry.file_name()).collect()
    };
    // Of an app's first version that is none, nothing stays.
    let (beside, own): (&[&str], &[&str]) = match unpacked.is_ok() {
        true => (&["app"], &["1"]),
        false => (&[], &[]),
    };
    assert_eq!(names(parent.path()), beside, "what is beside its folder");
    assert_eq!(names(&versions), own);
    if let Ok(folder) = unpacked {
        assert!(size(&folder) <= MAX_UNPACKED);
    }
}

fn size(folder: &Path) -> u64 {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let sizes = entries.map(|entry| match fs::symlink_metadata(entry.path()) {
        Ok(found) if found.is_dir() => size(&entry.path()),
        Ok(found) if found.is_file() => found.len(),
        found => panic!("{}: {found:?}", entry.path().display()),
    });
    sizes.sum()
}
