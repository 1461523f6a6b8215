// Promises as streams need them: https://webidl.spec.whatwg.org/#js-promise-manipulation

import { isPromise } from "nano:native";
import { PromiseConstructor, PromisePrototypeThen, PromiseReject, PromiseResolve, promisesAreIntact } from "../script/primordials.js";
import { resolvedWithUndefined } from "../script/webidl.js";

export function doNothing() {}

/** Sets promise.[[PromiseIsHandled]] to true: its rejection is no news to report. */
export function markAsHandled(promise) {
  PromisePrototypeThen(promise, undefined, doNothing);
}

/** https://html.spec.whatwg.org/#queue-a-microtask, for steps that do not throw. */
export function queueMicrotaskSteps(steps) {
  PromisePrototypeThen(resolvedWithUndefined, steps);
}

// The resolving functions of the promise that is being made. One executor for all promises saves a closure for each.
let lastResolve;
let lastReject;
function captureResolvingFunctions(resolve, reject) {
  lastResolve = resolve;
  lastReject = reject;
}

/** A promise and the functions that settle it. */
export class Deferred {
  constructor() {
    this.promise = new PromiseConstructor(captureResolvingFunctions);
    this.resolve = lastResolve;
    this.reject = lastReject;
  }
}

/**
 * "A promise resolved with" a value, https://webidl.spec.whatwg.org/#a-promise-resolved-with. Unlike `Promise.resolve()` it gives a new
 * promise for a promise, which settles two microtasks later; that can be told by the order in which the start of a stream and a
 * call on it take effect.
 */
export function promiseResolvedWith(value) {
  if (value === undefined) return resolvedWithUndefined;
  const deferred = new Deferred();
  resolveWith(deferred, value);
  return deferred.promise;
}

/** Resolves a deferred with what may be a promise; unlike `deferred.resolve` without an app's `then`, where it is not V8's. */
export function resolveWith(deferred, value) {
  if (promisesAreIntact() || !isPromise(value)) deferred.resolve(value);
  else PromisePrototypeThen(value, deferred.resolve, deferred.reject);
}

/** `promise.then(steps)`, where the steps give a promise. */
export function thenAlso(promise, steps) {
  if (promisesAreIntact()) return PromisePrototypeThen(promise, steps);
  const deferred = new Deferred();
  const onFulfilled = (value) => {
    try {
      resolveWith(deferred, steps(value));
    } catch (error) {
      deferred.reject(error);
    }
  };
  PromisePrototypeThen(promise, onFulfilled, deferred.reject);
  return deferred.promise;
}

/**
 * A promise slot such as [[closedPromise]] and [[readyPromise]]: a promise of undefined whose rejection counts as handled.
 *
 * The promise is made when somebody asks for it. Most readers and writers are used without `closed` and `ready` ever being read,
 * and a promise that is made later but settled in the same way cannot be told from one that was there before.
 */
export class LazyPromise {
  state = "pending";
  reason = undefined;
  deferred = undefined;
  settled = undefined;

  /** The promise in the slot. */
  get promise() {
    if (this.deferred !== undefined) return this.deferred.promise;
    if (this.settled !== undefined) return this.settled;
    if (this.state === "pending") {
      this.deferred = new Deferred();
      return this.deferred.promise;
    }
    if (this.state === "fulfilled") {
      this.settled = PromiseResolve(undefined);
    } else {
      this.settled = PromiseReject(this.reason);
      markAsHandled(this.settled);
    }
    return this.settled;
  }

  /** Resolves the promise in the slot; does nothing where it is settled. */
  resolve() {
    if (this.state !== "pending") return;
    this.state = "fulfilled";
    if (this.deferred !== undefined) this.deferred.resolve(undefined);
  }

  /** Rejects the promise in the slot; does nothing where it is settled. */
  reject(reason) {
    if (this.state !== "pending") return;
    this.state = "rejected";
    this.reason = reason;
    if (this.deferred !== undefined) {
      // First handled, then rejected: in the other order the rejection would be reported and taken back.
      markAsHandled(this.deferred.promise);
      this.deferred.reject(reason);
    }
  }

  /** Rejects the promise in the slot if it is pending, and puts a rejected promise into the slot otherwise. */
  ensureRejected(reason) {
    if (this.state !== "pending") this.replaceWithPending();
    this.reject(reason);
  }

  /** Puts a new promise into the slot. */
  replaceWithPending() {
    this.state = "pending";
    this.reason = undefined;
    this.deferred = undefined;
    this.settled = undefined;
  }
}

/**
 * Two promises as one: fulfills when both are, rejects with the first reason.
 * https://webidl.spec.whatwg.org/#waiting-for-all-promise
 */
export function waitForBoth(first, second) {
  const result = new Deferred();
  let missing = 2;
  const onFulfilled = () => {
    if (--missing === 0) result.resolve(undefined);
  };
  PromisePrototypeThen(first, onFulfilled, result.reject);
  PromisePrototypeThen(second, onFulfilled, result.reject);
  return result.promise;
}
