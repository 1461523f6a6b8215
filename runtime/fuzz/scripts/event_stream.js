// An event stream in pieces, to the parser of eventsource/event_stream_parser.js, whose text stands before this one. What it imports:
const StringPrototypeCharCodeAt = (text, at) => text.charCodeAt(at);
const StringPrototypeSlice = (text, begin, end) => text.slice(begin, end);

// The same in the words of the standard's grammar: lines first.
function expected(text) {
  const events = [];
  let [data, type, id, last] = ["", "", "", ""];
  const lines = text.split(/\r\n|\r|\n/);
  // The last one has not ended.
  lines.pop();
  for (const line of lines) {
    if (line === "") {
      last = id;
      events.push(data === "" ? ["", null, last] : [type || "message", data.slice(0, -1), last]);
      [data, type] = ["", ""];
      continue;
    }
    const [, name, value] = /^([^:]*):? ?([^]*)$/.exec(line);
    if (name === "data") data += `${value}\n`;
    if (name === "event") type = value;
    if (name === "id" && !value.includes("\0")) id = value;
    if (name === "retry" && /^[0-9]+$/.test(value)) events.push(+value);
  }
  return events;
}

function tried(bytes) {
  const size = bytes[0] || Infinity;
  const text = new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes.subarray(1));
  const events = [];
  const parser = new EventStreamParser("", (...event) => events.push(event), (time) => events.push(time));
  for (let at = 0; at < text.length; at += size) {
    if (!parser.feed(text.slice(at, at + size))) return "it is no longer than it may be";
  }
  const [seen, wanted] = [JSON.stringify(events), JSON.stringify(expected(text))];
  if (seen !== wanted) return `${seen} is not ${wanted}`;
}
