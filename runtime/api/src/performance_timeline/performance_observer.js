// `PerformanceObserver`: calls a function with what was measured.

import { DOMException } from "nano:native";
import { ArrayPrototypeIncludes, TypeErrorConstructor } from "../script/primordials.js";
import { List } from "../script/list.js";
import { PlatformObject } from "../script/webidl.js";
import { PerformanceObserverEntryListImpl } from "./performance_observer_entry_list.js";
import { bufferedEntries, isSupported, queueObserverTask, register, supportedEntryTypes, unregister } from "./timeline.js";

/** https://w3c.github.io/performance-timeline/#dom-performanceobserver */
export class PerformanceObserverImpl extends PlatformObject {
  callback = undefined;
  // The observer buffer.
  buffer = new List();
  // "undefined", "single" or "multiple".
  type = "undefined";
  // The types of the options list.
  types = new List();
  requiresDroppedEntries = false;

  static get supportedEntryTypes() {
    return supportedEntryTypes;
  }

  // https://w3c.github.io/performance-timeline/#dom-performanceobserver-constructor
  constructor_(callback) {
    this.callback = callback;
  }

  // https://w3c.github.io/performance-timeline/#dom-performanceobserver-observe
  observe(options) {
    const { entryTypes, type, buffered } = options;
    // 2. and 3.
    if (entryTypes === undefined && type === undefined) {
      throw new TypeErrorConstructor("One of entryTypes and type must be given");
    }
    if (entryTypes !== undefined && (type !== undefined || buffered !== undefined)) {
      throw new TypeErrorConstructor("entryTypes must be given without type and buffered");
    }
    // 4. and 5.
    const kind = entryTypes === undefined ? "single" : "multiple";
    if (this.type !== "undefined" && this.type !== kind) {
      const other = kind === "single" ? "entryTypes" : "type";
      throw new DOMException(`This observer was called with ${other} before`, "InvalidModificationError");
    }
    this.type = kind;
    // 6.
    this.requiresDroppedEntries = true;
    if (kind === "multiple") this.observeTypes(entryTypes);
    else this.observeType(type, buffered);
  }

  // Step 7.
  observeTypes(entryTypes) {
    const types = new List();
    for (let i = 0; i < entryTypes.length; i++) {
      if (isSupported(entryTypes[i])) types.append(entryTypes[i]);
    }
    if (types.length === 0) return;
    this.types = types;
    register(this);
  }

  // Step 8.
  observeType(type, buffered) {
    if (!isSupported(type)) return;
    if (!this.observes_(type)) this.types.append(type);
    register(this);
    if (!buffered) return;
    const entries = bufferedEntries(type);
    for (let i = 0; i < entries.length; i++) this.buffer.append(entries[i]);
    queueObserverTask();
  }

  // https://w3c.github.io/performance-timeline/#dom-performanceobserver-disconnect
  disconnect() {
    unregister(this);
    this.buffer = new List();
    this.types = new List();
  }

  // https://w3c.github.io/performance-timeline/#dom-performanceobserver-takerecords
  takeRecords() {
    const records = this.buffer;
    this.buffer = new List();
    return records;
  }

  /** Whether it wants entries of a type. */
  observes_(type) {
    return ArrayPrototypeIncludes(this.types, type);
  }

  /** Steps 3.3 of https://w3c.github.io/performance-timeline/#queue-the-performanceobserver-task, for one observer. */
  notify_() {
    const entries = this.takeRecords();
    if (entries.length === 0) return;
    const list = new PerformanceObserverEntryListImpl();
    list.entries = entries;
    // The buffers have no bound, so none is ever dropped.
    const options = this.requiresDroppedEntries ? { droppedEntriesCount: 0 } : {}; // safe: for apps
    this.requiresDroppedEntries = false;
    this.callback(this.wrapper, list, this, options);
  }
}
