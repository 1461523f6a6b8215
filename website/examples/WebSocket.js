// new WebSocket("wss://example.com/") connects to a server. A pair needs none:
const [one, other] = Object.values(new WebSocketPair());
for (const socket of [one, other]) socket.accept();
console.log(one.readyState === WebSocket.OPEN); // true
other.onmessage = async ({ data }) => {
  console.log(new Uint8Array(data)[1]); // 2
  other.close(3000, "done");
};
one.onclose = ({ code, reason }) => {
  console.log(code, reason); // 3000 done
};
one.send(new Uint8Array([1, 2, 3]));
