// What the guides show of examples/deploy: the Containerfile, the manifest for Kubernetes, systemd's units. They fit to each other, to the
// repository, and to what NANO takes.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { loadAll } from "js-yaml";
import { blocks, of, root } from "./blocks.mjs";
import { configuration, nano, site, withoutNano } from "./nano.mjs";

const withoutComments = (code) => code.replace(/("(?:[^"\\]|\\.)*")|\/\/.*/g, (_, text) => text ?? "");
const cli = new Map(JSON.parse(readFileSync(join(site, "data/cli.json"), "utf8")).map(({ command, help }) => [command, help]));
/** Arguments of `nano serve`, with the configuration's place. */
function serves(args) {
  const [command, ...rest] = args;
  assert.equal(command, "serve");
  for (const option of rest.filter((word) => word.startsWith("-"))) assert(cli.get("nano serve").includes(option), `nano serve has no ${option}`);
  return rest[rest.indexOf("--config") + 1];
}
const sayings = blocks.filter(({ lang }) => lang === "sh").map(({ code }) => code).join("\n");

const INSTRUCTIONS = ["FROM", "RUN", "CMD", "LABEL", "EXPOSE", "ENV", "ADD", "COPY", "ENTRYPOINT", "VOLUME", "USER", "WORKDIR", "ARG", "ONBUILD", "STOPSIGNAL", "HEALTHCHECK", "SHELL"];
/** The instructions of a Containerfile: name and argument. */
function instructions(text) {
  const lines = text.replace(/^\s*#.*\n/gm, "").replaceAll("\\\n", " ").split("\n").filter((line) => line.trim());
  return lines.map((line) => {
    const [, name, rest] = line.match(/^([A-Z]+) (.+)$/) ?? assert.fail(`no instruction: ${line}`);
    assert(INSTRUCTIONS.includes(name), `there is no instruction ${name}`);
    return { name, rest };
  });
}

test("the Containerfile copies what there is, and runs nano with a configuration that it takes", withoutNano, () => {
  const [{ code }] = of("container");
  const all = instructions(code);
  const get = (name) => all.filter((instruction) => instruction.name === name).map(({ rest }) => rest);
  const placed = new Map();
  const stages = [];
  for (const { name, rest } of all) {
    if (name === "FROM") {
      assert.match(rest, /^[\w./-]+:[\w.-]+( AS \w+)?$/);
      stages.push(rest.match(/ AS (\w+)$/)?.[1]);
    } else if (name === "COPY") {
      const [, from, source, target] = rest.match(/^(?:--from=(\w+) )?(\S+) (\S+)$/) ?? assert.fail(rest);
      if (from) assert(stages.slice(0, -1).includes(from), `no stage is called ${from}`);
      else assert(existsSync(join(root, source)), `there is no ${source}`);
      placed.set(target, from ? undefined : source);
    }
  }
  const [program] = JSON.parse(get("ENTRYPOINT")[0]);
  assert(placed.has(program), `${program} is copied from nowhere`);
  const config = serves(JSON.parse(get("CMD")[0]));
  const source = placed.get(config) ?? assert.fail(`${config} is copied from nowhere`);
  const text = readFileSync(join(root, source), "utf8");
  const { status, stderr } = configuration(text);
  assert.equal(status, 0, stderr);
  const parsed = JSON.parse(withoutComments(text));
  for (const { path } of parsed.apps) assert(placed.has(path), `${path} is copied from nowhere`);
  const port = Number(parsed.admin.listen.split(":")[1]);
  assert.deepEqual(get("EXPOSE")[0].split(" ").map(Number), [parsed.port, port]);
  const owner = get("USER")[0];
  assert(get("RUN").some((line) => line.includes(`-o ${owner.split(":")[0]} -g ${owner.split(":")[1]} ${parsed.admin.state}`)), "nobody may write the state");
  // Of the commands: the port, the variable that the configuration asks for, a place for what is written.
  for (const part of [`-p ${parsed.port}:${parsed.port}`, `-e ${text.match(/\$\{(\w+)\}/)[1]}=`, `--tmpfs ${parsed.admin.state}`]) assert(sayings.includes(part), `no command says ${part}`);
});

/** The types of a manifest's parts, as TypeScript: a field that there is not, or of another type, is an error. */
function typed(documents) {
  const modules = { v1: "core/v1", "apps/v1": "apps/v1" };
  return documents.map((document, i) => {
    const { apiVersion, kind } = document;
    assert(apiVersion in modules, `this test knows nothing of ${apiVersion}`);
    return `export const part${i}: import("kubernetes-types/${modules[apiVersion]}").${kind} = ${JSON.stringify(document)};`;
  });
}
function tsc(lines) {
  const scratch = mkdtempSync(join(site, ".astro-manifest-"));
  try {
    writeFileSync(join(scratch, "manifest.ts"), lines.join("\n"));
    const compilerOptions = { target: "esnext", module: "esnext", moduleResolution: "bundler", lib: ["esnext"], types: [], strict: true, noEmit: true };
    writeFileSync(join(scratch, "tsconfig.json"), JSON.stringify({ compilerOptions, files: ["manifest.ts"] }));
    return spawnSync(process.execPath, [join(site, "node_modules/typescript/bin/tsc"), "-p", scratch], { encoding: "utf8" });
  } finally {
    rmSync(scratch, { recursive: true });
  }
}

test("the manifest has what Kubernetes knows, and its parts fit together", withoutNano, () => {
  const [{ code }] = of("kubernetes");
  const documents = loadAll(code);
  const { status, stdout } = tsc(typed(documents));
  assert.equal(status, 0, stdout);
  // A check that finds no fault finds none because there is none.
  const misspelt = loadAll(code.replace("readOnlyRootFilesystem", "readOnlyRootFileSystem"));
  assert.match(tsc(typed(misspelt)).stdout, /readOnlyRootFileSystem/);

  const [config, { spec }, service] = ["ConfigMap", "Deployment", "Service"].map((kind) => documents.find((document) => document.kind === kind));
  const { metadata, spec: pod } = spec.template;
  const [container] = pod.containers;
  assert.deepEqual(spec.selector.matchLabels, metadata.labels);
  assert.deepEqual(service.spec.selector, metadata.labels);
  const ports = new Map(container.ports.map(({ name, containerPort }) => [name, containerPort]));
  for (const { targetPort } of service.spec.ports) assert(ports.has(targetPort), `no port is called ${targetPort}`);
  for (const { httpGet } of [container.livenessProbe, container.readinessProbe]) {
    assert(ports.has(httpGet.port), `no port is called ${httpGet.port}`);
    assert(["/healthz", "/readyz"].includes(httpGet.path));
  }
  const volumes = new Map(pod.volumes.map((volume) => [volume.name, volume]));
  for (const { name } of container.volumeMounts) assert(volumes.has(name), `no volume is called ${name}`);
  assert.equal(volumes.get("config").configMap.name, config.metadata.name);

  const place = serves(container.args);
  const folder = container.volumeMounts.find(({ name }) => name === "config").mountPath;
  const text = config.data[place.slice(folder.length + 1)] ?? assert.fail(`${place} is not in ${folder}`);
  const checked = configuration(text);
  assert.equal(checked.status, 0, checked.stderr);
  const parsed = JSON.parse(withoutComments(text));
  assert.equal(ports.get("http"), parsed.port);
  assert.equal(ports.get("admin"), Number(parsed.admin.listen.split(":")[1]));
  assert.equal(container.volumeMounts.find(({ name }) => name === "state").mountPath, parsed.admin.state);
  const [variable] = container.env;
  assert(text.includes(`\${${variable.name}}`));
  const { name, key } = variable.valueFrom.secretKeyRef;
  assert(sayings.includes(`kubectl create secret generic ${name} --from-literal=${key}=`), "no command makes the secret");
  // What runs out first is the drain.
  const pause = Number(container.lifecycle.preStop.exec.command[1]);
  assert(pod.terminationGracePeriodSeconds > parsed.drain_ms / 1000 + pause);
});

const units = of("units");
const lacks = spawnSync("systemd-analyze", ["--version"]).error ? "systemd is not installed" : false;
test("systemd finds nothing wrong with the units", { skip: withoutNano.skip || lacks }, () => {
  const scratch = mkdtempSync(join(tmpdir(), "nano-units-"));
  const verify = (change) => {
    for (const { title, code } of units) writeFileSync(join(scratch, title), change(code.replaceAll("/usr/local/bin/nano", nano)));
    const { status, stdout, stderr } = spawnSync("systemd-analyze", ["verify", "--man=no", ...units.map(({ title }) => join(scratch, title))], { encoding: "utf8", timeout: 60_000 });
    // Units of the machine itself may have faults.
    return { status, said: (stdout + stderr).split("\n").filter((line) => line.includes(scratch) || /^nano\./.test(line)) };
  };
  try {
    assert.deepEqual(verify((code) => code).said, []);
    assert.match(verify((code) => code.replace("WatchdogSec=", "WatchdogSeconds=")).said.join("\n"), /WatchdogSeconds/);
    const command = units.find(({ title }) => title === "nano.service").code.match(/^ExecStart=\S+ (.*)$/m)[1];
    serves(command.split(" "));
  } finally {
    rmSync(scratch, { recursive: true });
  }
});
