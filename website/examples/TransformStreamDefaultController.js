const first = new TransformStream({
  transform(chunk, controller) {
    controller.enqueue(chunk);
    controller.terminate();
  },
});
const parts = [];
for await (const chunk of ReadableStream.from(["a", "b"]).pipeThrough(first)) parts.push(chunk);
console.log(parts.join()); // a
