// Source: NANO
// Date: 2026-07-01

// How built-in scripts reach Rust: apps never see any of this; scripts import it from `nano:native`. Each names the folder of
// `runtime/api/src` that implements it.

/** Bytes that come from outside of the isolate: what a ReadableStream of a body is made of. */
[Internal=streams, Exposed=Worker]
interface NativeSource {
  /** The next chunk, at once where one is there: a Uint8Array, null at the end, or a promise for either. */
  any pull();
  undefined cancel(any reason);
};

/** Where the bytes of an outgoing body go. */
[Internal=streams, Exposed=Worker]
interface NativeSink {
  /**
   * undefined where there is room for more at once, else a promise that resolves when there is. `owned`: nobody else has the
   * chunk's buffer, so it may be taken.
   */
  any write(Uint8Array chunk, boolean owned);
  undefined close();
  undefined error(any reason);
};

/** A value between StructuredSerializeWithTransfer and StructuredDeserializeWithTransfer: a message on its way. */
[Internal=structured_clone, Exposed=Worker]
interface SerializedMessage {
  /** StructuredDeserializeWithTransfer, once: the value, and after it the transferred objects in the order of their list. */
  sequence<any> deserialize();
  /** Another message of the same value, in which nothing is transferred. */
  SerializedMessage copy();
};

/** How messages are made. */
[Internal=structured_clone, Exposed=Worker]
namespace Messages {
  /** StructuredSerializeWithTransfer. Messages of what it throws begin with the context ("Failed to execute 'postMessage' on …").
   * The transfer list is an array or a `List`: its elements are read without iterating. */
  SerializedMessage structuredSerialize(any value, object transfer, DOMString context);
};

/** Broadcasts between the app's instances. Those that come are given to the exported function `receiveBroadcast`. */
[Internal=html, Exposed=Worker]
namespace Broadcasts {
  /** Sends a message, which is still to be deserialized, to the other instances that listen to the name. */
  undefined sendBroadcast(DOMString name, SerializedMessage message);
  /** Listens to the name from now on, if this instance does not yet. */
  undefined listenToBroadcasts(DOMString name);
  undefined ignoreBroadcasts(DOMString name);
};

/** The event loop, for what is no app's own. */
[Internal=environment, Exposed=Worker]
namespace EventLoop {
  /** A timer for built-in scripts; one that is not referenced keeps no program running. */
  unsigned long setTimer(Function callback, double milliseconds, boolean unreferenced);
  [WithScope] undefined setTimerReferenced(unsigned long id, boolean referenced);
  [WithScope] undefined clearTimer(unsigned long id);

  /** Queues a task that calls the callback: in a turn of its own, after all tasks that were queued before. */
  undefined postTask(Function callback);

  /** HTML's "report an exception". */
  undefined reportException(any exception);
};

/** The clock of the app. */
[Internal=environment, Exposed=Worker]
namespace Clock {
  /** Milliseconds since the time origin, and the time origin in milliseconds since the Unix epoch. */
  [WithScope] double now();
  [WithScope] double timeOrigin();
};

/** How Rust learns what becomes of a promise. */
[Internal=environment, Exposed=Worker]
namespace PromiseReactions {
  /** The answer to `whenSettled`: the promise with this number was fulfilled or rejected with the value. */
  undefined settled(double id, boolean fulfilled, any value);
};

/** What a value is, whatever an app has made of prototypes. */
[Internal=script, Exposed=Worker]
namespace TypeChecks {
  /** Whether the value is a promise, of whatever realm; nothing of it is asked. */
  boolean isPromise(any value);

  /** Whether the value is a platform object of the native interface of this name. */
  boolean isInstance(DOMString name, any value);
};

/** What bodies are read as. */
[Internal=fetch, Exposed=Worker]
namespace BodyData {
  /** Fetch's "package data": what text(), json(), … make of a body's bytes. */
  any packageData(DOMString kind, ByteString contentType, Uint8Array bytes);
};

