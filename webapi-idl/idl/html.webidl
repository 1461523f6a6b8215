// Source: HTML Standard (https://html.spec.whatwg.org/multipage/)
// Date: 2026-07-01

/** An error that nobody caught. */
[Exposed=*]
interface ErrorEvent : Event {
  /** A new event of this type. */
  constructor(DOMString type, optional ErrorEventInit eventInitDict = {});

  /** The error's message. */
  readonly attribute DOMString message;
  /** The address of the module where it was thrown. */
  readonly attribute USVString filename;
  /** The line in which it was thrown. */
  readonly attribute unsigned long lineno;
  /** The column in which it was thrown. */
  readonly attribute unsigned long colno;
  /** What was thrown. */
  readonly attribute any error;
};

/** How a new error event shall be. */
[Section=erroreventinit] dictionary ErrorEventInit : EventInit {
  /** The error's message. */
  DOMString message = "";
  /** The address of the module where it was thrown. */
  USVString filename = "";
  /** The line in which it was thrown. */
  unsigned long lineno = 0;
  /** The column in which it was thrown. */
  unsigned long colno = 0;
  /** What was thrown. */
  any error;
};

/** A promise that was rejected while nobody listened, or that somebody listened to later. */
[Exposed=*]
interface PromiseRejectionEvent : Event {
  /** A new event of this type. */
  constructor(DOMString type, PromiseRejectionEventInit eventInitDict);

  /** The promise that was rejected. */
  readonly attribute object promise;
  /** What the promise was rejected with. */
  readonly attribute any reason;
};

/** How a new rejection event shall be. */
[Section=promiserejectioneventinit] dictionary PromiseRejectionEventInit : EventInit {
  /** The promise that was rejected. */
  required object promise;
  /** What it was rejected with. */
  any reason;
};

/** A function that is called with each event of its kind; if it returns false, the event is canceled. */
[Section=eventhandlernonnull, LegacyTreatNonObjectAsNull]
callback EventHandlerNonNull = any (Event event);
typedef EventHandlerNonNull? EventHandler;

/** A function that is called with an error that nobody caught; if it returns true, the error counts as handled. */
[Section=onerroreventhandlernonnull, LegacyTreatNonObjectAsNull]
callback OnErrorEventHandlerNonNull = any ((Event or DOMString) event, optional DOMString source, optional unsigned long lineno, optional unsigned long colno, optional any error);
typedef OnErrorEventHandlerNonNull? OnErrorEventHandler;

typedef (DOMString or Function) TimerHandler;

interface mixin WindowOrWorkerGlobalScope {
  /** Treats a value as an error that nobody caught. */
  [Section=dom-reporterror] undefined reportError(any e);

  // base64 utility methods
  /**
   * The Base64 text of a string whose characters are bytes.
   * @throws {DOMException} "InvalidCharacterError", if a character is beyond U+00FF
   */
  [Section=dom-btoa] DOMString btoa(DOMString data);
  /**
   * The string, a character for each byte, that a Base64 text stands for.
   * @throws {DOMException} "InvalidCharacterError", if the text is no Base64
   */
  [Section=dom-atob] ByteString atob(DOMString data);

  // timers
  /** Calls a function once, after some milliseconds. */
  [Section=dom-settimeout] long setTimeout(TimerHandler handler, optional long timeout = 0, any... arguments);
  /** Takes back `setTimeout()`. */
  [Section=dom-cleartimeout, WithScope] undefined clearTimeout(optional long id = 0);
  /** Calls a function again and again, with some milliseconds in between. */
  [Section=dom-setinterval] long setInterval(TimerHandler handler, optional long timeout = 0, any... arguments);
  /** Ends what `setInterval()` began. */
  [Section=dom-clearinterval, WithScope] undefined clearInterval(optional long id = 0);

  // microtask queuing
  /** Calls a function right after the code that is running, before anything else. */
  [Section=dom-queuemicrotask] undefined queueMicrotask(VoidFunction callback);

  // structured cloning
  /**
   * A deep copy of a value, circles included.
   * @throws {DOMException} "DataCloneError", if something in the value cannot be copied, or cannot be transferred
   */
  [Section=dom-structuredclone] any structuredClone(any value, optional StructuredSerializeOptions options = {});
};
WorkerGlobalScope includes WindowOrWorkerGlobalScope;

/** How a value is sent. */
[Section=structuredserializeoptions] dictionary StructuredSerializeOptions {
  /** Objects that move to the copy and cannot be used any more here. */
  sequence<object> transfer = [];
};

/** A message that arrived. */
[Exposed=(Window,Worker,AudioWorklet)]
interface MessageEvent : Event {
  /** A new event of this type. */
  constructor(DOMString type, optional MessageEventInit eventInitDict = {});

