//! Where a path leads, and in which folders that is decided.

use std::collections::VecDeque;
use std::ffi::OsString;
use std::fs;
use std::path::{Component, Path, PathBuf};

/// Links that are followed on one path; the system's own number (path_resolution(7)).
const MAX_LINKS: usize = 40;

/// The folders with the entries that decide where a path leads: its last part, and each symbolic link on the way. Who watches them
/// sees when something else takes its place, be it by a rename or by a link that leads elsewhere.
pub(super) fn places(path: &Path) -> Vec<PathBuf> {
    let Ok(path) = std::path::absolute(path) else {
        return Vec::new();
    };
    let mut places = Vec::new();
    let mut links = 0;
    let mut here = PathBuf::from("/");
    let mut left: VecDeque<OsString> = parts(&path).collect();
    while let Some(part) = left.pop_front() {
        if part == ".." {
            here.pop();
            continue;
        }
        let next = here.join(part);
        match fs::read_link(&next) {
            Ok(target) if links < MAX_LINKS => {
                links += 1;
                places.push(here.clone());
                if target.is_absolute() {
                    here = PathBuf::from("/");
                }
                for part in parts(&target).collect::<Vec<_>>().into_iter().rev() {
                    left.push_front(part);
                }
            }
            _ if left.is_empty() => places.push(here.clone()),
            _ => here = next,
        }
    }
    places.sort_unstable();
    places.dedup();
    places
}

fn parts(path: &Path) -> impl Iterator<Item = OsString> {
    path.components().filter_map(|part| match part {
        Component::Normal(name) => Some(name.to_owned()),
        Component::ParentDir => Some("..".into()),
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;

    #[test]
    fn each_link_is_a_place() {
        let folder = tempfile::tempdir().expect("a folder");
        let root = folder.path().canonicalize().expect("a folder");
        fs::create_dir_all(root.join("releases/1/app")).expect("folders");
        fs::create_dir(root.join("mount")).expect("a folder");
        symlink("releases/1", root.join("current")).expect("a link");
        symlink("../current/app/apps.json", root.join("mount/apps.json")).expect("a link");
        let found =
            |path: &str| places(&folder.path().canonicalize().expect("a folder").join(path));
        assert_eq!(found("releases/1/app"), [root.join("releases/1")]);
        assert_eq!(found("current"), [root.clone(), root.join("releases")]);
        let all = [
            root.clone(),
            root.join("mount"),
            root.join("releases/1/app"),
        ];
        assert_eq!(found("mount/apps.json"), all);
        symlink("circle", root.join("circle")).expect("a link");
        assert_eq!(found("circle"), [root]);
    }
}
