//! What messages take of an app's memory.

use nano_worker::{SocketAccount, SocketCharge};

use super::*;

/// An app with so much memory.
pub(super) struct Account(pub(super) Arc<AtomicUsize>);

struct Charge(Arc<AtomicUsize>, usize);

impl SocketAccount for Account {
    fn charge(&self) -> Box<dyn SocketCharge> {
        Box::new(Charge(self.0.clone(), 0))
    }
}

impl SocketCharge for Charge {
    fn try_grow(&mut self, bytes: usize) -> bool {
        let taken = |left: usize| left.checked_sub(bytes);
        let fits = self
            .0
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, taken)
            .is_ok();
        self.1 += if fits { bytes } else { 0 };
        fits
    }

    fn grow(&mut self, bytes: usize) -> std::pin::Pin<Box<dyn Future<Output = bool> + Send + '_>> {
        Box::pin(std::future::ready(self.try_grow(bytes)))
    }

    fn give_back(&mut self, bytes: usize) {
        self.0.fetch_add(bytes, Ordering::Relaxed);
        self.1 -= bytes;
    }
}

impl Drop for Charge {
    fn drop(&mut self) {
        self.0.fetch_add(self.1, Ordering::Relaxed);
    }
}

#[tokio::test]
async fn what_unfolds_to_much_is_bounded() {
    let zeros = vec![0; 50 << 20];
    let mut deflater = crate::deflate::Deflater::new(15);
    let mut bomb = Vec::with_capacity(1 << 20);
    assert!(deflater.step(&zeros, &mut bomb).unwrap().1);
    crate::deflate::without_tail(&mut bomb);
    assert!(bomb.len() > 1 << 15, "several reads");
    let parts: Vec<&[u8]> = bomb.chunks(60_000).collect();
    let mut bytes = Vec::new();
    for (index, part) in parts.iter().enumerate() {
        let first = if index == 0 { 0x42 } else { 0x00 };
        let last = if index + 1 == parts.len() { 0x80 } else { 0x00 };
        bytes.extend(frame(first | last, part));
    }
    let config = with(Role::Server, Some(Deflate { bits: 15 }));
    let (server, mut client) = duplex(1 << 20);
    let (app, task) = speak(server, config);
    let left = Arc::new(AtomicUsize::new(4 << 20));
    app.set_account(Arc::new(Account(left.clone())));
    client.write_all(&bytes).await.unwrap();
    let mut answer = [0; 4];
    client.read_exact(&mut answer).await.unwrap();
    assert_eq!(u16::from_be_bytes([answer[2], answer[3]]), 1009);
    assert!(task.await.unwrap().fault.unwrap().contains("memory"));
    drop(app);
    assert_eq!(left.load(Ordering::Relaxed), 4 << 20, "all came back");
}

/// Counts how often it is asked.
struct Asked(Arc<AtomicUsize>);

impl SocketAccount for Asked {
    fn charge(&self) -> Box<dyn SocketCharge> {
        Box::new(Self(self.0.clone()))
    }
}

impl SocketCharge for Asked {
    fn try_grow(&mut self, _: usize) -> bool {
        self.0.fetch_add(1, Ordering::Relaxed);
        true
    }

    fn grow(&mut self, bytes: usize) -> std::pin::Pin<Box<dyn Future<Output = bool> + Send + '_>> {
        Box::pin(std::future::ready(self.try_grow(bytes)))
    }

    fn give_back(&mut self, _: usize) {}
}

#[tokio::test]
async fn a_message_in_pieces_has_room_ahead_and_does_without() {
    let pieces = frame(0x00, &[1; 100]).repeat(999);
    let bytes = [frame(0x02, &[1; 100]), pieces, frame(0x80, b"")].concat();
    let asked = Arc::new(AtomicUsize::new(0));
    let little = Arc::new(AtomicUsize::new(101_000));
    let accounts: [Arc<dyn SocketAccount>; 2] =
        [Arc::new(Asked(asked.clone())), Arc::new(Account(little))];
    for account in accounts {
        let (server, mut client) = duplex(1 << 20);
        let (app, _task) = speak(server, config(Role::Server));
        app.set_account(account);
        client.write_all(&bytes).await.unwrap();
        assert_eq!(message(&app).await.bytes().len(), 100_000);
    }
    let asked = asked.load(Ordering::Relaxed);
    assert!(asked < 20, "{asked} times");
}

#[tokio::test]
async fn an_app_that_takes_nothing_is_sent_no_more() {
    let (server, client) = duplex(1 << 10);
    let (app, _task) = speak(server, config(Role::Server));
    let left = Arc::new(AtomicUsize::new(64 << 20));
    app.set_account(Arc::new(Account(left.clone())));
    let (_read, mut write) = tokio::io::split(client);
    let sent = Arc::new(AtomicUsize::new(0));
    let count = sent.clone();
    tokio::spawn(async move {
        let piece = frame(0x82, &[1; 10_000]);
        while write.write_all(&piece).await.is_ok() {
            count.fetch_add(1, Ordering::Relaxed);
        }
    });
    tokio::time::sleep(Duration::from_millis(300)).await;
    let before = sent.load(Ordering::Relaxed);
    assert!((20..60).contains(&before), "{before}");
    for _ in 0..40 {
        message(&app).await;
    }
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert!(sent.load(Ordering::Relaxed) > before);
}
