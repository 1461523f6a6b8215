// What the apps answer, each as a name and what throws where it does not hold; a third element says what of NANO is missing for it.

import { request as httpRequest } from "node:http";
import { gunzipSync, inflateSync } from "node:zlib";

let port;

/** A request, and its response whole; `parts` is what came one by one. */
function ask(host, path, { method = "GET", headers = {}, body } = {}) {
  return new Promise((resolve, reject) => {
    const request = httpRequest({ port, host: "127.0.0.1", path, method, headers: { ...headers, host: `${host}.test` } }, (response) => {
      const chunks = [];
      response.on("data", (chunk) => chunks.push(chunk));
      response.on("end", () => {
        const bytes = Buffer.concat(chunks);
        resolve({ status: response.statusCode, headers: response.headers, bytes, text: bytes.toString(), parts: chunks.map(String) });
      });
      response.on("error", reject);
    });
    request.on("error", reject);
    request.end(body);
  });
}

const graphql = async (query, variables, headers = {}) => {
  const body = JSON.stringify({ query, variables });
  const answer = await ask("graphql-yoga", "/graphql", { method: "POST", headers: { "content-type": "application/json", ...headers }, body });
  return { ...answer, json: headers.accept ? undefined : JSON.parse(answer.text) };
};
const text = (host, path, expected, status = 200, options) => async () => equal(pick(await ask(host, path, options)), { status, text: expected });
const pick = ({ status, text }) => ({ status, text });

function equal(found, expected) {
  const [a, b] = [found, expected].map((value) => JSON.stringify(value));
  if (a !== b) throw new Error(`found ${a}, expected ${b}`);
}
function contains(found, part) {
  if (!found.includes(part)) throw new Error(`${JSON.stringify(part)} is not in ${JSON.stringify(found)}`);
}
/** That an app compresses a text as it is asked to, and NANO leaves it so. */
const compressed = (path, encoding, decompress, expected) => async () => {
  const { headers, bytes } = await ask("hono-guards", path, { headers: { "accept-encoding": encoding } });
  equal([headers["content-encoding"], headers["content-length"], headers.vary], [encoding, undefined, "Accept-Encoding"]);
  equal(decompress(bytes).toString(), expected);
};
const bearer = (token) => ({ headers: { authorization: `Bearer ${token}` } });

/** What a WebSocket says to these messages: texts, bytes as `{ bytes }`, and at last how it was closed. */
function talk(path, messages, { protocols = [], pings = false, ends = 1000 } = {}) {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(`ws://127.0.0.1:${port}${path}`, protocols, { headers: { host: "websockets.test" } });
    const said = [];
    socket.on("error", reject);
    socket.on("open", () => {
      if (pings) socket.ping("are you there");
      for (const message of messages) socket.send(message);
    });
    socket.on("pong", (data) => said.push({ pong: String(data) }));
    socket.on("message", (data, binary) => {
      said.push(binary ? { bytes: [...data] } : String(data));
      if (ends && said.length === messages.length + pings) socket.close(ends);
    });
    socket.on("close", (code, reason) => resolve([...said, { code, reason: String(reason) }]));
  });
}
let WebSocket;

