const stream = new ReadableStream({
  type: "bytes",
  pull(controller) {
    // The memory is the reader's: nothing is copied.
    const request = /** @type {ReadableByteStreamController} */ (controller).byobRequest;
    const view = /** @type {Uint8Array} */ (request?.view);
    view[0] = 42;
    request?.respond(1);
  },
});
const { value } = await stream.getReader({ mode: "byob" }).read(new Uint8Array(8));
console.log(value?.[0], value?.length); // 42 1
