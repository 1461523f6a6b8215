addEventListener("fetch", (event) => {
  event.waitUntil(Promise.resolve("some work"));
  event.respondWith(new Response("done"));
});
