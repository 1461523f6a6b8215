// Event streams: https://html.spec.whatwg.org/multipage/server-sent-events.html#parsing-an-event-stream

import { StringPrototypeCharCodeAt, StringPrototypeSlice } from "../script/primordials.js";

const LINE_FEED = 0x0a;
const CARRIAGE_RETURN = 0x0d;
const SPACE = 0x20;
const COLON = 0x3a;

// The standard has no bounds. Characters of a line that has not ended, and of an event that has not.
const MAX_LINE = 1048576;
const MAX_EVENT_DATA = 16777216;

/** Takes text as it comes, and calls `onEvent(type, data, lastEventID)` for each event, without data for those that are none. */
export class EventStreamParser {
  constructor(lastEventID, onEvent, onRetry) {
    this.onEvent = onEvent;
    this.onRetry = onRetry;
    // What has come of a line.
    this.line = "";
    // A line feed here belongs to the end of the last line.
    this.wasReturn = false;
    this.data = "";
    this.eventType = "";
    this.idBuffer = lastEventID;
    this.lastEventID = lastEventID;
  }

  /** Returns false if there is more of a line or an event than there may be. */
  feed(text) {
    let begin = 0;
    for (let i = 0; i < text.length; i++) {
      const code = StringPrototypeCharCodeAt(text, i);
      const follows = this.wasReturn && code === LINE_FEED;
      this.wasReturn = code === CARRIAGE_RETURN;
      if (code !== LINE_FEED && code !== CARRIAGE_RETURN) continue;
      if (!follows) {
        const line = this.line + StringPrototypeSlice(text, begin, i);
        this.line = "";
        if (line.length > MAX_LINE || this.data.length > MAX_EVENT_DATA) return false;
        this.processLine(line);
      }
      begin = i + 1;
    }
    this.line += StringPrototypeSlice(text, begin, text.length);
    return this.line.length <= MAX_LINE;
  }

  // https://html.spec.whatwg.org/multipage/server-sent-events.html#event-stream-interpretation
  processLine(line) {
    if (line === "") {
      this.dispatch();
      return;
    }
    let colon = 0;
    while (colon < line.length && StringPrototypeCharCodeAt(line, colon) !== COLON) colon++;
    // A comment.
    if (colon === 0) return;
    let value = "";
    if (colon < line.length) {
      const begin = colon + 1 < line.length && StringPrototypeCharCodeAt(line, colon + 1) === SPACE ? colon + 2 : colon + 1;
      value = StringPrototypeSlice(line, begin, line.length);
    }
    this.processField(StringPrototypeSlice(line, 0, colon), value);
  }

  // https://html.spec.whatwg.org/multipage/server-sent-events.html#processField
  processField(name, value) {
    if (name === "event") {
      this.eventType = value;
    } else if (name === "data") {
      this.data += `${value}\n`;
    } else if (name === "id") {
      if (!has(value, (code) => code === 0)) this.idBuffer = value;
    } else if (name === "retry") {
      if (value !== "" && !has(value, (code) => code < 0x30 || code > 0x39)) this.onRetry(+value);
    }
  }

  // https://html.spec.whatwg.org/multipage/server-sent-events.html#dispatchMessage
  dispatch() {
    // 1.
    this.lastEventID = this.idBuffer;
    const { data, eventType } = this;
    this.data = "";
    this.eventType = "";
    // 2.
    if (data === "") {
      this.onEvent("", null, this.lastEventID);
      return;
    }
    // 3. to 7.
    this.onEvent(eventType === "" ? "message" : eventType, StringPrototypeSlice(data, 0, data.length - 1), this.lastEventID);
  }
}

function has(text, isOne) {
  for (let i = 0; i < text.length; i++) {
    if (isOne(StringPrototypeCharCodeAt(text, i))) return true;
  }
  return false;
}
