// The example of each interface: it prints what its comments say (`console.log(…); // this`, and `//= this` where a loop prints), in
// NANO where there is one, else in Node; and passes tsc with NANO's types. Those of handlers start as apps.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { copyFileSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { nano, site } from "./nano.mjs";

const folder = join(site, "examples");
const programs = readdirSync(folder).filter((name) => name.endsWith(".js"));
const handlers = readdirSync(join(folder, "handlers"));
const name = (file) => file.replace(".js", "");

test("every interface and namespace has an example", () => {
  const model = JSON.parse(readFileSync(join(site, "data/reference.json"), "utf8"));
  const wanted = [...Object.keys(model.interfaces), ...Object.keys(model.namespaces)].filter((name) => name !== model.global);
  assert.deepEqual([...programs, ...handlers].map(name).sort(), wanted.sort());
});

test(`examples print what they say, in ${nano ? "NANO" : "Node"}`, () => {
  const wrong = [];
  for (const file of programs) {
    const path = join(folder, file);
    const said = [...readFileSync(path, "utf8").matchAll(/^.*console\.log\(.*; \/\/ (.*)$|^\/\/= (.*)$/gm)].map(([, inline, below]) => inline ?? below);
    // What Node has not: nothing of it is NANO's fault.
    if (!nano && ["CloseEvent", "EventSource", "FileReader", "FixedLengthStream", "IdentityTransformStream", "Lock", "LockManager", "ProgressEvent", "PromiseRejectionEvent", "QuotaExceededError", "WebSocket", "WebSocketPair"].includes(name(file))) continue;
    const [program, ...args] = nano ? [nano, "run", path] : [process.execPath, "--no-warnings", path];
    const { stdout, stderr } = spawnSync(program, args, { encoding: "utf8", timeout: 10_000 });
    const printed = stdout.trimEnd().split("\n");
    if (said.length === 0 || JSON.stringify(printed) !== JSON.stringify(said)) wrong.push({ file, said, printed, stderr: stderr.slice(0, 300) });
  }
  assert.deepEqual(wrong, []);
});

test("examples of handlers start", { skip: nano ? false : "there is no nano (cargo build, or set NANO)" }, () => {
  for (const file of handlers) {
    const scratch = mkdtempSync(join(tmpdir(), "nano-example-"));
    copyFileSync(join(folder, "handlers", file), join(scratch, "index.js"));
    const { status, stderr } = spawnSync(nano, ["check", scratch], { encoding: "utf8" });
    rmSync(scratch, { recursive: true });
    assert.equal(status, 0, `${file}: ${stderr}`);
  }
});

test("examples pass tsc with NANO's types alone", () => {
  const scratch = mkdtempSync(join(tmpdir(), "nano-examples-"));
  for (const file of [...programs.map((file) => [folder, file]), ...handlers.map((file) => [join(folder, "handlers"), file])]) {
    const text = readFileSync(join(...file), "utf8").replace("export default {", "/** @type {ExportedHandler} */\nexport default {");
    writeFileSync(join(scratch, file[1]), `${text}\nexport {};\n`);
  }
  const compilerOptions = { target: "esnext", module: "esnext", moduleResolution: "bundler", lib: ["esnext"], types: [], strict: true, noImplicitAny: false, noEmit: true, allowJs: true, checkJs: true };
  writeFileSync(join(scratch, "tsconfig.json"), JSON.stringify({ compilerOptions, files: [join(site, "types/index.d.ts"), ...[...programs, ...handlers].map((file) => join(scratch, file))] }));
  const { status, stdout } = spawnSync(process.execPath, [join(site, "node_modules/typescript/bin/tsc"), "-p", scratch], { encoding: "utf8" });
  rmSync(scratch, { recursive: true });
  assert.equal(status, 0, stdout);
});
