// What the reference says of exceptions, tried: each of these is thrown, and is listed at its member.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { nano, site } from "./nano.mjs";

const model = JSON.parse(readFileSync(join(site, "data/reference.json"), "utf8"));

const pair = "const [a, b] = Object.values(new WebSocketPair()); a.accept();";
const locked = "const s = new ReadableStream(); s.getReader();";
const writer = "const s = new WritableStream(); const w = s.getWriter();";
const key = 'const key = await crypto.subtle.generateKey({ name: "AES-GCM", length: 128 }, false, ["encrypt"]);';
const bytes = "const source = { type: 'bytes', start(c) { controller = c; } }; let controller; const s = new ReadableStream(source);";
/** Member, what it throws (of a DOMException the name, too), and how. */
const cases = `
AbortSignal.throwIfAborted | any | AbortSignal.abort(1).throwIfAborted()
BroadcastChannel.postMessage | DOMException InvalidStateError | const c = new BroadcastChannel("a"); c.close(); c.postMessage(1)
BroadcastChannel.postMessage | DOMException DataCloneError | new BroadcastChannel("b").postMessage(() => {})
Crypto.getRandomValues | DOMException TypeMismatchError | crypto.getRandomValues(new Float32Array(1))
Crypto.getRandomValues | QuotaExceededError | crypto.getRandomValues(new Uint8Array(65537))
EventSource.constructor | DOMException SyntaxError | new EventSource("http://a:b/")
EventTarget.dispatchEvent | DOMException InvalidStateError | const e = new Event("a"); addEventListener("a", () => { try { dispatchEvent(e); } catch (error) { self.thrown = error; } }); dispatchEvent(e); throw self.thrown
ExtendableEvent.waitUntil | DOMException InvalidStateError | new ExtendableEvent("a").waitUntil(1)
FetchEvent.respondWith | DOMException InvalidStateError | new FetchEvent("a", { request: new Request("http://a/") }).respondWith(1)
FileReader.readAsText | DOMException InvalidStateError | const r = new FileReader(); r.readAsText(new Blob(["a"])); r.readAsText(new Blob(["a"]))
FormData.constructor | TypeError | new FormData({})
Headers.append | TypeError | new Headers().append("a", "b\\nc")
Headers.constructor | TypeError | new Headers([["a"]])
Headers.delete | TypeError | Response.error().headers.delete("a")
Headers.get | TypeError | new Headers().get("a b")
Headers.has | TypeError | new Headers().has("a b")
Headers.set | TypeError | new Headers().set("a b", "c")
LockManager.request | DOMException NotSupportedError | await navigator.locks.request("-a", () => {})
LockManager.request | any | await navigator.locks.request("a", () => { throw 1; })
MessagePort.postMessage | DOMException DataCloneError | new MessageChannel().port1.postMessage(() => {})
Performance.mark | DOMException DataCloneError | performance.mark("a", { detail() {} })
Performance.mark | TypeError | performance.mark("a", { startTime: -1 })
Performance.measure | DOMException SyntaxError | performance.measure("a", "none")
Performance.measure | TypeError | performance.measure("a", { start: 1, end: 2, duration: 1 })
PerformanceMark.constructor | TypeError | new PerformanceMark("a", { startTime: -1 })
PerformanceObserver.observe | DOMException InvalidModificationError | const o = new PerformanceObserver(() => {}); o.observe({ type: "mark" }); o.observe({ entryTypes: ["mark"] })
PerformanceObserver.observe | TypeError | new PerformanceObserver(() => {}).observe()
QuotaExceededError.constructor | RangeError | new QuotaExceededError("", { quota: -1 })
ReadableByteStreamController.close | TypeError | ${bytes} controller.close(); controller.close()
ReadableByteStreamController.enqueue | TypeError | ${bytes} controller.enqueue(new Uint8Array(0))
ReadableStream.cancel | TypeError | ${locked} await s.cancel()
ReadableStream.constructor | RangeError | new ReadableStream({}, { highWaterMark: -1 })
ReadableStream.constructor | any | new ReadableStream({ start() { throw 1; } })
ReadableStream.from | TypeError | ReadableStream.from(1)
ReadableStream.getReader | TypeError | ${locked} s.getReader()
ReadableStream.pipeThrough | TypeError | ${locked} s.pipeThrough(new TransformStream())
ReadableStream.pipeTo | TypeError | ${locked} await s.pipeTo(new WritableStream())
ReadableStream.tee | TypeError | ${locked} s.tee()
ReadableStreamBYOBReader.constructor | TypeError | new ReadableStreamBYOBReader(new ReadableStream())
ReadableStreamBYOBReader.read | TypeError | ${bytes} await s.getReader({ mode: "byob" }).read(new Uint8Array(0))
ReadableStreamBYOBReader.read | RangeError | ${bytes} await s.getReader({ mode: "byob" }).read(new Uint8Array(1), { min: 2 })
ReadableStreamBYOBRequest.respond | RangeError | ${bytes} s.getReader({ mode: "byob" }).read(new Uint8Array(1)); controller.byobRequest.respond(2)
ReadableStreamBYOBRequest.respondWithNewView | RangeError | ${bytes} s.getReader({ mode: "byob" }).read(new Uint8Array(1)); controller.byobRequest.respondWithNewView(new Uint8Array(2))
ReadableStreamDefaultController.close | TypeError | new ReadableStream({ start(c) { c.close(); c.close(); } })
ReadableStreamDefaultController.enqueue | TypeError | new ReadableStream({ start(c) { c.close(); c.enqueue(1); } })
ReadableStreamDefaultController.enqueue | RangeError | new ReadableStream({ start(c) { c.enqueue(1); } }, { size: () => -1 })
ReadableStreamDefaultReader.constructor | TypeError | ${locked} new ReadableStreamDefaultReader(s)
ReadableStreamDefaultReader.read | TypeError | const r = new ReadableStream().getReader(); r.releaseLock(); await r.read()
Request.clone | TypeError | const r = new Request("http://a/", { method: "POST", body: "a" }); await r.text(); r.clone()
Request.constructor | TypeError | new Request("http://a/", { method: "TRACE" })
Request.json | SyntaxError | await new Request("http://a/", { method: "POST", body: "{" }).json()
Response.clone | TypeError | const r = new Response("a"); await r.text(); r.clone()
Response.constructor | RangeError | new Response(null, { status: 99 })
Response.constructor | TypeError | new Response("a", { status: 204 })
Response.formData | TypeError | await new Response("a").formData()
Response.json | TypeError | Response.json(undefined)
Response.redirect | RangeError | Response.redirect("http://a/", 200)
Response.redirect | TypeError | Response.redirect("http://a:b/")
Response.text | TypeError | const r = new Response("a"); await r.text(); await r.text()
SubtleCrypto.decrypt | DOMException InvalidAccessError | ${key} await crypto.subtle.decrypt({ name: "AES-GCM", iv: new Uint8Array(12) }, key, new Uint8Array(20))
SubtleCrypto.digest | DOMException NotSupportedError | await crypto.subtle.digest("MD5", new Uint8Array(1))
SubtleCrypto.encrypt | DOMException OperationError | ${key} await crypto.subtle.encrypt({ name: "AES-GCM", iv: new Uint8Array(12), tagLength: 1 }, key, new Uint8Array(1))
SubtleCrypto.exportKey | DOMException InvalidAccessError | ${key} await crypto.subtle.exportKey("raw", key)
SubtleCrypto.generateKey | DOMException SyntaxError | await crypto.subtle.generateKey({ name: "AES-GCM", length: 128 }, true, [])
SubtleCrypto.generateKey | DOMException OperationError | await crypto.subtle.generateKey({ name: "AES-GCM", length: 127 }, true, ["encrypt"])
SubtleCrypto.getPublicKey | DOMException NotSupportedError | ${key} await crypto.subtle.getPublicKey(key, [])
SubtleCrypto.importKey | DOMException DataError | await crypto.subtle.importKey("raw", new Uint8Array(3), "AES-GCM", true, ["encrypt"])
SubtleCrypto.importKey | TypeError | await crypto.subtle.importKey("jwk", new Uint8Array(3), "AES-GCM", true, ["encrypt"])
SubtleCrypto.timingSafeEqual | TypeError | crypto.subtle.timingSafeEqual(new Uint8Array(1), new Uint8Array(2))
TextDecoder.constructor | RangeError | new TextDecoder("none")
TextDecoder.decode | TypeError | new TextDecoder("utf-8", { fatal: true }).decode(new Uint8Array([255]))
TextDecoderStream.constructor | RangeError | new TextDecoderStream("none")
TransformStream.constructor | RangeError | new TransformStream({ readableType: 1 })
TransformStreamDefaultController.enqueue | TypeError | new TransformStream({ start(c) { c.terminate(); c.enqueue(1); } })
URL.constructor | TypeError | new URL("http://a:b/")
URL.href | TypeError | new URL("http://a/").href = "http://a:b/"
URLPattern.compareComponent | TypeError | URLPattern.compareComponent("none", new URLPattern(), new URLPattern())
URLPattern.constructor | TypeError | new URLPattern({ pathname: "(" })
URLPattern.exec | TypeError | new URLPattern().exec({}, "http://a/")
URLPattern.generate | TypeError | new URLPattern({ pathname: "/:a" }).generate("pathname", {})
URLPattern.test | TypeError | new URLPattern().test({}, "http://a/")
URLSearchParams.constructor | TypeError | new URLSearchParams([["a"]])
WebSocket.accept | TypeError | ${pair} a.accept()
WebSocket.close | DOMException InvalidAccessError | ${pair} a.close(1)
WebSocket.close | DOMException SyntaxError | ${pair} a.close(3000, "a".repeat(124))
WebSocket.constructor | DOMException SyntaxError | new WebSocket("mailto:a")
WebSocket.send | TypeError | ${pair} b.send("a")
WorkerGlobalScope.atob | DOMException InvalidCharacterError | atob("a")
WorkerGlobalScope.btoa | DOMException InvalidCharacterError | btoa("ā")
WorkerGlobalScope.fetch | TypeError | await fetch("http://127.0.0.1:1/")
WorkerGlobalScope.fetch | any | await fetch("http://127.0.0.1:9/", { signal: AbortSignal.abort(1) })
WorkerGlobalScope.structuredClone | DOMException DataCloneError | structuredClone(() => {})
WritableStream.close | TypeError | ${writer} await s.close()
WritableStream.constructor | RangeError | new WritableStream({ type: "bytes" })
WritableStream.getWriter | TypeError | ${writer} s.getWriter()
WritableStreamDefaultWriter.constructor | TypeError | ${writer} new WritableStreamDefaultWriter(s)
WritableStreamDefaultWriter.desiredSize | TypeError | ${writer} w.releaseLock(); w.desiredSize
WritableStreamDefaultWriter.write | TypeError | ${writer} w.releaseLock(); await w.write(1)
`.trim().split("\n").map((line) => line.match(/^(\w+)\.(\w+) \| (\S+) ?(\S*) \| (.*)$/).slice(1));

