export default {
  fetch(request, env) {
    // "STOCK": { "type": "service", "app": "warehouse" } in the app's env.
    return env.STOCK ? env.STOCK.fetch(request) : new Response("no stock", { status: 404 });
  },
};
