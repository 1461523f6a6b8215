// META: title=crypto.DigestStream
// https://developers.cloudflare.com/workers/runtime-apis/web-crypto/#constructors

const bytes = (length) => Uint8Array.from({ length }, (_, i) => i);
const hex = (buffer) => Array.from(new Uint8Array(buffer), (byte) => byte.toString(16).padStart(2, "0")).join("");

for (const algorithm of ["SHA-1", "SHA-256", "SHA-384", "SHA-512", { name: "sha-256" }]) {
  promise_test(async () => {
    const stream = new crypto.DigestStream(algorithm);
    const writer = stream.getWriter();
    for (const chunk of [bytes(100), new ArrayBuffer(0), new DataView(bytes(1000).buffer, 10, 900)]) await writer.write(chunk);
    await writer.close();
    const whole = new Uint8Array([...bytes(100), ...bytes(1000).subarray(10, 910)]);
    assert_equals(hex(await stream.digest), hex(await crypto.subtle.digest(algorithm, whole)));
    assert_equals(Number(stream.bytesWritten), 1000);
  }, `A digest of chunks is that of all bytes: ${JSON.stringify(algorithm)}`);
}

promise_test(async () => {
  const stream = new crypto.DigestStream("SHA-256");
  await new Response("a text that comes in a body").body.pipeTo(stream);
  const expected = await crypto.subtle.digest("SHA-256", new TextEncoder().encode("a text that comes in a body"));
  assert_equals(hex(await stream.digest), hex(expected));
}, "A body is digested by pipeTo()");

promise_test(async (t) => {
  const stream = new crypto.DigestStream("SHA-256");
  const reason = new Error("no more");
  const digest = promise_rejects_exactly(t, reason, stream.digest);
  await stream.abort(reason);
  await digest;
}, "abort() rejects the digest");

promise_test(async (t) => {
  const stream = new crypto.DigestStream("SHA-256");
  const digest = promise_rejects_js(t, TypeError, stream.digest);
  const writer = stream.getWriter();
  writer.closed.catch(() => {});
  await promise_rejects_js(t, TypeError, writer.write(1));
  await digest;
}, "A chunk is bytes, or text");

test(() => {
  assert_true(crypto.DigestStream.prototype instanceof WritableStream);
  assert_false("DigestStream" in self);
  assert_throws_dom("NotSupportedError", () => new crypto.DigestStream("SHA-0"));
}, "DigestStream is a WritableStream, and no global");
