// The performance entry buffers of the global object, and who observes them.
// https://w3c.github.io/performance-timeline/#performance-timeline

import { postTask, reportException } from "nano:native";
import { ArrayPrototypeIncludes, ArrayPrototypeSort } from "../script/primordials.js";
import { List, listFrom } from "../script/list.js";
import { frozenArray } from "../script/webidl.js";

/** The types of entries, sorted. */
export const supportedEntryTypes = frozenArray(["mark", "measure"]);

/** Whether there are entries of a type. */
export function isSupported(type) {
  return ArrayPrototypeIncludes(supportedEntryTypes, type);
}

// The buffers of all types in one, in the order of arrival. It has no bound, as the registry of entry types says of both.
let buffer = new List();

// The registered performance observers.
let observers = new List();

let observerTaskIsQueued = false;

/** https://w3c.github.io/performance-timeline/#queue-a-performanceentry */
export function queueEntry(entry) {
  // 5. and 6.
  for (let i = 0; i < observers.length; i++) {
    if (observers[i].observes_(entry.entryType)) observers[i].buffer.append(entry);
  }
  // 7. to 10.
  buffer.append(entry);
  // 11. Without an observer the task has nothing to do.
  if (observers.length > 0) queueObserverTask();
}

/** https://w3c.github.io/performance-timeline/#queue-the-performanceobserver-task */
export function queueObserverTask() {
  // 1. and 2.
  if (observerTaskIsQueued) return;
  observerTaskIsQueued = true;
  // 3.
  postTask(() => {
    observerTaskIsQueued = false;
    const notified = listFrom(observers, 0);
    for (let i = 0; i < notified.length; i++) {
      try {
        notified[i].notify_();
      } catch (exception) {
        reportException(exception);
      }
    }
  });
}

/** Registers an observer, if it is not yet. */
export function register(observer) {
  if (!ArrayPrototypeIncludes(observers, observer)) observers.append(observer);
}

/** Takes an observer from the registered ones. */
export function unregister(observer) {
  observers = without(observers, (other) => other === observer);
}

/** The entries of a type, in the order of arrival. */
export function bufferedEntries(type) {
  return without(buffer, (entry) => entry.entryType !== type);
}

/** Forgets the entries of a type, and of a name if that is not undefined. */
export function clearEntries(type, name) {
  buffer = without(buffer, (entry) => entry.entryType === type && (name === undefined || entry.name === name));
}

/** The entries of the global object. */
export function entriesOfGlobal(name, type) {
  return filterEntries(buffer, name, type);
}

/** https://w3c.github.io/performance-timeline/#dfn-filter-buffer-by-name-and-type; undefined for any. */
export function filterEntries(entries, name, type) {
  const result = without(
    entries,
    (entry) => (type !== undefined && entry.entryType !== type) || (name !== undefined && entry.name !== name),
  );
  ArrayPrototypeSort(result, (first, second) => first.startTime - second.startTime);
  return result;
}

function without(list, isLeftOut) {
  const result = new List();
  for (let i = 0; i < list.length; i++) {
    if (!isLeftOut(list[i])) result.append(list[i]);
  }
  return result;
}