/** The locks of the app, which its instances share. */
[Internal=web_locks, Exposed=Worker]
namespace AppLocks {
  /** Asks for a lock, and gives the request's number. Calls with what becomes of it, each time in a task of its own: 0, it has got the
   * lock; 1, there is none to be had at once; 2, the lock was stolen. Nothing follows 1 and 2, nor what is aborted or released. */
  double requestLock(DOMString name, boolean isShared, boolean ifAvailable, boolean steal, Function callback);
  /** False if it does not wait any more. */
  [WithScope] boolean abortLockRequest(double request);
  /** False if the lock was stolen. */
  [WithScope] boolean releaseLock(double request);
  /** An array with four items for each lock: whether it is held, or waited for; its name; its mode; the client's id. */
  any allLocks();
};

/** What keeps an app's instance at work. */
[Internal=service_worker, Exposed=Worker]
namespace Lifetime {
  /** `waitUntil()` of an event with this context. */
  undefined extendLifetime(ExecutionContext context, any promise);
};

/** What compresses or decompresses the bytes of one stream. */
[Internal=compression, Exposed=Worker]
interface Codec {
  /** Takes a copy of the bytes; the last ones must have been read by then. */
  undefined write(BufferSource chunk);
  /** No bytes follow. */
  undefined finish();
  /** The next part of the output, a Uint8Array, which may be empty, or null where all that was written has been processed. */
  any read();
  /** Gives its memory back. */
  undefined close();
};

/** How they are made. */
[Internal=compression, Exposed=Worker]
namespace Codecs {
  Codec compressor(CompressionFormat format);
  Codec decompressor(CompressionFormat format);
};

/** What blobs are read as. */
[Internal=fileapi, Exposed=Worker]
namespace FileData {
  /** File API's "package data", but for ArrayBuffers: `kind` is one of "BinaryString", "Text" and "DataURL". */
  any packageFileData(DOMString kind, BufferSource bytes, DOMString type, DOMString? encoding);
};

/** One end of a WebSocket, in the hands of its built-in script. */
[Internal=websockets, Exposed=Worker]
interface NativeSocket {
  /** Begins to hear. Calls with `kind` and two values, each time in a task of its own: 0, the connection is there, with protocol and
   * extensions; 1, a message: a string or a Uint8Array; 2, the other end closes: its number or -1, and its reason; 3, it is gone:
   * why or null. Nothing follows 3. */
  undefined start(Function callback);
  /** Sends a message; false if there is no room for it. */
  boolean sendText(DOMString data);
  boolean sendBytes(BufferSource data);
  boolean sendBlob(Blob data);
  /** Closes, with a number or -1 for none. */
  undefined close(long code, DOMString reason);
  /** Lets go of it. */
  [WithScope] undefined finish();
  /** Bytes that have been sent and not left. */
  double buffered();
};

/** How they are made, and what else their script wants. */
[Internal=websockets, Exposed=Worker]
namespace Sockets {
  /** The address that a WebSocket of this one has. */
  [WithScope] USVString socketURL(USVString url);
  /** The origin of such an address. */
  USVString socketOrigin(USVString url);
  /** Opens a connection to such an address, for one of the protocols, which have commas between them. */
  NativeSocket connectSocket(USVString url, DOMString protocols);
  /** The two ends of a channel. */
  sequence<NativeSocket> socketPair();
  /** A Blob of these bytes. */
  Blob socketBlob(Uint8Array bytes);
  /** Bytes of a text in UTF-8. */
  double socketTextSize(DOMString text);
};

/** What the script of EventSource wants. */
[Internal=eventsource, Exposed=Worker]
namespace EventSources {
  /** The address that an event source of this one has. */
  [WithScope] USVString eventSourceURL(USVString url);
  /** The origin of an address. */
  USVString eventSourceOrigin(USVString url);
  /** Whether it is that of event streams. */
  [WithScope] boolean isEventStream(ByteString contentType);
  /** A text in UTF-8, a character for each byte. */
  ByteString eventSourceField(USVString text);
  /** Whether the request that the running code works for is over. */
  [WithScope] boolean isRequestOver();
};

