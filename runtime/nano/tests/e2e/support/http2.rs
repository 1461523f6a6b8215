//! An HTTP/2 client that hides nothing: frames as they are, and no window that opens by itself.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;

use super::{Nano, PATIENCE};

/// A connection.
pub(crate) struct Http2 {
    stream: TcpStream,
}

/// A frame (RFC 9113, section 4.1).
#[derive(Debug)]
pub(crate) struct Frame {
    pub(crate) kind: u8,
    pub(crate) flags: u8,
    pub(crate) stream: u32,
    pub(crate) payload: Vec<u8>,
}

/// What came of a request.
#[derive(Debug, Default)]
pub(crate) struct StreamResponse {
    /// 0: no head came.
    pub(crate) status: u16,
    pub(crate) body: Vec<u8>,
    /// The error code of a RST_STREAM other than NO_ERROR.
    pub(crate) reset: Option<u32>,
}

impl StreamResponse {
    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.body).expect("a body of text")
    }
}

pub(crate) const DATA: u8 = 0;
pub(crate) const PRIORITY: u8 = 2;
pub(crate) const SETTINGS: u8 = 4;
pub(crate) const PING: u8 = 6;
pub(crate) const GOAWAY: u8 = 7;
pub(crate) const WINDOW_UPDATE: u8 = 8;
pub(crate) const CONTINUATION: u8 = 9;

const END_STREAM: u8 = 1;
const ACK: u8 = 1;
const END_HEADERS: u8 = 4;

impl Http2 {
    pub(crate) const HEADERS: u8 = 1;
    pub(crate) const RST_STREAM: u8 = 3;

    pub(crate) fn connect(nano: &Nano) -> Self {
        Self::to_port(nano.port())
    }

    pub(crate) fn to_port(port: u16) -> Self {
        Self::over(TcpStream::connect(("127.0.0.1", port)).expect("nano accepts"))
    }

