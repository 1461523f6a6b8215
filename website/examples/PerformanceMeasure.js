performance.mark("a", { startTime: 10 });
performance.mark("b", { startTime: 25 });
console.log(performance.measure("a to b", "a", "b").duration); // 15
