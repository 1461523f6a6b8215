//! A server and a client, and peers that know no rules.

mod memory;

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use nano_worker::{CloseFrame, SocketEnd, SocketEvent, SocketMessage, socket_pair};
use tokio::io::{
    AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, DuplexStream, WriteHalf, duplex,
};
use tokio::task::JoinHandle;

use self::memory::Account;
use crate::{Config, Deflate, Ended, Role, RuntimeClock, run};

fn config(role: Role) -> Config {
    with(role, None)
}

fn with(role: Role, deflate: Option<Deflate>) -> Config {
    Config::of(role, deflate, Arc::new(RuntimeClock))
}

/// Speaks over a connection; gives the app's end.
fn speak(
    io: impl AsyncRead + AsyncWrite + Send + Unpin + 'static,
    config: Config,
) -> (SocketEnd, JoinHandle<Ended>) {
    let (own, app) = socket_pair();
    let task = tokio::spawn(async move {
        let gone = |_| CloseFrame::of(CloseFrame::FAILURE, "");
        run(io, &[], &own, &config, std::future::pending(), gone).await
    });
    (app, task)
}

fn text(text: &str) -> SocketMessage {
    SocketMessage::Text(Bytes::copy_from_slice(text.as_bytes()))
}

async fn message(end: &SocketEnd) -> SocketMessage {
    match end.next().await {
        SocketEvent::Message(message) => {
            end.taken(message.bytes().len());
            message
        }
        other => panic!("{other:?}"),
    }
}

/// A server, and the raw connection of a client that has sent this.
async fn server_hears(
    config: Config,
    bytes: &[u8],
) -> (SocketEnd, JoinHandle<Ended>, DuplexStream) {
    let (server, mut client) = duplex(1 << 20);
    let (app, task) = speak(server, config);
    client.write_all(bytes).await.unwrap();
    (app, task, client)
}

/// A client's frame, masked by zeros.
fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
    let length = match payload.len() {
        short @ 0..126 => vec![0x80 | short as u8],
        long => [&[0x80 | 126][..], &(long as u16).to_be_bytes()].concat(),
    };
    [&[first][..], &length, &[0; 4], payload].concat()
}

#[tokio::test]
async fn messages_go_both_ways() {
    let deflate = Some(Deflate { bits: 15 });
    for deflate in [None, deflate] {
        let (left, right) = duplex(1000);
        let (server, server_task) = speak(left, with(Role::Server, deflate));
        let (client, client_task) = speak(right, with(Role::Client, deflate));
        let long = "Ähnliches und Ähnlicheres. ".repeat(10_000);
        let random: Vec<u8> = (0..70_000u32)
            .map(|n| (n.wrapping_mul(2_654_435_761) >> 13) as u8)
            .collect();
        for content in [
            text(""),
            text("a"),
            text(&long),
            SocketMessage::Binary(random.into()),
        ] {
            assert!(server.put(content.clone()));
            assert_eq!(message(&client).await, content);
            assert!(client.put(content.clone()));
            assert_eq!(message(&server).await, content);
        }
        client.close(CloseFrame::of(3000, "enough"));
        assert_eq!(
            server.next().await,
            SocketEvent::Close(CloseFrame::of(3000, "enough"))
        );
        let echoed = CloseFrame {
            code: Some(3000),
            reason: "".into(),
        };
        assert_eq!(client.next().await, SocketEvent::Close(echoed));
        assert_eq!(server.next().await, SocketEvent::Gone(None));
        assert_eq!(client.next().await, SocketEvent::Gone(None));
        assert_eq!(server_task.await.unwrap(), Ended { fault: None });
        assert_eq!(client_task.await.unwrap(), Ended { fault: None });
    }
}

