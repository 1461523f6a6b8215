// What `bench/load/run --record website/data/benchmarks.json` has measured last.
import { existsSync, readFileSync } from "node:fs";
import { resolve } from "node:path";

export interface Result {
  cpu_us: number;
  requests_per_s: number;
}
export interface Recording {
  date: string;
  machine: { cpu: string; cores: number; memory_gb: number; kernel: string; load: number };
  versions: Record<string, string>;
  connections: number;
  rounds: number;
  seconds: number;
  apps: Record<string, Record<string, Result>>;
}

const file = resolve(process.cwd(), "data/benchmarks.json");
export const recording: Recording | undefined = existsSync(file) ? JSON.parse(readFileSync(file, "utf8")) : undefined;

export const servers: Record<string, string> = { nano: "NANO", workerd: "workerd", deno: "Deno", bun: "Bun" };

/** What each app does: a file of its name is in `bench/load`. */
export const apps: Record<string, string> = {
  hello: "“hello world”",
  page: "a page of 100 KB from memory",
  transform: "1 MiB in 64 chunks through a transform stream",
  stream: "1 MiB in 16 chunks through an identity stream",
  upload: "an upload of 1 MiB, read as text",
  proxy: "a reverse proxy of 13 bytes",
  proxy_large: "a reverse proxy of 1 MiB",
};