const form = { method: "POST", headers: { "content-type": "application/x-www-form-urlencoded" } };
const checks = [
  ["hono: text and env", text("hono", "/", "hello nano")],
  ["hono: path parameters, queries, JSON", text("hono", "/api/user/7?q=1&q=2", '{"id":7,"q":["1","2"]}')],
  ["hono: not found", text("hono", "/api/user/x", "nothing here", 404)],
  ["hono: cors", async () => equal((await ask("hono", "/api/user/7", { headers: { origin: "http://a" } })).headers["access-control-allow-origin"], "*")],
  ["hono: preflight", async () => equal((await ask("hono", "/api/user/7", { method: "OPTIONS", headers: { origin: "http://a", "access-control-request-method": "GET" } })).status, 204)],
  ["hono: validator", text("hono", "/api/form", '{"name":"x"}', 201, { ...form, body: "name=x" })],
  ["hono: validator refuses", text("hono", "/api/form", "no name", 422, { ...form, body: "a=x" })],
  ["hono: etag", async () => {
    const { headers } = await ask("hono", "/etag");
    equal((await ask("hono", "/etag", { headers: { "if-none-match": headers.etag } })).status, 304);
  }],
  ["hono: cookies", async () => {
    const answer = await ask("hono", "/cookie", { headers: { cookie: "a=1" } });
    equal([answer.text, answer.headers["set-cookie"]], ["1", ["b=2; Path=/; HttpOnly"]]);
  }],
  ["hono: JSX", text("hono", "/page", "<html><body><ul><li>a</li><li>&lt;b&gt;</li></ul></body></html>")],
  ["hono: streamed text", async () => {
    const { text, parts } = await ask("hono", "/stream");
    equal([text, parts.length > 1], ["one two three", true]);
  }],
  ["hono: server-sent events", text("hono", "/sse", "event: tick\ndata: 1\n\n")],
  ["hono: waitUntil", text("hono", "/wait", "", 204)],
  ["hono: HTTPException", text("hono", "/teapot", "short and stout", 418)],
  ["hono: onError", text("hono", "/broken", "failed: on purpose", 500)],
  ["itty-router: parameters", text("itty-router", "/hello/x", '"hello x"')],
  ["itty-router: optional parameters", text("itty-router", "/hello", '"hello nobody"')],
  ["itty-router: JSON", text("itty-router", "/json", '{"a":[1,2]}')],
  ["itty-router: content", text("itty-router", "/content", '{"got":{"b":2}}', 200, { method: "POST", headers: { "content-type": "application/json" }, body: '{"b":2}' })],
  ["itty-router: error", text("itty-router", "/missing", '{"status":404,"error":"gone"}', 404)],
  ["itty-router: no route", async () => equal((await ask("itty-router", "/no")).status, 404)],
  ["itty-router: env", text("itty-router", "/env", '"nano"')],
  ["itty-router: preflight", async () => equal((await ask("itty-router", "/json", { method: "OPTIONS", headers: { origin: "http://a" } })).status, 204)],
  ["jose: base64url", text("jose", "/base64", '"w7w_Pg"')],
  ["jose: thumbprint", text("jose", "/thumbprint", '"prDKy90VJzrDTpm8-W2Q_pv_kzrX_zyZ7ANjRAasDxc"')],
  ["jose: unsecured tokens", text("jose", "/unsecured", '[{"a":1,"iss":"nano"},"nano"]')],
  ["jose: header", text("jose", "/header", '{"alg":"HS256"}')],
  ["jose: remote key set", text("jose", "/remote", '"function"')],
  ["jose: HS256", text("jose", "/hs256", "1")],
  ["jose: ES256", text("jose", "/es256", "2")],
  ["jose: signatures", text("jose", "/signatures", '["RS256","PS384","ES512","EdDSA","HS512"]')],
  ["jose: encryption", text("jose", "/encryption", '["RSA-OAEP-256","ECDH-ES+A128KW","A256GCMKW","dir","PBES2-HS256+A128KW"]')],
  ["jose: an expired token", text("jose", "/expired", '"ERR_JWT_EXPIRED"')],
  ["graphql-yoga: query", async () => equal((await graphql("{ hello }")).json, { data: { hello: "hello world" } })],
  ["graphql-yoga: variables", async () => equal((await graphql("query ($n: String) { hello(name: $n) }", { n: "x" })).json, { data: { hello: "hello x" } })],
  ["graphql-yoga: mutation", async () => equal((await graphql("mutation { add(a: 1, b: 2) }")).json, { data: { add: 3 } })],
  ["graphql-yoga: env is the context", async () => equal((await graphql("{ who }")).json, { data: { who: "nano" } })],
  ["graphql-yoga: masked errors", async () => {
    const { json } = await graphql("{ fail }");
    equal([json.data, json.errors[0].message], [{ fail: null }, "Unexpected error."]);
  }],
  ["graphql-yoga: mistakes", async () => contains((await graphql("{ none }")).text, 'Cannot query field \\"none\\"')],
  ["graphql-yoga: GET", async () => equal(JSON.parse((await ask("graphql-yoga", "/graphql?query=%7Bhello%7D")).text), { data: { hello: "hello world" } })],
  ["graphql-yoga: subscription", async () => {
    const { text } = await graphql("subscription { count(to: 3) }", undefined, { accept: "text/event-stream" });
    for (const count of [1, 2, 3]) contains(text, `data: {"data":{"count":${count}}}`);
  }],
  ["react: renderToString", text("react", "/string", '<b title="&amp;">x<!-- -->&lt;y&gt;</b>')],
  ["react: renderToReadableStream with Suspense", async () => {
    const { text, parts } = await ask("react", "/?name=you");
    contains(text, "hello <!-- -->you<!-- --> <!-- -->3</h1>");
    contains(text, "<p>from later</p>");
    contains(text, '<script src="/main.js" id="_R_" async="">');
    equal([parts.length > 1, parts[0].includes("loading"), parts[0].includes("from later")], [true, true, false]);
  }],
  ["react: errors of components, at their place", async () => {
    const answer = await ask("react", "/broken");
    equal(answer.status, 500);
    contains(answer.text, "TypeError: component");
    contains(answer.text, "apps/react/index.tsx:28:36");
  }],
  ["hono: signed cookies", async () => {
    const { headers } = await ask("hono-guards", "/sign");
    const cookie = headers["set-cookie"][0].split(";")[0];
    const signed = async (cookie) => (await ask("hono-guards", "/signed", { headers: { cookie } })).text;
    equal([await signed(cookie), await signed(cookie.replace("nano", "else"))], ["nano", "false"]);
  }],
  ["hono: jwt", async () => {
    const { text: token } = await ask("hono-guards", "/token");
    equal(pick(await ask("hono-guards", "/jwt/subject", bearer(token))), { status: 200, text: "x" });
  }],
  ["hono: jwt refuses", async () => {
    const { text: late } = await ask("hono-guards", "/token?for=-1");
    const { text: token } = await ask("hono-guards", "/token");
    const statuses = [late, `${token.slice(0, -4)}AAAA`, "none"].map(async (token) => (await ask("hono-guards", "/jwt/subject", bearer(token))).status);
    equal([...await Promise.all(statuses), (await ask("hono-guards", "/jwt/subject")).status], [401, 401, 401, 401]);
  }],
  ...["RS256", "PS384", "ES256", "ES512", "EdDSA"].map((name) => [`hono: jwt by ${name}`, text("hono-guards", `/algorithm/${name}`, name)]),
  ["hono: compress, gzip", compressed("/compressed/text", "gzip", gunzipSync, "compress me ".repeat(1000))],
  ["hono: compress, deflate", compressed("/compressed/text", "deflate", inflateSync, "compress me ".repeat(1000))],
  ["hono: compress, a stream", compressed("/compressed/stream", "gzip", gunzipSync, "part ".repeat(3000))],
  ["hono: cache", async () => {
    const [first, second] = [await ask("hono-guards", "/cached"), await ask("hono-guards", "/cached")];
    equal([second.text, second.headers["cache-control"]], [first.text, "max-age=60"]);
  }],
  ["hono: basic authentication", async () => {
    const asked = await ask("hono-guards", "/basic");
    equal([asked.status, asked.headers["www-authenticate"]], [401, 'Basic realm="Secure Area"']);
    const authorization = `Basic ${Buffer.from("nano:pass").toString("base64")}`;
    equal(pick(await ask("hono-guards", "/basic", { headers: { authorization } })), { status: 200, text: "in" });
  }],
  ["hono: bearer authentication", async () => {
    const tokens = ["token", "other"].map(async (token) => (await ask("hono-guards", "/bearer", bearer(token))).status);
    equal(await Promise.all(tokens), [200, 401]);
  }],
  ["hono: body limit", async () => {
    const statuses = [1000, 1001].map(async (length) => pick(await ask("hono-guards", "/limited", { method: "POST", body: "x".repeat(length) })));
    equal(await Promise.all(statuses), [{ status: 200, text: "1000" }, { status: 413, text: "too large" }]);
  }],
  ["hono: csrf", async () => {
    const from = async (origin) => (await ask("hono-guards", "/form", { ...form, headers: { ...form.headers, origin }, body: "a=1" })).status;
    equal([await from("http://hono-guards.test"), await from("http://other.test")], [200, 403]);
  }],
  ["hono: timeout", text("hono-guards", "/slow", "Gateway Timeout", 504)],
  ["hono: request id, secure headers", async () => {
    const { headers, text } = await ask("hono-guards", "/marked");
    equal([/^[0-9a-f-]{36}$/.test(text), headers["x-content-type-options"]], [true, "nosniff"]);
  }],
  ["oauth4webapi: client credentials", text("oauth", "/credentials", "bearer")],
  ["oauth4webapi: a refusal", text("oauth", "/refused", "ResponseBodyError invalid_client 401")],
  ["oauth4webapi: code with PKCE, DPoP, ID token, user info, a resource", text("oauth", "/code", '["dpop","user","user@nano.test","nano"]')],
  ["websockets: hono", async () => equal(await talk("/hono", ["a", "ü"]), ["a", "ü", { code: 1000, reason: "" }])],
  ["websockets: echo of texts and bytes", async () => {
    const long = "compress me ".repeat(20_000);
    const said = await talk("/echo", ["a", Buffer.from([0, 255]), "", long], { pings: true });
    equal(said.filter((part) => !part.pong), ["a", { bytes: [0, 255] }, "", long, { code: 1000, reason: "" }]);
    equal(said.some((part) => part.pong === "are you there"), true);
  }],
  ["websockets: closed by the app", async () => equal(await talk("/echo", ["end"]), [{ code: 4001, reason: "as asked for" }])],
  ["websockets: a plain request", text("websockets", "/echo", "a WebSocket is expected", 426)],
  ["websockets: graphql-ws", async () => {
    const messages = [{ type: "connection_init" }, { id: "1", type: "subscribe", payload: { query: "subscription { count }" } }];
    const said = await new Promise((resolve, reject) => {
      const socket = new WebSocket(`ws://127.0.0.1:${port}/graphql`, "graphql-transport-ws", { headers: { host: "websockets.test" } });
      const said = [];
      socket.on("error", reject);
      socket.on("open", () => socket.send(JSON.stringify(messages[0])));
      socket.on("message", (data) => {
        const message = JSON.parse(data);
        said.push(message.payload?.data.count ?? message.type);
        if (message.type === "connection_ack") socket.send(JSON.stringify(messages[1]));
        if (message.type === "complete") socket.close(1000);
      });
      socket.on("close", () => resolve(said));
    });
    equal(said, ["connection_ack", 1, 2, 3, "complete"]);
  }],
  ["websockets: partysocket connects again", text("websockets", "/client", '["4001","once more"]')],
  ["trpc: query, by zod", async () => {
    const input = encodeURIComponent(JSON.stringify({ name: "x" }));
    equal(JSON.parse((await ask("trpc", `/trpc/hello?input=${input}`)).text), { result: { data: "hello x from nano" } });
  }],
  ["trpc: a batch", async () => {
    const input = encodeURIComponent(JSON.stringify({ 0: { name: "a" }, 1: { name: "" } }));
    const { status, text } = await ask("trpc", `/trpc/hello,hello?batch=1&input=${input}`);
    const [first, second] = JSON.parse(text);
    equal([status, first.result.data, second.error.data.code], [207, "hello a from nano", "BAD_REQUEST"]);
  }],
  ["trpc: mutation", async () => {
    const { text } = await ask("trpc", "/trpc/add", { method: "POST", headers: { "content-type": "application/json" }, body: '{"a":1,"b":2}' });
    equal(JSON.parse(text), { result: { data: 3 } });
  }],
  ["trpc: error", async () => equal((await ask("trpc", "/trpc/secret")).status, 403)],
  ["trpc: subscription", async () => {
    const { text } = await ask("trpc", `/trpc/count?input=${encodeURIComponent('{"to":3}')}`, { headers: { accept: "text/event-stream" } });
    equal([...text.matchAll(/^data: (\d)$/gm)].map(([, count]) => count), ["1", "2", "3"]);
  }],
  ["vue: renderToString", text("vue", "/?name=you", '<main><h1 title="&amp;">hello &lt;you&gt; 3</h1><p>from later</p></main>')],
  ["vue: renderToWebStream", text("vue", "/stream", '<main><h1 title="&amp;">hello &lt;nobody&gt; 3</h1><p>from later</p></main>')],
  ["preact: renderToString", text("preact", "/string", '<b title="&amp;">&lt;y></b>')],
  ["preact: renderToStringAsync", async () => {
    const { text } = await ask("preact", "/later");
    contains(text, "<h1>hello you 3</h1><!--$s--><p>from later</p>");
  }],
  ["preact: renderToReadableStream with Suspense", async () => {
    const { text, parts } = await ask("preact", "/");
    contains(text, "from later");
    equal([parts.length > 1, parts[0].includes("loading"), parts[0].includes("from later")], [true, true, false]);
  }],
];

/** The checks, of apps at a port, by a client of the package `ws`. */
export function checksOf(served, client) {
  port = served;
  WebSocket = client;
  return checks;
}