    /// One for which the system keeps little that it has not read.
    pub(crate) fn with_little_room(port: u16) -> Self {
        let socket = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None);
        let socket = socket.expect("a socket");
        socket.set_recv_buffer_size(1024).expect("an option");
        let address = std::net::SocketAddr::from(([127, 0, 0, 1], port));
        socket.connect(&address.into()).expect("nano accepts");
        Self::over(socket.into())
    }

    fn over(stream: TcpStream) -> Self {
        stream.set_read_timeout(Some(PATIENCE)).expect("a timeout");
        stream.set_write_timeout(Some(PATIENCE)).expect("a timeout");
        stream.set_nodelay(true).expect("no delay");
        let mut this = Self { stream };
        this.stream
            .write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")
            .expect("nano reads");
        this.send(SETTINGS, 0, 0, &[]);
        // The server's windows are as large as it says once its settings are acknowledged.
        for kind in [SETTINGS, WINDOW_UPDATE] {
            while this.try_frame().expect("a frame").kind != kind {}
            if kind == SETTINGS {
                this.send(SETTINGS, ACK, 0, &[]);
            }
        }
        this
    }

    fn try_send(
        &mut self,
        kind: u8,
        flags: u8,
        stream: u32,
        payload: &[u8],
    ) -> std::io::Result<()> {
        self.stream.write_all(&frame(kind, flags, stream, payload))
    }

    pub(crate) fn send(&mut self, kind: u8, flags: u8, stream: u32, payload: &[u8]) {
        self.try_send(kind, flags, stream, payload)
            .expect("nano reads");
    }

    /// Lets the server send as much as it wants on each stream to come (RFC 9113, section 6.5.2).
    pub(crate) fn widen_streams(&mut self) {
        let mut setting = 4_u16.to_be_bytes().to_vec();
        setting.extend(0x7fff_ffff_u32.to_be_bytes());
        self.send(SETTINGS, 0, 0, &setting);
        while !matches!(
            self.try_frame().expect("a frame"),
            Frame {
                kind: SETTINGS,
                flags: ACK,
                ..
            }
        ) {}
    }

    /// Sends bytes as they are, as long as the server takes them.
    pub(crate) fn send_bytes(&mut self, bytes: &[u8]) -> std::io::Result<()> {
        self.stream.write_all(bytes)
    }

    /// Sends a request's head.
    pub(crate) fn request(
        &mut self,
        stream: u32,
        method: &str,
        host: &str,
        path: &str,
        fields: &[(&str, &str)],
        ends: bool,
    ) {
        let block = block(method, host, path, fields);
        let flags = END_HEADERS | if ends { END_STREAM } else { 0 };
        self.send(Self::HEADERS, flags, stream, &block);
    }

    /// Sends a request's head without its end.
    pub(crate) fn begin_request(&mut self, stream: u32) {
        let block = block("GET", "a.test", "/", &[]);
        self.send(Self::HEADERS, END_STREAM, stream, &block);
    }

    /// Sends so many requests and takes each back, all in one piece. The server may close the connection in the middle of it.
    pub(crate) fn request_and_reset(&mut self, first: u32, count: u32) {
        let block = block("GET", "a.test", "/", &[]);
        let mut bytes = Vec::new();
        for stream in (first..).step_by(2).take(count as usize) {
            bytes.extend(frame(
                Self::HEADERS,
                END_HEADERS | END_STREAM,
                stream,
                &block,
            ));
            bytes.extend(frame(Self::RST_STREAM, 0, stream, &8_u32.to_be_bytes()));
        }
        let _ = self.stream.write_all(&bytes);
    }

    pub(crate) fn data(&mut self, stream: u32, bytes: &[u8], ends: bool) {
        self.send(DATA, if ends { END_STREAM } else { 0 }, stream, bytes);
    }

    pub(crate) fn reset(&mut self, stream: u32) {
        self.send(Self::RST_STREAM, 0, stream, &8_u32.to_be_bytes());
    }

    /// Lets the server send as much as it wants on the whole connection; each stream has its own window still.
    pub(crate) fn widen_connection(&mut self) {
        self.send(WINDOW_UPDATE, 0, 0, &0x4000_0000_u32.to_be_bytes());
    }

    /// The next frame that is not the connection's.
    pub(crate) fn frame(&mut self) -> Frame {
        loop {
            let frame = self.try_frame().expect("a frame");
            match (frame.kind, frame.flags & ACK) {
                (SETTINGS | PING, 0) => {
                    // It may be closing.
                    let payload = if frame.kind == PING {
                        &frame.payload[..]
                    } else {
                        &[]
                    };
                    let _ = self.try_send(frame.kind, ACK, 0, payload);
                }
                (SETTINGS | PING | WINDOW_UPDATE, _) => {}
                (GOAWAY, _) => panic!("the server ends the connection: {:?}", frame.payload),
                _ => return frame,
            }
        }
    }

    /// The next frame, whatever it is.
    pub(crate) fn try_frame(&mut self) -> std::io::Result<Frame> {
        let mut head = [0; 9];
        self.stream.read_exact(&mut head)?;
        let length = u32::from_be_bytes([0, head[0], head[1], head[2]]) as usize;
        let mut payload = vec![0; length];
        self.stream.read_exact(&mut payload)?;
        Ok(Frame {
            kind: head[3],
            flags: head[4],
            stream: u32::from_be_bytes([head[5], head[6], head[7], head[8]]),
            payload,
        })
    }

    /// The status of the next head on a stream.
    pub(crate) fn head(&mut self, stream: u32) -> u16 {
        loop {
            let frame = self.frame();
            match frame.kind {
                Self::HEADERS if frame.stream == stream => return status(&frame.payload),
                Self::RST_STREAM if frame.stream == stream => panic!("a reset without a head"),
                _ => {}
            }
        }
    }

    /// Reads a response to its end, or until its stream is reset.
    pub(crate) fn response(&mut self, stream: u32) -> StreamResponse {
        self.responses(stream, 1).remove(0)
    }

    /// Reads the responses of so many streams in a row.
    pub(crate) fn responses(&mut self, first: u32, count: usize) -> Vec<StreamResponse> {
        let mut responses: Vec<_> = (0..count).map(|_| StreamResponse::default()).collect();
        let mut over = vec![false; count];
        while over.contains(&false) {
            let frame = self.frame();
            let index = frame
                .stream
                .checked_sub(first)
                .map(|past| past as usize / 2);
            let Some(index) = index.filter(|index| *index < count) else {
                continue;
            };
            let response = &mut responses[index];
            match frame.kind {
                Self::HEADERS => response.status = status(&frame.payload),
                DATA => response.body.extend(&frame.payload),
                Self::RST_STREAM => {
                    let code: [u8; 4] = frame.payload[..].try_into().expect("an error code");
                    let code = u32::from_be_bytes(code);
                    response.reset = (code != 0).then_some(code);
                }
                kind => panic!("a frame of type {kind} on stream {}", frame.stream),
            }
            // A reset may follow the end.
            over[index] |= frame.flags & END_STREAM != 0 || frame.kind == Self::RST_STREAM;
        }
        responses
    }

    /// Reads until the server closes the connection; gives the error code of its GOAWAY.
    pub(crate) fn end(&mut self) -> u32 {
        let frames = self.until_end();
        let goaway = frames.iter().find(|frame| frame.kind == GOAWAY);
        let code = &goaway.expect("a GOAWAY").payload[4..8];
        u32::from_be_bytes(code.try_into().expect("an error code"))
    }

    /// Reads until the server closes the connection; gives all frames.
    pub(crate) fn until_end(&mut self) -> Vec<Frame> {
        let mut frames = Vec::new();
        loop {
            match self.try_frame() {
                Ok(frame) => frames.push(frame),
                Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {
                    panic!("the connection is not closed")
                }
                Err(_) => return frames,
            }
        }
    }
}

