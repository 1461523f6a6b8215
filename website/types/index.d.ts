// The Web APIs of NANO. Generated from their Web IDL; do not edit.
// Use with `"lib": ["esnext"]`, without `dom` and `webworker`.

type ArrayBufferOrView = ArrayBuffer | ArrayBufferView;
type BufferSource = ArrayBufferOrView;
type AllowSharedBufferSource = ArrayBufferOrView | SharedArrayBuffer;

/** What an app's entry module exports by default. */
interface ExportedHandler<Env = Record<string, any>> {
  fetch?(request: Request, env: Env, ctx: ExecutionContext): Response | PromiseLike<Response>;
  scheduled?(event: ScheduledEvent, env: Env, ctx: ExecutionContext): void | PromiseLike<void>;
}

// Names of Workers' own types for what is here, too.
type ExportedHandlerFetchHandler<Env = Record<string, any>> = NonNullable<ExportedHandler<Env>["fetch"]>;
type ExportedHandlerScheduledHandler<Env = Record<string, any>> = NonNullable<ExportedHandler<Env>["scheduled"]>;
type HTMLRewriterDocumentContentHandlers = HTMLRewriterDocumentHandlers;
type HTMLRewriterElementContentHandlers = HTMLRewriterElementHandlers;
type ScheduledController = ScheduledEvent;

/** A module of WebAssembly: compiled, and not instantiated. */
declare module "*.wasm" {
  const module: WebAssembly.Module;
  export default module;
}
/** A file that is imported `with { type: "bytes" }`. */
declare module "*.bin" {
  const bytes: Uint8Array;
  export default bytes;
}
/** A file that is imported `with { type: "text" }`. */
declare module "*.txt" {
  const text: string;
  export default text;
}
declare module "*.html" {
  const text: string;
  export default text;
}
declare module "*.css" {
  const text: string;
  export default text;
}
declare module "*.sql" {
  const text: string;
  export default text;
}

/**
 * WebAssembly, without calls that are suspended.
 * @see https://webassembly.github.io/spec/js-api/
 */
declare namespace WebAssembly {
  type ImportExportKind = "function" | "global" | "memory" | "table" | "tag";
  type TableKind = "anyfunc" | "externref";
  interface ValueTypeMap {
    anyfunc: Function;
    externref: any;
    f32: number;
    f64: number;
    i32: number;
    i64: bigint;
    v128: never;
  }
  type ValueType = keyof ValueTypeMap;
  type ImportValue = Function | Global | Memory | Table | Tag | number | bigint;
  type ModuleImports = Record<string, ImportValue>;
  type Imports = Record<string, ModuleImports>;
  type ExportValue = Function | Global | Memory | Table | Tag;
  type Exports = Record<string, any>;
  interface WebAssemblyInstantiatedSource {
    instance: Instance;
    module: Module;
  }
  interface ModuleExportDescriptor {
    kind: ImportExportKind;
    name: string;
  }
  interface ModuleImportDescriptor extends ModuleExportDescriptor {
    module: string;
  }
  interface GlobalDescriptor<T extends ValueType = ValueType> {
    mutable?: boolean;
    value: T;
  }
  interface MemoryDescriptor {
    initial: number;
    maximum?: number;
    shared?: boolean;
  }
  interface TableDescriptor {
    element: TableKind;
    initial: number;
    maximum?: number;
  }

  function validate(bytes: BufferSource): boolean;
  function compile(bytes: BufferSource): Promise<Module>;
  function compileStreaming(source: Response | PromiseLike<Response>): Promise<Module>;
  function instantiate(bytes: BufferSource, importObject?: Imports): Promise<WebAssemblyInstantiatedSource>;
  function instantiate(module: Module, importObject?: Imports): Promise<Instance>;
  function instantiateStreaming(
    source: Response | PromiseLike<Response>,
    importObject?: Imports,
  ): Promise<WebAssemblyInstantiatedSource>;

  interface Module {}
  var Module: {
    prototype: Module;
    new(bytes: BufferSource): Module;
    customSections(module: Module, sectionName: string): ArrayBuffer[];
    exports(module: Module): ModuleExportDescriptor[];
    imports(module: Module): ModuleImportDescriptor[];
  };
  interface Instance {
    readonly exports: Exports;
  }
  var Instance: {
    prototype: Instance;
    new(module: Module, importObject?: Imports): Instance;
  };
  interface Memory {
    readonly buffer: ArrayBuffer;
    grow(delta: number): number;
    toFixedLengthBuffer(): ArrayBuffer;
    toResizableBuffer(): ArrayBuffer;
  }
  var Memory: {
    prototype: Memory;
    new(descriptor: MemoryDescriptor): Memory;
  };
  interface Table {
    readonly length: number;
    get(index: number): any;
    grow(delta: number, value?: any): number;
    set(index: number, value?: any): void;
  }
  var Table: {
    prototype: Table;
    new(descriptor: TableDescriptor, value?: any): Table;
  };
  interface Global<T extends ValueType = ValueType> {
    value: ValueTypeMap[T];
    valueOf(): ValueTypeMap[T];
  }
  var Global: {
    prototype: Global;
    new<T extends ValueType = ValueType>(descriptor: GlobalDescriptor<T>, v?: ValueTypeMap[T]): Global<T>;
  };
  interface Tag {}
  var Tag: {
    prototype: Tag;
    new(type: { parameters: ValueType[] }): Tag;
  };
  /** The tag of exceptions of JavaScript. */
  const JSTag: Tag;
  interface Exception {
    getArg(exceptionTag: Tag, index: number): any;
    is(exceptionTag: Tag): boolean;
    readonly stack: string | undefined;
  }
  var Exception: {
    prototype: Exception;
    new(exceptionTag: Tag, payload: any[], options?: { traceStack?: boolean }): Exception;
  };
  interface CompileError extends Error {}
  var CompileError: { prototype: CompileError; new(message?: string, options?: ErrorOptions): CompileError };
  interface LinkError extends Error {}
  var LinkError: { prototype: LinkError; new(message?: string, options?: ErrorOptions): LinkError };
  interface RuntimeError extends Error {}
  var RuntimeError: { prototype: RuntimeError; new(message?: string, options?: ErrorOptions): RuntimeError };
}

/** Handles requests, in an app without a default export. */
declare function addEventListener(type: "fetch", callback: (event: FetchEvent) => void): void;
/** Handles scheduled events. */
declare function addEventListener(type: "scheduled", callback: (event: ScheduledEvent) => void): void;

type AlgorithmIdentifier = object | string;
type BlobPart = BufferSource | Blob | string;
type BodyInit = ReadableStream | Blob | BufferSource | FormData | URLSearchParams | string;
type DOMHighResTimeStamp = number;
type EventHandler = EventHandlerNonNull | null;
type FormDataEntryValue = File | string;
type HashAlgorithmIdentifier = object | string;
type HeadersInit = Headers | Iterable<string[]> | Record<string, string>;
type MessageEventSource = MessagePort;
type NamedCurve = string;
type OnErrorEventHandler = OnErrorEventHandlerNonNull | null;
type PerformanceEntryList = PerformanceEntry[];
type ReadableStreamController = ReadableStreamDefaultController | ReadableByteStreamController;
type ReadableStreamReader = ReadableStreamDefaultReader | ReadableStreamBYOBReader;
type RequestInfo = Request | string | URL;
type TimerHandler = string | Function;
type URLPatternInput = string | URLPatternInit;
type XMLHttpRequestBodyInit = Blob | BufferSource | FormData | URLSearchParams | string;

/**
 * What bytes arrive as.
 *
 * - `"blob"`: As a `Blob`.
 * - `"arraybuffer"`: As an `ArrayBuffer`.
 * @see https://websockets.spec.whatwg.org/#enumdef-binarytype
 */
type BinaryType = "blob" | "arraybuffer";
/**
 * How bytes are compressed.
 *
 * - `"deflate"`: DEFLATE with the head and checksum of zlib, RFC 1950; what HTTP calls deflate.
 * - `"deflate-raw"`: DEFLATE alone, RFC 1951.
 * - `"gzip"`: DEFLATE in a file of gzip, RFC 1952.
 * - `"brotli"`: Brotli, RFC 7932; what HTTP calls br.
 * @see https://compression.spec.whatwg.org/#enumdef-compressionformat
 */
type CompressionFormat = "deflate" | "deflate-raw" | "gzip" | "brotli";
/**
 * Whether line ends of text are kept, or become those of the system.
 *
 * - `"transparent"`: Texts are taken as they are.
 * - `"native"`: Line ends of texts become `\n`.
 * @see https://w3c.github.io/FileAPI/#enumdef-endingtype
 */
type EndingType = "transparent" | "native";
/**
 * The external forms of keys.
 *
 * - `"raw-public"`: The bytes of a public key.
 * - `"raw-private"`: The bytes of a private key; no algorithm here has this.
 * - `"raw-seed"`: The seed that a private key of ML-DSA or ML-KEM is made of.
 * - `"raw-secret"`: The bytes of a shared key.
 * - `"raw"`: The older name of "raw-secret" and "raw-public", for the algorithms that had it.
 * - `"spki"`: A public key with its algorithm, as in certificates: SubjectPublicKeyInfo, in DER.
 * - `"pkcs8"`: A private key with its algorithm: PrivateKeyInfo, in DER.
 * - `"jwk"`: A JSON Web Key, as an object.
 * @see https://wicg.github.io/webcrypto-modern-algos/#dfn-KeyFormat
 */
type KeyFormat = "raw-public" | "raw-private" | "raw-seed" | "raw-secret" | "raw" | "spki" | "pkcs8" | "jwk";
/**
 * Which part of a pair a key is, or that it is shared.
 *
 * - `"public"`: The half of a pair that others may know.
 * - `"private"`: The half of a pair that its owner keeps.
 * - `"secret"`: A key that both sides share.
 * @see https://w3c.github.io/webcrypto/#dfn-KeyType
 */
type KeyType = "public" | "private" | "secret";
/**
 * What a key may be used for.
 *
 * - `"encrypt"`: To encrypt data.
 * - `"decrypt"`: To decrypt data.
 * - `"sign"`: To sign data, or to make its authentication code.
 * - `"verify"`: To verify a signature or an authentication code.
 * - `"deriveKey"`: To derive other keys of it.
 * - `"deriveBits"`: To derive bits of it.
 * - `"wrapKey"`: To encrypt other keys.
 * - `"unwrapKey"`: To decrypt other keys.
 * - `"encapsulateKey"`: To make a shared key for the owner of a key pair.
 * - `"encapsulateBits"`: To make shared bits for the owner of a key pair.
 * - `"decapsulateKey"`: To get at a shared key that somebody has encapsulated.
 * - `"decapsulateBits"`: To get at shared bits that somebody has encapsulated.
 * @see https://wicg.github.io/webcrypto-modern-algos/#dfn-KeyUsage
 */
type KeyUsage = "encrypt" | "decrypt" | "sign" | "verify" | "deriveKey" | "deriveBits" | "wrapKey" | "unwrapKey" | "encapsulateKey" | "encapsulateBits" | "decapsulateKey" | "decapsulateBits";
/**
 * Whether a lock may be held by several at a time.
 *
 * - `"shared"`: Several may hold it at a time, if all of them want it so.
 * - `"exclusive"`: One holds it at a time.
 * @see https://w3c.github.io/web-locks/#enumdef-lockmode
 */
type LockMode = "shared" | "exclusive";
/**
 * What kind of reader is wanted.
 *
 * - `"byob"`: A `ReadableStreamBYOBReader`, which fills arrays of the app.
 * @see https://streams.spec.whatwg.org/#enumdef-readablestreamreadermode
 */
type ReadableStreamReaderMode = "byob";
/**
 * What a stream is made of.
 *
 * - `"bytes"`: Of bytes: it can be read into arrays of the app.
 * @see https://streams.spec.whatwg.org/#enumdef-readablestreamtype
 */
type ReadableStreamType = "bytes";
/**
 * How much of an address is sent along as that of the referrer.
 *
 * - `""`: As is usual: as with "strict-origin-when-cross-origin".
 * - `"no-referrer"`: Nothing.
 * - `"no-referrer-when-downgrade"`: The whole address, but nothing from HTTPS to HTTP.
 * - `"same-origin"`: The whole address to the same origin, and nothing to others.
 * - `"origin"`: The origin alone.
 * - `"strict-origin"`: The origin alone, and nothing from HTTPS to HTTP.
 * - `"origin-when-cross-origin"`: The whole address to the same origin, and the origin alone to others.
 * - `"strict-origin-when-cross-origin"`: The whole address to the same origin, the origin alone to others, and nothing from HTTPS to HTTP.
 * - `"unsafe-url"`: The whole address.
 * @see https://w3c.github.io/webappsec-referrer-policy/#enumdef-referrerpolicy
 */
type ReferrerPolicy = "" | "no-referrer" | "no-referrer-when-downgrade" | "same-origin" | "origin" | "strict-origin" | "origin-when-cross-origin" | "strict-origin-when-cross-origin" | "unsafe-url";
/**
 * How a request uses a cache of responses.
 *
 * - `"default"`: As HTTP says.
 * - `"no-store"`: Not at all.
 * - `"reload"`: The response is fetched, and kept.
 * - `"no-cache"`: What is kept is asked about before it is used.
 * - `"force-cache"`: What is kept is used, however old.
 * - `"only-if-cached"`: What is kept is used, and nothing is fetched; with `fetch()`, which keeps nothing, an error.
 * @see https://fetch.spec.whatwg.org/#requestcache
 */
type RequestCache = "default" | "no-store" | "reload" | "no-cache" | "force-cache" | "only-if-cached";
/**
 * When cookies and the like are sent along.
 *
 * - `"omit"`: Never.
 * - `"same-origin"`: To the same origin.
 * - `"include"`: Always.
 * @see https://fetch.spec.whatwg.org/#requestcredentials
 */
type RequestCredentials = "omit" | "same-origin" | "include";
/**
 * What the response to a request is used for.
 *
 * - `""`: For a program, as by `fetch()`: all requests here.
 * - `"audio"`: For an `<audio>` element.
 * - `"audioworklet"`: For a module of an audio worklet.
 * - `"document"`: For a page.
 * - `"embed"`: For an `<embed>` element.
 * - `"font"`: For a font.
 * - `"frame"`: For a page in a `<frame>`.
 * - `"iframe"`: For a page in an `<iframe>`.
 * - `"image"`: For an image.
 * - `"json"`: For a JSON module.
 * - `"manifest"`: For the manifest of a web application.
 * - `"object"`: For an `<object>` element.
 * - `"paintworklet"`: For a module of a paint worklet.
 * - `"report"`: To deliver a report.
 * - `"script"`: For a script.
 * - `"sharedworker"`: For the script of a shared worker.
 * - `"style"`: For a style sheet.
 * - `"track"`: For subtitles.
 * - `"video"`: For a `<video>` element.
 * - `"worker"`: For the script of a worker.
 * - `"xslt"`: For a style sheet of XSLT.
 * @see https://fetch.spec.whatwg.org/#requestdestination
 */
type RequestDestination = "" | "audio" | "audioworklet" | "document" | "embed" | "font" | "frame" | "iframe" | "image" | "json" | "manifest" | "object" | "paintworklet" | "report" | "script" | "sharedworker" | "style" | "track" | "video" | "worker" | "xslt";
/**
 * When the response may come.
 *
 * - `"half"`: Once the request's body was sent.
 * @see https://fetch.spec.whatwg.org/#requestduplex
 */
type RequestDuplex = "half";
/**
 * How a request may reach other origins.
 *
 * - `"navigate"`: Somebody goes to a page; no app can make such a request.
 * - `"same-origin"`: To the app's own origin only.
 * - `"no-cors"`: To any origin, with simple methods and header fields only.
 * - `"cors"`: To any origin. There is no CORS between servers, so no response is kept from the app.
 * @see https://fetch.spec.whatwg.org/#requestmode
 */
type RequestMode = "navigate" | "same-origin" | "no-cors" | "cors";
/**
 * How important a request is among others.
 *
 * - `"high"`: More important than others.
 * - `"low"`: Less important than others.
 * - `"auto"`: As important as others of its kind. No value makes a difference here.
 * @see https://fetch.spec.whatwg.org/#requestpriority
 */
type RequestPriority = "high" | "low" | "auto";
/**
 * What happens to responses that point somewhere else: they are followed, are an error, or are handed out.
 *
 * - `"follow"`: The address that they point to is asked, up to 20 times.
 * - `"error"`: They are an error.
 * - `"manual"`: They are handed out, as they are.
 * @see https://fetch.spec.whatwg.org/#requestredirect
 */
type RequestRedirect = "follow" | "error" | "manual";
/**
 * Who compresses a response's body, where its Content-Encoding is gzip, br or deflate: NANO, when it is sent ("automatic"), or the app, which has ("manual").
 *
 * - `"automatic"`: The body is plain; NANO compresses it as `Content-Encoding` says.
 * - `"manual"`: The body is compressed already, as `Content-Encoding` says.
 * @see https://developers.cloudflare.com/workers/runtime-apis/response/#the-encodebody-option
 */
type ResponseEncodeBody = "automatic" | "manual";
/**
 * Where a response comes from, and how much of it may be seen.
 *
 * - `"basic"`: From `fetch()`.
 * - `"cors"`: From another origin, as a browser filters it; not here.
 * - `"default"`: Made by an app.
 * - `"error"`: A network error, of `Response.error()`.
 * - `"opaque"`: From another origin, with nothing to be seen; not here.
 * - `"opaqueredirect"`: A response that points somewhere else, with nothing to be seen; not here.
 * @see https://fetch.spec.whatwg.org/#responsetype
 */
type ResponseType = "basic" | "cors" | "default" | "error" | "opaque" | "opaqueredirect";

/**
 * A function that is called with each event of its kind; if it returns false, the event is canceled.
 * @see https://html.spec.whatwg.org/multipage/#eventhandlernonnull
 */
type EventHandlerNonNull = (event: Event) => any;
/**
 * A function for a part of a document. What it does may take its time: the rest waits for its promise.
 * @see https://developers.cloudflare.com/workers/runtime-apis/html-rewriter/#handlers
 */
type HTMLRewriterHandler = (part: any) => any;
/**
 * A function that is called with the lock that it has now, or null where there was none to be had at once.
 * @see https://w3c.github.io/web-locks/#callbackdef-lockgrantedcallback
 */
type LockGrantedCallback = (lock: Lock | null) => any | PromiseLike<any>;
/**
 * A function that is called with an error that nobody caught; if it returns true, the error counts as handled.
 * @see https://html.spec.whatwg.org/multipage/#onerroreventhandlernonnull
 */
type OnErrorEventHandlerNonNull = (event: Event | string, source?: string, lineno?: number, colno?: number, error?: any) => any;
/**
 * Is called with what was measured since it was called last.
 * @see https://w3c.github.io/performance-timeline/#callbackdef-performanceobservercallback
 */
type PerformanceObserverCallback = (entries: PerformanceObserverEntryList, observer: PerformanceObserver, options?: PerformanceObserverCallbackOptions) => void;
/**
 * The size of a chunk.
 * @see https://streams.spec.whatwg.org/#callbackdef-queuingstrategysize
 */
type QueuingStrategySize<T = any> = (chunk: T) => number;
/**
 * Ends the transformer, as it is.
 * @see https://streams.spec.whatwg.org/#callbackdef-transformercancelcallback
 */
type TransformerCancelCallback = (reason: any) => void | PromiseLike<void>;
/**
 * Enqueues what is left.
 * @see https://streams.spec.whatwg.org/#callbackdef-transformerflushcallback
 */
type TransformerFlushCallback = (controller: TransformStreamDefaultController) => void | PromiseLike<void>;
/**
 * Makes the transformer ready.
 * @see https://streams.spec.whatwg.org/#callbackdef-transformerstartcallback
 */
type TransformerStartCallback = (controller: TransformStreamDefaultController) => any;
/**
 * Takes a chunk and enqueues as many as it likes.
 * @see https://streams.spec.whatwg.org/#callbackdef-transformertransformcallback
 */
type TransformerTransformCallback = (chunk: any, controller: TransformStreamDefaultController) => void | PromiseLike<void>;
/**
 * Ends the destination, as it is.
 * @see https://streams.spec.whatwg.org/#callbackdef-underlyingsinkabortcallback
 */
type UnderlyingSinkAbortCallback = (reason?: any) => void | PromiseLike<void>;
/**
 * Ends the destination.
 * @see https://streams.spec.whatwg.org/#callbackdef-underlyingsinkclosecallback
 */
type UnderlyingSinkCloseCallback = () => void | PromiseLike<void>;
/**
 * Makes the destination ready.
 * @see https://streams.spec.whatwg.org/#callbackdef-underlyingsinkstartcallback
 */
type UnderlyingSinkStartCallback = (controller: WritableStreamDefaultController) => any;
/**
 * Takes a chunk; not called again before its promise resolves.
 * @see https://streams.spec.whatwg.org/#callbackdef-underlyingsinkwritecallback
 */
type UnderlyingSinkWriteCallback = (chunk: any, controller: WritableStreamDefaultController) => void | PromiseLike<void>;
/**
 * Stops producing.
 * @see https://streams.spec.whatwg.org/#callbackdef-underlyingsourcecancelcallback
 */
type UnderlyingSourceCancelCallback = (reason?: any) => void | PromiseLike<void>;
/**
 * Produces a chunk; not called again before its promise resolves.
 * @see https://streams.spec.whatwg.org/#callbackdef-underlyingsourcepullcallback
 */
type UnderlyingSourcePullCallback = (controller: ReadableStreamController) => void | PromiseLike<void>;
/**
 * Begins to produce chunks.
 * @see https://streams.spec.whatwg.org/#callbackdef-underlyingsourcestartcallback
 */
type UnderlyingSourceStartCallback = (controller: ReadableStreamController) => any;
/**
 * A function without arguments and result.
 * @see https://webidl.spec.whatwg.org/#VoidFunction
 */
type VoidFunction = () => void;
/**
 * A function, or an object with a method `handleEvent`, that is called with each event.
 * @see https://dom.spec.whatwg.org/#callbackdef-eventlistener
 */
type EventListener = { bivariant(event: Event): void }["bivariant"] | { handleEvent(event: Event): void };

/**
 * How a listener shall be called.
 * @see https://dom.spec.whatwg.org/#dictdef-addeventlisteneroptions
 */
interface AddEventListenerOptions extends EventListenerOptions {
  /**
   * Whether the listener is removed when it is called.
   * @see https://dom.spec.whatwg.org/#dom-addeventlisteneroptions-once
   */
  once?: boolean;
  /**
   * Whether the listener promises not to cancel events; its `preventDefault()` has no effect.
   * @see https://dom.spec.whatwg.org/#dom-addeventlisteneroptions-passive
   */
  passive?: boolean;
  /**
   * Removes the listener when it aborts.
   * @see https://dom.spec.whatwg.org/#dom-addeventlisteneroptions-signal
   */
  signal?: AbortSignal;
}

/**
 * ChaCha20-Poly1305 and AES-OCB: the initialization vector, what is authenticated beside the data, and the tag's length in bits.
 * @see https://wicg.github.io/webcrypto-modern-algos/#aead-params
 */
interface AeadParams extends Algorithm {
  /**
   * What is authenticated beside the data, and not encrypted. None if it is not given.
   * @see https://wicg.github.io/webcrypto-modern-algos/#dom-aeadparams-additionaldata
   */
  additionalData?: BufferSource;
  /**
   * The initialization vector, never used twice with a key: 12 bytes for ChaCha20-Poly1305, up to 15 for AES-OCB.
   * @see https://wicg.github.io/webcrypto-modern-algos/#dom-aeadparams-iv
   */
  iv: BufferSource;
  /**
   * The length of the tag in bits: 128, which is the default, and for AES-OCB 64 or 96, too.
   * @see https://wicg.github.io/webcrypto-modern-algos/#dom-aeadparams-taglength
   */
  tagLength?: number;
}

/**
 * AES-CBC: the initialization vector, of 16 bytes.
 * @see https://w3c.github.io/webcrypto/#aes-cbc-params
 */
interface AesCbcParams extends Algorithm {
  /**
   * The initialization vector, of 16 random bytes.
   * @see https://w3c.github.io/webcrypto/#dom-aescbcparams-iv
   */
  iv: BufferSource;
}

/**
 * AES-CTR: the first counter block, and how many of its last bits count.
 * @see https://w3c.github.io/webcrypto/#aes-ctr-params
 */
interface AesCtrParams extends Algorithm {
  /**
   * The first counter block, of 16 bytes; no two messages of a key may have a block in common.
   * @see https://w3c.github.io/webcrypto/#dom-aesctrparams-counter
   */
  counter: BufferSource;
  /**
   * How many of its last bits count up, from 1 to 128.
   * @see https://w3c.github.io/webcrypto/#dom-aesctrparams-length
   */
  length: number;
}

/**
 * The length of a key of AES that is derived: 128, 192 or 256 bits.
 * @see https://w3c.github.io/webcrypto/#aes-derivedkey-params
 */
interface AesDerivedKeyParams extends Algorithm {
  /**
   * The length in bits: 128, 192 or 256.
   * @see https://w3c.github.io/webcrypto/#dom-aesderivedkeyparams-length
   */
  length: number;
}

/**
 * AES-GCM: the initialization vector, what is authenticated beside the data, and the tag's length in bits.
 * @see https://w3c.github.io/webcrypto/#aes-gcm-params
 */
interface AesGcmParams extends Algorithm {
  /**
   * What is authenticated beside the data, and not encrypted. None if it is not given.
   * @see https://w3c.github.io/webcrypto/#dom-aesgcmparams-additionaldata
   */
  additionalData?: BufferSource;
  /**
   * The initialization vector, of 12 bytes as a rule; never used twice with a key.
   * @see https://w3c.github.io/webcrypto/#dom-aesgcmparams-iv
   */
  iv: BufferSource;
  /**
   * The length of the tag in bits: 32, 64, 96, 104, 112, 120, or 128 if it is not given.
   * @see https://w3c.github.io/webcrypto/#dom-aesgcmparams-taglength
   */
  tagLength?: number;
}

/**
 * The algorithm of a key of AES: its length in bits.
 * @see https://w3c.github.io/webcrypto/#AesKeyAlgorithm-dictionary
 */
interface AesKeyAlgorithm extends KeyAlgorithm {
  /**
   * The length in bits.
   * @see https://w3c.github.io/webcrypto/#dom-aeskeyalgorithm-length
   */
  length: number;
}

/**
 * The length of a key of AES that shall be made: 128, 192 or 256 bits.
 * @see https://w3c.github.io/webcrypto/#aes-keygen-params
 */
interface AesKeyGenParams extends Algorithm {
  /**
   * The length in bits: 128, 192 or 256.
   * @see https://w3c.github.io/webcrypto/#dom-aeskeygenparams-length
   */
  length: number;
}

/**
 * An algorithm by its name.
 * @see https://w3c.github.io/webcrypto/#algorithm-dictionary
 */
interface Algorithm {
  /**
   * The name, in which capital letters do not matter: "AES-GCM".
   * @see https://w3c.github.io/webcrypto/#dom-algorithm-name
   */
  name: string;
}

/**
 * How a new blob shall be.
 * @see https://w3c.github.io/FileAPI/#dfn-BlobPropertyBag
 */
interface BlobPropertyBag {
  /**
   * Whether line ends become the system's: "native".
   * @see https://w3c.github.io/FileAPI/#dom-blobpropertybag-endings
   */
  endings?: EndingType;
  /**
   * The media type.
   * @see https://w3c.github.io/FileAPI/#dom-blobpropertybag-type
   */
  type?: string;
}

/**
 * cSHAKE: how many bits it gives, and what tells its uses apart.
 * @see https://wicg.github.io/webcrypto-modern-algos/#cshake-params
 */
interface CShakeParams extends Algorithm {
  /**
   * What tells one use from another. None if it is not given.
   * @see https://wicg.github.io/webcrypto-modern-algos/#dom-cshakeparams-customization
   */
  customization?: BufferSource;
  /**
   * The name of the function that is made of it, for standards to choose. None if it is not given.
   * @see https://wicg.github.io/webcrypto-modern-algos/#dom-cshakeparams-functionname
   */
  functionName?: BufferSource;
  /**
   * How many bits it gives, a multiple of 8.
   * @see https://wicg.github.io/webcrypto-modern-algos/#dom-cshakeparams-outputlength
   */
  outputLength: number;
}

