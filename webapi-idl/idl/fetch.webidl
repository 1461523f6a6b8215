// Source: Fetch Standard (https://fetch.spec.whatwg.org/)
// Date: 2026-07-01

typedef (sequence<sequence<ByteString>> or record<ByteString, ByteString>) HeadersInit;

/** A list of header fields. Names are the same in upper and lower case. */
[Exposed=(Window,Worker)]
interface Headers {
  /**
   * The fields of a list of pairs, of an object, or of other headers.
   * @throws {TypeError} if a name or a value cannot be that of a header field, or an entry is no pair
   */
  [Section=dom-headers] constructor(optional HeadersInit init);

  /**
   * Adds a value to a field, and keeps those that are there.
   * @throws {TypeError} if the name or the value cannot be that of a header field, or the headers are immutable
   */
  undefined append(ByteString name, ByteString value);
  /**
   * Takes a field away.
   * @throws {TypeError} if the name cannot be that of a header field, or the headers are immutable
   */
  undefined delete(ByteString name);
  /**
   * All values of a field, joined by a comma and a space; null if there are none.
   * @throws {TypeError} if the name cannot be that of a header field
   */
  [WithScope] ByteString? get(ByteString name);
  /** The values of all `Set-Cookie` fields, one by one: they cannot be joined. */
  [WithScope] sequence<ByteString> getSetCookie();
  /**
   * Whether there is such a field.
   * @throws {TypeError} if the name cannot be that of a header field
   */
  boolean has(ByteString name);
  /**
   * Replaces all values of a field.
   * @throws {TypeError} if the name or the value cannot be that of a header field, or the headers are immutable
   */
  undefined set(ByteString name, ByteString value);
  /** Names, in lower case and in order, and values; `set-cookie` once for each. */
  iterable<ByteString, ByteString>;
};

typedef (Blob or BufferSource or FormData or URLSearchParams or USVString) XMLHttpRequestBodyInit;

typedef (ReadableStream or XMLHttpRequestBodyInit) BodyInit;
interface mixin Body {
  /** The body as a stream of bytes; null if there is none. */
  readonly attribute ReadableStream? body;
  /** Whether the body was read, or is being read. */
  [WithScope] readonly attribute boolean bodyUsed;
  /**
   * Reads the whole body as bytes.
   * @throws {TypeError} if the body was read already, or is being read
   * @throws {any} what the body's stream failed with
   */
  [NewObject] Promise<ArrayBuffer> arrayBuffer();
  /**
   * Reads the whole body as a Blob of the type that the headers say.
   * @throws {TypeError} if the body was read already, or is being read
   * @throws {any} what the body's stream failed with
   */
  [NewObject] Promise<Blob> blob();
  /**
   * Reads the whole body as bytes.
   * @throws {TypeError} if the body was read already, or is being read
   * @throws {any} what the body's stream failed with
   */
  [NewObject] Promise<Uint8Array> bytes();
  /**
   * Reads the whole body as a form, sent as `multipart/form-data` or `application/x-www-form-urlencoded`.
   * @throws {TypeError} if the body was read already, or is being read, or is no form
   * @throws {any} what the body's stream failed with
   */
  [NewObject] Promise<FormData> formData();
  /**
   * Reads the whole body as JSON.
   * @throws {TypeError} if the body was read already, or is being read
   * @throws {SyntaxError} if the text is no JSON
   * @throws {any} what the body's stream failed with
   */
  [NewObject] Promise<any> json();
  /**
   * Reads the whole body as text in UTF-8.
   * @throws {TypeError} if the body was read already, or is being read
   * @throws {any} what the body's stream failed with
   */
  [NewObject] Promise<USVString> text();
};
typedef (Request or USVString) RequestInfo;

/** A request: one that an app gets, or one that it sends by `fetch()`. */
[Exposed=(Window,Worker)]
interface Request {
  /**
   * A request for an address, or like another one.
   * @throws {TypeError} if the URL cannot be parsed or has credentials, the method is none or forbidden, GET or HEAD has a body, a stream
   *   comes without `duplex`, or the body of `input` was read
   */
  [Section=dom-request] constructor(RequestInfo input, optional RequestInit init = {});

  /** The method, such as `GET`. */
  readonly attribute ByteString method;
  /** The whole address, without credentials. */
  readonly attribute USVString url;
  /** Its header fields; those of a request that an app gets cannot be changed. */
  [SameObject] readonly attribute Headers headers;

