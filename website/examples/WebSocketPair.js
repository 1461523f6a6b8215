const [client, server] = Object.values(new WebSocketPair());
server.accept();
server.addEventListener("message", ({ data }) => server.send(`You said ${data}.`));
// An app answers a request by new Response(null, { status: 101, webSocket: client }); here it keeps that end itself.
client.accept();
client.addEventListener("message", ({ data }) => {
  console.log(data); // You said hello.
  client.close();
});
client.send("hello");