#[tokio::test]
async fn whoever_breaks_a_rule_is_told() {
    let compressed = with(Role::Server, Some(Deflate { bits: 15 }));
    let plain = || config(Role::Server);
    let unmasked = b"\x81\x01a".to_vec();
    let long_written = [&b"\x81\xfe\x00\x01"[..], &[0; 4], b"a"].concat();
    for (what, config, bytes, code) in [
        ("not masked", plain(), unmasked, 1002u16),
        ("length", plain(), long_written, 1002),
        ("opcode", plain(), frame(0x83, b""), 1002),
        ("control opcode", plain(), frame(0x8b, b""), 1002),
        ("rsv1", plain(), frame(0xc1, b"a"), 1002),
        ("rsv2", plain(), frame(0xa1, b"a"), 1002),
        (
            "rsv1 of a ping",
            compressed.clone(),
            frame(0xc9, b"a"),
            1002,
        ),
        ("fragmented ping", plain(), frame(0x09, b"a"), 1002),
        ("long ping", plain(), frame(0x89, &[0; 126]), 1002),
        ("nothing to continue", plain(), frame(0x80, b"a"), 1002),
        (
            "text in text",
            plain(),
            [frame(0x01, b"a"), frame(0x81, b"b")].concat(),
            1002,
        ),
        ("half a number", plain(), frame(0x88, b"a"), 1002),
        ("1005", plain(), frame(0x88, &1005u16.to_be_bytes()), 1002),
        ("2999", plain(), frame(0x88, &2999u16.to_be_bytes()), 1002),
        ("reason", plain(), frame(0x88, b"\x03\xe8\xff"), 1007),
        ("text", plain(), frame(0x81, b"\xff"), 1007),
        ("half a character", plain(), frame(0x81, b"\xc3"), 1007),
        ("text at once", plain(), frame(0x01, b"a\xff"), 1007),
        ("corrupt", compressed, frame(0xc1, &[0xff; 9]), 1007),
        (
            "too big",
            Config {
                max_message: 9,
                ..plain()
            },
            frame(0x82, &[0; 10]),
            1009,
        ),
        (
            "too big in pieces",
            Config {
                max_message: 9,
                ..plain()
            },
            [frame(0x02, &[0; 6]), frame(0x80, &[0; 6])].concat(),
            1009,
        ),
    ] {
        let (app, task, mut client) = server_hears(config, &bytes).await;
        let mut answer = [0; 4];
        client.read_exact(&mut answer).await.expect(what);
        assert_eq!(answer[0], 0x88, "{what}");
        assert_eq!(u16::from_be_bytes([answer[2], answer[3]]), code, "{what}");
        assert!(task.await.unwrap().fault.is_some(), "{what}");
        assert!(
            matches!(app.next().await, SocketEvent::Gone(Some(_))),
            "{what}"
        );
    }
}

#[tokio::test]
async fn a_character_may_be_in_two_frames() {
    let pieces = [
        frame(0x01, b"\xc3"),
        frame(0x89, b"ping"),
        frame(0x80, b"\xa4"),
    ]
    .concat();
    let (app, _task, mut client) = server_hears(config(Role::Server), &pieces).await;
    assert_eq!(message(&app).await, text("ä"));
    let mut pong = [0; 6];
    client.read_exact(&mut pong).await.unwrap();
    assert_eq!(&pong, b"\x8a\x04ping");
}

#[tokio::test]
async fn pings_are_answered_each_but_only_the_last_of_many() {
    let pings: Vec<u8> = (0..100u8).flat_map(|n| frame(0x89, &[n])).collect();
    let (server, mut client) = duplex(1 << 12);
    client.write_all(&pings).await.unwrap();
    let (_app, _task) = speak(server, config(Role::Server));
    for n in 84..100 {
        let mut pong = [0; 3];
        client.read_exact(&mut pong).await.unwrap();
        assert_eq!(pong, [0x8a, 1, n]);
    }
}

#[tokio::test]
async fn many_frames_take_many_turns() {
    let piece = &[b'a'; 64];
    let pieces = frame(0x00, piece).repeat(10_000);
    let bytes = [frame(0x01, piece), pieces, frame(0x80, piece)].concat();
    let (app, _task, _client) = server_hears(config(Role::Server), &bytes).await;
    let mut turns = 0;
    loop {
        tokio::select! {
            biased;
            _ = app.next() => break,
            () = tokio::task::yield_now() => turns += 1,
        }
    }
    assert!(turns >= 10_000 / 128, "{turns}");
}

