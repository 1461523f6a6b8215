// Source: DOM Standard (https://dom.spec.whatwg.org/)
// Date: 2026-07-01

/** Something that happened, as listeners are told of it. */
[Exposed=*]
interface Event {
  /** A new event of this type. */
  constructor(DOMString type, optional EventInit eventInitDict = {});

  /** What has happened, such as "fetch" or "abort". */
  readonly attribute DOMString type;
  /** The object that the event was dispatched to. */
  readonly attribute EventTarget? target;
  /** As `target`; from old browsers. */
  readonly attribute EventTarget? srcElement; // legacy
  /** The object whose listener is running. */
  readonly attribute EventTarget? currentTarget;
  /** The objects whose listeners are called. Without a tree of nodes, that is the target alone. */
  sequence<EventTarget> composedPath();

  /** Nobody is called now. */
  const unsigned short NONE = 0;
  /** On the way to the target; not without a tree of nodes. */
  const unsigned short CAPTURING_PHASE = 1;
  /** The target's listeners are called. */
  const unsigned short AT_TARGET = 2;
  /** On the way back from the target; not without a tree of nodes. */
  const unsigned short BUBBLING_PHASE = 3;
  /** `AT_TARGET` while listeners run, otherwise `NONE`. */
  readonly attribute unsigned short eventPhase;

  /** Keeps the event from further objects on its path. */
  undefined stopPropagation();
  /** Whether `stopPropagation()` was called; setting it to true calls it. */
           attribute boolean cancelBubble; // legacy alias of .stopPropagation()
  /** Keeps the event from all listeners that have not run yet. */
  undefined stopImmediatePropagation();

  /** Whether it goes on to the target's parents; nothing here has any. */
  readonly attribute boolean bubbles;
  /** Whether `preventDefault()` has an effect. */
  readonly attribute boolean cancelable;
  /** False if the event was canceled; setting it to false cancels it. */
           attribute boolean returnValue;  // legacy
  /** Cancels the event: who dispatched it leaves out what would follow. */
  undefined preventDefault();
  /** Whether `preventDefault()` was called. */
  readonly attribute boolean defaultPrevented;
  /** Whether it leaves a shadow tree; there are none here. */
  readonly attribute boolean composed;

  /** Whether the runtime dispatched the event, and not the app. */
  [LegacyUnforgeable] readonly attribute boolean isTrusted;
  /** When the event was made, in milliseconds since `performance.timeOrigin`. */
  readonly attribute DOMHighResTimeStamp timeStamp;

  /** Sets what the constructor sets; from times when events were made without it. */
  undefined initEvent(DOMString type, optional boolean bubbles = false, optional boolean cancelable = false); // legacy
};

/** How a new event shall be. */
dictionary EventInit {
  /** Whether it goes on to the target's parents. */
  boolean bubbles = false;
  /** Whether `preventDefault()` has an effect. */
  boolean cancelable = false;
  /** Whether it leaves a shadow tree. */
  boolean composed = false;
};

/** An event that carries a value of the app. */
[Exposed=*]
interface CustomEvent : Event {
  /** A new event of this type. */
  constructor(DOMString type, optional CustomEventInit eventInitDict = {});

  /** The value. */
  readonly attribute any detail;

  /** Sets what the constructor sets; from times when events were made without it. */
  undefined initCustomEvent(DOMString type, optional boolean bubbles = false, optional boolean cancelable = false, optional any detail = null); // legacy
};

/** How a new custom event shall be. */
dictionary CustomEventInit : EventInit {
  /** What the event is about. */
  any detail = null;
};

/** An object that events can be dispatched to. */
[Exposed=*]
interface EventTarget {
  /** A new target, for events of an app's own. */
  constructor();

  /** Calls the listener for each event of the type from now on. The same listener is added once only. */
  undefined addEventListener(DOMString type, EventListener? callback, optional (AddEventListenerOptions or boolean) options = {});
  /** Takes back `addEventListener()` with the same type, listener and `capture`. */
  undefined removeEventListener(DOMString type, EventListener? callback, optional (EventListenerOptions or boolean) options = {});
  /**
   * Calls the listeners of the event's type, and returns false if one of them canceled the event.
   * @throws {DOMException} "InvalidStateError", if the event is being dispatched already, or was not initialized
   */
  boolean dispatchEvent(Event event);
};

/** A function, or an object with a method `handleEvent`, that is called with each event. */
callback interface EventListener {
  undefined handleEvent(Event event);
};

/** What tells apart two listeners with the same function. */
dictionary EventListenerOptions {
  /** Whether the listener comes before those that do not capture. */
  boolean capture = false;
};

/** How a listener shall be called. */
dictionary AddEventListenerOptions : EventListenerOptions {
  /** Whether the listener promises not to cancel events; its `preventDefault()` has no effect. */
  boolean passive;
  /** Whether the listener is removed when it is called. */
  boolean once = false;
  /** Removes the listener when it aborts. */
  AbortSignal signal;
};

/** Tells operations to stop, through its signal. */
[Exposed=*]
interface AbortController {
  /** A new controller, with a signal of its own. */
  constructor();

  /** What is given to the operations. */
  [SameObject] readonly attribute AbortSignal signal;

  /** Aborts the signal, with a reason that operations fail with; an "AbortError" DOMException if there is none. */
  undefined abort(optional any reason);
};

/** Tells operations that they shall stop. */
[Exposed=*]
interface AbortSignal : EventTarget {
  /** A signal that is aborted from the beginning. */
  [NewObject] static AbortSignal abort(optional any reason);
  /** A signal that aborts after some milliseconds, with a "TimeoutError" DOMException. */
  [Exposed=(Window,Worker), NewObject] static AbortSignal timeout([EnforceRange] unsigned long long milliseconds);
  /** A signal that aborts with the first of several. */
  [NewObject] static AbortSignal _any(sequence<AbortSignal> signals);

  /** Whether the signal was aborted. */
  readonly attribute boolean aborted;
  /** What it was aborted with; undefined as long as it was not. */
  readonly attribute any reason;
  /**
   * Throws the reason if the signal was aborted.
   * @throws {any} the reason, if the signal was aborted
   */
  undefined throwIfAborted();

  /** Called when the signal aborts. */
  [Section=abortsignal-onabort] attribute EventHandler onabort;
};
