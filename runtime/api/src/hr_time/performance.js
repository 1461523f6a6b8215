// `Performance`: the clock, and what is measured by it.

import { now, timeOrigin } from "nano:native";
import { exportToNative } from "../script/bridge.js";
import { EventTargetImpl } from "../dom/event_target.js";
import { clearEntries, entriesOfGlobal } from "../performance_timeline/timeline.js";
import { mark, measure } from "../user_timing/user_timing.js";

const noOptions = { __proto__: null };

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

  // https://w3c.github.io/performance-timeline/#dom-performance-getentries
  getEntries() {
    return entriesOfGlobal(undefined, undefined);
  }

  // https://w3c.github.io/performance-timeline/#dom-performance-getentriesbytype
  getEntriesByType(type) {
    return entriesOfGlobal(undefined, type);
  }

  // https://w3c.github.io/performance-timeline/#dom-performance-getentriesbyname
  getEntriesByName(name, type) {
    return entriesOfGlobal(name, type);
  }

  // https://w3c.github.io/user-timing/#dom-performance-mark
  mark(markName, markOptions) {
    return mark(markName, markOptions);
  }

  // https://w3c.github.io/user-timing/#dom-performance-clearmarks
  clearMarks(markName) {
    clearEntries("mark", markName);
  }

  // https://w3c.github.io/user-timing/#dom-performance-measure
  measure(measureName, startOrMeasureOptions, endMark) {
    return typeof startOrMeasureOptions === "string"
      ? measure(measureName, noOptions, startOrMeasureOptions, endMark)
      : measure(measureName, startOrMeasureOptions, undefined, endMark);
  }

  // https://w3c.github.io/user-timing/#dom-performance-clearmeasures
  clearMeasures(measureName) {
    clearEntries("measure", measureName);
  }
}

// `globalThis.performance`, made when it is first asked for.
exportToNative("performance", () => new PerformanceImpl().wrapper);
