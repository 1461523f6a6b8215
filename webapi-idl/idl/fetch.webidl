// Source: Fetch Standard (https://fetch.spec.whatwg.org/)
// Date: 2026-07-01

typedef (sequence<sequence<ByteString>> or record<ByteString, ByteString>) HeadersInit;

/** A list of header fields. Names are the same in upper and lower case. */
[Exposed=(Window,Worker)]
interface Headers {
  [Section=dom-headers] constructor(optional HeadersInit init);

  /** Adds a value to a field, and keeps those that are there. */
  undefined append(ByteString name, ByteString value);
  undefined delete(ByteString name);
  /** All values of a field, joined by a comma and a space; null if there are none. */
  [WithScope] ByteString? get(ByteString name);
  /** The values of all `Set-Cookie` fields, one by one: they cannot be joined. */
  [WithScope] sequence<ByteString> getSetCookie();
  boolean has(ByteString name);
  /** Replaces all values of a field. */
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
  /** Reads the whole body as bytes. */
  [NewObject] Promise<ArrayBuffer> arrayBuffer();
  /** Reads the whole body as a Blob of the type that the headers say. */
  [NewObject] Promise<Blob> blob();
  /** Reads the whole body as bytes. */
  [NewObject] Promise<Uint8Array> bytes();
  /** Reads the whole body as a form, sent as `multipart/form-data` or `application/x-www-form-urlencoded`. */
  [NewObject] Promise<FormData> formData();
  /** Reads the whole body as JSON. */
  [NewObject] Promise<any> json();
  /** Reads the whole body as text in UTF-8. */
  [NewObject] Promise<USVString> text();
};
typedef (Request or USVString) RequestInfo;

/** A request: one that an app gets, or one that it sends by `fetch()`. */
[Exposed=(Window,Worker)]
interface Request {
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

  /** A copy with a body of its own; not possible once the body is being read. */
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
  [Section=dom-response] constructor(optional BodyInit? body = null, optional ResponseInit init = {});

  /** The response that stands for a network error. */
  [NewObject] static Response error();
  /** A response that points to another address. */
  [NewObject] static Response redirect(USVString url, optional unsigned short status = 302);
  /** A response whose body is the value as JSON. */
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

  /** A copy with a body of its own; not possible once the body is being read. */
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
  /** Sends a request; the promise resolves when the head of the response is there, whatever its status. */
  [Section=fetch-method, NewObject] Promise<Response> fetch(RequestInfo input, optional RequestInit init = {});
};
