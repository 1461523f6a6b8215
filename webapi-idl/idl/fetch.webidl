// Source: Fetch Standard (https://fetch.spec.whatwg.org/)
// Date: 2026-07-01

typedef (sequence<sequence<ByteString>> or record<ByteString, ByteString>) HeadersInit;

/** A list of header fields. Names are the same in upper and lower case. */
[Exposed=(Window,Worker)]
interface Headers {
  /** @throws {TypeError} if a name or a value cannot be that of a header field, or an entry is no pair */
  [Section=dom-headers] constructor(optional HeadersInit init);

  /**
   * Adds a value to a field, and keeps those that are there.
   * @throws {TypeError} if the name or the value cannot be that of a header field, or the headers are immutable
   */
  undefined append(ByteString name, ByteString value);
  /** @throws {TypeError} if the name cannot be that of a header field, or the headers are immutable */
  undefined delete(ByteString name);
  /**
   * All values of a field, joined by a comma and a space; null if there are none.
   * @throws {TypeError} if the name cannot be that of a header field
   */
  [WithScope] ByteString? get(ByteString name);
  /** The values of all `Set-Cookie` fields, one by one: they cannot be joined. */
  [WithScope] sequence<ByteString> getSetCookie();
  /** @throws {TypeError} if the name cannot be that of a header field */
  boolean has(ByteString name);
  /**
   * Replaces all values of a field.
   * @throws {TypeError} if the name or the value cannot be that of a header field, or the headers are immutable
   */
  undefined set(ByteString name, ByteString value);
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
   * @throws {TypeError} if the URL cannot be parsed or has credentials, the method is none or forbidden, GET or HEAD has a body, a stream
   *   comes without `duplex`, or the body of `input` was read
   */
  [Section=dom-request] constructor(RequestInfo input, optional RequestInit init = {});

  readonly attribute ByteString method;
  /** The whole address, without credentials. */
  readonly attribute USVString url;
  [SameObject] readonly attribute Headers headers;

  /** What a browser would use the response for; empty here. */
  readonly attribute RequestDestination destination;
  readonly attribute USVString referrer;
  readonly attribute ReferrerPolicy referrerPolicy;
  readonly attribute RequestMode mode;
  readonly attribute RequestCredentials credentials;
  readonly attribute RequestCache cache;
  readonly attribute RequestRedirect redirect;
  readonly attribute DOMString integrity;
  readonly attribute boolean keepalive;
  readonly attribute boolean isReloadNavigation;
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
  ByteString method;
  HeadersInit headers;
  /** The body; a stream needs `duplex: "half"`. */
  BodyInit? body;
  USVString referrer;
  ReferrerPolicy referrerPolicy;
  RequestMode mode;
  RequestCredentials credentials;
  RequestCache cache;
  /** What happens to responses that point somewhere else. */
  RequestRedirect redirect;
  DOMString integrity;
  boolean keepalive;
  /** Stops the request when it aborts. */
  AbortSignal? signal;
  RequestDuplex duplex;
  RequestPriority priority;
  /** Null, if anything. */
  any window; // can only be set to null
};

/** What the response to a request is used for. */
[Section=requestdestination] enum RequestDestination { "", "audio", "audioworklet", "document", "embed", "font", "frame", "iframe", "image", "json", "manifest", "object", "paintworklet", "report", "script", "sharedworker", "style",  "track", "video", "worker", "xslt" };
/** How a request may reach other origins. */
[Section=requestmode] enum RequestMode { "navigate", "same-origin", "no-cors", "cors" };
/** When cookies and the like are sent along. */
[Section=requestcredentials] enum RequestCredentials { "omit", "same-origin", "include" };
/** How a request uses a cache of responses. */
[Section=requestcache] enum RequestCache { "default", "no-store", "reload", "no-cache", "force-cache", "only-if-cached" };
/** What happens to responses that point somewhere else: they are followed, are an error, or are handed out. */
[Section=requestredirect] enum RequestRedirect { "follow", "error", "manual" };
/** When the response may come. */
[Section=requestduplex] enum RequestDuplex { "half" };
/** How important a request is among others. */
[Section=requestpriority] enum RequestPriority { "high", "low", "auto" };

/** A response: one that an app answers with, or one that it got by `fetch()`. */
[Exposed=(Window,Worker)]interface Response {
  /**
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
  readonly attribute unsigned short status;
  /** Whether the status is between 200 and 299. */
  readonly attribute boolean ok;
  /** The words after the status in HTTP/1.1. */
  readonly attribute ByteString statusText;
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
  unsigned short status = 200;
  ByteString statusText = "";
  HeadersInit headers;
};

/** Where a response comes from, and how much of it may be seen. */
[Section=responsetype] enum ResponseType { "basic", "cors", "default", "error", "opaque", "opaqueredirect" };

partial interface mixin WindowOrWorkerGlobalScope {
  /**
   * Sends a request; the promise resolves when the head of the response is there, whatever its status.
   * @throws {TypeError} if the request cannot be made (see `Request`), its address may not be asked or cannot be reached, or what comes back
   *   is no HTTP
   * @throws {any} the reason of the signal, if it aborts
   */
  [Section=fetch-method, NewObject] Promise<Response> fetch(RequestInfo input, optional RequestInit init = {});
};