  /** What a browser would use the response for; empty here. */
  readonly attribute RequestDestination destination;
  /** Where the request says that it comes from, "about:client" unless something was said. */
  readonly attribute USVString referrer;
  /** How much of the referrer is sent. */
  readonly attribute ReferrerPolicy referrerPolicy;
  /** How it may reach other origins. */
  readonly attribute RequestMode mode;
  /** When cookies and the like are sent along; nothing keeps cookies here. */
  readonly attribute RequestCredentials credentials;
  /** How it uses a cache of responses; `fetch()` has none here. */
  readonly attribute RequestCache cache;
  /** What happens to a response that points somewhere else. */
  readonly attribute RequestRedirect redirect;
  /** The hashes that the response's body must have one of. */
  readonly attribute DOMString integrity;
  /** Whether it may outlive its page; there are none here. */
  readonly attribute boolean keepalive;
  /** Whether a page is loaded anew; never here. */
  readonly attribute boolean isReloadNavigation;
  /** Whether somebody goes back in the history; never here. */
  readonly attribute boolean isHistoryNavigation;
  /** Aborts when the request shall stop; for one that an app gets, when its client has gone. */
  readonly attribute AbortSignal signal;
  /** "half": the response comes after the request's body was sent. */
  readonly attribute RequestDuplex duplex;

  /**
   * A copy with a body of its own; not possible once the body is being read.
   * @throws {TypeError} if the body was read already, or is being read
   */
  [NewObject] Request clone();
};
Request includes Body;

/** How a request shall be, or in what it shall differ from another one. */
[Section=requestinit] dictionary RequestInit {
  /** The method; `GET` if it is not given. */
  ByteString method;
  /** The header fields. */
  HeadersInit headers;
  /** The body; a stream needs `duplex: "half"`. */
  BodyInit? body;
  /** Where the request says that it comes from. */
  USVString referrer;
  /** How much of the referrer is sent. */
  ReferrerPolicy referrerPolicy;
  /** How it may reach other origins. */
  RequestMode mode;
  /** When cookies and the like are sent along. */
  RequestCredentials credentials;
  /** How it uses a cache of responses. */
  RequestCache cache;
  /** What happens to responses that point somewhere else. */
  RequestRedirect redirect;
  /** Hashes, as in `sha256-…`: the response's body must have one of them. */
  DOMString integrity;
  /** Whether it may outlive its page; there are none here. */
  boolean keepalive;
  /** Stops the request when it aborts. */
  AbortSignal? signal;
  /** "half", which a body that is a stream needs. */
  RequestDuplex duplex;
  /** How important it is among others. */
  RequestPriority priority;
  /** Null, if anything. */
  any window; // can only be set to null
};

/** What the response to a request is used for. */
[Section=requestdestination] enum RequestDestination {
  /** For a program, as by `fetch()`: all requests here. */
  "",
  /** For an `<audio>` element. */
  "audio",
  /** For a module of an audio worklet. */
  "audioworklet",
  /** For a page. */
  "document",
  /** For an `<embed>` element. */
  "embed",
  /** For a font. */
  "font",
  /** For a page in a `<frame>`. */
  "frame",
  /** For a page in an `<iframe>`. */
  "iframe",
  /** For an image. */
  "image",
  /** For a JSON module. */
  "json",
  /** For the manifest of a web application. */
  "manifest",
  /** For an `<object>` element. */
  "object",
  /** For a module of a paint worklet. */
  "paintworklet",
  /** To deliver a report. */
  "report",
  /** For a script. */
  "script",
  /** For the script of a shared worker. */
  "sharedworker",
  /** For a style sheet. */
  "style",
  /** For subtitles. */
  "track",
  /** For a `<video>` element. */
  "video",
  /** For the script of a worker. */
  "worker",
  /** For a style sheet of XSLT. */
  "xslt"
};
/** How a request may reach other origins. */
[Section=requestmode] enum RequestMode {
  /** Somebody goes to a page; no app can make such a request. */
  "navigate",
  /** To the app's own origin only. */
  "same-origin",
  /** To any origin, with simple methods and header fields only. */
  "no-cors",
  /** To any origin. There is no CORS between servers, so no response is kept from the app. */
  "cors"
};
/** When cookies and the like are sent along. */
[Section=requestcredentials] enum RequestCredentials {
  /** Never. */
  "omit",
  /** To the same origin. */
  "same-origin",
  /** Always. */
  "include"
};
/** How a request uses a cache of responses. */
[Section=requestcache] enum RequestCache {
  /** As HTTP says. */
  "default",
  /** Not at all. */
  "no-store",
  /** The response is fetched, and kept. */
  "reload",
  /** What is kept is asked about before it is used. */
  "no-cache",
  /** What is kept is used, however old. */
  "force-cache",
  /** What is kept is used, and nothing is fetched; with `fetch()`, which keeps nothing, an error. */
  "only-if-cached"
};
/** What happens to responses that point somewhere else: they are followed, are an error, or are handed out. */
[Section=requestredirect] enum RequestRedirect {
  /** The address that they point to is asked, up to 20 times. */
  "follow",
  /** They are an error. */
  "error",
  /** They are handed out, as they are. */
  "manual"
};
/** When the response may come. */
[Section=requestduplex] enum RequestDuplex {
  /** Once the request's body was sent. */
  "half"
};
/** How important a request is among others. */
[Section=requestpriority] enum RequestPriority {
  /** More important than others. */
  "high",
  /** Less important than others. */
  "low",
  /** As important as others of its kind. No value makes a difference here. */
  "auto"
};

