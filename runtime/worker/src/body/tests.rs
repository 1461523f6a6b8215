use std::io::IoSlice;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use bytes::{Buf as _, Bytes};
use futures_util::FutureExt as _;

use super::*;

fn next(stream: &mut BodyStream) -> Option<Option<Result<Bytes, BodyError>>> {
    stream.next().now_or_never()
}

fn all(stream: &mut BodyStream) -> Option<Option<Result<Batch, BodyError>>> {
    std::future::poll_fn(|context| stream.poll_batch(context)).now_or_never()
}

fn put(writer: &BodyWriter, chunk: &'static str) -> Put {
    writer.put(Bytes::from_static(chunk.as_bytes()))
}

#[test]
fn bytes_are_taken_off_a_batch() {
    let (writer, mut stream) = BodyStream::bounded(100, None);
    for chunk in ["abc", "de", "f"] {
        put(&writer, chunk);
    }
    let mut batch = all(&mut stream).unwrap().unwrap().unwrap();
    for (count, bytes) in [(2, "ab"), (1, "c"), (0, ""), (3, "def")] {
        assert_eq!(batch.copy_to_bytes(count), bytes);
    }
    assert!(!batch.has_remaining());
}

#[test]
fn a_finished_body_ends() {
    let (writer, mut stream) = BodyStream::bounded(2, Some(3));
    let chunk = Bytes::from_static(b"abc");
    assert_eq!(writer.write(chunk.clone()).now_or_never(), Some(true));
    writer.finish();
    assert_eq!(next(&mut stream), Some(Some(Ok(chunk))));
    assert_eq!(next(&mut stream), Some(None));
    assert_eq!(next(&mut stream), Some(None));
}

#[test]
fn a_body_of_another_length_than_stated_fails() {
    let wrong = |stream: &mut BodyStream| {
        let error = next(stream).unwrap().unwrap().unwrap_err();
        assert_eq!(next(stream), Some(None));
        error.message.to_string()
    };
    let (writer, mut stream) = BodyStream::bounded(10, Some(3));
    put(&writer, "ab");
    writer.finish();
    assert_eq!(next(&mut stream), Some(Some(Ok("ab".into()))));
    assert!(wrong(&mut stream).contains("less than the 3 bytes"));

    let (writer, mut stream) = BodyStream::bounded(10, Some(3));
    put(&writer, "ab");
    assert_eq!(put(&writer, "cd"), Put::TooLong { stated: 3 });
    // What is there must not look whole, whatever follows.
    assert_eq!(writer.write("c".into()).now_or_never(), Some(false));
    writer.finish();
    assert_eq!(next(&mut stream), Some(Some(Ok("ab".into()))));
    assert!(wrong(&mut stream).contains("more than the 3 bytes"));

    let (writer, mut stream) = BodyStream::bounded(10, Some(0));
    writer.finish();
    assert_eq!(next(&mut stream), Some(None));
}

#[test]
fn what_fails_within_its_start_is_known_with_its_first_chunks() {
    let failure = |stream: &mut BodyStream| {
        std::future::poll_fn(|context| stream.poll_first_failure(context)).now_or_never()
    };
    for is_whole in [false, true] {
        let (writer, mut stream) = BodyStream::bounded(10, Some(3));
        let start = writer.start();
        put(&writer, "ab");
        assert!(next(&mut stream).is_some());
        assert_eq!(failure(&mut stream), None, "the start is not over");
        if is_whole {
            writer.finish();
        }
        drop(start);
        writer.finish();
        let known = failure(&mut stream).expect("the start is over");
        assert_eq!(known.is_some(), is_whole);
    }
}

#[test]
fn a_dropped_writer_is_an_error() {
    let (writer, mut stream) = BodyStream::bounded(1, None);
    drop(writer);
    let error = next(&mut stream).unwrap().unwrap().unwrap_err();
    assert_eq!(error.kind, BodyErrorKind::CutShort);
    assert_eq!(next(&mut stream), Some(None));
}

