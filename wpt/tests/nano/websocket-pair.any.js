// META: title=WebSocketPair
// https://developers.cloudflare.com/workers/runtime-apis/websockets/

function pair() {
  const { 0: left, 1: right } = new WebSocketPair();
  left.accept();
  right.accept();
  return [left, right];
}

const next = (socket, type) => new Promise((resolve) => socket.addEventListener(type, resolve, { once: true }));

test(() => {
  const sockets = new WebSocketPair();
  assert_array_equals(Object.keys(sockets), ["0", "1"]);
  for (const socket of Object.values(sockets)) assert_true(socket instanceof WebSocket);
}, "A WebSocketPair has two WebSockets");

test(() => {
  const { 0: socket } = new WebSocketPair();
  assert_throws_js(TypeError, () => socket.send("too early"));
  socket.accept();
  assert_throws_js(TypeError, () => socket.accept());
}, "accept() is called before send(), and once");

promise_test(async () => {
  const [left, right] = pair();
  const messages = [];
  const third = new Promise((resolve) => {
    right.addEventListener("message", ({ data }) => {
      if (messages.push(data) === 3) resolve();
    });
  });
  right.binaryType = "arraybuffer";
  left.send("text");
  left.send(new Uint8Array([1, 2, 3]).subarray(1));
  left.send("");
  await third;
  assert_equals(messages[0], "text");
  assert_array_equals(new Uint8Array(messages[1]), [2, 3]);
  assert_equals(messages[2], "");
}, "Messages arrive at the other end, in their order");

promise_test(async () => {
  const { 0: left, 1: right } = new WebSocketPair();
  left.accept();
  left.send("before");
  await new Promise((resolve) => setTimeout(resolve));
  const message = next(right, "message");
  right.accept();
  assert_equals((await message).data, "before");
}, "What was sent before accept() arrives after it");

promise_test(async () => {
  const [left, right] = pair();
  const closed = Promise.all([next(left, "close"), next(right, "close")]);
  left.close(3001, "enough");
  const [, { code, reason, wasClean }] = await closed;
  assert_equals(code, 3001);
  assert_equals(reason, "enough");
  assert_true(wasClean);
  assert_equals(left.readyState, WebSocket.CLOSED);
  assert_equals(right.readyState, WebSocket.CLOSED);
}, "close() tells the other end why");

test(() => {
  const { 0: client } = new WebSocketPair();
  const response = new Response(null, { status: 101, webSocket: client });
  assert_equals(response.status, 101);
  assert_equals(response.webSocket, client);
  assert_equals(new Response().webSocket, null);
  assert_throws_js(RangeError, () => new Response(null, { status: 101 }));
  assert_throws_js(RangeError, () => new Response(null, { webSocket: client }));
}, "A Response with a webSocket has the status 101, and no other has");
