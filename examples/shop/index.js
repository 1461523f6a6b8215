// Routes, relative imports, a JSON import, and env.
import products from "./products.json" with { type: "json" };
import { order } from "./orders.js";

const routes = {
  "GET /products": (request, env) =>
    Response.json(products.map((product) => ({ ...product, currency: env.CURRENCY }))),
  "POST /orders": order,
};

export default {
  async fetch(request, env, ctx) {
    const { pathname } = new URL(request.url);
    const route = routes[`${request.method} ${pathname}`];
    if (!route) return Response.json({ error: `nothing at ${pathname}` }, { status: 404 });
    return route(request, env, ctx);
  },
};