#[test]
fn an_error_comes_after_the_chunks_before_it() {
    let (writer, mut stream) = BodyStream::bounded(1, None);
    assert_eq!(put(&writer, "abc"), Put::Full);
    let error = BodyError::new(BodyErrorKind::App, "broken");
    writer.fail(error.clone());
    assert_eq!(all(&mut stream).unwrap().unwrap().unwrap().chunk(), b"abc");
    assert_eq!(next(&mut stream), Some(Some(Err(error))));
    assert_eq!(next(&mut stream), Some(None));
}

fn first(stream: &mut BodyStream) -> Option<Option<Option<Result<Batch, BodyError>>>> {
    std::future::poll_fn(|context| stream.poll_first(context)).now_or_never()
}

#[test]
fn what_a_body_begins_with_is_waited_for_while_its_writer_starts() {
    let chunk = |there: Option<Option<Option<Result<Batch, BodyError>>>>| {
        let batch = there.unwrap().unwrap().unwrap();
        batch.map(|batch| batch.chunk().to_vec())
    };
    let (writer, mut stream) = BodyStream::bounded(9, None);
    assert!(matches!(first(&mut stream), Some(None)));
    let start = writer.start();
    assert!(first(&mut stream).is_none());
    put(&writer, "abc");
    assert_eq!(chunk(first(&mut stream)).unwrap(), b"abc");
    assert!(first(&mut stream).is_none());
    drop(start);
    // What comes later does not count, however late the reader looks.
    put(&writer, "abc");
    assert!(matches!(first(&mut stream), Some(None)));
    let start = writer.start();
    assert_eq!(chunk(first(&mut stream)).unwrap(), b"abc");
    let error = BodyError::new(BodyErrorKind::App, "broken");
    writer.fail(error.clone());
    assert_eq!(chunk(first(&mut stream)), Err(error));
    drop(start);
}

#[tokio::test]
async fn the_end_of_a_start_wakes_who_waits() {
    let (writer, mut stream) = BodyStream::bounded(9, None);
    let start = writer.start();
    let waits = tokio::spawn(async move {
        std::future::poll_fn(|context| stream.poll_first(context))
            .await
            .is_none()
    });
    tokio::task::yield_now().await;
    assert!(!waits.is_finished());
    drop(start);
    assert!(waits.await.unwrap());
}

#[test]
fn who_leaves_before_the_end_is_told_of() {
    for (reads, expected) in [(0, false), (1, false), (2, true)] {
        let (told, heard) = std::sync::mpsc::channel();
        let (writer, mut stream) = BodyStream::bounded(16, None);
        stream.at_end(move |complete| told.send(complete).unwrap());
        writer.put(Bytes::from_static(b"abc"));
        writer.finish();
        for _ in 0..reads {
            next(&mut stream).unwrap();
        }
        drop(stream);
        assert_eq!(heard.try_iter().collect::<Vec<_>>(), [expected]);
    }
}

#[test]
fn a_failure_from_elsewhere_ends_a_body_whose_writer_is_silent() {
    let (writer, mut stream) = BodyStream::bounded(1, None);
    let error = BodyError::new(BodyErrorKind::CutShort, "gone");
    stream.fail_with(std::future::ready(error.clone()));
    assert_eq!(put(&writer, "abc"), Put::Full);
    assert_eq!(
        next(&mut stream),
        Some(Some(Ok(Bytes::from_static(b"abc"))))
    );
    assert_eq!(next(&mut stream), Some(Some(Err(error))));
    assert_eq!(next(&mut stream), Some(None));
}

/// Has somebody told what waits, who keeps something.
fn keep(stream: &BodyStream, guard: Arc<()>) {
    stream.measure(move |_| assert!(Arc::strong_count(&guard) > 0));
}

