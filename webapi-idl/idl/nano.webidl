// Source: NANO
// Date: 2026-07-01

// Its name is that of every worker's, so that the standards' `includes` statements fit; there are no kinds of workers below
// it. Its class is no global: programs take one for the sign of a browser's worker, with a `postMessage`.
/** The global object of an app. */
[Global=(Worker,ServiceWorker), Exposed=Worker, LegacyNoInterfaceObject]
interface WorkerGlobalScope : EventTarget {
  /** The global object itself. */
  [Section="https://html.spec.whatwg.org/multipage/#dom-workerglobalscope-self"] readonly attribute WorkerGlobalScope self;
  /** What can be said about the runtime. */
  [Section="https://html.spec.whatwg.org/multipage/#dom-worker-navigator"] readonly attribute Navigator navigator;
};
WorkerGlobalScope includes WorkerGlobalEventHandlers;

// Event handlers live where EventTarget does.
[Implementation=Script]
interface mixin WorkerGlobalEventHandlers {
  /** Called with errors that nobody caught. */
  [Section="https://html.spec.whatwg.org/multipage/#handler-workerglobalscope-onerror"] attribute OnErrorEventHandler onerror;
  /** Called with promises that somebody listened to after they had been told as unhandled. */
  [Section="https://html.spec.whatwg.org/multipage/#handler-workerglobalscope-onrejectionhandled"] attribute EventHandler onrejectionhandled;
  /** Called with promises that were rejected while nobody listened. */
  [Section="https://html.spec.whatwg.org/multipage/#handler-workerglobalscope-onunhandledrejection"] attribute EventHandler onunhandledrejection;
};

// What is made of promises and callbacks is a built-in script, see ARCHITECTURE.md. Everything else is native. What few apps use is lazy: a part
// of the scripts that is evaluated when something of it is first asked for.

// DOM
[Implementation=Script] partial interface Event {};
[Implementation=Script] partial interface CustomEvent {};
[Implementation=Script] partial interface EventTarget {};
[Implementation=Script] partial interface AbortController {};
[Implementation=Script] partial interface AbortSignal {};

// HTML
[Implementation=Script] partial interface ErrorEvent {};
[Implementation=Script] partial interface PromiseRejectionEvent {};
[Implementation=Script] partial interface MessageEvent {};
[Implementation=Script, Lazy=messaging] partial interface MessageChannel {};
[Implementation=Script] partial interface MessagePort {};
[Implementation=Script, Lazy=messaging] partial interface BroadcastChannel {};

// High Resolution Time; a script because its parent, EventTarget, is one.
[Implementation=Script, Lazy=performance] partial interface Performance {};

// XMLHttpRequest, File API
[Implementation=Script, Lazy=fileapi] partial interface ProgressEvent {};
[Implementation=Script, Lazy=fileapi] partial interface FileReader {};

// Performance Timeline, User Timing
[Implementation=Script, Lazy=performance] partial interface PerformanceEntry {};
[Implementation=Script, Lazy=performance] partial interface PerformanceObserver {};
[Implementation=Script, Lazy=performance] partial interface PerformanceObserverEntryList {};
[Implementation=Script, Lazy=performance] partial interface PerformanceMark {};
[Implementation=Script, Lazy=performance] partial interface PerformanceMeasure {};

// Streams
[Implementation=Script] partial interface ReadableStream {};
[Implementation=Script] partial interface ReadableStreamDefaultReader {};
[Implementation=Script] partial interface ReadableStreamBYOBReader {};
[Implementation=Script] partial interface ReadableStreamDefaultController {};
[Implementation=Script] partial interface ReadableByteStreamController {};
[Implementation=Script] partial interface ReadableStreamBYOBRequest {};
[Implementation=Script] partial interface WritableStream {};
[Implementation=Script] partial interface WritableStreamDefaultWriter {};
[Implementation=Script] partial interface WritableStreamDefaultController {};
[Implementation=Script] partial interface TransformStream {};
[Implementation=Script] partial interface TransformStreamDefaultController {};
[Implementation=Script] partial interface ByteLengthQueuingStrategy {};
[Implementation=Script] partial interface CountQueuingStrategy {};

// WebSockets, and HTML's EventSource
[Implementation=Script, Lazy=websockets] partial interface WebSocket {};
[Implementation=Script, Lazy=websockets] partial interface CloseEvent {};
[Implementation=Script, Lazy=eventsource] partial interface EventSource {};

