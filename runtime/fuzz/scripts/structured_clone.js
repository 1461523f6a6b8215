// Builds a value by a case's bytes, and clones it.
(() => {
  class Builder {
    #bytes;
    #at = 0;
    #made = [];
    transfer = [];
    // Values that change others while they are looked at: what the clone is then is not looked at.
    isTricky = false;
    constructor(bytes) {
      this.#bytes = bytes;
    }
    byte() {
      return this.#bytes[this.#at++] ?? 0;
    }
    text() {
      let text = "";
      for (let left = this.byte() % 16; left > 0; left--) text += String.fromCharCode(this.byte() | (this.byte() << 8));
      return text;
    }
    keep(value) {
      this.#made.push(value);
      return value;
    }
    buffer() {
      const length = this.byte();
      const buffer = this.byte() & 1 ? new ArrayBuffer(length, { maxByteLength: 512 }) : new ArrayBuffer(length);
      new Uint8Array(buffer).fill(this.byte());
      if (this.byte() % 4 === 0) this.transfer.push(buffer);
      return this.keep(buffer);
    }
    value(depth) {
      const more = () => (depth > 0 ? this.value(depth - 1) : this.byte());
      const kind = this.byte();
      switch (kind % 32) {
        case 0: return undefined;
        case 1: return null;
        case 2: return (kind & 32) !== 0;
        case 3: return this.byte() * 1e300 - 1e10;
        case 4: return BigInt(this.byte()) ** BigInt(this.byte());
        case 5: return this.text();
        case 6: return Object(this.text());
        case 7: return Object(this.byte());
        case 8: return this.keep(new Date(this.byte() * 1e12));
        case 9: return this.keep(new RegExp(RegExp.escape(this.text()), ["", "g", "iu", "v"][this.byte() % 4]));
        case 10: return this.#made.length === 0 ? 0 : this.#made[this.byte() % this.#made.length];
        case 11: {
          const map = this.keep(new Map());
          for (let left = this.byte() % 8; left > 0; left--) map.set(more(), more());
          return map;
        }
        case 12: {
          const set = this.keep(new Set());
          for (let left = this.byte() % 8; left > 0; left--) set.add(more());
          return set;
        }
        case 13: {
          const list = this.keep([]);
          for (let left = this.byte() % 16; left > 0; left--) list.push(more());
          return list;
        }
        case 14: {
          const list = this.keep(new Array(this.byte() * 100));
          list[this.byte()] = more();
          list[`k${this.text()}`] = more();
          return list;
        }
        case 15: {
          const types = [Error, TypeError, RangeError, EvalError, SyntaxError];
          const error = this.keep(new types[this.byte() % types.length](this.text(), { cause: more() }));
          if (this.byte() & 1) error.name = this.text();
          if (this.byte() & 1) error.stack = more();
          return error;
        }
        case 16: return this.buffer();
        case 17: {
          const types = [Uint8Array, Int8Array, Uint8ClampedArray, Uint16Array, Float16Array, Float32Array, BigUint64Array, DataView];
          const buffer = this.#made.find((one) => one instanceof ArrayBuffer) ?? this.buffer();
          const type = types[this.byte() % types.length];
          try {
            return this.keep(this.byte() & 1 ? new type(buffer) : new type(buffer, 0, 8));
          } catch {
            return 0;
          }
        }
        case 18: return this.keep(new Blob([this.text()], { type: this.text() }));
        case 19: return this.keep(new File([this.text(), this.text()], this.text(), { lastModified: this.byte() }));
        case 20: return this.keep(new DOMException(this.text(), this.text()));
        case 21: {
          const { port1, port2 } = new MessageChannel();
          this.transfer.push(port1);
          port2.close();
          return this.keep(port1);
        }
        case 22: {
          const types = [ReadableStream, WritableStream, TransformStream];
          const stream = this.keep(new types[this.byte() % types.length]());
          if (this.byte() % 4) this.transfer.push(stream);
          return stream;
        }
        case 23: return this.keep(new SharedArrayBuffer(8));
        case 24: return this.keep([() => {}, Symbol(), new WeakMap(), new Proxy({}, {}), new Headers(), globalThis][this.byte() % 6]);
        case 25: {
          // A getter that takes away, makes smaller or adds what is being looked at.
          this.isTricky = true;
          const made = this.#made;
          const [which, what] = [this.byte(), this.byte()];
          return this.keep({
            get trick() {
              const one = made[which % made.length];
              if (one instanceof ArrayBuffer && what & 1 && one.resizable && !one.detached) one.resize(what);
              if (one instanceof ArrayBuffer && what & 2 && !one.detached) one.transfer();
              if (Array.isArray(one)) one.length = what & 4 ? 0 : 1000;
              if (one instanceof Map) one.clear();
              if (one instanceof Set) one.add({});
              if (what & 8) throw one;
              if (what & 16) return structuredClone(made[what % made.length]);
              return one;
            },
          });
        }
        default: {
          const object = this.keep({});
          for (let left = this.byte() % 8; left > 0; left--) object[`k${this.text()}`] = more();
          return object;
        }
      }
    }
  }

  const expected = (error) => error instanceof DOMException || error instanceof RangeError || error instanceof TypeError;

  return (bytes) => {
    const builder = new Builder(bytes);
    let value;
    try {
      value = builder.value(5);
    } catch {
      return;
    }
    let clone;
    try {
      clone = structuredClone(value, { transfer: builder.transfer });
    } catch (error) {
      // What a getter throws may be anything.
      if (!builder.isTricky && !expected(error)) throw error;
      return error instanceof Error && String(error).includes("internal error") ? String(error) : undefined;
    }
    if (builder.isTricky || builder.transfer.length > 0) return;
    // What was cloned is cloned again.
    const again = structuredClone(clone);
    const [first, second] = [clone, again].map((value) => JSON.stringify(value, (_, it) => describe(it)));
    if (first !== second) return `${first} is not ${second}`;
    const before = JSON.stringify(value, (_, it) => describe(it));
    if (first !== before) return `${first} is not ${before}`;
  };

  // JSON knows neither cycles nor most types: an object is what its kind is, and its members are looked at where they are shallow.
  function describe(value, depth = 3) {
    if (typeof value === "bigint") return `${value}n`;
    if (value === undefined) return "undefined";
    if (typeof value === "number") return String(value);
    if (typeof value !== "object" || value === null) return value;
    const kind = Object.prototype.toString.call(value);
    if (depth === 0) return kind;
    const inner = (it) => describe(it, depth - 1);
    if (value instanceof Map) return [kind, ...[...value].map((pair) => pair.map(inner))].join();
    if (value instanceof Set) return [kind, ...[...value].map(inner)].join();
    if (value instanceof Date) return [kind, +value].join();
    if (value instanceof RegExp) return String(value);
    if (value instanceof Error) return [kind, value.message, inner(value.cause)].join();
    if (value instanceof ArrayBuffer) return [kind, value.byteLength, value.maxByteLength, value.resizable].join();
    if (ArrayBuffer.isView(value)) return [kind, value.byteOffset, value.byteLength].join();
    if (value instanceof File) return [kind, value.name, value.size, value.type, value.lastModified].join();
    if (value instanceof Blob) return [kind, value.size, value.type].join();
    if (Array.isArray(value) || kind === "[object Object]") {
      return [kind, ...Object.entries(value).slice(0, 50).map(([name, it]) => `${name}:${inner(it)}`)].join();
    }
    return [kind, String(value)].join();
  }
})();