/// Has somebody told what waits, which takes so many bytes as of now.
fn measured(stream: &BodyStream) -> Arc<AtomicUsize> {
    let waiting = Arc::new(AtomicUsize::new(usize::MAX));
    let told = waiting.clone();
    stream.measure(move |bytes| told.store(bytes, Relaxed));
    waiting
}

/// Each may be a byte of a buffer that it keeps.
#[test]
fn small_chunks_that_wait_are_one() {
    const CHUNK: usize = size_of::<Bytes>();
    let (writer, mut stream) = BodyStream::bounded(1 << 20, None);
    let waiting = measured(&stream);
    let text = "0123456789".repeat(1000);
    let buffer = Bytes::from(text.clone());
    for index in 0..text.len() {
        assert_ne!(writer.put(buffer.slice(index..=index)), Put::Gone);
    }
    assert_eq!(waiting.load(Relaxed), text.len() + 4 * CHUNK);
    put(&writer, "x".repeat(5000).leak());
    put(&writer, "y");
    let mut read = String::new();
    let mut sizes = Vec::new();
    while waiting.load(Relaxed) > 0 {
        let chunk = next(&mut stream).unwrap().unwrap().unwrap();
        sizes.push(chunk.len());
        read.push_str(std::str::from_utf8(&chunk).expect("text"));
    }
    assert_eq!(sizes, [1, 4096, 4096, text.len() - 1 - 2 * 4096, 5000, 1]);
    assert_eq!(read, text + &"x".repeat(5000) + "y");
}

#[test]
fn joined_chunks_are_counted_until_they_are_gone() {
    struct Counted {
        bytes: Bytes,
        _owner: Arc<()>,
    }
    impl AsRef<[u8]> for Counted {
        fn as_ref(&self) -> &[u8] {
            &self.bytes
        }
    }
    let (writer, mut stream) = BodyStream::bounded(1 << 20, None);
    let owner = Arc::new(());
    let owns = owner.clone();
    writer.on_joined(move |bytes| {
        let _owner = owns.clone();
        Bytes::from_owner(Counted { bytes, _owner })
    });
    for chunk in ["a", "b", "c"] {
        put(&writer, chunk);
    }
    let mut batch = all(&mut stream).unwrap().unwrap().unwrap();
    assert_eq!(Arc::strong_count(&owner), 3);
    batch.advance(2);
    assert_eq!((batch.chunk(), Arc::strong_count(&owner)), (&b"c"[..], 3));
    drop(batch);
    assert_eq!(Arc::strong_count(&owner), 2);
}

/// A body whose sender may send as many bytes as it says.
fn flowing() -> (BodyWriter, BodyStream, Arc<AtomicUsize>) {
    let (writer, stream) = BodyStream::bounded(4, None);
    let taken = Arc::new(AtomicUsize::new(0));
    let told = taken.clone();
    writer.on_taken(move |bytes| {
        told.fetch_add(bytes, Relaxed);
    });
    (writer, stream, taken)
}

#[test]
fn who_sends_is_told_what_is_taken_or_left() {
    let (writer, mut stream, taken) = flowing();
    put(&writer, "abc");
    put(&writer, "d");
    assert_eq!(taken.load(Relaxed), 0, "it waits");
    assert!(next(&mut stream).is_some());
    assert_eq!(taken.load(Relaxed), 3);
    put(&writer, "ef");
    assert!(all(&mut stream).is_some());
    assert_eq!(taken.load(Relaxed), 6);
    put(&writer, "gh");
    drop(stream);
    assert_eq!(taken.load(Relaxed), 8, "left behind");
    assert_eq!(Arc::strong_count(&taken), 1);
}

