import { SignJWT, UnsecuredJWT, base64url, calculateJwkThumbprint, createRemoteJWKSet, decodeJwt, decodeProtectedHeader, generateKeyPair, jwtVerify } from "jose";

const secret = new TextEncoder().encode("a secret of thirty-two characters");

const routes: Record<string, (request: Request) => Promise<unknown>> = {
  "/base64": async () => base64url.encode("ü?>"),
  "/thumbprint": () => calculateJwkThumbprint({ kty: "oct", k: "FyCq1CKBflh3I5gikEjpYrdOXllzxB_yc02za8ERknI" }),
  "/unsecured": async () => {
    const token = new UnsecuredJWT({ a: 1 }).setIssuer("nano").encode();
    return [UnsecuredJWT.decode(token, { issuer: "nano" }).payload, decodeJwt(token).iss];
  },
  "/header": async () => decodeProtectedHeader("eyJhbGciOiJIUzI1NiJ9.e30.x"),
  "/hs256": async () => {
    const token = await new SignJWT({ a: 1 }).setProtectedHeader({ alg: "HS256" }).setExpirationTime("1h").sign(secret);
    return (await jwtVerify(token, secret)).payload.a;
  },
  "/es256": async () => {
    const { publicKey, privateKey } = await generateKeyPair("ES256");
    const token = await new SignJWT({ a: 2 }).setProtectedHeader({ alg: "ES256" }).sign(privateKey);
    return (await jwtVerify(token, publicKey)).payload.a;
  },
  "/remote": async () => typeof createRemoteJWKSet(new URL("https://example.com/jwks")),
};

export default {
  async fetch(request: Request): Promise<Response> {
    const route = routes[new URL(request.url).pathname];
    return route ? Response.json(await route(request)) : new Response("nothing here", { status: 404 });
  },
};
