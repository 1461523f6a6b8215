//! What errors say: what was expected, what was found, and what to do.

use super::check;

#[test]
fn the_commonest_mistakes_are_said_with_the_way_out() {
    check(
        "const { subtle } = crypto;
         const bytes = new Uint8Array(16);
         const key = await subtle.importKey('raw', bytes, 'AES-GCM', false, ['encrypt']);
         console.log(await caught(subtle.encrypt({ name: 'AES-GCM' }, key, bytes)));
         console.log(await caught(subtle.encrypt({}, key, bytes)));
         console.log(await caught(subtle.digest('SHA-256', 'text')));
         const rsa = { name: 'RSA-OAEP', modulusLength: 1024, publicExponent: new Uint8Array([1, 0, 1]), hash: 'SHA-256' };
         console.log(await caught(subtle.generateKey(rsa, true, ['encrypt'])));
         const thrown = (make) => caught(new Promise(make));
         console.log(await thrown(() => new CompressionStream('zip')));
         console.log(await thrown(() => new Request(base, { mode: 'some' })));
         console.log(await thrown(() => new WebSocket('http://[')));
         console.log(await thrown(() => new EventSource('http://[')));
         console.log(await thrown(() => new Response(null, { status: 101 })));",
        &[
            "TypeError: Failed to execute 'encrypt' on 'SubtleCrypto': the algorithm AES-GCM has no member 'iv', which is required.",
            "TypeError: Failed to execute 'encrypt' on 'SubtleCrypto': the algorithm has no member 'name', which is required.",
            "TypeError: Failed to execute 'digest' on 'SubtleCrypto': parameter 2 is not of type 'BufferSource' (a text is no bytes; new TextEncoder().encode(text) makes some of it)",
            "SyntaxError: Failed to execute 'generateKey' on 'SubtleCrypto': nothing may be done with the private key: name what is to be, such as 'decrypt', 'sign' or 'deriveBits'",
            "TypeError: Failed to construct 'CompressionStream': The provided value 'zip' is not a valid enum value of type CompressionFormat: expected 'deflate', 'deflate-raw', 'gzip' or 'brotli'.",
            "TypeError: Failed to construct 'Request': parameter 2 member 'mode' 'some' is not a value of RequestMode: expected 'navigate', 'same-origin', 'no-cors' or 'cors'.",
            "SyntaxError: Failed to construct 'WebSocket': 'http://[' is no URL, or there is no base for it",
            "SyntaxError: Failed to construct 'EventSource': 'http://[' is no URL, or there is no base for it",
            "RangeError: Failed to construct 'Response': the status must be from 200 to 599, 101 is not: it is for a WebSocket, { status: 101, webSocket }",
        ],
    );
}
