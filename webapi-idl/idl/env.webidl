// Source: NANO, after Cloudflare Workers (https://developers.cloudflare.com/workers/runtime-apis/bindings/)
// Date: 2026-11-27

/** Another app of the process, by a service binding. */
[Section="https://developers.cloudflare.com/workers/runtime-apis/bindings/service-bindings/http/", LegacyNoInterfaceObject, Exposed=Worker]
interface Fetcher {
  /**
   * Has the app answer a request. The host of the URL may be any; redirects lead to the same app.
   * @throws {TypeError} if the request cannot be made, as with `fetch()`, or the other app cannot be reached
   * @throws {any} the reason of the signal, if it aborts
   */
  [NewObject] Promise<Response> fetch(RequestInfo input, optional RequestInit init = {});
};
