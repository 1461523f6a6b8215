import { AutoRouter, cors, error, json, withContent } from "itty-router";

const { preflight, corsify } = cors();
const router = AutoRouter({ before: [preflight], finally: [corsify] });

router
  .get("/hello/:name?", ({ name = "nobody" }) => `hello ${name}`)
  .get("/json", () => ({ a: [1, 2] }))
  .post("/content", withContent, ({ content }) => json({ got: content }))
  .get("/missing", () => error(404, "gone"))
  .get("/env", (request, env) => env.WHO);

export default router;
