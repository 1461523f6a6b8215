//! The bytes of a configuration file.

use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;

/// The largest configuration, in bytes: one of 10,000 apps has a tenth of that.
pub(super) const MAX_SIZE: u64 = 64 << 20;

/// How long what is no file, but a pipe, may take to give its content. Whoever waits does nothing else meanwhile: no reload.
const PATIENCE: Duration = Duration::from_secs(5);

/// Reads it.
///
/// # Errors
/// It cannot be read, or has too much.
pub(super) fn read(file: &Path) -> io::Result<Vec<u8>> {
    let file = File::options()
        .read(true)
        // A pipe that nobody writes to is opened, too.
        .custom_flags(libc::O_NONBLOCK)
        .open(file)?;
    match file.metadata()?.is_file() {
        true => read_all(file),
        false => read_all(Pipe::new(file, PATIENCE)),
    }
}

fn read_all(source: impl Read) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    source.take(MAX_SIZE + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > MAX_SIZE {
        let limit = MAX_SIZE >> 20;
        return Err(io::Error::other(format!(
            "it has more than {limit} MiB, and a configuration may not"
        )));
    }
    Ok(bytes)
}

/// What is there to be read in a while.
struct Pipe {
    file: File,
    until: Instant,
}

impl Pipe {
    fn new(file: File, patience: Duration) -> Self {
        let until = Instant::now() + patience;
        Self { file, until }
    }
}

impl Read for Pipe {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            // Before its first writer a pipe reads as if it were at its end, and is not ready.
            let left = self.until.saturating_duration_since(Instant::now());
            let limit = Timespec::try_from(left).map_err(io::Error::other)?;
            match poll(&mut [PollFd::new(&self.file, PollFlags::IN)], Some(&limit)) {
                Ok(0) => {
                    let fault = "it is no file, and what it is gives nothing";
                    return Err(io::Error::new(io::ErrorKind::TimedOut, fault));
                }
                Ok(_) => match self.file.read(buffer) {
                    Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                    result => return result,
                },
                Err(Errno::INTR) => {}
                Err(error) => return Err(error.into()),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write as _;
    use std::process::Command;

    /// A pipe with a name.
    fn pipe() -> (tempfile::TempDir, std::path::PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("pipe");
        let made = Command::new("mkfifo").arg(&path).status().unwrap();
        assert!(made.success());
        (folder, path)
    }

    #[test]
    fn who_writes_to_a_pipe_may_come_late_and_be_slow() {
        let (_folder, path) = pipe();
        let other = path.clone();
        let writer = std::thread::spawn(move || {
            std::thread::sleep(Duration::from_millis(50));
            let mut file = File::options().write(true).open(other).unwrap();
            for part in ["one ", "two"] {
                file.write_all(part.as_bytes()).unwrap();
                std::thread::sleep(Duration::from_millis(50));
            }
        });
        assert_eq!(read(&path).unwrap(), b"one two");
        writer.join().unwrap();
    }

    #[test]
    fn a_pipe_without_a_writer_is_given_up() {
        let (_folder, path) = pipe();
        let file = File::options()
            .read(true)
            .custom_flags(libc::O_NONBLOCK)
            .open(path)
            .unwrap();
        let error = read_all(Pipe::new(file, Duration::from_millis(50))).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
    }

    #[test]
    fn what_has_too_much_is_refused() {
        let error = read(Path::new("/dev/zero")).unwrap_err();
        assert!(error.to_string().contains("64 MiB"), "{error}");
    }
}
