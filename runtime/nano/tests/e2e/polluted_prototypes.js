// An app that changes everything it can reach on the prototypes of Object, Function, Array and Promise, and then uses streams,
// events and signals. `NAMES` (given before this text) are all names that occur in the built-in scripts.
//
// Every accessor that it leaves behind notes its name and throws. The app itself does without prototypes: its dictionaries inherit
// nothing, and it waits with what it has kept. By their standards, results of `read()` are asked for `then`, so that one stays.

const ReflectApply = Reflect.apply, define = Reflect.defineProperty, keys = Reflect.ownKeys;
const describe = Reflect.getOwnPropertyDescriptor, stringify = JSON.stringify;
const then = Promise.prototype.then, promiseOf = Promise.withResolvers.bind(Promise);
const decode = (decoder => bytes => decoder.decode(bytes))(new TextDecoder());
const ArrayIteratorPrototype = Object.getPrototypeOf([][Symbol.iterator]());
const touched = { __proto__: null };
const results = { __proto__: null };

/** `then` without an app's changes; what the functions return goes nowhere. */
const wait = (promise, fulfilled, rejected = error => note("a rejection", error)) => {
  define(promise, "constructor", { __proto__: null, value: undefined, configurable: true });
  try {
    ReflectApply(then, promise, [value => { fulfilled?.(value); }, error => { rejected(error); }]);
  } finally {
    delete promise.constructor;
  }
};
const note = (name, value) => define(results, name, { __proto__: null, value: text(value), enumerable: true, configurable: true });
const text = value => typeof value === "string" ? value : value instanceof Error ? `${value.message} ${value.stack}` : stringify(value) ?? "undefined";

function pollute() {
  const prototypes = [Object.prototype, Function.prototype, Array.prototype, Promise.prototype];
  const labels = ["Object", "Function", "Array", "Promise"];
  for (let i = 0; i < prototypes.length; i++) {
    const names = keys(prototypes[i]);
    for (let j = 0; j < names.length; j++) trap(prototypes[i], labels[i], names[j]);
    for (let j = 0; j < NAMES.length; j++) trap(prototypes[i], labels[i], NAMES[j]);
    for (let j = 0; j < 8; j++) trap(prototypes[i], labels[i], `${j}`);
  }
  trap(Promise, "Promise constructor", Symbol.species);
  trap(ArrayIteratorPrototype, "ArrayIterator", "next");
}

function trap(object, label, name) {
  if (object === Object.prototype && (name === "then" || name === "__proto__")) return;
  if (describe(object, name)?.configurable === false) return;
  const where = `${label}.prototype.${typeof name === "symbol" ? name.description : name}`;
  const hit = () => {
    // Apps may ask; the test itself does so only for what it has just seen.
    define(touched, where, { __proto__: null, value: 1, enumerable: true, configurable: true });
    throw new Error(`${where} was touched`);
  };
  define(object, name, { __proto__: null, get: hit, set: hit, configurable: true });
}

