// Source: Performance Timeline (https://w3c.github.io/performance-timeline/)
// Date: 2026-07-01

partial interface Performance {
  /** All that was measured, by the time of its start. */
  PerformanceEntryList getEntries ();
  /** Those of a type. */
  PerformanceEntryList getEntriesByType (DOMString type);
  /** Those of a name, and of a type if one is given. */
  PerformanceEntryList getEntriesByName (DOMString name, optional DOMString type);
};
typedef sequence<PerformanceEntry> PerformanceEntryList;

/** Something that was measured. */
[Section=dom-performanceentry, Exposed=(Window,Worker)]
interface PerformanceEntry {
  /** Its number: later entries have larger ones. */
  readonly    attribute unsigned long long  id;
  /** What the app has called it. */
  readonly    attribute DOMString           name;
  /** "mark" or "measure". */
  readonly    attribute DOMString           entryType;
  /** When it began, in milliseconds since `performance.timeOrigin`. */
  readonly    attribute DOMHighResTimeStamp startTime;
  /** How long it took, in milliseconds. */
  readonly    attribute DOMHighResTimeStamp duration;
  /** 0: there are no navigations. */
  readonly    attribute unsigned long long  navigationId;
  /** An object with the entry's fields, for JSON. */
  [Default] object toJSON();
};

/** Is called with what was measured since it was called last. */
callback PerformanceObserverCallback = undefined (PerformanceObserverEntryList entries,
                                                 PerformanceObserver observer,
                                                 optional PerformanceObserverCallbackOptions options = {});

/** Calls a function with what was measured. */
[Section=dom-performanceobserver, Exposed=(Window,Worker)]
interface PerformanceObserver {
  /** An observer whose function is called with new entries. */
  [Section=dom-performanceobserver-constructor] constructor(PerformanceObserverCallback callback);
  /**
   * Begins to observe entries of some types.
   * @throws {TypeError} if neither `entryTypes` nor `type` is given, or both are
   * @throws {DOMException} "InvalidModificationError", if an earlier call was of the other kind
   */
  undefined observe (optional PerformanceObserverInit options = {});
  /** Ends it. */
  undefined disconnect ();
  /** What was measured since the last call; the function is not called with these any more. */
  PerformanceEntryList takeRecords();
  /** The types of entries that there are. */
  [SameObject] static readonly attribute FrozenArray<DOMString> supportedEntryTypes;
};

/** How an observer is called. */
[Section=dom-performanceobservercallbackoptions] dictionary PerformanceObserverCallbackOptions {
  /** How many entries are not among those before the first call because there was no room; always 0. */
  unsigned long long droppedEntriesCount;
};

/** What is to be observed. */
[Section=dom-performanceobserverinit] dictionary PerformanceObserverInit {
  /** Several types. */
  sequence<DOMString> entryTypes;
  /** One type; further calls add others. */
  DOMString type;
  /** Whether entries count that are there already; with `type` only. */
  boolean buffered;
};

/** What was measured since the last call of an observer's function. */
[Section=dom-performanceobserverentrylist, Exposed=(Window,Worker)]
interface PerformanceObserverEntryList {
  /** All entries, by the time of their start. */
  PerformanceEntryList getEntries();
  /** Those of a type. */
  PerformanceEntryList getEntriesByType (DOMString type);
  /** Those of a name, and of a type if one is given. */
  PerformanceEntryList getEntriesByName (DOMString name, optional DOMString type);
};
