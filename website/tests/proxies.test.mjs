// The proxies of the guide, in front of a NANO with the guide's configuration: the app learns who asks, whatever he says of himself, and
// bodies stream. Wants nginx, Caddy and openssl, each where it is installed.
import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, test } from "node:test";
import { nano, site } from "./nano.mjs";

const guide = readFileSync(join(site, "src/content/docs/guides/proxies.md"), "utf8");
const block = (head) => guide.match(new RegExp(`^\`\`\`${head}\\n([\\s\\S]*?)^\`\`\`$`, "m"))[1];
const missing = (...programs) => programs.find(([name, ...args]) => spawnSync(name, args).error)?.[0];

const app = `export default {
  fetch(request) {
    const { protocol, hostname } = new URL(request.url);
    const body = new ReadableStream({
      async start(controller) {
        controller.enqueue(new TextEncoder().encode(\`\${request.headers.get("cf-connecting-ip")} \${protocol}//\${hostname}\\n\`));
        // What a proxy would buffer comes never.
        await new Promise((resolve) => setTimeout(resolve, 60_000));
      },
    });
    return new Response(body);
  },
};`;

async function freePort() {
  const server = createServer();
  await new Promise((ready) => server.listen(0, "127.0.0.1", ready));
  const { port } = server.address();
  await new Promise((done) => server.close(done));
  return port;
}

/** What a client with an address of its own is answered, who claims another one, until the first line is there. */
function answer(port) {
  return new Promise((done) => {
    const curl = spawn("curl", ["-skN", "--interface", "127.0.0.2", "--resolve", `shop.example.com:${port}:127.0.0.1`, "--retry", "40", "--retry-delay", "1", "--retry-connrefused", "-m", "20",
      "-H", "x-forwarded-for: 192.0.2.1", "-H", "x-forwarded-proto: gopher", `https://shop.example.com:${port}/`]);
    let text = "";
    curl.stdout.setEncoding("utf8").on("data", (part) => {
      text += part;
      if (text.includes("\n")) curl.kill();
    });
    curl.on("exit", () => done(text));
  });
}

/** Runs NANO and a proxy: `command` writes what the latter needs into a folder, and says how it is started. */
async function behind(command) {
  const scratch = mkdtempSync(join(tmpdir(), "nano-proxy-"));
  const [inner, outer] = [await freePort(), await freePort()];
  mkdirSync(join(scratch, "shop"));
  writeFileSync(join(scratch, "shop/index.js"), app);
  writeFileSync(join(scratch, "apps.json"), block('json title="apps.json"').replace("8080", inner));
  const [program, ...args] = command(scratch, inner, outer);
  const options = { cwd: scratch, stdio: "ignore", env: { ...process.env, HOME: scratch, XDG_DATA_HOME: scratch, XDG_CONFIG_HOME: scratch } };
  const children = [spawn(nano, ["serve", "--config", "apps.json"], options)];
  try {
    // A proxy would answer for a NANO that is not there yet. The request finds no app, and is answered all the same.
    assert.equal(spawnSync("curl", ["-s", "--retry", "40", "--retry-delay", "1", "--retry-connrefused", `http://127.0.0.1:${inner}/`]).status, 0);
    children.push(spawn(program, args, options));
    assert.equal(await answer(outer), "127.0.0.2 https://shop.example.com\n");
  } finally {
    for (const child of children) {
      const ended = new Promise((wake) => child.on("exit", wake));
      if (child.exitCode === null && child.kill("SIGKILL")) await ended;
    }
    rmSync(scratch, { recursive: true, force: true });
  }
}

const lacks = (...programs) => (nano ? (name => name && `${name} is not installed`)(missing(...programs)) ?? false : "there is no nano (cargo build, or set NANO)");

describe("behind the guide's proxies, apps know who asks, and bodies stream", () => {
  test("nginx", { skip: lacks(["nginx", "-v"], ["openssl", "version"]) }, () =>
    behind((scratch, inner, outer) => {
      const { status, stderr } = spawnSync("openssl", ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "1", "-subj", "/CN=shop.example.com", "-keyout", join(scratch, "key"), "-out", join(scratch, "pem")], { encoding: "utf8" });
      assert.equal(status, 0, stderr);
      const server = block("nginx").replace("8080", inner).replace("listen 443", `listen 127.0.0.1:${outer}`).replace("/etc/ssl/shop.pem", join(scratch, "pem")).replace("/etc/ssl/shop.key", join(scratch, "key"));
      const folders = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map((name) => `${name}_temp_path ${scratch}/${name};`).join(" ");
      writeFileSync(join(scratch, "nginx.conf"), `daemon off; master_process off; pid ${scratch}/pid; error_log ${scratch}/log; events {} http { access_log off; ${folders} ${server} }`);
      return ["nginx", "-c", join(scratch, "nginx.conf")];
    }));

  test("Caddy", { skip: lacks(["caddy", "version"]) }, () =>
    behind((scratch, inner, outer) => {
      // Its certificate is one of its own making: nobody can be asked for another one here.
      const server = block('text title="Caddyfile"').replace("8080", inner).replace("shop.example.com {", `https://shop.example.com:${outer} {\n\ttls internal`);
      writeFileSync(join(scratch, "Caddyfile"), `{\n\tadmin off\n\tskip_install_trust\n\tauto_https disable_redirects\n}\n${server}`);
      return ["caddy", "run", "--config", "Caddyfile", "--adapter", "caddyfile"];
    }));
});
