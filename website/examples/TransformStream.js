const double = new TransformStream({ transform: (chunk, controller) => controller.enqueue(chunk * 2) });
const parts = [];
for await (const number of ReadableStream.from([1, 2, 3]).pipeThrough(double)) parts.push(number);
console.log(parts.join()); // 2,4,6
