// `EventSource`: a stream of a server's events, by `fetch()`.

import { unwrap_ReadableStream } from "nano:bindings";
import {
  Headers,
  Response,
  TextDecoder,
  clearTimer,
  eventSourceField,
  eventSourceOrigin,
  eventSourceURL,
  fetch,
  isEventStream,
  isRequestOver,
  postTask,
  setTimer,
} from "nano:native";
import { AbortSignalImpl } from "../dom/abort_signal.js";
import { initializeTrustedEvent } from "../dom/event.js";
import { getEventHandler, setEventHandler } from "../dom/event_handler.js";
import { EventTargetImpl, dispatch, fireEvent } from "../dom/event_target.js";
import { MessageEventImpl } from "../html/message_event.js";
import { MathMin, PromisePrototypeThen, uncurryGetter, uncurryThis } from "../script/primordials.js";
import { acquireReadableStreamDefaultReader } from "../streams/readable_stream_operations.js";
import { readableStreamDefaultReaderRead } from "../streams/readable_stream_reader_operations.js";
import { EventStreamParser } from "./event_stream_parser.js";

const statusOfResponse = uncurryGetter(Response.prototype, "status");
const urlOfResponse = uncurryGetter(Response.prototype, "url");
const headersOfResponse = uncurryGetter(Response.prototype, "headers");
const bodyOfResponse = uncurryGetter(Response.prototype, "body");
const headerOf = uncurryThis(Headers.prototype.get);
const decodeText = uncurryThis(TextDecoder.prototype.decode);

const SOURCE_CONNECTING = 0;
const SOURCE_OPEN = 1;
const SOURCE_CLOSED = 2;

// https://html.spec.whatwg.org/multipage/server-sent-events.html#concept-event-stream-reconnection-time: a few seconds
const RECONNECTION_TIME = 2000;
// Of attempts in vain in a row each waits twice as long as the one before.
const LONGEST_RECONNECTION_TIME = 60000;

/** https://html.spec.whatwg.org/multipage/server-sent-events.html#the-eventsource-interface */
export class EventSourceImpl extends EventTargetImpl {
  url = "";
  withCredentials = false;
  readyState = SOURCE_CONNECTING;

  origin = "";
  lastEventID = "";
  reconnectionTime = RECONNECTION_TIME;
  // Attempts in vain since the last event stream.
  failures = 0;
  // Ends the fetch that is under way.
  signal = null;
  timer = 0;

  // https://html.spec.whatwg.org/multipage/server-sent-events.html#dom-eventsource
  constructor_(url, eventSourceInitDict) {
    // 3. to 6.
    this.url = eventSourceURL(url);
    // 7. DEPARTURE: there are no credentials that it could be about.
    this.withCredentials = eventSourceInitDict.withCredentials;
    // 8. to 15.
    this.connect_();
  }

  // https://html.spec.whatwg.org/multipage/server-sent-events.html#dom-eventsource-close
  close() {
    this.readyState = SOURCE_CLOSED;
    this.stop_();
  }

  get onopen() {
    return getEventHandler(this, "open");
  }
  set onopen(value) {
    setEventHandler(this, "open", value);
  }

  get onmessage() {
    return getEventHandler(this, "message");
  }
  set onmessage(value) {
    setEventHandler(this, "message", value);
  }

  get onerror() {
    return getEventHandler(this, "error");
  }
  set onerror(value) {
    setEventHandler(this, "error", value);
  }

  // ---- The connection -----------------------------------------------------------------------------------------------------------

  connect_() {
    const headers = { __proto__: null, accept: "text/event-stream" };
    // https://html.spec.whatwg.org/multipage/server-sent-events.html#the-last-event-id-header
    if (this.lastEventID !== "") headers["last-event-id"] = eventSourceField(this.lastEventID); // safe: the object inherits nothing
    const signal = new AbortSignalImpl();
    this.signal = signal;
    const isCurrent = () => this.signal === signal && this.readyState !== SOURCE_CLOSED;
    const response = fetch(this.url, { __proto__: null, cache: "no-store", headers, signal: signal.wrapper });
    // 15. Fetch request, with processResponseEndOfBody and processResponse.
    PromisePrototypeThen(
      response,
      (response) => {
        if (!isCurrent()) return;
        const contentType = headerOf(headersOfResponse(response), "content-type");
        const isStream = statusOfResponse(response) === 200 && contentType !== null && isEventStream(contentType);
        if (!isStream) this.fail_();
        else this.announce_(response, isCurrent);
      },
      () => {
        // A network error.
        if (isCurrent()) this.reestablish_();
      },
    );
  }

