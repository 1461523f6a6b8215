// A request for a lock: what has it called back, and what becomes of its promise. https://w3c.github.io/web-locks/#algorithms
//
// The lock manager is native, as the app's instances share it. It tells a request what becomes of it, each time in a task of its own, which
// works for whoever has made the request, whoever gives the lock back.

import { DOMException, abortLockRequest, releaseLock, requestLock } from "nano:native";
import { PromisePrototypeThen } from "../script/primordials.js";
import { Deferred, resolveWith } from "../streams/promises.js";
import { LockImpl } from "./lock.js";

// What a request is told.
const GRANTED = 0;
const STOLEN = 2;

/** https://w3c.github.io/web-locks/#lock-request */
export class LockRequest {
  // The promise that `request()` gives, which is its lock's released promise, too.
  result = new Deferred();
  // Its number.
  id = 0;
  abort = undefined;

  constructor(name, mode, callback, signal) {
    this.name = name;
    this.mode = mode;
    this.callback = callback;
    this.signal = signal;
  }

  /** https://w3c.github.io/web-locks/#request-a-lock */
  send(ifAvailable, steal) {
    const { name, mode, signal } = this;
    this.id = requestLock(name, mode === "shared", ifAvailable, steal, (told) => this.hear(told));
    if (signal !== undefined) {
      // https://w3c.github.io/web-locks/#signal-to-abort-the-request
      this.abort = () => {
        abortLockRequest(this.id);
        this.result.reject(signal.reason);
      };
      signal.addAlgorithm(this.abort);
    }
  }

  hear(told) {
    if (told === STOLEN) {
      this.result.reject(new DOMException("The lock was stolen by another request.", "AbortError"));
    } else {
      this.callBack(told === GRANTED);
    }
  }

  /** The task of https://w3c.github.io/web-locks/#process-the-lock-request-queue, or that for a lock that is not available. */
  callBack(isGranted) {
    const { id, name, mode, result, signal } = this;
    if (signal !== undefined) {
      if (signal.aborted) {
        releaseLock(id);
        return;
      }
      signal.removeAlgorithm(this.abort);
    }
    if (!isGranted) {
      resolveWith(result, this.callback(undefined, null));
      return;
    }
    const lock = new LockImpl();
    lock.name = name;
    lock.mode = mode;
    const waiting = this.callback(undefined, lock);
    // When the waiting promise settles: release the lock, and resolve its released promise with it. One that was stolen is about to hear
    // of that.
    const release = () => {
      if (releaseLock(id)) resolveWith(result, waiting);
    };
    PromisePrototypeThen(waiting, release, release);
  }
}