#[test]
fn who_sends_is_told_of_what_waits_at_the_end_once() {
    let gone = BodyError::new(BodyErrorKind::CutShort, "gone");
    for is_withdrawn in [false, true] {
        let (writer, mut stream, taken) = flowing();
        put(&writer, "abc");
        if is_withdrawn {
            writer.withdraw(gone.clone());
        } else {
            writer.finish();
        }
        assert_eq!((taken.load(Relaxed), Arc::strong_count(&taken)), (3, 1));
        let first = next(&mut stream).unwrap().unwrap();
        assert_eq!(first.is_err(), is_withdrawn);
        assert_eq!(taken.load(Relaxed), 3);
    }
}

#[test]
fn what_waits_is_told_as_it_comes_and_goes() {
    const CHUNK: usize = size_of::<Bytes>();
    let (writer, mut stream) = BodyStream::bounded(100, Some(1 << 20));
    put(&writer, "abc");
    let waiting = measured(&stream);
    assert_eq!(waiting.load(Relaxed), 3 + CHUNK, "what was there");
    put(&writer, "de");
    assert_eq!(waiting.load(Relaxed), 5 + 2 * CHUNK);
    assert!(next(&mut stream).is_some());
    assert_eq!(waiting.load(Relaxed), 2 + CHUNK);
    put(&writer, "f");
    assert!(all(&mut stream).is_some());
    assert_eq!(waiting.load(Relaxed), 0);
    let direct = BodyStream::direct(futures_util::stream::pending(), None);
    assert_eq!(measured(&direct).load(Relaxed), usize::MAX);
}

/// A body of a chunk, and what is kept with it.
fn guarded() -> (BodyWriter, BodyStream, Bytes, Arc<()>) {
    let (writer, stream) = BodyStream::bounded(100, None);
    let (chunk, guard) = (Bytes::copy_from_slice(b"abc"), Arc::new(()));
    keep(&stream, guard.clone());
    writer.put(chunk.clone());
    (writer, stream, chunk, guard)
}

#[test]
fn what_nobody_has_begun_to_read_can_be_withdrawn() {
    let gone = BodyError::new(BodyErrorKind::CutShort, "gone");
    for ends in [false, true] {
        let (writer, mut stream, chunk, guard) = guarded();
        if ends {
            writer.finish();
        }
        assert_eq!((chunk.is_unique(), Arc::strong_count(&guard)), (false, 2));
        writer.withdraw(gone.clone());
        keep(&stream, guard.clone());
        assert_eq!((chunk.is_unique(), Arc::strong_count(&guard)), (true, 1));
        assert_eq!(next(&mut stream), Some(Some(Err(gone.clone()))));
        assert_eq!(next(&mut stream), Some(None));
    }
}

#[test]
fn what_somebody_reads_is_not_withdrawn() {
    let gone = BodyError::new(BodyErrorKind::CutShort, "gone");
    for (ends, end) in [(false, Some(Err(gone.clone()))), (true, None)] {
        let (writer, mut stream, chunk, guard) = guarded();
        stream.begin();
        if ends {
            writer.finish();
        }
        writer.withdraw(gone.clone());
        drop(writer);
        assert_eq!(Arc::strong_count(&guard), 2);
        assert_eq!(next(&mut stream), Some(Some(Ok(chunk))));
        assert_eq!(next(&mut stream), Some(end));
        drop(stream);
        assert_eq!(Arc::strong_count(&guard), 1);
    }
}

#[test]
fn writing_waits_for_the_reader() {
    let (writer, mut stream) = BodyStream::bounded(1, None);
    let write = |chunk: &'static str| {
        writer
            .write(Bytes::from_static(chunk.as_bytes()))
            .now_or_never()
    };
    assert_eq!(write("1"), Some(true));
    assert_eq!(write("2"), None);
    assert!(next(&mut stream).is_some());
    assert_eq!(write("2"), Some(true));
    drop(stream);
    assert_eq!(write("3"), Some(false));
    assert_eq!(put(&writer, "3"), Put::Gone);
    assert_eq!(writer.closed().now_or_never(), Some(()));
}