/// There is always more to read, which takes all that a task may do at a time.
#[tokio::test]
async fn what_the_app_says_leaves_beside_a_message_without_end() {
    let (server, client) = duplex(1 << 16);
    let (app, _task) = speak(server, config(Role::Server));
    let (mut read, mut write) = tokio::io::split(client);
    tokio::spawn(async move {
        let mut bytes = frame(0x02, &[b'a'; 100]);
        while write.write_all(&bytes).await.is_ok() {
            bytes = frame(0x00, &[b'a'; 100]).repeat(600);
        }
    });
    for _ in 0..200 {
        assert!(app.put(text("x")));
        let mut heard = [0; 3];
        let soon = Duration::from_millis(500);
        let come = tokio::time::timeout(soon, read.read_exact(&mut heard)).await;
        come.expect("it is not sent").unwrap();
        assert_eq!(&heard, b"\x81\x01x");
    }
}

/// Counts writes.
struct Writes(WriteHalf<DuplexStream>, Arc<AtomicUsize>);

impl AsyncWrite for Writes {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<std::io::Result<usize>> {
        self.1.fetch_add(1, Ordering::Relaxed);
        Pin::new(&mut self.0).poll_write(context, bytes)
    }

    fn poll_flush(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(context)
    }

    fn poll_shutdown(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(context)
    }
}

#[tokio::test]
async fn pings_that_come_together_cost_one_write() {
    let pings = frame(0x89, b"?").repeat(10);
    let (server, mut client) = duplex(1 << 12);
    client.write_all(&pings).await.unwrap();
    let (read, write) = tokio::io::split(server);
    let writes = Arc::new(AtomicUsize::new(0));
    let server = tokio::io::join(read, Writes(write, writes.clone()));
    let (_app, _task) = speak(server, config(Role::Server));
    let mut pongs = [0; 30];
    client.read_exact(&mut pongs).await.unwrap();
    assert_eq!(pongs.to_vec(), b"\x8a\x01?".repeat(10));
    assert_eq!(writes.load(Ordering::Relaxed), 1);
}

/// The clock stands still: nothing is earned by time.
#[tokio::test(start_paused = true)]
async fn who_sends_frames_that_bring_nothing_is_told_and_left() {
    let told = b"\x88\x24\x03\xf0too many frames that bring nothing";
    for (what, begin, again) in [
        ("pings", frame(0x89, b""), frame(0x89, b"")),
        ("long pings", frame(0x89, b""), frame(0x89, &[0; 125])),
        ("pongs", frame(0x8a, b""), frame(0x8a, b"")),
        ("empty pieces", frame(0x01, b"a"), frame(0x00, b"")),
        ("tiny pieces", frame(0x02, b"a"), frame(0x00, b"a")),
    ] {
        let few = [begin.clone(), again.repeat(900)].concat();
        let (_app, task, mut client) = server_hears(config(Role::Server), &few).await;
        tokio::time::sleep(Duration::from_millis(1)).await;
        assert!(!task.is_finished(), "{what}");
        client.write_all(&again.repeat(200)).await.unwrap();
        let mut answer = Vec::new();
        client.read_to_end(&mut answer).await.unwrap();
        assert!(answer.ends_with(told), "{what}");
        let ended = task.await.unwrap();
        assert!(ended.fault.unwrap().contains("too many frames"), "{what}");
    }
    // A server's are not masked.
    let (mut server, client) = duplex(1 << 16);
    let (_app, task) = speak(client, config(Role::Client));
    server.write_all(&b"\x89\x00".repeat(1100)).await.unwrap();
    assert!(task.await.unwrap().fault.unwrap().contains("too many"));
}