  // https://html.spec.whatwg.org/multipage/server-sent-events.html#announce-the-connection
  announce_(response, isCurrent) {
    this.failures = 0;
    this.origin = eventSourceOrigin(urlOfResponse(response));
    postTask(() => {
      if (!isCurrent()) return;
      this.readyState = SOURCE_OPEN;
      fireEvent(this, "open");
    });
    const body = bodyOfResponse(response);
    if (body === null) {
      this.reestablish_();
      return;
    }
    const reader = acquireReadableStreamDefaultReader(unwrap_ReadableStream(body));
    const decoder = new TextDecoder();
    const parser = new EventStreamParser(
      this.lastEventID,
      (type, data, id) => this.message_(type, data, id, isCurrent),
      (time) => {
        this.reconnectionTime = time;
      },
    );
    const options = { __proto__: null, stream: true };
    const read = () => {
      readableStreamDefaultReaderRead(reader, {
        __proto__: null,
        chunkSteps: (chunk) => {
          if (!isCurrent()) return;
          if (!parser.feed(decodeText(decoder, chunk, options))) {
            this.fail_();
            return;
          }
          // In a task of its own, after those of the events that came with it.
          postTask(() => {
            if (isCurrent()) read();
          });
        },
        closeSteps: () => {
          this.lastEventID = parser.lastEventID;
          if (isCurrent()) this.reestablish_();
        },
        errorSteps: () => {
          this.lastEventID = parser.lastEventID;
          if (isCurrent()) this.reestablish_();
        },
      });
    };
    read();
  }

  // https://html.spec.whatwg.org/multipage/server-sent-events.html#dispatchMessage, from 1 and 4 on
  message_(type, data, id, isCurrent) {
    postTask(() => {
      this.lastEventID = id;
      // 8. If the readyState attribute is set to a value other than CLOSED, dispatch the newly created event.
      if (data === null || !isCurrent()) return;
      const event = initializeTrustedEvent(new MessageEventImpl(), type);
      event.data = data;
      event.origin = this.origin;
      event.lastEventId = id;
      dispatch(event, this);
    });
  }

  // https://html.spec.whatwg.org/multipage/server-sent-events.html#reestablish-the-connection
  reestablish_() {
    this.signal = null;
    // Nothing more may be fetched for a request that is over.
    if (isRequestOver()) {
      this.fail_();
      return;
    }
    postTask(() => {
      // 1.1
      if (this.readyState === SOURCE_CLOSED || this.signal !== null) return;
      // 1.2 and 1.3
      this.readyState = SOURCE_CONNECTING;
      fireEvent(this, "error");
      if (this.readyState !== SOURCE_CONNECTING) return;
      // 2. and 3. Wait a delay equal to the reconnection time, and some more where the last attempts have failed.
      let time = this.reconnectionTime;
      for (let i = 0; i < this.failures && time < LONGEST_RECONNECTION_TIME; i++) time = MathMin(2 * time + 100, LONGEST_RECONNECTION_TIME);
      this.failures++;
      this.timer = setTimer(
        () => {
          this.timer = 0;
          // 5.1
          if (this.readyState !== SOURCE_CONNECTING) return;
          if (isRequestOver()) this.fail_();
          else this.connect_();
        },
        time,
        false,
      );
    });
  }

  // https://html.spec.whatwg.org/multipage/server-sent-events.html#fail-the-connection
  fail_() {
    postTask(() => {
      if (this.readyState === SOURCE_CLOSED) return;
      this.readyState = SOURCE_CLOSED;
      this.stop_();
      fireEvent(this, "error");
    });
  }

  /** Ends what is under way. */
  stop_() {
    const signal = this.signal;
    this.signal = null;
    signal?.signalAbort(undefined);
    if (this.timer !== 0) clearTimer(this.timer);
    this.timer = 0;
  }
}
