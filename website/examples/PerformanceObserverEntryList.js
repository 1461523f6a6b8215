const seen = new Promise((resolve) => {
  const observer = new PerformanceObserver((list) => {
    observer.disconnect();
    resolve(list.getEntriesByType("mark")[0].name);
  });
  observer.observe({ type: "mark" });
});
performance.mark("paid");
console.log(await seen); // paid
