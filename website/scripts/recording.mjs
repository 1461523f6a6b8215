// Records what `nano serve` and its clients print with the apps of `examples/`: `data/recording.json` for the front page, and
// `public/recording.svg`, a picture of it, for the README. `npm run recording [-- --bin FOLDER]`, where the programs are.
import { execFileSync, spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";

const here = resolve(import.meta.dirname, "..");
const root = resolve(here, "..");
const { values: options } = parseArgs({ options: { bin: { type: "string" } } });
const nano = join(resolve(options.bin ?? join(root, "target/release")), "nano");

const requests = [
  "curl http://hello.localhost:8080/world",
  "curl http://shop.localhost:8080/orders -d '{ \"product\": \"tea\", \"count\": 2 }'",
  "curl http://proxy.localhost:8080/shout",
  "curl -i http://nobody.localhost:8080/",
];

const scratch = mkdtempSync(join(tmpdir(), "nano-recording-"));
const free = createServer();
await new Promise((ready) => free.listen(0, ready));
const { port } = free.address();
await new Promise((done) => free.close(done));
const usual = (text) => text.replaceAll(String(port), "8080");

// The examples, at a port that is free.
const config = readFileSync(join(root, "examples/apps.json"), "utf8")
  .replaceAll("8080", String(port))
  .replaceAll('"./', `"${join(root, "examples")}/`);
writeFileSync(join(scratch, "apps.json"), config);
const server = spawn(nano, ["serve", "--config", join(scratch, "apps.json"), "--log", "pretty"]);
let log = "";
server.stdout.setEncoding("utf8").on("data", (part) => (log += part));
const wait = (ms) => new Promise((wake) => setTimeout(wake, ms));
while (log.split("app started").length < 5) await wait(50);

const commands = [];
const marks = [];
for (const command of requests) {
  marks.push(log.length);
  const output = execFileSync("bash", ["-c", command.replace("8080", port).replace("curl ", "curl -s ")], { encoding: "utf8" });
  await wait(150);
  commands.push({ command, output: usual(output).replaceAll("\r", "").trim().split("\n").filter((line) => !/^(date|content-length|cache-control|content-type|x-request-id)/.test(line)) });
}
server.kill("SIGTERM");
await new Promise((done) => server.on("exit", done));
rmSync(scratch, { recursive: true });
// A terminal shows no colours here, and addresses of this run's port say nothing.
const lines = usual(log).replace(/\x1b\[[\d;]*m/g, "").trim().split("\n").filter((line) => !line.includes("shut"));
const recording = { version: execFileSync(nano, ["--version"], { encoding: "utf8" }).trim(), date: new Date().toISOString().slice(0, 10), serve: "nano serve --config examples/apps.json", log: lines, commands };
writeFileSync(join(here, "data/recording.json"), `${JSON.stringify(recording, null, 1)}\n`);

const escape = (text) => text.replace(/[&<>]/g, (c) => ({ "&": "&amp;", "<": "&lt;", ">": "&gt;" })[c]);
const rows = [
  { kind: "prompt", text: recording.serve },
  ...lines.map((text) => ({ kind: "log", text })),
  { kind: "gap", text: "" },
  ...commands.flatMap(({ command, output }) => [{ kind: "prompt", text: command }, ...output.map((text) => ({ kind: "out", text }))]),
];
const width = Math.max(...rows.map(({ text }) => text.length)) * 8.45 + 60;
const height = rows.length * 20 + 62;
const colours = { prompt: "#f7f8fb", log: "#bcc4d6", out: "#3ddbb0", gap: "#000" };
const texts = rows.map(({ kind, text }, i) => `<text x="24" y="${60 + i * 20}" fill="${colours[kind]}" xml:space="preserve">${kind === "prompt" ? '<tspan fill="#ff7a45">$ </tspan>' : ""}${escape(text)}</text>`);
writeFileSync(
  join(here, "public/recording.svg"),
  `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${Math.ceil(width)} ${height}" role="img" aria-label="nano serve with four apps, and what their clients see" font-family="ui-monospace, 'DejaVu Sans Mono', Menlo, Consolas, monospace" font-size="14">` +
    `<rect width="100%" height="100%" rx="12" fill="#0d1424"/><g fill="#4e5a76"><circle cx="26" cy="22" r="6"/><circle cx="46" cy="22" r="6"/><circle cx="66" cy="22" r="6"/></g>${texts.join("")}</svg>\n`,
);
console.log(`${lines.length} lines of the log, ${commands.length} commands`);
