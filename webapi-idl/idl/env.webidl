// Source: NANO, after Cloudflare Workers (https://developers.cloudflare.com/workers/runtime-apis/bindings/)
// Date: 2026-11-27

/** Another app of the process, by a service binding. */
[LegacyNoInterfaceObject, Exposed=Worker]
interface Fetcher {
  /** Has the app answer a request. The host of the URL may be any; redirects lead to the same app. */
  [NewObject] Promise<Response> fetch(RequestInfo input, optional RequestInit init = {});
};
