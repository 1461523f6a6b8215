export default {
  async fetch(request, env, ctx) {
    // The response does not wait for this; the instance does.
    ctx.waitUntil(new Promise((resolve) => setTimeout(resolve, 5)));
    return new Response("accepted", { status: 202 });
  },
};