#[tokio::test(start_paused = true)]
async fn compressed_data_with_nothing_in_it_is_bounded() {
    let config = || with(Role::Server, Some(Deflate { bits: 15 }));
    // A block that is stored, and empty.
    let nothing = |bytes: usize| b"\x00\x00\x00\xff\xff".repeat(bytes / 5);
    let few = frame(0x42, &nothing(10_000));
    let (_app, task, mut client) = server_hears(config(), &few).await;
    tokio::time::sleep(Duration::from_millis(1)).await;
    assert!(!task.is_finished());
    client
        .write_all(&frame(0x00, &nothing(10_000)))
        .await
        .unwrap();
    assert!(task.await.unwrap().fault.unwrap().contains("too many"));
    // Messages of it are taken, and cost less than it does.
    let (server, mut client) = duplex(1 << 20);
    let (_app, task) = speak(server, config());
    let many = frame(0xc2, &nothing(1_000)).repeat(30);
    client.write_all(&many).await.unwrap();
    assert!(task.await.unwrap().fault.unwrap().contains("too many"));
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_compressed_is_not_too_much_and_others_have_their_turns() {
    let mut state = 1_u32;
    let noise: Vec<u8> = std::iter::repeat_with(|| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        state.to_be_bytes()[0]
    })
    .take(60_000)
    .collect();
    let mut deflater = crate::deflate::Deflater::new(15);
    let mut folded = Vec::with_capacity(1 << 20);
    assert!(deflater.step(&noise, &mut folded).unwrap().1);
    crate::deflate::without_tail(&mut folded);
    assert!(folded.len() > noise.len());
    let (server, mut client) = duplex(1 << 20);
    let (app, _task) = speak(server, with(Role::Server, Some(Deflate { bits: 15 })));
    client.write_all(&frame(0xc2, &folded)).await.unwrap();
    let turns = Arc::new(AtomicUsize::new(0));
    let count = turns.clone();
    tokio::spawn(async move {
        loop {
            count.fetch_add(1, Ordering::Relaxed);
            tokio::task::yield_now().await;
        }
    });
    assert_eq!(message(&app).await, SocketMessage::Binary(noise.into()));
    assert!(turns.load(Ordering::Relaxed) > 50, "{turns:?}");
}

#[tokio::test(start_paused = true)]
async fn what_an_app_takes_is_never_too_much() {
    let (server, client) = duplex(1 << 12);
    let (app, _task) = speak(server, config(Role::Server));
    let (mut read, mut write) = tokio::io::split(client);
    tokio::spawn(async move { while read.read_u8().await.is_ok() {} });
    let messages = 5_000;
    tokio::spawn(async move {
        let each = [
            frame(0x89, b""),
            frame(0x01, b"small "),
            frame(0x80, b"one"),
        ]
        .concat();
        for _ in 0..messages {
            write.write_all(&each).await.unwrap();
        }
    });
    for _ in 0..messages {
        assert_eq!(message(&app).await, text("small one"));
    }
}

