// `WebSocket`: of a client, of a server's response, and of a pair.

import { CloseEventImpl, ErrorEventImpl, unwrap_WebSocket } from "nano:bindings";
import { Blob, DOMException, connectSocket, isInstance, postTask, socketBlob, socketOrigin, socketTextSize, socketURL } from "nano:native";
import { initializeTrustedEvent } from "../dom/event.js";
import { getEventHandler, setEventHandler } from "../dom/event_handler.js";
import { EventTargetImpl, dispatch, fireEvent } from "../dom/event_target.js";
import { MessageEventImpl } from "../html/message_event.js";
import { exportToNative } from "../script/bridge.js";
import { List } from "../script/list.js";
import {
  ArrayBufferIsView,
  ArrayBufferPrototypeGetByteLength,
  StringPrototypeCharCodeAt,
  StringPrototypeToLowerCase,
  TypedArrayPrototypeGetBuffer,
  TypeErrorConstructor,
  uncurryGetter,
} from "../script/primordials.js";
import { viewByteLength } from "../streams/buffers.js";

const sizeOfBlob = uncurryGetter(Blob.prototype, "size");

const SOCKET_CONNECTING = 0;
const SOCKET_OPEN = 1;
const SOCKET_CLOSING = 2;
const SOCKET_CLOSED = 3;

// What a `NativeSocket` calls with.
const HEARD_OPEN = 0;
const HEARD_MESSAGE = 1;
const HEARD_CLOSE = 2;

// https://www.rfc-editor.org/rfc/rfc6455#section-7.4.1
const NO_STATUS_RECEIVED = 1005;
const ABNORMAL_CLOSURE = 1006;
// https://www.rfc-editor.org/rfc/rfc6455#section-5.5
const MAX_REASON_BYTES = 123;

const SEND_MESSAGE = "Failed to execute 'send' on 'WebSocket'";
const CLOSE_SOCKET = "Failed to execute 'close' on 'WebSocket'";

/** https://websockets.spec.whatwg.org/#websocket */
export class WebSocketImpl extends EventTargetImpl {
  url = "";
  readyState = SOCKET_CONNECTING;
  protocol = "";
  extensions = "";
  binaryType = "blob";

  // What sends and hears.
  native = null;
  // The origin that events of messages have.
  origin = "";
  // Bytes that were sent when it was too late.
  unsent = 0;
  // What the other end has said when it closed.
  closeCode = ABNORMAL_CLOSURE;
  closeReason = "";
  wasClosed = false;
  // Of a pair, or of a response: the app has to accept it first, or gives it away.
  mustAccept = false;
  wasGiven = false;
  isServers = false;

  // https://websockets.spec.whatwg.org/#dom-websocket-websocket
  constructor_(url, protocols) {
    // 2. and 3.
    this.url = socketURL(url);
    // 4. If protocols is a string, set protocols to a sequence consisting of just that string.
    let list = protocols;
    if (typeof protocols === "string") {
      list = new List();
      list.append(protocols);
    }
    // 5.
    const joined = joinProtocols(list);
    this.origin = socketOrigin(this.url);
    // 8. and 9.
    this.native = connectSocket(this.url, joined);
    this.hear_();
  }

  // https://websockets.spec.whatwg.org/#dom-websocket-bufferedamount
  get bufferedAmount() {
    return this.readyState === SOCKET_CLOSED ? this.unsent : this.native.buffered() + this.unsent;
  }

  // https://websockets.spec.whatwg.org/#dom-websocket-close
  close(code, reason = "") {
    // 1. of the close steps
    if (code !== undefined && !(code === 1000 || (code >= 3000 && code <= 4999) || (this.isServers && isServersCode(code)))) {
      throw new DOMException(`${CLOSE_SOCKET}: the code must be 1000 or from 3000 to 4999, ${code} is not.`, "InvalidAccessError");
    }
    // 2.
    if (reason !== "" && socketTextSize(reason) > MAX_REASON_BYTES) {
      throw new DOMException(`${CLOSE_SOCKET}: the reason has more than ${MAX_REASON_BYTES} bytes.`, "SyntaxError");
    }
    if (this.mustAccept) throw new TypeErrorConstructor(`${CLOSE_SOCKET}: the WebSocket must be accepted first, by accept().`);
    // 3.
    if (this.readyState === SOCKET_CLOSING || this.readyState === SOCKET_CLOSED) return;
    const wasConnecting = this.readyState === SOCKET_CONNECTING;
    this.readyState = SOCKET_CLOSING;
    if (wasConnecting) {
      this.fail_("WebSocket is closed before the connection is established");
      return;
    }
    this.native.close(code ?? (reason === "" ? -1 : 1000), reason);
  }

