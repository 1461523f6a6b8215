//! Apps that come as tar archives: unpacked within bounds, as a whole or not at all, and never beside their folder.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Component, Path, PathBuf};

use flate2::read::MultiGzDecoder;
use tar::{Archive, EntryType};
use tempfile::TempDir;

use crate::reload::UNFINISHED;

/// The largest archive of an app that the admin API takes, in bytes.
pub const MAX_ARCHIVE: u64 = 64 << 20;
/// What all files of an archive may have together, in bytes.
const MAX_UNPACKED: u64 = 256 << 20;
/// How many files and folders an archive may have.
const MAX_ENTRIES: usize = 10_000;
/// How deep folders may be.
const MAX_DEPTH: usize = 32;

/// The files of an archive, in a hidden folder that is removed unless it is [kept](Self::keep).
#[derive(Debug)]
pub(super) struct Unpacked(TempDir);

impl Unpacked {
    /// Gives the folder a name beside its own, which nothing has yet.
    ///
    /// # Errors
    /// The system refuses.
    pub(super) fn keep(self, name: &str) -> io::Result<PathBuf> {
        let folder = self.0.path().with_file_name(name);
        fs::rename(self.0.path(), &folder)?;
        // It has another name now, and stays.
        let _ = self.0.keep();
        Ok(folder)
    }
}

/// Unpacks an archive, gzipped or not, into a new folder in `versions`. On an error, there is no such folder.
///
/// # Errors
/// The archive is malformed, too large, or has what an app's folder may not have; or the system refuses.
pub(super) fn unpack(archive: &[u8], versions: &Path) -> io::Result<Unpacked> {
    fs::create_dir_all(versions)?;
    let new = tempfile::Builder::new()
        .prefix(UNFINISHED)
        .tempdir_in(versions)?;
    let is_gzip = archive.starts_with(&[0x1f, 0x8b]);
    let unpacked = if is_gzip {
        unpack_into(MultiGzDecoder::new(archive), new.path())
    } else {
        unpack_into(archive, new.path())
    };
    unpacked?;
    // Readable as other folders are: temporary ones are for their owner only.
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        fs::set_permissions(new.path(), fs::Permissions::from_mode(0o755))?;
    }
    Ok(Unpacked(new))
}

fn unpack_into(archive: impl Read, folder: &Path) -> io::Result<()> {
    // Headers and padding are a part of what is bounded.
    let mut archive = Archive::new(archive.take(MAX_UNPACKED + 1024 * MAX_ENTRIES as u64));
    let mut left = MAX_UNPACKED;
    let mut count = 0;
    let mut files = 0;
    for entry in archive.entries()? {
        let mut entry = entry?;
        count += 1;
        if count > MAX_ENTRIES {
            return wrong(format!("it has more than {MAX_ENTRIES} files and folders"));
        }
        let name = entry.path()?.into_owned();
        let shown = name.display().to_string();
        match entry.header().entry_type() {
            EntryType::Directory => fs::create_dir_all(place(folder, &name)?)?,
            EntryType::Regular | EntryType::Continuous => {
                let path = place(folder, &name)?;
                if path == folder {
                    return wrong(format!("{shown:?} is no name of a file"));
                }
                if let Some(parent) = path.parent() {
                    fs::create_dir_all(parent)?;
                }
                // Not over another one: names that differ in nothing but what the file system ignores are a mistake.
                let mut file = File::create_new(&path)
                    .map_err(|error| io::Error::new(error.kind(), format!("{shown}: {error}")))?;
                let size = io::copy(&mut (&mut entry).take(left + 1), &mut file)?;
                let Some(rest) = left.checked_sub(size) else {
                    let most = MAX_UNPACKED >> 20;
                    return wrong(format!("its files have more than {most} MiB"));
                };
                left = rest;
                files += 1;
            }
            EntryType::XGlobalHeader => {}
            EntryType::Symlink | EntryType::Link => {
                return wrong(format!(
                    "{shown} is a link; an app's archive has files and folders only"
                ));
            }
            _ => return wrong(format!("{shown} is neither a file nor a folder")),
        }
    }
    // What follows the last entry shows whether the archive is whole, where it is compressed.
    io::copy(&mut archive.into_inner(), &mut io::sink())?;
    if files == 0 {
        return wrong("it has no file".to_owned());
    }
    Ok(())
}

/// Where an entry belongs, which is within the folder.
fn place(folder: &Path, name: &Path) -> io::Result<PathBuf> {
    let mut path = folder.to_owned();
    let mut depth = 0;
    for component in name.components() {
        match component {
            Component::CurDir => {}
            Component::Normal(part) => {
                path.push(part);
                depth += 1;
            }
            _ => return wrong(format!("{} leads out of the app's folder", name.display())),
        }
    }
    if depth > MAX_DEPTH {
        return wrong(format!(
            "{} has more than {MAX_DEPTH} folders",
            name.display()
        ));
    }
    Ok(path)
}

