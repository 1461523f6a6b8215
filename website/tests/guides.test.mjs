// Every code block of the guides has a check (blocks.mjs says which). Here: TypeScript and JavaScript are checked by tsc against NANO's
// types; configurations by the schema and by `nano check`; and, where there is a `nano` (of ../target, or the one that NANO names), those
// that say `run` or `serve` are run, in order, in a folder of each page's own.
import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { copyFileSync, globSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { describe, test } from "node:test";
import { blocks, checks, guides, of, steps } from "./blocks.mjs";
import { configuration, nano, site, withoutNano } from "./nano.mjs";

test("every block has a check, and every check a block", () => {
  const unchecked = blocks.filter((block) => !Object.values(checks).some((takes) => takes(block)));
  assert.deepEqual(unchecked.map(({ name, lang }) => `${name}: no check knows ${lang || "a block without a language"}`), []);
  assert.deepEqual(Object.keys(checks).filter((check) => of(check).length === 0), []);
  // A misspelled one would be none.
  const flags = [...steps, "debian", "promql"];
  assert.deepEqual(blocks.flatMap((block) => block.flags.filter((flag) => !flags.includes(flag)).map((flag) => `${block.name}: ${flag}`)), []);
  assert.deepEqual(guides.filter(({ blocks }) => blocks.some(checks.run) && !blocks.some(isRun)).map(({ path }) => path), []);
  assert(blocks.length > 60, `only ${blocks.length} blocks were found`);
});

test("TypeScript and JavaScript pass tsc with NANO's types alone", () => {
  const scratch = mkdtempSync(join(tmpdir(), "nano-blocks-"));
  try {
    const files = of("types").map(({ lang, code, name }, i) => {
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

test("the project file that guides show takes what they say beside it", () => {
  const [{ code }] = of("project");
  const app = of("types").find(({ path, lang }) => path === of("project")[0].path && lang === "ts");
  const scratch = mkdtempSync(join(tmpdir(), "nano-project-"));
  try {
    writeFileSync(join(scratch, "tsconfig.json"), code);
    copyFileSync(join(site, "types/index.d.ts"), join(scratch, "nano.d.ts"));
    mkdirSync(join(scratch, "src"));
    writeFileSync(join(scratch, "src/index.ts"), app.code);
    const { status, stdout } = spawnSync(process.execPath, [join(site, "node_modules/typescript/bin/tsc"), "-p", scratch], { encoding: "utf8" });
    assert.equal(status, 0, stdout);
  } finally {
    rmSync(scratch, { recursive: true });
  }
});

test("JSON is JSON, with comments", () => {
  for (const { code } of blocks.filter(({ lang }) => lang === "json")) JSON.parse(withoutComments(code));
});

test("configurations are such as nano takes", withoutNano, () => {
  for (const { code, name } of of("configuration")) {
    const { status, stderr } = configuration(code);
    assert.equal(status, 0, `${name}: ${stderr}`);
  }
  // It is the schema that finds what is wrong, and the checks of values.
  for (const wrong of ['{ "port": 8080, "application": [] }', '{ "apps": [{ "name": "a", "path": "./a", "limits": { "memory_mb": -1 } }] }']) assert.notEqual(configuration(wrong).status, 0, wrong);
});

test("metrics that guides name are there, with the labels that they ask for", () => {
  const families = new Map(JSON.parse(readFileSync(join(site, "data/metrics.json"), "utf8")).map(({ name, labels }) => [name, ["le", ...Object.keys(labels)]]));
  const wrong = [];
  let count = 0;
  for (const { path, text } of guides) {
    for (const [whole, name, labels = ""] of text.matchAll(/\b(nano_\w+)(?:\{([^}]*)\})?/g)) {
      const own = families.get(name) ?? families.get(name.replace(/_(bucket|sum|count)$/, ""));
      count++;
      if (!own) wrong.push(`${path}: there is no ${name}`);
      else for (const [label] of labels.matchAll(/\w+(?=\s*[=,]|$)/g)) if (!own.includes(label)) wrong.push(`${path}: ${whole}: no label ${label}`);
    }
  }
  assert.deepEqual(wrong, []);
  assert(count >= 4, `only ${count} metrics were found`);
});

const isRun = ({ flags }) => flags.includes("run");
const withoutComments = (code) => code.replace(/("(?:[^"\\]|\\.)*")|\/\/.*/g, (_, text) => text ?? "");

async function freePort() {
  const server = createServer();
  await new Promise((ready) => server.listen(0, ready));
  const { port } = server.address();
  await new Promise((done) => server.close(done));
  return port;
}

describe("what guides run", withoutNano, () => {
  for (const { path, blocks } of guides.filter(({ blocks }) => blocks.some(isRun))) {
    test(path, async () => {
      const scratch = mkdtempSync(join(tmpdir(), "nano-guide-"));
      // What `npx` finds.
      symlinkSync(join(site, "node_modules"), join(scratch, "node_modules"));
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
        for (const file of globSync(["apps.json", "*/apps.json"], { cwd: scratch }).filter((name) => !name.startsWith("state"))) {
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
