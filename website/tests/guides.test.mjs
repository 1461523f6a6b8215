// Every code block of the guides: TypeScript and JavaScript are checked by tsc against NANO's types; configurations by the schema; shell
// by bash, `nano`'s options by its own help; and, where there is a `nano` (of ../target, or the one that NANO names), those that say `run`
// or `serve` are run, in order, in a folder of each page's own.
import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { describe, test } from "node:test";

const site = resolve(import.meta.dirname, "..");
const folder = join(site, "src/content/docs");
const nano = [process.env.NANO, join(site, "../target/release/nano"), join(site, "../target/debug/nano")].find((path) => path && existsSync(path));

const guides = readdirSync(folder, { recursive: true, encoding: "utf8" })
  .filter((path) => /\.mdx?$/.test(path))
  .map((path) => {
    const text = readFileSync(join(folder, path), "utf8");
    const blocks = [...text.matchAll(/^```(\w+)([^\n]*)\n([\s\S]*?)^```$/gm)].map(([whole, lang, meta, code], i) => ({
      name: `${path}, block ${i + 1}`,
      lang,
      code,
      title: meta.match(/title="([^"]+)"/)?.[1],
      flags: meta.replace(/title="[^"]*"/, "").trim().split(/\s+/).filter(Boolean),
      whole,
    }));
    return { path, blocks };
  });
const all = guides.flatMap(({ blocks }) => blocks);

test("a block has a language that something here knows", () => {
  const known = ["sh", "js", "ts", "json", "text", "nginx"];
  assert.deepEqual(all.filter(({ lang }) => !known.includes(lang)).map(({ name, lang }) => `${name}: ${lang}`), []);
  assert(all.length > 40, `only ${all.length} blocks were found`);
});

test("TypeScript and JavaScript pass tsc with NANO's types alone", () => {
  const scratch = mkdtempSync(join(tmpdir(), "nano-blocks-"));
  try {
    const files = all.filter(({ lang }) => lang === "js" || lang === "ts").map(({ lang, code, name }, i) => {
      const file = `block${i}.${lang}`;
      // An untyped handler of JavaScript gets its type from what it is a handler of.
      const typed = lang === "js" && !code.includes("@type {ExportedHandler}") ? code.replace("export default {", "/** @type {ExportedHandler} */\nexport default {") : code;
      writeFileSync(join(scratch, file), `${typed}\nexport {};\n`);
      return { file, name };
    });
    const options = { target: "esnext", module: "esnext", moduleResolution: "bundler", lib: ["esnext"], types: [], strict: true, noEmit: true, allowJs: true, checkJs: true, skipLibCheck: false };
    writeFileSync(join(scratch, "tsconfig.json"), JSON.stringify({ compilerOptions: options, files: [join(site, "types/index.d.ts"), ...files.map(({ file }) => file)] }));
    const { status, stdout } = spawnSync(process.execPath, [join(site, "node_modules/typescript/bin/tsc"), "-p", scratch], { encoding: "utf8" });
    const said = files.reduce((text, { file, name }) => text.replaceAll(`${file}(`, `${name} (`), stdout);
    assert.equal(status, 0, said);
    assert(files.length >= 8);
  } finally {
    rmSync(scratch, { recursive: true });
  }
});

/** JSON with comments. */
const parse = (code) => JSON.parse(code.replace(/("(?:[^"\\]|\\.)*")|\/\/.*/g, (_, text) => text ?? ""));

test("configurations have only fields that there are, with values that they may have", () => {
  const schema = JSON.parse(readFileSync(join(site, "data/schema.json"), "utf8"));
  const wrong = [];
  const check = (value, type, place) => {
    if (type.$ref) return check(value, schema.$defs[type.$ref.split("/").pop()], place);
    if (type.anyOf && !type.properties) return;
    if (type.enum && !type.enum.includes(value)) wrong.push(`${place}: ${JSON.stringify(value)} is none of ${type.enum}`);
    if (typeof value === "number" && (value < (type.minimum ?? value) || value > (type.maximum ?? value))) wrong.push(`${place}: ${value} is out of bounds`);
    if (type.type === "array" && Array.isArray(value)) return value.forEach((item, i) => check(item, type.items ?? {}, `${place}[${i}]`));
    if (!type.properties || typeof value !== "object") return;
    for (const name of type.required ?? []) if (!(name in value)) wrong.push(`${place} has no ${name}`);
    for (const [name, inner] of Object.entries(value)) {
      if (name in type.properties) check(inner, type.properties[name], `${place}.${name}`);
      else if (type.additionalProperties === false) wrong.push(`${place}.${name} is not known`);
    }
  };
  const blocks = all.filter(({ lang }) => lang === "json");
  for (const { code, title, name } of blocks) {
    const value = parse(code);
    if (title?.endsWith("apps.json")) check(value, schema, name);
  }
  assert.deepEqual(wrong, []);
  assert(blocks.length >= 8);
});

test("shell is shell, and nano has the commands and options that it is given", () => {
  const commands = new Map(JSON.parse(readFileSync(join(site, "data/cli.json"), "utf8")).map(({ command, help }) => [command, help]));
  for (const { code, name } of all.filter(({ lang }) => lang === "sh")) {
    const { status, stderr } = spawnSync("bash", ["-n"], { input: code, encoding: "utf8" });
    assert.equal(status, 0, `${name}: ${stderr}`);
    for (const [line, rest] of code.matchAll(/^nano (.*)$/gm)) {
      const words = rest.split(/\s+/);
      const command = commands.has(`nano ${words[0]} ${words[1]}`) ? `nano ${words[0]} ${words[1]}` : `nano ${words[0]}`;
      assert(commands.has(command), `${name}: there is no ${command}`);
      for (const option of words.filter((word) => /^--?[a-z]/.test(word))) assert(new RegExp(`${option}(?![\\w-])`).test(commands.get(command)), `${name}: ${line}: no ${option}`);
    }
  }
});

test("metrics that guides name are there, with the labels that they ask for", () => {
  const families = new Map(JSON.parse(readFileSync(join(site, "data/metrics.json"), "utf8")).map(({ name, labels }) => [name, ["le", ...Object.keys(labels)]]));
  const wrong = [];
  let count = 0;
  for (const { path } of guides) {
    for (const [whole, name, labels = ""] of readFileSync(join(folder, path), "utf8").matchAll(/\b(nano_\w+)(?:\{([^}]*)\})?/g)) {
      const own = families.get(name) ?? families.get(name.replace(/_(bucket|sum|count)$/, ""));
      count++;
      if (!own) wrong.push(`${path}: there is no ${name}`);
      else for (const [label] of labels.matchAll(/\w+(?=\s*[=,]|$)/g)) if (!own.includes(label)) wrong.push(`${path}: ${whole}: no label ${label}`);
    }
  }
  assert.deepEqual(wrong, []);
  assert(count >= 4, `only ${count} metrics were found`);
});

