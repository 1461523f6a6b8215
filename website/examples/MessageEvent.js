const event = new MessageEvent("message", { data: { from: "here" } });
console.log(event.data.from); // here
