// An authorization server with OpenID Connect, as far as apps/oauth asks. It keeps nothing: its codes are tokens.
import { EmbeddedJWK, SignJWT, calculateJwkThumbprint, importJWK, jwtVerify } from "jose";

const issuer = "https://oauth-server.test";
const client = { id: "nano", secret: "client secret" };
const codes = new TextEncoder().encode("what codes are signed with, 32 characters");
// RFC 7515, appendix A.3.
const jwk = {
  kty: "EC", crv: "P-256", alg: "ES256", kid: "1",
  x: "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU", y: "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0",
};
const own = { ...jwk, d: "jpsQnnGQmL-YBIffH1136cspYG6-0iY7X1fCE9-E9LI" };

const challengeOf = async (verifier: string) => {
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(verifier)));
  return btoa(String.fromCharCode(...digest)).replaceAll("+", "-").replaceAll("/", "_").replace("=", "");
};

/** The thumbprint of the key that a request shows it has (RFC 9449). */
async function proven(request: Request): Promise<string | undefined> {
  const proof = request.headers.get("dpop");
  if (!proof) return undefined;
  const { payload, protectedHeader } = await jwtVerify(proof, EmbeddedJWK, { typ: "dpop+jwt" });
  if (payload.htm !== request.method || payload.htu !== request.url) throw new Error("a proof of another request");
  return calculateJwkThumbprint(protectedHeader.jwk!);
}

async function token(request: Request): Promise<Response> {
  const credentials = `Basic ${btoa(`${client.id}:${encodeURIComponent(client.secret).replaceAll("%20", "+")}`)}`;
  if (request.headers.get("authorization") !== credentials) return Response.json({ error: "invalid_client" }, { status: 401 });
  const form = await request.formData();
  const jkt = await proven(request);
  const key = await importJWK(own);
  const signed = (claims: object, audience: string, typ?: string) =>
    new SignJWT({ client_id: client.id, ...claims }).setProtectedHeader({ alg: "ES256", kid: jwk.kid, typ }).setIssuer(issuer).setAudience(audience)
      .setSubject("user").setJti(crypto.randomUUID()).setIssuedAt().setExpirationTime("5m").sign(key);
  const answer: Record<string, unknown> = { token_type: jkt ? "DPoP" : "Bearer", expires_in: 300 };
  if (form.get("grant_type") === "authorization_code") {
    const { payload } = await jwtVerify(String(form.get("code")), codes);
    if (payload.challenge !== (await challengeOf(String(form.get("code_verifier"))))) {
      return Response.json({ error: "invalid_grant" }, { status: 400 });
    }
    answer.id_token = await signed({ nonce: payload.nonce }, client.id);
  }
  answer.access_token = await signed(jkt ? { cnf: { jkt } } : {}, "https://oauth.test", "at+jwt");
  return Response.json(answer);
}

export default {
  async fetch(request: Request): Promise<Response> {
    const { pathname, searchParams } = new URL(request.url);
    switch (pathname) {
      case "/.well-known/openid-configuration":
        return Response.json({
          issuer, authorization_endpoint: `${issuer}/authorize`, token_endpoint: `${issuer}/token`, userinfo_endpoint: `${issuer}/userinfo`,
          jwks_uri: `${issuer}/jwks`, code_challenge_methods_supported: ["S256"], id_token_signing_alg_values_supported: ["ES256"],
          dpop_signing_alg_values_supported: ["ES256"], authorization_response_iss_parameter_supported: true,
        });
      case "/jwks":
        return Response.json({ keys: [jwk] });
      case "/authorize": {
        const claims = { challenge: searchParams.get("code_challenge"), nonce: searchParams.get("nonce") };
        const code = await new SignJWT(claims).setProtectedHeader({ alg: "HS256" }).setExpirationTime("1m").sign(codes);
        const back = new URL(searchParams.get("redirect_uri")!);
        for (const [name, value] of Object.entries({ code, state: searchParams.get("state")!, iss: issuer })) back.searchParams.set(name, value);
        return Response.redirect(back);
      }
      case "/token":
        return token(request);
      case "/userinfo": {
        const [scheme, value] = request.headers.get("authorization")!.split(" ");
        const { payload } = await jwtVerify(value, await importJWK(jwk));
        const { jkt } = (payload.cnf ?? {}) as { jkt?: string };
        if (scheme !== (jkt ? "DPoP" : "Bearer") || jkt !== (await proven(request))) return new Response(null, { status: 401 });
        return Response.json({ sub: payload.sub, email: "user@nano.test" });
      }
      default:
        return new Response(null, { status: 404 });
    }
  },
};