/**
 * What need not be the same.
 * @see https://w3c.github.io/ServiceWorker/#dictdef-cachequeryoptions
 */
interface CacheQueryOptions {
  /**
   * The method, which is GET else.
   * @see https://w3c.github.io/ServiceWorker/#dom-cachequeryoptions-ignoremethod
   */
  ignoreMethod?: boolean;
  /**
   * The query of the URL.
   * @see https://w3c.github.io/ServiceWorker/#dom-cachequeryoptions-ignoresearch
   */
  ignoreSearch?: boolean;
  /**
   * The fields that the response varies by.
   * @see https://w3c.github.io/ServiceWorker/#dom-cachequeryoptions-ignorevary
   */
  ignoreVary?: boolean;
}

/**
 * How a new close event shall be.
 * @see https://websockets.spec.whatwg.org/#dictdef-closeeventinit
 */
interface CloseEventInit extends EventInit {
  /**
   * The other side's number.
   * @see https://websockets.spec.whatwg.org/#dom-closeeventinit-code
   */
  code?: number;
  /**
   * What the other side has said to it.
   * @see https://websockets.spec.whatwg.org/#dom-closeeventinit-reason
   */
  reason?: string;
  /**
   * Whether both sides have closed.
   * @see https://websockets.spec.whatwg.org/#dom-closeeventinit-wasclean
   */
  wasClean?: boolean;
}

/**
 * What content is.
 * @see https://developers.cloudflare.com/workers/runtime-apis/html-rewriter/#global-types
 */
interface ContentOptions {
  /** HTML; else it is text, of which what means something in HTML is escaped. */
  html?: boolean;
}

/**
 * ML-DSA: what the signature belongs to.
 * @see https://wicg.github.io/webcrypto-modern-algos/#context-params
 */
interface ContextParams extends Algorithm {
  /**
   * What the signature belongs to, up to 255 bytes: verifying it takes the same ones. None if it is not given.
   * @see https://wicg.github.io/webcrypto-modern-algos/#dom-contextparams-context
   */
  context?: BufferSource;
}

/**
 * A public key and its private one.
 * @see https://w3c.github.io/webcrypto/#keypair
 */
interface CryptoKeyPair {
  /**
   * The private key.
   * @see https://w3c.github.io/webcrypto/#dom-cryptokeypair-privatekey
   */
  privateKey: CryptoKey;
  /**
   * The public key.
   * @see https://w3c.github.io/webcrypto/#dom-cryptokeypair-publickey
   */
  publicKey: CryptoKey;
}

/**
 * How a new custom event shall be.
 * @see https://dom.spec.whatwg.org/#dictdef-customeventinit
 */
interface CustomEventInit<T = any> extends EventInit {
  /**
   * What the event is about.
   * @see https://dom.spec.whatwg.org/#dom-customeventinit-detail
   */
  detail?: T;
}

/**
 * The algorithm of a key on an elliptic curve.
 * @see https://w3c.github.io/webcrypto/#EcKeyAlgorithm-dictionary
 */
interface EcKeyAlgorithm extends KeyAlgorithm {
  /**
   * The curve: "P-256", "P-384" or "P-521".
   * @see https://w3c.github.io/webcrypto/#dom-eckeyalgorithm-namedcurve
   */
  namedCurve: NamedCurve;
}

/**
 * The curve of a key that shall be made: P-256, P-384 or P-521.
 * @see https://w3c.github.io/webcrypto/#EcKeyGenParams-dictionary
 */
interface EcKeyGenParams extends Algorithm {
  /**
   * The curve: "P-256", "P-384" or "P-521".
   * @see https://w3c.github.io/webcrypto/#dom-eckeygenparams-namedcurve
   */
  namedCurve: NamedCurve;
}

/**
 * The curve of a key that is imported: P-256, P-384 or P-521.
 * @see https://w3c.github.io/webcrypto/#EcKeyImportParams-dictionary
 */
interface EcKeyImportParams extends Algorithm {
  /**
   * The curve: "P-256", "P-384" or "P-521".
   * @see https://w3c.github.io/webcrypto/#dom-eckeyimportparams-namedcurve
   */
  namedCurve: NamedCurve;
}

/**
 * ECDH and X25519: the other one's public key.
 * @see https://w3c.github.io/webcrypto/#dh-EcdhKeyDeriveParams
 */
interface EcdhKeyDeriveParams extends Algorithm {
  /**
   * The public key of the other one, on the same curve.
   * @see https://w3c.github.io/webcrypto/#dom-ecdhkeyderiveparams-public
   */
  public: CryptoKey;
}

/**
 * ECDSA: the hash.
 * @see https://w3c.github.io/webcrypto/#EcdsaParams-dictionary
 */
interface EcdsaParams extends Algorithm {
  /**
   * The hash: "SHA-1", "SHA-256", "SHA-384" or "SHA-512".
   * @see https://w3c.github.io/webcrypto/#dom-ecdsaparams-hash
   */
  hash: HashAlgorithmIdentifier;
}

/**
 * Ed448: what the signature belongs to.
 * @see https://wicg.github.io/webcrypto-secure-curves/#dfn-Ed448Params
 */
interface Ed448Params extends Algorithm {
  /**
   * What the signature belongs to, up to 255 bytes: verifying it takes the same ones. None if it is not given.
   * @see https://wicg.github.io/webcrypto-secure-curves/#dom-ed448params-context
   */
  context?: BufferSource;
}

/**
 * New bits, and what the other side needs for them.
 * @see https://wicg.github.io/webcrypto-modern-algos/#encapsulation
 */
interface EncapsulatedBits {
  /**
   * What the other side gets, and decapsulates the same bits from.
   * @see https://wicg.github.io/webcrypto-modern-algos/#dom-encapsulatedbits-ciphertext
   */
  ciphertext?: ArrayBuffer;
  /**
   * The bits.
   * @see https://wicg.github.io/webcrypto-modern-algos/#dom-encapsulatedbits-sharedkey
   */
  sharedKey?: ArrayBuffer;
}

/**
 * A new key, and what the other side needs for it.
 * @see https://wicg.github.io/webcrypto-modern-algos/#encapsulation
 */
interface EncapsulatedKey {
  /**
   * What the other side gets, and decapsulates the same key from.
   * @see https://wicg.github.io/webcrypto-modern-algos/#dom-encapsulatedkey-ciphertext
   */
  ciphertext?: ArrayBuffer;
  /**
   * The key.
   * @see https://wicg.github.io/webcrypto-modern-algos/#dom-encapsulatedkey-sharedkey
   */
  sharedKey?: CryptoKey;
}

/**
 * How a new error event shall be.
 * @see https://html.spec.whatwg.org/multipage/#erroreventinit
 */
interface ErrorEventInit extends EventInit {
  /**
   * The column in which it was thrown.
   * @see https://html.spec.whatwg.org/multipage/#dom-erroreventinit-colno
   */
  colno?: number;
  /**
   * What was thrown.
   * @see https://html.spec.whatwg.org/multipage/#dom-erroreventinit-error
   */
  error?: any;
  /**
   * The address of the module where it was thrown.
   * @see https://html.spec.whatwg.org/multipage/#dom-erroreventinit-filename
   */
  filename?: string;
  /**
   * The line in which it was thrown.
   * @see https://html.spec.whatwg.org/multipage/#dom-erroreventinit-lineno
   */
  lineno?: number;
  /**
   * The error's message.
   * @see https://html.spec.whatwg.org/multipage/#dom-erroreventinit-message
   */
  message?: string;
}

/**
 * How a new event shall be.
 * @see https://dom.spec.whatwg.org/#dictdef-eventinit
 */
interface EventInit {
  /**
   * Whether it goes on to the target's parents.
   * @see https://dom.spec.whatwg.org/#dom-eventinit-bubbles
   */
  bubbles?: boolean;
  /**
   * Whether `preventDefault()` has an effect.
   * @see https://dom.spec.whatwg.org/#dom-eventinit-cancelable
   */
  cancelable?: boolean;
  /**
   * Whether it leaves a shadow tree.
   * @see https://dom.spec.whatwg.org/#dom-eventinit-composed
   */
  composed?: boolean;
}

/**
 * What tells apart two listeners with the same function.
 * @see https://dom.spec.whatwg.org/#dictdef-eventlisteneroptions
 */
interface EventListenerOptions {
  /**
   * Whether the listener comes before those that do not capture.
   * @see https://dom.spec.whatwg.org/#dom-eventlisteneroptions-capture
   */
  capture?: boolean;
}

/**
 * How a new event source shall be.
 * @see https://html.spec.whatwg.org/multipage/#eventsourceinit
 */
interface EventSourceInit {
  /**
   * Whether cookies and the like are sent along.
   * @see https://html.spec.whatwg.org/multipage/#dom-eventsourceinit-withcredentials
   */
  withCredentials?: boolean;
}

/**
 * How a new extendable event shall be.
 * @see https://w3c.github.io/ServiceWorker/#dictdef-extendableeventinit
 */
interface ExtendableEventInit extends EventInit {
}

/**
 * How a new fetch event shall be.
 * @see https://w3c.github.io/ServiceWorker/#dictdef-fetcheventinit
 */
interface FetchEventInit extends ExtendableEventInit {
  /**
   * What is to be answered.
   * @see https://w3c.github.io/ServiceWorker/#dom-fetcheventinit-request
   */
  request: Request;
}

/**
 * How a new file shall be.
 * @see https://w3c.github.io/FileAPI/#dfn-FilePropertyBag
 */
interface FilePropertyBag extends BlobPropertyBag {
  /**
   * When the file was changed last, in milliseconds since the Unix epoch; now, if it is not given.
   * @see https://w3c.github.io/FileAPI/#dom-filepropertybag-lastmodified
   */
  lastModified?: number;
}

/**
 * Functions for a document.
 * @see https://developers.cloudflare.com/workers/runtime-apis/html-rewriter/#document-handlers
 */
interface HTMLRewriterDocumentHandlers {
  /** Called with each comment. */
  comments?(comment: Comment): any;
  /** Called with the document type. */
  doctype?(doctype: Doctype): any;
  /** Called at the end. */
  end?(end: DocumentEnd): any;
  /** Called with each part of a text. */
  text?(text: Text): any;
}

/**
 * Functions for the elements that a selector means, and what is in them.
 * @see https://developers.cloudflare.com/workers/runtime-apis/html-rewriter/#element-handlers
 */
interface HTMLRewriterElementHandlers {
  /** Called with each comment. */
  comments?(comment: Comment): any;
  /** Called with each element. */
  element?(element: Element): any;
  /** Called with each part of a text. */
  text?(text: Text): any;
}

/**
 * HKDF: the hash, the salt, and what the derived key is for.
 * @see https://w3c.github.io/webcrypto/#hkdf-params
 */
interface HkdfParams extends Algorithm {
  /**
   * The hash: "SHA-1", "SHA-256", "SHA-384" or "SHA-512".
   * @see https://w3c.github.io/webcrypto/#dom-hkdfparams-hash
   */
  hash: HashAlgorithmIdentifier;
  /**
   * What the derived key is for: other bytes give another key. They may be empty.
   * @see https://w3c.github.io/webcrypto/#dom-hkdfparams-info
   */
  info: BufferSource;
  /**
   * The salt, which may be known, and may be empty.
   * @see https://w3c.github.io/webcrypto/#dom-hkdfparams-salt
   */
  salt: BufferSource;
}

/**
 * HMAC: the hash, and the key's length in bits.
 * @see https://w3c.github.io/webcrypto/#hmac-importparams
 */
interface HmacImportParams extends Algorithm {
  /**
   * The hash: "SHA-1", "SHA-256", "SHA-384" or "SHA-512".
   * @see https://w3c.github.io/webcrypto/#dom-hmacimportparams-hash
   */
  hash: HashAlgorithmIdentifier;
  /**
   * The length of the key in bits; if it is not given, that of the imported data, and that of the hash's block for a derived key.
   * @see https://w3c.github.io/webcrypto/#dom-hmacimportparams-length
   */
  length?: number;
}

/**
 * The algorithm of a key of HMAC.
 * @see https://w3c.github.io/webcrypto/#HmacKeyAlgorithm-dictionary
 */
interface HmacKeyAlgorithm extends KeyAlgorithm {
  /**
   * The hash.
   * @see https://w3c.github.io/webcrypto/#dom-hmackeyalgorithm-hash
   */
  hash: KeyAlgorithm;
  /**
   * The length of the key in bits.
   * @see https://w3c.github.io/webcrypto/#dom-hmackeyalgorithm-length
   */
  length: number;
}

/**
 * HMAC: the hash, and the key's length in bits.
 * @see https://w3c.github.io/webcrypto/#hmac-keygen-params
 */
interface HmacKeyGenParams extends Algorithm {
  /**
   * The hash: "SHA-1", "SHA-256", "SHA-384" or "SHA-512".
   * @see https://w3c.github.io/webcrypto/#dom-hmackeygenparams-hash
   */
  hash: HashAlgorithmIdentifier;
  /**
   * The length of the key in bits; that of the hash's block if it is not given.
   * @see https://w3c.github.io/webcrypto/#dom-hmackeygenparams-length
   */
  length?: number;
}

/**
 * A key as JSON.
 * @see https://w3c.github.io/webcrypto/#JsonWebKey-dictionary
 */
interface JsonWebKey {
  /**
   * The algorithm that it is for, as JSON Web Algorithms name it: "RS256".
   * @see https://w3c.github.io/webcrypto/#dom-jsonwebkey-alg
   */
  alg?: string;
  /**
   * The curve: "P-256", "Ed25519".
   * @see https://w3c.github.io/webcrypto/#dom-jsonwebkey-crv
   */
  crv?: string;
  /**
   * The private key; of RSA, the private exponent. In base64url.
   * @see https://w3c.github.io/webcrypto/#dom-jsonwebkey-d
   */
  d?: string;
  /**
   * The exponent of the first prime, in base64url.
   * @see https://w3c.github.io/webcrypto/#dom-jsonwebkey-dp
   */
  dp?: string;
  /**
   * The exponent of the second prime, in base64url.
   * @see https://w3c.github.io/webcrypto/#dom-jsonwebkey-dq
   */
  dq?: string;
  /**
   * The public exponent of RSA, in base64url.
   * @see https://w3c.github.io/webcrypto/#dom-jsonwebkey-e
   */
  e?: string;
  /**
   * Whether it may be exported.
   * @see https://w3c.github.io/webcrypto/#dom-jsonwebkey-ext
   */
  ext?: boolean;
  /**
   * The bytes of a shared key, in base64url.
   * @see https://w3c.github.io/webcrypto/#dom-jsonwebkey-k
   */
  k?: string;
  /**
   * What it may be used for, as in `KeyUsage`.
   * @see https://w3c.github.io/webcrypto/#dom-jsonwebkey-key_ops
   */
  key_ops?: string[];
  /**
   * The family: "RSA", "EC", "OKP" (X25519, Ed25519 and their like), "AKP" (ML-DSA, ML-KEM), or "oct", a shared key.
   * @see https://w3c.github.io/webcrypto/#dom-jsonwebkey-kty
   */
  kty?: string;
  /**
   * The modulus of RSA, in base64url.
   * @see https://w3c.github.io/webcrypto/#dom-jsonwebkey-n
   */
  n?: string;
  /**
   * The primes after the second one. Keys that have some are not supported.
   * @see https://w3c.github.io/webcrypto/#dom-jsonwebkey-oth
   */
  oth?: RsaOtherPrimesInfo[];
  /**
   * The first prime of RSA, in base64url.
   * @see https://w3c.github.io/webcrypto/#dom-jsonwebkey-p
   */
  p?: string;
  /**
   * The seed of a private key of ML-DSA and ML-KEM, in base64url.
   * @see https://wicg.github.io/webcrypto-modern-algos/#dom-jsonwebkey-priv
   */
  priv?: string;
  /**
   * The public key of ML-DSA and ML-KEM, in base64url.
   * @see https://wicg.github.io/webcrypto-modern-algos/#dom-jsonwebkey-pub
   */
  pub?: string;
  /**
   * The second prime of RSA, in base64url.
   * @see https://w3c.github.io/webcrypto/#dom-jsonwebkey-q
   */
  q?: string;
  /**
   * The coefficient of the second prime, in base64url.
   * @see https://w3c.github.io/webcrypto/#dom-jsonwebkey-qi
   */
  qi?: string;
  /**
   * What it is for: "sig" or "enc".
   * @see https://w3c.github.io/webcrypto/#dom-jsonwebkey-use
   */
  use?: string;
  /**
   * The public point, or its x coordinate, in base64url.
   * @see https://w3c.github.io/webcrypto/#dom-jsonwebkey-x
   */
  x?: string;
  /**
   * The y coordinate of the public point, in base64url.
   * @see https://w3c.github.io/webcrypto/#dom-jsonwebkey-y
   */
  y?: string;
}

/**
 * KangarooTwelve: how many bits it gives, and what tells its uses apart.
 * @see https://wicg.github.io/webcrypto-modern-algos/#kangarootwelve-params
 */
interface KangarooTwelveParams extends Algorithm {
  /**
   * What tells one use from another. None if it is not given.
   * @see https://wicg.github.io/webcrypto-modern-algos/#dom-kangarootwelveparams-customization
   */
  customization?: BufferSource;
  /**
   * How many bits it gives, a multiple of 8.
   * @see https://wicg.github.io/webcrypto-modern-algos/#dom-kangarootwelveparams-outputlength
   */
  outputLength: number;
}

/**
 * The algorithm of a key, by its name.
 * @see https://w3c.github.io/webcrypto/#key-algorithm-dictionary
 */
interface KeyAlgorithm {
  /**
   * The name, written as the standard has it: "AES-GCM".
   * @see https://w3c.github.io/webcrypto/#dom-keyalgorithm-name
   */
  name: string;
}

/**
 * KMAC: the key's length in bits.
 * @see https://wicg.github.io/webcrypto-modern-algos/#kmac-importparams
 */
interface KmacImportParams extends Algorithm {
  /**
   * The length of the key in bits; if it is not given, that of the imported data, and 128 or 256 for a derived key of KMAC128 or KMAC256.
   * @see https://wicg.github.io/webcrypto-modern-algos/#dom-kmacimportparams-length
   */
  length?: number;
}

/**
 * The algorithm of a key of KMAC.
 * @see https://wicg.github.io/webcrypto-modern-algos/#KmacKeyAlgorithm-dictionary
 */
interface KmacKeyAlgorithm extends KeyAlgorithm {
  /**
   * The length of the key in bits.
   * @see https://wicg.github.io/webcrypto-modern-algos/#dom-kmackeyalgorithm-length
   */
  length: number;
}

/**
 * KMAC: the length of a new key in bits.
 * @see https://wicg.github.io/webcrypto-modern-algos/#kmac-keygen-params
 */
interface KmacKeyGenParams extends Algorithm {
  /**
   * The length of the key in bits; 128 for KMAC128 and 256 for KMAC256 if it is not given.
   * @see https://wicg.github.io/webcrypto-modern-algos/#dom-kmackeygenparams-length
   */
  length?: number;
}

/**
 * KMAC: how many bits it gives, and what tells its uses apart.
 * @see https://wicg.github.io/webcrypto-modern-algos/#kmac-params
 */
interface KmacParams extends Algorithm {
  /**
   * What tells one use from another. None if it is not given.
   * @see https://wicg.github.io/webcrypto-modern-algos/#dom-kmacparams-customization
   */
  customization?: BufferSource;
  /**
   * How many bits it gives, a multiple of 8.
   * @see https://wicg.github.io/webcrypto-modern-algos/#dom-kmacparams-outputlength
   */
  outputLength: number;
}

/**
 * A lock that is held or waited for.
 * @see https://w3c.github.io/web-locks/#dictdef-lockinfo
 */
interface LockInfo {
  /**
   * The app's instance.
   * @see https://w3c.github.io/web-locks/#dom-lockinfo-clientid
   */
  clientId?: string;
  /**
   * Whether others may have it, too.
   * @see https://w3c.github.io/web-locks/#dom-lockinfo-mode
   */
  mode?: LockMode;
  /**
   * What the lock is for.
   * @see https://w3c.github.io/web-locks/#dom-lockinfo-name
   */
  name?: string;
}

/**
 * Locks at one time.
 * @see https://w3c.github.io/web-locks/#dictdef-lockmanagersnapshot
 */
interface LockManagerSnapshot {
  /**
   * Locks that somebody has.
   * @see https://w3c.github.io/web-locks/#dom-lockmanagersnapshot-held
   */
  held?: LockInfo[];
  /**
   * Locks that somebody waits for.
   * @see https://w3c.github.io/web-locks/#dom-lockmanagersnapshot-pending
   */
  pending?: LockInfo[];
}

/**
 * How a lock is asked for.
 * @see https://w3c.github.io/web-locks/#dictdef-lockoptions
 */
interface LockOptions {
  /**
   * Null instead of a lock, where it would have to be waited for.
   * @see https://w3c.github.io/web-locks/#dom-lockoptions-ifavailable
   */
  ifAvailable?: boolean;
  /**
   * Whether others may have the lock at the same time: "shared", or else "exclusive".
   * @see https://w3c.github.io/web-locks/#dom-lockoptions-mode
   */
  mode?: LockMode;
  /**
   * Ends the waiting.
   * @see https://w3c.github.io/web-locks/#dom-lockoptions-signal
   */
  signal?: AbortSignal;
  /**
   * Takes the lock away from whoever has it.
   * @see https://w3c.github.io/web-locks/#dom-lockoptions-steal
   */
  steal?: boolean;
}

/**
 * How a new message event shall be.
 * @see https://html.spec.whatwg.org/multipage/#messageeventinit
 */
interface MessageEventInit extends EventInit {
  /**
   * The message.
   * @see https://html.spec.whatwg.org/multipage/#dom-messageeventinit-data
   */
  data?: any;
  /**
   * The identifier of an event source's event.
   * @see https://html.spec.whatwg.org/multipage/#dom-messageeventinit-lasteventid
   */
  lastEventId?: string;
  /**
   * Whom it comes from.
   * @see https://html.spec.whatwg.org/multipage/#dom-messageeventinit-origin
   */
  origin?: string;
  /**
   * The ports that were sent along.
   * @see https://html.spec.whatwg.org/multipage/#dom-messageeventinit-ports
   */
  ports?: MessagePort[];
  /**
   * The port that has sent it.
   * @see https://html.spec.whatwg.org/multipage/#dom-messageeventinit-source
   */
  source?: MessageEventSource | null;
}

/**
 * What need not be the same, and where to look.
 * @see https://w3c.github.io/ServiceWorker/#dictdef-multicachequeryoptions
 */
interface MultiCacheQueryOptions extends CacheQueryOptions {
  /**
   * The only cache that is looked at.
   * @see https://w3c.github.io/ServiceWorker/#dom-multicachequeryoptions-cachename
   */
  cacheName?: string;
}

/**
 * PBKDF2: the salt, how many times, and the hash.
 * @see https://w3c.github.io/webcrypto/#pbkdf2-params
 */
interface Pbkdf2Params extends Algorithm {
  /**
   * The hash: "SHA-1", "SHA-256", "SHA-384" or "SHA-512".
   * @see https://w3c.github.io/webcrypto/#dom-pbkdf2params-hash
   */
  hash: HashAlgorithmIdentifier;
  /**
   * How many times the hash is applied, which is what a guess costs.
   * @see https://w3c.github.io/webcrypto/#dom-pbkdf2params-iterations
   */
  iterations: number;
  /**
   * The salt: 16 random bytes for each password.
   * @see https://w3c.github.io/webcrypto/#dom-pbkdf2params-salt
   */
  salt: BufferSource;
}

/**
 * What a mark has.
 * @see https://w3c.github.io/user-timing/#dom-performancemarkoptions
 */
interface PerformanceMarkOptions {
  /**
   * Anything, of which a copy is kept.
   * @see https://w3c.github.io/user-timing/#dom-performancemarkoptions-detail
   */
  detail?: any;
  /**
   * The time, in milliseconds since `performance.timeOrigin`; else now.
   * @see https://w3c.github.io/user-timing/#dom-performancemarkoptions-starttime
   */
  startTime?: DOMHighResTimeStamp;
}

/**
 * What a measure has: two of start, duration and end, or one of start and end.
 * @see https://w3c.github.io/user-timing/#dom-performancemeasureoptions
 */
interface PerformanceMeasureOptions {
  /**
   * Anything, of which a copy is kept.
   * @see https://w3c.github.io/user-timing/#dom-performancemeasureoptions-detail
   */
  detail?: any;
  /**
   * How long it took, in milliseconds.
   * @see https://w3c.github.io/user-timing/#dom-performancemeasureoptions-duration
   */
  duration?: DOMHighResTimeStamp;
  /**
   * When it ended: a mark's name or a time.
   * @see https://w3c.github.io/user-timing/#dom-performancemeasureoptions-end
   */
  end?: string | DOMHighResTimeStamp;
  /**
   * When it began: a mark's name or a time.
   * @see https://w3c.github.io/user-timing/#dom-performancemeasureoptions-start
   */
  start?: string | DOMHighResTimeStamp;
}

/**
 * How an observer is called.
 * @see https://w3c.github.io/performance-timeline/#dom-performanceobservercallbackoptions
 */
interface PerformanceObserverCallbackOptions {
  /**
   * How many entries are not among those before the first call because there was no room; always 0.
   * @see https://w3c.github.io/performance-timeline/#dom-performanceobservercallbackoptions-droppedentriescount
   */
  droppedEntriesCount?: number;
}

/**
 * What is to be observed.
 * @see https://w3c.github.io/performance-timeline/#dom-performanceobserverinit
 */
interface PerformanceObserverInit {
  /**
   * Whether entries count that are there already; with `type` only.
   * @see https://w3c.github.io/performance-timeline/#dom-performanceobserverinit-buffered
   */
  buffered?: boolean;
  /**
   * Several types.
   * @see https://w3c.github.io/performance-timeline/#dom-performanceobserverinit-entrytypes
   */
  entryTypes?: string[];
  /**
   * One type; further calls add others.
   * @see https://w3c.github.io/performance-timeline/#dom-performanceobserverinit-type
   */
  type?: string;
}

/**
 * How a new progress event shall be.
 * @see https://xhr.spec.whatwg.org/#progresseventinit
 */
interface ProgressEventInit extends EventInit {
  /**
   * Whether `total` is known.
   * @see https://xhr.spec.whatwg.org/#dom-progresseventinit-lengthcomputable
   */
  lengthComputable?: boolean;
  /**
   * How much there is.
   * @see https://xhr.spec.whatwg.org/#dom-progresseventinit-loaded
   */
  loaded?: number;
  /**
   * How much there will be.
   * @see https://xhr.spec.whatwg.org/#dom-progresseventinit-total
   */
  total?: number;
}

/**
 * How a new rejection event shall be.
 * @see https://html.spec.whatwg.org/multipage/#promiserejectioneventinit
 */
interface PromiseRejectionEventInit extends EventInit {
  /**
   * The promise that was rejected.
   * @see https://html.spec.whatwg.org/multipage/#dom-promiserejectioneventinit-promise
   */
  promise: object;
  /**
   * What it was rejected with.
   * @see https://html.spec.whatwg.org/multipage/#dom-promiserejectioneventinit-reason
   */
  reason?: any;
}

/**
 * How much a stream keeps in its queue.
 * @see https://streams.spec.whatwg.org/#dictdef-queuingstrategy
 */
interface QueuingStrategy<T = any> {
  /**
   * The size from which on the queue is full.
   * @see https://streams.spec.whatwg.org/#dom-queuingstrategy-highwatermark
   */
  highWaterMark?: number;
  /**
   * The size of a chunk; 1 if there is no such function.
   * @see https://streams.spec.whatwg.org/#dom-queuingstrategy-size
   */
  size?: QueuingStrategySize<T>;
}

/**
 * How a strategy shall be.
 * @see https://streams.spec.whatwg.org/#dictdef-queuingstrategyinit
 */
