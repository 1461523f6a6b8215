// META: title=Names that an app's instances have in common have a bound

const long = "n".repeat(8192);

test(() => {
  const channel = new BroadcastChannel(long);
  assert_equals(channel.name, long);
  channel.close();
  assert_throws_dom("NotSupportedError", () => new BroadcastChannel(`${long}n`));
}, "BroadcastChannel");

promise_test(async (t) => {
  assert_equals(await navigator.locks.request(long, (lock) => lock.name), long);
  await promise_rejects_dom(t, "NotSupportedError", navigator.locks.request(`${long}n`, () => {}));
}, "LockManager");