/** A response: one that an app answers with, or one that it got by `fetch()`. */
[Exposed=(Window,Worker)]interface Response {
  /**
   * A response with a body, or without one.
   * @throws {RangeError} if the status is not from 200 to 599
   * @throws {TypeError} if `statusText` or a header cannot be sent, there is a body with a status that has none, or the body was read
   */
  [Section=dom-response] constructor(optional BodyInit? body = null, optional ResponseInit init = {});

  /** The response that stands for a network error. */
  [NewObject] static Response error();
  /**
   * A response that points to another address.
   * @throws {TypeError} if the URL cannot be parsed
   * @throws {RangeError} if the status is not 301, 302, 303, 307 or 308
   */
  [NewObject] static Response redirect(USVString url, optional unsigned short status = 302);
  /**
   * A response whose body is the value as JSON.
   * @throws {TypeError} if the value has no JSON form
   * @throws {RangeError} if the status is not from 200 to 599
   */
  [NewObject, RustName=from_json] static Response json(any data, optional ResponseInit init = {});

  /** Where the response comes from: "default" for those made by an app. */
  readonly attribute ResponseType type;

  /** The address that it came from, after all redirects; empty for those made by an app. */
  readonly attribute USVString url;
  /** Whether redirects were followed on the way to it. */
  readonly attribute boolean redirected;
  /** The status, such as 200. */
  readonly attribute unsigned short status;
  /** Whether the status is between 200 and 299. */
  readonly attribute boolean ok;
  /** The words after the status in HTTP/1.1. */
  readonly attribute ByteString statusText;
  /** Its header fields; those of a response by `fetch()` cannot be changed. */
  [SameObject] readonly attribute Headers headers;

  /**
   * A copy with a body of its own; not possible once the body is being read.
   * @throws {TypeError} if the body was read already, or is being read
   */
  [NewObject] Response clone();
};
Response includes Body;

/** The head of a new response. */
[Section=responseinit] dictionary ResponseInit {
  /** The status. */
  unsigned short status = 200;
  /** The words after the status in HTTP/1.1. */
  ByteString statusText = "";
  /** The header fields. */
  HeadersInit headers;
};

/** Where a response comes from, and how much of it may be seen. */
[Section=responsetype] enum ResponseType {
  /** From `fetch()`. */
  "basic",
  /** From another origin, as a browser filters it; not here. */
  "cors",
  /** Made by an app. */
  "default",
  /** A network error, of `Response.error()`. */
  "error",
  /** From another origin, with nothing to be seen; not here. */
  "opaque",
  /** A response that points somewhere else, with nothing to be seen; not here. */
  "opaqueredirect"
};

partial interface mixin WindowOrWorkerGlobalScope {
  /**
   * Sends a request; the promise resolves when the head of the response is there, whatever its status.
   * @throws {TypeError} if the request cannot be made (see `Request`), its address may not be asked or cannot be reached, or what comes back
   *   is no HTTP
   * @throws {any} the reason of the signal, if it aborts
   */
  [Section=fetch-method, NewObject] Promise<Response> fetch(RequestInfo input, optional RequestInit init = {});
};