  /** The message. */
  readonly attribute any data;
  /** Whom it comes from; of an event source, its origin. */
  readonly attribute USVString origin;
  /** The identifier of an event source's event. */
  readonly attribute DOMString lastEventId;
  /** The port that has sent it, if that was said. */
  readonly attribute MessageEventSource? source;
  /** The message ports that came with it. */
  readonly attribute FrozenArray<MessagePort> ports;

  /** Sets what the constructor sets; from times when events were made without it. */
  undefined initMessageEvent(DOMString type, optional boolean bubbles = false, optional boolean cancelable = false, optional any data = null, optional USVString origin = "", optional DOMString lastEventId = "", optional MessageEventSource? source = null, optional sequence<MessagePort> ports = []);
};

/** How a new message event shall be. */
[Section=messageeventinit] dictionary MessageEventInit : EventInit {
  /** The message. */
  any data = null;
  /** Whom it comes from. */
  USVString origin = "";
  /** The identifier of an event source's event. */
  DOMString lastEventId = "";
  /** The port that has sent it. */
  MessageEventSource? source = null;
  /** The ports that were sent along. */
  sequence<MessagePort> ports = [];
};

// The standard's union with WindowProxy and ServiceWorker, of which there are none.
typedef MessagePort MessageEventSource;

/** Two ports; what is sent to one arrives at the other. */
[Exposed=(Window,Worker)]
interface MessageChannel {
  /** Two new ports, each the other end of the other one. */
  constructor();

  /** One end. */
  readonly attribute MessagePort port1;
  /** The other end. */
  readonly attribute MessagePort port2;
};

interface mixin MessageEventTarget {
  /** Called with each message; setting it begins to receive. */
  [Section=handler-messageeventtarget-onmessage] attribute EventHandler onmessage;
  /** Called where a message cannot be read. */
  [Section=handler-messageeventtarget-onmessageerror] attribute EventHandler onmessageerror;
};

/** One end of a channel. */
[Exposed=(Window,Worker,AudioWorklet), Transferable]
interface MessagePort : EventTarget {
  /**
   * Sends a copy of a value to the other port.
   * @throws {DOMException} "DataCloneError", if something in the value cannot be copied, or cannot be transferred
   */
  undefined postMessage(any message, sequence<object> transfer);
  /**
   * Sends a copy of a value to the other end.
   * @throws {DOMException} "DataCloneError", if something in the value cannot be copied, or cannot be transferred
   */
  undefined postMessage(any message, optional StructuredSerializeOptions options = {});
  /** Begins to deliver messages; setting `onmessage` does so, too. */
  undefined start();
  /** Ends the channel, after what was sent has arrived. */
  undefined close();

  // event handlers
  /** Called when the other end has gone. */
  [Section=handler-messageport-onclose] attribute EventHandler onclose;
};

MessagePort includes MessageEventTarget;

// DEPARTURE: an app has no origin, so channels are those of the app, in all of its instances.
/** Sends messages to all other channels of its name that the app has. */
[Exposed=(Window,Worker)]
interface BroadcastChannel : EventTarget {
  /** A channel to all others of the same name, in this instance of the app and in its others. */
  constructor(DOMString name);

  /** The channel's name. */
  readonly attribute DOMString name;
  /**
   * Sends a copy of a value to all other channels of the name.
   * @throws {DOMException} "DataCloneError", if something in the value cannot be copied
   * @throws {DOMException} "InvalidStateError", if the channel is closed
   * @throws {QuotaExceededError} if the app's other instances have yet to take too much
   */
  undefined postMessage(any message);
  /** Ends it: no message comes any more. */
  undefined close();
  /** Called with each message of another channel. */
  [Section=handler-broadcastchannel-onmessage] attribute EventHandler onmessage;
  /** Called where a message cannot be read. */
  [Section=handler-broadcastchannel-onmessageerror] attribute EventHandler onmessageerror;
};

/** What can be said about the runtime. */
[Exposed=Window]
interface Navigator {
  // objects implementing this interface also implement the interfaces given below
};
Navigator includes NavigatorID;
Navigator includes NavigatorLanguage;
Navigator includes NavigatorOnLine;
Navigator includes NavigatorConcurrentHardware;

interface mixin NavigatorID {
  /** The runtime's name and version. */
  [Section=dom-navigator-useragent] readonly attribute DOMString userAgent;
};

interface mixin NavigatorLanguage {
  /** The language in which dates and numbers are written where an app asks for none. */
  [Section=dom-navigator-language] readonly attribute DOMString language;
  /** The languages that are preferred. */
  [Section=dom-navigator-languages, SameObject] readonly attribute FrozenArray<DOMString> languages;
};

interface mixin NavigatorOnLine {
  /** Always true: a server knows of no time without its network. */
  [Section=dom-navigator-online] readonly attribute boolean onLine;
};

interface mixin NavigatorConcurrentHardware {
  /** How many threads an app's instance has: 1, whatever the machine has. */
  [Section=dom-navigator-hardwareconcurrency] readonly attribute unsigned long long hardwareConcurrency;
};