  // https://websockets.spec.whatwg.org/#dom-websocket-send
  send(data) {
    // 1.
    if (this.readyState === SOCKET_CONNECTING) {
      throw new DOMException(`${SEND_MESSAGE}: the connection is not open yet.`, "InvalidStateError");
    }
    if (this.mustAccept) {
      const message = this.wasGiven ? "the WebSocket was given to a client; send by the other one of its pair." : "the WebSocket must be accepted first, by accept().";
      throw new TypeErrorConstructor(`${SEND_MESSAGE}: ${message}`);
    }
    if (this.readyState !== SOCKET_OPEN) {
      this.unsent += sizeOf(data);
      return;
    }
    // 2. to 4.
    let isTaken;
    if (typeof data === "string") isTaken = this.native.sendText(data);
    else if (isInstance("Blob", data)) isTaken = this.native.sendBlob(data);
    else isTaken = this.native.sendBytes(data);
    if (isTaken) return;
    // If the data cannot be sent, e.g. because the buffer is full, then flag it as full and close the connection.
    this.unsent += sizeOf(data);
    this.readyState = SOCKET_CLOSING;
    this.fail_("the app's memory limit has no room for what it has sent and the other side does not take");
  }

  // https://developers.cloudflare.com/workers/runtime-apis/websockets/#accept
  accept() {
    if (!this.mustAccept) throw new TypeErrorConstructor("Failed to execute 'accept' on 'WebSocket': it is accepted already.");
    if (this.wasGiven) throw new TypeErrorConstructor("Failed to execute 'accept' on 'WebSocket': it was given to a client.");
    this.mustAccept = false;
    this.hear_();
  }

  get onopen() {
    return getEventHandler(this, "open");
  }
  set onopen(value) {
    setEventHandler(this, "open", value);
  }

  get onerror() {
    return getEventHandler(this, "error");
  }
  set onerror(value) {
    setEventHandler(this, "error", value);
  }

  get onclose() {
    return getEventHandler(this, "close");
  }
  set onclose(value) {
    setEventHandler(this, "close", value);
  }

  get onmessage() {
    return getEventHandler(this, "message");
  }
  set onmessage(value) {
    setEventHandler(this, "message", value);
  }

  // ---- What it hears ------------------------------------------------------------------------------------------------------------

  hear_() {
    this.native.start((kind, first, second) => {
      if (this.readyState === SOCKET_CLOSED) return;
      if (kind === HEARD_OPEN) this.opened_(first, second);
      else if (kind === HEARD_MESSAGE) this.message_(first);
      else if (kind === HEARD_CLOSE) this.closing_(first, second);
      else this.closed_(first);
    });
  }

  // https://websockets.spec.whatwg.org/#eventdef-websocket-open
  opened_(protocol, extensions) {
    // 1. to 4.
    this.readyState = SOCKET_OPEN;
    this.extensions = extensions;
    this.protocol = protocol;
    fireEvent(this, "open");
  }

  // https://websockets.spec.whatwg.org/#eventdef-websocket-message
  message_(content) {
    // 1. If ready state is not OPEN (1), then return.
    if (this.readyState !== SOCKET_OPEN) return;
    // 2.
    let data = content;
    if (typeof content !== "string") {
      data = this.binaryType === "blob" ? socketBlob(content) : TypedArrayPrototypeGetBuffer(content);
    }
    // 3.
    const event = initializeTrustedEvent(new MessageEventImpl(), "message");
    event.data = data;
    event.origin = this.origin;
    dispatch(event, this);
  }

  // https://websockets.spec.whatwg.org/#the-closing-handshake-is-started
  closing_(code, reason) {
    this.wasClosed = true;
    this.closeCode = code === -1 ? NO_STATUS_RECEIVED : code;
    this.closeReason = reason;
    // Set ready state to CLOSING (2). (If this is called before, this has no effect.)
    this.readyState = SOCKET_CLOSING;
    // The other end of a pair is answered here, a peer has been by then.
    this.native.close(code, "");
    this.native.finish();
  }

