//! Apps that come as tar archives: unpacked within bounds, as a whole or not at all, and never beside their folder.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Component, Path, PathBuf};

use flate2::read::MultiGzDecoder;
use tar::{Archive, Entry, EntryType};
use tempfile::TempDir;

use crate::reload::UNFINISHED;

/// The largest archive of an app that the admin API takes, in bytes.
pub const MAX_ARCHIVE: u64 = 64 << 20;
/// What all files of an archive may have together, in bytes.
pub const MAX_UNPACKED: u64 = 256 << 20;
/// How many files and folders an archive may have.
const MAX_ENTRIES: usize = 10_000;
/// How deep folders may be.
const MAX_DEPTH: usize = 32;
/// How long a name may be, in bytes: as long as a path of Linux.
const MAX_NAME: usize = 4096;
/// What an archive may say of one file beside its content, in bytes: its name, who owns it, when it changed.
const MAX_EXTENSION: u64 = 64 << 10;

/// The files of an archive, in a hidden folder that is removed unless it is [kept](Self::keep).
#[derive(Debug)]
pub(super) struct Unpacked(TempDir);

impl Unpacked {
    /// The folder of all versions.
    pub(super) fn versions(&self) -> &Path {
        self.0.path().parent().unwrap_or(self.0.path())
    }

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
    let new = || {
        fs::create_dir_all(versions)?;
        let mut new = tempfile::Builder::new();
        new.prefix(UNFINISHED).tempdir_in(versions)
    };
    // The folder of all versions goes with the last one of an app that was removed: at this moment, perhaps.
    let new = new().or_else(|error| match error.kind() {
        io::ErrorKind::NotFound => new(),
        _ => Err(error),
    })?;
    unpack_as(archive, new).inspect_err(|_| {
        // Of an app that never was nothing stays. What others unpack, and what is served, keeps it.
        let _ = fs::remove_dir(versions);
    })
}

