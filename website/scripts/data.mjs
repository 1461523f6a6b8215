// Writes `data/`, what the reference is made of: what `cargo gen` prints of the model, and what the program says of itself.
//
//   npm run data                    writes it; wants `cargo build --workspace` to have run
//   npm run data -- --check         writes nothing, and fails where something is out of date
//   npm run data -- --wpt FILE      also takes over the results of `cargo wpt run --json FILE`; may be given several times
//
// `--bin FOLDER` is where the programs `gen` and `nano` are: ../target/debug otherwise.
import { execFileSync, spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { request } from "node:http";
import { tmpdir } from "node:os";
import { join, relative, resolve } from "node:path";
import { parseArgs } from "node:util";
import { history, results } from "./wpt.mjs";

const here = resolve(import.meta.dirname, "..");
const root = resolve(here, "..");
const { values: options } = parseArgs({
  options: { check: { type: "boolean" }, bin: { type: "string" }, wpt: { type: "string", multiple: true } },
});
const programs = resolve(options.bin ?? join(root, "target/debug"));
const scratch = mkdtempSync(join(tmpdir(), "nano-data-"));
const run = (name, ...args) =>
  execFileSync(join(programs, name), args, { encoding: "utf8", maxBuffer: 1 << 26, cwd: scratch });

/** What `--help` prints, of a command and all below it. */
function commands(path = []) {
  const help = run("nano", ...path, "--help");
  const list = help.match(/^Commands:\n((?: {2}.*\n)*)/m)?.[1] ?? "";
  const names = [...list.matchAll(/^ {2}(\S+)/gm)].map(([, name]) => name).filter((name) => name !== "help");
  return [{ command: ["nano", ...path].join(" "), help }, ...names.flatMap((name) => commands([...path, name]))];
}

function get(socketPath, path) {
  return new Promise((done, failed) => {
    const sent = request({ socketPath, path, headers: { host: "localhost" } }, (answer) => {
      let text = "";
      answer.setEncoding("utf8").on("data", (part) => (text += part)).on("end", () => done(text));
    });
    sent.on("error", failed).end();
  });
}

/** What a server says of itself: its API, and all that it counts. */
async function served() {
  const socket = join(scratch, "admin.sock");
  const config = {
    listen: "127.0.0.1:0",
    admin: { listen: `unix:${socket}` },
    // A collector that is not there: what is counted of it is listed.
    otlp: { endpoint: "http://127.0.0.1:9", metrics_ms: 0 },
    apps: [{ name: "hello", path: join(root, "examples/hello") }],
  };
  writeFileSync(join(scratch, "apps.json"), JSON.stringify(config));
  const server = spawn(join(programs, "nano"), ["serve", "--config", "apps.json"], { cwd: scratch, stdio: "ignore" });
  try {
    for (let attempt = 0; ; attempt++) {
      try {
        const metrics = families(await get(socket, "/metrics"));
        return { openapi: JSON.parse(await get(socket, "/admin/openapi.json")), metrics };
      } catch (error) {
        if (attempt === 100) throw error;
        await new Promise((wake) => setTimeout(wake, 100));
      }
    }
  } finally {
    server.kill("SIGKILL");
  }
}

/** Names, kinds and labels of the text format of Prometheus. What varies from run to run is left out. */
function families(text) {
  const found = new Map();
  for (const [, name, help] of text.matchAll(/^# HELP (\S+) (.*)$/gm)) found.set(name, { name, help, labels: {} });
  for (const [, name, type] of text.matchAll(/^# TYPE (\S+) (.*)$/gm)) found.get(name).type = type;
  for (const [, name, labels = ""] of text.matchAll(/^([a-z]\w*)(?:\{(.*)\})? \S+$/gm)) {
    const family = found.get(name) ?? found.get(name.replace(/_(bucket|sum|count)$/, ""));
    for (const [, label, value] of labels.matchAll(/(\w+)="([^"]*)"/g)) {
      const values = (family.labels[label] ??= []);
      const varies = label === "app" || label === "version";
      if (!varies && !values.includes(value)) values.push(value);
    }
  }
  return [...found.values()];
}

/** The entries of ECMA-429, and whether the program has them. */
function common() {
  const list = JSON.parse(readFileSync(join(root, "wpt/tests/nano/resources/ecma-429.json"), "utf8"));
  const names = [...list.interfaces, ...list.globals];
  // Assigned handlers are null until then, so it is the property that counts.
  const has = (name) => `((o, k) => o != null && k in Object(o))(${name.includes(".") ? name.replace(/\.\w+$/, "") : "globalThis"}, "${name.split(".").pop()}")`;
  const script = `console.log(JSON.stringify({${names.map((name) => `"${name}": ${has(name)}`).join(",")}}))`;
  return JSON.parse(run("nano", "eval", script).split("\n")[0]);
}

const data = new Map();
run("gen", "--out", scratch);
const { openapi, metrics } = await served();
data.set("reference.json", readFileSync(join(scratch, "reference.json"), "utf8"));
data.set("../types/index.d.ts", readFileSync(join(scratch, "nano.d.ts"), "utf8"));
data.set("schema.json", run("nano", "schema"));
data.set("cli.json", json(commands()));
data.set("openapi.json", json(openapi));
data.set("metrics.json", json(metrics));
data.set("errors.json", json(JSON.parse(run("nano", "describe", "errors"))));
data.set("ecma-429.json", json(common()));
if (options.wpt) data.set("wpt.json", json(results(options.wpt.map((file) => resolve(file)), JSON.parse(data.get("reference.json")))));
if (options.wpt) data.set("history.json", json(history()));
rmSync(scratch, { recursive: true });

function json(value) {
  return `${JSON.stringify(value, null, 1)}\n`;
}

let stale = 0;
for (const [name, text] of data) {
  const path = join(here, "data", name);
  let old;
  try {
    old = readFileSync(path, "utf8");
  } catch {}
  if (old === text) continue;
  stale++;
  if (!options.check) writeFileSync(path, text);
  console.log(`${relative(root, path)} ${options.check ? "is out of date" : "written"}`);
}
if (options.check && stale > 0) {
  console.error("error: run `npm run data` in website/ after `cargo build --workspace`, and commit what it writes");
  process.exit(1);
}
