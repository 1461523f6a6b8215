// 1 MiB in 16 chunks through a TransformStream into the response.
const chunk = new Uint8Array(65536).fill(97);

export default {
  fetch() {
    let left = 16;
    const source = new ReadableStream({
      pull(controller) {
        if (left-- === 0) {
          controller.close();
        } else {
          controller.enqueue(chunk.slice());
        }
      },
    });
    return new Response(source.pipeThrough(new TransformStream()));
  },
};
