// Bounds what the quota of array buffers cannot see. Runs when the snapshot is baked.
//
// The memory of a resizable buffer does not come from the allocator that NANO gives to V8, but from pages that V8 maps by
// itself: one buffer of 20 GB, filled in one call, would take the whole machine. So each is bounded in size, like a
// WebAssembly memory, and in number, because each takes one of the process's mappings. Their sum counts at the next garbage
// collection, like that of all others.
//
// DEPARTURE: https://tc39.es/ecma262/#sec-arraybuffer-length throws a RangeError for a maximal length that cannot be
// allocated; here that is the case from 256 MiB on, and beyond 1024 living resizable buffers.
(function () {
  "use strict";
  const MAX_BYTES = 2 ** 28;
  const MAX_BUFFERS = 1024;
  const { construct, defineProperty, getOwnPropertyDescriptor, ownKeys } = Reflect;
  const { FinalizationRegistry, RangeError, TypeError } = globalThis;
  const register = FinalizationRegistry.prototype.register;
  const apply = Reflect.apply;
  let living = 0;
  let registry;

  function bounded(name) {
    const Native = globalThis[name];
    // A function, not a class: the spelling of the error without `new` is V8's.
    const Bounded = {
      [name]: function (length) {
        if (new.target === undefined) {
          throw new TypeError(`Constructor ${name} requires 'new'`);
        }
        // An index beyond the arguments would be looked for on Object.prototype, which an app can change.
        const options = arguments.length > 1 ? arguments[1] : undefined;
        const target = new.target === Bounded ? Native : new.target;
        if (options === undefined || options === null || (typeof options !== "object" && typeof options !== "function")) {
          return construct(Native, [length], target);
        }
        // The length is converted before the option is read.
        length = +toIndex(length);
        let max = options.maxByteLength;
        if (max === undefined) {
          return construct(Native, [length], target);
        }
        max = +toIndex(max);
        if (max > MAX_BYTES) {
          throw new RangeError(`Array buffer allocation failed: a resizable buffer has at most ${MAX_BYTES} bytes`);
        }
        if (living >= MAX_BUFFERS) {
          throw new RangeError(`Array buffer allocation failed: at most ${MAX_BUFFERS} resizable buffers may exist`);
        }
        const buffer = construct(Native, [length, { __proto__: null, maxByteLength: max }], target);
        registry ??= new FinalizationRegistry(() => { living--; });
        living++;
        apply(register, registry, [buffer, undefined]);
        return buffer;
      },
    }[name];
    for (const key of ownKeys(Native)) {
      defineProperty(Bounded, key, getOwnPropertyDescriptor(Native, key));
    }
    const hidden = { __proto__: null, writable: true, enumerable: false, configurable: true, value: Bounded };
    defineProperty(Native.prototype, "constructor", hidden);
    defineProperty(globalThis, name, hidden);
  }

  // ToIndex, https://tc39.es/ecma262/#sec-toindex: leaves the range check to the native constructor.
  function toIndex(value) {
    if (typeof value === "bigint" || typeof value === "symbol") {
      throw new TypeError(`Cannot convert a ${typeof value} to a number`);
    }
    return value === undefined ? 0 : +value;
  }

  bounded("ArrayBuffer");
  // V8 adds SharedArrayBuffer to each context when it is restored, so the engine calls this again for it.
  return bounded;
})();
