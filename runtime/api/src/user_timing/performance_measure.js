// `PerformanceMeasure`: a span of time with a name.

import { PerformanceEntryImpl } from "../performance_timeline/performance_entry.js";

/** https://w3c.github.io/user-timing/#dom-performancemeasure */
export class PerformanceMeasureImpl extends PerformanceEntryImpl {
  detail = null;
}
