const stream = ReadableStream.from(["a", "b", "c"]);
const upper = stream.pipeThrough(new TransformStream({ transform: (chunk, controller) => controller.enqueue(chunk.toUpperCase()) }));
for await (const chunk of upper) console.log(chunk);
//= A
//= B
//= C
