const signal = AbortSignal.timeout(5);
await new Promise((resolve) => signal.addEventListener("abort", resolve));
console.log(signal.reason.name); // TimeoutError
