const event = new PromiseRejectionEvent("unhandledrejection", { promise: Promise.resolve(), reason: "nobody caught it" });
console.log(event.reason); // nobody caught it