interface QueuingStrategyInit {
  /**
   * The size from which on the queue is full.
   * @see https://streams.spec.whatwg.org/#dom-queuingstrategyinit-highwatermark
   */
  highWaterMark: number;
}

/**
 * The figures of a quota that was exceeded.
 * @see https://webidl.spec.whatwg.org/#dictdef-quotaexceedederroroptions
 */
interface QuotaExceededErrorOptions {
  /**
   * What was to be had.
   * @see https://webidl.spec.whatwg.org/#dom-quotaexceedederroroptions-quota
   */
  quota?: number;
  /**
   * What was wanted.
   * @see https://webidl.spec.whatwg.org/#dom-quotaexceedederroroptions-requested
   */
  requested?: number;
}

/**
 * How much is read.
 * @see https://streams.spec.whatwg.org/#dictdef-readablestreambyobreaderreadoptions
 */
interface ReadableStreamBYOBReaderReadOptions {
  /**
   * The number of elements that there must be before the promise resolves.
   * @see https://streams.spec.whatwg.org/#dom-readablestreambyobreaderreadoptions-min
   */
  min?: number;
}

/**
 * What kind of reader is wanted.
 * @see https://streams.spec.whatwg.org/#dictdef-readablestreamgetreaderoptions
 */
interface ReadableStreamGetReaderOptions {
  /**
   * "byob" for a reader that fills arrays of the app.
   * @see https://streams.spec.whatwg.org/#dom-readablestreamgetreaderoptions-mode
   */
  mode?: ReadableStreamReaderMode;
}

/**
 * How an iteration ends.
 * @see https://streams.spec.whatwg.org/#dictdef-readablestreamiteratoroptions
 */
interface ReadableStreamIteratorOptions {
  /**
   * Whether the stream goes on after an iteration that was broken off.
   * @see https://streams.spec.whatwg.org/#dom-readablestreamiteratoroptions-preventcancel
   */
  preventCancel?: boolean;
}

/**
 * What a reader got.
 * @see https://streams.spec.whatwg.org/#dictdef-readablestreamreadresult
 */
type ReadableStreamReadResult<R = any> = { done: false; value: R } | { done: true; value: R | undefined };

/**
 * Two sides of a transform.
 * @see https://streams.spec.whatwg.org/#dictdef-readablewritablepair
 */
interface ReadableWritablePair<R = any, W = any> {
  /**
   * The side that is read.
   * @see https://streams.spec.whatwg.org/#dom-readablewritablepair-readable
   */
  readable: ReadableStream<R>;
  /**
   * The side that is written to.
   * @see https://streams.spec.whatwg.org/#dom-readablewritablepair-writable
   */
  writable: WritableStream<W>;
}

/**
 * How a request shall be, or in what it shall differ from another one.
 * @see https://fetch.spec.whatwg.org/#requestinit
 */
interface RequestInit {
  /**
   * The body; a stream needs `duplex: "half"`.
   * @see https://fetch.spec.whatwg.org/#dom-requestinit-body
   */
  body?: BodyInit | null;
  /**
   * How it uses a cache of responses.
   * @see https://fetch.spec.whatwg.org/#dom-requestinit-cache
   */
  cache?: RequestCache;
  /**
   * When cookies and the like are sent along.
   * @see https://fetch.spec.whatwg.org/#dom-requestinit-credentials
   */
  credentials?: RequestCredentials;
  /**
   * "half", which a body that is a stream needs.
   * @see https://fetch.spec.whatwg.org/#dom-requestinit-duplex
   */
  duplex?: RequestDuplex;
  /**
   * The header fields.
   * @see https://fetch.spec.whatwg.org/#dom-requestinit-headers
   */
  headers?: HeadersInit;
  /**
   * Hashes, as in `sha256-…`: the response's body must have one of them.
   * @see https://fetch.spec.whatwg.org/#dom-requestinit-integrity
   */
  integrity?: string;
  /**
   * Whether it may outlive its page; there are none here.
   * @see https://fetch.spec.whatwg.org/#dom-requestinit-keepalive
   */
  keepalive?: boolean;
  /**
   * The method; `GET` if it is not given.
   * @see https://fetch.spec.whatwg.org/#dom-requestinit-method
   */
  method?: string;
  /**
   * How it may reach other origins.
   * @see https://fetch.spec.whatwg.org/#dom-requestinit-mode
   */
  mode?: RequestMode;
  /**
   * How important it is among others.
   * @see https://fetch.spec.whatwg.org/#dom-requestinit-priority
   */
  priority?: RequestPriority;
  /**
   * What happens to responses that point somewhere else.
   * @see https://fetch.spec.whatwg.org/#dom-requestinit-redirect
   */
  redirect?: RequestRedirect;
  /**
   * Where the request says that it comes from.
   * @see https://fetch.spec.whatwg.org/#dom-requestinit-referrer
   */
  referrer?: string;
  /**
   * How much of the referrer is sent.
   * @see https://fetch.spec.whatwg.org/#dom-requestinit-referrerpolicy
   */
  referrerPolicy?: ReferrerPolicy;
  /**
   * Stops the request when it aborts.
   * @see https://fetch.spec.whatwg.org/#dom-requestinit-signal
   */
  signal?: AbortSignal | null;
  /**
   * Null, if anything.
   * @see https://fetch.spec.whatwg.org/#dom-requestinit-window
   */
  window?: any;
}

/**
 * The head of a new response.
 * @see https://fetch.spec.whatwg.org/#responseinit
 */
interface ResponseInit {
  /**
   * Who compresses the body where Content-Encoding says that it is.
   * @see https://developers.cloudflare.com/workers/runtime-apis/response/#the-encodebody-option
   */
  encodeBody?: ResponseEncodeBody;
  /**
   * The header fields.
   * @see https://fetch.spec.whatwg.org/#dom-responseinit-headers
   */
  headers?: HeadersInit;
  /**
   * The status.
   * @see https://fetch.spec.whatwg.org/#dom-responseinit-status
   */
  status?: number;
  /**
   * The words after the status in HTTP/1.1.
   * @see https://fetch.spec.whatwg.org/#dom-responseinit-statustext
   */
  statusText?: string;
  /**
   * What the client's connection becomes; with the status 101.
   * @see https://developers.cloudflare.com/workers/runtime-apis/response/#parameters
   */
  webSocket?: WebSocket | null;
}

/**
 * The hash that an RSA key is used with.
 * @see https://w3c.github.io/webcrypto/#RsaHashedImportParams-dictionary
 */
interface RsaHashedImportParams extends Algorithm {
  /**
   * The hash: "SHA-1", "SHA-256", "SHA-384" or "SHA-512".
   * @see https://w3c.github.io/webcrypto/#dom-rsahashedimportparams-hash
   */
  hash: HashAlgorithmIdentifier;
}

/**
 * The algorithm of an RSA key, with its hash.
 * @see https://w3c.github.io/webcrypto/#RsaHashedKeyAlgorithm-dictionary
 */
interface RsaHashedKeyAlgorithm extends RsaKeyAlgorithm {
  /**
   * The hash that the key is used with.
   * @see https://w3c.github.io/webcrypto/#dom-rsahashedkeyalgorithm-hash
   */
  hash: KeyAlgorithm;
}

/**
 * How an RSA key shall be, and the hash that it is used with.
 * @see https://w3c.github.io/webcrypto/#RsaHashedKeyGenParams-dictionary
 */
interface RsaHashedKeyGenParams extends RsaKeyGenParams {
  /**
   * The hash: "SHA-1", "SHA-256", "SHA-384" or "SHA-512".
   * @see https://w3c.github.io/webcrypto/#dom-rsahashedkeygenparams-hash
   */
  hash: HashAlgorithmIdentifier;
}

/**
 * The algorithm of an RSA key.
 * @see https://w3c.github.io/webcrypto/#RsaKeyAlgorithm-dictionary
 */
interface RsaKeyAlgorithm extends KeyAlgorithm {
  /**
   * The size of the modulus in bits.
   * @see https://w3c.github.io/webcrypto/#dom-rsakeyalgorithm-moduluslength
   */
  modulusLength: number;
  /**
   * The public exponent, its highest byte first.
   * @see https://w3c.github.io/webcrypto/#dom-rsakeyalgorithm-publicexponent
   */
  publicExponent: Uint8Array;
}

/**
 * How an RSA key shall be: its size in bits, and the public exponent.
 * @see https://w3c.github.io/webcrypto/#RsaKeyGenParams-dictionary
 */
interface RsaKeyGenParams extends Algorithm {
  /**
   * The size of the modulus in bits, from 512 to 8192; 2048 and more are safe.
   * @see https://w3c.github.io/webcrypto/#dom-rsakeygenparams-moduluslength
   */
  modulusLength: number;
  /**
   * The public exponent, its highest byte first: `new Uint8Array([1, 0, 1])` is 65,537, the usual one.
   * @see https://w3c.github.io/webcrypto/#dom-rsakeygenparams-publicexponent
   */
  publicExponent: Uint8Array;
}

/**
 * RSA-OAEP: what the encrypted data belongs to.
 * @see https://w3c.github.io/webcrypto/#rsa-oaep-params
 */
interface RsaOaepParams extends Algorithm {
  /**
   * What the data belongs to: decrypting it takes the same bytes. None if it is not given.
   * @see https://w3c.github.io/webcrypto/#dom-rsaoaepparams-label
   */
  label?: BufferSource;
}

/**
 * A prime of an RSA key that has more than two.
 * @see https://w3c.github.io/webcrypto/#JsonWebKey-dictionary
 */
interface RsaOtherPrimesInfo {
  /**
   * The exponent of this prime.
   * @see https://w3c.github.io/webcrypto/#dom-rsaotherprimesinfo-d
   */
  d?: string;
  /**
   * The prime.
   * @see https://w3c.github.io/webcrypto/#dom-rsaotherprimesinfo-r
   */
  r?: string;
  /**
   * The coefficient of this prime.
   * @see https://w3c.github.io/webcrypto/#dom-rsaotherprimesinfo-t
   */
  t?: string;
}

/**
 * RSA-PSS: the salt's length in bytes.
 * @see https://w3c.github.io/webcrypto/#RsaPssParams-dictionary
 */
interface RsaPssParams extends Algorithm {
  /**
   * The length of the salt in bytes; that of the hash is usual.
   * @see https://w3c.github.io/webcrypto/#dom-rsapssparams-saltlength
   */
  saltLength: number;
}

/**
 * How to wait.
 * @see https://developers.cloudflare.com/workers/runtime-apis/scheduler/#parameters
 */
interface SchedulerWaitOptions {
  /** Ends the waiting. */
  signal?: AbortSignal;
}

/**
 * How the end of one stream acts on the other.
 * @see https://streams.spec.whatwg.org/#dictdef-streampipeoptions
 */
interface StreamPipeOptions {
  /**
   * Whether the destination goes on after an error of the source.
   * @see https://streams.spec.whatwg.org/#dom-streampipeoptions-preventabort
   */
  preventAbort?: boolean;
  /**
   * Whether the source goes on after an error of the destination.
   * @see https://streams.spec.whatwg.org/#dom-streampipeoptions-preventcancel
   */
  preventCancel?: boolean;
  /**
   * Whether the destination stays open at the end of the source.
   * @see https://streams.spec.whatwg.org/#dom-streampipeoptions-preventclose
   */
  preventClose?: boolean;
  /**
   * Breaks the pipe off when it aborts.
   * @see https://streams.spec.whatwg.org/#dom-streampipeoptions-signal
   */
  signal?: AbortSignal;
}

/**
 * How a value is sent.
 * @see https://html.spec.whatwg.org/multipage/#structuredserializeoptions
 */
interface StructuredSerializeOptions {
  /**
   * Objects that move to the copy and cannot be used any more here.
   * @see https://html.spec.whatwg.org/multipage/#dom-structuredserializeoptions-transfer
   */
  transfer?: object[];
}

/**
 * How one call of `decode()` belongs to others.
 * @see https://encoding.spec.whatwg.org/#textdecodeoptions
 */
interface TextDecodeOptions {
  /**
   * Whether further bytes follow, which may complete a character.
   * @see https://encoding.spec.whatwg.org/#dom-textdecodeoptions-stream
   */
  stream?: boolean;
}

/**
 * How a decoder shall treat its input.
 * @see https://encoding.spec.whatwg.org/#textdecoderoptions
 */
interface TextDecoderOptions {
  /**
   * Whether bytes that are no text of the encoding are an error, and do not become U+FFFD.
   * @see https://encoding.spec.whatwg.org/#dom-textdecoderoptions-fatal
   */
  fatal?: boolean;
  /**
   * Whether a byte order mark is part of the text.
   * @see https://encoding.spec.whatwg.org/#dom-textdecoderoptions-ignorebom
   */
  ignoreBOM?: boolean;
}

/**
 * How far `encodeInto()` came.
 * @see https://encoding.spec.whatwg.org/#textencoderencodeintoresult
 */
interface TextEncoderEncodeIntoResult {
  /**
   * How many code units of the text were taken.
   * @see https://encoding.spec.whatwg.org/#dom-textencoderencodeintoresult-read
   */
  read?: number;
  /**
   * How many bytes were written.
   * @see https://encoding.spec.whatwg.org/#dom-textencoderencodeintoresult-written
   */
  written?: number;
}

/**
 * What a transform stream does with chunks.
 * @see https://streams.spec.whatwg.org/#dictdef-transformer
 */
interface Transformer<I = any, O = any> {
  /**
   * Called when one of the sides fails by the will of who uses it.
   * @see https://streams.spec.whatwg.org/#dom-transformer-cancel
   */
  cancel?: TransformerCancelCallback;
  /**
   * Called after the last chunk.
   * @see https://streams.spec.whatwg.org/#dom-transformer-flush
   */
  flush?: (controller: TransformStreamDefaultController<O>) => void | PromiseLike<void>;
  /**
   * Not to be given, which is a RangeError: standards to come may use it.
   * @see https://streams.spec.whatwg.org/#dom-transformer-readabletype
   */
  readableType?: any;
  /**
   * Called when the stream is made.
   * @see https://streams.spec.whatwg.org/#dom-transformer-start
   */
  start?: (controller: TransformStreamDefaultController<O>) => any;
  /**
   * Called with each chunk; without it, chunks pass as they are.
   * @see https://streams.spec.whatwg.org/#dom-transformer-transform
   */
  transform?: (chunk: I, controller: TransformStreamDefaultController<O>) => void | PromiseLike<void>;
  /**
   * Not to be given, which is a RangeError: standards to come may use it.
   * @see https://streams.spec.whatwg.org/#dom-transformer-writabletype
   */
  writableType?: any;
}

/**
 * TurboSHAKE: how many bits it gives, and what tells its uses apart.
 * @see https://wicg.github.io/webcrypto-modern-algos/#turboshake-params
 */
interface TurboShakeParams extends Algorithm {
  /**
   * What tells one use from another, from 1 to 127; 31 if it is not given.
   * @see https://wicg.github.io/webcrypto-modern-algos/#dom-turboshakeparams-domainseparation
   */
  domainSeparation?: number;
  /**
   * How many bits it gives, a multiple of 8.
   * @see https://wicg.github.io/webcrypto-modern-algos/#dom-turboshakeparams-outputlength
   */
  outputLength: number;
}

/**
 * What a pattern has matched in a component.
 * @see https://urlpattern.spec.whatwg.org/#dictdef-urlpatterncomponentresult
 */
interface URLPatternComponentResult {
  /**
   * What each group has matched, by its name or number.
   * @see https://urlpattern.spec.whatwg.org/#dom-urlpatterncomponentresult-groups
   */
  groups: Record<string, string | undefined>;
  /**
   * The component.
   * @see https://urlpattern.spec.whatwg.org/#dom-urlpatterncomponentresult-input
   */
  input: string;
}

/**
 * The components of a URL, or of a pattern.
 * @see https://urlpattern.spec.whatwg.org/#dictdef-urlpatterninit
 */
interface URLPatternInit {
  /**
   * A URL that gives what is left out.
   * @see https://urlpattern.spec.whatwg.org/#dom-urlpatterninit-baseurl
   */
  baseURL?: string;
  /**
   * The fragment.
   * @see https://urlpattern.spec.whatwg.org/#dom-urlpatterninit-hash
   */
  hash?: string;
  /**
   * The host.
   * @see https://urlpattern.spec.whatwg.org/#dom-urlpatterninit-hostname
   */
  hostname?: string;
  /**
   * The password.
   * @see https://urlpattern.spec.whatwg.org/#dom-urlpatterninit-password
   */
  password?: string;
  /**
   * The path.
   * @see https://urlpattern.spec.whatwg.org/#dom-urlpatterninit-pathname
   */
  pathname?: string;
  /**
   * The port.
   * @see https://urlpattern.spec.whatwg.org/#dom-urlpatterninit-port
   */
  port?: string;
  /**
   * The scheme.
   * @see https://urlpattern.spec.whatwg.org/#dom-urlpatterninit-protocol
   */
  protocol?: string;
  /**
   * The query.
   * @see https://urlpattern.spec.whatwg.org/#dom-urlpatterninit-search
   */
  search?: string;
  /**
   * The user's name.
   * @see https://urlpattern.spec.whatwg.org/#dom-urlpatterninit-username
   */
  username?: string;
}

/**
 * How a pattern matches.
 * @see https://urlpattern.spec.whatwg.org/#dictdef-urlpatternoptions
 */
interface URLPatternOptions {
  /**
   * Whether lower and upper case are the same in paths, queries and fragments.
   * @see https://urlpattern.spec.whatwg.org/#dom-urlpatternoptions-ignorecase
   */
  ignoreCase?: boolean;
}

/**
 * What a pattern has matched.
 * @see https://urlpattern.spec.whatwg.org/#dictdef-urlpatternresult
 */
interface URLPatternResult {
  /**
   * The fragment.
   * @see https://urlpattern.spec.whatwg.org/#dom-urlpatternresult-hash
   */
  hash: URLPatternComponentResult;
  /**
   * The host.
   * @see https://urlpattern.spec.whatwg.org/#dom-urlpatternresult-hostname
   */
  hostname: URLPatternComponentResult;
  /**
   * The arguments.
   * @see https://urlpattern.spec.whatwg.org/#dom-urlpatternresult-inputs
   */
  inputs: URLPatternInput[];
  /**
   * The password.
   * @see https://urlpattern.spec.whatwg.org/#dom-urlpatternresult-password
   */
  password: URLPatternComponentResult;
  /**
   * The path.
   * @see https://urlpattern.spec.whatwg.org/#dom-urlpatternresult-pathname
   */
  pathname: URLPatternComponentResult;
  /**
   * The port.
   * @see https://urlpattern.spec.whatwg.org/#dom-urlpatternresult-port
   */
  port: URLPatternComponentResult;
  /**
   * The scheme.
   * @see https://urlpattern.spec.whatwg.org/#dom-urlpatternresult-protocol
   */
  protocol: URLPatternComponentResult;
  /**
   * The query.
   * @see https://urlpattern.spec.whatwg.org/#dom-urlpatternresult-search
   */
  search: URLPatternComponentResult;
  /**
   * The user's name.
   * @see https://urlpattern.spec.whatwg.org/#dom-urlpatternresult-username
   */
  username: URLPatternComponentResult;
}

/**
 * Where the chunks of a writable stream go.
 * @see https://streams.spec.whatwg.org/#dictdef-underlyingsink
 */
interface UnderlyingSink<W = any> {
  /**
   * Called when the stream fails by the will of its writer.
   * @see https://streams.spec.whatwg.org/#dom-underlyingsink-abort
   */
  abort?: UnderlyingSinkAbortCallback;
  /**
   * Called after the last chunk.
   * @see https://streams.spec.whatwg.org/#dom-underlyingsink-close
   */
  close?: UnderlyingSinkCloseCallback;
  /**
   * Called when the stream is made.
   * @see https://streams.spec.whatwg.org/#dom-underlyingsink-start
   */
  start?: UnderlyingSinkStartCallback;
  /**
   * Not to be given, which is a RangeError: standards to come may use it.
   * @see https://streams.spec.whatwg.org/#dom-underlyingsink-type
   */
  type?: any;
  /**
   * Called with each chunk.
   * @see https://streams.spec.whatwg.org/#dom-underlyingsink-write
   */
  write?: (chunk: W, controller: WritableStreamDefaultController) => void | PromiseLike<void>;
}

/**
 * Where the chunks of a readable stream come from.
 * @see https://streams.spec.whatwg.org/#dictdef-underlyingsource
 */
interface UnderlyingSource<R = any> {
  /**
   * The size of the buffers that are made for readers without one.
   * @see https://streams.spec.whatwg.org/#dom-underlyingsource-autoallocatechunksize
   */
  autoAllocateChunkSize?: number;
  /**
   * Called when nobody wants more.
   * @see https://streams.spec.whatwg.org/#dom-underlyingsource-cancel
   */
  cancel?: UnderlyingSourceCancelCallback;
  /**
   * Called when there is room in the queue.
   * @see https://streams.spec.whatwg.org/#dom-underlyingsource-pull
   */
  pull?(controller: ReadableStreamDefaultController<R> & ReadableByteStreamController): void | PromiseLike<void>;
  /**
   * Called when the stream is made.
   * @see https://streams.spec.whatwg.org/#dom-underlyingsource-start
   */
  start?(controller: ReadableStreamDefaultController<R> & ReadableByteStreamController): any;
  /**
   * "bytes" for a stream of bytes.
   * @see https://streams.spec.whatwg.org/#dom-underlyingsource-type
   */
  type?: ReadableStreamType;
}

/**
 * Tells operations to stop, through its signal.
 * @see https://dom.spec.whatwg.org/#abortcontroller
 */
interface AbortController {
  /**
   * What is given to the operations.
   * @see https://dom.spec.whatwg.org/#dom-abortcontroller-signal
   */
  readonly signal: AbortSignal;
  /**
   * Aborts the signal, with a reason that operations fail with; an "AbortError" DOMException if there is none.
   * @see https://dom.spec.whatwg.org/#dom-abortcontroller-abort
   */
  abort(reason?: any): void;
}
declare var AbortController: {
  prototype: AbortController;
  /**
   * A new controller, with a signal of its own.
   * @see https://dom.spec.whatwg.org/#dom-abortcontroller-abortcontroller
   */
  new(): AbortController;
};

/**
 * Tells operations that they shall stop.
 * @see https://dom.spec.whatwg.org/#abortsignal
 */
interface AbortSignal extends EventTarget {
  /**
   * Whether the signal was aborted.
   * @see https://dom.spec.whatwg.org/#dom-abortsignal-aborted
   */
  readonly aborted: boolean;
  /**
   * What it was aborted with; undefined as long as it was not.
   * @see https://dom.spec.whatwg.org/#dom-abortsignal-reason
   */
  readonly reason: any;
  /**
   * Throws the reason if the signal was aborted.
   * @throws {any} the reason, if the signal was aborted
   * @see https://dom.spec.whatwg.org/#dom-abortsignal-throwifaborted
   */
  throwIfAborted(): void;
  /**
   * Called when the signal aborts.
   * @see https://dom.spec.whatwg.org/#abortsignal-onabort
   */
  onabort: EventHandler;
}
declare var AbortSignal: {
  prototype: AbortSignal;
  /**
   * A signal that is aborted from the beginning.
   * @see https://dom.spec.whatwg.org/#dom-abortsignal-abort
   */
  abort(reason?: any): AbortSignal;
  /**
   * A signal that aborts after some milliseconds, with a "TimeoutError" DOMException.
   * @see https://dom.spec.whatwg.org/#dom-abortsignal-timeout
   */
  timeout(milliseconds: number): AbortSignal;
  /**
   * A signal that aborts with the first of several.
   * @see https://dom.spec.whatwg.org/#dom-abortsignal-any
   */
  any(signals: Iterable<AbortSignal>): AbortSignal;
};

/**
 * Bytes that do not change, with a type.
 * @see https://w3c.github.io/FileAPI/#blob-section
 */
interface Blob {
  /**
   * The number of bytes.
   * @see https://w3c.github.io/FileAPI/#dfn-size
   */
  readonly size: number;
  /**
   * The media type in lower case, or nothing.
   * @see https://w3c.github.io/FileAPI/#dfn-type
   */
  readonly type: string;
  /**
   * The bytes from one index up to another one; negative indexes count from the end.
   * @see https://w3c.github.io/FileAPI/#dfn-slice
   */
  slice(start?: number, end?: number, contentType?: string): Blob;
  /**
   * The bytes as a stream.
   * @see https://w3c.github.io/FileAPI/#dom-blob-stream
   */
  stream(): ReadableStream;
  /**
   * The bytes as text in UTF-8.
   * @see https://w3c.github.io/FileAPI/#dom-blob-text
   */
  text(): Promise<string>;
  /**
   * A copy of the bytes.
   * @see https://w3c.github.io/FileAPI/#dom-blob-arraybuffer
   */
  arrayBuffer(): Promise<ArrayBuffer>;
  /**
   * A copy of the bytes.
   * @see https://w3c.github.io/FileAPI/#dom-blob-bytes
   */
  bytes(): Promise<Uint8Array>;
}
declare var Blob: {
  prototype: Blob;
  /**
   * The parts, one after the other.
   * @see https://w3c.github.io/FileAPI/#constructorBlob
   */
  new(blobParts?: Iterable<BlobPart>, options?: BlobPropertyBag): Blob;
};

/**
 * Sends messages to all other channels of its name that the app has.
 * @see https://html.spec.whatwg.org/multipage/#broadcastchannel
 */
interface BroadcastChannel extends EventTarget {
  /**
   * The channel's name.
   * @see https://html.spec.whatwg.org/multipage/#dom-broadcastchannel-name
   */
  readonly name: string;
  /**
   * Sends a copy of a value to all other channels of the name.
   * @throws {DOMException} "DataCloneError", if something in the value cannot be copied
   * @throws {DOMException} "InvalidStateError", if the channel is closed
   * @throws {QuotaExceededError} if the app's other instances have yet to take too much
   * @see https://html.spec.whatwg.org/multipage/#dom-broadcastchannel-postmessage
   */
  postMessage(message: any): void;
  /**
   * Ends it: no message comes any more.
   * @see https://html.spec.whatwg.org/multipage/#dom-broadcastchannel-close
   */
  close(): void;
  /**
   * Called with each message of another channel.
   * @see https://html.spec.whatwg.org/multipage/#handler-broadcastchannel-onmessage
   */
  onmessage: ((event: MessageEvent) => any) | null;
  /**
   * Called where a message cannot be read.
   * @see https://html.spec.whatwg.org/multipage/#handler-broadcastchannel-onmessageerror
   */
  onmessageerror: ((event: MessageEvent) => any) | null;
  addEventListener(type: "message", callback: ((event: MessageEvent) => any) | null, options?: AddEventListenerOptions | boolean): void;
  addEventListener(type: "messageerror", callback: ((event: MessageEvent) => any) | null, options?: AddEventListenerOptions | boolean): void;
  addEventListener(type: string, callback: EventListener | null, options?: AddEventListenerOptions | boolean): void;
}
declare var BroadcastChannel: {
  prototype: BroadcastChannel;
  /**
   * A channel to all others of the same name, in this instance of the app and in its others.
   * @see https://html.spec.whatwg.org/multipage/#dom-broadcastchannel-broadcastchannel
   */
  new(name: string): BroadcastChannel;
};

/**
 * Measures chunks by their `byteLength`.
 * @see https://streams.spec.whatwg.org/#blqs-class
 */
interface ByteLengthQueuingStrategy {
  /**
   * The number of bytes from which on the queue is full.
   * @see https://streams.spec.whatwg.org/#blqs-high-water-mark
   */
  readonly highWaterMark: number;
  /**
   * A function that gives a chunk's `byteLength`.
   * @see https://streams.spec.whatwg.org/#blqs-size
   */
  readonly size: QueuingStrategySize<ArrayBufferView>;
}
declare var ByteLengthQueuingStrategy: {
  prototype: ByteLengthQueuingStrategy;
  /**
   * A strategy with the size at which a queue is full.
   * @see https://streams.spec.whatwg.org/#blqs-constructor
   */
  new(init: QueuingStrategyInit): ByteLengthQueuingStrategy;
};

