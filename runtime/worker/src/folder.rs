//! Files of a folder that is somebody else's, who may put other files, links and pipes in their places at any time. Who asks by a name
//! more than once may hear of several files: so one is opened once, and all else is asked of what has been opened.

use std::fmt;
use std::fs::{File, Metadata};
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use rustix::fd::OwnedFd;
use rustix::fs::{Mode, OFlags, open};

/// How files are opened: nobody waits for a pipe's writer, and no terminal becomes the process's.
const READ: OFlags = OFlags::RDONLY
    .union(OFlags::NONBLOCK)
    .union(OFlags::NOCTTY)
    .union(OFlags::CLOEXEC);

/// A folder out of which no way leads: neither `..` nor a symbolic link.
#[derive(Debug, Clone)]
pub struct Folder {
    /// Absolute and without symbolic links.
    root: PathBuf,
}

/// A file that has been found to be one, and to be in the folder.
#[derive(Debug)]
pub struct FolderFile {
    file: File,
    size: u64,
}

/// Why a file of a folder is not read.
#[derive(Debug)]
pub enum FileError {
    /// It is elsewhere.
    Outside,
    /// It is a folder, a pipe or a device.
    NoFile,
    /// It has more bytes than these.
    TooLarge(u64),
    /// The system refuses: there is none, for one.
    System(io::Error),
}

impl Folder {
    /// The folder, wherever links lead.
    ///
    /// # Errors
    /// There is none, or it cannot be searched.
    pub fn new(root: &Path) -> io::Result<Self> {
        let root = root.canonicalize()?;
        match root.is_dir() {
            true => Ok(Self { root }),
            false => Err(io::ErrorKind::NotADirectory.into()),
        }
    }

    /// All that there is: for files that whoever operates the process names, by absolute paths.
    pub fn all() -> Self {
        Self { root: "/".into() }
    }

    /// Where it is: absolute and without symbolic links.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Opens a file for reading, by its path in the folder. Links are followed as long as they stay there; an absolute path has to.
    ///
    /// # Errors
    /// It is no file of the folder, or the system refuses.
    pub fn open(&self, path: &Path) -> Result<FolderFile, FileError> {
        let file = File::from(self.descriptor(path)?);
        // A file whose size is not known has none, and is bounded while it is read.
        let size = file_of(&file.metadata()?)?.len();
        Ok(FolderFile { file, size })
    }

    /// Reads a file of at most `max` bytes.
    ///
    /// # Errors
    /// As those of [`open`](Self::open); or it has more.
    pub fn read(&self, path: &Path, max: u64) -> Result<Vec<u8>, FileError> {
        self.open(path)?.read(max)
    }

    /// Reads a text of at most `max` bytes.
    ///
    /// # Errors
    /// As those of [`read`](Self::read); or it is not UTF-8.
    pub fn read_text(&self, path: &Path, max: u64) -> Result<String, FileError> {
        let text = String::from_utf8(self.read(path, max)?);
        text.map_err(|_| io::Error::new(io::ErrorKind::InvalidData, "it is not UTF-8 text").into())
    }

    /// Whether there is such a file.
    pub fn has(&self, path: &Path) -> bool {
        self.open(path).is_ok()
    }

    #[cfg(target_os = "linux")]
    fn descriptor(&self, path: &Path) -> Result<OwnedFd, FileError> {
        use rustix::fs::{ResolveFlags, openat, openat2};
        use rustix::io::Errno;

        let within = path.strip_prefix(&self.root).unwrap_or(path);
        let root = open(
            &self.root,
            OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC,
            Mode::empty(),
        )?;
        let resolve = ResolveFlags::BENEATH | ResolveFlags::NO_MAGICLINKS;
        match openat2(&root, within, READ, Mode::empty(), resolve) {
            Ok(file) => Ok(file),
            // A socket.
            Err(Errno::NXIO) => Err(FileError::NoFile),
            // A link that says from the root of all where it leads may stay in the folder; and kernels before 5.6, and filters of system
            // calls, know no such call.
            Err(Errno::XDEV | Errno::NOSYS | Errno::PERM | Errno::AGAIN) => self.checked(&openat(
                &root,
                within,
                OFlags::PATH | OFlags::CLOEXEC,
                Mode::empty(),
            )?),
            Err(error) => Err(error.into()),
        }
    }

