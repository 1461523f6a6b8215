const seen = new Promise((resolve) => {
  const observer = new PerformanceObserver((list) => {
    observer.disconnect();
    resolve(list.getEntries().length);
  });
  observer.observe({ entryTypes: ["mark"] });
});
performance.mark("seen");
console.log(await seen); // 1
