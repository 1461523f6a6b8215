const ticks = new ReadableStream({
  async pull(controller) {
    controller.enqueue("tick");
    controller.close();
  },
});
console.log((await ticks.getReader().read()).value); // tick