/**
 * Responses that the app has put there, with the requests that they are for.
 * @see https://w3c.github.io/ServiceWorker/#cache
 */
interface Cache {
  /**
   * The first response for the request.
   * @throws {TypeError} if the URL is invalid, or has a user name or password in it
   * @see https://w3c.github.io/ServiceWorker/#dom-cache-match
   */
  match(request: RequestInfo, options?: CacheQueryOptions): Promise<Response | undefined>;
  /**
   * All responses, or those for the request.
   * @throws {TypeError} if the URL is invalid, or has a user name or password in it
   * @see https://w3c.github.io/ServiceWorker/#dom-cache-matchall
   */
  matchAll(request?: RequestInfo, options?: CacheQueryOptions): Promise<readonly Response[]>;
  /**
   * Fetches a response and puts it into the cache.
   * @throws {TypeError} if a request is no GET of http: or https:, or its response is none, or no success, or varies by everything
   * @throws {QuotaExceededError} if the app's caches may not hold that much (`cache_mb`)
   * @see https://w3c.github.io/ServiceWorker/#dom-cache-add
   */
  add(request: RequestInfo): Promise<void>;
  /**
   * Fetches responses and puts them into the cache, all or none.
   * @throws {TypeError} if a request is no GET of http: or https:, or its response is none, or no success, or varies by everything
   * @throws {DOMException} "InvalidStateError", if two responses are for the same request
   * @throws {QuotaExceededError} if the app's caches may not hold that much (`cache_mb`)
   * @see https://w3c.github.io/ServiceWorker/#dom-cache-addall
   */
  addAll(requests: Iterable<RequestInfo>): Promise<void>;
  /**
   * Puts a response into the cache, in the place of the one for the same request.
   * @throws {TypeError} if the request is no GET, its URL is not http: or https:, or the response is one of the status 101, 206 or varies by everything
   * @throws {TypeError} if the response's body was read already, or fails
   * @throws {QuotaExceededError} if the app's caches may not hold that much (`cache_mb`)
   * @see https://w3c.github.io/ServiceWorker/#dom-cache-put
   */
  put(request: RequestInfo, response: Response): Promise<void>;
  /**
   * Takes the responses for the request out. Whether there was one.
   * @throws {TypeError} if the URL is invalid, or has a user name or password in it
   * @see https://w3c.github.io/ServiceWorker/#dom-cache-delete
   */
  delete(request: RequestInfo, options?: CacheQueryOptions): Promise<boolean>;
  /**
   * The requests that there are responses for.
   * @throws {TypeError} if the URL is invalid, or has a user name or password in it
   * @see https://w3c.github.io/ServiceWorker/#dom-cache-keys
   */
  keys(request?: RequestInfo, options?: CacheQueryOptions): Promise<readonly Request[]>;
}
declare var Cache: {
  prototype: Cache;
};

/**
 * The app's caches, which its instances share, in memory.
 * @see https://w3c.github.io/ServiceWorker/#cachestorage
 */
interface CacheStorage {
  /**
   * The first response for the request, of all caches with a name, or of one.
   * @throws {TypeError} if the URL is invalid, or has a user name or password in it
   * @see https://w3c.github.io/ServiceWorker/#dom-cachestorage-match
   */
  match(request: RequestInfo, options?: MultiCacheQueryOptions): Promise<Response | undefined>;
  /**
   * Whether there is a cache of this name.
   * @see https://w3c.github.io/ServiceWorker/#dom-cachestorage-has
   */
  has(cacheName: string): Promise<boolean>;
  /**
   * The cache of this name, which is made if there is none.
   * @throws {QuotaExceededError} if the names of the app's caches take a quarter of what these may hold
   * @see https://w3c.github.io/ServiceWorker/#dom-cachestorage-open
   */
  open(cacheName: string): Promise<Cache>;
  /**
   * Forgets a cache. Whether there was one.
   * @see https://w3c.github.io/ServiceWorker/#dom-cachestorage-delete
   */
  delete(cacheName: string): Promise<boolean>;
  /**
   * The names of the caches, in the order in which they were made.
   * @see https://w3c.github.io/ServiceWorker/#dom-cachestorage-keys
   */
  keys(): Promise<string[]>;
  /**
   * The cache that is there without a name.
   * @see https://developers.cloudflare.com/workers/runtime-apis/cache/#accessing-cache
   */
  readonly default: Cache;
}
declare var CacheStorage: {
  prototype: CacheStorage;
};

/**
 * A WebSocket has come to its end.
 * @see https://websockets.spec.whatwg.org/#closeevent
 */
interface CloseEvent extends Event {
  /**
   * Whether both sides have closed.
   * @see https://websockets.spec.whatwg.org/#dom-closeevent-wasclean
   */
  readonly wasClean: boolean;
  /**
   * The other side's number; 1005 if it said none, 1006 if it did not close.
   * @see https://websockets.spec.whatwg.org/#dom-closeevent-code
   */
  readonly code: number;
  /**
   * What the other side has said to it.
   * @see https://websockets.spec.whatwg.org/#dom-closeevent-reason
   */
  readonly reason: string;
}
declare var CloseEvent: {
  prototype: CloseEvent;
  /**
   * A new event of this type.
   * @see https://websockets.spec.whatwg.org/#dom-closeevent-closeevent
   */
  new(type: string, eventInitDict?: CloseEventInit): CloseEvent;
};

/**
 * A comment.
 * @see https://developers.cloudflare.com/workers/runtime-apis/html-rewriter/#comments
 */
interface Comment {
  /** What stands in the comment. */
  text: string;
  /** Whether a handler has removed or replaced it. */
  readonly removed: boolean;
  /** Inserts content before the comment. */
  before(content: string, options?: ContentOptions): Comment;
  /** Inserts content after the comment. */
  after(content: string, options?: ContentOptions): Comment;
  /** Puts content in the comment's place. */
  replace(content: string, options?: ContentOptions): Comment;
  /** Takes the comment away. */
  remove(): Comment;
}

/**
 * A transform stream that compresses bytes.
 * @see https://compression.spec.whatwg.org/#compressionstream
 */
interface CompressionStream {
  /**
   * The side to read from.
   * @see https://streams.spec.whatwg.org/#dom-generictransformstream-readable
   */
  readonly readable: ReadableStream;
  /**
   * The side to write to.
   * @see https://streams.spec.whatwg.org/#dom-generictransformstream-writable
   */
  readonly writable: WritableStream;
}
declare var CompressionStream: {
  prototype: CompressionStream;
  /**
   * A stream that compresses what is written to it in this format.
   * @see https://compression.spec.whatwg.org/#dom-compressionstream-compressionstream
   */
  new(format: CompressionFormat): CompressionStream;
};

/**
 * Counts chunks.
 * @see https://streams.spec.whatwg.org/#cqs-class
 */
interface CountQueuingStrategy {
  /**
   * The number of chunks from which on the queue is full.
   * @see https://streams.spec.whatwg.org/#cqs-high-water-mark
   */
  readonly highWaterMark: number;
  /**
   * A function that gives 1.
   * @see https://streams.spec.whatwg.org/#cqs-size
   */
  readonly size: QueuingStrategySize;
}
declare var CountQueuingStrategy: {
  prototype: CountQueuingStrategy;
  /**
   * A strategy with the number of chunks at which a queue is full.
   * @see https://streams.spec.whatwg.org/#cqs-constructor
   */
  new(init: QueuingStrategyInit): CountQueuingStrategy;
};

/**
 * Random values and cryptographic operations.
 * @see https://w3c.github.io/webcrypto/#crypto-interface
 */
interface Crypto {
  /**
   * Cryptographic operations.
   * @see https://w3c.github.io/webcrypto/#Crypto-attribute-subtle
   */
  readonly subtle: SubtleCrypto;
  /**
   * Fills an array of integers with random values.
   * @throws {DOMException} "TypeMismatchError", if the array is not of integers
   * @throws {QuotaExceededError} if it has more than 65,536 bytes
   * @see https://w3c.github.io/webcrypto/#Crypto-method-getRandomValues
   */
  getRandomValues<T extends ArrayBufferView>(array: T): T;
  /**
   * A random UUID, version 4.
   * @see https://w3c.github.io/webcrypto/#Crypto-method-randomUUID
   */
  randomUUID(): string;
  /**
   * The class of writable streams that digest what is written to them.
   * @see https://developers.cloudflare.com/workers/runtime-apis/web-crypto/#constructors
   */
  readonly DigestStream: { prototype: DigestStream; new(algorithm: AlgorithmIdentifier): DigestStream };
}
declare var Crypto: {
  prototype: Crypto;
};

/**
 * A cryptographic key.
 * @see https://w3c.github.io/webcrypto/#cryptokey-interface
 */
interface CryptoKey {
  /**
   * Which part of a pair it is, or that it is shared.
   * @see https://w3c.github.io/webcrypto/#cryptokey-type
   */
  readonly type: KeyType;
  /**
   * Whether it may be exported and wrapped.
   * @see https://w3c.github.io/webcrypto/#cryptokey-extractable
   */
  readonly extractable: boolean;
  /**
   * Its algorithm, with what the algorithm says about keys.
   * @see https://w3c.github.io/webcrypto/#cryptokey-algorithm
   */
  readonly algorithm: KeyAlgorithm;
  /**
   * What it may be used for, an array of KeyUsage.
   * @see https://w3c.github.io/webcrypto/#cryptokey-usages
   */
  readonly usages: KeyUsage[];
}
declare var CryptoKey: {
  prototype: CryptoKey;
};

/**
 * An event that carries a value of the app.
 * @see https://dom.spec.whatwg.org/#customevent
 */
interface CustomEvent<T = any> extends Event {
  /**
   * The value.
   * @see https://dom.spec.whatwg.org/#dom-customevent-detail
   */
  readonly detail: T;
  /**
   * Sets what the constructor sets; from times when events were made without it.
   * @see https://dom.spec.whatwg.org/#dom-customevent-initcustomevent
   */
  initCustomEvent(type: string, bubbles?: boolean, cancelable?: boolean, detail?: any): void;
}
declare var CustomEvent: {
  prototype: CustomEvent;
  /**
   * A new event of this type.
   * @see https://dom.spec.whatwg.org/#dom-customevent-customevent
   */
  new<T = any>(type: string, eventInitDict?: CustomEventInit<T>): CustomEvent<T>;
};

/**
 * An error of a Web API, told apart from others by its name.
 * @see https://webidl.spec.whatwg.org/#idl-DOMException
 */
interface DOMException extends Error {
  /**
   * What kind of error it is: "AbortError", "DataCloneError".
   * @see https://webidl.spec.whatwg.org/#dom-domexception-name
   */
  readonly name: string;
  /**
   * What has happened, for people.
   * @see https://webidl.spec.whatwg.org/#dom-domexception-message
   */
  readonly message: string;
  /**
   * The number that some names had in old times; otherwise 0.
   * @see https://webidl.spec.whatwg.org/#dom-domexception-code
   */
  readonly code: number;
  /**
   * "IndexSizeError": today a RangeError.
   * @see https://webidl.spec.whatwg.org/#dom-domexception-index_size_err
   */
  readonly INDEX_SIZE_ERR: 1;
  /**
   * Of no error any more.
   * @see https://webidl.spec.whatwg.org/#dom-domexception-domstring_size_err
   */
  readonly DOMSTRING_SIZE_ERR: 2;
  /**
   * "HierarchyRequestError": a node cannot stand there in a tree.
   * @see https://webidl.spec.whatwg.org/#dom-domexception-hierarchy_request_err
   */
  readonly HIERARCHY_REQUEST_ERR: 3;
  /**
   * "WrongDocumentError": a node belongs to another document.
   * @see https://webidl.spec.whatwg.org/#dom-domexception-wrong_document_err
   */
  readonly WRONG_DOCUMENT_ERR: 4;
  /**
   * "InvalidCharacterError": a text has characters that it may not have, as for `atob()`.
   * @see https://webidl.spec.whatwg.org/#dom-domexception-invalid_character_err
   */
  readonly INVALID_CHARACTER_ERR: 5;
  /**
   * Of no error any more.
   * @see https://webidl.spec.whatwg.org/#dom-domexception-no_data_allowed_err
   */
  readonly NO_DATA_ALLOWED_ERR: 6;
  /**
   * "NoModificationAllowedError": it cannot be changed.
   * @see https://webidl.spec.whatwg.org/#dom-domexception-no_modification_allowed_err
   */
  readonly NO_MODIFICATION_ALLOWED_ERR: 7;
  /**
   * "NotFoundError": it is not there.
   * @see https://webidl.spec.whatwg.org/#dom-domexception-not_found_err
   */
  readonly NOT_FOUND_ERR: 8;
  /**
   * "NotSupportedError": an operation or an algorithm is not supported.
   * @see https://webidl.spec.whatwg.org/#dom-domexception-not_supported_err
   */
  readonly NOT_SUPPORTED_ERR: 9;
  /**
   * "InUseAttributeError": an attribute belongs to another element.
   * @see https://webidl.spec.whatwg.org/#dom-domexception-inuse_attribute_err
   */
  readonly INUSE_ATTRIBUTE_ERR: 10;
  /**
   * "InvalidStateError": not in the state in which the object is.
   * @see https://webidl.spec.whatwg.org/#dom-domexception-invalid_state_err
   */
  readonly INVALID_STATE_ERR: 11;
  /**
   * "SyntaxError": a text is not what it should be.
   * @see https://webidl.spec.whatwg.org/#dom-domexception-syntax_err
   */
  readonly SYNTAX_ERR: 12;
  /**
   * "InvalidModificationError": it cannot be changed in this way.
   * @see https://webidl.spec.whatwg.org/#dom-domexception-invalid_modification_err
   */
  readonly INVALID_MODIFICATION_ERR: 13;
  /**
   * "NamespaceError": the namespace does not fit.
   * @see https://webidl.spec.whatwg.org/#dom-domexception-namespace_err
   */
  readonly NAMESPACE_ERR: 14;
  /**
   * "InvalidAccessError": an object cannot be used for this, as a key of another algorithm.
   * @see https://webidl.spec.whatwg.org/#dom-domexception-invalid_access_err
   */
  readonly INVALID_ACCESS_ERR: 15;
  /**
   * Of no error any more.
   * @see https://webidl.spec.whatwg.org/#dom-domexception-validation_err
   */
  readonly VALIDATION_ERR: 16;
  /**
   * "TypeMismatchError": today a TypeError, but for `getRandomValues()`.
   * @see https://webidl.spec.whatwg.org/#dom-domexception-type_mismatch_err
   */
  readonly TYPE_MISMATCH_ERR: 17;
  /**
   * "SecurityError": it is not safe.
   * @see https://webidl.spec.whatwg.org/#dom-domexception-security_err
   */
  readonly SECURITY_ERR: 18;
  /**
   * "NetworkError": the network has failed.
   * @see https://webidl.spec.whatwg.org/#dom-domexception-network_err
   */
  readonly NETWORK_ERR: 19;
  /**
   * "AbortError": somebody has aborted it.
   * @see https://webidl.spec.whatwg.org/#dom-domexception-abort_err
   */
  readonly ABORT_ERR: 20;
  /**
   * "URLMismatchError": a URL does not fit another one.
   * @see https://webidl.spec.whatwg.org/#dom-domexception-url_mismatch_err
   */
  readonly URL_MISMATCH_ERR: 21;
  /**
   * "QuotaExceededError": more was wanted than is to be had. Today an interface of its own.
   * @see https://webidl.spec.whatwg.org/#dom-domexception-quota_exceeded_err
   */
  readonly QUOTA_EXCEEDED_ERR: 22;
  /**
   * "TimeoutError": it has taken too long.
   * @see https://webidl.spec.whatwg.org/#dom-domexception-timeout_err
   */
  readonly TIMEOUT_ERR: 23;
  /**
   * "InvalidNodeTypeError": a node is of the wrong kind.
   * @see https://webidl.spec.whatwg.org/#dom-domexception-invalid_node_type_err
   */
  readonly INVALID_NODE_TYPE_ERR: 24;
  /**
   * "DataCloneError": a value cannot be cloned.
   * @see https://webidl.spec.whatwg.org/#dom-domexception-data_clone_err
   */
  readonly DATA_CLONE_ERR: 25;
}
declare var DOMException: {
  prototype: DOMException;
  /**
   * An error with a message, and a name that says what kind of error it is.
   * @see https://webidl.spec.whatwg.org/#dom-domexception-domexception
   */
  new(message?: string, name?: string): DOMException;
  /**
   * "IndexSizeError": today a RangeError.
   * @see https://webidl.spec.whatwg.org/#dom-domexception-index_size_err
   */
  readonly INDEX_SIZE_ERR: 1;
  /**
   * Of no error any more.
   * @see https://webidl.spec.whatwg.org/#dom-domexception-domstring_size_err
   */
  readonly DOMSTRING_SIZE_ERR: 2;
  /**
   * "HierarchyRequestError": a node cannot stand there in a tree.
   * @see https://webidl.spec.whatwg.org/#dom-domexception-hierarchy_request_err
   */
  readonly HIERARCHY_REQUEST_ERR: 3;
  /**
   * "WrongDocumentError": a node belongs to another document.
   * @see https://webidl.spec.whatwg.org/#dom-domexception-wrong_document_err
   */
  readonly WRONG_DOCUMENT_ERR: 4;
  /**
   * "InvalidCharacterError": a text has characters that it may not have, as for `atob()`.
   * @see https://webidl.spec.whatwg.org/#dom-domexception-invalid_character_err
   */
  readonly INVALID_CHARACTER_ERR: 5;
  /**
   * Of no error any more.
   * @see https://webidl.spec.whatwg.org/#dom-domexception-no_data_allowed_err
   */
  readonly NO_DATA_ALLOWED_ERR: 6;
  /**
   * "NoModificationAllowedError": it cannot be changed.
   * @see https://webidl.spec.whatwg.org/#dom-domexception-no_modification_allowed_err
   */
  readonly NO_MODIFICATION_ALLOWED_ERR: 7;
  /**
   * "NotFoundError": it is not there.
   * @see https://webidl.spec.whatwg.org/#dom-domexception-not_found_err
   */
  readonly NOT_FOUND_ERR: 8;
  /**
   * "NotSupportedError": an operation or an algorithm is not supported.
   * @see https://webidl.spec.whatwg.org/#dom-domexception-not_supported_err
   */
  readonly NOT_SUPPORTED_ERR: 9;
  /**
   * "InUseAttributeError": an attribute belongs to another element.
   * @see https://webidl.spec.whatwg.org/#dom-domexception-inuse_attribute_err
   */
  readonly INUSE_ATTRIBUTE_ERR: 10;
  /**
   * "InvalidStateError": not in the state in which the object is.
   * @see https://webidl.spec.whatwg.org/#dom-domexception-invalid_state_err
   */
  readonly INVALID_STATE_ERR: 11;
  /**
   * "SyntaxError": a text is not what it should be.
   * @see https://webidl.spec.whatwg.org/#dom-domexception-syntax_err
   */
  readonly SYNTAX_ERR: 12;
  /**
   * "InvalidModificationError": it cannot be changed in this way.
   * @see https://webidl.spec.whatwg.org/#dom-domexception-invalid_modification_err
   */
  readonly INVALID_MODIFICATION_ERR: 13;
  /**
   * "NamespaceError": the namespace does not fit.
   * @see https://webidl.spec.whatwg.org/#dom-domexception-namespace_err
   */
  readonly NAMESPACE_ERR: 14;
  /**
   * "InvalidAccessError": an object cannot be used for this, as a key of another algorithm.
   * @see https://webidl.spec.whatwg.org/#dom-domexception-invalid_access_err
   */
  readonly INVALID_ACCESS_ERR: 15;
  /**
   * Of no error any more.
   * @see https://webidl.spec.whatwg.org/#dom-domexception-validation_err
   */
  readonly VALIDATION_ERR: 16;
  /**
   * "TypeMismatchError": today a TypeError, but for `getRandomValues()`.
   * @see https://webidl.spec.whatwg.org/#dom-domexception-type_mismatch_err
   */
  readonly TYPE_MISMATCH_ERR: 17;
  /**
   * "SecurityError": it is not safe.
   * @see https://webidl.spec.whatwg.org/#dom-domexception-security_err
   */
  readonly SECURITY_ERR: 18;
  /**
   * "NetworkError": the network has failed.
   * @see https://webidl.spec.whatwg.org/#dom-domexception-network_err
   */
  readonly NETWORK_ERR: 19;
  /**
   * "AbortError": somebody has aborted it.
   * @see https://webidl.spec.whatwg.org/#dom-domexception-abort_err
   */
  readonly ABORT_ERR: 20;
  /**
   * "URLMismatchError": a URL does not fit another one.
   * @see https://webidl.spec.whatwg.org/#dom-domexception-url_mismatch_err
   */
  readonly URL_MISMATCH_ERR: 21;
  /**
   * "QuotaExceededError": more was wanted than is to be had. Today an interface of its own.
   * @see https://webidl.spec.whatwg.org/#dom-domexception-quota_exceeded_err
   */
  readonly QUOTA_EXCEEDED_ERR: 22;
  /**
   * "TimeoutError": it has taken too long.
   * @see https://webidl.spec.whatwg.org/#dom-domexception-timeout_err
   */
  readonly TIMEOUT_ERR: 23;
  /**
   * "InvalidNodeTypeError": a node is of the wrong kind.
   * @see https://webidl.spec.whatwg.org/#dom-domexception-invalid_node_type_err
   */
  readonly INVALID_NODE_TYPE_ERR: 24;
  /**
   * "DataCloneError": a value cannot be cloned.
   * @see https://webidl.spec.whatwg.org/#dom-domexception-data_clone_err
   */
  readonly DATA_CLONE_ERR: 25;
};

/**
 * A transform stream of what compressed bytes were made of.
 * @see https://compression.spec.whatwg.org/#decompressionstream
 */
interface DecompressionStream {
  /**
   * The side to read from.
   * @see https://streams.spec.whatwg.org/#dom-generictransformstream-readable
   */
  readonly readable: ReadableStream;
  /**
   * The side to write to.
   * @see https://streams.spec.whatwg.org/#dom-generictransformstream-writable
   */
  readonly writable: WritableStream;
}
declare var DecompressionStream: {
  prototype: DecompressionStream;
  /**
   * A stream that decompresses what is written to it in this format.
   * @see https://compression.spec.whatwg.org/#dom-decompressionstream-decompressionstream
   */
  new(format: CompressionFormat): DecompressionStream;
};

/**
 * Digests what is written to it; only the digest is kept.
 * @see https://developers.cloudflare.com/workers/runtime-apis/web-crypto/#constructors
 */
interface DigestStream extends WritableStream {
  /**
   * The digest, once the stream is closed.
   * @throws {TypeError} if a chunk is no bytes and no string
   * @throws {any} what the stream was aborted with
   */
  readonly digest: Promise<ArrayBuffer>;
  /** How many bytes have been digested. */
  readonly bytesWritten: number;
}

/**
 * The document type.
 * @see https://developers.cloudflare.com/workers/runtime-apis/html-rewriter/#doctype
 */
interface Doctype {
  /** Its name, such as "html". */
  readonly name: string | null;
  /** The text after `PUBLIC`. */
  readonly publicId: string | null;
  /** The text after `SYSTEM`, or after `publicId`. */
  readonly systemId: string | null;
}

/**
 * The end of the document.
 * @see https://developers.cloudflare.com/workers/runtime-apis/html-rewriter/#end
 */
interface DocumentEnd {
  /** Inserts content at the end. */
  append(content: string, options?: ContentOptions): DocumentEnd;
}

/**
 * An element, as far as its start tag. It can be used until its handler is done.
 * @see https://developers.cloudflare.com/workers/runtime-apis/html-rewriter/#element
 */
interface Element {
  /** In lower case. */
  tagName: string;
  /** An iterator of the attributes' names and values. */
  readonly attributes: IterableIterator<[string, string]>;
  /** Whether a handler has removed or replaced it. */
  readonly removed: boolean;
  /** The namespace, such as that of HTML or SVG. */
  readonly namespaceURI: string;
  /** The attribute's value, or null. */
  getAttribute(name: string): string | null;
  /** Whether there is such an attribute. */
  hasAttribute(name: string): boolean;
  /**
   * Sets the attribute, which need not be there.
   * @throws {TypeError} if the name is empty, or has a character that no name has
   * @throws {TypeError} if the handler is done
   */
  setAttribute(name: string, value: string): Element;
  /** Takes the attribute away. */
  removeAttribute(name: string): Element;
  /** Inserts content before the element. */
  before(content: string, options?: ContentOptions): Element;
  /** Inserts content after the element. */
  after(content: string, options?: ContentOptions): Element;
  /** Inserts content after the start tag. */
  prepend(content: string, options?: ContentOptions): Element;
  /** Inserts content before the end tag. */
  append(content: string, options?: ContentOptions): Element;
  /** Puts content in the element's place. */
  replace(content: string, options?: ContentOptions): Element;
  /** Puts content in the place of what is in the element. */
  setInnerContent(content: string, options?: ContentOptions): Element;
  /** Takes the element away, with all that is in it. */
  remove(): Element;
  /** Takes the tags away, and keeps what is between them. */
  removeAndKeepContent(): Element;
  /**
   * Has a function called with the end tag.
   * @throws {TypeError} if the element cannot have content
   * @throws {TypeError} if the handler is done
   */
  onEndTag(handler: (tag: EndTag) => any): void;
}

/**
 * The end tag of an element.
 * @see https://developers.cloudflare.com/workers/runtime-apis/html-rewriter/#endtag
 */
interface EndTag {
  /** In lower case. */
  name: string;
  /** Inserts content before the tag. */
  before(content: string, options?: ContentOptions): EndTag;
  /** Inserts content after the tag. */
  after(content: string, options?: ContentOptions): EndTag;
  /** Takes the tag away. */
  remove(): EndTag;
}

/**
 * An error that nobody caught.
 * @see https://html.spec.whatwg.org/multipage/#errorevent
 */
interface ErrorEvent extends Event {
  /**
   * The error's message.
   * @see https://html.spec.whatwg.org/multipage/#dom-errorevent-message
   */
  readonly message: string;
  /**
   * The address of the module where it was thrown.
   * @see https://html.spec.whatwg.org/multipage/#dom-errorevent-filename
   */
  readonly filename: string;
  /**
   * The line in which it was thrown.
   * @see https://html.spec.whatwg.org/multipage/#dom-errorevent-lineno
   */
  readonly lineno: number;
  /**
   * The column in which it was thrown.
   * @see https://html.spec.whatwg.org/multipage/#dom-errorevent-colno
   */
  readonly colno: number;
  /**
   * What was thrown.
   * @see https://html.spec.whatwg.org/multipage/#dom-errorevent-error
   */
  readonly error: any;
}
declare var ErrorEvent: {
  prototype: ErrorEvent;
  /**
   * A new event of this type.
   * @see https://html.spec.whatwg.org/multipage/#dom-errorevent-errorevent
   */
  new(type: string, eventInitDict?: ErrorEventInit): ErrorEvent;
};

/**
 * Something that happened, as listeners are told of it.
 * @see https://dom.spec.whatwg.org/#event
 */
