//! What TypeScript can say and Web IDL cannot: type parameters, tuples, wider arguments. A test checks that each entry names
//! something of the model.

/// Definitions that no IDL of ours has: the shape of an app, modules that are no code, WebAssembly.
pub(super) const PRELUDE: &str = include_str!("prelude.d.ts");

/// Type parameters of interfaces, dictionaries and callbacks.
const GENERICS: &[(&str, &str)] = &[
    ("CustomEvent", "<T = any>"),
    ("CustomEventInit", "<T = any>"),
    ("QueuingStrategy", "<T = any>"),
    ("QueuingStrategySize", "<T = any>"),
    ("ReadableStream", "<R = any>"),
    ("ReadableStreamDefaultController", "<R = any>"),
    ("ReadableStreamDefaultReader", "<R = any>"),
    ("ReadableStreamReadResult", "<R = any>"),
    ("ReadableWritablePair", "<R = any, W = any>"),
    ("TransformStream", "<I = any, O = any>"),
    ("TransformStreamDefaultController", "<O = any>"),
    ("Transformer", "<I = any, O = any>"),
    ("UnderlyingSink", "<W = any>"),
    ("UnderlyingSource", "<R = any>"),
    ("WritableStream", "<W = any>"),
    ("WritableStreamDefaultWriter", "<W = any>"),
];

/// What replaces a whole dictionary, callback or typedef.
const WHOLE: &[(&str, &str)] = &[
    (
        "HeadersInit",
        "Headers | Iterable<string[]> | Record<string, string>",
    ),
    ("QueuingStrategySize", "(chunk: T) => number"),
    (
        "ReadableStreamReadResult",
        "{ done: false; value: R } | { done: true; value: R | undefined }",
    ),
    ("RequestInfo", "Request | string | URL"),
];

/// Methods whose promises are for a value of the type that the caller says.
const TYPED: &[(&str, &str)] = &[("Request", "json"), ("Response", "json")];

/// The elements of asynchronous iterables.
const ELEMENTS: &[(&str, &str)] = &[("ReadableStream", "R")];

/// The events of event handlers, where they are not plain ones, by owner.
const EVENTS: &[(&str, &[(&str, &str)])] = &[
    (
        "BroadcastChannel",
        &[
            ("onmessage", "MessageEvent"),
            ("onmessageerror", "MessageEvent"),
        ],
    ),
    ("EventSource", &[("onmessage", "MessageEvent")]),
    (
        "FileReader",
        &[
            ("onabort", "ProgressEvent"),
            ("onerror", "ProgressEvent"),
            ("onload", "ProgressEvent"),
            ("onloadend", "ProgressEvent"),
            ("onloadstart", "ProgressEvent"),
            ("onprogress", "ProgressEvent"),
        ],
    ),
    (
        "MessagePort",
        &[
            ("onmessage", "MessageEvent"),
            ("onmessageerror", "MessageEvent"),
        ],
    ),
    (
        "WebSocket",
        &[("onclose", "CloseEvent"), ("onmessage", "MessageEvent")],
    ),
];

