// Default iterator objects of `iterable<…>` and `async_iterable<…>`; the hooks of impl classes are described in webidl.js. For
// native interfaces, the iterators of `maplike<…>` and `setlike<…>`.

import {
  AsyncIteratorPrototype,
  FunctionPrototypeCall,
  IteratorPrototype,
  MapPrototypeEntries,
  MapPrototypeForEach,
  MapPrototypeKeys,
  MapPrototypeValues,
  ObjectDefineProperty,
  ObjectSetPrototypeOf,
  PromisePrototypeThen,
  PromiseReject,
  PromiseResolve,
  SetPrototypeEntries,
  SetPrototypeForEach,
  SetPrototypeValues,
  SymbolToStringTag,
} from "./primordials.js";
import { exportToNative } from "./bridge.js";
import {
  endOfIteration,
  illegalInvocation,
  isObject,
} from "./webidl.js";
import { defineEnumerable } from "./webidl_interface.js";

function iterationResult(value, done) {
  return { value, done }; // safe: for apps
}

/** What one step yields for an iterator of keys, of values or of entries. */
function ofKind(kind, pair) {
  return kind === "key" ? pair[0] : kind === "value" ? pair[1] : [pair[0], pair[1]];
}

/** Completes the prototype that a class made: the standard's iterator prototypes have no `constructor`, and enumerable methods. */
function finishIteratorPrototype(prototype, parent, tag, methods) {
  delete prototype.constructor;
  defineEnumerable(prototype, methods);
  ObjectSetPrototypeOf(prototype, parent);
  ObjectDefineProperty(prototype, SymbolToStringTag, { __proto__: null, value: tag, configurable: true });
}

/**
 * The factory of default iterators of an `iterable<K, V>`: https://webidl.spec.whatwg.org/#js-default-iterator-object.
 * `toPair` turns an IDL pair into JavaScript values.
 */
export function pairIteratorFactory(interfaceName, toPair) {
  class PairIterator { // safe: finishIteratorPrototype gives it another prototype
    #target;
    #kind;
    #index = 0;

    constructor(target, kind) {
      this.#target = target;
      this.#kind = kind;
    }

    // https://webidl.spec.whatwg.org/#js-iterator-prototype-object
    next() {
      if (!isObject(this) || !(#target in this)) throw illegalInvocation();
      const pairs = this.#target.valuePairs();
      if (this.#index >= pairs.length) return iterationResult(undefined, true);
      return iterationResult(ofKind(this.#kind, toPair(pairs[this.#index++])), false);
    }
  }
  finishIteratorPrototype(PairIterator.prototype, IteratorPrototype, `${interfaceName} Iterator`, ["next"]);
  return (impl, kind) => new PairIterator(impl, kind);
}

/** `forEach` of an `iterable<K, V>`: https://webidl.spec.whatwg.org/#es-iterable-foreach. */
export function forEachPair(impl, toPair, callback, thisArg, object) {
  for (let i = 0, pairs = impl.valuePairs(); i < pairs.length; i++, pairs = impl.valuePairs()) {
    const pair = toPair(pairs[i]);
    FunctionPrototypeCall(callback, thisArg, pair[1], pair[0], object);
  }
}

/** The state of an asynchronous iterator: what impl hooks see of it. */
class AsyncIteratorState {
  ongoingPromise = null;
  isFinished = false;

  constructor(target, kind) {
    this.target = target;
    this.kind = kind;
  }

  // The "nextSteps" of https://webidl.spec.whatwg.org/#js-asynchronous-iterator-prototype-object.
  nextSteps() {
    if (this.isFinished) return PromiseResolve(iterationResult(undefined, true));
    return PromisePrototypeThen(
      this.target.getNextIterationResult(this),
      (next) => {
        this.ongoingPromise = null;
        if (next === endOfIteration) {
          this.isFinished = true;
          return iterationResult(undefined, true);
        }
        return iterationResult(this.kind === undefined ? next : ofKind(this.kind, next), false);
      },
      (reason) => {
        this.ongoingPromise = null;
        this.isFinished = true;
        throw reason;
      },
    );
  }

  // The "returnSteps" of the same section.
  returnSteps(value) {
    if (this.isFinished) return PromiseResolve(iterationResult(value, true));
    this.isFinished = true;
    return this.target.asyncIteratorReturn(this, value);
  }
}

/**
 * The factory of default asynchronous iterators: https://webidl.spec.whatwg.org/#js-default-asynchronous-iterator-object.
 * `kind` is undefined for `async_iterable<V>`.
 */
export function asyncIteratorFactory(interfaceName, implPrototype) {
  const hasInit = "asyncIteratorInit" in implPrototype;
  const hasReturn = "asyncIteratorReturn" in implPrototype;

  class AsyncIterator { // safe: finishIteratorPrototype gives it another prototype
    #state;

    constructor(state) {
      this.#state = state;
    }

    next() {
      if (!isObject(this) || !(#state in this)) return PromiseReject(illegalInvocation());
      const state = this.#state;
      try {
        const ongoing = state.ongoingPromise;
        if (ongoing === null) return (state.ongoingPromise = state.nextSteps());
        const onSettled = () => state.nextSteps();
        return (state.ongoingPromise = PromisePrototypeThen(ongoing, onSettled, onSettled));
      } catch (error) {
        return PromiseReject(error);
      }
    }

    return(value) {
      if (!isObject(this) || !(#state in this)) return PromiseReject(illegalInvocation());
      const state = this.#state;
      try {
        const ongoing = state.ongoingPromise;
        const onSettled = () => state.returnSteps(value);
        const returned = ongoing === null ? onSettled() : PromisePrototypeThen(ongoing, onSettled, onSettled);
        state.ongoingPromise = returned;
        return PromisePrototypeThen(returned, () => iterationResult(value, true));
      } catch (error) {
        return PromiseReject(error);
      }
    }
  }

  if (!hasReturn) delete AsyncIterator.prototype.return;
  const methods = hasReturn ? ["next", "return"] : ["next"];
  finishIteratorPrototype(AsyncIterator.prototype, AsyncIteratorPrototype, `${interfaceName} AsyncIterator`, methods);
  return (impl, kind, args) => {
    const state = new AsyncIteratorState(impl, kind);
    if (hasInit) impl.asyncIteratorInit(state, args);
    return new AsyncIterator(state);
  };
}

// Map and set entries of native interfaces are a JavaScript map and set.

// https://webidl.spec.whatwg.org/#create-a-map-iterator
exportToNative("createMapIterator", (map, kind) =>
  kind === "key" ? MapPrototypeKeys(map) : kind === "value" ? MapPrototypeValues(map) : MapPrototypeEntries(map),
);
// https://webidl.spec.whatwg.org/#create-a-set-iterator
exportToNative("createSetIterator", (set, kind) => (kind === "value" ? SetPrototypeValues(set) : SetPrototypeEntries(set)));
// https://webidl.spec.whatwg.org/#js-map-forEach, https://webidl.spec.whatwg.org/#js-set-forEach
exportToNative("forEachOfMap", (map, callback, thisArg, object) => {
  MapPrototypeForEach(map, (value, key) => FunctionPrototypeCall(callback, thisArg, value, key, object));
});
exportToNative("forEachOfSet", (set, callback, thisArg, object) => {
  SetPrototypeForEach(set, (value) => FunctionPrototypeCall(callback, thisArg, value, value, object));
});
