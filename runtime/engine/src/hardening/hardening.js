// Bounds what V8's own globals let a script do that nothing can count, or interrupt. Runs when the snapshot is baked.
//
// It must touch no global that V8 makes when first asked for (Intl, Temporal, WebAssembly): each would cost every app.
//
// DEPARTURES, each said where it is: lengths, depths and sizes beyond which these functions throw.
(function (natives) {
  "use strict";
  const { construct, defineProperty, getOwnPropertyDescriptor, ownKeys, apply } = Reflect;
  const { RangeError, TypeError, Promise, Array } = globalThis;
  const { isArray } = Array;
  const reject = Promise.reject;

  const hidden = (value) => ({ __proto__: null, writable: true, enumerable: false, configurable: true, value });

  // Puts a function in the place of another. Its name and length are those of the one that it replaces.
  function replace(object, name, replacement) {
    const { enumerable } = getOwnPropertyDescriptor(object, name);
    defineProperty(object, name, { ...hidden(replacement), enumerable });
  }

  // Puts a constructor in the place of another, whose members it takes over.
  function replaceConstructor(object, name, Native, Bounded) {
    for (const key of ownKeys(Native)) {
      defineProperty(Bounded, key, getOwnPropertyDescriptor(Native, key));
    }
    defineProperty(Native.prototype, "constructor", hidden(Bounded));
    defineProperty(object, name, hidden(Bounded));
  }

  // Resizable buffers.
  //
  // Their memory does not come from the allocator that NANO gives to V8, but from pages that V8 maps by itself: one buffer of
  // 20 GB, filled in one call, would take the whole machine. So each is bounded in size, like a WebAssembly memory. (Their
  // number is bounded where they are mapped: mappings.rs.) Their sum counts at the next garbage collection, like that of all
  // others.
  //
  // DEPARTURE: https://tc39.es/ecma262/#sec-arraybuffer-length throws a RangeError for a maximal length that cannot be
  // allocated; here that is the case from 256 MiB on.
  const MAX_BYTES = 2 ** 28;

  function boundBuffers(name) {
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
        return construct(Native, [length, { __proto__: null, maxByteLength: max }], target);
      },
    }[name];
    replaceConstructor(globalThis, name, Native, Bounded);
  }

  // ToIndex, https://tc39.es/ecma262/#sec-toindex: leaves the range check to the native constructor.
  function toIndex(value) {
    if (typeof value === "bigint" || typeof value === "symbol") {
      throw new TypeError(`Cannot convert a ${typeof value} to a number`);
    }
    return value === undefined ? 0 : +value;
  }

  // `array.flat(depth)` looks at no interrupt while it works, and sixty arrays of two, each in the next, have 2^60 elements. Its
  // work is counted before it begins, by code that can be interrupted.
  //
  // DEPARTURE: https://tc39.es/ecma262/#sec-array.prototype.flat has no bound, but a result beyond this does not fit into memory.
  // Elements that are getters are read once more.
  const MAX_FLATTENED = 2 ** 25;
  const flat = Array.prototype.flat;
  let visited = 0;

  function visit(array, depth) {
    for (let i = 0; i < array.length; i++) {
      if (++visited > MAX_FLATTENED) {
        throw new RangeError("Invalid array length");
      }
      const item = array[i];
      if (depth > 0 && isArray(item)) {
        visit(item, depth - 1);
      }
    }
  }

  replace(Array.prototype, "flat", {
    flat() {
      const depth = arguments.length > 0 ? arguments[0] : undefined;
      // One level is bounded by what there is.
      if (isArray(this) && depth !== undefined && !(typeof depth === "number" && depth <= 1)) {
        visited = 0;
        visit(this, typeof depth === "number" ? depth : Infinity);
      }
      return apply(flat, this, arguments);
    },
  }.flat);

  // The default order of `sort` looks at no interrupt either. Large arrays are compared by a function, which does.
  const LARGE_ARRAY = 1e5;

  // https://tc39.es/ecma262/#sec-comparearrayelements, steps 5 to 10.
  function byText(x, y) {
    if (typeof x !== "string") x = `${x}`;
    if (typeof y !== "string") y = `${y}`;
    return x < y ? -1 : x > y ? 1 : 0;
  }

  const { sort, toSorted } = Array.prototype;
  const orderOf = (array, order) => (order === undefined && isArray(array) && array.length > LARGE_ARRAY ? byText : order);
  replace(Array.prototype, "sort", {
    sort(compareFn) {
      return apply(sort, this, [orderOf(this, compareFn)]);
    },
  }.sort);
  replace(Array.prototype, "toSorted", {
    toSorted(compareFn) {
      return apply(toSorted, this, [orderOf(this, compareFn)]);
    },
  }.toSorted);

  // JSON.parse: see json.rs.
  const { parse } = JSON;
  replace(JSON, "parse", natives.parseJson);

  // WebAssembly compilers: see wasm.rs. V8 makes the object anew for each context, so what replaces its functions gets them then.
  let wasm;

  function fault(bytes, what) {
    const fault = natives.moduleFault(bytes);
    return fault === undefined ? undefined : new wasm.CompileError(`WebAssembly.${what}(): ${fault}`);
  }

  const Module = function Module(bytes) {
    if (new.target === undefined) {
      throw new TypeError("WebAssembly.Module must be invoked with 'new'");
    }
    const error = fault(bytes, "Module");
    if (error !== undefined) {
      throw error;
    }
    return construct(wasm.Module, arguments, new.target === Module ? wasm.Module : new.target);
  };
  const wasmFunctions = {
    compile(bytes) {
      const error = fault(bytes, "compile");
      return error === undefined ? apply(wasm.compile, this, arguments) : apply(reject, Promise, [error]);
    },
    instantiate(bytes) {
      const error = fault(bytes, "instantiate");
      return error === undefined ? apply(wasm.instantiate, this, arguments) : apply(reject, Promise, [error]);
    },
    // https://webassembly.github.io/spec/js-api/#limits: a module beyond a limit is not valid here.
    validate(bytes) {
      return natives.moduleFault(bytes) === undefined && apply(wasm.validate, this, arguments);
    },
  };

  function boundWebAssembly(WebAssembly) {
    const { Module: Native, compile, instantiate, validate, CompileError } = WebAssembly;
    wasm = { __proto__: null, Module: Native, compile, instantiate, validate, CompileError };
    replaceConstructor(WebAssembly, "Module", Native, Module);
    for (const name of ownKeys(wasmFunctions)) {
      replace(WebAssembly, name, wasmFunctions[name]);
    }
    return WebAssembly;
  }

  boundBuffers("ArrayBuffer");
  // What V8 adds to each context when it is restored is bounded then.
  return function restored() {
    boundBuffers("SharedArrayBuffer");
    const { WebAssembly } = globalThis;
    return [() => boundWebAssembly(WebAssembly), parse];
  };
});
