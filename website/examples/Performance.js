const start = performance.now();
await new Promise((resolve) => setTimeout(resolve, 5));
console.log(performance.now() - start >= 4, performance.timeOrigin > 0); // true true
