// The built site: its files, and a server of them.
import { createReadStream, existsSync, readFileSync, readdirSync, statSync } from "node:fs";
import { createServer } from "node:http";
import { extname, join, relative, resolve } from "node:path";

export const dist = resolve(import.meta.dirname, "../dist");
if (!existsSync(dist)) throw new Error("there is no dist/: run `npm run build` first");

export const pages = readdirSync(dist, { recursive: true, encoding: "utf8" })
  .filter((path) => path.endsWith(".html"))
  .map((path) => ({ path, address: `/${path.replace(/(^|\/)index\.html$/, "$1")}`, html: readFileSync(join(dist, path), "utf8") }));

/** The file that a server would give for a path; undefined where it would say 404. */
export function fileOf(path) {
  const file = join(dist, decodeURIComponent(path));
  if (relative(dist, file).startsWith("..") || !existsSync(file)) return undefined;
  if (!statSync(file).isDirectory()) return file;
  const index = join(file, "index.html");
  return existsSync(index) ? index : undefined;
}

const types = { ".html": "text/html; charset=utf-8", ".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml", ".json": "application/json", ".wasm": "application/wasm" };

/** Serves the site on a free port until `close()`. */
export async function serve() {
  const server = createServer((request, response) => {
    const file = fileOf(new URL(request.url, "http://localhost").pathname);
    response.writeHead(file ? 200 : 404, { "content-type": types[extname(file ?? ".html")] ?? "application/octet-stream" });
    if (file) createReadStream(file).pipe(response);
    else response.end();
  });
  await new Promise((ready) => server.listen(0, "127.0.0.1", ready));
  return { origin: `http://127.0.0.1:${server.address().port}`, close: () => server.close() };
}
