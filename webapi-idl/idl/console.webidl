// Source: Console Standard (https://console.spec.whatwg.org/)
// Date: 2026-07-01

/** Writes to the app's log. */
[Section=console-namespace, EmptyPrototype, Exposed=*]
namespace console { // but see namespace object requirements below
  // Logging
  /** Logs the data if the condition is false. */
  [Section=assert] undefined assert(optional boolean condition = false, any... data);
  /** Ends all groups, and clears the screen of a terminal. */
  [Section=clear, WithScope] undefined clear();
  /** Logs the data, for those who look for a fault. */
  [Section=debug] undefined debug(any... data);
  /** Logs the data, as an error. */
  [Section=error] undefined error(any... data);
  /** Logs the data, as information. */
  [Section=info] undefined info(any... data);
  /** Logs the data. */
  [Section=log] undefined log(any... data);
  /** Logs the rows of an array or an object as a table. */
  [Section=table] undefined table(optional any tabularData, optional sequence<DOMString> properties);
  /** Logs the data and the stack of the call. */
  [Section=trace] undefined trace(any... data);
  /** Logs the data, as a warning. */
  [Section=warn] undefined warn(any... data);
  /** Logs the properties of an object. */
  [Section=dir] undefined dir(optional any item, optional object? options);
  /** As `log()`; there is no tree of elements here. */
  [Section=dirxml] undefined dirxml(any... data);

  // Counting
  /** Logs how often it was called with this label. */
  [Section=count] undefined count(optional DOMString label = "default");
  /** Sets the count of a label to zero. */
  [Section=countreset] undefined countReset(optional DOMString label = "default");

  // Grouping
  /** Logs the data, and indents what follows until `groupEnd()`. */
  [Section=group] undefined group(any... data);
  /** As `group()`; a log cannot be unfolded. */
  [Section=groupcollapsed] undefined groupCollapsed(any... data);
  /** Ends the group that was begun last. */
  [Section=groupend, WithScope] undefined groupEnd();

  // Timing
  /** Starts a timer. */
  [Section=time] undefined time(optional DOMString label = "default");
  /** Logs how long a timer has been running. */
  [Section=timelog] undefined timeLog(optional DOMString label = "default", any... data);
  /** Logs how long a timer has been running, and ends it. */
  [Section=timeend] undefined timeEnd(optional DOMString label = "default");
};
