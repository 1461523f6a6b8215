const order = [];
await Promise.all([
  navigator.locks.request("stock", async () => {
    await new Promise((resolve) => setTimeout(resolve, 5));
    order.push("first");
  }),
  navigator.locks.request("stock", () => void order.push("second")),
]);
console.log(order.join()); // first,second