interface Event {
  /**
   * What has happened, such as "fetch" or "abort".
   * @see https://dom.spec.whatwg.org/#dom-event-type
   */
  readonly type: string;
  /**
   * The object that the event was dispatched to.
   * @see https://dom.spec.whatwg.org/#dom-event-target
   */
  readonly target: EventTarget | null;
  /**
   * As `target`; from old browsers.
   * @see https://dom.spec.whatwg.org/#dom-event-srcelement
   */
  readonly srcElement: EventTarget | null;
  /**
   * The object whose listener is running.
   * @see https://dom.spec.whatwg.org/#dom-event-currenttarget
   */
  readonly currentTarget: EventTarget | null;
  /**
   * The objects whose listeners are called. Without a tree of nodes, that is the target alone.
   * @see https://dom.spec.whatwg.org/#dom-event-composedpath
   */
  composedPath(): EventTarget[];
  /**
   * Nobody is called now.
   * @see https://dom.spec.whatwg.org/#dom-event-none
   */
  readonly NONE: 0;
  /**
   * On the way to the target; not without a tree of nodes.
   * @see https://dom.spec.whatwg.org/#dom-event-capturing_phase
   */
  readonly CAPTURING_PHASE: 1;
  /**
   * The target's listeners are called.
   * @see https://dom.spec.whatwg.org/#dom-event-at_target
   */
  readonly AT_TARGET: 2;
  /**
   * On the way back from the target; not without a tree of nodes.
   * @see https://dom.spec.whatwg.org/#dom-event-bubbling_phase
   */
  readonly BUBBLING_PHASE: 3;
  /**
   * `AT_TARGET` while listeners run, otherwise `NONE`.
   * @see https://dom.spec.whatwg.org/#dom-event-eventphase
   */
  readonly eventPhase: number;
  /**
   * Keeps the event from further objects on its path.
   * @see https://dom.spec.whatwg.org/#dom-event-stoppropagation
   */
  stopPropagation(): void;
  /**
   * Whether `stopPropagation()` was called; setting it to true calls it.
   * @see https://dom.spec.whatwg.org/#dom-event-cancelbubble
   */
  cancelBubble: boolean;
  /**
   * Keeps the event from all listeners that have not run yet.
   * @see https://dom.spec.whatwg.org/#dom-event-stopimmediatepropagation
   */
  stopImmediatePropagation(): void;
  /**
   * Whether it goes on to the target's parents; nothing here has any.
   * @see https://dom.spec.whatwg.org/#dom-event-bubbles
   */
  readonly bubbles: boolean;
  /**
   * Whether `preventDefault()` has an effect.
   * @see https://dom.spec.whatwg.org/#dom-event-cancelable
   */
  readonly cancelable: boolean;
  /**
   * False if the event was canceled; setting it to false cancels it.
   * @see https://dom.spec.whatwg.org/#dom-event-returnvalue
   */
  returnValue: boolean;
  /**
   * Cancels the event: who dispatched it leaves out what would follow.
   * @see https://dom.spec.whatwg.org/#dom-event-preventdefault
   */
  preventDefault(): void;
  /**
   * Whether `preventDefault()` was called.
   * @see https://dom.spec.whatwg.org/#dom-event-defaultprevented
   */
  readonly defaultPrevented: boolean;
  /**
   * Whether it leaves a shadow tree; there are none here.
   * @see https://dom.spec.whatwg.org/#dom-event-composed
   */
  readonly composed: boolean;
  /**
   * Whether the runtime dispatched the event, and not the app.
   * @see https://dom.spec.whatwg.org/#dom-event-istrusted
   */
  readonly isTrusted: boolean;
  /**
   * When the event was made, in milliseconds since `performance.timeOrigin`.
   * @see https://dom.spec.whatwg.org/#dom-event-timestamp
   */
  readonly timeStamp: DOMHighResTimeStamp;
  /**
   * Sets what the constructor sets; from times when events were made without it.
   * @see https://dom.spec.whatwg.org/#dom-event-initevent
   */
  initEvent(type: string, bubbles?: boolean, cancelable?: boolean): void;
}
declare var Event: {
  prototype: Event;
  /**
   * A new event of this type.
   * @see https://dom.spec.whatwg.org/#dom-event-event
   */
  new(type: string, eventInitDict?: EventInit): Event;
  /**
   * Nobody is called now.
   * @see https://dom.spec.whatwg.org/#dom-event-none
   */
  readonly NONE: 0;
  /**
   * On the way to the target; not without a tree of nodes.
   * @see https://dom.spec.whatwg.org/#dom-event-capturing_phase
   */
  readonly CAPTURING_PHASE: 1;
  /**
   * The target's listeners are called.
   * @see https://dom.spec.whatwg.org/#dom-event-at_target
   */
  readonly AT_TARGET: 2;
  /**
   * On the way back from the target; not without a tree of nodes.
   * @see https://dom.spec.whatwg.org/#dom-event-bubbling_phase
   */
  readonly BUBBLING_PHASE: 3;
};

/**
 * A stream of a server's events, which is asked for again whenever it ends.
 * @see https://html.spec.whatwg.org/multipage/#eventsource
 */
interface EventSource extends EventTarget {
  /**
   * The address that is asked.
   * @see https://html.spec.whatwg.org/multipage/#dom-eventsource-url
   */
  readonly url: string;
  /**
   * Whether cookies and the like are sent along; there are none here.
   * @see https://html.spec.whatwg.org/multipage/#dom-eventsource-withcredentials
   */
  readonly withCredentials: boolean;
  /**
   * It connects, for the first time or again.
   * @see https://html.spec.whatwg.org/multipage/#dom-eventsource-connecting
   */
  readonly CONNECTING: 0;
  /**
   * Events come.
   * @see https://html.spec.whatwg.org/multipage/#dom-eventsource-open
   */
  readonly OPEN: 1;
  /**
   * It is closed, and stays so.
   * @see https://html.spec.whatwg.org/multipage/#dom-eventsource-closed
   */
  readonly CLOSED: 2;
  /**
   * `CONNECTING`, `OPEN` or `CLOSED`.
   * @see https://html.spec.whatwg.org/multipage/#dom-eventsource-readystate
   */
  readonly readyState: number;
  /**
   * Called when the server has begun to answer.
   * @see https://html.spec.whatwg.org/multipage/#dom-eventsource-onopen
   */
  onopen: EventHandler;
  /**
   * Called with each event that has no type of its own.
   * @see https://html.spec.whatwg.org/multipage/#dom-eventsource-onmessage
   */
  onmessage: ((event: MessageEvent) => any) | null;
  /**
   * Called when the connection is lost, or cannot be made.
   * @see https://html.spec.whatwg.org/multipage/#dom-eventsource-onerror
   */
  onerror: EventHandler;
  /**
   * Ends the stream for good.
   * @see https://html.spec.whatwg.org/multipage/#dom-eventsource-close
   */
  close(): void;
  addEventListener(type: "message", callback: ((event: MessageEvent) => any) | null, options?: AddEventListenerOptions | boolean): void;
  addEventListener(type: string, callback: EventListener | null, options?: AddEventListenerOptions | boolean): void;
}
declare var EventSource: {
  prototype: EventSource;
  /**
   * Asks a server for its events.
   * @throws {DOMException} "SyntaxError", if the URL cannot be parsed
   * @see https://html.spec.whatwg.org/multipage/#dom-eventsource-eventsource
   */
  new(url: string, eventSourceInitDict?: EventSourceInit): EventSource;
  /**
   * It connects, for the first time or again.
   * @see https://html.spec.whatwg.org/multipage/#dom-eventsource-connecting
   */
  readonly CONNECTING: 0;
  /**
   * Events come.
   * @see https://html.spec.whatwg.org/multipage/#dom-eventsource-open
   */
  readonly OPEN: 1;
  /**
   * It is closed, and stays so.
   * @see https://html.spec.whatwg.org/multipage/#dom-eventsource-closed
   */
  readonly CLOSED: 2;
};

/**
 * An object that events can be dispatched to.
 * @see https://dom.spec.whatwg.org/#eventtarget
 */
interface EventTarget {
  /**
   * Calls the listener for each event of the type from now on. The same listener is added once only.
   * @see https://dom.spec.whatwg.org/#dom-eventtarget-addeventlistener
   */
  addEventListener(type: string, callback: EventListener | null, options?: AddEventListenerOptions | boolean): void;
  /**
   * Takes back `addEventListener()` with the same type, listener and `capture`.
   * @see https://dom.spec.whatwg.org/#dom-eventtarget-removeeventlistener
   */
  removeEventListener(type: string, callback: EventListener | null, options?: EventListenerOptions | boolean): void;
  /**
   * Calls the listeners of the event's type, and returns false if one of them canceled the event.
   * @throws {DOMException} "InvalidStateError", if the event is being dispatched already, or was not initialized
   * @see https://dom.spec.whatwg.org/#dom-eventtarget-dispatchevent
   */
  dispatchEvent(event: Event): boolean;
}
declare var EventTarget: {
  prototype: EventTarget;
  /**
   * A new target, for events of an app's own.
   * @see https://dom.spec.whatwg.org/#dom-eventtarget-eventtarget
   */
  new(): EventTarget;
};

/**
 * The third argument of a handler, as in Workers.
 * @see https://developers.cloudflare.com/workers/runtime-apis/context/
 */
interface ExecutionContext {
  /**
   * Keeps the app's instance at work until the promise settles, and the request's fetches for up to 30 s beyond the response.
   * @see https://developers.cloudflare.com/workers/runtime-apis/context/#waituntil
   */
  waitUntil(promise: any): void;
  /**
   * Workers' fall-through to an origin server; there is none here, so it has no effect.
   * @see https://developers.cloudflare.com/workers/runtime-apis/context/#passthroughonexception
   */
  passThroughOnException(): void;
  /**
   * What Workers' service bindings give the app; an empty object here.
   * @see https://developers.cloudflare.com/workers/runtime-apis/context/#props
   */
  readonly props: object;
}

/**
 * Something that an app has to do, which may take longer than its listeners.
 * @see https://w3c.github.io/ServiceWorker/#extendableevent
 */
interface ExtendableEvent extends Event {
  /**
   * Keeps the app's instance at work until the promise settles, and what it fetches for up to 30 s beyond the response.
   * @throws {DOMException} "InvalidStateError", if the app itself has dispatched the event, or its listeners and promises are over
   * @see https://w3c.github.io/ServiceWorker/#dom-extendableevent-waituntil
   */
  waitUntil(f: any | PromiseLike<any>): void;
}
declare var ExtendableEvent: {
  prototype: ExtendableEvent;
  /**
   * A new event of this type.
   * @see https://w3c.github.io/ServiceWorker/#dom-extendableevent-extendableevent
   */
  new(type: string, eventInitDict?: ExtendableEventInit): ExtendableEvent;
};

/**
 * A request for an app whose handlers are listeners.
 * @see https://w3c.github.io/ServiceWorker/#fetchevent
 */
interface FetchEvent extends ExtendableEvent {
  /**
   * What is to be answered.
   * @see https://w3c.github.io/ServiceWorker/#dom-fetchevent-request
   */
  readonly request: Request;
  /**
   * Answers the request. Only one listener can, while it runs.
   * @throws {DOMException} "InvalidStateError", if it was called already, or the listeners have returned
   * @see https://w3c.github.io/ServiceWorker/#dom-fetchevent-respondwith
   */
  respondWith(r: Response | PromiseLike<Response>): void;
  /**
   * Workers' fall-through to an origin server; there is none here, so it has no effect.
   * @see https://developers.cloudflare.com/workers/runtime-apis/context/#passthroughonexception
   */
  passThroughOnException(): void;
}
declare var FetchEvent: {
  prototype: FetchEvent;
  /**
   * A new event of this type.
   * @see https://w3c.github.io/ServiceWorker/#dom-fetchevent-fetchevent
   */
  new(type: string, eventInitDict: FetchEventInit): FetchEvent;
};

/**
 * Another app of the process, by a service binding.
 * @see https://developers.cloudflare.com/workers/runtime-apis/bindings/service-bindings/http/
 */
interface Fetcher {
  /**
   * Has the app answer a request. The host of the URL may be any; redirects lead to the same app.
   * @throws {TypeError} if the request cannot be made, as with `fetch()`, or the other app cannot be reached
   * @throws {any} the reason of the signal, if it aborts
   */
  fetch(input: RequestInfo, init?: RequestInit): Promise<Response>;
}

/**
 * A blob with a name, as it is part of a form.
 * @see https://w3c.github.io/FileAPI/#file-section
 */
interface File extends Blob {
  /**
   * The file's name.
   * @see https://w3c.github.io/FileAPI/#dfn-name
   */
  readonly name: string;
  /**
   * When the file was changed last, in milliseconds since the Unix epoch.
   * @see https://w3c.github.io/FileAPI/#dfn-lastModified
   */
  readonly lastModified: number;
}
declare var File: {
  prototype: File;
  /**
   * The parts, one after the other, under a name.
   * @see https://w3c.github.io/FileAPI/#file-constructor
   */
  new(fileBits: Iterable<BlobPart>, fileName: string, options?: FilePropertyBag): File;
};

/**
 * Reads blobs, and tells how far it has come by events. `blob.arrayBuffer()` and `blob.text()` are simpler.
 * @see https://w3c.github.io/FileAPI/#filereader
 */
interface FileReader extends EventTarget {
  /**
   * Reads a blob's bytes.
   * @throws {DOMException} "InvalidStateError", if a blob is being read already
   * @see https://w3c.github.io/FileAPI/#readAsArrayBuffer
   */
  readAsArrayBuffer(blob: Blob): void;
  /**
   * Reads a blob as a string with a character for each byte.
   * @throws {DOMException} "InvalidStateError", if a blob is being read already
   * @see https://w3c.github.io/FileAPI/#readAsBinaryString
   */
  readAsBinaryString(blob: Blob): void;
  /**
   * Reads a blob as text, in UTF-8 where neither the argument nor its type says otherwise.
   * @throws {DOMException} "InvalidStateError", if a blob is being read already
   * @see https://w3c.github.io/FileAPI/#readAsDataText
   */
  readAsText(blob: Blob, encoding?: string): void;
  /**
   * Reads a blob as a `data:` URL.
   * @throws {DOMException} "InvalidStateError", if a blob is being read already
   * @see https://w3c.github.io/FileAPI/#readAsDataURL
   */
  readAsDataURL(blob: Blob): void;
  /**
   * Ends the reading.
   * @see https://w3c.github.io/FileAPI/#abort
   */
  abort(): void;
  /**
   * Nothing is read yet.
   * @see https://w3c.github.io/FileAPI/#dom-filereader-empty
   */
  readonly EMPTY: 0;
  /**
   * A blob is being read.
   * @see https://w3c.github.io/FileAPI/#dom-filereader-loading
   */
  readonly LOADING: 1;
  /**
   * It is read, or the reading has ended otherwise.
   * @see https://w3c.github.io/FileAPI/#dom-filereader-done
   */
  readonly DONE: 2;
  /**
   * What it does.
   * @see https://w3c.github.io/FileAPI/#dom-filereader-readystate
   */
  readonly readyState: number;
  /**
   * What was read; null before, and where that failed.
   * @see https://w3c.github.io/FileAPI/#dom-filereader-result
   */
  readonly result: string | ArrayBuffer | null;
  /**
   * Why the reading failed.
   * @see https://w3c.github.io/FileAPI/#dom-filereader-error
   */
  readonly error: DOMException | null;
  /**
   * Called when reading begins.
   * @see https://w3c.github.io/FileAPI/#dfn-onloadstart
   */
  onloadstart: ((event: ProgressEvent) => any) | null;
  /**
   * Called while it is read.
   * @see https://w3c.github.io/FileAPI/#dfn-onprogress
   */
  onprogress: ((event: ProgressEvent) => any) | null;
  /**
   * Called when all was read.
   * @see https://w3c.github.io/FileAPI/#dfn-onload
   */
  onload: ((event: ProgressEvent) => any) | null;
  /**
   * Called when reading was given up.
   * @see https://w3c.github.io/FileAPI/#dfn-onabort
   */
  onabort: ((event: ProgressEvent) => any) | null;
  /**
   * Called when it cannot be read.
   * @see https://w3c.github.io/FileAPI/#dfn-onerror
   */
  onerror: ((event: ProgressEvent) => any) | null;
  /**
   * Called when reading is over, however it ended.
   * @see https://w3c.github.io/FileAPI/#dfn-onloadend
   */
  onloadend: ((event: ProgressEvent) => any) | null;
  addEventListener(type: "abort", callback: ((event: ProgressEvent) => any) | null, options?: AddEventListenerOptions | boolean): void;
  addEventListener(type: "error", callback: ((event: ProgressEvent) => any) | null, options?: AddEventListenerOptions | boolean): void;
  addEventListener(type: "load", callback: ((event: ProgressEvent) => any) | null, options?: AddEventListenerOptions | boolean): void;
  addEventListener(type: "loadend", callback: ((event: ProgressEvent) => any) | null, options?: AddEventListenerOptions | boolean): void;
  addEventListener(type: "loadstart", callback: ((event: ProgressEvent) => any) | null, options?: AddEventListenerOptions | boolean): void;
  addEventListener(type: "progress", callback: ((event: ProgressEvent) => any) | null, options?: AddEventListenerOptions | boolean): void;
  addEventListener(type: string, callback: EventListener | null, options?: AddEventListenerOptions | boolean): void;
}
declare var FileReader: {
  prototype: FileReader;
  /**
   * A new reader, which reads one thing at a time.
   * @see https://w3c.github.io/FileAPI/#filereaderConstrctr
   */
  new(): FileReader;
  /**
   * Nothing is read yet.
   * @see https://w3c.github.io/FileAPI/#dom-filereader-empty
   */
  readonly EMPTY: 0;
  /**
   * A blob is being read.
   * @see https://w3c.github.io/FileAPI/#dom-filereader-loading
   */
  readonly LOADING: 1;
  /**
   * It is read, or the reading has ended otherwise.
   * @see https://w3c.github.io/FileAPI/#dom-filereader-done
   */
  readonly DONE: 2;
};

/**
 * Hands on so many bytes, neither more nor fewer: a body that is its readable side has a Content-Length.
 * @see https://developers.cloudflare.com/workers/runtime-apis/streams/transformstream/#fixedlengthstream
 */
interface FixedLengthStream extends IdentityTransformStream {
}
declare var FixedLengthStream: {
  prototype: FixedLengthStream;
  /** A stream of so many bytes. */
  new(expectedLength: number, writableStrategy?: QueuingStrategy): FixedLengthStream;
};

/**
 * The fields of a form, in order: names with texts or files.
 * @see https://xhr.spec.whatwg.org/#formdata
 */
interface FormData {
  /**
   * Adds a value, and keeps those that are there.
   * @see https://xhr.spec.whatwg.org/#dom-formdata-append
   */
  append(name: string, value: string): void;
  /**
   * Adds an entry, and keeps those of the same name.
   * @see https://xhr.spec.whatwg.org/#dom-formdata-append
   */
  append(name: string, blobValue: Blob, filename?: string): void;
  /**
   * Takes away all entries of a name.
   * @see https://xhr.spec.whatwg.org/#dom-formdata-delete
   */
  delete(name: string): void;
  /**
   * The first value of a name, or null.
   * @see https://xhr.spec.whatwg.org/#dom-formdata-get
   */
  get(name: string): FormDataEntryValue | null;
  /**
   * All values of a name.
   * @see https://xhr.spec.whatwg.org/#dom-formdata-getall
   */
  getAll(name: string): FormDataEntryValue[];
  /**
   * Whether there is an entry of the name.
   * @see https://xhr.spec.whatwg.org/#dom-formdata-has
   */
  has(name: string): boolean;
  /**
   * Replaces all values of a name.
   * @see https://xhr.spec.whatwg.org/#dom-formdata-set
   */
  set(name: string, value: string): void;
  /**
   * Replaces all entries of a name.
   * @see https://xhr.spec.whatwg.org/#dom-formdata-set
   */
  set(name: string, blobValue: Blob, filename?: string): void;
  forEach(callback: (value: FormDataEntryValue, key: string, parent: FormData) => void, thisArg?: any): void;
  entries(): IterableIterator<[string, FormDataEntryValue]>;
  keys(): IterableIterator<string>;
  values(): IterableIterator<FormDataEntryValue>;
  /** Names and values, in order. */
  [Symbol.iterator](): IterableIterator<[string, FormDataEntryValue]>;
}
declare var FormData: {
  prototype: FormData;
  /**
   * A form without entries.
   * @throws {TypeError} if a form is given
   * @see https://xhr.spec.whatwg.org/#dom-formdata
   */
  new(form?: any): FormData;
};

/**
 * Has functions called with the parts of HTML that they are for, while it streams, and what they make of them sent instead.
 * @see https://developers.cloudflare.com/workers/runtime-apis/html-rewriter/
 */
interface HTMLRewriter {
  /**
   * What is called with the elements that a CSS selector means, and with the comments and texts in them: the methods `element`, `comments` and `text`.
   * @throws {TypeError} if the selector is not valid, or has something that is not supported: only descendants and children can be told, and no siblings
   * @throws {RangeError} if it is too long or too deep, or the rewriter has handlers for 1000 selectors already, or for selectors of 65,536 bytes in all
   */
  on(selector: string, handlers: HTMLRewriterElementHandlers): HTMLRewriter;
  /**
   * What is called with the whole document's parts: the methods `doctype`, `comments`, `text` and `end`.
   * @throws {RangeError} if the rewriter has handlers for 1000 selectors already
   */
  onDocument(handlers: HTMLRewriterDocumentHandlers): HTMLRewriter;
  /**
   * A response like the other one, with what becomes of its body.
   * @throws {TypeError} if the response's body was read already, or its text is in UTF-16 or ISO-2022-JP
   * @throws {RangeError} if the app has 1,024 documents that are not rewritten to their end
   */
  transform(response: Response): Response;
}
declare var HTMLRewriter: {
  prototype: HTMLRewriter;
  /** A rewriter that has nothing to do yet. */
  new(): HTMLRewriter;
};

/**
 * A list of header fields. Names are the same in upper and lower case.
 * @see https://fetch.spec.whatwg.org/#headers
 */
interface Headers {
  /**
   * Adds a value to a field, and keeps those that are there.
   * @throws {TypeError} if the name or the value cannot be that of a header field, or the headers are immutable
   * @see https://fetch.spec.whatwg.org/#dom-headers-append
   */
  append(name: string, value: string): void;
  /**
   * Takes a field away.
   * @throws {TypeError} if the name cannot be that of a header field, or the headers are immutable
   * @see https://fetch.spec.whatwg.org/#dom-headers-delete
   */
  delete(name: string): void;
  /**
   * All values of a field, joined by a comma and a space; null if there are none.
   * @throws {TypeError} if the name cannot be that of a header field
   * @see https://fetch.spec.whatwg.org/#dom-headers-get
   */
  get(name: string): string | null;
  /**
   * The values of all `Set-Cookie` fields, one by one: they cannot be joined.
   * @see https://fetch.spec.whatwg.org/#dom-headers-getsetcookie
   */
  getSetCookie(): string[];
  /**
   * Whether there is such a field.
   * @throws {TypeError} if the name cannot be that of a header field
   * @see https://fetch.spec.whatwg.org/#dom-headers-has
   */
  has(name: string): boolean;
  /**
   * Replaces all values of a field.
   * @throws {TypeError} if the name or the value cannot be that of a header field, or the headers are immutable
   * @see https://fetch.spec.whatwg.org/#dom-headers-set
   */
  set(name: string, value: string): void;
  forEach(callback: (value: string, key: string, parent: Headers) => void, thisArg?: any): void;
  entries(): IterableIterator<[string, string]>;
  keys(): IterableIterator<string>;
  values(): IterableIterator<string>;
  /** Names, in lower case and in order, and values; `set-cookie` once for each. */
  [Symbol.iterator](): IterableIterator<[string, string]>;
}
declare var Headers: {
  prototype: Headers;
  /**
   * The fields of a list of pairs, of an object, or of other headers.
   * @throws {TypeError} if a name or a value cannot be that of a header field, or an entry is no pair
   * @see https://fetch.spec.whatwg.org/#dom-headers
   */
  new(init?: HeadersInit): Headers;
};

/**
 * A transform stream that hands on bytes as they are; its readable side is a byte stream.
 * @see https://developers.cloudflare.com/workers/runtime-apis/streams/transformstream/#identitytransformstream
 */
interface IdentityTransformStream extends TransformStream {
}
declare var IdentityTransformStream: {
  prototype: IdentityTransformStream;
  /** A new stream; the strategy says how much may wait in it. */
  new(writableStrategy?: QueuingStrategy): IdentityTransformStream;
};

/**
 * A lock that is held.
 * @see https://w3c.github.io/web-locks/#lock
 */
interface Lock {
  /**
   * What the lock is for.
   * @see https://w3c.github.io/web-locks/#dom-lock-name
   */
  readonly name: string;
  /**
   * Whether others may have it, too: "shared".
   * @see https://w3c.github.io/web-locks/#dom-lock-mode
   */
  readonly mode: LockMode;
}
declare var Lock: {
  prototype: Lock;
};

/**
 * Gives locks to the app's instances, one after another where they have the same name. An instance that ends gives its locks back.
 * @see https://w3c.github.io/web-locks/#lockmanager
 */
interface LockManager {
  /**
   * Calls a function as soon as a lock of this name is free; the lock is held until the promise settles that the function returns.
   * @throws {DOMException} "NotSupportedError", if the name begins with a hyphen
   * @throws {DOMException} "AbortError", if somebody steals the lock
   * @throws {any} what the function throws, or its promise is rejected with
   * @see https://w3c.github.io/web-locks/#dom-lockmanager-request
   */
  request(name: string, callback: LockGrantedCallback): Promise<any>;
  /**
   * Calls a function as soon as it has the lock, which it has until its promise settles.
   * @throws {DOMException} "NotSupportedError", if the name begins with a hyphen, or two options exclude each other
   * @throws {DOMException} "AbortError", if somebody steals the lock
   * @throws {any} the reason of the signal, or what the function throws
   * @see https://w3c.github.io/web-locks/#dom-lockmanager-request
   */
  request(name: string, options: LockOptions, callback: LockGrantedCallback): Promise<any>;
  /**
   * The locks that are held, and those that are waited for.
   * @see https://w3c.github.io/web-locks/#dom-lockmanager-query
   */
  query(): Promise<LockManagerSnapshot>;
}
declare var LockManager: {
  prototype: LockManager;
};

/**
 * Two ports; what is sent to one arrives at the other.
 * @see https://html.spec.whatwg.org/multipage/#messagechannel
 */
interface MessageChannel {
  /**
   * One end.
   * @see https://html.spec.whatwg.org/multipage/#dom-messagechannel-port1
   */
  readonly port1: MessagePort;
  /**
   * The other end.
   * @see https://html.spec.whatwg.org/multipage/#dom-messagechannel-port2
   */
  readonly port2: MessagePort;
}
declare var MessageChannel: {
  prototype: MessageChannel;
  /**
   * Two new ports, each the other end of the other one.
   * @see https://html.spec.whatwg.org/multipage/#dom-messagechannel-messagechannel
   */
  new(): MessageChannel;
};

/**
 * A message that arrived.
 * @see https://html.spec.whatwg.org/multipage/#messageevent
 */
interface MessageEvent extends Event {
  /**
   * The message.
   * @see https://html.spec.whatwg.org/multipage/#dom-messageevent-data
   */
  readonly data: any;
  /**
   * Whom it comes from; of an event source, its origin.
   * @see https://html.spec.whatwg.org/multipage/#dom-messageevent-origin
   */
  readonly origin: string;
  /**
   * The identifier of an event source's event.
   * @see https://html.spec.whatwg.org/multipage/#dom-messageevent-lasteventid
   */
  readonly lastEventId: string;
  /**
   * The port that has sent it, if that was said.
   * @see https://html.spec.whatwg.org/multipage/#dom-messageevent-source
   */
  readonly source: MessageEventSource | null;
  /**
   * The message ports that came with it.
   * @see https://html.spec.whatwg.org/multipage/#dom-messageevent-ports
   */
  readonly ports: readonly MessagePort[];
  /**
   * Sets what the constructor sets; from times when events were made without it.
   * @see https://html.spec.whatwg.org/multipage/#dom-messageevent-initmessageevent
   */
  initMessageEvent(type: string, bubbles?: boolean, cancelable?: boolean, data?: any, origin?: string, lastEventId?: string, source?: MessageEventSource | null, ports?: Iterable<MessagePort>): void;
}
declare var MessageEvent: {
  prototype: MessageEvent;
  /**
   * A new event of this type.
   * @see https://html.spec.whatwg.org/multipage/#dom-messageevent-messageevent
   */
  new(type: string, eventInitDict?: MessageEventInit): MessageEvent;
};

/**
 * One end of a channel.
 * @see https://html.spec.whatwg.org/multipage/#messageport
 */