fn unpack_as(archive: &[u8], new: tempfile::TempDir) -> io::Result<Unpacked> {
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
    let mut files = 0;
    // Of files and folders, also those which only names of others speak of.
    let mut count = 0;
    let bound = |count: usize| match count > MAX_ENTRIES {
        true => wrong(format!("it has more than {MAX_ENTRIES} files and folders")),
        false => Ok(()),
    };
    let mut extension = Extension::default();
    // As they are: the library reads names of any length.
    for entry in archive.entries()?.raw(true) {
        let mut entry = entry?;
        count += 1;
        bound(count)?;
        if extension.take(&mut entry)? {
            continue;
        }
        let name = std::mem::take(&mut extension).name_of(&entry)?;
        let shown = name.display().to_string();
        match entry.header().entry_type() {
            EntryType::Directory => {
                // The entry is counted already.
                count += make(folder, &place(folder, &name)?)?.saturating_sub(1);
            }
            EntryType::Regular | EntryType::Continuous => {
                let path = place(folder, &name)?;
                if path == folder {
                    return wrong(format!("{shown:?} is no name of a file"));
                }
                if let Some(parent) = path.parent() {
                    count += make(folder, parent)?;
                    bound(count)?;
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

/// What entries of their own say of the one that follows them.
#[derive(Debug, Default)]
struct Extension {
    /// GNU's long name.
    long: Option<Vec<u8>>,
    /// The name of POSIX's extended header (pax), which goes before.
    pax: Option<Vec<u8>>,
}

impl Extension {
    /// Takes what an entry says, unless it stands for itself.
    fn take(&mut self, entry: &mut Entry<'_, impl Read>) -> io::Result<bool> {
        let kind = entry.header().entry_type();
        let is_extension = kind.is_gnu_longname()
            || kind.is_gnu_longlink()
            || kind.is_pax_local_extensions()
            || kind.is_pax_global_extensions();
        if is_extension && entry.size() > MAX_EXTENSION {
            return wrong(format!(
                "it says more than {} KiB of a file beside its content",
                MAX_EXTENSION >> 10
            ));
        }
        if kind.is_gnu_longname() {
            let mut name = Vec::new();
            entry.read_to_end(&mut name)?;
            name.truncate(
                name.iter()
                    .position(|byte| *byte == 0)
                    .unwrap_or(name.len()),
            );
            self.long = Some(name);
        } else if kind.is_pax_local_extensions() {
            // What is not understood is nothing that matters here: attributes may have any bytes.
            for record in entry.pax_extensions()?.into_iter().flatten().flatten() {
                match record.key_bytes() {
                    b"path" => self.pax = Some(record.value_bytes().to_vec()),
                    b"size" => return wrong("it has a file of more than 8 GiB".to_owned()),
                    key if key.starts_with(b"GNU.sparse.") => {
                        return wrong("it has a sparse file".to_owned());
                    }
                    _ => {}
                }
            }
        }
        Ok(is_extension)
    }

    /// The name of the entry that follows.
    fn name_of(self, entry: &Entry<'_, impl Read>) -> io::Result<PathBuf> {
        let name = match self.pax.or(self.long) {
            Some(name) => name,
            None => entry.header().path_bytes().into_owned(),
        };
        if name.len() > MAX_NAME {
            return wrong(format!("it has a name of more than {MAX_NAME} bytes"));
        }
        match String::from_utf8(name) {
            Ok(name) => Ok(name.into()),
            Err(error) => {
                let name = String::from_utf8_lossy(error.as_bytes()).into_owned();
                wrong(format!("{name:?} is no name in UTF-8"))
            }
        }
    }
}

/// Makes a folder within `folder`, with those around it. Gives how many there are more.
fn make(within: &Path, folder: &Path) -> io::Result<usize> {
    let mut missing = Vec::new();
    let mut next = folder;
    while next != within && !next.is_dir() {
        missing.push(next);
        let Some(around) = next.parent() else { break };
        next = around;
    }
    for path in missing.iter().rev() {
        fs::create_dir(path)?;
    }
    Ok(missing.len())
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

    type Given<'a> = (&'a str, EntryType, &'a [u8]);

    fn archive(entries: &[Given<'_>]) -> Vec<u8> {
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
        let left = fs::read_dir(parent.path().join("app")).map_or(0, Iterator::count);
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
    fn long_names_are_understood_and_bounded() {
        let folder = "folder/".repeat(20);
        let long = format!("{folder}a.js");
        let gnu = ("././@LongLink", EntryType::GNULongName);
        let terminated = format!("{long}\0");
        let record = format!(" path={folder}b.js\n");
        let record = format!("{}{record}", record.len() + 3);
        let other = b"23 SCHILY.xattr.a=\xff\n\xff\n";
        let pax = [other.as_slice(), record.as_bytes()].concat();
        let parent = tried(&archive(&[
            (
                "pax_global_header",
                EntryType::XGlobalHeader,
                b"14 comment=x\n",
            ),
            (gnu.0, gnu.1, terminated.as_bytes()),
            ("folder/cut", FILE, b"1"),
            (gnu.0, gnu.1, b"not this\0"),
            ("pax", EntryType::XHeader, &pax),
            ("folder/cut", FILE, b"2"),
            ("c.js", FILE, b"3"),
        ]))
        .expect("it is legal");
        for (name, content) in [("a.js", "1"), ("b.js", "2")] {
            let file = parent.path().join("app/1").join(&folder).join(name);
            assert_eq!(fs::read_to_string(file).expect("a file"), content);
        }
        let file = parent.path().join("app/1/c.js");
        assert_eq!(fs::read_to_string(file).expect("a file"), "3");

        let refused = |kind, content: &[u8], says: &str| {
            let entries = [("x", kind, content), ("a.js", FILE, b"1".as_slice())];
            let error = tried(&archive(&entries)).expect_err("it is wrong");
            assert!(error.contains(says), "{error}");
            assert!(error.len() < 2 * MAX_NAME, "{} bytes", error.len());
        };
        let kinds = [
            EntryType::GNULongName,
            EntryType::GNULongLink,
            EntryType::XHeader,
            EntryType::XGlobalHeader,
        ];
        for kind in kinds {
            let content = vec![b'n'; MAX_EXTENSION as usize + 1];
            refused(kind, &content, "more than 64 KiB");
        }
        let most = "n".repeat(MAX_NAME + 1);
        refused(EntryType::GNULongName, most.as_bytes(), "4096 bytes");
        refused(EntryType::GNULongName, b"../a.js\0", "leads out");
        refused(EntryType::GNULongName, b"\xff.js\0", "UTF-8");
        refused(EntryType::XHeader, b"16 path=../a.js\n", "leads out");
        refused(EntryType::XHeader, b"10 size=9\n", "8 GiB");
        refused(EntryType::XHeader, b"22 GNU.sparse.major=1\n", "sparse");
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
        let deep: Vec<_> = (0..=MAX_ENTRIES / 10)
            .map(|number| format!("{number}{}", "/d".repeat(10)))
            .collect();
        let deep: Vec<_> = deep
            .iter()
            .map(|name| (name.as_str(), FILE, b"".as_slice()))
            .collect();
        assert!(
            tried(&archive(&deep))
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
