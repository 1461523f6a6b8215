// Source: HTML Standard (https://html.spec.whatwg.org/multipage/)
// Date: 2026-07-01

/** A stream of a server's events, which is asked for again whenever it ends. */
[Exposed=(Window,Worker)]
interface EventSource : EventTarget {
  /**
   * Asks a server for its events.
   * @throws {DOMException} "SyntaxError", if the URL cannot be parsed
   */
  constructor(USVString url, optional EventSourceInit eventSourceInitDict = {});

  /** The address that is asked. */
  readonly attribute USVString url;
  /** Whether cookies and the like are sent along; there are none here. */
  readonly attribute boolean withCredentials;

  // ready state
  /** It connects, for the first time or again. */
  const unsigned short CONNECTING = 0;
  /** Events come. */
  const unsigned short OPEN = 1;
  /** It is closed, and stays so. */
  const unsigned short CLOSED = 2;
  /** `CONNECTING`, `OPEN` or `CLOSED`. */
  readonly attribute unsigned short readyState;

  // networking
  /** Called when the server has begun to answer. */
  attribute EventHandler onopen;
  /** Called with each event that has no type of its own. */
  attribute EventHandler onmessage;
  /** Called when the connection is lost, or cannot be made. */
  attribute EventHandler onerror;
  /** Ends the stream for good. */
  undefined close();
};

/** How a new event source shall be. */
[Section=eventsourceinit] dictionary EventSourceInit {
  /** Whether cookies and the like are sent along. */
  boolean withCredentials = false;
};
