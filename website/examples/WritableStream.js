const parts = [];
const sink = new WritableStream({ write: (chunk) => void parts.push(chunk) });
await ReadableStream.from(["a", "b"]).pipeTo(sink);
console.log(parts.join()); // a,b
