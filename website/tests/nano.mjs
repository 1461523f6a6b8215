// The program: of ../target, or the one that NANO names; and what it says of configurations.
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join, resolve } from "node:path";

export const site = resolve(import.meta.dirname, "..");
export const nano = [process.env.NANO, join(site, "../target/release/nano"), join(site, "../target/debug/nano")].find((path) => path && existsSync(path));
/** Options of tests that want it. */
export const withoutNano = { skip: nano ? false : "there is no nano (cargo build, or set NANO)" };

const TOKEN = "of-more-than-16-characters";

/** Has `nano check` look at a configuration: its folders are ones of a small app, wherever it says that they are. */
export function configuration(text) {
  const scratch = mkdtempSync(join(tmpdir(), "nano-config-"));
  try {
    const placed = text.replace(/"(path|state|file)": "([^"]+)"/g, (_, field, path) => {
      const place = join(scratch, basename(path));
      if (field === "file") writeFileSync(place, TOKEN);
      else mkdirSync(place, { recursive: true });
      if (field === "path") writeFileSync(join(place, "index.js"), 'export default { fetch: () => new Response("an app") };');
      return `"${field}": "${place}"`;
    });
    writeFileSync(join(scratch, "apps.json"), placed);
    const env = { ...process.env, NANO_ADMIN_TOKEN: TOKEN };
    return spawnSync(nano, ["check", "--config", "apps.json"], { cwd: scratch, env, encoding: "utf8", timeout: 20_000 });
  } finally {
    rmSync(scratch, { recursive: true });
  }
}
