// META: title=Workers' additions to crypto, timers and requests

test(() => {
  const { subtle } = crypto;
  const bytes = (...values) => new Uint8Array(values);
  assert_true(subtle.timingSafeEqual(bytes(1, 2), bytes(1, 2)));
  assert_false(subtle.timingSafeEqual(bytes(1, 2), bytes(1, 3)));
  assert_true(subtle.timingSafeEqual(bytes(0, 1, 2).subarray(1), bytes(1, 2).buffer));
  assert_true(subtle.timingSafeEqual(bytes(), bytes()));
  assert_throws_js(TypeError, () => subtle.timingSafeEqual(bytes(1), bytes(1, 2)));
  assert_throws_js(TypeError, () => subtle.timingSafeEqual("a", "a"));
}, "crypto.subtle.timingSafeEqual() compares bytes, as many as there are");

promise_test(async () => {
  const begun = performance.now();
  assert_equals(await scheduler.wait(20), undefined);
  assert_greater_than_equal(performance.now() - begun, 19);
}, "scheduler.wait() waits");

promise_test(async (t) => {
  const controller = new AbortController();
  const reason = new Error("enough");
  const waiting = promise_rejects_exactly(t, reason, scheduler.wait(60000, { signal: controller.signal }));
  controller.abort(reason);
  await waiting;
  await promise_rejects_exactly(t, reason, scheduler.wait(0, { signal: controller.signal }));
}, "scheduler.wait() ends by a signal");

test(() => {
  const request = new Request("http://a.test/");
  assert_equals(request.cf.country, undefined);
  assert_equals(request.cf, request.cf);
}, "request.cf is an empty object");
