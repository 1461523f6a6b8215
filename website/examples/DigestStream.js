// Nothing is kept of what is written but the digest.
const { body } = new Response("hello");
const digest = new crypto.DigestStream("SHA-256");
await body?.pipeTo(digest);
console.log(digest.bytesWritten); // 5
console.log(new Uint8Array(await digest.digest).subarray(0, 4).join()); // 44,242,77,186
