//! What Workers have beside the web, and the caches.

use std::time::{Duration, Instant};

use super::check;

/// As in Workers: what is written is digested piece by piece, and nothing else is kept.
#[test]
fn digest_streams_digest_what_is_written() {
    check(
        "const hex = (buffer) => Array.from(new Uint8Array(buffer), (byte) => byte.toString(16).padStart(2, '0')).join('');
         const stream = new crypto.DigestStream('sha-256');
         const writer = stream.getWriter();
         await writer.write(new Uint8Array([0, 97, 98]).subarray(1));
         await writer.write('cä');
         await writer.write(new ArrayBuffer(1));
         await writer.close();
         const whole = await crypto.subtle.digest('SHA-256', new TextEncoder().encode('abcä\\0'));
         console.log(hex(await stream.digest) === hex(whole), stream.bytesWritten, stream instanceof WritableStream);
         // All that digest() knows, in pieces that are no chunks and no blocks of theirs.
         const data = new Uint8Array(3 * 8192 + 1).map((_, index) => index * 7);
         const customization = new Uint8Array(9000);
         for (const algorithm of ['SHA-1', 'SHA-384', 'SHA-512', 'SHA3-256', 'SHA3-384', 'SHA3-512',
             { name: 'cSHAKE128', outputLength: 256 }, { name: 'cSHAKE256', outputLength: 256, customization },
             { name: 'TurboSHAKE128', outputLength: 2048, domainSeparation: 5 }, { name: 'TurboSHAKE256', outputLength: 64 },
             { name: 'KT128', outputLength: 256 }, { name: 'KT256', outputLength: 256, customization }]) {
             for (const length of [0, 1, 8191, 8192, 8193, 16383, 16384, data.length]) {
                 const pieces = new crypto.DigestStream(algorithm), writing = pieces.getWriter();
                 for (let at = 0; at < length; at += 1000) writing.write(data.subarray(at, Math.min(at + 1000, length)));
                 await writing.close();
                 const expected = hex(await crypto.subtle.digest(algorithm, data.subarray(0, length)));
                 if (hex(await pieces.digest) !== expected) console.log('differs', algorithm.name ?? algorithm, length);
             }
         }
         const wrong = new crypto.DigestStream('SHA-1'), wrongWriter = wrong.getWriter();
         console.log(await caught(wrongWriter.write(1)), '/', await caught(wrong.digest) === await caught(wrongWriter.closed));
         const aborted = new crypto.DigestStream('SHA-1');
         aborted.abort(new RangeError('no more'));
         console.log(await caught(aborted.digest));
         console.log((await caught((async () => new crypto.DigestStream('MD4'))())).slice(0, 17), typeof DigestStream);
         const body = new crypto.DigestStream('SHA-1');
         await new Response('abc').body.pipeTo(body);
         console.log(hex(await body.digest), crypto.DigestStream === crypto.DigestStream);",
        &[
            "true 6 true",
            "TypeError: A chunk of a DigestStream must be an ArrayBuffer, a view of one, or a string / true",
            "RangeError: no more",
            "NotSupportedError undefined",
            "a9993e364706816aba3e25717850c26c9cd0d89d true",
        ],
    );
}

/// As in Workers, and as a shared cache.
#[test]
fn caches_keep_what_http_lets_them_keep() {
    check(
        "const cache = caches.default, url = 'http://a.test/page';
         console.log(cache === caches.default, await cache.match(url), (await caches.keys()).length);
         const put = (body, headers) => cache.put(url, new Response(body, { headers }));
         const text = async (request, options) => (await cache.match(request, options))?.text();
         await put('one', { 'cache-control': 'max-age=60', 'x-a': 'b' });
         const found = await cache.match(url);
         console.log(found.headers.get('x-a'), await caught((async () => found.headers.set('x', 'y'))()));
         console.log(await text(url), await text(url + '?q'), await text(url + '?q', { ignoreSearch: true }),
             await text(new Request(url, { method: 'HEAD' })), await text(new Request(url, { method: 'HEAD' }), { ignoreMethod: true }));
         await put('two', { 'cache-control': 'no-store' });
         console.log(await text(url));
         await put('three', { 'set-cookie': 'a=b' });
         console.log(await text(url));
         await put('four', { 'set-cookie': 'a=b', 'cache-control': 'private=Set-Cookie' });
         console.log(await text(url), (await cache.match(url)).headers.has('set-cookie'));
         await put('five', { 'cache-control': 'max-age=1' });
         console.log(await text(url));
         await scheduler.wait(1050);
         console.log(await text(url), (await cache.keys()).length);
         // A stream, what comes from a server, and what varies.
         await cache.put(url, new Response(new Blob(['stre', 'am']).stream()));
         console.log(await text(url), await cache.delete(url), await cache.delete(url));
         await cache.add(base + '/echo');
         console.log((await cache.match(base + '/echo')).url === base + '/echo');
         const named = await caches.open('named');
         const vary = (language) => new Request(url, { headers: { 'accept-language': language } });
         for (const language of ['de', 'en']) await named.put(vary(language), new Response(language, { headers: { vary: 'accept-language' } }));
         console.log(await (await caches.match(vary('en'))).text(), await caches.match(url), await (await caches.match(url, { ignoreVary: true })).text());
         console.log((await named.keys()).map((request) => request.headers.get('accept-language')).join(), (await named.matchAll()).length);
         console.log((await caught(named.put(url, new Response(new Uint8Array(17 << 20))))).slice(0, 33));
         const failing = new ReadableStream({ pull(controller) { controller.error(new RangeError('broken')); } });
         console.log(await caught(named.put(url, new Response(failing))));",
        &[
            "true undefined 0",
            "b TypeError: Failed to execute 'set' on 'Headers': these headers are immutable; those of a copy are not: new Response(response.body, response), new Request(request)",
            "one undefined one undefined one",
            "undefined",
            "undefined",
            "four false",
            "five",
            "undefined 0",
            "stream true false",
            "true",
            "en undefined de",
            "de,en 2",
            "QuotaExceededError: It would take",
            "RangeError: broken",
        ],
    );
}

#[test]
fn the_scheduler_waits() {
    let began = Instant::now();
    check(
        "const begin = performance.now();
         console.log(await scheduler.wait(20), performance.now() - begin >= 19, scheduler === scheduler);
         console.log(await caught(scheduler.wait(5, { signal: AbortSignal.abort(new RangeError('no')) })));
         const controller = new AbortController();
         const waiting = scheduler.wait(60_000, { signal: controller.signal });
         controller.abort(new RangeError('enough'));
         console.log(await caught(waiting));
         // Aborted when it is over.
         const late = new AbortController();
         console.log(await scheduler.wait(1, { signal: late.signal }), late.abort());",
        &["undefined true true", "RangeError: no", "RangeError: enough", "undefined undefined"],
    );
    // A program goes on as long as there is a timer.
    assert!(began.elapsed() < Duration::from_secs(30));
}
