// `Scheduler`: `scheduler`, with what Workers have of it.

import { clearTimer, setTimer } from "nano:native";
import { exportToNative } from "../script/bridge.js";
import { PromiseReject } from "../script/primordials.js";
import { PlatformObject } from "../script/webidl.js";
import { Deferred } from "../streams/promises.js";

/** https://developers.cloudflare.com/workers/runtime-apis/web-standards/#schedulerwait */
export class SchedulerImpl extends PlatformObject {
  wait(delay, options) {
    const { signal } = options;
    if (signal === undefined) return waiting(delay).promise;
    if (signal.aborted) return PromiseReject(signal.reason);
    const onEnd = () => signal.removeAlgorithm(onAbort);
    const { promise, reject, timer } = waiting(delay, onEnd);
    const onAbort = () => {
      clearTimer(timer);
      reject(signal.reason);
    };
    signal.addAlgorithm(onAbort);
    return promise;
  }
}

/** A promise, its timer, and what rejects it. */
function waiting(delay, onEnd) {
  const { promise, resolve, reject } = new Deferred();
  const timer = setTimer(
    () => {
      onEnd?.();
      resolve(undefined);
    },
    delay,
    false,
  );
  return { __proto__: null, promise, reject, timer };
}

exportToNative("newScheduler", () => new SchedulerImpl().wrapper);