const steps = {
  __proto__: null,

  // A default stream with a size algorithm, read through `read()`, then cancelled.
  defaultStream(done) {
    let pulled = 0;
    const stream = new ReadableStream(
      { __proto__: null, start() {}, pull(controller) { controller.enqueue(`chunk ${++pulled}`); }, cancel(reason) { note("canceled", reason); } },
      { __proto__: null, highWaterMark: 9, size: chunk => chunk.length / 7 },
    );
    const reader = stream.getReader();
    const take = n => wait(reader.read(), ({ value }) => n > 0 ? take(n - 1) : wait(reader.cancel("enough"), () => done(value)));
    take(12);
  },

  // Bytes: a pull source with automatic buffers, and views that the app gives.
  byteStream(done) {
    const stream = new ReadableStream({
      __proto__: null, type: "bytes", autoAllocateChunkSize: 4,
      pull(controller) {
        const { byobRequest } = controller;
        byobRequest.view[0] = 65;
        byobRequest.respond(1);
      },
    });
    const reader = stream.getReader();
    wait(reader.read(), first => wait(reader.read(), () => {
      reader.releaseLock();
      const byob = stream.getReader({ __proto__: null, mode: "byob" });
      wait(byob.read(new Uint8Array(2), { __proto__: null, min: 2 }), ({ value }) => done(`${first.value.length} ${decode(value)}`));
    }));
  },

  tee(done) {
    const branches = new ReadableStream({ __proto__: null, start(c) { c.enqueue("x"); c.enqueue("y"); c.close(); } }).tee();
    const bytes = new ReadableStream({ __proto__: null, type: "bytes", start(c) { c.enqueue(new Uint8Array(3)); c.close(); } }).tee();
    wait(readAll(branches[0]), left => wait(readAll(branches[1]), right => wait(readAll(bytes[0]), () => wait(readAll(bytes[1]), length =>
      done(`${left} ${right} ${length}`)))));
  },

  teeCanceled(done) {
    const branches = new ReadableStream({ __proto__: null, cancel(reason) { note("tee canceled", reason[0] + reason[1]); } }).tee();
    wait(branches[0].cancel("a"), () => {});
    wait(branches[1].cancel("b"), () => done("ended"));
  },

  pipe(done) {
    const seen = { __proto__: null, text: "" };
    const source = new ReadableStream({ __proto__: null, start(c) { c.enqueue("1"); c.enqueue("2"); c.enqueue("3"); c.close(); } });
    const sink = new WritableStream({
      __proto__: null,
      start() {},
      write(chunk) { seen.text += chunk; return seen.text.length < 2 ? later() : undefined; },
      close() { seen.text += " closed"; },
    });
    const { signal } = new AbortController();
    wait(source.pipeTo(sink, { __proto__: null, signal }), () => done(seen.text));
  },

  pipeAborted(done) {
    const controller = new AbortController();
    const source = new ReadableStream({ __proto__: null, cancel() { note("pipe source", "canceled"); } });
    const sink = new WritableStream({ __proto__: null, abort() { note("pipe sink", "aborted"); } });
    wait(source.pipeTo(sink, { __proto__: null, signal: controller.signal }), undefined, error => done(error));
    wait(later(), () => controller.abort("stop"));
  },

  transform(done) {
    const upper = new TransformStream({
      __proto__: null,
      start() {},
      transform(chunk, c) { c.enqueue(`${chunk}!`); return later(); },
      flush(c) { c.enqueue("end"); },
    });
    const writer = upper.writable.getWriter();
    wait(writer.ready, () => {});
    wait(writer.write("one"), () => {});
    wait(writer.write("two"), () => {});
    wait(writer.close(), () => {});
    wait(readAll(upper.readable), done);
  },

  text(done) {
    const encoder = new TextEncoderStream(), decoder = new TextDecoderStream();
    const source = new ReadableStream({ __proto__: null, start(c) { c.enqueue("grü"); c.enqueue("ße"); c.close(); } });
    wait(readAll(source.pipeThrough(encoder).pipeThrough(decoder)), done);
  },

  writer(done) {
    const writer = new WritableStream({ __proto__: null, write() { throw "full"; } }, { __proto__: null, highWaterMark: 2 }).getWriter();
    wait(writer.write(1), undefined, error => wait(writer.closed, undefined, () => done(error)));
  },

  from(done) {
    let n = 0;
    const iterable = { __proto__: null, [Symbol.asyncIterator]: () => ({ __proto__: null, next: () => settled({ __proto__: null, value: ++n, done: n > 2 }) }) };
    wait(readAll(ReadableStream.from(iterable)), done);
  },

  iteration(done) {
    const iterator = new ReadableStream({ __proto__: null, start(c) { c.enqueue("a"); c.enqueue("b"); } }).values();
    wait(iterator.next(), first => wait(iterator.next(), second => wait(iterator.return("r"), last =>
      done(first.value + second.value + last.value + last.done))));
  },

  bodies(done) {
    const stream = new ReadableStream({ __proto__: null, start(c) { c.enqueue(new Uint8Array(2)); c.enqueue(new Uint8Array(3)); c.close(); } });
    wait(new Response(stream).arrayBuffer(), buffer => wait(new Response("text").text(), text => done(`${buffer.byteLength} ${text}`)));
  },

  events(done) {
    const target = new EventTarget(), seen = { __proto__: null, text: "" };
    const { signal } = new AbortController();
    const both = event => { seen.text += event.type; };
    target.addEventListener("a", both, { __proto__: null, once: true, signal });
    target.addEventListener("a", { __proto__: null, handleEvent(event) { seen.text += ` ${event.detail}`; event.preventDefault(); } });
    target.addEventListener("b", both);
    target.removeEventListener("b", both);
    const event = new CustomEvent("a", { __proto__: null, detail: "detail", cancelable: true });
    const canceled = !target.dispatchEvent(event);
    target.dispatchEvent(new CustomEvent("a"));
    target.dispatchEvent(new Event("b"));
    done(`${seen.text} ${canceled} ${event.composedPath().length}`);
  },

  signals(done) {
    const first = new AbortController(), seen = { __proto__: null, text: "" };
    const list = { __proto__: null, [Symbol.iterator]: () => {
      let at = 0;
      return { __proto__: null, next: () => ({ __proto__: null, done: at++ > 0, value: first.signal }) };
    } };
    const any = AbortSignal.any(list);
    any.onabort = event => { seen.text += `${event.type} `; };
    any.addEventListener("abort", () => { seen.text += "again "; });
    first.abort("reason");
    done(seen.text + any.reason);
  },

  messages(done) {
    const channel = new MessageChannel();
    const stream = new ReadableStream({ __proto__: null, start(c) { c.enqueue("sent"); c.close(); } });
    channel.port2.onmessage = event => {
      channel.port2.close();
      wait(readAll(event.data.stream), done);
    };
    const transfer = { __proto__: null, [Symbol.iterator]: () => {
      let at = 0;
      return { __proto__: null, next: () => ({ __proto__: null, done: at++ > 0, value: stream }) };
    } };
    channel.port1.postMessage({ __proto__: null, stream }, { __proto__: null, transfer });
  },

  timeout(done) {
    wait(later(), () => queueMicrotask(() => done("later")));
  },
};

/** The chunks of a stream in a string. */
function readAll(stream) {
  const { promise, resolve, reject } = promiseOf();
  const reader = stream.getReader();
  let all = "";
  const more = () => wait(reader.read(), result => {
    if (result.done) return resolve(all);
    all += typeof result.value === "object" ? result.value.length : result.value;
    more();
  }, reject);
  more();
  return promise;
}

function later() {
  const { promise, resolve } = promiseOf();
  setTimeout(resolve, 1);
  return promise;
}

function settled(value) {
  const { promise, resolve } = promiseOf();
  resolve(value);
  return promise;
}

const names = keys(steps);
function run(at, finish) {
  if (at === names.length) return finish();
  const name = names[at];
  const failed = error => { note(name, error); run(at + 1, finish); };
  try {
    steps[name](value => { note(name, value); run(at + 1, finish); });
  } catch (error) {
    failed(error);
  }
}

export default {
  fetch() {
    pollute();
    const { promise, resolve } = promiseOf();
    run(0, () => resolve(new Response(stringify(results) + "\n" + stringify(touched))));
    return promise;
  },
};
