// What NANO has and `@cloudflare/workers-types` says otherwise, or not at all; and what must not compile.
const { port1, port2 } = new MessageChannel();
port1.onmessage = ({ data }) => console.log(data);
port2.postMessage("hello");

const packed: ReadableStream<Uint8Array> = new Blob(["hello"]).stream().pipeThrough(new CompressionStream("brotli"));
const pair: CryptoKeyPair = await crypto.subtle.generateKey({ name: "ECDSA", namedCurve: "P-256" }, false, ["sign"]);
const key: CryptoKey = await crypto.subtle.generateKey({ name: "AES-GCM", length: 256 }, false, ["encrypt"]);
console.log(packed, pair.publicKey.usages, key.algorithm.name, new QuotaExceededError("too much", { quota: 1 }).quota);

// @ts-expect-error An app has no document,
document.title = "no";
// @ts-expect-error no storage of the browser's,
localStorage.getItem("no");
// @ts-expect-error nothing of Node's,
process.exit();
// @ts-expect-error and a status is a number.
new Response("", { status: "200" });

addEventListener("fetch", (event) => event.respondWith(new Response(event.request.url)));
