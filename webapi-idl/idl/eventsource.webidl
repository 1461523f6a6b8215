// Source: HTML Standard (https://html.spec.whatwg.org/multipage/)
// Date: 2026-07-01

/** A stream of a server's events, which is asked for again whenever it ends. */
[Exposed=(Window,Worker)]
interface EventSource : EventTarget {
  /** @throws {DOMException} "SyntaxError", if the URL cannot be parsed */
  constructor(USVString url, optional EventSourceInit eventSourceInitDict = {});

  readonly attribute USVString url;
  readonly attribute boolean withCredentials;

  // ready state
  const unsigned short CONNECTING = 0;
  const unsigned short OPEN = 1;
  const unsigned short CLOSED = 2;
  readonly attribute unsigned short readyState;

  // networking
  attribute EventHandler onopen;
  attribute EventHandler onmessage;
  attribute EventHandler onerror;
  /** Ends the stream for good. */
  undefined close();
};

/** How a new event source shall be. */
[Section=eventsourceinit] dictionary EventSourceInit {
  boolean withCredentials = false;
};
