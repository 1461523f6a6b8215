// The types of app authors, to be downloaded.
import { readFileSync } from "node:fs";
import { resolve } from "node:path";

export const GET = () => new Response(readFileSync(resolve(process.cwd(), "types/index.d.ts"), "utf8"), { headers: { "content-type": "text/plain; charset=utf-8" } });
