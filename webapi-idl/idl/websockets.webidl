// Source: WebSockets Standard (https://websockets.spec.whatwg.org/)
// Date: 2026-07-01

/** What bytes arrive as. */
[Section=enumdef-binarytype] enum BinaryType { "blob", "arraybuffer" };

/** A connection that carries messages both ways. */
[Exposed=(Window,Worker)]
interface WebSocket : EventTarget {
  /**
   * Opens a connection to a `ws:` or `wss:` address, for one of the protocols, if any are given.
   * @throws {DOMException} "SyntaxError", if the URL is none of WebSockets, or the protocols are no tokens or not different
   */
  constructor(USVString url, optional (DOMString or sequence<DOMString>) protocols = []);
  readonly attribute USVString url;

  // ready state
  const unsigned short CONNECTING = 0;
  const unsigned short OPEN = 1;
  const unsigned short CLOSING = 2;
  const unsigned short CLOSED = 3;
  readonly attribute unsigned short readyState;
  /** Bytes that were sent, and have not left yet. */
  readonly attribute unsigned long long bufferedAmount;

  // networking
  attribute EventHandler onopen;
  attribute EventHandler onerror;
  attribute EventHandler onclose;
  readonly attribute DOMString extensions;
  /** The protocol that the server has chosen; empty for none. */
  readonly attribute DOMString protocol;
  /**
   * Closes the connection, after what was sent has left; with 1000 or a number from 3000 to 4999, if any.
   * @throws {DOMException} "InvalidAccessError", if the code is neither 1000 nor from 3000 to 4999
   * @throws {DOMException} "SyntaxError", if the reason has more than 123 bytes
   */
  undefined close(optional [Clamp] unsigned short code, optional USVString reason);

  // messaging
  attribute EventHandler onmessage;
  attribute BinaryType binaryType;
  /**
   * Sends a message.
   * @throws {DOMException} "InvalidStateError", if the connection is not open yet
   * @throws {TypeError} if it was not accepted
   */
  undefined send((BufferSource or Blob or USVString) data);
};

/** A WebSocket has come to its end. */
[Exposed=(Window,Worker)]
interface CloseEvent : Event {
  constructor(DOMString type, optional CloseEventInit eventInitDict = {});

  /** Whether both sides have closed. */
  readonly attribute boolean wasClean;
  /** The other side's number; 1005 if it said none, 1006 if it did not close. */
  readonly attribute unsigned short code;
  readonly attribute USVString reason;
};

/** How a new close event shall be. */
[Section=dictdef-closeeventinit] dictionary CloseEventInit : EventInit {
  boolean wasClean = false;
  unsigned short code = 0;
  USVString reason = "";
};
