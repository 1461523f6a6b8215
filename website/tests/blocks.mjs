// The code blocks of the guides, those that are written there and the files that they show, and which check each of them is for.
import { readFileSync, readdirSync } from "node:fs";
import { dirname, join, resolve } from "node:path";

export const folder = resolve(import.meta.dirname, "../src/content/docs");
export const root = resolve(import.meta.dirname, "../..");

const meta = (text) => ({ title: text.match(/title="([^"]+)"/)?.[1], flags: text.replace(/title="[^"]*"/, "").trim().split(/\s+/).filter(Boolean) });

/** Blocks between fences. */
const fenced = (text) => [...text.matchAll(/^```(\w*)([^\n]*)\n([\s\S]*?)^```$/gm)].map(({ 1: lang, 2: rest, 3: code, index }) => ({ index, lang, code, ...meta(rest) }));

/** Files that are shown: `import x from "…?raw"`, `<Code code={x} … />`. */
function shown(text, path) {
  const files = new Map([...text.matchAll(/^import (\w+) from "([^"]+)\?raw";$/gm)].map(([, name, from]) => [name, resolve(folder, dirname(path), from)]));
  return [...text.matchAll(/<Code code=\{(\w+)\} lang="(\w+)"([^>]*?)\/>/g)].map(({ 1: name, 2: lang, 3: rest, index }) => ({ index, lang, code: readFileSync(files.get(name), "utf8"), file: files.get(name), ...meta(rest) }));
}

export const guides = readdirSync(folder, { recursive: true, encoding: "utf8" })
  .filter((path) => /\.mdx?$/.test(path))
  .sort()
  .map((path) => {
    const text = readFileSync(join(folder, path), "utf8");
    const blocks = [...fenced(text), ...shown(text, path)].sort((a, b) => a.index - b.index);
    return { path, text, blocks: blocks.map((block, i) => ({ ...block, path, name: `${path}, block ${i + 1}` })) };
  });
export const blocks = guides.flatMap(({ blocks }) => blocks);

/** What a page's run does with a block (guides.test.mjs). */
export const steps = ["run", "serve", "output", "write", "same"];
const has = (flags, ...names) => names.some((name) => flags.includes(name));

/** The checks, and the blocks that each is for. */
export const checks = {
  // guides.test.mjs
  run: ({ flags }) => has(flags, ...steps),
  types: ({ lang }) => lang === "js" || lang === "ts",
  configuration: ({ lang, title, flags }) => lang === "json" && title === "apps.json" && !has(flags, ...steps),
  project: ({ title }) => title === "tsconfig.json",
  // tools/try-packages
  debian: ({ flags }) => has(flags, "debian"),
  // commands.test.mjs
  commands: ({ lang, flags }) => lang === "sh" && !has(flags, "debian", ...steps),
  // deployments.test.mjs
  container: ({ lang }) => lang === "dockerfile",
  kubernetes: ({ title }) => title === "kubernetes.yaml",
  units: ({ lang, title }) => lang === "ini" && /\.(service|socket)$/.test(title),
  // proxies.test.mjs
  proxies: ({ lang, title }) => lang === "nginx" || title === "Caddyfile",
  // runtime/nano/tests/e2e/dashboard.rs
  promql: ({ flags }) => has(flags, "promql"),
};
/** The blocks of a check. */
export const of = (check) => blocks.filter(checks[check]);
