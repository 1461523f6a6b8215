//! A server of HTTP/1.1 that keeps what it is asked.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use super::eventually;

/// A request that a [`Recorder`] has been sent.
#[derive(Debug, Clone)]
pub(crate) struct Recorded {
    /// Method and target.
    pub(crate) line: String,
    /// Names in lower case.
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Recorded {
    /// The only value of a field.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let mut values = self.headers.iter().filter(|(field, _)| field == name);
        let value = values.next().map(|(_, value)| value.as_str());
        assert!(values.next().is_none(), "{name} occurs more than once");
        value
    }
}

/// A server that keeps what it is asked, until it is dropped with the test.
pub(crate) struct Recorder {
    pub(crate) port: u16,
    requests: Arc<Mutex<Vec<Recorded>>>,
}

/// What a [`Recorder`] answers: the bytes of a response, or nothing, ever.
pub(crate) type Answer = Option<Vec<u8>>;

impl Recorder {
    /// Answers each request as `answer` says, of which it has a number, from 0 on.
    pub(crate) fn start(
        answer: impl Fn(usize, &Recorded) -> Answer + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let requests = Arc::<Mutex<Vec<Recorded>>>::default();
        let (kept, answer) = (requests.clone(), Arc::new(answer));
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let (kept, answer) = (kept.clone(), answer.clone());
                std::thread::spawn(move || {
                    let stream = stream.expect("a connection");
                    let mut reader = BufReader::new(&stream);
                    while let Some(request) = read(&mut reader) {
                        let number = {
                            let mut kept = kept.lock().unwrap();
                            kept.push(request.clone());
                            kept.len() - 1
                        };
                        let Some(bytes) = answer(number, &request) else {
                            return hang(&stream);
                        };
                        if (&stream).write_all(&bytes).is_err() {
                            return;
                        }
                    }
                });
            }
        });
        Self { port, requests }
    }

    /// What it has been asked so far.
    pub(crate) fn requests(&self) -> Vec<Recorded> {
        self.requests.lock().unwrap().clone()
    }

    /// Waits for the first request that is like this.
    pub(crate) fn request(&self, what: &str, is: impl Fn(&Recorded) -> bool) -> Recorded {
        eventually(what, || self.requests().into_iter().find(&is))
    }
}

/// A response of a text.
pub(crate) fn response(status: &str, text: &str) -> Vec<u8> {
    let length = text.len();
    format!("HTTP/1.1 {status}\r\ncontent-length: {length}\r\n\r\n{text}").into_bytes()
}

/// Waits for the client's end.
fn hang(mut stream: &TcpStream) {
    while stream.read(&mut [0; 1024]).is_ok_and(|count| count > 0) {}
}

fn read(reader: &mut BufReader<&TcpStream>) -> Option<Recorded> {
    let mut line = || {
        let mut line = String::new();
        let count = reader.read_line(&mut line).ok()?;
        (count > 0).then(|| line.trim_end().to_owned())
    };
    let first = line()?;
    let mut headers = Vec::new();
    loop {
        let line = line()?;
        let Some((name, value)) = line.split_once(':') else {
            break;
        };
        headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
    }
    let length = headers.iter().find(|(name, _)| name == "content-length");
    let length = length.map_or(0, |(_, value)| value.parse().expect("a length"));
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    Some(Recorded {
        line: first.trim_end_matches(" HTTP/1.1").to_owned(),
        headers,
        body,
    })
}
