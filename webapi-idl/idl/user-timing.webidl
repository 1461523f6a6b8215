// Source: User Timing (https://w3c.github.io/user-timing/)
// Date: 2026-07-01

/** What a mark has. */
[Section=dom-performancemarkoptions] dictionary PerformanceMarkOptions {
    /** Anything, of which a copy is kept. */
    any detail;
    /** The time, in milliseconds since `performance.timeOrigin`; else now. */
    DOMHighResTimeStamp startTime;
};

/** What a measure has: two of start, duration and end, or one of start and end. */
[Section=dom-performancemeasureoptions] dictionary PerformanceMeasureOptions {
    /** Anything, of which a copy is kept. */
    any detail;
    /** When it began: a mark's name or a time. */
    (DOMString or DOMHighResTimeStamp) start;
    /** How long it took, in milliseconds. */
    DOMHighResTimeStamp duration;
    /** When it ended: a mark's name or a time. */
    (DOMString or DOMHighResTimeStamp) end;
};

partial interface Performance {
    /**
     * Keeps a time under a name.
     * @throws {TypeError} if `startTime` is negative
     * @throws {DOMException} "DataCloneError", if `detail` cannot be copied
     */
    PerformanceMark mark(DOMString markName, optional PerformanceMarkOptions markOptions = {});
    /** Forgets the marks of a name, or all. */
    undefined clearMarks(optional DOMString markName);
    /**
     * Keeps the time between two marks, or from the beginning, or until now, under a name.
     * @throws {DOMException} "SyntaxError", if there is no mark of the name
     * @throws {TypeError} if start, duration and end are given, or options together with `endMark`
     * @throws {DOMException} "DataCloneError", if `detail` cannot be copied
     */
    PerformanceMeasure measure(DOMString measureName, optional (DOMString or PerformanceMeasureOptions) startOrMeasureOptions = {}, optional DOMString endMark);
    /** Forgets the measures of a name, or all. */
    undefined clearMeasures(optional DOMString measureName);
};

/** A time with a name. */
[Section=dom-performancemark, Exposed=(Window,Worker)]
interface PerformanceMark : PerformanceEntry {
  /**
   * A mark that is on no timeline.
   * @throws {TypeError} if `startTime` is negative
   * @throws {DOMException} "DataCloneError", if `detail` cannot be copied
   */
  [Section=dom-performancemark-constructor] constructor(DOMString markName, optional PerformanceMarkOptions markOptions = {});
  /** The copy of what was given with it. */
  readonly attribute any detail;
};

/** A span of time with a name. */
[Section=dom-performancemeasure, Exposed=(Window,Worker)]
interface PerformanceMeasure : PerformanceEntry {
  /** The copy of what was given with it. */
  readonly attribute any detail;
};