/// A request's field block: literals without Huffman coding and without a place in the table (RFC 7541, section 6.2.2).
fn block(method: &str, host: &str, path: &str, fields: &[(&str, &str)]) -> Vec<u8> {
    let pseudo = [
        (":method", method),
        (":scheme", "http"),
        (":authority", host),
        (":path", path),
    ];
    let mut block = Vec::new();
    for (name, value) in pseudo.iter().chain(fields) {
        block.push(0);
        for text in [name, value] {
            block.push(
                u8::try_from(text.len())
                    .ok()
                    .filter(|length| *length < 127)
                    .expect("a short text"),
            );
            block.extend(text.as_bytes());
        }
    }
    block
}

/// The status of a response, its first field: out of the static table, or three digits in Huffman code or plain.
fn status(block: &[u8]) -> u16 {
    match block {
        [first @ 0x88..=0x8E, ..] => [200, 204, 206, 304, 400, 404, 500][usize::from(first - 0x88)],
        [0x48 | 0x08, length, rest @ ..] => {
            let text = &rest[..usize::from(length & 0x7F)];
            if length & 0x80 == 0 {
                return std::str::from_utf8(text)
                    .expect("text")
                    .parse()
                    .expect("a number");
            }
            let bits = text
                .iter()
                .fold(0_u32, |bits, byte| bits << 8 | u32::from(*byte));
            let mut left = 8 * text.len() as u32;
            (0..3).fold(0, |number, _| {
                // RFC 7541, appendix B: 0, 1 and 2 have five bits, the other digits six.
                let five = bits >> (left - 5) & 0x1F;
                let digit = if five <= 2 {
                    left -= 5;
                    five
                } else {
                    left -= 6;
                    (bits >> left & 0x3F) - 0x19 + 3
                };
                10 * number + digit as u16
            })
        }
        other => panic!("no status first: {other:?}"),
    }
}

/// A frame (RFC 9113, section 4.1).
pub(crate) fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len())
        .expect("a short frame")
        .to_be_bytes();
    let mut frame = length[1..].to_vec();
    frame.extend([kind, flags]);
    frame.extend(stream.to_be_bytes());
    frame.extend(payload);
    frame
}
