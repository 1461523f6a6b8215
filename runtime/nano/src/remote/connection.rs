//! A connection to an admin API, whose answers have bounds: whoever is at that address need not be NANO.

use std::io::{self, BufRead, Read, Write};
use std::net::{TcpStream, ToSocketAddrs as _};
use std::os::unix::net::UnixStream;
use std::time::{Duration, Instant};

/// The most bytes of an answer: as many as 20,000 apps with long names and settings have.
const MAX_ANSWER: u64 = 256 << 20;
/// The most bytes of a line: several times as many as a line of the log has.
const MAX_LINE: u64 = 4 << 20;

#[derive(Debug)]
enum Stream {
    Tcp(TcpStream),
    Unix(UnixStream),
}

/// A connection. All that is written and read is over in time.
#[derive(Debug)]
pub(super) struct Connection {
    stream: Stream,
    /// `None`: for as long as there is something to hear.
    until: Option<Instant>,
    /// Bytes that may still come; `None`: any number.
    left: Option<u64>,
}

impl Connection {
    /// Connects to an address, for an exchange that takes no longer than `patience`.
    pub(super) fn open(address: &str, patience: Duration) -> io::Result<Self> {
        let stream = match address.strip_prefix("unix:") {
            Some(path) => Stream::Unix(UnixStream::connect(path)?),
            None => Stream::Tcp(connect(address, patience)?),
        };
        Ok(Self {
            stream,
            until: Some(Instant::now() + patience),
            left: Some(MAX_ANSWER),
        })
    }

    /// What is said from now on has no end.
    pub(super) fn follow(&mut self) {
        (self.until, self.left) = (None, None);
    }

    /// Whether more was said than is of use, or for too long.
    pub(super) fn is_spent(&self) -> bool {
        self.left == Some(0) || self.until.is_some_and(|until| Instant::now() >= until)
    }

    /// Has the stream wait for no longer than there is time.
    fn limit(&self) -> io::Result<()> {
        let left = match self.until {
            None => None,
            Some(until) => match until.saturating_duration_since(Instant::now()) {
                Duration::ZERO => return Err(late()),
                left => Some(left),
            },
        };
        match &self.stream {
            Stream::Tcp(stream) => {
                stream.set_read_timeout(left)?;
                stream.set_write_timeout(left)
            }
            Stream::Unix(stream) => {
                stream.set_read_timeout(left)?;
                stream.set_write_timeout(left)
            }
        }
    }
}

fn connect(address: &str, patience: Duration) -> io::Result<TcpStream> {
    let mut last = io::Error::from(io::ErrorKind::AddrNotAvailable);
    for address in address.to_socket_addrs()? {
        match TcpStream::connect_timeout(&address, patience) {
            Ok(stream) => return Ok(stream),
            Err(error) => last = error,
        }
    }
    Err(last)
}

fn late() -> io::Error {
    io::Error::new(io::ErrorKind::TimedOut, "the answer has not come in time")
}

/// What a time-out of a socket is told as.
fn in_time<T>(result: io::Result<T>) -> io::Result<T> {
    result.map_err(|error| match error.kind() {
        io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut => late(),
        _ => error,
    })
}

impl Read for Connection {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.limit()?;
        let most = match self.left {
            None => buffer.len(),
            Some(0) => {
                let message = format!("the answer has more than {} MiB", MAX_ANSWER >> 20);
                return Err(io::Error::other(message));
            }
            Some(left) => buffer
                .len()
                .min(usize::try_from(left).unwrap_or(usize::MAX)),
        };
        let read = in_time(match &mut self.stream {
            Stream::Tcp(stream) => stream.read(&mut buffer[..most]),
            Stream::Unix(stream) => stream.read(&mut buffer[..most]),
        })?;
        self.left = self.left.map(|left| left.saturating_sub(read as u64));
        Ok(read)
    }
}

impl Write for Connection {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.limit()?;
        in_time(match &mut self.stream {
            Stream::Tcp(stream) => stream.write(bytes),
            Stream::Unix(stream) => stream.write(bytes),
        })
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A line, with its end; empty at the end of all.
pub(super) fn line_of(from: &mut impl BufRead) -> io::Result<Vec<u8>> {
    let mut line = Vec::new();
    from.take(MAX_LINE).read_until(b'\n', &mut line)?;
    if line.len() as u64 == MAX_LINE && !line.ends_with(b"\n") {
        let message = format!("the answer has a line of more than {} MiB", MAX_LINE >> 20);
        return Err(io::Error::other(message));
    }
    Ok(line)
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::*;

    /// Says this to whoever comes, again and again.
    fn says(text: &'static [u8], pause: Duration) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("an address").to_string();
        std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().expect("a client");
            while stream.write_all(text).is_ok() {
                std::thread::sleep(pause);
            }
        });
        address
    }

    #[test]
    fn an_answer_that_drips_is_over_in_time() {
        let address = says(b"x", Duration::from_millis(20));
        let began = Instant::now();
        let mut connection =
            Connection::open(&address, Duration::from_millis(200)).expect("it is there");
        let error = connection.read_to_end(&mut Vec::new()).expect_err("no end");
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
        assert!(connection.is_spent() && began.elapsed() < Duration::from_secs(2));
    }

    #[test]
    fn an_answer_without_end_is_cut() {
        let address = says(&[b'x'; 1 << 16], Duration::ZERO);
        let mut connection =
            Connection::open(&address, Duration::from_secs(60)).expect("it is there");
        connection.left = Some(100_000);
        let mut answer = Vec::new();
        let error = connection.read_to_end(&mut answer).expect_err("no end");
        assert!(error.to_string().contains("more than 256 MiB"), "{error}");
        assert_eq!(answer.len(), 100_000);
        connection.follow();
        let error = line_of(&mut io::BufReader::new(connection)).expect_err("no end");
        assert!(error.to_string().contains("a line of more"), "{error}");
    }
}
