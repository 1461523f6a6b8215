// `PerformanceEntry`: something that was measured.

import { PlatformObject } from "../script/webidl.js";

let lastId = 0;

/** https://w3c.github.io/performance-timeline/#dom-performanceentry */
export class PerformanceEntryImpl extends PlatformObject {
  id = 0;
  name = "";
  entryType = "";
  startTime = 0;
  duration = 0;
  navigationId = 0;

  /** Sets what all entries have. https://w3c.github.io/performance-timeline/#dfn-generate-an-id */
  initialize_(name, entryType, startTime, duration) {
    lastId += 1;
    this.id = lastId;
    this.name = name;
    this.entryType = entryType;
    this.startTime = startTime;
    this.duration = duration;
  }
}
