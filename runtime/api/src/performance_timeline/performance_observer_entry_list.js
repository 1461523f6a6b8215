// `PerformanceObserverEntryList`: what was measured since the last call of an observer's function.

import { PlatformObject } from "../script/webidl.js";
import { filterEntries } from "./timeline.js";

/** https://w3c.github.io/performance-timeline/#dom-performanceobserverentrylist */
export class PerformanceObserverEntryListImpl extends PlatformObject {
  entries = undefined;

  // https://w3c.github.io/performance-timeline/#dom-performanceobserverentrylist-getentries
  getEntries() {
    return filterEntries(this.entries, undefined, undefined);
  }

  // https://w3c.github.io/performance-timeline/#dom-performanceobserverentrylist-getentriesbytype
  getEntriesByType(type) {
    return filterEntries(this.entries, undefined, type);
  }

  // https://w3c.github.io/performance-timeline/#dom-performanceobserverentrylist-getentriesbyname
  getEntriesByName(name, type) {
    return filterEntries(this.entries, name, type);
  }
}
