// `Performance`: the clock.

import { now, timeOrigin } from "nano:native";
import { exportToNative } from "../script/bridge.js";
import { EventTargetImpl } from "../dom/event_target.js";

/** https://w3c.github.io/hr-time/#sec-performance */
export class PerformanceImpl extends EventTargetImpl {
  // https://w3c.github.io/hr-time/#dom-performance-now
  now() {
    return now();
  }

  // https://w3c.github.io/hr-time/#dom-performance-timeorigin
  get timeOrigin() {
    return timeOrigin();
  }
}

// `globalThis.performance`, made when it is first asked for.
exportToNative("performance", () => new PerformanceImpl().wrapper);
