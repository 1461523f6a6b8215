// `ReadableStream.from()`: a stream of the values of an async or sync iterable.

import {
  PromisePrototypeThen,
  PromiseReject,
  PromiseResolve,
  ReflectApply,
  SymbolAsyncIterator,
  SymbolIterator,
  TypeErrorConstructor,
} from "../script/primordials.js";
import { isObject } from "../script/webidl.js";
import { readableStreamDefaultControllerClose, readableStreamDefaultControllerEnqueue } from "./readable_stream_default_controller.js";
import { createReadableStream } from "./readable_stream_operations.js";

// https://streams.spec.whatwg.org/#readable-stream-from-iterable
export function readableStreamFromIterable(asyncIterable) {
  // The high water mark is 0: values are asked for when somebody reads.
  return createReadableStream(new IterableSource(asyncIterable), 0, undefined);
}

/** The start, pull and cancel algorithms of ReadableStreamFromIterable. */
class IterableSource {
  // https://webidl.spec.whatwg.org/#async-sequence-open
  // DEPARTURE: a string is taken as the iterable of its code points, as browsers and the tests have it.
  constructor(iterable) {
    let isAsync = true;
    let method = getMethod(iterable, SymbolAsyncIterator);
    if (method === undefined) {
      isAsync = false;
      method = getMethod(iterable, SymbolIterator);
      if (method === undefined) throw new TypeErrorConstructor("ReadableStream.from() needs an async iterable or an iterable");
    }
    const iterator = ReflectApply(method, iterable, []);
    if (!isObject(iterator)) throw new TypeErrorConstructor("The iterator method of the iterable must return an object");
    this.iterator = iterator;
    this.next = iterator.next;
    this.isAsync = isAsync;
    this.controller = undefined;
    this.onNext = undefined;
  }

  start(controller) {
    this.controller = controller;
    this.onNext = (result) => this.acceptResult(result);
  }

  pull() {
    let result;
    try {
      result = ReflectApply(this.next, this.iterator, []);
      if (!this.isAsync) result = awaitSyncResult(this.iterator, result, true);
    } catch (error) {
      return PromiseReject(error);
    }
    return PromisePrototypeThen(PromiseResolve(result), this.onNext);
  }

  acceptResult(result) {
    if (!isObject(result)) throw new TypeErrorConstructor("The iterator's next() must give an object");
    if (result.done) readableStreamDefaultControllerClose(this.controller);
    else readableStreamDefaultControllerEnqueue(this.controller, result.value);
  }

  // https://webidl.spec.whatwg.org/#async-iterator-close
  cancel(reason) {
    const iterator = this.iterator;
    let result;
    try {
      const method = getMethod(iterator, "return");
      if (method === undefined) return PromiseResolve(undefined);
      result = ReflectApply(method, iterator, [reason]);
      if (!this.isAsync) result = awaitSyncResult(iterator, result, false);
    } catch (error) {
      return PromiseReject(error);
    }
    return PromisePrototypeThen(PromiseResolve(result), (value) => {
      if (!isObject(value)) throw new TypeErrorConstructor("The iterator's return() must give an object");
    });
  }
}

/**
 * What `%AsyncFromSyncIteratorPrototype%` makes of a result of a sync iterator: a promise of a result with an awaited value.
 * https://tc39.es/ecma262/#sec-asyncfromsynciteratorcontinuation
 */
function awaitSyncResult(iterator, result, closeOnRejection) {
  if (!isObject(result)) throw new TypeErrorConstructor("The iterator's method must return an object");
  const done = !!result.done;
  const value = result.value;
  const closeIterator = closeOnRejection && !done;
  let valuePromise;
  try {
    valuePromise = PromiseResolve(value);
  } catch (error) {
    if (closeIterator) closeSyncIterator(iterator);
    throw error;
  }
  return PromisePrototypeThen(
    valuePromise,
    (awaited) => ({ __proto__: null, done, value: awaited }),
    closeIterator
      ? (error) => {
        closeSyncIterator(iterator);
        throw error;
      }
      : undefined,
  );
}

/** https://tc39.es/ecma262/#sec-iteratorclose after a throw completion: what goes wrong here does not count. */
function closeSyncIterator(iterator) {
  try {
    const method = getMethod(iterator, "return");
    if (method !== undefined) ReflectApply(method, iterator, []);
  } catch {
    // The first error is the one to report.
  }
}

/** https://tc39.es/ecma262/#sec-getmethod */
function getMethod(value, key) {
  const method = value[key];
  if (method === undefined || method === null) return undefined;
  if (typeof method !== "function") throw new TypeErrorConstructor("A member of the iterable that must be a function is something else");
  return method;
}
