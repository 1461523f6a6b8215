await navigator.locks.request("stock", { mode: "shared" }, (lock) => {
  console.log(lock?.name, lock?.mode); // stock shared
});
