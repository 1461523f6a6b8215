// Does one thing with one size, as the path says: /operation/context/size/character.

const bytes = (n) => new Uint8Array(n);
const buffer = (n) => new ArrayBuffer(n);
const list = (n, item) => new Array(Math.min(n >> 4, 1e6)).fill(item);
const many = (n, make) => {
    const kept = [];
    for (let left = n; left > 0; left -= 1000) kept.push(make(kept.length));
    return kept;
};

/// Each gets a text of about `n` characters, and `n`.
const operations = {
    // Encodings.
    btoa: (text) => btoa(text),
    atob: (text, n) => atob("A".repeat(n & ~3)),
    atob_of_text: (text) => atob(text),
    encode: (text) => new TextEncoder().encode(text),
    encode_into: (text, n) => new TextEncoder().encodeInto(text, bytes(n)),
    decode: (text, n) => new TextDecoder().decode(bytes(n)),
    decode_malformed: (text, n) => new TextDecoder().decode(bytes(n).fill(0xff)),
    decode_utf16: (text, n) => new TextDecoder("utf-16le").decode(bytes(n)),
    decode_gb18030: (text, n) => new TextDecoder("gb18030").decode(bytes(n).fill(0x81)),
    decode_windows: (text, n) => new TextDecoder("windows-1252").decode(bytes(n).fill(0x81)),
    label: (text) => new TextDecoder(text),
    // URLs.
    url: (text) => new URL("http://a.test/" + text),
    url_host: (text) => new URL("http://" + text + "/"),
    url_base: (text) => new URL("x", "http://a.test/" + text),
    can_parse: (text) => URL.canParse("http://a.test/?" + text),
    url_setters(text) {
        const url = new URL("http://a.test/");
        for (const part of ["hash", "search", "pathname", "username", "password", "host", "port"]) url[part] = text;
        return url.href;
    },
    search_params(text) {
        const url = new URL("http://a.test/");
        for (let i = 0; i < 5; i++) url.searchParams.append(text, text);
        return url.href;
    },
    params_of_text: (text) => new URLSearchParams("a=" + text).toString(),
    params_of_pairs: (text, n) => new URLSearchParams(list(n, ["name", "value"])).toString(),
    params_of_record: (text, n) => new URLSearchParams(Object.fromEntries(many(n, (i) => [i, i]))).toString(),
    params_sort: (text, n) => new URLSearchParams(list(n, ["name", "value"])).sort(),
    import_meta: (text) => import.meta.resolve(text),
    import_it: (text) => import(text),
    import_attributes: (text) => import("./x.js", { with: { type: text } }),
    // Blobs, forms, bodies.
    blob: (text) => new Blob([text, text]).text(),
    blob_endings: (text, n) => new Blob(["\r".repeat(n)], { endings: "native" }).arrayBuffer(),
    blob_type: (text) => new Blob([], { type: text }).type,
    blob_parts: (text, n) => new Blob(list(n, "part")).bytes(),
    blob_slices(text, n) {
        const blob = new Blob([bytes(n)]);
        return new Blob(many(n, (i) => blob.slice(i))).text();
    },
    file: (text) => new File([text], text).name,
    async form(text) {
        const form = new FormData();
        form.append(text, text);
        form.append("file", new Blob([text]), text);
        return new Response(form).formData();
    },
    form_lines(text, n) {
        const form = new FormData();
        form.append("a", "\n".repeat(n));
        return new Response(form).text();
    },
    form_urlencoded: (text) =>
        new Response("a=" + text + "&b", { headers: { "content-type": "application/x-www-form-urlencoded" } }).formData(),
    form_of_nothing: (text) => new Response(text, { headers: { "content-type": "multipart/form-data; boundary=x" } }).formData(),
    body_text: (text) => new Response(text).text(),
    body_json: (text) => new Response(JSON.stringify(text)).json(),
    body_bytes: (text, n) => new Response(bytes(n)).bytes(),
    body_clone: (text) => Promise.all([new Response(text), new Response(text).clone()].map((body) => body.blob())),
    body_params: (text) => new Response(new URLSearchParams({ [text]: text })).text(),
    response_json: (text) => Response.json([text]),
    response_status: (text) => new Response(null, { statusText: text }),
    request: (text) => new Request("http://a.test/" + text, { method: "POST", body: text, headers: { a: text } }),
    request_options: (text) => new Request("http://a.test/", { integrity: text, method: text, referrer: text }),
    data_url: (text) => fetch("data:text/plain," + text).then((response) => response.text()),
    stream(text, n) {
        const pull = (controller) => {
            controller.enqueue(bytes(n));
            controller.close();
        };
        return new Response(new ReadableStream({ pull }).pipeThrough(new TransformStream())).arrayBuffer();
    },
    tee: (text, n) => Promise.all(new Response(bytes(n)).body.tee().map((body) => new Response(body).text())),
    // Headers.
    header: (text) => [...new Headers({ a: text })],
    header_name: (text) => new Headers().get(text),
    headers(text, n) {
        const headers = new Headers();
        for (let left = n; left > 0; left -= 1000) headers.append("a", "x".repeat(1000));
        return [...headers];
    },
    headers_of_pairs: (text, n) => new Headers(list(n, ["name", "value"])),
    cookies(text, n) {
        const headers = new Headers();
        many(Math.min(n, 1e6), () => headers.append("set-cookie", "a=b"));
        return headers.getSetCookie();
    },
    // Structured clones.
    clone_text: (text) => structuredClone([text, text, text]),
    clone_bytes: (text, n) => structuredClone(list(n, bytes(1000))),
    clone_getter: (text, n) => structuredClone({ get a() { return bytes(n); }, get b() { return [text + "!"]; } }),
    clone_proxy: (text) => structuredClone(new Proxy({}, { ownKeys: () => [text], get: () => text })),
    clone_exceptions: (text, n) => structuredClone(many(n, () => new DOMException(text, text))),
    clone_errors: (text, n) => structuredClone(many(n, () => new Error(text, { cause: text }))),
    clone_files: (text, n) => structuredClone(many(n, () => new File([text], text))),
    clone_map: (text, n) => structuredClone(new Map(many(n, (i) => [i, { text }]))),
    clone_resizable: (text, n) => structuredClone(new ArrayBuffer(n, { maxByteLength: 2 * n })),
    clone_transfer: (text, n) => structuredClone(buffer(n), { transfer: [buffer(n)] }),
    clone_nested: (text, n) => structuredClone({ get a() { return structuredClone({ get b() { return btoa("x".repeat(n)); } }); } }),
    post_message(text) {
        const { port1 } = new MessageChannel();
        for (let i = 0; i < 5; i++) port1.postMessage(text);
    },
    // Errors, events, the console.
    throw_text(text) { throw text; },
    throw_error(text) { throw new Error(text, { cause: new Error(text) }); },
    report: (text) => reportError(new TypeError(text)),
    reject: (text) => void Promise.reject(new AggregateError([text, text], text)),
    dom_exception: (text) => new DOMException(text, text).stack,
    abort: (text) => AbortSignal.abort(text).throwIfAborted(),
    event: (text) => new EventTarget().dispatchEvent(new Event(text)),
    log: (text) => console.log(text, [text], { [text]: text }),
    log_format: (text) => console.log("%s %o %d", text, text, text),
    log_many: (text, n) => console.log(list(n, { a: 1 }), new Map(many(n, (i) => [i, i])), bytes(n)),
    log_table: (text, n) => console.table(many(n, (i) => ({ a: i }))),
    log_count: (text) => console.count(text),
    stack_trace(text) {
        Error.prepareStackTrace = () => btoa(text);
        return new Error(text).stack;
    },
    timer: (text) => setTimeout(() => {}, 0, text),
    // Cryptography.
    digest: (text, n) => crypto.subtle.digest("SHA-256", bytes(n)),
    digest_name: (text) => crypto.subtle.digest(text, bytes(1)),
    random: (text, n) => crypto.getRandomValues(bytes(n)),
    jwk: (text) => crypto.subtle.importKey("jwk", { kty: "oct", k: text, key_ops: [text] }, "AES-GCM", true, ["encrypt"]),
    spki: (text, n) => crypto.subtle.importKey("spki", bytes(n).fill(0x30), { name: "ECDSA", namedCurve: "P-256" }, true, ["verify"]),
    long_key: (text, n) => crypto.subtle.generateKey({ name: "HMAC", hash: "SHA-256", length: Math.min(8 * n, 2 ** 32 - 1) }, true, ["sign"]),
    async hmac(text, n) {
        const key = await crypto.subtle.importKey("raw", bytes(n), { name: "HMAC", hash: "SHA-256" }, true, ["sign"]);
        return [await crypto.subtle.sign("HMAC", key, bytes(n)), await crypto.subtle.exportKey("jwk", key), structuredClone(key)];
    },
    async encrypt(text, n) {
        const key = await crypto.subtle.generateKey({ name: "AES-GCM", length: 128 }, true, ["encrypt"]);
        return crypto.subtle.encrypt({ name: "AES-GCM", iv: bytes(n), additionalData: bytes(n) }, key, bytes(n));
    },
    async derive(text, n) {
        const key = await crypto.subtle.importKey("raw", bytes(n), "PBKDF2", false, ["deriveBits"]);
        return crypto.subtle.deriveBits({ name: "PBKDF2", hash: text.length & 1 ? "SHA-1" : text, salt: bytes(n), iterations: 1 }, key, Math.min(8 * n, 2 ** 32 - 8));
    },
    sponge: (text, n) => crypto.subtle.digest({ name: "KT128", outputLength: Math.min(8 * n, 2 ** 32 - 8), customization: bytes(n) }, bytes(n)),
    // V8's own.
    json: (text) => JSON.parse(JSON.stringify({ [text]: [text, text] })),
    json_revive: (text, n) => JSON.parse(JSON.stringify(list(n, 1)), (key, value) => value),
    json_nested: (text, n) => JSON.parse("[".repeat(Math.min(n, 1e6))),
    regexp: (text) => new RegExp(text),
    regexp_match: (text) => text.match(/(.)(.)/gu),
    regexp_replace: (text, n) => "x".repeat(n).replace(/x/g, () => "yy"),
    normalize: (text) => text.normalize("NFKD"),
    upper: (text) => text.toLocaleUpperCase("tr"),
    compare: (text) => text.localeCompare(text + "x", "de"),
    well_formed: (text) => text.toWellFormed(),
    uri: (text) => decodeURIComponent(encodeURIComponent(text)),
    escape: (text) => unescape(escape(text)),
    replace_all: (text, n) => "x".repeat(n).replaceAll("x", "yyy"),
    pad: (text, n) => "".padEnd(n, "ab").split("b", 1000),
    join: (text, n) => list(n, text.slice(0, 100)).join(text.slice(0, 100)),
    flat: (text, n) => list(n, [1, 2]).flat(),
    sort: (text, n) => Float64Array.from(many(n, Math.random)).sort(),
    from: (text, n) => Array.from({ length: n }),
    concat: (text, n) => list(n, 1).concat(list(n, 1), list(n, 1)),
    spread: (text, n) => Math.max(...list(n, 1)),
    set: (text, n) => new Set(many(n, (i) => i)).union(new Set(many(n, (i) => -i))),
    bigint: (text, n) => BigInt("0x" + "f".repeat(Math.min(n, 1e7))) ** 2n,
    bigint_text: (text, n) => (1n << BigInt(Math.min(n, 1e6))).toString(),
    date: (text) => new Date(text).toLocaleString("ar"),
    symbol: (text) => Symbol.for(text).description,
    typed: (text, n) => new Float64Array(n).map((x) => x),
    subarray: (text, n) => new Uint8Array(bytes(n).buffer.slice(0)).toReversed(),
    resizable(text, n) {
        const grown = new ArrayBuffer(1, { maxByteLength: n });
        grown.resize(n);
        return grown.transfer(n >> 1);
    },
    shared: (text, n) => new SharedArrayBuffer(n),
    to_base64: (text, n) => bytes(n).toBase64(),
    from_base64: (text, n) => Uint8Array.fromBase64("A".repeat(n & ~3)),
    from_hex: (text, n) => Uint8Array.fromHex("a".repeat(n & ~1)),
    wasm_memory: (text, n) => new WebAssembly.Memory({ initial: n >> 16 }).grow(1),
    wasm_table: (text, n) => new WebAssembly.Table({ element: "externref", initial: Math.min(n, 1e7) }),
    wasm_module: (text, n) => new WebAssembly.Module(bytes(n)),
    wasm_compile: (text, n) => WebAssembly.compile(bytes(n)),
    segmenter: (text) => [...new Intl.Segmenter("en").segment(text.slice(0, 1e5))],
    locale: (text) => new Intl.Locale(text),
    locales: (text, n) => Intl.getCanonicalLocales(list(n, "de-DE")),
    number_format: (text) => new Intl.NumberFormat("en", { style: "currency", currency: text }).format(1),
    number_text: (text, n) => new Intl.NumberFormat("en").format("9".repeat(Math.min(n, 1e6))),
    date_format: (text) => new Intl.DateTimeFormat("en", { timeZone: text }).format(0),
    list_format: (text, n) => new Intl.ListFormat("en").format(many(Math.min(n, 1e7), () => "item")),
    display_names: (text) => new Intl.DisplayNames("en", { type: "region" }).of(text),
    collator: (text) => new Intl.Collator("de").compare(text, text + "x"),
    plural: (text) => new Intl.PluralRules("en", { type: text }),
    zoned: (text) => Temporal.ZonedDateTime.from(text),
    plain_date: (text) => Temporal.PlainDate.from(text),
    plain_time: (text) => Temporal.PlainTime.from(text),
    instant: (text) => Temporal.Instant.from(text),
    duration: (text) => Temporal.Duration.from("P" + text),
    time_zone: (text) => Temporal.Now.zonedDateTimeISO(text),
    calendar: (text) => Temporal.PlainDate.from("2020-01-01").withCalendar(text),
    temporal_object: (text) => Temporal.PlainDate.from({ year: 2020, monthCode: text, day: 1 }),
};

/// Where the operation is done.
const contexts = {
    plain: (work) => work(),
    getter: (work) => structuredClone({ get x() { work(); } }),
    proxy: (work) => structuredClone(new Proxy({}, { ownKeys() { work(); return []; } })),
    conversion: (work) => new URLSearchParams([["a", { toString: work }]]),
    iterator: (work) => new Headers((function* () { work(); })()),
    json: (work) => JSON.stringify({ toJSON: work }),
    microtask: (work) => Promise.resolve().then(work),
    trace(work) {
        Error.prepareStackTrace = work;
        return new Error("x").stack;
    },
};

export default {
    async fetch(request) {
        const [operation, context, size, character] = decodeURIComponent(new URL(request.url).pathname).slice(1).split("/");
        if (operation === "names") return Response.json([Object.keys(operations), Object.keys(contexts)]);
        const n = Number(size);
        let done = "threw nothing";
        try {
            const text = character.repeat(n);
            await contexts[context](() => operations[operation](text, n));
        } catch (error) {
            done = error instanceof Error ? error.name : typeof error;
        }
        return new Response(done);
    },
};
