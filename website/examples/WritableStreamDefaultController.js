const sink = new WritableStream({
  write(chunk, controller) {
    if (chunk === "bad") controller.error(new Error("refused"));
  },
});
const writer = sink.getWriter();
await writer.write("bad");
await writer.closed.catch((error) => console.log(error.message)); // refused
