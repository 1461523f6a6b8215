// `PerformanceMark`: a time with a name.

import { now } from "nano:native";
import { TypeErrorConstructor } from "../script/primordials.js";
import { PerformanceEntryImpl } from "../performance_timeline/performance_entry.js";
import { copyOfDetail } from "./detail.js";

/** https://w3c.github.io/user-timing/#dom-performancemark */
export class PerformanceMarkImpl extends PerformanceEntryImpl {
  detail = null;

  // https://w3c.github.io/user-timing/#dom-performancemark-constructor
  constructor_(markName, markOptions) {
    // 5.
    const { startTime = now(), detail } = markOptions;
    if (startTime < 0) throw new TypeErrorConstructor(`A mark cannot have a negative startTime (${startTime})`);
    // 2. to 4. and 6.
    this.initialize_(markName, "mark", startTime, 0);
    // 7. and 8.
    this.detail = copyOfDetail(detail);
  }
}
