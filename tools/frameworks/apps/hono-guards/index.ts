import { Hono } from "hono";
import { basicAuth } from "hono/basic-auth";
import { bearerAuth } from "hono/bearer-auth";
import { bodyLimit } from "hono/body-limit";
import { cache } from "hono/cache";
import { compress } from "hono/compress";
import { getSignedCookie, setSignedCookie } from "hono/cookie";
import { csrf } from "hono/csrf";
import { jwt, sign, verify } from "hono/jwt";
import { requestId } from "hono/request-id";
import { secureHeaders } from "hono/secure-headers";
import { stream } from "hono/streaming";
import { timeout } from "hono/timeout";

import { rsa } from "../rsa";

const SECRET = "a secret of thirty-two characters";
const now = () => Math.floor(Date.now() / 1000);

/** What tokens are signed and verified with. */
const ALGORITHMS = {
  ES256: { name: "ECDSA", namedCurve: "P-256" },
  ES512: { name: "ECDSA", namedCurve: "P-521" },
  EdDSA: { name: "Ed25519" },
} as const;

/** A key pair as JWK, as keys are kept. */
async function pair(alg: "RS256" | "PS384" | keyof typeof ALGORITHMS): Promise<[object, object]> {
  if (alg === "RS256" || alg === "PS384") {
    const { kty, n, e } = rsa;
    return [{ ...rsa, alg }, { kty, n, e, alg }];
  }
  const { privateKey, publicKey } = (await crypto.subtle.generateKey(ALGORITHMS[alg], true, ["sign", "verify"])) as CryptoKeyPair;
  // Web Crypto calls it "Ed25519" (RFC 9864), which Hono does not know.
  const exported = async (key: CryptoKey) => ({ ...(await crypto.subtle.exportKey("jwk", key)), alg });
  return Promise.all([exported(privateKey), exported(publicKey)]);
}

const app = new Hono();

app.get("/token", async (c) => c.text(await sign({ sub: "x", exp: now() + Number(c.req.query("for") ?? 60) }, SECRET)));
app.use("/jwt/*", jwt({ secret: SECRET, alg: "HS256" }));
app.get("/jwt/subject", (c) => c.text((c.get("jwtPayload") as { sub: string }).sub));
app.get("/algorithm/:name", async (c) => {
  const name = c.req.param("name") as "RS256";
  const [own, others] = await pair(name);
  const token = await sign({ sub: name }, own, name);
  return c.text(String((await verify(token, others, name)).sub));
});

app.get("/sign", async (c) => {
  await setSignedCookie(c, "who", "nano", SECRET, { httpOnly: true });
  return c.text("signed");
});
app.get("/signed", async (c) => c.text(String(await getSignedCookie(c, SECRET, "who"))));

app.use("/compressed/*", compress());
app.get("/compressed/text", (c) => c.text("compress me ".repeat(1000)));
app.get("/compressed/stream", (c) => {
  c.header("content-type", "text/plain");
  return stream(c, async (stream) => {
    for (let i = 0; i < 3; i++) {
      await stream.write("part ".repeat(1000));
      await stream.sleep(5);
    }
  });
});

app.use("/cached", cache({ cacheName: "hono", cacheControl: "max-age=60", wait: true }));
app.get("/cached", (c) => c.text(crypto.randomUUID()));

app.use("/basic", basicAuth({ username: "nano", password: "pass" }));
app.get("/basic", (c) => c.text("in"));
app.use("/bearer", bearerAuth({ token: "token" }));
app.get("/bearer", (c) => c.text("in"));

app.use("/limited", bodyLimit({ maxSize: 1000, onError: (c) => c.text("too large", 413) }));
app.post("/limited", async (c) => c.text(String((await c.req.arrayBuffer()).byteLength)));
app.use("/form", csrf());
app.post("/form", async (c) => c.json(await c.req.parseBody()));
app.use("/slow", timeout(20));
app.get("/slow", async (c) => {
  await new Promise((resolve) => setTimeout(resolve, 1000));
  return c.text("late");
});
app.use("/marked", requestId(), secureHeaders());
app.get("/marked", (c) => c.text(c.get("requestId")));

export default app;