async function freePort() {
  const server = createServer();
  await new Promise((ready) => server.listen(0, ready));
  const { port } = server.address();
  await new Promise((done) => server.close(done));
  return port;
}

const skip = nano ? false : "there is no nano (cargo build, or set NANO): what guides run has not been run";
describe("what guides run", { skip }, () => {
  for (const { path, blocks } of guides.filter(({ blocks }) => blocks.some(({ flags }) => flags.includes("run")))) {
    test(path, async () => {
      const scratch = mkdtempSync(join(tmpdir(), "nano-guide-"));
      const ports = { 8080: await freePort(), 8090: await freePort() };
      const moved = (code) => code.replace(/\b80[89]0\b/g, (port) => ports[port]);
      const environment = { ...process.env, PATH: `${dirname(nano)}:${process.env.PATH}` };
      let server;
      let output = "";
      const end = async () => {
        if (server?.exitCode !== null) return;
        const ended = new Promise((done) => server.on("exit", done));
        process.kill(-server.pid, "SIGTERM");
        await ended;
      };
      // Where a command writes a configuration with the usual ports, it gets those of this run.
      const settle = () => {
        for (const file of readdirSync(scratch, { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith("apps.json") && !name.startsWith("state"))) {
          writeFileSync(join(scratch, file), moved(readFileSync(join(scratch, file), "utf8")));
        }
      };
      try {
        for (const { name, lang, code, flags, title } of blocks) {
          if (flags.includes("write")) {
            mkdirSync(dirname(join(scratch, title)), { recursive: true });
            writeFileSync(join(scratch, title), moved(code));
          } else if (flags.includes("same")) {
            // What a command has written, shown.
            const written = readFileSync(join(scratch, title), "utf8");
            if (lang === "json") assert.deepEqual(JSON.parse(moved(code)), JSON.parse(written), name);
            else assert.equal(code, written, name);
          } else if (flags.includes("serve")) {
            await end();
            server = spawn("bash", ["-euo", "pipefail", "-c", moved(code)], { cwd: scratch, env: environment, stdio: "ignore", detached: true });
            await answers(Object.values(ports), server);
          } else if (flags.includes("run")) {
            const { status, stdout, stderr } = spawnSync("bash", ["-euo", "pipefail", "-c", moved(code).replaceAll("curl ", "curl -sS --retry 5 --retry-connrefused ")], { cwd: scratch, env: environment, encoding: "utf8", timeout: 20_000 });
            assert.equal(status, 0, `${name}: ${stderr}`);
            output = stdout;
            settle();
          } else if (flags.includes("output")) {
            const lines = (text) => text.trim().split("\n").map((line) => line.trim());
            assert.deepEqual(lines(output), lines(code), name);
          }
        }
      } finally {
        await end();
        rmSync(scratch, { recursive: true, force: true });
      }
    });
  }
});

/** Waits until something listens at one of the ports: without an app there is only the admin API. */
async function answers(ports, server) {
  for (let attempt = 0; attempt < 100; attempt++) {
    assert.equal(server.exitCode, null, "the server has ended");
    if (ports.some((port) => spawnSync("curl", ["-s", "-o", "/dev/null", `http://127.0.0.1:${port}/`]).status === 0)) return;
    await new Promise((wake) => setTimeout(wake, 100));
  }
  assert.fail(`nothing answers at ${ports}`);
}
