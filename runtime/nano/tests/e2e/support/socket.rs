//! WebSockets, by hand: what a test sends is not what a library would let it.

use super::{Connection, Nano, Response};

/// A client's side of a WebSocket.
pub(crate) struct Socket(pub(crate) Connection);

/// The first byte of frames.
pub(crate) const TEXT: u8 = 0x81;
pub(crate) const BINARY: u8 = 0x82;
pub(crate) const CLOSE: u8 = 0x88;
pub(crate) const PING: u8 = 0x89;
pub(crate) const PONG: u8 = 0x8a;

/// The head of a handshake, with more fields.
pub(crate) fn handshake(host: &str, path: &str, fields: &str) -> String {
    format!(
        "GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
         Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n{fields}\r\n"
    )
}

impl Socket {
    /// Opens one that must open.
    pub(crate) fn open(nano: &Nano, host: &str, path: &str) -> Self {
        let (response, socket) = Self::ask(nano, host, path, "");
        assert_eq!(response.status, 101);
        assert_eq!(
            response.header("sec-websocket-accept"),
            Some("s3pPLMBiTxaQ9kYGzzhZRbK+xOo=")
        );
        socket
    }

    /// Asks for one; gives the head of the response.
    pub(crate) fn ask(nano: &Nano, host: &str, path: &str, fields: &str) -> (Response, Self) {
        let mut connection = nano.connect();
        connection.write(&handshake(host, path, fields));
        let head = connection.head();
        (head, Self(connection))
    }

    /// Sends a frame, masked by what changes nothing.
    pub(crate) fn send(&mut self, first: u8, payload: &[u8]) {
        let frame = frame(first, payload);
        self.0.write_bytes(&frame).expect("a connection");
    }

    pub(crate) fn text(&mut self, text: &str) {
        self.send(TEXT, text.as_bytes());
    }

    /// The next frame: its first byte, and its payload.
    pub(crate) fn frame(&mut self) -> (u8, Vec<u8>) {
        let head = self.0.bytes(2);
        let length = match head[1] {
            126 => {
                let length = self.0.bytes(2);
                usize::from(u16::from_be_bytes([length[0], length[1]]))
            }
            127 => {
                let length: [u8; 8] = self.0.bytes(8).try_into().expect("eight bytes");
                u64::from_be_bytes(length) as usize
            }
            short => usize::from(short),
        };
        (head[0], self.0.bytes(length))
    }

    /// The next frame, which is a text.
    pub(crate) fn next_text(&mut self) -> String {
        let (first, payload) = self.frame();
        assert_eq!(first, TEXT, "{}", String::from_utf8_lossy(&payload));
        String::from_utf8(payload).expect("UTF-8")
    }

    /// The number of the next frame, which is a close.
    pub(crate) fn closed(&mut self) -> u16 {
        let (first, payload) = self.frame();
        assert_eq!(first, CLOSE, "{}", String::from_utf8_lossy(&payload));
        u16::from_be_bytes([payload[0], payload[1]])
    }
}

/// A client's frame.
pub(crate) fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
    let length = match payload.len() {
        short @ 0..126 => vec![0x80 | short as u8],
        medium @ 126..65_536 => [&[0x80 | 126][..], &(medium as u16).to_be_bytes()].concat(),
        long => [&[0x80 | 127][..], &(long as u64).to_be_bytes()].concat(),
    };
    [&[first][..], &length, &[0; 4], payload].concat()
}