  // https://websockets.spec.whatwg.org/#eventdef-websocket-close
  closed_(failure) {
    // 1.
    this.unsent += this.native.buffered();
    this.readyState = SOCKET_CLOSED;
    // 2. If it was to fail, or was flagged as full, fire an event named error.
    if (!this.wasClosed && this.hasListeners_("error")) {
      // DEPARTURE: an ErrorEvent, which says why: there is no page that could learn of a network by it.
      const event = initializeTrustedEvent(new ErrorEventImpl(), "error");
      event.message = failure ?? "the connection ended without being closed";
      dispatch(event, this);
    }
    // 3.
    const event = initializeTrustedEvent(new CloseEventImpl(), "close");
    event.wasClean = this.wasClosed;
    event.code = this.closeCode;
    event.reason = this.closeReason;
    dispatch(event, this);
  }

  /** https://websockets.spec.whatwg.org/#fail-the-websocket-connection */
  fail_(reason) {
    this.native.finish();
    postTask(() => {
      if (this.readyState !== SOCKET_CLOSED) this.closed_(reason);
    });
  }
}

/** Those that a server may say: https://www.rfc-editor.org/rfc/rfc6455#section-7.4.1. */
function isServersCode(code) {
  return (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014);
}

/** Bytes of a message. */
function sizeOf(data) {
  if (typeof data === "string") return socketTextSize(data);
  if (isInstance("Blob", data)) return sizeOfBlob(data);
  return ArrayBufferIsView(data) ? viewByteLength(data) : ArrayBufferPrototypeGetByteLength(data);
}

/**
 * The protocols as one text, between commas. Each must be a token, and none the same as another one:
 * https://websockets.spec.whatwg.org/#dom-websocket-websocket, step 5.
 */
function joinProtocols(protocols) {
  let joined = "";
  const seen = { __proto__: null };
  for (let i = 0; i < protocols.length; i++) {
    const protocol = protocols[i];
    const key = StringPrototypeToLowerCase(protocol);
    if (!isToken(protocol) || seen[key] === true) {
      throw new DOMException("Failed to construct 'WebSocket': the protocols must be tokens, each another one.", "SyntaxError");
    }
    seen[key] = true; // safe: the object inherits nothing
    joined = i === 0 ? protocol : `${joined},${protocol}`;
  }
  return joined;
}

/** https://www.rfc-editor.org/rfc/rfc9110#section-5.6.2 */
function isToken(text) {
  if (text === "") return false;
  for (let i = 0; i < text.length; i++) {
    const code = StringPrototypeCharCodeAt(text, i);
    const isDigit = code >= 0x30 && code <= 0x39;
    const isLetter = (code >= 0x41 && code <= 0x5a) || (code >= 0x61 && code <= 0x7a);
    // ! # $ % & ' * + - . ^ _ ` | ~
    const isMark = code === 0x21 || (code >= 0x23 && code <= 0x27) || code === 0x2a || code === 0x2b || code === 0x2d || code === 0x2e
      || (code >= 0x5e && code <= 0x60) || code === 0x7c || code === 0x7e;
    if (!isDigit && !isLetter && !isMark) return false;
  }
  return true;
}

/** A WebSocket over a `NativeSocket` that is connected to something, which the app has to accept. */
export function newSocket(native, isServers) {
  const socket = new WebSocketImpl();
  socket.native = native;
  socket.readyState = SOCKET_OPEN;
  socket.mustAccept = true;
  socket.isServers = isServers;
  // As in Workers.
  socket.binaryType = "arraybuffer";
  return socket;
}

// The public object for what a connection to a server has become.
exportToNative("socketOfResponse", (native, protocol, extensions) => {
  const socket = newSocket(native, true);
  socket.protocol = protocol;
  socket.extensions = extensions;
  return socket.wrapper;
});

// The NativeSocket of a WebSocket that is about to be given away; undefined if the app has accepted it, or given it away already.
exportToNative("giveSocket", (object) => {
  const socket = unwrap_WebSocket(object);
  if (!socket.mustAccept || socket.wasGiven) return undefined;
  socket.wasGiven = true;
  return socket.native;
});
