//! Compression streams in an app: what a few bytes become, and what the codecs hold, counts for it and waits for its readers.

use crate::memory::{both_are_fine, serve};
use crate::support::Site;

const MIB: u64 = 1 << 20;

/// Bytes that become 2 GiB: zeros, compressed by the app itself, a MiB at a time.
const BOMB: &str = "
    const zeros = new Uint8Array(1 << 20);
    const bomb = (format, mebibytes) => {
        let left = mebibytes;
        return new ReadableStream({ pull(c) { left-- > 0 ? c.enqueue(zeros) : c.close(); } })
            .pipeThrough(new CompressionStream(format));
    };";

#[test]
fn formats_are_those_of_everybody() {
    let nano = Site::new()
        .app(
            "a",
            "export default { async fetch(request) {
                const format = new URL(request.url).pathname.slice(1);
                return new Response(request.body.pipeThrough(new CompressionStream(format)));
            } };",
        )
        .serve();
    for (format, begin) in [("gzip", [0x1f, 0x8b]), ("deflate", [0x78, 0x9c])] {
        let text = "tea ".repeat(1000);
        let mut client = nano.connect();
        client.write(&format!(
            "POST /{format} HTTP/1.1\r\nhost: a.test\r\ncontent-length: {}\r\n\r\n{text}",
            text.len()
        ));
        let response = client.response(false);
        assert_eq!(response.status, 200);
        assert_eq!(response.body[..2], begin, "{format}");
        assert!(response.body.len() < 100, "{format}");
    }
}

/// What is beyond a bound waits until somebody reads; the standard would have all of it at once.
#[test]
fn a_bomb_goes_through_an_app_in_little_memory() {
    let source = format!(
        "{BOMB}
        export default {{ async fetch(request) {{
            const format = new URL(request.url).pathname.slice(1);
            const small = await new Response(bomb(format, 500)).bytes();
            const large = new Blob([small]).stream().pipeThrough(new DecompressionStream(format));
            let bytes = 0;
            for await (const chunk of large) bytes += chunk.length;
            return new Response(`${{small.length < 1e6}} ${{bytes}}`);
        }} }};"
    );
    let nano = Site::new()
        .app_with(
            "a",
            &source,
            r#""limits":{"memory_mb":64,"cpu_ms":60000,"wall_ms":120000}"#,
        )
        .serve();
    for format in ["gzip", "deflate-raw", "brotli"] {
        let before = nano.reset_peak();
        let response = nano.get("a.test", &format!("/{format}"));
        assert_eq!(response.text(), format!("true {}", 500 * MIB), "{format}");
        let growth = nano.peak().saturating_sub(before);
        assert!(growth < 100 * MIB, "{format}: {} MB", growth >> 20);
    }
}

#[test]
fn what_codecs_hold_counts() {
    let forms = ["gzip", "deflate", "brotli"]
        .into_iter()
        .flat_map(|format| [(format, "CompressionStream"), (format, "DecompressionStream")])
        .map(|(format, interface)| {
            let body = format!(
                "for (;;) {{
                    const stream = new {interface}('{format}'), writer = stream.writable.getWriter();
                    stream.readable.getReader().read().catch(() => {{}});
                    // A gzip head; of brotli, one of a window of 16 MiB.
                    writer.write(new Uint8Array('{format}' === 'gzip' ? [31, 139, 8, 0, 0, 0, 0, 0, 0, 3, 75] : [111, 0, 0]))
                        .catch(() => {{}});
                    keep.push(stream);
                    await 0; await 0; await 0;
                }}"
            );
            (format!("{format}_{interface}"), body)
        });
    for (path, body) in forms {
        let nano = serve(&[(&path, &body)]);
        let before = nano.reset_peak();
        let response = nano.get("a.test", &format!("/{path}"));
        // A stream that finds no room is refused; where the app's other memory passes the limit, its instance ends.
        let status = response.status;
        assert!([500, 503].contains(&status), "{path}: {}", response.text());
        let growth = nano.peak().saturating_sub(before) >> 20;
        assert!(growth < 250, "{path}: the process grew by {growth} MB");
        both_are_fine(&nano);
    }
}
