/** @jsxImportSource hono/jsx */
import { Hono } from "hono";
import { cors } from "hono/cors";
import { etag } from "hono/etag";
import { HTTPException } from "hono/http-exception";
import { streamSSE, streamText } from "hono/streaming";
import { validator } from "hono/validator";
import { getCookie, setCookie } from "hono/cookie";

type Bindings = { WHO: string };
const app = new Hono<{ Bindings: Bindings }>();

app.use("/api/*", cors());
app.use("/etag", etag());
app.get("/", (c) => c.text(`hello ${c.env.WHO}`));
app.get("/api/user/:id{[0-9]+}", (c) => c.json({ id: Number(c.req.param("id")), q: c.req.queries("q") }));
app.post(
  "/api/form",
  validator("form", (value, c) => (typeof value.name === "string" ? { name: value.name } : c.text("no name", 422))),
  (c) => c.json(c.req.valid("form"), 201),
);
app.get("/etag", (c) => c.text("tagged"));
app.get("/cookie", (c) => {
  setCookie(c, "b", "2", { httpOnly: true });
  return c.text(getCookie(c, "a") ?? "none");
});
app.get("/page", (c) => {
  const List = ({ items }: { items: string[] }) => <ul>{items.map((item) => <li>{item}</li>)}</ul>;
  return c.html(<html><body><List items={["a", "<b>"]} /></body></html>);
});
app.get("/stream", (c) =>
  streamText(c, async (stream) => {
    for (const part of ["one ", "two ", "three"]) {
      await stream.write(part);
      await stream.sleep(5);
    }
  }));
app.get("/sse", (c) => streamSSE(c, async (stream) => { await stream.writeSSE({ event: "tick", data: "1" }); }));
app.get("/wait", (c) => {
  c.executionCtx.waitUntil(Promise.resolve());
  return c.body(null, 204);
});
app.get("/teapot", () => { throw new HTTPException(418, { message: "short and stout" }); });
app.get("/broken", () => { throw new Error("on purpose"); });
app.onError((error, c) => (error instanceof HTTPException ? error.getResponse() : c.text(`failed: ${error.message}`, 500)));
app.notFound((c) => c.text("nothing here", 404));

export default app;
