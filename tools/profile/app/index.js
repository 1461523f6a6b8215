// What apps do besides what bench/load measures: each request is one of these, in turn, so that each has its part in the profile.

const encoder = new TextEncoder();
const text = "Grüße aus Köln, 東京 🙂 ".repeat(200);
const bytes = encoder.encode(text);
const html = `<!doctype html><title>t</title>${"<p class='a'>one <a href='/x?y=1'>two</a></p>".repeat(200)}`;
const record = { id: 1, name: "tea", tags: ["a", "b"], at: new Date(0), map: new Map([[1, { x: 1 }]]), data: new Uint8Array(100) };
const pattern = new URLPattern({ pathname: "/books/:id(\\d+)/*" });

const through = (body, ...transforms) =>
    new Response(transforms.reduce((stream, transform) => stream.pipeThrough(transform), new Blob([body]).stream()));

const tasks = {
    async json(request) {
        const value = await request.clone().json().catch(() => record);
        return Response.json({ value, again: JSON.parse(JSON.stringify(value)) }, { headers: { "x-a": "b" } });
    },
    urls(request) {
        const url = new URL("../a/b?c=d&e=%20f#g", request.url);
        url.searchParams.append("ü", "&=");
        url.searchParams.sort();
        const found = pattern.exec("https://example.com/books/42/x");
        return new Response(url.href + found.pathname.groups.id);
    },
    headers(request) {
        const headers = new Headers(request.headers);
        for (let i = 0; i < 20; i++) headers.append(`x-${i % 7}`, String(i));
        headers.append("set-cookie", "a=b; Path=/");
        headers.append("set-cookie", "c=d; HttpOnly");
        return new Response([...headers].join("\n"), { headers });
    },
    encoding() {
        const decoder = new TextDecoder();
        let all = "";
        for (let i = 0; i < bytes.length; i += 1001) all += decoder.decode(bytes.subarray(i, i + 1001), { stream: true });
        all += decoder.decode() + new TextDecoder("utf-16le").decode(bytes) + new TextDecoder("windows-1252").decode(bytes);
        return new Response(btoa(atob(btoa(String(all.length).repeat(100)))));
    },
    clone() {
        const copy = structuredClone(record);
        const { port1, port2 } = new MessageChannel();
        port1.postMessage(copy, []);
        port2.close();
        return new Response(String(copy.map.size));
    },
    async digests() {
        const key = await crypto.subtle.importKey("raw", bytes.slice(0, 32), { name: "HMAC", hash: "SHA-256" }, false, ["sign", "verify"]);
        const mac = await crypto.subtle.sign("HMAC", key, bytes);
        const good = await crypto.subtle.verify("HMAC", key, mac, bytes);
        const digest = await crypto.subtle.digest("SHA-512", bytes);
        return new Response(`${good} ${new Uint8Array(digest)[0]} ${crypto.randomUUID()}`);
    },
    async ciphers() {
        const key = await crypto.subtle.generateKey({ name: "AES-GCM", length: 256 }, true, ["encrypt", "decrypt"]);
        const iv = crypto.getRandomValues(new Uint8Array(12));
        const secret = await crypto.subtle.encrypt({ name: "AES-GCM", iv }, key, bytes);
        await crypto.subtle.decrypt({ name: "AES-GCM", iv }, key, secret);
        return Response.json(await crypto.subtle.exportKey("jwk", key));
    },
    async signatures() {
        const pair = await crypto.subtle.generateKey({ name: "ECDSA", namedCurve: "P-256" }, true, ["sign", "verify"]);
        const how = { name: "ECDSA", hash: "SHA-256" };
        return new Response(await crypto.subtle.sign(how, pair.privateKey, bytes));
    },
    gzip: () => through(text, new CompressionStream("gzip"), new DecompressionStream("gzip")),
    deflate: () => through(text, new CompressionStream("deflate-raw"), new DecompressionStream("deflate-raw")),
    brotli: () => through(text, new CompressionStream("brotli"), new DecompressionStream("brotli")),
    async forms() {
        const form = new FormData();
        form.append("a", "b".repeat(1000));
        form.append("file", new File([bytes], "f.txt", { type: "text/plain" }));
        const parsed = await new Response(form).formData();
        const fields = await new Response(new URLSearchParams({ a: text, b: "1" })).formData();
        return new Response(`${parsed.get("file").size} ${fields.get("b")}`);
    },
    rewriter() {
        const rewriter = new HTMLRewriter().on("a[href]", {
            element(element) {
                element.setAttribute("href", element.getAttribute("href") + "&z=1");
                element.append("<b>!</b>", { html: true });
            },
            text(chunk) {
                if (!chunk.lastInTextNode) chunk.replace(chunk.text.toUpperCase());
            },
        });
        return rewriter.transform(new Response(html, { headers: { "content-type": "text/html" } }));
    },
    async cached() {
        const cache = caches.default;
        const at = "http://cache.test/" + (Math.random() * 10 | 0);
        const hit = await cache.match(at);
        if (hit) return hit;
        const response = new Response(text, { headers: { "cache-control": "max-age=1", vary: "accept" } });
        await cache.put(at, response.clone());
        return response;
    },
    async streams() {
        let left = 20;
        const source = new ReadableStream({
            pull(controller) {
                if (left-- === 0) controller.close();
                else controller.enqueue(bytes.slice(0, 500));
            },
        });
        const [one, other] = source.tee();
        let length = 0;
        for await (const chunk of one.pipeThrough(new TextDecoderStream())) length += chunk.length;
        return new Response(other, { headers: { "x-length": String(length) } });
    },
    async files() {
        const blob = new Blob([bytes, text, new Blob(["x"])], { type: "text/plain" });
        return new Response(blob.slice(10, -10).stream(), { headers: { "content-type": blob.type } });
    },
    async calls(request, env) {
        const answers = await Promise.all([1, 2, 3].map((i) => env.OTHER.fetch(`http://other/${i}`, { method: "POST", body: text })));
        return new Response((await Promise.all(answers.map((answer) => answer.text()))).join());
    },
    async sockets(request, env) {
        const at = new URL("/echo", request.url);
        const { webSocket } = await fetch(at, { headers: { upgrade: "websocket" } });
        const { promise, resolve, reject } = Promise.withResolvers();
        let left = 20;
        webSocket.addEventListener("message", ({ data }) => (--left === 0 ? resolve(data) : webSocket.send(left % 2 ? text : bytes)));
        webSocket.addEventListener("close", reject);
        webSocket.accept();
        webSocket.send(text);
        await promise;
        webSocket.close(1000, "done");
        return new Response("echoed");
    },
    async signals() {
        const signal = AbortSignal.any([AbortSignal.timeout(1000), new AbortController().signal]);
        const target = new EventTarget();
        target.addEventListener("ping", () => {}, { signal, once: true });
        target.dispatchEvent(new CustomEvent("ping", { detail: record }));
        await scheduler.wait(1, { signal });
        await navigator.locks.request("lock", async () => {});
        performance.mark("a");
        performance.measure("b", "a");
        performance.clearMarks();
        performance.clearMeasures();
        return new Response("ok");
    },
    fails() {
        console.log("about to fail", record);
        return new Response(null, { status: 404 });
    },
};

const names = Object.keys(tasks);
let count = 0;

export default {
    async fetch(request, env, ctx) {
        const path = new URL(request.url).pathname;
        if (path === "/echo") {
            const [client, server] = Object.values(new WebSocketPair());
            server.accept();
            server.addEventListener("message", ({ data }) => server.send(data));
            return new Response(null, { status: 101, webSocket: client });
        }
        const name = path.length > 1 ? path.slice(1) : names[count++ % names.length];
        ctx.waitUntil(Promise.resolve());
        return tasks[name](request, env);
    },
};
