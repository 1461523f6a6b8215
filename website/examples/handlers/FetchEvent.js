addEventListener("fetch", (event) => {
  event.respondWith(new Response(`You asked for ${event.request.url}`));
});
