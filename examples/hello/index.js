// The smallest app: a default export with a fetch handler.
export default {
  fetch(request) {
    const { pathname } = new URL(request.url);
    return new Response(`Hello from ${pathname}\n`, {
      headers: { "content-type": "text/plain; charset=utf-8" },
    });
  },
};