/// Members, by owner; `new` is the constructor.
const MEMBERS: &[(&str, &str, &str)] = &[
    (
        "ByteLengthQueuingStrategy",
        "size",
        "readonly size: QueuingStrategySize<ArrayBufferView>;",
    ),
    (
        "CountQueuingStrategy",
        "size",
        "readonly size: QueuingStrategySize;",
    ),
    (
        "Crypto",
        "DigestStream",
        "readonly DigestStream: { prototype: DigestStream; new(algorithm: AlgorithmIdentifier): DigestStream };",
    ),
    (
        "Crypto",
        "getRandomValues",
        "getRandomValues<T extends ArrayBufferView>(array: T): T;",
    ),
    (
        "CryptoKey",
        "algorithm",
        "readonly algorithm: KeyAlgorithm;",
    ),
    ("CryptoKey", "usages", "readonly usages: KeyUsage[];"),
    ("CryptoKeyPair", "privateKey", "privateKey: CryptoKey;"),
    ("CryptoKeyPair", "publicKey", "publicKey: CryptoKey;"),
    ("CustomEvent", "detail", "readonly detail: T;"),
    (
        "CustomEvent",
        "new",
        "new<T = any>(type: string, eventInitDict?: CustomEventInit<T>): CustomEvent<T>;",
    ),
    ("CustomEventInit", "detail", "detail?: T;"),
    (
        "Element",
        "attributes",
        "readonly attributes: IterableIterator<[string, string]>;",
    ),
    (
        "Element",
        "onEndTag",
        "onEndTag(handler: (tag: EndTag) => any): void;",
    ),
    (
        "FetchEvent",
        "respondWith",
        "respondWith(r: Response | PromiseLike<Response>): void;",
    ),
    (
        "HTMLRewriter",
        "on",
        "on(selector: string, handlers: HTMLRewriterElementHandlers): HTMLRewriter;",
    ),
    (
        "HTMLRewriter",
        "onDocument",
        "onDocument(handlers: HTMLRewriterDocumentHandlers): HTMLRewriter;",
    ),
    (
        "HTMLRewriterDocumentHandlers",
        "comments",
        "comments?(comment: Comment): any;",
    ),
    (
        "HTMLRewriterDocumentHandlers",
        "doctype",
        "doctype?(doctype: Doctype): any;",
    ),
    (
        "HTMLRewriterDocumentHandlers",
        "end",
        "end?(end: DocumentEnd): any;",
    ),
    (
        "HTMLRewriterDocumentHandlers",
        "text",
        "text?(text: Text): any;",
    ),
    (
        "HTMLRewriterElementHandlers",
        "comments",
        "comments?(comment: Comment): any;",
    ),
    (
        "HTMLRewriterElementHandlers",
        "element",
        "element?(element: Element): any;",
    ),
    (
        "HTMLRewriterElementHandlers",
        "text",
        "text?(text: Text): any;",
    ),
    (
        "MessagePort",
        "onmessage",
        "onmessage: ((event: MessageEvent) => any) | null;",
    ),
    (
        "MessagePort",
        "onmessageerror",
        "onmessageerror: ((event: MessageEvent) => any) | null;",
    ),
    ("QueuingStrategy", "size", "size?: QueuingStrategySize<T>;"),
    (
        "ReadableStream",
        "new",
        "new<R = any>(underlyingSource?: UnderlyingSource<R>, strategy?: QueuingStrategy<R>): ReadableStream<R>;",
    ),
    (
        "ReadableStream",
        "from",
        "from<R>(asyncIterable: AsyncIterable<R> | Iterable<R | PromiseLike<R>>): ReadableStream<R>;",
    ),
    (
        "ReadableStream",
        "getReader",
        "getReader(options: { mode: \"byob\" }): ReadableStreamBYOBReader;\ngetReader(options?: { mode?: undefined }): ReadableStreamDefaultReader<R>;",
    ),
    (
        "ReadableStream",
        "pipeThrough",
        "pipeThrough<T>(transform: ReadableWritablePair<T, R>, options?: StreamPipeOptions): ReadableStream<T>;",
    ),
    (
        "ReadableStream",
        "pipeTo",
        "pipeTo(destination: WritableStream<R>, options?: StreamPipeOptions): Promise<void>;",
    ),
    (
        "ReadableStream",
        "tee",
        "tee(): [ReadableStream<R>, ReadableStream<R>];",
    ),
    (
        "ReadableStreamBYOBReader",
        "read",
        "read<T extends ArrayBufferView>(view: T, options?: ReadableStreamBYOBReaderReadOptions): Promise<ReadableStreamReadResult<T>>;",
    ),
    (
        "ReadableStreamDefaultController",
        "enqueue",
        "enqueue(chunk?: R): void;",
    ),
    (
        "ReadableStreamDefaultReader",
        "new",
        "new<R = any>(stream: ReadableStream<R>): ReadableStreamDefaultReader<R>;",
    ),
    (
        "ReadableStreamDefaultReader",
        "read",
        "read(): Promise<ReadableStreamReadResult<R>>;",
    ),
    (
        "ReadableWritablePair",
        "readable",
        "readable: ReadableStream<R>;",
    ),
    (
        "ReadableWritablePair",
        "writable",
        "writable: WritableStream<W>;",
    ),
    (
        "SubtleCrypto",
        "generateKey",
        "generateKey(algorithm: RsaHashedKeyGenParams | EcKeyGenParams, extractable: boolean, keyUsages: Iterable<KeyUsage>): Promise<CryptoKeyPair>;\ngenerateKey(algorithm: AesKeyGenParams | HmacKeyGenParams, extractable: boolean, keyUsages: Iterable<KeyUsage>): Promise<CryptoKey>;\ngenerateKey(algorithm: AlgorithmIdentifier, extractable: boolean, keyUsages: Iterable<KeyUsage>): Promise<CryptoKey | CryptoKeyPair>;",
    ),
    (
        "TransformStream",
        "new",
        "new<I = any, O = any>(transformer?: Transformer<I, O>, writableStrategy?: QueuingStrategy<I>, readableStrategy?: QueuingStrategy<O>): TransformStream<I, O>;",
    ),
    (
        "TransformStream",
        "readable",
        "readonly readable: ReadableStream<O>;",
    ),
    (
        "TransformStream",
        "writable",
        "readonly writable: WritableStream<I>;",
    ),
    (
        "TransformStreamDefaultController",
        "enqueue",
        "enqueue(chunk?: O): void;",
    ),
    (
        "Transformer",
        "flush",
        "flush?: (controller: TransformStreamDefaultController<O>) => void | PromiseLike<void>;",
    ),
    (
        "Transformer",
        "start",
        "start?: (controller: TransformStreamDefaultController<O>) => any;",
    ),
    (
        "Transformer",
        "transform",
        "transform?: (chunk: I, controller: TransformStreamDefaultController<O>) => void | PromiseLike<void>;",
    ),
    (
        "URL",
        "new",
        "new(url: string | URL, base?: string | URL): URL;",
    ),
    (
        "URL",
        "canParse",
        "canParse(url: string | URL, base?: string | URL): boolean;",
    ),
    (
        "URL",
        "parse",
        "parse(url: string | URL, base?: string | URL): URL | null;",
    ),
    (
        "URLPatternComponentResult",
        "groups",
        "groups: Record<string, string | undefined>;",
    ),
    ("URLPatternComponentResult", "input", "input: string;"),
    (
        "URLPatternResult",
        "hash",
        "hash: URLPatternComponentResult;",
    ),
    (
        "URLPatternResult",
        "hostname",
        "hostname: URLPatternComponentResult;",
    ),
    ("URLPatternResult", "inputs", "inputs: URLPatternInput[];"),
    (
        "URLPatternResult",
        "password",
        "password: URLPatternComponentResult;",
    ),
    (
        "URLPatternResult",
        "pathname",
        "pathname: URLPatternComponentResult;",
    ),
    (
        "URLPatternResult",
        "port",
        "port: URLPatternComponentResult;",
    ),
    (
        "URLPatternResult",
        "protocol",
        "protocol: URLPatternComponentResult;",
    ),
    (
        "URLPatternResult",
        "search",
        "search: URLPatternComponentResult;",
    ),
    (
        "URLPatternResult",
        "username",
        "username: URLPatternComponentResult;",
    ),
    (
        "UnderlyingSink",
        "write",
        "write?: (chunk: W, controller: WritableStreamDefaultController) => void | PromiseLike<void>;",
    ),
    (
        "UnderlyingSource",
        "pull",
        "pull?(controller: ReadableStreamDefaultController<R> & ReadableByteStreamController): void | PromiseLike<void>;",
    ),
    (
        "UnderlyingSource",
        "start",
        "start?(controller: ReadableStreamDefaultController<R> & ReadableByteStreamController): any;",
    ),
    (
        "WebSocketPair",
        "new",
        "new(): WebSocketPair & { 0: WebSocket; 1: WebSocket };",
    ),
    (
        "WritableStream",
        "new",
        "new<W = any>(underlyingSink?: UnderlyingSink<W>, strategy?: QueuingStrategy<W>): WritableStream<W>;",
    ),
    (
        "WritableStream",
        "getWriter",
        "getWriter(): WritableStreamDefaultWriter<W>;",
    ),
    (
        "WritableStreamDefaultWriter",
        "new",
        "new<W = any>(stream: WritableStream<W>): WritableStreamDefaultWriter<W>;",
    ),
    (
        "WritableStreamDefaultWriter",
        "write",
        "write(chunk?: W): Promise<void>;",
    ),
];