#[tokio::test(start_paused = true)]
async fn a_ping_now_and_then_is_none_too_many() {
    let (app, _task, mut client) = server_hears(config(Role::Server), b"").await;
    let mut pong = [0; 2];
    for _ in 0..3_000 {
        client.write_all(&frame(0x89, b"")).await.unwrap();
        client.read_exact(&mut pong).await.unwrap();
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    client.write_all(&frame(0x81, b"a")).await.unwrap();
    assert_eq!(message(&app).await, text("a"));
}

#[tokio::test]
async fn a_close_frame_without_a_number_is_one() {
    let (app, task, mut client) = server_hears(config(Role::Server), &frame(0x88, b"")).await;
    assert_eq!(app.next().await, SocketEvent::Close(CloseFrame::default()));
    let mut answer = Vec::new();
    client.read_to_end(&mut answer).await.unwrap();
    assert_eq!(answer, b"\x88\x00");
    assert_eq!(task.await.unwrap(), Ended { fault: None });
}

#[tokio::test(start_paused = true)]
async fn a_silent_peer_is_asked_and_given_up() {
    let (app, task, mut client) = server_hears(config(Role::Server), b"").await;
    let mut ping = [0; 2];
    client.read_exact(&mut ping).await.unwrap();
    assert_eq!(ping, [0x89, 0]);
    client.write_all(&frame(0x8a, b"")).await.unwrap();
    client.read_exact(&mut ping).await.unwrap();
    assert_eq!(ping, [0x89, 0], "it is asked again later");
    assert!(task.await.unwrap().fault.unwrap().contains("pings"));
    assert!(matches!(app.next().await, SocketEvent::Gone(Some(_))));
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_does_not_close_is_left() {
    let (app, task, mut client) = server_hears(config(Role::Server), b"").await;
    app.close(CloseFrame::of(1000, ""));
    let mut sent = [0; 4];
    client.read_exact(&mut sent).await.unwrap();
    assert_eq!(sent, [0x88, 2, 0x03, 0xe8]);
    assert!(task.await.unwrap().fault.is_some());
}

#[tokio::test]
async fn an_app_that_is_gone_is_told_of() {
    let (app, _task, mut client) = server_hears(config(Role::Server), b"").await;
    drop(app);
    let mut sent = [0; 4];
    client.read_exact(&mut sent).await.unwrap();
    assert_eq!(sent, [0x88, 2, 0x03, 0xf3]);
}

#[tokio::test(start_paused = true)]
async fn a_message_that_has_begun_has_to_go_on() {
    for (bytes, seconds, is_slow) in [(1, 20, true), (10_000, 20, false)] {
        let (server, mut client) = duplex(1 << 20);
        let (_app, task) = speak(server, config(Role::Server));
        client.write_all(&frame(0x02, b"begun")).await.unwrap();
        let piece = frame(0x00, &vec![1; bytes]);
        for _ in 0..5 {
            tokio::time::sleep(Duration::from_secs(seconds)).await;
            // It may be over.
            let _ = client.write_all(&piece).await;
        }
        tokio::time::sleep(Duration::from_secs(1)).await;
        assert_eq!(task.is_finished(), is_slow, "{bytes} bytes");
        if is_slow {
            assert!(task.await.unwrap().fault.unwrap().contains("too slowly"));
        }
    }
}

/// The clock stands still: nothing is earned by time.
#[tokio::test(start_paused = true)]
async fn what_was_on_its_way_to_an_app_that_is_gone_is_no_flood() {
    let (app, task, client) = server_hears(config(Role::Server), b"").await;
    let (mut read, mut write) = tokio::io::split(client);
    drop(app);
    let many = frame(0x82, b"ten bytes.").repeat(5_000);
    write.write_all(&many).await.unwrap();
    let mut told = [0; 4];
    read.read_exact(&mut told).await.unwrap();
    assert_eq!(told, [0x88, 2, 0x03, 0xf3]);
    write.write_all(&many).await.unwrap();
    write.write_all(&frame(0x88, b"")).await.unwrap();
    assert_eq!(task.await.unwrap(), Ended { fault: None });
    // Who does not stop is one.
    let (app, task, mut client) = server_hears(config(Role::Server), b"").await;
    drop(app);
    let many = frame(0x82, b"").repeat(20_000);
    client.write_all(&many).await.unwrap();
    assert!(task.await.unwrap().fault.unwrap().contains("too many"));
}

/// Frames that are more or less some, in pieces: whatever comes, the connection ends, and everything comes back.
#[tokio::test]
async fn whatever_comes_has_an_end() {
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    let mut random = move |below: u64| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state % below
    };
    for round in 0..400 {
        let mut bytes = Vec::new();
        for _ in 0..random(6) {
            let first = match random(4) {
                0 => random(256) as u8,
                1 => 0x40 | random(3) as u8,
                2 => 0xc0 | random(11) as u8,
                _ => 0x80 | random(11) as u8,
            };
            let payload: Vec<u8> = (0..random(300)).map(|_| random(256) as u8).collect();
            bytes.extend(frame(first, &payload));
            if random(8) == 0 {
                let length = bytes.len();
                bytes.truncate(length - random(length as u64) as usize);
            }
        }
        let deflate = (round % 2 == 0).then_some(Deflate { bits: 15 });
        let config = Config {
            max_message: random(500) as usize,
            ..with(Role::Server, deflate)
        };
        let (server, mut client) = duplex(1 << 16);
        let (app, task) = speak(server, config);
        let left = Arc::new(AtomicUsize::new(1 << 20));
        app.set_account(Arc::new(Account(left.clone())));
        for piece in bytes.chunks(1 + random(400) as usize) {
            if client.write_all(piece).await.is_err() {
                break;
            }
        }
        let heard =
            tokio::spawn(async move { while !matches!(app.next().await, SocketEvent::Gone(_)) {} });
        // Who does not read is no reason to stay.
        drop(client);
        task.await.expect("no panic");
        heard.await.expect("it hears the end");
        assert_eq!(left.load(Ordering::Relaxed), 1 << 20, "round {round}");
    }
}