// Service Workers
[Implementation=Script] partial interface ExtendableEvent {};
[Implementation=Script] partial interface FetchEvent {};
[Implementation=Script, Lazy=service_worker] partial interface Cache {};
[Implementation=Script, Lazy=service_worker] partial interface CacheStorage {};

// Encoding
[Implementation=Script, Lazy=encoding] partial interface TextEncoderStream {};
[Implementation=Script, Lazy=encoding] partial interface TextDecoderStream {};

// Web Locks
[Implementation=Script, Lazy=web_locks] partial interface LockManager {};
[Implementation=Script, Lazy=web_locks] partial interface Lock {};

// Compression
[Implementation=Script, Lazy=compression] partial interface CompressionStream {};
[Implementation=Script, Lazy=compression] partial interface DecompressionStream {};

/** The third argument of a handler, as in Workers. */
[Section="https://developers.cloudflare.com/workers/runtime-apis/context/", LegacyNoInterfaceObject, Exposed=Worker]
interface ExecutionContext {
  /** Keeps the app's instance at work until the promise settles, and the request's fetches for up to 30 s beyond the response. */
  [Section="https://developers.cloudflare.com/workers/runtime-apis/context/#waituntil"] undefined waitUntil(any promise);
  /** Workers' fall-through to an origin server; there is none here, so it has no effect. */
  [Section="https://developers.cloudflare.com/workers/runtime-apis/context/#passthroughonexception"] undefined passThroughOnException();
  /** What Workers' service bindings give the app; an empty object here. */
  [Section="https://developers.cloudflare.com/workers/runtime-apis/context/#props", SameObject] readonly attribute object props;
};

partial interface Request {
  /** What Cloudflare's network says of a request; an empty object here, so that what is looked up in it is undefined. */
  [Section="https://developers.cloudflare.com/workers/runtime-apis/request/", SameObject] readonly attribute object cf;
};

partial interface FetchEvent {
  /** Workers' fall-through to an origin server; there is none here, so it has no effect. */
  [Section="https://developers.cloudflare.com/workers/runtime-apis/context/#passthroughonexception"] undefined passThroughOnException();
};

partial interface SubtleCrypto {
  /**
   * Workers' comparison of secrets: as many bytes are the same, or not, in a time that does not tell where they differ.
   * @throws {TypeError} if one has more bytes than the other
   */
  [Section="https://developers.cloudflare.com/workers/runtime-apis/web-crypto/#timingsafeequal"] boolean timingSafeEqual(BufferSource a, BufferSource b);
};

// As in Workers, it has no constructor.
/** A time has come that the app's configuration names by a cron expression. */
[Section="https://developers.cloudflare.com/workers/runtime-apis/handlers/scheduled/", Exposed=ServiceWorker, Implementation=Script, Lazy=scheduled_event]
interface ScheduledEvent : ExtendableEvent {
  /** The expression. */
  readonly attribute DOMString cron;
  /** The time, in milliseconds since the Unix epoch. */
  readonly attribute double scheduledTime;
  /** Workers' promise not to run the event again if it fails; it never is here. */
  undefined noRetry();
};

// WebSockets of servers, as in Workers.

partial interface WebSocket {
  /**
   * Begins to receive, and lets this end send: for those of a `WebSocketPair`, and of responses.
   * @throws {TypeError} if it is accepted already
   */
  [Section="https://developers.cloudflare.com/workers/runtime-apis/websockets/#accept"] undefined accept();
};

/** Two WebSockets, `0` and `1`: what is sent to one arrives at the other. One goes to a client, as the `webSocket` of a response. */
[Section="https://developers.cloudflare.com/workers/runtime-apis/websockets/", Exposed=Worker, Implementation=Script, Lazy=websockets]
interface WebSocketPair {
  /** Two WebSockets that are connected. */
  constructor();
};

partial interface Response {
  /** What its connection has become; with the status 101. */
  [Section="https://developers.cloudflare.com/workers/runtime-apis/response/#properties"] readonly attribute WebSocket? webSocket;
};

partial dictionary ResponseInit {
  /** What the client's connection becomes; with the status 101. */
  [Section="https://developers.cloudflare.com/workers/runtime-apis/response/#parameters"] WebSocket? webSocket = null;
};
