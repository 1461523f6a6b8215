// Bounds what V8's own globals let a script do that nothing can count, or interrupt. Runs when the snapshot is baked.
//
// It must touch no global that V8 makes when first asked for (Intl, Temporal, WebAssembly): each would cost every app.
//
// DEPARTURES, each said where it is: lengths, depths and sizes beyond which these functions throw.
(function (natives) {
  "use strict";
  const { construct, defineProperty, deleteProperty, getOwnPropertyDescriptor, getPrototypeOf, ownKeys, apply } = Reflect;
  const { setPrototypeOf } = Reflect;
  const { RangeError, TypeError, Promise, Array } = globalThis;
  const { isArray } = Array;
  const { resolve, reject } = Promise;

  // A property, and nothing that an app has put on Object.prototype.
  function propertyOf(object, key) {
    const property = getOwnPropertyDescriptor(object, key);
    return property === undefined ? undefined : { __proto__: null, ...property };
  }

  const hidden = (value) => ({ __proto__: null, writable: true, enumerable: false, configurable: true, value });

  // Puts a function in the place of another. Its name and length are those of the one that it replaces.
  function replace(object, name, replacement) {
    const { enumerable } = propertyOf(object, name);
    defineProperty(object, name, { __proto__: null, ...hidden(replacement), enumerable });
  }

  // Puts a constructor in the place of another, whose members it takes over.
  function replaceConstructor(object, name, Native, Bounded) {
    for (const key of ownKeys(Native)) {
      defineProperty(Bounded, key, propertyOf(Native, key));
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

  // Searches for strings.
  //
  // V8 compares a long string to look for (or, in `lastIndexOf`, any) at each place of a text anew, and looks at no interrupt: what
  // a client sends may take minutes. Where it can take more than MAX_COMPARISONS, search.rs does it: in linear time. Then `split` and
  // `replaceAll` are loops, which can be interrupted.
  //
  // Whatever is no string becomes one here, once, as V8 would do it a second time.
  const KNOWN_TO_V8 = 250;
  const MAX_COMPARISONS = 2 ** 24;
  const uncurry = (method) => apply(Function.prototype.bind, Function.prototype.call, [method]);
  const call = uncurry(Function.prototype.call);
  const { find, findLast } = natives;
  const [indexOf, includes, lastIndexOf, split, replaceFirst, replaceAll, slice] = [
    "indexOf",
    "includes",
    "lastIndexOf",
    "split",
    "replace",
    "replaceAll",
    "slice",
  ].map((name) => uncurry(String.prototype[name]));
  const { split: splitSymbol, replace: replaceSymbol, match: matchSymbol } = Symbol;
  const RegExpPrototype = RegExp.prototype;
  const sourceOf = uncurry(propertyOf(RegExpPrototype, "source").get);

  const isSlow = (text, needle) => needle.length > KNOWN_TO_V8 && needle.length * text.length > MAX_COMPARISONS;
  const toText = (value) => (typeof value === "string" ? value : `${value}`);
  const isObject = (value) => (typeof value === "object" && value !== null) || typeof value === "function";
  const isNullish = (value) => value === undefined || value === null;

  // https://tc39.es/ecma262/#sec-isregexp
  function isRegExp(value) {
    if (!isObject(value)) {
      return false;
    }
    const matcher = value[matchSymbol];
    if (matcher !== undefined) {
      return !!matcher;
    }
    try {
      sourceOf(value);
      return value !== RegExpPrototype;
    } catch {
      return false;
    }
  }

  // https://tc39.es/ecma262/#sec-getmethod. What is no function goes to V8's `method`, which throws in its own words.
  function methodOf(object, symbol, method) {
    const value = object[symbol];
    if (!isNullish(value) && typeof value !== "function") {
      method("", { [symbol]: value });
    }
    return value;
  }

  // https://tc39.es/ecma262/#sec-getsubstitution, without captures.
  function substitute(needle, text, position, template) {
    let result = "";
    let from = 0;
    for (;;) {
      const dollar = indexOf(template, "$", from);
      if (dollar === -1) {
        return result + slice(template, from);
      }
      result += slice(template, from, dollar);
      const mark = slice(template, dollar + 1, dollar + 2);
      from = dollar + 2;
      if (mark === "$") result += "$";
      else if (mark === "&") result += needle;
      else if (mark === "`") result += slice(text, 0, position);
      else if (mark === "'") result += slice(text, position + needle.length);
      else {
        result += "$";
        from = dollar + 1;
      }
    }
  }

  const replacementOf = (needle, text, position, replacer) =>
    typeof replacer === "function" ? toText(replacer(needle, position, text)) : substitute(needle, text, position, replacer);

  function indexOfAny(self, searchString, position) {
    if (isNullish(self)) {
      return indexOf(self);
    }
    const text = toText(self);
    const needle = toText(searchString);
    return isSlow(text, needle) ? find(text, needle, position === undefined ? 0 : +position) : indexOf(text, needle, position);
  }

  function includesAny(self, searchString, position) {
    if (isNullish(self)) {
      return includes(self);
    }
    const text = toText(self);
    if (isRegExp(searchString)) {
      throw new TypeError("First argument to String.prototype.includes must not be a regular expression");
    }
    return indexOfAny(text, searchString, position) !== -1;
  }

  function lastIndexOfAny(self, searchString, position) {
    if (isNullish(self)) {
      return lastIndexOf(self);
    }
    const text = toText(self);
    const needle = toText(searchString);
    return needle.length * text.length > MAX_COMPARISONS
      ? findLast(text, needle, +position)
      : lastIndexOf(text, needle, position);
  }

  function splitAny(self, separator, limit) {
    if (isNullish(self)) {
      return split(self);
    }
    if (isObject(separator)) {
      const splitter = methodOf(separator, splitSymbol, split);
      if (!isNullish(splitter)) {
        return call(splitter, separator, self, limit);
      }
    }
    const text = toText(self);
    limit = limit === undefined ? 2 ** 32 - 1 : +limit >>> 0;
    const needle = separator === undefined ? undefined : toText(separator);
    if (needle === undefined || !isSlow(text, needle)) {
      return split(text, needle, limit);
    }
    const parts = [];
    let from = 0;
    for (let count = 0; count < limit; count++) {
      const position = find(text, needle, from);
      const value = slice(text, from, position === -1 ? text.length : position);
      defineProperty(parts, count, { __proto__: null, writable: true, enumerable: true, configurable: true, value });
      if (position === -1) {
        break;
      }
      from = position + needle.length;
    }
    return parts;
  }

  function replaceAny(self, searchValue, replaceValue) {
    if (isNullish(self)) {
      return replaceFirst(self);
    }
    if (isObject(searchValue)) {
      const replacer = methodOf(searchValue, replaceSymbol, replaceFirst);
      if (!isNullish(replacer)) {
        return call(replacer, searchValue, self, replaceValue);
      }
    }
    const text = toText(self);
    const needle = toText(searchValue);
    if (!isSlow(text, needle)) {
      return replaceFirst(text, needle, replaceValue);
    }
    if (typeof replaceValue !== "function") {
      replaceValue = toText(replaceValue);
    }
    const position = find(text, needle, 0);
    if (position === -1) {
      return text;
    }
    const replacement = replacementOf(needle, text, position, replaceValue);
    return slice(text, 0, position) + replacement + slice(text, position + needle.length);
  }

  function replaceAllAny(self, searchValue, replaceValue) {
    if (isNullish(self)) {
      return replaceAll(self);
    }
    if (isObject(searchValue)) {
      if (isRegExp(searchValue)) {
        let { flags } = searchValue;
        if (!isNullish(flags)) {
          flags = toText(flags);
        }
        if (isNullish(flags) || !includes(flags, "g")) {
          // Throws, in V8's words.
          replaceAll("", { __proto__: null, [matchSymbol]: true, flags });
        }
      }
      const replacer = methodOf(searchValue, replaceSymbol, replaceAll);
      if (!isNullish(replacer)) {
        return call(replacer, searchValue, self, replaceValue);
      }
    }
    const text = toText(self);
    const needle = toText(searchValue);
    if (typeof replaceValue !== "function") {
      replaceValue = toText(replaceValue);
    }
    // A template of "$&" is read at each place where nothing is found, and nothing comes of it that would be too long.
    const isEndless = needle === "" && typeof replaceValue === "string" && text.length * replaceValue.length > MAX_COMPARISONS;
    if (!isEndless && !isSlow(text, needle)) {
      return replaceAll(text, needle, replaceValue);
    }
    let result = "";
    let from = 0;
    let position = find(text, needle, 0);
    while (position !== -1) {
      result += slice(text, from, position) + replacementOf(needle, text, position, replaceValue);
      from = position + needle.length;
      const next = needle === "" ? position + 1 : from;
      position = next > text.length ? -1 : find(text, needle, next);
    }
    return result + slice(text, from);
  }

  // What V8 looks for quickly in whatever becomes a text.
  const isQuick = (needle) => typeof needle === "string" && needle.length <= KNOWN_TO_V8;
  const searches = {
    // The optimising compiler has V8's own code in their place only without a position, or with one that is a number.
    indexOf(searchString, position = undefined) {
      if (isQuick(searchString)) {
        return position === undefined ? indexOf(this, searchString) : indexOf(this, searchString, position);
      }
      return indexOfAny(this, searchString, position);
    },
    includes(searchString, position = undefined) {
      if (isQuick(searchString)) {
        return position === undefined ? includes(this, searchString) : includes(this, searchString, position);
      }
      return includesAny(this, searchString, position);
    },
    lastIndexOf(searchString, position = undefined) {
      return lastIndexOfAny(this, searchString, position);
    },
    split(separator, limit) {
      return isQuick(separator) ? split(this, separator, limit) : splitAny(this, separator, limit);
    },
    replace(searchValue, replaceValue) {
      return isQuick(searchValue)
        ? replaceFirst(this, searchValue, replaceValue)
        : replaceAny(this, searchValue, replaceValue);
    },
    replaceAll(searchValue, replaceValue) {
      return searchValue !== "" && isQuick(searchValue)
        ? replaceAll(this, searchValue, replaceValue)
        : replaceAllAny(this, searchValue, replaceValue);
    },
  };
  for (const name of ownKeys(searches)) {
    replace(String.prototype, name, searches[name]);
  }

  // ICU puts each combining character in its place among those before it, and looks at no interrupt: half a million in a row, which a
  // client may send, take minutes.
  //
  // DEPARTURE: https://tc39.es/ecma262/#sec-string.prototype.normalize has no bound. https://www.unicode.org/reports/tr15/#Stream_Safe_Text_Format
  // is one of 30.
  const MOST_MARKS = 1024;
  const manyMarks = new RegExp(`\\p{M}{${MOST_MARKS + 1}}`, "u");
  const exec = uncurry(RegExpPrototype.exec);
  const normalize = uncurry(String.prototype.normalize);
  replace(String.prototype, "normalize", {
    normalize(form = undefined) {
      if (isNullish(this)) {
        return normalize(this, form);
      }
      const text = toText(this);
      if (text.length > MOST_MARKS && exec(manyMarks, text) !== null) {
        throw new RangeError(`A text with more than ${MOST_MARKS} combining characters in a row cannot be normalized`);
      }
      return normalize(text, form);
    },
  }.normalize);

  // JSON.parse: see json.rs.
  const { parse } = JSON;
  replace(JSON, "parse", natives.parseJson);

  // Straight-line code.
  //
  // V8 looks at an order to end only where a function of JavaScript begins, or a loop goes round: thousands of calls of built-in
  // functions, one after the other, would all be made. So those that keep memory of C++'s beyond their call go through a function
  // of JavaScript, and an app that was told to end makes no other such call.
  function interruptible(native) {
    const call = {
      call() {
        return apply(native, this, arguments);
      },
    }.call;
    for (const key of ["name", "length"]) {
      defineProperty(call, key, propertyOf(native, key));
    }
    return call;
  }

  function interruptibleMembers(object) {
    for (const key of ownKeys(object)) {
      const property = propertyOf(object, key);
      if (key !== "constructor" && typeof property.value === "function") {
        defineProperty(object, key, { __proto__: null, value: interruptible(property.value) });
      } else if (property.get !== undefined) {
        defineProperty(object, key, { __proto__: null, get: interruptible(property.get) });
      }
    }
  }

  function interruptibleConstructor(object, name) {
    const Native = object[name];
    const Interruptible = function () {
      return new.target === undefined
        ? apply(Native, this, arguments)
        : construct(Native, arguments, new.target === Interruptible ? Native : new.target);
    };
    replaceConstructor(object, name, Native, Interruptible);
    return Interruptible;
  }

  for (const [prototype, names] of [
    [Date.prototype, ["toLocaleString", "toLocaleDateString", "toLocaleTimeString"]],
    [Number.prototype, ["toLocaleString"]],
    [BigInt.prototype, ["toLocaleString"]],
    [String.prototype, ["localeCompare"]],
  ]) {
    for (const name of names) {
      replace(prototype, name, interruptible(prototype[name]));
    }
  }

  function boundIntl(Intl) {
    for (const name of ownKeys(Intl)) {
      const member = Intl[name];
      if (typeof member !== "function") {
        continue;
      }
      if (propertyOf(member, "prototype") === undefined) {
        replace(Intl, name, interruptible(member));
        continue;
      }
      interruptibleMembers(member.prototype);
      interruptibleMembers(interruptibleConstructor(Intl, name));
    }
    // No name leads to the prototype of what this returns.
    const { segment } = Intl.Segmenter.prototype;
    let isBound = false;
    replace(Intl.Segmenter.prototype, "segment", {
      segment(input) {
        const segments = apply(segment, this, arguments);
        if (!isBound) {
          isBound = true;
          interruptibleMembers(getPrototypeOf(segments));
        }
        return segments;
      },
    }.segment);
    return Intl;
  }

  // WebAssembly: see wasm.rs and wasm_types.rs. V8 makes the object anew for each context, so what replaces its functions gets them
  // then.
  let wasm;

  // What is wrong with a module, if anything is. Its types come first: there are few enough then for the rest to be read.
  function fault(bytes, what) {
    const refusal = natives.countTypes(bytes);
    if (refusal !== undefined) {
      return new RangeError(`WebAssembly.${what}(): ${refusal}`);
    }
    const fault = natives.moduleFault(bytes);
    return fault === undefined ? undefined : new wasm.CompileError(`WebAssembly.${what}(): ${fault}`);
  }

  // The module of some bytes, whose functions count (see wasm_functions.rs); `undefined` where there are no bytes, which V8 says in its
  // words.
  function compiled(bytes, options, what) {
    const error = fault(bytes, what);
    if (error !== undefined) {
      throw error;
    }
    const module = natives.countedModule(bytes, () => construct(wasm.Module, [bytes, options], wasm.Module));
    if (typeof module === "string") {
      throw new RangeError(`WebAssembly.${what}(): ${module}`);
    }
    return module;
  }

  // https://webassembly.github.io/spec/js-api/#dom-webassembly-instantiate: nothing of the imports is read before the caller goes on.
  async function instantiated(module, imports) {
    await undefined;
    const instance = await wasm.instantiate(module, imports);
    return { module, instance };
  }

  const Module = function Module(bytes, options = undefined) {
    if (new.target === undefined) {
      throw new TypeError("WebAssembly.Module must be invoked with 'new'");
    }
    // https://webidl.spec.whatwg.org/#internally-create-a-new-object-implementing-the-interface, step 3. V8 would ask after the
    // look at the bytes and before its own, and the answer may be a getter, which changes them.
    const prototype = new.target === Module ? undefined : new.target.prototype;
    const module = compiled(bytes, options, "Module") ?? construct(wasm.Module, arguments, wasm.Module);
    if (isObject(prototype)) {
      setPrototypeOf(module, prototype);
    }
    return module;
  };
  const wasmFunctions = {
    // V8 would compile on other threads, and an app could have the module from a `then` on `Object.prototype` before it counts.
    compile(bytes, options = undefined) {
      try {
        const module = compiled(bytes, options, "compile");
        return module === undefined ? apply(wasm.compile, this, arguments) : apply(resolve, Promise, [module]);
      } catch (error) {
        return apply(reject, Promise, [error]);
      }
    },
    instantiate(bytes, imports = undefined, options = undefined) {
      try {
        const module = compiled(bytes, options, "instantiate");
        return module === undefined ? apply(wasm.instantiate, this, arguments) : instantiated(module, imports);
      } catch (error) {
        return apply(reject, Promise, [error]);
      }
    },
    // https://webassembly.github.io/spec/js-api/#limits: a module beyond a limit is not valid here. One whose types are too many
    // now may be valid in another process.
    validate(bytes) {
      const error = fault(bytes, "validate");
      if (error !== undefined && getPrototypeOf(error) === RangeError.prototype) {
        throw error;
      }
      return error === undefined && apply(wasm.validate, this, arguments);
    },
  };

  // https://webassembly.github.io/spec/web-api/#streaming-modules. The functions are streaming by name only: a module is read as a whole
  // before V8 sees it.
  const { withResolvers } = Promise;
  const then = uncurry(Promise.prototype.then);

  // The module of the response that `source` is, or is a promise for, or what `make` makes of it.
  function ofResponse(source, options, what, make = (module) => module) {
    // Web IDL's conversion to a promise: https://webidl.spec.whatwg.org/#js-promise.
    const given = apply(withResolvers, Promise, []);
    const { promise, resolve, reject } = apply(withResolvers, Promise, []);
    const attempt = (step) => (value) => {
      try {
        step(value);
      } catch (error) {
        reject(error);
      }
    };
    const finish = attempt((bytes) => resolve(make(compiled(bytes, options, what))));
    const begin = attempt((response) => then(natives.responseBytes(response), finish, reject));
    given.resolve(source);
    then(given.promise, begin, reject);
    return promise;
  }

  const streamingFunctions = {
    compileStreaming(source) {
      const options = arguments.length > 1 ? arguments[1] : undefined;
      return ofResponse(source, options, "compileStreaming");
    },
    instantiateStreaming(source) {
      const imports = arguments.length > 1 ? arguments[1] : undefined;
      const options = arguments.length > 2 ? arguments[2] : undefined;
      return ofResponse(source, options, "instantiateStreaming", (module) => instantiated(module, imports));
    },
  };

  // The most parameters that V8 lets a tag have, and more characters than the name of a type has.
  const MAX_PARAMETERS = 1000;
  const LONG = 100;

  const Tag = function Tag(type) {
    if (new.target === undefined) {
      throw new TypeError("WebAssembly.Tag must be invoked with 'new'");
    }
    const target = new.target === Tag ? wasm.Tag : new.target;
    if ((typeof type !== "object" && typeof type !== "function") || type === null) {
      return construct(wasm.Tag, arguments, target);
    }
    // All that is the app's is read once, so that what is counted is what V8 sees.
    const { parameters } = type;
    if ((typeof parameters !== "object" && typeof parameters !== "function") || parameters === null) {
      return construct(wasm.Tag, [{ __proto__: null, parameters }], target);
    }
    const { length } = parameters;
    const list = { __proto__: null, length };
    if (typeof length === "number" && length <= MAX_PARAMETERS) {
      let signature = "";
      for (let i = 0; i < length; i++) {
        const text = `${parameters[i]}`;
        list[i] = text;
        signature += text.length > LONG ? "?" : `${text} `;
      }
      const refusal = natives.countTypes(signature);
      if (refusal !== undefined) {
        throw new RangeError(`WebAssembly.Tag(): ${refusal}`);
      }
    }
    return construct(wasm.Tag, [{ __proto__: null, parameters: list }], target);
  };

  function boundWebAssembly(WebAssembly) {
    const { Module: NativeModule, Tag: NativeTag, compile, instantiate, validate, CompileError } = WebAssembly;
    wasm = { __proto__: null, Module: NativeModule, Tag: NativeTag, compile, instantiate, validate, CompileError };
    replaceConstructor(WebAssembly, "Module", NativeModule, Module);
    replaceConstructor(WebAssembly, "Tag", NativeTag, Tag);
    for (const name of ownKeys(wasmFunctions)) {
      replace(WebAssembly, name, wasmFunctions[name]);
    }
    for (const name of ownKeys(streamingFunctions)) {
      defineProperty(WebAssembly, name, { __proto__: null, ...propertyOf(WebAssembly, "compile"), value: streamingFunctions[name] });
    }
    for (const name of ["Instance", "Memory", "Table", "Global", "Exception"]) {
      interruptibleConstructor(WebAssembly, name);
    }
    // DEPARTURE: https://github.com/WebAssembly/js-promise-integration is not there. V8 ends its process when one thread has more
    // than 1,024 suspended calls, each of which has a stack; and has no flag to switch it off.
    for (const name of ["Suspending", "SuspendError", "promising"]) {
      deleteProperty(WebAssembly, name);
    }
    return WebAssembly;
  }

  boundBuffers("ArrayBuffer");
  // What V8 adds to each context when it is restored is bounded then.
  return function restored() {
    boundBuffers("SharedArrayBuffer");
    const { Intl, WebAssembly } = globalThis;
    return [() => boundWebAssembly(WebAssembly), () => boundIntl(Intl), parse];
  };
});
