// 1 MiB in 64 chunks out of a pull source through a transform function into the response.
const chunk = new Uint8Array(16384).fill(97);

export default {
  fetch() {
    let left = 64;
    const source = new ReadableStream({
      pull(controller) {
        if (left-- === 0) {
          controller.close();
        } else {
          controller.enqueue(chunk);
        }
      },
    });
    const transform = new TransformStream({
      transform(chunk, controller) {
        controller.enqueue(chunk);
      },
    });
    return new Response(source.pipeThrough(transform));
  },
};