fn find(table: &[(&str, &'static str)], name: &str) -> Option<&'static str> {
    table
        .iter()
        .find(|(owner, _)| *owner == name)
        .map(|(_, text)| *text)
}

/// `<T = any>`, or nothing.
pub(super) fn generics(name: &str) -> &'static str {
    find(GENERICS, name).unwrap_or("")
}

/// Whether the caller says what a method's promise is for.
pub(super) fn is_typed(owner: &str, method: &str) -> bool {
    TYPED.contains(&(owner, method))
}

pub(super) fn whole(name: &str) -> Option<&'static str> {
    find(WHOLE, name)
}

pub(super) fn element(name: &str) -> Option<&'static str> {
    find(ELEMENTS, name)
}

pub(super) fn member(owner: &str, member: &str) -> Option<&'static str> {
    MEMBERS
        .iter()
        .find(|(o, m, _)| *o == owner && *m == member)
        .map(|(_, _, text)| *text)
}

/// The event handlers of an interface whose events are not plain ones.
pub(super) fn events(owner: &str) -> &'static [(&'static str, &'static str)] {
    EVENTS
        .iter()
        .find(|(name, _)| *name == owner)
        .map_or(&[][..], |(_, events)| *events)
}

/// Every owner, and the member if the entry is about one.
#[cfg(test)]
pub(super) fn entries() -> impl Iterator<Item = (&'static str, Option<&'static str>)> {
    let owners = [GENERICS, WHOLE, ELEMENTS]
        .into_iter()
        .flatten()
        .map(|(owner, _)| (*owner, None));
    let members = MEMBERS
        .iter()
        .map(|(owner, member, _)| (*owner, Some(*member)));
    let handlers = EVENTS.iter().flat_map(|(owner, events)| {
        events
            .iter()
            .map(move |(handler, _)| (*owner, Some(*handler)))
    });
    let typed = TYPED.iter().map(|(owner, method)| (*owner, Some(*method)));
    owners.chain(members).chain(handlers).chain(typed)
}
