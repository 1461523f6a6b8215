// The extensions of `Performance` by User Timing: https://w3c.github.io/user-timing/#extensions-performance-interface

import { DOMException, now } from "nano:native";
import { ArrayPrototypeIncludes, TypeErrorConstructor } from "../script/primordials.js";
import { frozenArray } from "../script/webidl.js";
import { bufferedEntries, queueEntry } from "../performance_timeline/timeline.js";
import { copyOfDetail } from "./detail.js";
import { PerformanceMarkImpl } from "./performance_mark.js";
import { PerformanceMeasureImpl } from "./performance_measure.js";

/** https://w3c.github.io/user-timing/#dom-performance-mark */
export function mark(markName, markOptions) {
  const entry = new PerformanceMarkImpl();
  entry.constructor_(markName, markOptions);
  queueEntry(entry);
  return entry;
}

/** https://w3c.github.io/user-timing/#dom-performance-measure; with options or the name of a mark, or neither. */
export function measure(measureName, options, startMark, endMark) {
  const { start, duration, end, detail } = options;
  const hasOptions = start !== undefined || duration !== undefined || end !== undefined || detail !== undefined;
  // 1.
  if (hasOptions) {
    if (endMark !== undefined) throw new TypeErrorConstructor("An endMark must not be given beside options");
    if (start === undefined && end === undefined) throw new TypeErrorConstructor("One of the options start and end must be given");
    if (start !== undefined && duration !== undefined && end !== undefined) {
      throw new TypeErrorConstructor("Of the options start, duration and end only two must be given");
    }
  }
  // 2.
  let endTime;
  if (endMark !== undefined) endTime = timestampOf(endMark);
  else if (end !== undefined) endTime = timestampOf(end);
  else if (start !== undefined && duration !== undefined) endTime = timestampOf(start) + timestampOf(duration);
  else endTime = now();
  // 3.
  let startTime;
  if (start !== undefined) startTime = timestampOf(start);
  else if (duration !== undefined && end !== undefined) startTime = timestampOf(end) - timestampOf(duration);
  else if (startMark !== undefined) startTime = timestampOf(startMark);
  else startTime = 0;
  // 4. to 10.
  const entry = new PerformanceMeasureImpl();
  entry.initialize_(measureName, "measure", startTime, endTime - startTime);
  entry.detail = copyOfDetail(detail);
  // 11. and 12.
  queueEntry(entry);
  return entry;
}

// The attributes of PerformanceTiming: https://w3c.github.io/navigation-timing/#the-performancetiming-interface
const attributesOfNavigation = frozenArray([
  "navigationStart", "unloadEventStart", "unloadEventEnd", "redirectStart", "redirectEnd", "fetchStart", "domainLookupStart",
  "domainLookupEnd", "connectStart", "connectEnd", "secureConnectionStart", "requestStart", "responseStart", "responseEnd",
  "domLoading", "domInteractive", "domContentLoadedEventStart", "domContentLoadedEventEnd", "domComplete", "loadEventStart",
  "loadEventEnd",
]);

/** https://w3c.github.io/user-timing/#convert-a-mark-to-a-timestamp */
function timestampOf(mark) {
  if (typeof mark === "string") {
    if (ArrayPrototypeIncludes(attributesOfNavigation, mark)) {
      throw new TypeErrorConstructor(`'${mark}' is a time of a navigation, and there are none; give the mark another name`);
    }
    const marks = bufferedEntries("mark");
    for (let i = marks.length - 1; i >= 0; i--) {
      if (marks[i].name === mark) return marks[i].startTime;
    }
    throw new DOMException(`The mark '${mark}' does not exist`, "SyntaxError");
  }
  if (mark < 0) throw new TypeErrorConstructor(`A time cannot be negative (${mark})`);
  return mark;
}
