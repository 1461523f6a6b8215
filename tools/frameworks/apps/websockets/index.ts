import { GraphQLObjectType, GraphQLSchema, GraphQLInt, GraphQLString } from "graphql";
import { makeServer } from "graphql-ws";
import { Hono } from "hono";
import { upgradeWebSocket } from "hono/cloudflare-workers";
import { WebSocket as Reconnecting } from "partysocket";

const app = new Hono<{ Bindings: { OWN: string } }>();

app.get("/hono", upgradeWebSocket(() => ({
  onMessage(event, socket) {
    socket.send(event.data);
  },
  onClose(event) {
    console.log(`closed ${event.code}`);
  },
})));

// As an echo server of `ws` is written: each message as it came, text or bytes.
app.get("/echo", (c) => {
  if (c.req.header("upgrade") !== "websocket") return c.text("a WebSocket is expected", 426);
  const { 0: client, 1: server } = new WebSocketPair();
  server.accept();
  server.binaryType = "arraybuffer";
  server.addEventListener("message", ({ data }) => {
    if (data === "end") server.close(4001, "as asked for");
    else server.send(data);
  });
  return new Response(null, { status: 101, webSocket: client });
});

const schema = new GraphQLSchema({
  query: new GraphQLObjectType({ name: "Query", fields: { hello: { type: GraphQLString, resolve: () => "world" } } }),
  subscription: new GraphQLObjectType({
    name: "Subscription",
    fields: {
      count: {
        type: GraphQLInt,
        subscribe: async function* () {
          for (let count = 1; count <= 3; count++) yield { count };
        },
      },
    },
  }),
});
const graphql = makeServer({ schema });

app.get("/graphql", () => {
  const { 0: client, 1: server } = new WebSocketPair();
  server.accept();
  const closed = graphql.opened({
    protocol: "graphql-transport-ws",
    send: (data) => server.send(data),
    close: (code, reason) => server.close(code, reason),
    onMessage: (listener) => server.addEventListener("message", (event) => void listener(String(event.data))),
  }, {});
  server.addEventListener("close", (event) => void closed(event.code, event.reason));
  return new Response(null, { status: 101, webSocket: client, headers: { "sec-websocket-protocol": "graphql-transport-ws" } });
});

// A client that connects again: its server ends the first connection.
app.get("/client", async (c) => {
  const socket = new Reconnecting(`${c.env.OWN}/echo`, [], { minReconnectionDelay: 1, maxReconnectionDelay: 10 });
  const said: string[] = [];
  return new Promise<Response>((resolve) => {
    let opened = 0;
    socket.addEventListener("open", () => socket.send(++opened === 1 ? "end" : "once more"));
    socket.addEventListener("close", (event) => said.push(String(event.code)));
    socket.addEventListener("message", (event) => {
      resolve(c.json([...said, event.data]));
      socket.close();
    });
  });
});

export default app;