interface MessagePort extends EventTarget {
  /**
   * Sends a copy of a value to the other port.
   * @throws {DOMException} "DataCloneError", if something in the value cannot be copied, or cannot be transferred
   * @see https://html.spec.whatwg.org/multipage/#dom-messageport-postmessage
   */
  postMessage(message: any, transfer: Iterable<object>): void;
  /**
   * Sends a copy of a value to the other end.
   * @throws {DOMException} "DataCloneError", if something in the value cannot be copied, or cannot be transferred
   * @see https://html.spec.whatwg.org/multipage/#dom-messageport-postmessage
   */
  postMessage(message: any, options?: StructuredSerializeOptions): void;
  /**
   * Begins to deliver messages; setting `onmessage` does so, too.
   * @see https://html.spec.whatwg.org/multipage/#dom-messageport-start
   */
  start(): void;
  /**
   * Ends the channel, after what was sent has arrived.
   * @see https://html.spec.whatwg.org/multipage/#dom-messageport-close
   */
  close(): void;
  /**
   * Called when the other end has gone.
   * @see https://html.spec.whatwg.org/multipage/#handler-messageport-onclose
   */
  onclose: EventHandler;
  /**
   * Called with each message; setting it begins to receive.
   * @see https://html.spec.whatwg.org/multipage/#handler-messageeventtarget-onmessage
   */
  onmessage: ((event: MessageEvent) => any) | null;
  /**
   * Called where a message cannot be read.
   * @see https://html.spec.whatwg.org/multipage/#handler-messageeventtarget-onmessageerror
   */
  onmessageerror: ((event: MessageEvent) => any) | null;
  addEventListener(type: "message", callback: ((event: MessageEvent) => any) | null, options?: AddEventListenerOptions | boolean): void;
  addEventListener(type: "messageerror", callback: ((event: MessageEvent) => any) | null, options?: AddEventListenerOptions | boolean): void;
  addEventListener(type: string, callback: EventListener | null, options?: AddEventListenerOptions | boolean): void;
}
declare var MessagePort: {
  prototype: MessagePort;
};

/**
 * What can be said about the runtime.
 * @see https://html.spec.whatwg.org/multipage/#navigator
 */
interface Navigator {
  /**
   * The runtime's name and version.
   * @see https://html.spec.whatwg.org/multipage/#dom-navigator-useragent
   */
  readonly userAgent: string;
  /**
   * The language in which dates and numbers are written where an app asks for none.
   * @see https://html.spec.whatwg.org/multipage/#dom-navigator-language
   */
  readonly language: string;
  /**
   * The languages that are preferred.
   * @see https://html.spec.whatwg.org/multipage/#dom-navigator-languages
   */
  readonly languages: readonly string[];
  /**
   * Always true: a server knows of no time without its network.
   * @see https://html.spec.whatwg.org/multipage/#dom-navigator-online
   */
  readonly onLine: boolean;
  /**
   * How many threads an app's instance has: 1, whatever the machine has.
   * @see https://html.spec.whatwg.org/multipage/#dom-navigator-hardwareconcurrency
   */
  readonly hardwareConcurrency: number;
  /**
   * Has work of one name done in turns.
   * @see https://w3c.github.io/web-locks/#dom-navigatorlocks-locks
   */
  readonly locks: LockManager;
}
declare var Navigator: {
  prototype: Navigator;
};

/**
 * A clock that never goes back.
 * @see https://w3c.github.io/hr-time/#sec-performance
 */
interface Performance extends EventTarget {
  /**
   * Milliseconds since `timeOrigin`.
   * @see https://w3c.github.io/hr-time/#dom-performance-now
   */
  now(): DOMHighResTimeStamp;
  /**
   * When the app's instance started, in milliseconds since the Unix epoch.
   * @see https://w3c.github.io/hr-time/#dom-performance-timeorigin
   */
  readonly timeOrigin: DOMHighResTimeStamp;
  /**
   * An object with the times, for JSON.
   * @see https://w3c.github.io/hr-time/#dom-performance-tojson
   */
  toJSON(): object;
  /**
   * All that was measured, by the time of its start.
   * @see https://w3c.github.io/performance-timeline/#dom-performance-getentries
   */
  getEntries(): PerformanceEntryList;
  /**
   * Those of a type.
   * @see https://w3c.github.io/performance-timeline/#dom-performance-getentriesbytype
   */
  getEntriesByType(type: string): PerformanceEntryList;
  /**
   * Those of a name, and of a type if one is given.
   * @see https://w3c.github.io/performance-timeline/#dom-performance-getentriesbyname
   */
  getEntriesByName(name: string, type?: string): PerformanceEntryList;
  /**
   * Keeps a time under a name.
   * @throws {TypeError} if `startTime` is negative
   * @throws {DOMException} "DataCloneError", if `detail` cannot be copied
   * @see https://w3c.github.io/user-timing/#dom-performance-mark
   */
  mark(markName: string, markOptions?: PerformanceMarkOptions): PerformanceMark;
  /**
   * Forgets the marks of a name, or all.
   * @see https://w3c.github.io/user-timing/#dom-performance-clearmarks
   */
  clearMarks(markName?: string): void;
  /**
   * Keeps the time between two marks, or from the beginning, or until now, under a name.
   * @throws {DOMException} "SyntaxError", if there is no mark of the name
   * @throws {TypeError} if start, duration and end are given, or options together with `endMark`
   * @throws {DOMException} "DataCloneError", if `detail` cannot be copied
   * @see https://w3c.github.io/user-timing/#dom-performance-measure
   */
  measure(measureName: string, startOrMeasureOptions?: string | PerformanceMeasureOptions, endMark?: string): PerformanceMeasure;
  /**
   * Forgets the measures of a name, or all.
   * @see https://w3c.github.io/user-timing/#dom-performance-clearmeasures
   */
  clearMeasures(measureName?: string): void;
}
declare var Performance: {
  prototype: Performance;
};

/**
 * Something that was measured.
 * @see https://w3c.github.io/performance-timeline/#dom-performanceentry
 */
interface PerformanceEntry {
  /**
   * Its number: later entries have larger ones.
   * @see https://w3c.github.io/performance-timeline/#dom-performanceentry-id
   */
  readonly id: number;
  /**
   * What the app has called it.
   * @see https://w3c.github.io/performance-timeline/#dom-performanceentry-name
   */
  readonly name: string;
  /**
   * "mark" or "measure".
   * @see https://w3c.github.io/performance-timeline/#dom-performanceentry-entrytype
   */
  readonly entryType: string;
  /**
   * When it began, in milliseconds since `performance.timeOrigin`.
   * @see https://w3c.github.io/performance-timeline/#dom-performanceentry-starttime
   */
  readonly startTime: DOMHighResTimeStamp;
  /**
   * How long it took, in milliseconds.
   * @see https://w3c.github.io/performance-timeline/#dom-performanceentry-duration
   */
  readonly duration: DOMHighResTimeStamp;
  /**
   * 0: there are no navigations.
   * @see https://w3c.github.io/performance-timeline/#dom-performanceentry-navigationid
   */
  readonly navigationId: number;
  /**
   * An object with the entry's fields, for JSON.
   * @see https://w3c.github.io/performance-timeline/#dom-performanceentry-tojson
   */
  toJSON(): object;
}
declare var PerformanceEntry: {
  prototype: PerformanceEntry;
};

/**
 * A time with a name.
 * @see https://w3c.github.io/user-timing/#dom-performancemark
 */
interface PerformanceMark extends PerformanceEntry {
  /**
   * The copy of what was given with it.
   * @see https://w3c.github.io/user-timing/#dom-performancemark-detail
   */
  readonly detail: any;
}
declare var PerformanceMark: {
  prototype: PerformanceMark;
  /**
   * A mark that is on no timeline.
   * @throws {TypeError} if `startTime` is negative
   * @throws {DOMException} "DataCloneError", if `detail` cannot be copied
   * @see https://w3c.github.io/user-timing/#dom-performancemark-constructor
   */
  new(markName: string, markOptions?: PerformanceMarkOptions): PerformanceMark;
};

/**
 * A span of time with a name.
 * @see https://w3c.github.io/user-timing/#dom-performancemeasure
 */
interface PerformanceMeasure extends PerformanceEntry {
  /**
   * The copy of what was given with it.
   * @see https://w3c.github.io/user-timing/#dom-performancemeasure-detail
   */
  readonly detail: any;
}
declare var PerformanceMeasure: {
  prototype: PerformanceMeasure;
};

/**
 * Calls a function with what was measured.
 * @see https://w3c.github.io/performance-timeline/#dom-performanceobserver
 */
interface PerformanceObserver {
  /**
   * Begins to observe entries of some types.
   * @throws {TypeError} if neither `entryTypes` nor `type` is given, or both are
   * @throws {DOMException} "InvalidModificationError", if an earlier call was of the other kind
   * @see https://w3c.github.io/performance-timeline/#dom-performanceobserver-observe
   */
  observe(options?: PerformanceObserverInit): void;
  /**
   * Ends it.
   * @see https://w3c.github.io/performance-timeline/#dom-performanceobserver-disconnect
   */
  disconnect(): void;
  /**
   * What was measured since the last call; the function is not called with these any more.
   * @see https://w3c.github.io/performance-timeline/#dom-performanceobserver-takerecords
   */
  takeRecords(): PerformanceEntryList;
}
declare var PerformanceObserver: {
  prototype: PerformanceObserver;
  /**
   * An observer whose function is called with new entries.
   * @see https://w3c.github.io/performance-timeline/#dom-performanceobserver-constructor
   */
  new(callback: PerformanceObserverCallback): PerformanceObserver;
  /**
   * The types of entries that there are.
   * @see https://w3c.github.io/performance-timeline/#dom-performanceobserver-supportedentrytypes
   */
  readonly supportedEntryTypes: readonly string[];
};

/**
 * What was measured since the last call of an observer's function.
 * @see https://w3c.github.io/performance-timeline/#dom-performanceobserverentrylist
 */
interface PerformanceObserverEntryList {
  /**
   * All entries, by the time of their start.
   * @see https://w3c.github.io/performance-timeline/#dom-performanceobserverentrylist-getentries
   */
  getEntries(): PerformanceEntryList;
  /**
   * Those of a type.
   * @see https://w3c.github.io/performance-timeline/#dom-performanceobserverentrylist-getentriesbytype
   */
  getEntriesByType(type: string): PerformanceEntryList;
  /**
   * Those of a name, and of a type if one is given.
   * @see https://w3c.github.io/performance-timeline/#dom-performanceobserverentrylist-getentriesbyname
   */
  getEntriesByName(name: string, type?: string): PerformanceEntryList;
}
declare var PerformanceObserverEntryList: {
  prototype: PerformanceObserverEntryList;
};

/**
 * How far something has come.
 * @see https://xhr.spec.whatwg.org/#progressevent
 */
interface ProgressEvent extends Event {
  /**
   * Whether `total` is known.
   * @see https://xhr.spec.whatwg.org/#dom-progressevent-lengthcomputable
   */
  readonly lengthComputable: boolean;
  /**
   * How much there is.
   * @see https://xhr.spec.whatwg.org/#dom-progressevent-loaded
   */
  readonly loaded: number;
  /**
   * How much there will be.
   * @see https://xhr.spec.whatwg.org/#dom-progressevent-total
   */
  readonly total: number;
}
declare var ProgressEvent: {
  prototype: ProgressEvent;
  /**
   * A new event of this type.
   * @see https://xhr.spec.whatwg.org/#dom-progressevent-progressevent
   */
  new(type: string, eventInitDict?: ProgressEventInit): ProgressEvent;
};

/**
 * A promise that was rejected while nobody listened, or that somebody listened to later.
 * @see https://html.spec.whatwg.org/multipage/#promiserejectionevent
 */
interface PromiseRejectionEvent extends Event {
  /**
   * The promise that was rejected.
   * @see https://html.spec.whatwg.org/multipage/#dom-promiserejectionevent-promise
   */
  readonly promise: object;
  /**
   * What the promise was rejected with.
   * @see https://html.spec.whatwg.org/multipage/#dom-promiserejectionevent-reason
   */
  readonly reason: any;
}
declare var PromiseRejectionEvent: {
  prototype: PromiseRejectionEvent;
  /**
   * A new event of this type.
   * @see https://html.spec.whatwg.org/multipage/#dom-promiserejectionevent-promiserejectionevent
   */
  new(type: string, eventInitDict: PromiseRejectionEventInit): PromiseRejectionEvent;
};

/**
 * An operation wanted more than it may have.
 * @see https://webidl.spec.whatwg.org/#quotaexceedederror
 */
interface QuotaExceededError extends DOMException {
  /**
   * What it may have, if that is known.
   * @see https://webidl.spec.whatwg.org/#dom-quotaexceedederror-quota
   */
  readonly quota: number | null;
  /**
   * What it wanted, if that is known.
   * @see https://webidl.spec.whatwg.org/#dom-quotaexceedederror-requested
   */
  readonly requested: number | null;
}
declare var QuotaExceededError: {
  prototype: QuotaExceededError;
  /**
   * An error with a message, and what was asked for and what there is.
   * @throws {RangeError} if a figure is negative, or less was wanted than was to be had
   * @see https://webidl.spec.whatwg.org/#dom-quotaexceedederror-quotaexceedederror
   */
  new(message?: string, options?: QuotaExceededErrorOptions): QuotaExceededError;
};

/**
 * Fills a readable stream of bytes.
 * @see https://streams.spec.whatwg.org/#rbs-controller-class
 */
interface ReadableByteStreamController {
  /**
   * The array that a reader waits for, if there is one.
   * @see https://streams.spec.whatwg.org/#rbs-controller-byob-request
   */
  readonly byobRequest: ReadableStreamBYOBRequest | null;
  /**
   * How much room is in the queue, in bytes; null after an error.
   * @see https://streams.spec.whatwg.org/#rbs-controller-desired-size
   */
  readonly desiredSize: number | null;
  /**
   * Ends the stream after the bytes in the queue.
   * @throws {TypeError} if the stream was closed or has failed, or a reader's element is incomplete
   * @see https://streams.spec.whatwg.org/#rbs-controller-close
   */
  close(): void;
  /**
   * Puts bytes into the queue; their buffer cannot be used any more.
   * @throws {TypeError} if the stream was closed or has failed, or the chunk has no bytes
   * @see https://streams.spec.whatwg.org/#rbs-controller-enqueue
   */
  enqueue(chunk: ArrayBufferView): void;
  /**
   * Makes the stream fail.
   * @see https://streams.spec.whatwg.org/#rbs-controller-error
   */
  error(e?: any): void;
}
declare var ReadableByteStreamController: {
  prototype: ReadableByteStreamController;
};

/**
 * A source of chunks, read at the reader's pace.
 * @see https://streams.spec.whatwg.org/#rs-class
 */
interface ReadableStream<R = any> {
  /**
   * Whether the stream has a reader.
   * @see https://streams.spec.whatwg.org/#rs-locked
   */
  readonly locked: boolean;
  /**
   * Tells the source that nobody wants more.
   * @throws {TypeError} if the stream has a reader
   * @throws {any} what the source's `cancel()` throws, or what the stream failed with
   * @see https://streams.spec.whatwg.org/#rs-cancel
   */
  cancel(reason?: any): Promise<void>;
  /**
   * A reader, which has the stream for itself until it is released.
   * @throws {TypeError} if the stream has a reader, or "byob" is asked of one that is not of bytes
   * @see https://streams.spec.whatwg.org/#rs-get-reader
   */
  getReader(options: { mode: "byob" }): ReadableStreamBYOBReader;
  getReader(options?: { mode?: undefined }): ReadableStreamDefaultReader<R>;
  /**
   * Pipes the stream into a transform stream, and gives the other side of that.
   * @throws {TypeError} if the stream has a reader, or the writable side a writer
   * @see https://streams.spec.whatwg.org/#rs-pipe-through
   */
  pipeThrough<T>(transform: ReadableWritablePair<T, R>, options?: StreamPipeOptions): ReadableStream<T>;
  /**
   * Writes all chunks to a writable stream; the promise resolves when it is closed.
   * @throws {TypeError} if the stream has a reader, or the destination a writer
   * @throws {any} what one of the two failed with, or the reason of the signal
   * @see https://streams.spec.whatwg.org/#rs-pipe-to
   */
  pipeTo(destination: WritableStream<R>, options?: StreamPipeOptions): Promise<void>;
  /**
   * Two streams of the same chunks; this one cannot be read any more.
   * @throws {TypeError} if the stream has a reader
   * @see https://streams.spec.whatwg.org/#rs-tee
   */
  tee(): [ReadableStream<R>, ReadableStream<R>];
  values(options?: ReadableStreamIteratorOptions): AsyncIterableIterator<R>;
  /** Its chunks, one after the other; leaving the loop cancels the stream. */
  [Symbol.asyncIterator](options?: ReadableStreamIteratorOptions): AsyncIterableIterator<R>;
}
declare var ReadableStream: {
  prototype: ReadableStream;
  /**
   * A stream of what a source gives.
   * @throws {TypeError} if the source is no such object
   * @throws {RangeError} if the strategy's `highWaterMark` is negative or not a number, or a stream of bytes has a `size()`
   * @throws {any} what `start()` throws
   * @see https://streams.spec.whatwg.org/#rs-constructor
   */
  new<R = any>(underlyingSource?: UnderlyingSource<R>, strategy?: QueuingStrategy<R>): ReadableStream<R>;
  /**
   * A stream of the values of an iterable.
   * @throws {TypeError} if the value is not iterable
   * @see https://streams.spec.whatwg.org/#rs-from
   */
  from<R>(asyncIterable: AsyncIterable<R> | Iterable<R | PromiseLike<R>>): ReadableStream<R>;
};

/**
 * Reads bytes into arrays that the app brings along.
 * @see https://streams.spec.whatwg.org/#byob-reader-class
 */
interface ReadableStreamBYOBReader {
  /**
   * Fills the view with the next bytes, and gives back a new view of them: the old one cannot be used any more.
   * @throws {TypeError} if the reader was released, the view has no bytes, or `min` is 0
   * @throws {RangeError} if `min` is more than the view has room for
   * @throws {any} what the stream failed with
   * @see https://streams.spec.whatwg.org/#byob-reader-read
   */
  read<T extends ArrayBufferView>(view: T, options?: ReadableStreamBYOBReaderReadOptions): Promise<ReadableStreamReadResult<T>>;
  /**
   * Gives the stream free for other readers.
   * @see https://streams.spec.whatwg.org/#byob-reader-release-lock
   */
  releaseLock(): void;
  /**
   * Resolves when the stream ends, rejects when it fails or the reader is released.
   * @throws {TypeError} if the reader is released
   * @throws {any} what the stream failed with
   * @see https://streams.spec.whatwg.org/#generic-reader-closed
   */
  readonly closed: Promise<void>;
  /**
   * Tells the source that nobody wants more.
   * @throws {TypeError} if the reader was released
   * @throws {any} what the source's `cancel()` throws, or what the stream failed with
   * @see https://streams.spec.whatwg.org/#generic-reader-cancel
   */
  cancel(reason?: any): Promise<void>;
}
declare var ReadableStreamBYOBReader: {
  prototype: ReadableStreamBYOBReader;
  /**
   * Takes the stream for itself.
   * @throws {TypeError} if the stream has a reader, or is not one of bytes
   * @see https://streams.spec.whatwg.org/#byob-reader-constructor
   */
  new(stream: ReadableStream): ReadableStreamBYOBReader;
};

/**
 * An array that a reader wants to have filled.
 * @see https://streams.spec.whatwg.org/#rs-byob-request-class
 */
interface ReadableStreamBYOBRequest {
  /**
   * Where to write; null once it was answered.
   * @see https://streams.spec.whatwg.org/#rs-byob-request-view
   */
  readonly view: ArrayBufferView | null;
  /**
   * Says how many bytes were written.
   * @throws {TypeError} if it was answered already, or no bytes come though the stream is open
   * @throws {RangeError} if it is more than there is room for
   * @see https://streams.spec.whatwg.org/#rs-byob-request-respond
   */
  respond(bytesWritten: number): void;
  /**
   * Answers with another view of the same memory.
   * @throws {TypeError} if it was answered already, or the view is empty though the stream is open
   * @throws {RangeError} if the view is not where the old one was, or has more bytes
   * @see https://streams.spec.whatwg.org/#rs-byob-request-respond-with-new-view
   */
  respondWithNewView(view: ArrayBufferView): void;
}
declare var ReadableStreamBYOBRequest: {
  prototype: ReadableStreamBYOBRequest;
};

/**
 * Fills a readable stream.
 * @see https://streams.spec.whatwg.org/#rs-default-controller-class
 */
interface ReadableStreamDefaultController<R = any> {
  /**
   * How much room is in the queue; null after an error.
   * @see https://streams.spec.whatwg.org/#rs-default-controller-desired-size
   */
  readonly desiredSize: number | null;
  /**
   * Ends the stream after the chunks in the queue.
   * @throws {TypeError} if the stream was closed, or has failed
   * @see https://streams.spec.whatwg.org/#rs-default-controller-close
   */
  close(): void;
  /**
   * Puts a chunk into the queue.
   * @throws {TypeError} if the stream was closed, or has failed
   * @throws {RangeError} if the size of the chunk, as the strategy says, is negative or no finite number
   * @throws {any} what the strategy's `size()` throws
   * @see https://streams.spec.whatwg.org/#rs-default-controller-enqueue
   */
  enqueue(chunk?: R): void;
  /**
   * Makes the stream fail.
   * @see https://streams.spec.whatwg.org/#rs-default-controller-error
   */
  error(e?: any): void;
}
declare var ReadableStreamDefaultController: {
  prototype: ReadableStreamDefaultController;
};

/**
 * Reads chunks as they are.
 * @see https://streams.spec.whatwg.org/#default-reader-class
 */
interface ReadableStreamDefaultReader<R = any> {
  /**
   * The next chunk, or `done`.
   * @throws {TypeError} if the reader was released
   * @throws {any} what the stream failed with
   * @see https://streams.spec.whatwg.org/#default-reader-read
   */
  read(): Promise<ReadableStreamReadResult<R>>;
  /**
   * Gives the stream free for other readers.
   * @see https://streams.spec.whatwg.org/#default-reader-release-lock
   */
  releaseLock(): void;
  /**
   * Resolves when the stream ends, rejects when it fails or the reader is released.
   * @throws {TypeError} if the reader is released
   * @throws {any} what the stream failed with
   * @see https://streams.spec.whatwg.org/#generic-reader-closed
   */
  readonly closed: Promise<void>;
  /**
   * Tells the source that nobody wants more.
   * @throws {TypeError} if the reader was released
   * @throws {any} what the source's `cancel()` throws, or what the stream failed with
   * @see https://streams.spec.whatwg.org/#generic-reader-cancel
   */
  cancel(reason?: any): Promise<void>;
}
declare var ReadableStreamDefaultReader: {
  prototype: ReadableStreamDefaultReader;
  /**
   * Takes the stream for itself.
   * @throws {TypeError} if the stream has a reader
   * @see https://streams.spec.whatwg.org/#default-reader-constructor
   */
  new<R = any>(stream: ReadableStream<R>): ReadableStreamDefaultReader<R>;
};

/**
 * A request: one that an app gets, or one that it sends by `fetch()`.
 * @see https://fetch.spec.whatwg.org/#request
 */
interface Request {
  /**
   * The method, such as `GET`.
   * @see https://fetch.spec.whatwg.org/#dom-request-method
   */
  readonly method: string;
  /**
   * The whole address, without credentials.
   * @see https://fetch.spec.whatwg.org/#dom-request-url
   */
  readonly url: string;
  /**
   * Its header fields; those of a request that an app gets cannot be changed.
   * @see https://fetch.spec.whatwg.org/#dom-request-headers
   */
  readonly headers: Headers;
  /**
   * What a browser would use the response for; empty here.
   * @see https://fetch.spec.whatwg.org/#dom-request-destination
   */
  readonly destination: RequestDestination;
  /**
   * Where the request says that it comes from, "about:client" unless something was said.
   * @see https://fetch.spec.whatwg.org/#dom-request-referrer
   */
  readonly referrer: string;
  /**
   * How much of the referrer is sent.
   * @see https://fetch.spec.whatwg.org/#dom-request-referrerpolicy
   */
  readonly referrerPolicy: ReferrerPolicy;
  /**
   * How it may reach other origins.
   * @see https://fetch.spec.whatwg.org/#dom-request-mode
   */
  readonly mode: RequestMode;
  /**
   * When cookies and the like are sent along; nothing keeps cookies here.
   * @see https://fetch.spec.whatwg.org/#dom-request-credentials
   */
  readonly credentials: RequestCredentials;
  /**
   * How it uses a cache of responses; `fetch()` has none here.
   * @see https://fetch.spec.whatwg.org/#dom-request-cache
   */
  readonly cache: RequestCache;
  /**
   * What happens to a response that points somewhere else.
   * @see https://fetch.spec.whatwg.org/#dom-request-redirect
   */
  readonly redirect: RequestRedirect;
  /**
   * The hashes that the response's body must have one of.
   * @see https://fetch.spec.whatwg.org/#dom-request-integrity
   */
  readonly integrity: string;
  /**
   * Whether it may outlive its page; there are none here.
   * @see https://fetch.spec.whatwg.org/#dom-request-keepalive
   */
  readonly keepalive: boolean;
  /**
   * Whether a page is loaded anew; never here.
   * @see https://fetch.spec.whatwg.org/#dom-request-isreloadnavigation
   */
  readonly isReloadNavigation: boolean;
  /**
   * Whether somebody goes back in the history; never here.
   * @see https://fetch.spec.whatwg.org/#dom-request-ishistorynavigation
   */
  readonly isHistoryNavigation: boolean;
  /**
   * Aborts when the request shall stop; for one that an app gets, when its client has gone.
   * @see https://fetch.spec.whatwg.org/#dom-request-signal
   */
  readonly signal: AbortSignal;
  /**
   * "half": the response comes after the request's body was sent.
   * @see https://fetch.spec.whatwg.org/#dom-request-duplex
   */
  readonly duplex: RequestDuplex;
  /**
   * A copy with a body of its own; not possible once the body is being read.
   * @throws {TypeError} if the body was read already, or is being read
   * @see https://fetch.spec.whatwg.org/#dom-request-clone
   */
  clone(): Request;
  /**
   * What Cloudflare's network says of a request; an empty object here, so that what is looked up in it is undefined.
   * @see https://developers.cloudflare.com/workers/runtime-apis/request/
   */
  readonly cf: object;
  /**
   * The body as a stream of bytes; null if there is none.
   * @see https://fetch.spec.whatwg.org/#dom-body-body
   */
  readonly body: ReadableStream | null;
  /**
   * Whether the body was read, or is being read.
   * @see https://fetch.spec.whatwg.org/#dom-body-bodyused
   */
  readonly bodyUsed: boolean;
  /**
   * Reads the whole body as bytes.
   * @throws {TypeError} if the body was read already, or is being read
   * @throws {any} what the body's stream failed with
   * @see https://fetch.spec.whatwg.org/#dom-body-arraybuffer
   */
  arrayBuffer(): Promise<ArrayBuffer>;
  /**
   * Reads the whole body as a Blob of the type that the headers say.
   * @throws {TypeError} if the body was read already, or is being read
   * @throws {any} what the body's stream failed with
   * @see https://fetch.spec.whatwg.org/#dom-body-blob
   */
  blob(): Promise<Blob>;
  /**
   * Reads the whole body as bytes.
   * @throws {TypeError} if the body was read already, or is being read
   * @throws {any} what the body's stream failed with
   * @see https://fetch.spec.whatwg.org/#dom-body-bytes
   */
  bytes(): Promise<Uint8Array>;
  /**
   * Reads the whole body as a form, sent as `multipart/form-data` or `application/x-www-form-urlencoded`.
   * @throws {TypeError} if the body was read already, or is being read, or is no form
   * @throws {any} what the body's stream failed with
   * @see https://fetch.spec.whatwg.org/#dom-body-formdata
   */
  formData(): Promise<FormData>;
  /**
   * Reads the whole body as JSON.
   * @throws {TypeError} if the body was read already, or is being read
   * @throws {SyntaxError} if the text is no JSON
   * @throws {any} what the body's stream failed with
   * @see https://fetch.spec.whatwg.org/#dom-body-json
   */
  json<T = any>(): Promise<T>;
  /**
   * Reads the whole body as text in UTF-8.
   * @throws {TypeError} if the body was read already, or is being read
   * @throws {any} what the body's stream failed with
   * @see https://fetch.spec.whatwg.org/#dom-body-text
   */
  text(): Promise<string>;
}
declare var Request: {
  prototype: Request;
  /**
   * A request for an address, or like another one.
   * @throws {TypeError} if the URL cannot be parsed or has credentials, the method is none or forbidden, GET or HEAD has a body, a stream comes without `duplex`, or the body of `input` was read
   * @see https://fetch.spec.whatwg.org/#dom-request
   */
  new(input: RequestInfo, init?: RequestInit): Request;
};