/** What digests bytes as they come. */
[Internal=webcrypto, Exposed=Worker]
interface Digester {
  undefined update(BufferSource bytes);
  undefined updateText(USVString text);
  /** How many bytes that were. */
  unsigned long long bytesWritten();
  /** The digest, an ArrayBuffer. Nothing may follow. */
  any finish();
};

/** How they are made. */
[Internal=webcrypto, Exposed=Worker]
namespace Digesters {
  Digester digester(AlgorithmIdentifier algorithm);
};

/** A cache, as its built-in script reaches it. Without a request, all of its responses are meant. */
[Internal=service_worker, Exposed=Worker]
interface CacheAccess {
  /** The first response that is meant, or undefined. */
  any firstResponse(Request request, optional CacheQueryOptions options = {});
  /** Frozen arrays. */
  any responses(Request? request, optional CacheQueryOptions options = {});
  any requests(Request? request, optional CacheQueryOptions options = {});
  boolean removeResponses(Request request, optional CacheQueryOptions options = {});
};

/** Responses that are put into a cache, all or none, in the order of their places. */
[Internal=service_worker, Exposed=Worker]
interface CacheBatch {
  /** The next place, for a response to the request, which must be one that can be cached. */
  unsigned long reserve(Request request);
  /** Reads the response's body. */
  Promise<undefined> draft(unsigned long place, Request request, Response response, boolean mustBeOk);
  undefined commit(CacheAccess cache);
};

/** How they are made, and the app's caches. */
[Internal=service_worker, Exposed=Worker]
namespace CacheAccesses {
  /** The request that is meant. */
  Request cacheRequest(RequestInfo info);
  /** `fetch()`. */
  Promise<any> fetchForCache(Request request);
  CacheBatch newCacheBatch();
  CacheAccess openCache(DOMString name);
  CacheAccess openDefaultCache();
  boolean hasCache(DOMString name);
  boolean deleteCache(DOMString name);
  /** An array. */
  any cacheNames();
  /** The first response that is meant, of the cache of this name or of all that have one. */
  any firstResponseOfCaches(DOMString? name, Request request, optional CacheQueryOptions options = {});
};

/** One document that is rewritten. It stands still at each part that a function is called with. */
[Internal=html_rewriter, Exposed=Worker]
interface Rewriting {
  /** More of the document, or its end; what was given before must be done with. */
  undefined write(BufferSource bytes);
  undefined end();
  /** Goes on to the next part that somebody wants, and gives its kind: "element", "endTag", "comment", "text", "doctype" or "end"; null where
   * there is none in the next piece of what was given. */
  DOMString? nextPart();
  /** Whether there are more pieces, once the output of the last one was taken. */
  boolean hasMore();
  /** The number of the function that wants it. */
  unsigned long handler();
  /** The part is done with; nothing may be asked of it any more. */
  undefined leave();
  /** Gives all memory back. */
  undefined close();
  /** What has become of the document since the last time, a Uint8Array, or null. */
  any takeOutput();

  /** Of the part: */
  USVString? property(DOMString name);
  undefined setProperty(DOMString name, USVString value);
  boolean isRemoved();
  boolean isLast();
  any attributes();
  USVString? attributeValue(USVString name);
  [WithScope] undefined setAttribute(USVString name, USVString value);
  undefined removeAttribute(USVString name);
  undefined insertContent(DOMString place, USVString content, boolean isHtml);
  undefined removePart(boolean keepContent);
  undefined callAtEndTag(unsigned long handler);
};

/** How documents are begun, with the handlers that were told before, by their numbers. */
[Internal=html_rewriter, Exposed=Worker]
interface RewriterPlan {
  [WithScope] undefined addElementHandlers(USVString selector, long element, long comments, long text);
  undefined addDocumentHandlers(long doctype, long comments, long text, long end);
  Rewriting begin(Response response);
  /** The body as a stream, or null. */
  any body(Response response);
  /** The response with another body. */
  Response withBody(Response response, ReadableStream body);
};

/** How plans are made. */
[Internal=html_rewriter, Exposed=Worker]
namespace RewriterPlans {
  RewriterPlan newRewriterPlan();
};
