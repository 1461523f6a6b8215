// What all locks of one name have in common: who holds them, and who waits. https://w3c.github.io/web-locks/#algorithms
//
// The standard's lock task queue runs beside all agents; here there is one of these, so its steps are run at once.

import { DOMException, postTask } from "nano:native";
import {
  PromisePrototypeThen,
  SetConstructor,
  SetIteratorPrototypeNext,
  SetPrototypeAdd,
  SetPrototypeDelete,
  SetPrototypeForEach,
  SetPrototypeGetSize,
  SetPrototypeValues,
} from "../script/primordials.js";
import { Deferred, resolveWith } from "../streams/promises.js";
import { LockImpl } from "./lock.js";

/** https://w3c.github.io/web-locks/#lock-request */
export class LockRequest {
  // The promise that `request()` gives, and the one that stands for the task that calls back.
  result = new Deferred();
  granted = new Deferred();
  // The lock, once it is granted; null stays where there was none to be had at once.
  lock = null;

  constructor(name, mode, callback, signal) {
    this.name = name;
    this.mode = mode;
    this.callback = callback;
    this.signal = signal;
    this.abort = undefined;
    // A reaction, so that the callback belongs to the request that it is made for, whoever gives the lock back.
    PromisePrototypeThen(this.granted.promise, () => this.callBack());
  }

  /** Queues the task that calls back. */
  queueCallback() {
    postTask(() => this.granted.resolve(undefined));
  }

  /** The task of https://w3c.github.io/web-locks/#process-the-lock-request-queue, or that for a lock that is not available. */
  callBack() {
    const { lock, result, signal } = this;
    if (signal !== undefined) {
      if (signal.aborted) {
        if (lock !== null) lock.resource.release(lock);
        return;
      }
      signal.removeAlgorithm(this.abort);
    }
    const waiting = this.callback(undefined, lock);
    if (lock === null) {
      resolveWith(result, waiting);
      return;
    }
    // When the waiting promise settles: release the lock, and resolve its released promise with it.
    const release = () => {
      lock.resource.release(lock);
      resolveWith(result, waiting);
    };
    PromisePrototypeThen(waiting, release, release);
  }
}

/** The lock request queue of a name, with its part of the held lock set. */
export class LockResource {
  queue = new SetConstructor();
  held = new SetConstructor();
  // The mode of all that are held, if any is.
  heldMode = "shared";

  /** `locks`: the held lock set of the manager. `whenIdle` is called when nobody holds or waits any more. */
  constructor(locks, whenIdle) {
    this.locks = locks;
    this.whenIdle = whenIdle;
  }

  /** https://w3c.github.io/web-locks/#grantable, for a request at the head of the queue. */
  isGrantable(mode) {
    return SetPrototypeGetSize(this.held) === 0 || (mode === "shared" && this.heldMode === "shared");
  }

  /** https://w3c.github.io/web-locks/#request-a-lock, from step 3. */
  enqueue(request, ifAvailable, steal) {
    const { signal } = request;
    if (signal !== undefined) {
      // https://w3c.github.io/web-locks/#signal-to-abort-the-request
      request.abort = () => {
        if (SetPrototypeDelete(this.queue, request)) this.process();
        request.result.reject(signal.reason);
      };
      signal.addAlgorithm(request.abort);
    }
    if (steal) {
      SetPrototypeForEach(this.held, (lock) => {
        SetPrototypeDelete(this.locks, lock);
        lock.released.reject(new DOMException("The lock was stolen by another request.", "AbortError"));
      });
      this.held = new SetConstructor();
      // It is the first of the queue, and nothing is held.
      this.grant(request);
      return;
    }
    if (ifAvailable && !(SetPrototypeGetSize(this.queue) === 0 && this.isGrantable(request.mode))) {
      request.queueCallback();
      return;
    }
    SetPrototypeAdd(this.queue, request);
    this.process();
  }

  /** https://w3c.github.io/web-locks/#process-the-lock-request-queue */
  process() {
    for (;;) {
      const { value: request } = SetIteratorPrototypeNext(SetPrototypeValues(this.queue));
      if (request === undefined) break;
      if (!this.isGrantable(request.mode)) return;
      SetPrototypeDelete(this.queue, request);
      this.grant(request);
    }
    if (SetPrototypeGetSize(this.held) === 0) this.whenIdle();
  }

  grant(request) {
    const lock = new LockImpl();
    lock.name = request.name;
    lock.mode = request.mode;
    lock.resource = this;
    lock.released = request.result;
    SetPrototypeAdd(this.held, lock);
    SetPrototypeAdd(this.locks, lock);
    this.heldMode = request.mode;
    request.lock = lock;
    request.queueCallback();
  }

  /** https://w3c.github.io/web-locks/#release-the-lock */
  release(lock) {
    // It may have been stolen.
    if (!SetPrototypeDelete(this.held, lock)) return;
    SetPrototypeDelete(this.locks, lock);
    this.process();
  }
}