/**
 * A response: one that an app answers with, or one that it got by `fetch()`.
 * @see https://fetch.spec.whatwg.org/#response
 */
interface Response {
  /**
   * Where the response comes from: "default" for those made by an app.
   * @see https://fetch.spec.whatwg.org/#dom-response-type
   */
  readonly type: ResponseType;
  /**
   * The address that it came from, after all redirects; empty for those made by an app.
   * @see https://fetch.spec.whatwg.org/#dom-response-url
   */
  readonly url: string;
  /**
   * Whether redirects were followed on the way to it.
   * @see https://fetch.spec.whatwg.org/#dom-response-redirected
   */
  readonly redirected: boolean;
  /**
   * The status, such as 200.
   * @see https://fetch.spec.whatwg.org/#dom-response-status
   */
  readonly status: number;
  /**
   * Whether the status is between 200 and 299.
   * @see https://fetch.spec.whatwg.org/#dom-response-ok
   */
  readonly ok: boolean;
  /**
   * The words after the status in HTTP/1.1.
   * @see https://fetch.spec.whatwg.org/#dom-response-statustext
   */
  readonly statusText: string;
  /**
   * Its header fields; those of a response by `fetch()` cannot be changed.
   * @see https://fetch.spec.whatwg.org/#dom-response-headers
   */
  readonly headers: Headers;
  /**
   * A copy with a body of its own; not possible once the body is being read.
   * @throws {TypeError} if the body was read already, or is being read
   * @see https://fetch.spec.whatwg.org/#dom-response-clone
   */
  clone(): Response;
  /**
   * What its connection has become; with the status 101.
   * @see https://developers.cloudflare.com/workers/runtime-apis/response/#properties
   */
  readonly webSocket: WebSocket | null;
  /**
   * The body as a stream of bytes; null if there is none.
   * @see https://fetch.spec.whatwg.org/#dom-body-body
   */
  readonly body: ReadableStream | null;
  /**
   * Whether the body was read, or is being read.
   * @see https://fetch.spec.whatwg.org/#dom-body-bodyused
   */
  readonly bodyUsed: boolean;
  /**
   * Reads the whole body as bytes.
   * @throws {TypeError} if the body was read already, or is being read
   * @throws {any} what the body's stream failed with
   * @see https://fetch.spec.whatwg.org/#dom-body-arraybuffer
   */
  arrayBuffer(): Promise<ArrayBuffer>;
  /**
   * Reads the whole body as a Blob of the type that the headers say.
   * @throws {TypeError} if the body was read already, or is being read
   * @throws {any} what the body's stream failed with
   * @see https://fetch.spec.whatwg.org/#dom-body-blob
   */
  blob(): Promise<Blob>;
  /**
   * Reads the whole body as bytes.
   * @throws {TypeError} if the body was read already, or is being read
   * @throws {any} what the body's stream failed with
   * @see https://fetch.spec.whatwg.org/#dom-body-bytes
   */
  bytes(): Promise<Uint8Array>;
  /**
   * Reads the whole body as a form, sent as `multipart/form-data` or `application/x-www-form-urlencoded`.
   * @throws {TypeError} if the body was read already, or is being read, or is no form
   * @throws {any} what the body's stream failed with
   * @see https://fetch.spec.whatwg.org/#dom-body-formdata
   */
  formData(): Promise<FormData>;
  /**
   * Reads the whole body as JSON.
   * @throws {TypeError} if the body was read already, or is being read
   * @throws {SyntaxError} if the text is no JSON
   * @throws {any} what the body's stream failed with
   * @see https://fetch.spec.whatwg.org/#dom-body-json
   */
  json<T = any>(): Promise<T>;
  /**
   * Reads the whole body as text in UTF-8.
   * @throws {TypeError} if the body was read already, or is being read
   * @throws {any} what the body's stream failed with
   * @see https://fetch.spec.whatwg.org/#dom-body-text
   */
  text(): Promise<string>;
}
declare var Response: {
  prototype: Response;
  /**
   * A response with a body, or without one.
   * @throws {RangeError} if the status is not from 200 to 599
   * @throws {TypeError} if `statusText` or a header cannot be sent, there is a body with a status that has none, or the body was read
   * @see https://fetch.spec.whatwg.org/#dom-response
   */
  new(body?: BodyInit | null, init?: ResponseInit): Response;
  /**
   * The response that stands for a network error.
   * @see https://fetch.spec.whatwg.org/#dom-response-error
   */
  error(): Response;
  /**
   * A response that points to another address.
   * @throws {TypeError} if the URL cannot be parsed
   * @throws {RangeError} if the status is not 301, 302, 303, 307 or 308
   * @see https://fetch.spec.whatwg.org/#dom-response-redirect
   */
  redirect(url: string, status?: number): Response;
  /**
   * A response whose body is the value as JSON.
   * @throws {TypeError} if the value has no JSON form
   * @throws {RangeError} if the status is not from 200 to 599
   * @see https://fetch.spec.whatwg.org/#dom-response-json
   */
  json(data: any, init?: ResponseInit): Response;
};

/**
 * A time has come that the app's configuration names by a cron expression.
 * @see https://developers.cloudflare.com/workers/runtime-apis/handlers/scheduled/
 */
interface ScheduledEvent extends ExtendableEvent {
  /** The expression. */
  readonly cron: string;
  /** The time, in milliseconds since the Unix epoch. */
  readonly scheduledTime: number;
  /** Workers' promise not to run the event again if it fails; it never is here. */
  noRetry(): void;
}
declare var ScheduledEvent: {
  prototype: ScheduledEvent;
};

/**
 * What has to do with time.
 * @see https://developers.cloudflare.com/workers/runtime-apis/scheduler/
 */
interface Scheduler {
  /**
   * A promise that resolves after so many milliseconds.
   * @throws {any} the reason of the signal
   * @throws {QuotaExceededError} if the app has as many timers as it may
   * @see https://developers.cloudflare.com/workers/runtime-apis/scheduler/#syntax
   */
  wait(delay: number, options?: SchedulerWaitOptions): Promise<void>;
}
declare var Scheduler: {
  prototype: Scheduler;
};

/**
 * Cryptographic operations.
 * @see https://w3c.github.io/webcrypto/#subtlecrypto-interface
 */
interface SubtleCrypto {
  /**
   * Encrypts data with a key.
   * @throws {DOMException} "NotSupportedError", if the algorithm is none that does this
   * @throws {DOMException} "InvalidAccessError", if the key is of another algorithm, or may not be used for this
   * @throws {DOMException} "OperationError", if the operation fails, or a parameter of the algorithm has a value that it cannot have
   * @see https://w3c.github.io/webcrypto/#SubtleCrypto-method-encrypt
   */
  encrypt(algorithm: AlgorithmIdentifier, key: CryptoKey, data: BufferSource): Promise<ArrayBuffer>;
  /**
   * Decrypts data with a key.
   * @throws {DOMException} "NotSupportedError", if the algorithm is none that does this
   * @throws {DOMException} "InvalidAccessError", if the key is of another algorithm, or may not be used for this
   * @throws {DOMException} "OperationError", if the operation fails, or a parameter of the algorithm has a value that it cannot have
   * @see https://w3c.github.io/webcrypto/#SubtleCrypto-method-decrypt
   */
  decrypt(algorithm: AlgorithmIdentifier, key: CryptoKey, data: BufferSource): Promise<ArrayBuffer>;
  /**
   * The signature of data, or its authentication code.
   * @throws {DOMException} "NotSupportedError", if the algorithm is none that does this
   * @throws {DOMException} "InvalidAccessError", if the key is of another algorithm, or may not be used for this
   * @throws {DOMException} "OperationError", if the operation fails, or a parameter of the algorithm has a value that it cannot have
   * @see https://w3c.github.io/webcrypto/#SubtleCrypto-method-sign
   */
  sign(algorithm: AlgorithmIdentifier, key: CryptoKey, data: BufferSource): Promise<ArrayBuffer>;
  /**
   * Whether a signature is that of the data.
   * @throws {DOMException} "NotSupportedError", if the algorithm is none that does this
   * @throws {DOMException} "InvalidAccessError", if the key is of another algorithm, or may not be used for this
   * @throws {DOMException} "OperationError", if the operation fails, or a parameter of the algorithm has a value that it cannot have
   * @see https://w3c.github.io/webcrypto/#SubtleCrypto-method-verify
   */
  verify(algorithm: AlgorithmIdentifier, key: CryptoKey, signature: BufferSource, data: BufferSource): Promise<boolean>;
  /**
   * The hash of data, by SHA-1, SHA-256, SHA-384, SHA-512, or SHA3-256, SHA3-384, SHA3-512.
   * @throws {DOMException} "NotSupportedError", if the algorithm is none that does this
   * @see https://w3c.github.io/webcrypto/#SubtleCrypto-method-digest
   */
  digest(algorithm: AlgorithmIdentifier, data: BufferSource): Promise<ArrayBuffer>;
  /**
   * A new key, or a pair of keys.
   * @throws {DOMException} "NotSupportedError", if the algorithm is none that does this
   * @throws {DOMException} "SyntaxError", if the usages are none that such a key can have, or there are none for a secret or private key
   * @throws {DOMException} "OperationError", if the operation fails, or a parameter of the algorithm has a value that it cannot have
   * @see https://w3c.github.io/webcrypto/#SubtleCrypto-method-generateKey
   */
  generateKey(algorithm: RsaHashedKeyGenParams | EcKeyGenParams, extractable: boolean, keyUsages: Iterable<KeyUsage>): Promise<CryptoKeyPair>;
  generateKey(algorithm: AesKeyGenParams | HmacKeyGenParams, extractable: boolean, keyUsages: Iterable<KeyUsage>): Promise<CryptoKey>;
  generateKey(algorithm: AlgorithmIdentifier, extractable: boolean, keyUsages: Iterable<KeyUsage>): Promise<CryptoKey | CryptoKeyPair>;
  /**
   * A key that is made of another one.
   * @throws {DOMException} "NotSupportedError", if the algorithm is none that does this
   * @throws {DOMException} "InvalidAccessError", if the key is of another algorithm, or may not be used for this
   * @throws {DOMException} "SyntaxError", if the usages are none that such a key can have, or there are none for a secret or private key
   * @throws {DOMException} "OperationError", if the operation fails, or a parameter of the algorithm has a value that it cannot have
   * @see https://w3c.github.io/webcrypto/#SubtleCrypto-method-deriveKey
   */
  deriveKey(algorithm: AlgorithmIdentifier, baseKey: CryptoKey, derivedKeyType: AlgorithmIdentifier, extractable: boolean, keyUsages: Iterable<KeyUsage>): Promise<CryptoKey>;
  /**
   * Bits that are made of a key.
   * @throws {DOMException} "NotSupportedError", if the algorithm is none that does this
   * @throws {DOMException} "InvalidAccessError", if the key is of another algorithm, or may not be used for this
   * @throws {DOMException} "OperationError", if the operation fails, or a parameter of the algorithm has a value that it cannot have
   * @see https://w3c.github.io/webcrypto/#SubtleCrypto-method-deriveBits
   */
  deriveBits(algorithm: AlgorithmIdentifier, baseKey: CryptoKey, length?: number | null): Promise<ArrayBuffer>;
  /**
   * A key of its external form.
   * @throws {TypeError} if a buffer is given for "jwk", or an object for another format
   * @throws {DOMException} "NotSupportedError", if the algorithm is none that does this, or has no such format
   * @throws {DOMException} "DataError", if it is no key of the algorithm
   * @throws {DOMException} "SyntaxError", if the usages are none that such a key can have, or there are none for a secret or private key
   * @see https://w3c.github.io/webcrypto/#SubtleCrypto-method-importKey
   */
  importKey(format: KeyFormat, keyData: BufferSource | JsonWebKey, algorithm: AlgorithmIdentifier, extractable: boolean, keyUsages: Iterable<KeyUsage>): Promise<CryptoKey>;
  /**
   * The external form of a key that is extractable.
   * @throws {DOMException} "NotSupportedError", if keys of the algorithm have no such format
   * @throws {DOMException} "InvalidAccessError", if the key is not extractable, or the format is for another kind of key
   * @see https://w3c.github.io/webcrypto/#SubtleCrypto-method-exportKey
   */
  exportKey(format: KeyFormat, key: CryptoKey): Promise<ArrayBuffer | JsonWebKey>;
  /**
   * Exports a key and encrypts it.
   * @throws {DOMException} "NotSupportedError", if the algorithm is none that does this
   * @throws {DOMException} "InvalidAccessError", if the key is not extractable, or the other one may not wrap
   * @throws {DOMException} "OperationError", if the operation fails, or a parameter of the algorithm has a value that it cannot have
   * @see https://w3c.github.io/webcrypto/#SubtleCrypto-method-wrapKey
   */
  wrapKey(format: KeyFormat, key: CryptoKey, wrappingKey: CryptoKey, wrapAlgorithm: AlgorithmIdentifier): Promise<ArrayBuffer>;
  /**
   * Decrypts a key and imports it.
   * @throws {DOMException} "NotSupportedError", if the algorithm is none that does this
   * @throws {DOMException} "InvalidAccessError", if the key may not unwrap
   * @throws {DOMException} "DataError", if what comes out is no key of the algorithm
   * @throws {DOMException} "SyntaxError", if the usages are none that such a key can have, or there are none for a secret or private key
   * @throws {DOMException} "OperationError", if the operation fails, or a parameter of the algorithm has a value that it cannot have
   * @see https://w3c.github.io/webcrypto/#SubtleCrypto-method-unwrapKey
   */
  unwrapKey(format: KeyFormat, wrappedKey: BufferSource, unwrappingKey: CryptoKey, unwrapAlgorithm: AlgorithmIdentifier, unwrappedKeyAlgorithm: AlgorithmIdentifier, extractable: boolean, keyUsages: Iterable<KeyUsage>): Promise<CryptoKey>;
  /**
   * Workers' comparison of secrets: as many bytes are the same, or not, in a time that does not tell where they differ.
   * @throws {TypeError} if one has more bytes than the other
   * @see https://developers.cloudflare.com/workers/runtime-apis/web-crypto/#timingsafeequal
   */
  timingSafeEqual(a: BufferSource, b: BufferSource): boolean;
  /**
   * A new key for both sides, and the form in which it is sent to the other one.
   * @throws {DOMException} "NotSupportedError", if the algorithm is none that does this
   * @throws {DOMException} "InvalidAccessError", if the key is of another algorithm, or may not be used for this
   * @throws {DOMException} "SyntaxError", if the usages are none that such a key can have, or there are none for a secret or private key
   * @throws {DOMException} "OperationError", if the operation fails, or a parameter of the algorithm has a value that it cannot have
   * @see https://wicg.github.io/webcrypto-modern-algos/#SubtleCrypto-method-encapsulateKey
   */
  encapsulateKey(encapsulationAlgorithm: AlgorithmIdentifier, encapsulationKey: CryptoKey, sharedKeyAlgorithm: AlgorithmIdentifier, extractable: boolean, keyUsages: Iterable<KeyUsage>): Promise<EncapsulatedKey>;
  /**
   * New bits for both sides, and the form in which they are sent to the other one.
   * @throws {DOMException} "NotSupportedError", if the algorithm is none that does this
   * @throws {DOMException} "InvalidAccessError", if the key is of another algorithm, or may not be used for this
   * @throws {DOMException} "OperationError", if the operation fails, or a parameter of the algorithm has a value that it cannot have
   * @see https://wicg.github.io/webcrypto-modern-algos/#SubtleCrypto-method-encapsulateBits
   */
  encapsulateBits(encapsulationAlgorithm: AlgorithmIdentifier, encapsulationKey: CryptoKey): Promise<EncapsulatedBits>;
  /**
   * The key that the other side has encapsulated.
   * @throws {DOMException} "NotSupportedError", if the algorithm is none that does this
   * @throws {DOMException} "InvalidAccessError", if the key is of another algorithm, or may not be used for this
   * @throws {DOMException} "SyntaxError", if the usages are none that such a key can have, or there are none for a secret or private key
   * @throws {DOMException} "OperationError", if the operation fails, or a parameter of the algorithm has a value that it cannot have
   * @see https://wicg.github.io/webcrypto-modern-algos/#SubtleCrypto-method-decapsulateKey
   */
  decapsulateKey(decapsulationAlgorithm: AlgorithmIdentifier, decapsulationKey: CryptoKey, ciphertext: BufferSource, sharedKeyAlgorithm: AlgorithmIdentifier, extractable: boolean, keyUsages: Iterable<KeyUsage>): Promise<CryptoKey>;
  /**
   * The bits that the other side has encapsulated.
   * @throws {DOMException} "NotSupportedError", if the algorithm is none that does this
   * @throws {DOMException} "InvalidAccessError", if the key is of another algorithm, or may not be used for this
   * @throws {DOMException} "OperationError", if the operation fails, or a parameter of the algorithm has a value that it cannot have
   * @see https://wicg.github.io/webcrypto-modern-algos/#SubtleCrypto-method-decapsulateBits
   */
  decapsulateBits(decapsulationAlgorithm: AlgorithmIdentifier, decapsulationKey: CryptoKey, ciphertext: BufferSource): Promise<ArrayBuffer>;
  /**
   * The public key of a private one.
   * @throws {DOMException} "NotSupportedError", if keys of the algorithm are no pairs
   * @throws {DOMException} "InvalidAccessError", if the key is not the private one
   * @throws {DOMException} "SyntaxError", if the usages are none that a public key can have
   * @see https://wicg.github.io/webcrypto-modern-algos/#SubtleCrypto-method-getPublicKey
   */
  getPublicKey(key: CryptoKey, keyUsages: Iterable<KeyUsage>): Promise<CryptoKey>;
}
declare var SubtleCrypto: {
  prototype: SubtleCrypto;
  /**
   * Whether an operation is there for an algorithm with these parameters.
   * @see https://wicg.github.io/webcrypto-modern-algos/#SubtleCrypto-method-supports
   */
  supports(operation: string, algorithm: AlgorithmIdentifier, length?: number | null): boolean;
  /**
   * Whether an operation is there for an algorithm with these parameters.
   * @see https://wicg.github.io/webcrypto-modern-algos/#SubtleCrypto-method-supports-additionalAlgorithm
   */
  supports(operation: string, algorithm: AlgorithmIdentifier, additionalAlgorithm: AlgorithmIdentifier): boolean;
};

/**
 * A part of a text.
 * @see https://developers.cloudflare.com/workers/runtime-apis/html-rewriter/#text-chunks
 */
interface Text {
  /** The part's text, as it stands in the HTML. */
  readonly text: string;
  /** Whether it is the last part of its text; that one may be empty. */
  readonly lastInTextNode: boolean;
  /** Whether a handler has removed or replaced it. */
  readonly removed: boolean;
  /** Inserts content before the part. */
  before(content: string, options?: ContentOptions): Text;
  /** Inserts content after the part. */
  after(content: string, options?: ContentOptions): Text;
  /** Puts content in the part's place. */
  replace(content: string, options?: ContentOptions): Text;
  /** Takes the part away. */
  remove(): Text;
}

/**
 * Makes text of bytes, in one of the encodings of the web.
 * @see https://encoding.spec.whatwg.org/#textdecoder
 */
interface TextDecoder {
  /**
   * The text of the bytes, those of earlier calls with `stream` included.
   * @throws {TypeError} if the decoder is fatal and the bytes are no text of its encoding
   * @see https://encoding.spec.whatwg.org/#dom-textdecoder-decode
   */
  decode(input?: AllowSharedBufferSource, options?: TextDecodeOptions): string;
  /**
   * The name of the encoding, in lower case.
   * @see https://encoding.spec.whatwg.org/#dom-textdecoder-encoding
   */
  readonly encoding: string;
  /**
   * Whether bytes that are no text of the encoding are an error.
   * @see https://encoding.spec.whatwg.org/#dom-textdecoder-fatal
   */
  readonly fatal: boolean;
  /**
   * Whether a byte order mark is part of the text.
   * @see https://encoding.spec.whatwg.org/#dom-textdecoder-ignorebom
   */
  readonly ignoreBOM: boolean;
}
declare var TextDecoder: {
  prototype: TextDecoder;
  /**
   * A decoder of the encoding that a label, such as "utf-8", stands for.
   * @throws {RangeError} if the label is that of no encoding
   * @see https://encoding.spec.whatwg.org/#dom-textdecoder
   */
  new(label?: string, options?: TextDecoderOptions): TextDecoder;
};

/**
 * A transform stream from chunks of bytes to chunks of text.
 * @see https://encoding.spec.whatwg.org/#textdecoderstream
 */
interface TextDecoderStream {
  /**
   * The name of the encoding, in lower case.
   * @see https://encoding.spec.whatwg.org/#dom-textdecoder-encoding
   */
  readonly encoding: string;
  /**
   * Whether bytes that are no text of the encoding are an error.
   * @see https://encoding.spec.whatwg.org/#dom-textdecoder-fatal
   */
  readonly fatal: boolean;
  /**
   * Whether a byte order mark is part of the text.
   * @see https://encoding.spec.whatwg.org/#dom-textdecoder-ignorebom
   */
  readonly ignoreBOM: boolean;
  /**
   * The side to read from.
   * @see https://streams.spec.whatwg.org/#dom-generictransformstream-readable
   */
  readonly readable: ReadableStream;
  /**
   * The side to write to.
   * @see https://streams.spec.whatwg.org/#dom-generictransformstream-writable
   */
  readonly writable: WritableStream;
}
declare var TextDecoderStream: {
  prototype: TextDecoderStream;
  /**
   * A stream that decodes the encoding that a label stands for.
   * @throws {RangeError} if the label is that of no encoding
   * @see https://encoding.spec.whatwg.org/#dom-textdecoderstream
   */
  new(label?: string, options?: TextDecoderOptions): TextDecoderStream;
};

/**
 * Makes bytes of text, in UTF-8.
 * @see https://encoding.spec.whatwg.org/#textencoder
 */
interface TextEncoder {
  /**
   * The bytes of a text.
   * @see https://encoding.spec.whatwg.org/#dom-textencoder-encode
   */
  encode(input?: string): Uint8Array;
  /**
   * Writes as much of a text as has room in an array.
   * @see https://encoding.spec.whatwg.org/#dom-textencoder-encodeinto
   */
  encodeInto(source: string, destination: Uint8Array): TextEncoderEncodeIntoResult;
  /**
   * "utf-8".
   * @see https://encoding.spec.whatwg.org/#dom-textencoder-encoding
   */
  readonly encoding: string;
}
declare var TextEncoder: {
  prototype: TextEncoder;
  /**
   * An encoder; there is UTF-8 only.
   * @see https://encoding.spec.whatwg.org/#dom-textencoder
   */
  new(): TextEncoder;
};

/**
 * A transform stream from chunks of text to chunks of bytes, in UTF-8.
 * @see https://encoding.spec.whatwg.org/#textencoderstream
 */
interface TextEncoderStream {
  /**
   * "utf-8".
   * @see https://encoding.spec.whatwg.org/#dom-textencoder-encoding
   */
  readonly encoding: string;
  /**
   * The side to read from.
   * @see https://streams.spec.whatwg.org/#dom-generictransformstream-readable
   */
  readonly readable: ReadableStream;
  /**
   * The side to write to.
   * @see https://streams.spec.whatwg.org/#dom-generictransformstream-writable
   */
  readonly writable: WritableStream;
}
declare var TextEncoderStream: {
  prototype: TextEncoderStream;
  /**
   * A stream that encodes in UTF-8.
   * @see https://encoding.spec.whatwg.org/#dom-textencoderstream
   */
  new(): TextEncoderStream;
};

/**
 * What is written to one side comes, changed, out of the other one.
 * @see https://streams.spec.whatwg.org/#ts-class
 */
interface TransformStream<I = any, O = any> {
  /**
   * The side to read from.
   * @see https://streams.spec.whatwg.org/#ts-readable
   */
  readonly readable: ReadableStream<O>;
  /**
   * The side to write to.
   * @see https://streams.spec.whatwg.org/#ts-writable
   */
  readonly writable: WritableStream<I>;
}
declare var TransformStream: {
  prototype: TransformStream;
  /**
   * A stream whose chunks a transformer makes of what is written; without one they are handed on.
   * @throws {RangeError} if the transformer has a `readableType` or a `writableType`, or a strategy's `highWaterMark` is negative or not a number
   * @throws {any} what `start()` throws
   * @see https://streams.spec.whatwg.org/#ts-constructor
   */
  new<I = any, O = any>(transformer?: Transformer<I, O>, writableStrategy?: QueuingStrategy<I>, readableStrategy?: QueuingStrategy<O>): TransformStream<I, O>;
};

/**
 * Fills the readable side of a transform stream.
 * @see https://streams.spec.whatwg.org/#ts-default-controller-class
 */
interface TransformStreamDefaultController<O = any> {
  /**
   * How much room is in the queue of the readable side; null after an error.
   * @see https://streams.spec.whatwg.org/#ts-default-controller-desired-size
   */
  readonly desiredSize: number | null;
  /**
   * Puts a chunk into the queue of the readable side.
   * @throws {TypeError} if the readable side was closed, or has failed
   * @throws {any} what the strategy's `size()` throws
   * @see https://streams.spec.whatwg.org/#ts-default-controller-enqueue
   */
  enqueue(chunk?: O): void;
  /**
   * Makes both sides fail.
   * @see https://streams.spec.whatwg.org/#ts-default-controller-error
   */
  error(reason?: any): void;
  /**
   * Ends the readable side, and makes the writable side fail.
   * @see https://streams.spec.whatwg.org/#ts-default-controller-terminate
   */
  terminate(): void;
}
declare var TransformStreamDefaultController: {
  prototype: TransformStreamDefaultController;
};

/**
 * An address, by its parts.
 * @see https://url.spec.whatwg.org/#url
 */
interface URL {
  /**
   * The whole address.
   * @throws {TypeError} on setting, if the text is no URL
   * @see https://url.spec.whatwg.org/#dom-url-href
   */
  href: string;
  /**
   * Scheme, host and port.
   * @see https://url.spec.whatwg.org/#dom-url-origin
   */
  readonly origin: string;
  /**
   * The scheme, with a colon.
   * @see https://url.spec.whatwg.org/#dom-url-protocol
   */
  protocol: string;
  /**
   * The name before the host.
   * @see https://url.spec.whatwg.org/#dom-url-username
   */
  username: string;
  /**
   * The password before the host.
   * @see https://url.spec.whatwg.org/#dom-url-password
   */
  password: string;
  /**
   * The host with its port, if that is not the usual one.
   * @see https://url.spec.whatwg.org/#dom-url-host
   */
  host: string;
  /**
   * The host without the port.
   * @see https://url.spec.whatwg.org/#dom-url-hostname
   */
  hostname: string;
  /**
   * The port; empty if it is the usual one.
   * @see https://url.spec.whatwg.org/#dom-url-port
   */
  port: string;
  /**
   * The path.
   * @see https://url.spec.whatwg.org/#dom-url-pathname
   */
  pathname: string;
  /**
   * The query, with a question mark; empty if there is none.
   * @see https://url.spec.whatwg.org/#dom-url-search
   */
  search: string;
  /**
   * The query as names and values; changes change the address.
   * @see https://url.spec.whatwg.org/#dom-url-searchparams
   */
  readonly searchParams: URLSearchParams;
  /**
   * The fragment, with a number sign; empty if there is none.
   * @see https://url.spec.whatwg.org/#dom-url-hash
   */
  hash: string;
  /**
   * The whole address.
   * @see https://url.spec.whatwg.org/#dom-url-tojson
   */
  toJSON(): string;
  toString(): string;
}
declare var URL: {
  prototype: URL;
  /**
   * The address that a text stands for, relative to a base if there is one.
   * @throws {TypeError} if the text is no URL, or is relative and there is no base
   * @see https://url.spec.whatwg.org/#dom-url-url
   */
  new(url: string | URL, base?: string | URL): URL;
  /**
   * The address that a text stands for, or null if it is none.
   * @see https://url.spec.whatwg.org/#dom-url-parse
   */
  parse(url: string | URL, base?: string | URL): URL | null;
  /**
   * Whether a text stands for an address.
   * @see https://url.spec.whatwg.org/#dom-url-canparse
   */
  canParse(url: string | URL, base?: string | URL): boolean;
  /**
   * A `blob:` URL that `fetch()` answers with the blob, within the app's instance and until it is revoked. It keeps the blob in memory.
   * @see https://w3c.github.io/FileAPI/#dfn-createObjectURL
   */
  createObjectURL(obj: Blob): string;
  /**
   * Has a `blob:` URL stand for nothing any more.
   * @see https://w3c.github.io/FileAPI/#dfn-revokeObjectURL
   */
  revokeObjectURL(url: string): void;
};

