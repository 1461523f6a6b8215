// The types: samples, the apps of `examples/`, and code that is written for `@cloudflare/workers-types`, which has to compile with both.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { test } from "node:test";

const site = resolve(import.meta.dirname, "..");
const samples = join(import.meta.dirname, "types");

function tsc(files, options = {}) {
  const scratch = mkdtempSync(join(tmpdir(), "nano-types-"));
  const compilerOptions = {
    target: "esnext", module: "esnext", moduleResolution: "bundler", moduleDetection: "force", lib: ["esnext"], types: [], strict: true, noEmit: true,
    skipLibCheck: false, resolveJsonModule: true, ...options,
  };
  writeFileSync(join(scratch, "tsconfig.json"), JSON.stringify({ compilerOptions, files }));
  const { status, stdout } = spawnSync(process.execPath, [join(site, "node_modules/typescript/bin/tsc"), "-p", scratch], { encoding: "utf8" });
  rmSync(scratch, { recursive: true });
  assert.equal(status, 0, stdout);
}
const types = join(site, "types/index.d.ts");

test("samples compile with NANO's types", () => tsc([types, join(samples, "worker.ts"), join(samples, "app.ts")]));
test("code for Workers compiles with Workers' types", () => tsc([join(site, "node_modules/@cloudflare/workers-types/index.d.ts"), join(samples, "worker.ts")], { skipLibCheck: true }));
test("the examples compile with NANO's types", () => {
  const apps = ["hello/index.js", "proxy/index.js", "shop/index.js"].map((file) => join(site, "../examples", file));
  tsc([types, ...apps], { allowJs: true, checkJs: true, strict: false });
});
