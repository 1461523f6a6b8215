import products from "./products.json" with { type: "json" };

/** POST /orders { "product": "tea", "count": 2 } */
export async function order(request, env, ctx) {
  let wanted;
  try {
    wanted = await request.json();
  } catch {
    return Response.json({ error: "the body must be JSON" }, { status: 400 });
  }
  const product = products.find(({ name }) => name === wanted?.product);
  if (!product) return Response.json({ error: "no such product" }, { status: 404 });

  const id = crypto.randomUUID();
  // What runs on after the response: the client does not wait for it.
  ctx.waitUntil(notify(id));
  const total = product.price * (wanted.count ?? 1);
  return Response.json({ id, total, currency: env.CURRENCY }, {
    status: 201,
    headers: { location: `/orders/${id}` },
  });
}

async function notify(id) {
  console.log("order placed", { id });
}