    /// Opens for reading what has been found, and is not opened before it is known what that is: some devices act on it.
    #[cfg(target_os = "linux")]
    fn checked(&self, found: &OwnedFd) -> Result<OwnedFd, FileError> {
        use std::os::fd::AsRawFd as _;

        let itself = PathBuf::from(format!("/proc/self/fd/{}", found.as_raw_fd()));
        if !itself.read_link()?.starts_with(&self.root) {
            return Err(FileError::Outside);
        }
        file_of(&itself.metadata()?)?;
        Ok(open(&itself, READ, Mode::empty())?)
    }

    #[cfg(not(target_os = "linux"))]
    fn descriptor(&self, path: &Path) -> Result<OwnedFd, FileError> {
        use std::os::unix::ffi::OsStrExt as _;

        let file = open(&self.root.join(path), READ, Mode::empty())?;
        let place = rustix::fs::getpath(&file)?;
        let place = Path::new(std::ffi::OsStr::from_bytes(place.as_bytes()));
        match place.starts_with(&self.root) {
            true => Ok(file),
            false => Err(FileError::Outside),
        }
    }
}

impl FolderFile {
    /// How many bytes it has, as long as nobody writes to it.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Reads it, up to `max` bytes.
    ///
    /// # Errors
    /// It has more, by now at least; or the system refuses.
    pub fn read(self, max: u64) -> Result<Vec<u8>, FileError> {
        if self.size > max {
            return Err(FileError::TooLarge(max));
        }
        let mut bytes = Vec::new();
        let room = usize::try_from(self.size).unwrap_or(usize::MAX);
        if bytes.try_reserve_exact(room).is_err() {
            return Err(io::Error::from(io::ErrorKind::OutOfMemory).into());
        }
        self.file
            .take(max.saturating_add(1))
            .read_to_end(&mut bytes)?;
        match bytes.len() as u64 <= max {
            true => Ok(bytes),
            false => Err(FileError::TooLarge(max)),
        }
    }
}

fn file_of(found: &Metadata) -> Result<&Metadata, FileError> {
    match found.is_file() {
        true => Ok(found),
        false => Err(FileError::NoFile),
    }
}