/**
 * Tells URLs of one shape from others.
 * @see https://urlpattern.spec.whatwg.org/#urlpattern-class
 */
interface URLPattern {
  /**
   * Whether a URL has the shape.
   * @throws {TypeError} if a base URL is given beside components, which have it among them
   * @see https://urlpattern.spec.whatwg.org/#urlpattern-test
   */
  test(input?: URLPatternInput, baseURL?: string): boolean;
  /**
   * What the groups have matched in a URL, or null if it has another shape.
   * @throws {TypeError} if a base URL is given beside components, which have it among them
   * @see https://urlpattern.spec.whatwg.org/#urlpattern-exec
   */
  exec(input?: URLPatternInput, baseURL?: string): URLPatternResult | null;
  /**
   * The pattern of the scheme, without its colon.
   * @see https://urlpattern.spec.whatwg.org/#urlpattern-protocol
   */
  readonly protocol: string;
  /**
   * The pattern of the user's name.
   * @see https://urlpattern.spec.whatwg.org/#urlpattern-username
   */
  readonly username: string;
  /**
   * The pattern of the password.
   * @see https://urlpattern.spec.whatwg.org/#urlpattern-password
   */
  readonly password: string;
  /**
   * The pattern of the host.
   * @see https://urlpattern.spec.whatwg.org/#urlpattern-hostname
   */
  readonly hostname: string;
  /**
   * The pattern of the port; empty for the scheme's own.
   * @see https://urlpattern.spec.whatwg.org/#urlpattern-port
   */
  readonly port: string;
  /**
   * The pattern of the path.
   * @see https://urlpattern.spec.whatwg.org/#urlpattern-pathname
   */
  readonly pathname: string;
  /**
   * The pattern of the query, without its question mark.
   * @see https://urlpattern.spec.whatwg.org/#urlpattern-search
   */
  readonly search: string;
  /**
   * The pattern of the fragment, without its number sign.
   * @see https://urlpattern.spec.whatwg.org/#urlpattern-hash
   */
  readonly hash: string;
  /**
   * Whether regular expressions are among the groups.
   * @see https://urlpattern.spec.whatwg.org/#urlpattern-has-reg-exp-groups
   */
  readonly hasRegExpGroups: boolean;
  /**
   * A component of a URL of this shape, with these values in the place of the groups.
   * @throws {TypeError} if it is no component's name, or a group has no value that fits
   * @see https://urlpattern.spec.whatwg.org/#urlpattern-class
   */
  generate(component: string, groups: Record<string, string>): string;
}
declare var URLPattern: {
  prototype: URLPattern;
  /**
   * A pattern, of a text or of parts.
   * @throws {TypeError} if a pattern is not valid, or is relative and there is no base URL
   * @see https://urlpattern.spec.whatwg.org/#urlpattern-constructor
   */
  new(input?: URLPatternInput, baseURLOrOptions?: string | URLPatternOptions, options?: URLPatternOptions): URLPattern;
  /**
   * Which of two patterns is more specific in a component: 1 for the first one, -1 for the second one, and 0 if they are the same.
   * @throws {TypeError} if it is no component's name
   * @see https://urlpattern.spec.whatwg.org/#urlpattern-class
   */
  compareComponent(component: string, left: URLPattern, right: URLPattern): number;
};

/**
 * The names and values of a query, in order.
 * @see https://url.spec.whatwg.org/#urlsearchparams
 */
interface URLSearchParams {
  /**
   * How many there are.
   * @see https://url.spec.whatwg.org/#dom-urlsearchparams-size
   */
  readonly size: number;
  /**
   * Adds a value, and keeps those that are there.
   * @see https://url.spec.whatwg.org/#dom-urlsearchparams-append
   */
  append(name: string, value: string): void;
  /**
   * Takes away all values of a name, or those that are equal to one.
   * @see https://url.spec.whatwg.org/#dom-urlsearchparams-delete
   */
  delete(name: string, value?: string): void;
  /**
   * The first value of a name, or null.
   * @see https://url.spec.whatwg.org/#dom-urlsearchparams-get
   */
  get(name: string): string | null;
  /**
   * All values of a name.
   * @see https://url.spec.whatwg.org/#dom-urlsearchparams-getall
   */
  getAll(name: string): string[];
  /**
   * Whether a name has a value, or this one.
   * @see https://url.spec.whatwg.org/#dom-urlsearchparams-has
   */
  has(name: string, value?: string): boolean;
  /**
   * Replaces all values of a name.
   * @see https://url.spec.whatwg.org/#dom-urlsearchparams-set
   */
  set(name: string, value: string): void;
  /**
   * Orders by name; values of the same name keep their order.
   * @see https://url.spec.whatwg.org/#dom-urlsearchparams-sort
   */
  sort(): void;
  forEach(callback: (value: string, key: string, parent: URLSearchParams) => void, thisArg?: any): void;
  entries(): IterableIterator<[string, string]>;
  keys(): IterableIterator<string>;
  values(): IterableIterator<string>;
  /** Names and values, in order. */
  [Symbol.iterator](): IterableIterator<[string, string]>;
  /** The query, without a question mark. */
  toString(): string;
}
declare var URLSearchParams: {
  prototype: URLSearchParams;
  /**
   * The names and values of a query, of an object, or of a list of pairs.
   * @throws {TypeError} if an item of a list is no pair
   * @see https://url.spec.whatwg.org/#dom-urlsearchparams-urlsearchparams
   */
  new(init?: Iterable<Iterable<string>> | Record<string, string> | string): URLSearchParams;
};

/**
 * A connection that carries messages both ways.
 * @see https://websockets.spec.whatwg.org/#websocket
 */
interface WebSocket extends EventTarget {
  /**
   * The address.
   * @see https://websockets.spec.whatwg.org/#dom-websocket-url
   */
  readonly url: string;
  /**
   * The handshake goes on.
   * @see https://websockets.spec.whatwg.org/#dom-websocket-connecting
   */
  readonly CONNECTING: 0;
  /**
   * Messages can be sent, and come.
   * @see https://websockets.spec.whatwg.org/#dom-websocket-open
   */
  readonly OPEN: 1;
  /**
   * The closing handshake goes on, or `close()` was called.
   * @see https://websockets.spec.whatwg.org/#dom-websocket-closing
   */
  readonly CLOSING: 2;
  /**
   * It is closed, or could not be opened.
   * @see https://websockets.spec.whatwg.org/#dom-websocket-closed
   */
  readonly CLOSED: 3;
  /**
   * `CONNECTING`, `OPEN`, `CLOSING` or `CLOSED`.
   * @see https://websockets.spec.whatwg.org/#dom-websocket-readystate
   */
  readonly readyState: number;
  /**
   * Bytes that were sent, and have not left yet.
   * @see https://websockets.spec.whatwg.org/#dom-websocket-bufferedamount
   */
  readonly bufferedAmount: number;
  /**
   * Called when the connection is open.
   * @see https://websockets.spec.whatwg.org/#dom-websocket-onopen
   */
  onopen: EventHandler;
  /**
   * Called when the connection has failed.
   * @see https://websockets.spec.whatwg.org/#dom-websocket-onerror
   */
  onerror: EventHandler;
  /**
   * Called when the connection is closed.
   * @see https://websockets.spec.whatwg.org/#dom-websocket-onclose
   */
  onclose: ((event: CloseEvent) => any) | null;
  /**
   * The extensions that both sides use.
   * @see https://websockets.spec.whatwg.org/#dom-websocket-extensions
   */
  readonly extensions: string;
  /**
   * The protocol that the server has chosen; empty for none.
   * @see https://websockets.spec.whatwg.org/#dom-websocket-protocol
   */
  readonly protocol: string;
  /**
   * Closes the connection, after what was sent has left; with 1000 or a number from 3000 to 4999, if any.
   * @throws {DOMException} "InvalidAccessError", if the code is neither 1000 nor from 3000 to 4999
   * @throws {DOMException} "SyntaxError", if the reason has more than 123 bytes
   * @see https://websockets.spec.whatwg.org/#dom-websocket-close
   */
  close(code?: number, reason?: string): void;
  /**
   * Called with each message.
   * @see https://websockets.spec.whatwg.org/#dom-websocket-onmessage
   */
  onmessage: ((event: MessageEvent) => any) | null;
  /**
   * What bytes arrive as.
   * @see https://websockets.spec.whatwg.org/#dom-websocket-binarytype
   */
  binaryType: BinaryType;
  /**
   * Sends a message.
   * @throws {DOMException} "InvalidStateError", if the connection is not open yet
   * @throws {TypeError} if it was not accepted
   * @see https://websockets.spec.whatwg.org/#dom-websocket-send
   */
  send(data: BufferSource | Blob | string): void;
  /**
   * Begins to receive, and lets this end send: for those of a `WebSocketPair`, and of responses.
   * @throws {TypeError} if it is accepted already
   * @see https://developers.cloudflare.com/workers/runtime-apis/websockets/#accept
   */
  accept(): void;
  addEventListener(type: "close", callback: ((event: CloseEvent) => any) | null, options?: AddEventListenerOptions | boolean): void;
  addEventListener(type: "message", callback: ((event: MessageEvent) => any) | null, options?: AddEventListenerOptions | boolean): void;
  addEventListener(type: string, callback: EventListener | null, options?: AddEventListenerOptions | boolean): void;
}
declare var WebSocket: {
  prototype: WebSocket;
  /**
   * Opens a connection to a `ws:` or `wss:` address, for one of the protocols, if any are given.
   * @throws {DOMException} "SyntaxError", if the URL is none of WebSockets, or the protocols are no tokens or not different
   * @see https://websockets.spec.whatwg.org/#dom-websocket-websocket
   */
  new(url: string, protocols?: string | Iterable<string>): WebSocket;
  /**
   * The handshake goes on.
   * @see https://websockets.spec.whatwg.org/#dom-websocket-connecting
   */
  readonly CONNECTING: 0;
  /**
   * Messages can be sent, and come.
   * @see https://websockets.spec.whatwg.org/#dom-websocket-open
   */
  readonly OPEN: 1;
  /**
   * The closing handshake goes on, or `close()` was called.
   * @see https://websockets.spec.whatwg.org/#dom-websocket-closing
   */
  readonly CLOSING: 2;
  /**
   * It is closed, or could not be opened.
   * @see https://websockets.spec.whatwg.org/#dom-websocket-closed
   */
  readonly CLOSED: 3;
};

/**
 * Two WebSockets, `0` and `1`: what is sent to one arrives at the other. One goes to a client, as the `webSocket` of a response.
 * @see https://developers.cloudflare.com/workers/runtime-apis/websockets/
 */
interface WebSocketPair {
}
declare var WebSocketPair: {
  prototype: WebSocketPair;
  /** Two WebSockets that are connected. */
  new(): WebSocketPair & { 0: WebSocket; 1: WebSocket };
};

/** The global object of an app. */
interface WorkerGlobalScope extends EventTarget {
  /**
   * The global object itself.
   * @see https://html.spec.whatwg.org/multipage/#dom-workerglobalscope-self
   */
  readonly self: WorkerGlobalScope;
  /**
   * What can be said about the runtime.
   * @see https://html.spec.whatwg.org/multipage/#dom-worker-navigator
   */
  readonly navigator: Navigator;
  /**
   * Treats a value as an error that nobody caught.
   * @see https://html.spec.whatwg.org/multipage/#dom-reporterror
   */
  reportError(e: any): void;
  /**
   * The Base64 text of a string whose characters are bytes.
   * @throws {DOMException} "InvalidCharacterError", if a character is beyond U+00FF
   * @see https://html.spec.whatwg.org/multipage/#dom-btoa
   */
  btoa(data: string): string;
  /**
   * The string, a character for each byte, that a Base64 text stands for.
   * @throws {DOMException} "InvalidCharacterError", if the text is no Base64
   * @see https://html.spec.whatwg.org/multipage/#dom-atob
   */
  atob(data: string): string;
  /**
   * Calls a function once, after some milliseconds.
   * @see https://html.spec.whatwg.org/multipage/#dom-settimeout
   */
  setTimeout(handler: TimerHandler, timeout?: number, ...arguments_: any[]): number;
  /**
   * Takes back `setTimeout()`.
   * @see https://html.spec.whatwg.org/multipage/#dom-cleartimeout
   */
  clearTimeout(id?: number): void;
  /**
   * Calls a function again and again, with some milliseconds in between.
   * @see https://html.spec.whatwg.org/multipage/#dom-setinterval
   */
  setInterval(handler: TimerHandler, timeout?: number, ...arguments_: any[]): number;
  /**
   * Ends what `setInterval()` began.
   * @see https://html.spec.whatwg.org/multipage/#dom-clearinterval
   */
  clearInterval(id?: number): void;
  /**
   * Calls a function right after the code that is running, before anything else.
   * @see https://html.spec.whatwg.org/multipage/#dom-queuemicrotask
   */
  queueMicrotask(callback: VoidFunction): void;
  /**
   * A deep copy of a value, circles included.
   * @throws {DOMException} "DataCloneError", if something in the value cannot be copied, or cannot be transferred
   * @see https://html.spec.whatwg.org/multipage/#dom-structuredclone
   */
  structuredClone(value: any, options?: StructuredSerializeOptions): any;
  /**
   * Sends a request; the promise resolves when the head of the response is there, whatever its status.
   * @throws {TypeError} if the request cannot be made (see `Request`), its address may not be asked or cannot be reached, or what comes back is no HTTP
   * @throws {any} the reason of the signal, if it aborts
   * @see https://fetch.spec.whatwg.org/#fetch-method
   */
  fetch(input: RequestInfo, init?: RequestInit): Promise<Response>;
  /**
   * A clock that never goes back.
   * @see https://w3c.github.io/hr-time/#the-performance-attribute
   */
  readonly performance: Performance;
  /**
   * The app's caches.
   * @see https://w3c.github.io/ServiceWorker/#self-caches
   */
  readonly caches: CacheStorage;
  /**
   * Random values and cryptographic operations.
   * @see https://w3c.github.io/webcrypto/#dom-windoworworkerglobalscope-crypto
   */
  readonly crypto: Crypto;
  /**
   * Workers' `scheduler.wait()`.
   * @see https://developers.cloudflare.com/workers/runtime-apis/scheduler/
   */
  readonly scheduler: Scheduler;
  /**
   * Called with errors that nobody caught.
   * @see https://html.spec.whatwg.org/multipage/#handler-workerglobalscope-onerror
   */
  onerror: OnErrorEventHandler;
  /**
   * Called with promises that somebody listened to after they had been told as unhandled.
   * @see https://html.spec.whatwg.org/multipage/#handler-workerglobalscope-onrejectionhandled
   */
  onrejectionhandled: EventHandler;
  /**
   * Called with promises that were rejected while nobody listened.
   * @see https://html.spec.whatwg.org/multipage/#handler-workerglobalscope-onunhandledrejection
   */
  onunhandledrejection: EventHandler;
}

/**
 * A destination for chunks, written at the destination's pace.
 * @see https://streams.spec.whatwg.org/#ws-class
 */
interface WritableStream<W = any> {
  /**
   * Whether the stream has a writer.
   * @see https://streams.spec.whatwg.org/#ws-locked
   */
  readonly locked: boolean;
  /**
   * Makes the stream fail; chunks that wait are lost.
   * @throws {TypeError} if the stream has a writer
   * @throws {any} what the sink's `abort()` throws
   * @see https://streams.spec.whatwg.org/#ws-abort
   */
  abort(reason?: any): Promise<void>;
  /**
   * Ends the stream after the chunks that wait.
   * @throws {TypeError} if the stream has a writer, or was closed
   * @throws {any} what the stream failed with
   * @see https://streams.spec.whatwg.org/#ws-close
   */
  close(): Promise<void>;
  /**
   * A writer, which has the stream for itself until it is released.
   * @throws {TypeError} if the stream has a writer
   * @see https://streams.spec.whatwg.org/#ws-get-writer
   */
  getWriter(): WritableStreamDefaultWriter<W>;
}
declare var WritableStream: {
  prototype: WritableStream;
  /**
   * A stream into a sink.
   * @throws {RangeError} if the sink has a `type`, or the strategy's `highWaterMark` is negative or not a number
   * @throws {any} what `start()` throws
   * @see https://streams.spec.whatwg.org/#ws-constructor
   */
  new<W = any>(underlyingSink?: UnderlyingSink<W>, strategy?: QueuingStrategy<W>): WritableStream<W>;
};

/**
 * What the destination knows of its stream.
 * @see https://streams.spec.whatwg.org/#ws-default-controller-class
 */
interface WritableStreamDefaultController {
  /**
   * Aborts with the stream, so that a write on its way can stop.
   * @see https://streams.spec.whatwg.org/#ws-default-controller-signal
   */
  readonly signal: AbortSignal;
  /**
   * Makes the stream fail.
   * @see https://streams.spec.whatwg.org/#ws-default-controller-error
   */
  error(e?: any): void;
}
declare var WritableStreamDefaultController: {
  prototype: WritableStreamDefaultController;
};

/**
 * Writes chunks.
 * @see https://streams.spec.whatwg.org/#default-writer-class
 */
interface WritableStreamDefaultWriter<W = any> {
  /**
   * Resolves when the stream is closed, rejects when it fails or the writer is released.
   * @throws {TypeError} if the writer is released
   * @throws {any} what the stream failed with
   * @see https://streams.spec.whatwg.org/#default-writer-closed
   */
  readonly closed: Promise<void>;
  /**
   * How much room is in the queue; null after an error.
   * @throws {TypeError} if the writer was released
   * @see https://streams.spec.whatwg.org/#default-writer-desired-size
   */
  readonly desiredSize: number | null;
  /**
   * Resolves when there is room in the queue.
   * @throws {TypeError} if the writer is released
   * @throws {any} what the stream failed with
   * @see https://streams.spec.whatwg.org/#default-writer-ready
   */
  readonly ready: Promise<void>;
  /**
   * Makes the stream fail; chunks that wait are lost.
   * @throws {TypeError} if the writer was released
   * @throws {any} what the sink's `abort()` throws
   * @see https://streams.spec.whatwg.org/#default-writer-abort
   */
  abort(reason?: any): Promise<void>;
  /**
   * Ends the stream after the chunks that wait.
   * @throws {TypeError} if the writer was released, or the stream was closed
   * @throws {any} what the stream failed with
   * @see https://streams.spec.whatwg.org/#default-writer-close
   */
  close(): Promise<void>;
  /**
   * Gives the stream free for other writers.
   * @see https://streams.spec.whatwg.org/#default-writer-release-lock
   */
  releaseLock(): void;
  /**
   * Writes a chunk; the promise resolves when the destination has taken it.
   * @throws {TypeError} if the writer was released, or the stream was closed
   * @throws {any} what the stream failed with
   * @see https://streams.spec.whatwg.org/#default-writer-write
   */
  write(chunk?: W): Promise<void>;
}
declare var WritableStreamDefaultWriter: {
  prototype: WritableStreamDefaultWriter;
  /**
   * Takes the stream for itself.
   * @throws {TypeError} if the stream has a writer
   * @see https://streams.spec.whatwg.org/#default-writer-constructor
   */
  new<W = any>(stream: WritableStream<W>): WritableStreamDefaultWriter<W>;
};

/**
 * Writes to the app's log.
 * @see https://console.spec.whatwg.org/#console-namespace
 */
declare namespace console {
  /**
   * Logs the data if the condition is false.
   * @see https://console.spec.whatwg.org/#assert
   */
  function assert(condition?: boolean, ...data: any[]): void;
  /**
   * Ends all groups, and clears the screen of a terminal.
   * @see https://console.spec.whatwg.org/#clear
   */
  function clear(): void;
  /**
   * Logs the data, for those who look for a fault.
   * @see https://console.spec.whatwg.org/#debug
   */
  function debug(...data: any[]): void;
  /**
   * Logs the data, as an error.
   * @see https://console.spec.whatwg.org/#error
   */
  function error(...data: any[]): void;
  /**
   * Logs the data, as information.
   * @see https://console.spec.whatwg.org/#info
   */
  function info(...data: any[]): void;
  /**
   * Logs the data.
   * @see https://console.spec.whatwg.org/#log
   */
  function log(...data: any[]): void;
  /**
   * Logs the rows of an array or an object as a table.
   * @see https://console.spec.whatwg.org/#table
   */
  function table(tabularData?: any, properties?: Iterable<string>): void;
  /**
   * Logs the data and the stack of the call.
   * @see https://console.spec.whatwg.org/#trace
   */
  function trace(...data: any[]): void;
  /**
   * Logs the data, as a warning.
   * @see https://console.spec.whatwg.org/#warn
   */
  function warn(...data: any[]): void;
  /**
   * Logs the properties of an object.
   * @see https://console.spec.whatwg.org/#dir
   */
  function dir(item?: any, options?: object | null): void;
  /**
   * As `log()`; there is no tree of elements here.
   * @see https://console.spec.whatwg.org/#dirxml
   */
  function dirxml(...data: any[]): void;
  /**
   * Logs how often it was called with this label.
   * @see https://console.spec.whatwg.org/#count
   */
  function count(label?: string): void;
  /**
   * Sets the count of a label to zero.
   * @see https://console.spec.whatwg.org/#countreset
   */
  function countReset(label?: string): void;
  /**
   * Logs the data, and indents what follows until `groupEnd()`.
   * @see https://console.spec.whatwg.org/#group
   */
  function group(...data: any[]): void;
  /**
   * As `group()`; a log cannot be unfolded.
   * @see https://console.spec.whatwg.org/#groupcollapsed
   */
  function groupCollapsed(...data: any[]): void;
  /**
   * Ends the group that was begun last.
   * @see https://console.spec.whatwg.org/#groupend
   */
  function groupEnd(): void;
  /**
   * Starts a timer.
   * @see https://console.spec.whatwg.org/#time
   */
  function time(label?: string): void;
  /**
   * Logs how long a timer has been running.
   * @see https://console.spec.whatwg.org/#timelog
   */
  function timeLog(label?: string, ...data: any[]): void;
  /**
   * Logs how long a timer has been running, and ends it.
   * @see https://console.spec.whatwg.org/#timeend
   */
  function timeEnd(label?: string): void;
}

/**
 * The global object itself.
 * @see https://html.spec.whatwg.org/multipage/#dom-workerglobalscope-self
 */
declare var self: WorkerGlobalScope & typeof globalThis;
/**
 * What can be said about the runtime.
 * @see https://html.spec.whatwg.org/multipage/#dom-worker-navigator
 */
declare var navigator: Navigator;
/**
 * Treats a value as an error that nobody caught.
 * @see https://html.spec.whatwg.org/multipage/#dom-reporterror
 */
declare function reportError(e: any): void;
/**
 * The Base64 text of a string whose characters are bytes.
 * @throws {DOMException} "InvalidCharacterError", if a character is beyond U+00FF
 * @see https://html.spec.whatwg.org/multipage/#dom-btoa
 */
declare function btoa(data: string): string;
/**
 * The string, a character for each byte, that a Base64 text stands for.
 * @throws {DOMException} "InvalidCharacterError", if the text is no Base64
 * @see https://html.spec.whatwg.org/multipage/#dom-atob
 */
declare function atob(data: string): string;
/**
 * Calls a function once, after some milliseconds.
 * @see https://html.spec.whatwg.org/multipage/#dom-settimeout
 */
declare function setTimeout(handler: TimerHandler, timeout?: number, ...arguments_: any[]): number;
/**
 * Takes back `setTimeout()`.
 * @see https://html.spec.whatwg.org/multipage/#dom-cleartimeout
 */
declare function clearTimeout(id?: number): void;
/**
 * Calls a function again and again, with some milliseconds in between.
 * @see https://html.spec.whatwg.org/multipage/#dom-setinterval
 */
declare function setInterval(handler: TimerHandler, timeout?: number, ...arguments_: any[]): number;
/**
 * Ends what `setInterval()` began.
 * @see https://html.spec.whatwg.org/multipage/#dom-clearinterval
 */
declare function clearInterval(id?: number): void;
/**
 * Calls a function right after the code that is running, before anything else.
 * @see https://html.spec.whatwg.org/multipage/#dom-queuemicrotask
 */
declare function queueMicrotask(callback: VoidFunction): void;
/**
 * A deep copy of a value, circles included.
 * @throws {DOMException} "DataCloneError", if something in the value cannot be copied, or cannot be transferred
 * @see https://html.spec.whatwg.org/multipage/#dom-structuredclone
 */
declare function structuredClone(value: any, options?: StructuredSerializeOptions): any;
/**
 * Sends a request; the promise resolves when the head of the response is there, whatever its status.
 * @throws {TypeError} if the request cannot be made (see `Request`), its address may not be asked or cannot be reached, or what comes back is no HTTP
 * @throws {any} the reason of the signal, if it aborts
 * @see https://fetch.spec.whatwg.org/#fetch-method
 */
declare function fetch(input: RequestInfo, init?: RequestInit): Promise<Response>;
/**
 * A clock that never goes back.
 * @see https://w3c.github.io/hr-time/#the-performance-attribute
 */
declare var performance: Performance;
/**
 * The app's caches.
 * @see https://w3c.github.io/ServiceWorker/#self-caches
 */
declare var caches: CacheStorage;
/**
 * Random values and cryptographic operations.
 * @see https://w3c.github.io/webcrypto/#dom-windoworworkerglobalscope-crypto
 */
declare var crypto: Crypto;
/**
 * Workers' `scheduler.wait()`.
 * @see https://developers.cloudflare.com/workers/runtime-apis/scheduler/
 */
declare var scheduler: Scheduler;
/**
 * Called with errors that nobody caught.
 * @see https://html.spec.whatwg.org/multipage/#handler-workerglobalscope-onerror
 */
declare var onerror: OnErrorEventHandler;
/**
 * Called with promises that somebody listened to after they had been told as unhandled.
 * @see https://html.spec.whatwg.org/multipage/#handler-workerglobalscope-onrejectionhandled
 */
declare var onrejectionhandled: EventHandler;
/**
 * Called with promises that were rejected while nobody listened.
 * @see https://html.spec.whatwg.org/multipage/#handler-workerglobalscope-onunhandledrejection
 */
declare var onunhandledrejection: EventHandler;
/**
 * Calls the listener for each event of the type from now on. The same listener is added once only.
 * @see https://dom.spec.whatwg.org/#dom-eventtarget-addeventlistener
 */
declare function addEventListener(type: string, callback: EventListener | null, options?: AddEventListenerOptions | boolean): void;
/**
 * Takes back `addEventListener()` with the same type, listener and `capture`.
 * @see https://dom.spec.whatwg.org/#dom-eventtarget-removeeventlistener
 */
declare function removeEventListener(type: string, callback: EventListener | null, options?: EventListenerOptions | boolean): void;
/**
 * Calls the listeners of the event's type, and returns false if one of them canceled the event.
 * @throws {DOMException} "InvalidStateError", if the event is being dispatched already, or was not initialized
 * @see https://dom.spec.whatwg.org/#dom-eventtarget-dispatchevent
 */
declare function dispatchEvent(event: Event): boolean;