#[tokio::test]
async fn where_much_waits_each_has_room_for_little() {
    let backlog = Arc::new(Backlog::default());
    let pair = || BodyStream::bounded_among(2 * Backlog::LITTLE_BYTES, None, backlog.clone());
    let chunk = || Bytes::from(vec![0; Backlog::LITTLE_BYTES]);
    let mut pairs = Vec::new();
    while backlog.bytes() < Backlog::MUCH_BYTES {
        let (writer, stream) = pair();
        let is_ample = backlog.bytes() + Backlog::LITTLE_BYTES < Backlog::MUCH_BYTES;
        let expected = if is_ample { Put::Room } else { Put::Full };
        assert_eq!(writer.put(chunk()), expected);
        pairs.push((writer, stream));
    }
    let (writer, mut late) = pair();
    assert_eq!(writer.put(chunk()), Put::Full);
    assert_eq!(writer.room().now_or_never(), None);
    // Who reads what is there gets more, however much the others leave.
    assert!(late.next().await.is_some());
    assert_eq!(writer.room().now_or_never(), Some(true));
    drop(pairs);
    assert_eq!(backlog.bytes(), 0);
    assert_eq!(writer.put(chunk()), Put::Room);
    drop((writer, late));
    assert_eq!(backlog.bytes(), 0);
}

/// A reader and a writer that wait are woken, by each other and by the other's end.
#[tokio::test]
async fn ends_wake_each_other() {
    let (writer, mut stream) = BodyStream::bounded(4, None);
    let reader = tokio::spawn(async move {
        let first = stream.next().await;
        let second = stream.next().await;
        (first, second, stream)
    });
    tokio::task::yield_now().await;
    assert_eq!(put(&writer, "abc"), Put::Room);
    tokio::task::yield_now().await;
    assert_eq!(put(&writer, "defg"), Put::Full);
    let (first, second, stream) = reader.await.unwrap();
    assert_eq!(first.unwrap().unwrap(), "abc");
    assert_eq!(second.unwrap().unwrap(), "defg");
    assert_eq!(put(&writer, "hijk"), Put::Full);
    let waiting = tokio::spawn(writer.room());
    let closed = tokio::spawn(async move { writer.closed().await });
    tokio::task::yield_now().await;
    assert!(!waiting.is_finished() && !closed.is_finished());
    drop(stream);
    assert!(!waiting.await.unwrap());
    closed.await.unwrap();
}

#[test]
fn chunks_that_wait_leave_together() {
    let (writer, mut stream) = BodyStream::bounded(100, None);
    for chunk in ["abc", "", "de", "f"] {
        assert_eq!(put(&writer, chunk), Put::Room);
    }
    let mut chunks = all(&mut stream).unwrap().unwrap().unwrap();
    assert_eq!(chunks.remaining(), 6);
    let mut slices = [IoSlice::new(&[]); 2];
    assert_eq!(chunks.chunks_vectored(&mut slices), 2);
    assert_eq!((&*slices[0], &*slices[1]), (&b"abc"[..], &b"def"[..]));
    chunks.advance(4);
    assert_eq!((chunks.chunk(), chunks.remaining()), (&b"ef"[..], 2));
    assert_eq!(chunks.copy_to_bytes(2), "ef");
    assert!(!chunks.has_remaining() && chunks.chunk().is_empty());
    assert!(all(&mut stream).is_none());
    // All of the room is there again.
    assert_eq!(put(&writer, "g"), Put::Room);
}

#[test]
fn a_direct_body_asks_its_source() {
    let items = [Ok(Bytes::from_static(b"ab")), Ok(Bytes::from_static(b"c"))];
    let mut stream = BodyStream::direct(futures_util::stream::iter(items), Some(3));
    assert_eq!(stream.length(), Some(3));
    assert_eq!(all(&mut stream).unwrap().unwrap().unwrap().chunk(), b"ab");
    assert_eq!(next(&mut stream), Some(Some(Ok(Bytes::from_static(b"c")))));
    assert_eq!(next(&mut stream), Some(None));
}
