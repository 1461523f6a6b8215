import { CompactEncrypt, SignJWT, UnsecuredJWT, base64url, calculateJwkThumbprint, compactDecrypt, createLocalJWKSet, createRemoteJWKSet, decodeJwt, decodeProtectedHeader, exportJWK, generateKeyPair, generateSecret, importJWK, jwtVerify } from "jose";

import { rsa } from "../rsa";

const secret = new TextEncoder().encode("a secret of thirty-two characters");

/** Keys that can be exported. */
async function keysFor(alg: string) {
  if (/^(RS|PS\d)/.test(alg)) {
    const { kty, n, e } = rsa;
    return { publicKey: await importJWK({ kty, n, e, ext: true }, alg), privateKey: await importJWK({ ...rsa, ext: true }, alg) };
  }
  if (alg.startsWith("PBES2")) return { publicKey: secret, privateKey: secret };
  if (/^(HS|A\d)/.test(alg)) {
    const key = await generateSecret(alg, { extractable: true });
    return { publicKey: key, privateKey: key };
  }
  return generateKeyPair(alg, { extractable: true });
}

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
  // Each key goes by way of its JWK.
  "/signatures": async () => {
    const all = ["RS256", "PS384", "ES512", "EdDSA", "HS512"].map(async (alg) => {
      const { publicKey, privateKey } = await keysFor(alg);
      const key = await importJWK(await exportJWK(privateKey), alg);
      const token = await new SignJWT({ a: alg }).setProtectedHeader({ alg, kid: "1" }).setAudience("nano").sign(key);
      const keys = createLocalJWKSet({ keys: [{ ...(await exportJWK(publicKey)), alg, kid: "1" }] });
      const { payload } = await (alg === "HS512" ? jwtVerify(token, key, { audience: "nano" }) : jwtVerify(token, keys, { audience: "nano" }));
      return payload.a;
    });
    return Promise.all(all);
  },
  "/encryption": async () => {
    const ways = [["RSA-OAEP-256", "A256GCM"], ["ECDH-ES+A128KW", "A128CBC-HS256"], ["A256GCMKW", "A192GCM"], ["dir", "A256CBC-HS512"], ["PBES2-HS256+A128KW", "A128GCM"]];
    const all = ways.map(async ([alg, enc]) => {
      const { publicKey, privateKey } = await keysFor(alg === "dir" ? enc : alg);
      const token = await new CompactEncrypt(secret).setProtectedHeader({ alg, enc }).encrypt(publicKey);
      const { plaintext } = await compactDecrypt(token, privateKey, { keyManagementAlgorithms: [alg] });
      return new TextDecoder().decode(plaintext) === new TextDecoder().decode(secret) && alg;
    });
    return Promise.all(all);
  },
  "/expired": async () => {
    const token = await new SignJWT({}).setProtectedHeader({ alg: "HS256" }).setExpirationTime(1).sign(secret);
    return jwtVerify(token, secret).catch((error) => error.code);
  },
  "/remote": async () => typeof createRemoteJWKSet(new URL("https://example.com/jwks")),
};

export default {
  async fetch(request: Request): Promise<Response> {
    const route = routes[new URL(request.url).pathname];
    return route ? Response.json(await route(request)) : new Response("nothing here", { status: 404 });
  },
};
