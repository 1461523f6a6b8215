// `queueMicrotask()`: https://html.spec.whatwg.org/multipage/timers-and-user-prompts.html#dom-queuemicrotask

import { reportException } from "nano:native";
import { exportToNative } from "../script/bridge.js";
import { PromisePrototypeThen, PromiseResolve } from "../script/primordials.js";

exportToNative("queueMicrotask", (callback) => {
  PromisePrototypeThen(PromiseResolve(undefined), () => {
    try {
      callback();
    } catch (error) {
      reportException(error);
    }
  });
});