test("exceptions that are tried are in the reference", () => {
  const missing = cases.filter(([owner, member, name, kind]) => {
    const listed = model.interfaces[owner]?.members.filter((m) => m.name === member).flatMap(({ exceptions = [] }) => exceptions) ?? [];
    return !listed.some((exception) => exception.name === name && exception.condition.startsWith(kind ? `"${kind}"` : ""));
  });
  assert.deepEqual(missing, []);
});

test("exceptions of the reference are thrown", { skip: nano ? false : "there is no nano (cargo build, or set NANO)" }, () => {
  const scratch = mkdtempSync(join(tmpdir(), "nano-exceptions-"));
  const functions = cases.map(([, , , , code]) => `async () => { ${code}; }`);
  writeFileSync(join(scratch, "all.mjs"), `
    addEventListener("unhandledrejection", (event) => event.preventDefault());
    const said = [];
    for (const f of [${functions.join(",\n")}]) {
      try {
        await f();
        said.push("nothing");
      } catch (error) {
        said.push(error instanceof Error ? error.constructor.name + (error.constructor === DOMException ? " " + error.name : "") : "any");
      }
    }
    console.log(JSON.stringify(said));
  `);
  const { stdout, stderr } = spawnSync(nano, ["run", "all.mjs"], { cwd: scratch, encoding: "utf8", timeout: 30_000 });
  rmSync(scratch, { recursive: true });
  const said = JSON.parse(stdout.match(/^\[.*\]$/m)?.[0] ?? assert.fail(stderr));
  const wrong = cases.map(([owner, member, name, kind], i) => ({ member: `${owner}.${member}`, expected: `${name} ${kind}`.trim(), found: said[i] })).filter(({ expected, found }) => expected !== found);
  assert.deepEqual(wrong, []);
});
