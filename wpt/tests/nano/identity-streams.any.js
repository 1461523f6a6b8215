// META: title=IdentityTransformStream and FixedLengthStream
// https://developers.cloudflare.com/workers/runtime-apis/streams/transformstream/

async function passed(stream, ...chunks) {
  const writer = stream.writable.getWriter();
  const written = (async () => {
    for (const chunk of chunks) await writer.write(chunk);
    await writer.close();
  })();
  written.catch(() => {});
  const bytes = await new Response(stream.readable).bytes();
  await written;
  return bytes;
}

for (const make of [() => new IdentityTransformStream(), () => new FixedLengthStream(5)]) {
  promise_test(async () => {
    assert_array_equals(await passed(make(), new Uint8Array([1, 2]), new Uint8Array([3, 4, 5]).buffer), [1, 2, 3, 4, 5]);
  }, `${make} hands on bytes`);
}

promise_test(async (t) => {
  await promise_rejects_js(t, TypeError, passed(new FixedLengthStream(3), new Uint8Array(4)));
}, "A FixedLengthStream takes no more");

promise_test(async (t) => {
  await promise_rejects_js(t, TypeError, passed(new FixedLengthStream(3), new Uint8Array(2)));
}, "A FixedLengthStream takes no less");

promise_test(async () => {
  const { readable, writable } = new IdentityTransformStream();
  const reader = readable.getReader({ mode: "byob" });
  const writer = writable.getWriter();
  const write = writer.write(new Uint8Array([1, 2, 3]));
  assert_array_equals((await reader.read(new Uint8Array(2))).value, [1, 2]);
  assert_array_equals((await reader.read(new Uint8Array(2))).value, [3]);
  await write;
}, "The readable side is a byte stream");

test(() => {
  assert_true(new FixedLengthStream(1) instanceof IdentityTransformStream);
  assert_true(new IdentityTransformStream() instanceof TransformStream);
  assert_throws_js(TypeError, () => new FixedLengthStream(-1));
}, "They are TransformStreams");