fn wrong<T>(message: String) -> io::Result<T> {
    Err(io::Error::new(io::ErrorKind::InvalidData, message))
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    type Entry<'a> = (&'a str, EntryType, &'a [u8]);

    fn archive(entries: &[Entry<'_>]) -> Vec<u8> {
        let mut builder = tar::Builder::new(Vec::new());
        for (name, kind, content) in entries {
            let mut header = tar::Header::new_gnu();
            header.set_entry_type(*kind);
            header.set_size(content.len() as u64);
            header.set_mode(0o600);
            // The library's own way refuses the names that are tried here.
            header.as_old_mut().name[..name.len()].copy_from_slice(name.as_bytes());
            if matches!(kind, EntryType::Symlink | EntryType::Link) {
                header.set_link_name("/etc/passwd").expect("a name");
            }
            header.set_cksum();
            builder.append(&header, *content).expect("an entry");
        }
        builder.into_inner().expect("an archive")
    }

    fn tried(archive: &[u8]) -> Result<tempfile::TempDir, String> {
        let parent = tempfile::tempdir().expect("a folder");
        let result = unpack(archive, &parent.path().join("app")).and_then(|new| new.keep("1"));
        let left = fs::read_dir(parent.path().join("app"))
            .expect("a folder")
            .count();
        assert_eq!(left, usize::from(result.is_ok()), "what is left behind");
        result.map(|_| parent).map_err(|error| error.to_string())
    }

    const FILE: EntryType = EntryType::Regular;

    #[test]
    fn files_and_folders_are_unpacked() {
        let tar = archive(&[
            ("./", EntryType::Directory, b""),
            ("./index.js", FILE, b"export default {}"),
            ("lib/deep/a.js", FILE, b"1"),
        ]);
        let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        gzip.write_all(&tar).expect("written");
        let gzip = gzip.finish().expect("an archive");
        assert!(tried(&gzip[..gzip.len() - 20]).is_err(), "it is not whole");
        for archive in [tar, gzip] {
            let parent = tried(&archive).expect("it is legal");
            let read = |name: &str| fs::read_to_string(parent.path().join("app/1").join(name));
            assert_eq!(read("index.js").expect("a file"), "export default {}");
            assert_eq!(read("lib/deep/a.js").expect("a file"), "1");
        }
    }

    #[test]
    fn nothing_leads_out() {
        for name in ["../a", "a/../../b", "/etc/a"] {
            let error = tried(&archive(&[(name, FILE, b"x")])).expect_err("it is wrong");
            assert!(error.contains("leads out"), "{name}: {error}");
        }
        for kind in [EntryType::Symlink, EntryType::Link] {
            let entries = [("a", kind, b"".as_slice()), ("a/b", FILE, b"x")];
            let error = tried(&archive(&entries)).expect_err("it is wrong");
            assert!(error.contains("is a link"), "{error}");
        }
        for kind in [EntryType::Char, EntryType::Fifo, EntryType::Block] {
            assert!(tried(&archive(&[("a", kind, b"")])).is_err());
        }
        let twice = [("a", FILE, b"x".as_slice()), ("./a", FILE, b"y")];
        assert!(tried(&archive(&twice)).is_err());
        assert!(tried(&archive(&[("", FILE, b"x")])).is_err());
    }

    #[test]
    fn what_is_too_large_is_refused() {
        let many = vec![("d/", EntryType::Directory, b"".as_slice()); MAX_ENTRIES + 1];
        assert!(
            tried(&archive(&many))
                .expect_err("it is wrong")
                .contains("more than 10000")
        );
        // A bomb: a few hundred kilobytes that become gigabytes.
        let mut header = tar::Header::new_gnu();
        header.set_path("bomb").expect("a name");
        header.set_size(MAX_UNPACKED * 4);
        header.set_cksum();
        let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        gzip.write_all(header.as_bytes()).expect("written");
        let zeros = vec![0; 1 << 20];
        for _ in 0..(MAX_UNPACKED >> 20) + 2 {
            gzip.write_all(&zeros).expect("written");
        }
        let error = tried(&gzip.finish().expect("an archive")).expect_err("it is wrong");
        assert!(error.contains("more than 256 MiB"), "{error}");
    }

    #[test]
    fn what_is_no_archive_is_refused() {
        for bytes in [
            b"".as_slice(),
            b"hello",
            &[0; 2048],
            &[0x1f, 0x8b, 8],
            &[b'a'; 4096],
        ] {
            assert!(tried(bytes).is_err());
        }
    }
}
