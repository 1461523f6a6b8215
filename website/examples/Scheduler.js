const started = performance.now();
await scheduler.wait(20);
console.log(performance.now() - started >= 19); // true
await scheduler.wait(60_000, { signal: AbortSignal.abort("no more") }).catch((reason) => console.log(reason)); // no more
