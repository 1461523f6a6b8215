// A client of apps/oauth-server, which it has by a service binding, and a resource that asks for its tokens.
import * as oauth from "oauth4webapi";

type Env = { SERVER: { fetch(url: string | URL, init?: object): Promise<Response> } };

const issuer = new URL("https://oauth-server.test");
const callback = "https://oauth.test/callback";
const client: oauth.Client = { client_id: "nano" };
const authentication = oauth.ClientSecretBasic("client secret");

export default {
  async fetch(request: Request, env: Env): Promise<Response> {
    const options = { [oauth.customFetch]: (url: string, init: object) => env.SERVER.fetch(url, init) };
    const server = await oauth.processDiscoveryResponse(issuer, await oauth.discoveryRequest(issuer, options));
    switch (new URL(request.url).pathname) {
      case "/credentials": {
        const response = await oauth.clientCredentialsGrantRequest(server, client, authentication, { scope: "a b" }, options);
        return new Response((await oauth.processClientCredentialsResponse(server, client, response)).token_type);
      }
      case "/refused": {
        const response = await oauth.clientCredentialsGrantRequest(server, client, oauth.ClientSecretBasic("another"), {}, options);
        return oauth.processClientCredentialsResponse(server, client, response).then(
          () => new Response("taken"), (error) => new Response(`${error.name} ${error.error} ${error.status}`));
      }
      case "/code": {
        const verifier = oauth.generateRandomCodeVerifier();
        const [state, nonce] = [oauth.generateRandomState(), oauth.generateRandomNonce()];
        const url = new URL(server.authorization_endpoint!);
        url.search = new URLSearchParams({
          client_id: client.client_id, redirect_uri: callback, response_type: "code", scope: "openid", state, nonce,
          code_challenge: await oauth.calculatePKCECodeChallenge(verifier), code_challenge_method: "S256",
        }).toString();
        const redirect = await env.SERVER.fetch(url, { redirect: "manual" });
        const parameters = oauth.validateAuthResponse(server, client, new URL(redirect.headers.get("location")!), state);
        const DPoP = oauth.DPoP(client, await oauth.generateKeyPair("ES256"));
        const response = await oauth.authorizationCodeGrantRequest(
          server, client, authentication, parameters, callback, verifier, { ...options, DPoP });
        const result = await oauth.processAuthorizationCodeResponse(
          server, client, response, { expectedNonce: nonce, requireIdToken: true });
        await oauth.validateApplicationLevelSignature(server, response, options);
        const { sub } = oauth.getValidatedIdTokenClaims(result)!;
        const info = await oauth.processUserInfoResponse(
          server, client, sub, await oauth.userInfoRequest(server, client, result.access_token, { ...options, DPoP }));
        // What a resource does with the token, and the proof that it is the client's.
        const resource = async (url: string, init: RequestInit) => {
          const claims = await oauth.validateJwtAccessToken(server, new Request(url, init), "https://oauth.test", { ...options, requireDPoP: true });
          return Response.json(claims.client_id);
        };
        const used = await oauth.protectedResourceRequest(
          result.access_token, "GET", new URL("https://oauth.test/resource"), undefined, undefined, { [oauth.customFetch]: resource, DPoP });
        return Response.json([result.token_type, sub, info.email, await used.json()]);
      }
      default:
        return new Response(null, { status: 404 });
    }
  },
};
