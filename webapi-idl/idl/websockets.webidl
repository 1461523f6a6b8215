// Source: WebSockets Standard (https://websockets.spec.whatwg.org/)
// Date: 2026-07-01

/** What bytes arrive as. */
[Section=enumdef-binarytype] enum BinaryType {
  /** As a `Blob`. */
  "blob",
  /** As an `ArrayBuffer`. */
  "arraybuffer"
};

/** A connection that carries messages both ways. */
[Exposed=(Window,Worker)]
interface WebSocket : EventTarget {
  /**
   * Opens a connection to a `ws:` or `wss:` address, for one of the protocols, if any are given.
   * @throws {DOMException} "SyntaxError", if the URL is none of WebSockets, or the protocols are no tokens or not different
   */
  constructor(USVString url, optional (DOMString or sequence<DOMString>) protocols = []);
  /** The address. */
  readonly attribute USVString url;

  // ready state
  /** The handshake goes on. */
  const unsigned short CONNECTING = 0;
  /** Messages can be sent, and come. */
  const unsigned short OPEN = 1;
  /** The closing handshake goes on, or `close()` was called. */
  const unsigned short CLOSING = 2;
  /** It is closed, or could not be opened. */
  const unsigned short CLOSED = 3;
  /** `CONNECTING`, `OPEN`, `CLOSING` or `CLOSED`. */
  readonly attribute unsigned short readyState;
  /** Bytes that were sent, and have not left yet. */
  readonly attribute unsigned long long bufferedAmount;

  // networking
  /** Called when the connection is open. */
  attribute EventHandler onopen;
  /** Called when the connection has failed. */
  attribute EventHandler onerror;
  /** Called when the connection is closed. */
  attribute EventHandler onclose;
  /** The extensions that both sides use. */
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
  /** Called with each message. */
  attribute EventHandler onmessage;
  /** What bytes arrive as. */
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
  /** A new event of this type. */
  constructor(DOMString type, optional CloseEventInit eventInitDict = {});

  /** Whether both sides have closed. */
  readonly attribute boolean wasClean;
  /** The other side's number; 1005 if it said none, 1006 if it did not close. */
  readonly attribute unsigned short code;
  /** What the other side has said to it. */
  readonly attribute USVString reason;
};

/** How a new close event shall be. */
[Section=dictdef-closeeventinit] dictionary CloseEventInit : EventInit {
  /** Whether both sides have closed. */
  boolean wasClean = false;
  /** The other side's number. */
  unsigned short code = 0;
  /** What the other side has said to it. */
  USVString reason = "";
};
