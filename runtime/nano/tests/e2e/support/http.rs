//! An HTTP/1.1 client that hides nothing.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};

use socket2::{Domain, Socket, Type};

use super::PATIENCE;

/// A connection.
pub(crate) struct Connection {
    stream: TcpStream,
    reader: BufReader<TcpStream>,
}

/// A response, as it came over the wire.
#[derive(Debug, Clone)]
pub(crate) struct Response {
    pub(crate) status: u16,
    pub(crate) reason: String,
    /// Names as sent.
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Response {
    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.body).expect("a body of text")
    }

    /// All values of a field.
    pub(crate) fn all(&self, name: &str) -> Vec<&str> {
        let own = |field: &&(String, String)| field.0.eq_ignore_ascii_case(name);
        self.headers
            .iter()
            .filter(own)
            .map(|(_, value)| value.as_str())
            .collect()
    }

    /// The only value of a field.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let values = self.all(name);
        assert!(values.len() < 2, "{name} occurs more than once: {values:?}");
        values.first().copied()
    }

    fn chunked(&self) -> bool {
        self.header("transfer-encoding") == Some("chunked")
    }
}

impl Connection {
    pub(crate) fn open(port: u16) -> Self {
        Self::over(TcpStream::connect(("127.0.0.1", port)).expect("nano accepts"))
    }

    /// One of a client at this address of the machine.
    pub(crate) fn open_from(address: [u8; 4], port: u16) -> Self {
        let socket = Socket::new(Domain::IPV4, Type::STREAM, None).expect("a socket");
        let (own, nano) = ((address, 0), ([127, 0, 0, 1], port));
        socket
            .bind(&SocketAddr::from(own).into())
            .expect("an address");
        let connected = socket.connect(&SocketAddr::from(nano).into());
        connected.expect("nano accepts");
        Self::over(socket.into())
    }

    pub(crate) fn over(stream: TcpStream) -> Self {
        stream.set_read_timeout(Some(PATIENCE)).expect("a timeout");
        stream.set_write_timeout(Some(PATIENCE)).expect("a timeout");
        stream.set_nodelay(true).expect("no delay");
        let reader = BufReader::new(stream.try_clone().expect("a second handle"));
        Self { stream, reader }
    }

    pub(crate) fn write(&mut self, text: &str) {
        self.write_bytes(text.as_bytes()).expect("nano reads");
    }

    pub(crate) fn write_bytes(&mut self, bytes: &[u8]) -> std::io::Result<()> {
        self.stream.write_all(bytes)
    }

    /// Sends a chunk of a chunked body; an empty one ends it.
    pub(crate) fn write_chunk(&mut self, chunk: &str) {
        self.write(&format!("{:x}\r\n{chunk}\r\n", chunk.len()));
    }

    pub(crate) fn set_timeouts(&self, time: std::time::Duration) {
        self.stream.set_read_timeout(Some(time)).expect("a timeout");
        self.stream
            .set_write_timeout(Some(time))
            .expect("a timeout");
    }

    /// Reads a response's head.
    pub(crate) fn head(&mut self) -> Response {
        let status = self.line();
        let mut parts = status.splitn(3, ' ');
        assert_eq!(parts.next(), Some("HTTP/1.1"), "{status:?}");
        let code = parts.next().expect("a status").parse().expect("a number");
        let reason = parts.next().unwrap_or("").to_owned();
        let mut headers = Vec::new();
        loop {
            let line = self.line();
            if line.is_empty() {
                return Response {
                    status: code,
                    reason,
                    headers,
                    body: Vec::new(),
                };
            }
            let (name, value) = line.split_once(':').expect("a header field");
            headers.push((name.to_owned(), value.trim().to_owned()));
        }
    }

    /// Reads a whole response; `head`: the request was HEAD.
    pub(crate) fn response(&mut self, head: bool) -> Response {
        let mut response = self.head();
        while response.status < 200 {
            response = self.head();
        }
        if head || matches!(response.status, 204 | 304) {
            return response;
        }
        if response.chunked() {
            while let Some(chunk) = self.chunk() {
                response.body.extend(chunk);
            }
        } else if let Some(length) = response.header("content-length") {
            response.body = vec![0; length.parse().expect("a number")];
            self.reader
                .read_exact(&mut response.body)
                .expect("the whole body");
        } else {
            self.reader
                .read_to_end(&mut response.body)
                .expect("the whole body");
        }
        response
    }

    /// Reads a chunk of a chunked body, or its end.
    pub(crate) fn chunk(&mut self) -> Option<Vec<u8>> {
        self.try_chunk().expect("a chunk")
    }

    /// Reads a chunk; an error if the connection ends before the body does.
    pub(crate) fn try_chunk(&mut self) -> std::io::Result<Option<Vec<u8>>> {
        let line = self.try_line()?;
        let size = usize::from_str_radix(&line, 16)
            .map_err(|_| std::io::Error::other(format!("no chunk size: {line:?}")))?;
        let mut chunk = vec![0; size];
        self.reader.read_exact(&mut chunk)?;
        assert_eq!(self.try_line()?, "");
        Ok((size > 0).then_some(chunk))
    }

    /// Reads so many bytes of what comes next.
    pub(crate) fn bytes(&mut self, count: usize) -> Vec<u8> {
        let mut bytes = vec![0; count];
        self.reader.read_exact(&mut bytes).expect("so many bytes");
        bytes
    }

    /// Reads until the peer closes the connection; gives what came before.
    pub(crate) fn rest(&mut self) -> Vec<u8> {
        let mut rest = Vec::new();
        // A reset is an end, too.
        let _ = self.reader.read_to_end(&mut rest);
        rest
    }

    /// Closes the half that writes.
    pub(crate) fn finish(&self) {
        self.stream
            .shutdown(std::net::Shutdown::Write)
            .expect("a connection");
    }

    /// Reads until the connection ends; gives what came before, and the error if it is no proper end.
    pub(crate) fn until_end(&mut self) -> (Vec<u8>, Option<std::io::ErrorKind>) {
        let mut received = Vec::new();
        let end = self.reader.read_to_end(&mut received);
        (received, end.err().map(|error| error.kind()))
    }

    /// Reads some bytes, so many at the most; gives how many.
    pub(crate) fn some(&mut self, most: usize) -> usize {
        let mut bytes = vec![0; most];
        let count = self.reader.read(&mut bytes).expect("more bytes");
        assert!(count > 0, "the connection is closed");
        count
    }

    /// Whether there is something to read.
    pub(crate) fn has_answer(&self) -> bool {
        self.stream.set_nonblocking(true).expect("a mode");
        let count = self.stream.peek(&mut [0]);
        self.stream.set_nonblocking(false).expect("a mode");
        count.is_ok_and(|count| count > 0)
    }

    fn line(&mut self) -> String {
        self.try_line().expect("a line of a response")
    }

    fn try_line(&mut self) -> std::io::Result<String> {
        let mut line = Vec::new();
        if self.reader.read_until(b'\n', &mut line)? == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
        // Heads are Latin-1: a byte is a character.
        let line: String = line.into_iter().map(char::from).collect();
        Ok(line.trim_end_matches(['\r', '\n']).to_owned())
    }
}