impl fmt::Display for FileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Outside => f.write_str("it leads out of the folder"),
            Self::NoFile => f.write_str("it is no file"),
            Self::TooLarge(max) => write!(f, "it has more than {max} bytes"),
            Self::System(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for FileError {}

impl From<io::Error> for FileError {
    fn from(error: io::Error) -> Self {
        Self::System(error)
    }
}

impl From<rustix::io::Errno> for FileError {
    fn from(error: rustix::io::Errno) -> Self {
        Self::System(error.into())
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::symlink;
    use std::sync::atomic::{AtomicBool, Ordering};

    use super::*;

    /// A folder with a file, beside another one.
    fn folder() -> (tempfile::TempDir, Folder) {
        let around = tempfile::tempdir().unwrap();
        fs::create_dir_all(around.path().join("own/lib")).unwrap();
        fs::write(around.path().join("own/lib/a"), "text").unwrap();
        fs::write(around.path().join("secret"), "secret").unwrap();
        let folder = Folder::new(&around.path().join("own")).unwrap();
        (around, folder)
    }

    fn read(folder: &Folder, path: impl AsRef<Path>) -> Result<String, String> {
        let text = folder.read_text(path.as_ref(), 10);
        text.map_err(|error| error.to_string())
    }

    #[test]
    fn files_are_those_of_the_folder() {
        let (around, folder) = folder();
        let link = |target: &Path, name: &str| symlink(target, folder.root().join(name)).unwrap();
        link(Path::new("lib"), "inside");
        link(&folder.root().join("lib/a"), "absolute");
        link(Path::new("../secret"), "out");
        link(&around.path().join("secret"), "far");
        link(Path::new("/dev/zero"), "zero");
        link(Path::new("/proc/self/environ"), "environ");
        link(Path::new("circle"), "circle");
        fs::write(folder.root().join("large"), "12345678901").unwrap();
        fs::write(folder.root().join("bytes"), [0xff]).unwrap();
        let pipe = folder.root().join("pipe");
        let made = std::process::Command::new("mkfifo").arg(&pipe).status();
        assert!(made.unwrap().success());
        for path in ["lib/a", "./lib/../lib/a", "inside/a", "absolute"] {
            assert_eq!(read(&folder, path).as_deref(), Ok("text"), "{path}");
        }
        assert_eq!(
            read(&folder, folder.root().join("lib/a")).as_deref(),
            Ok("text")
        );
        for path in [
            "out",
            "far",
            "zero",
            "environ",
            "../secret",
            "/dev/zero",
            "/proc/self/environ",
        ] {
            let error = read(&folder, path).unwrap_err();
            assert_eq!(error, "it leads out of the folder", "{path}");
            assert!(!folder.has(Path::new(path)));
        }
        for (path, part) in [
            ("lib", "no file"),
            (".", "no file"),
            ("pipe", "no file"),
            ("none", "No such file"),
            ("lib/a/b", "Not a directory"),
            ("circle", "symbolic links"),
            ("large", "more than 10 bytes"),
            ("bytes", "not UTF-8"),
            ("a\0b", "Invalid argument"),
        ] {
            let error = read(&folder, path).unwrap_err();
            assert!(error.contains(part), "{path}: {error}");
        }
        let mut open = folder.open(Path::new("lib/a")).unwrap();
        assert_eq!(open.size(), 4);
        // It has grown since.
        open.size = 2;
        assert!(matches!(open.read(3), Err(FileError::TooLarge(3))));
    }

    /// As where the kernel has no `openat2`.
    #[cfg(target_os = "linux")]
    #[test]
    fn what_has_been_found_is_checked() {
        let (around, folder) = folder();
        let checked = |path: &Path| {
            let found = open(path, OFlags::PATH | OFlags::CLOEXEC, Mode::empty()).unwrap();
            folder.checked(&found)
        };
        assert!(checked(&folder.root().join("lib/a")).is_ok());
        let elsewhere = around.path().join("secret");
        assert!(matches!(checked(&elsewhere), Err(FileError::Outside)));
        let lib = folder.root().join("lib");
        assert!(matches!(checked(&lib), Err(FileError::NoFile)));
        // A folder beside it whose name begins with its.
        let beside = around.path().join("own2");
        fs::write(&beside, "").unwrap();
        assert!(matches!(checked(&beside), Err(FileError::Outside)));
    }

    #[test]
    fn a_file_that_is_swapped_for_a_link_is_one_of_them() {
        let (around, folder) = folder();
        let absolute = around.path().join("secret");
        for target in [Path::new("../secret"), &absolute] {
            let [name, other, next] =
                ["name", "other", "next"].map(|name| folder.root().join(name));
            fs::write(&other, "text").unwrap();
            fs::hard_link(&other, &name).unwrap();
            let is_over = AtomicBool::new(false);
            std::thread::scope(|scope| {
                scope.spawn(|| {
                    while !is_over.load(Ordering::Relaxed) {
                        symlink(target, &next).unwrap();
                        fs::rename(&next, &name).unwrap();
                        fs::hard_link(&other, &next).unwrap();
                        fs::rename(&next, &name).unwrap();
                    }
                });
                let mut seen = [0, 0];
                let begun = std::time::Instant::now();
                while seen.contains(&0) || seen[0] + seen[1] < 20_000 {
                    match folder.read_text(Path::new("name"), 10).as_deref() {
                        Ok("text") => seen[0] += 1,
                        Err(FileError::Outside) => seen[1] += 1,
                        // The kernel has seen that something moves.
                        Err(FileError::System(_)) => {}
                        found => {
                            is_over.store(true, Ordering::Relaxed);
                            panic!("{found:?}");
                        }
                    }
                    if begun.elapsed().as_secs() > 20 {
                        break;
                    }
                }
                is_over.store(true, Ordering::Relaxed);
                assert!(!seen.contains(&0), "{seen:?}");
            });
            fs::remove_file(&name).unwrap();
            fs::remove_file(&other).unwrap();
        }
    }
}
