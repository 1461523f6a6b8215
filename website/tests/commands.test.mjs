// The commands of the guides that no test runs: they are shell; each program is known here, and has the options that it is given, by its
// own help, where it is installed; and what they name of the repository is there.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { accessSync, constants, existsSync, readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { blocks, of, root } from "./blocks.mjs";
import { site } from "./nano.mjs";

/** The words of each simple command of a script; what stands in `$(…)` is a command, too. */
export function commands(script) {
  const all = [];
  let words = [];
  let word;
  const endWord = () => {
    if (word !== undefined) words.push(word);
    word = undefined;
  };
  const endCommand = () => {
    endWord();
    if (words.length > 0) all.push(words);
    words = [];
  };
  const text = script.replaceAll("\\\n", " ");
  for (let i = 0; i < text.length; i++) {
    const c = text[i];
    if (c === "'") {
      const end = text.indexOf("'", i + 1);
      word = (word ?? "") + text.slice(i + 1, end);
      i = end;
    } else if (c === '"') {
      for (i++; text[i] !== '"'; i++) word = (word ?? "") + (text.startsWith("$(", i) ? substitution() : text[i]);
    } else if (text.startsWith("$(", i)) word = (word ?? "") + substitution();
    else if (c === "#" && word === undefined) i = (text.indexOf("\n", i) + text.length) % text.length - 1;
    else if ("\n;|&".includes(c)) endCommand();
    else if (/\s/.test(c)) endWord();
    else word = (word ?? "") + c;

    function substitution() {
      let depth = 1;
      const start = i + 2;
      for (i = start; depth > 0; i++) depth += text[i] === "(" ? 1 : text[i] === ")" ? -1 : 0;
      all.push(...commands(text.slice(start, i - 1)));
      i--;
      return "$()";
    }
  }
  endCommand();
  // What is set for a command, and as whom it runs, is not the command.
  return all.map((words) => words.slice(words.findIndex((word) => !/^(sudo|\w+=.*)$/.test(word)))).filter(([first]) => first);
}

test("scripts are taken apart as a shell does", () => {
  assert.deepEqual(commands(`A=1 sudo a -b "c d" 'e;f' && g "$(h -n | i)" # j\nk \\\n  -l; m`), [["a", "-b", "c d", "e;f"], ["h", "-n"], ["i"], ["g", "$()"], ["k", "-l"], ["m"]]);
});

const nanoHelp = new Map(JSON.parse(readFileSync(join(site, "data/cli.json"), "utf8")).map(({ command, help }) => [command, help]));
const helps = new Map();
/** What a program says of a command; undefined where it is not installed. */
function help(program, ...path) {
  const key = [program, ...path].join(" ");
  if (!helps.has(key)) {
    const { error, stdout, stderr } = spawnSync(program, [...path, "--help"], { encoding: "utf8", timeout: 20_000 });
    helps.set(key, error ? undefined : stdout + stderr);
  }
  return helps.get(key);
}

/** The options of words, one-letter ones each for itself. */
const options = (words) => words.filter((word) => /^-{1,2}\w/.test(word)).flatMap((word) => (word.startsWith("--") ? [word.split("=")[0]] : [...word.slice(1)].map((letter) => `-${letter}`)));
const offers = (text, option) => new RegExp(`(^|[\\s,\\[(])${option}(?![\\w-])`, "m").test(text);

/** Fails where a program does not offer an option. */
function offered(words, text, path = words[0]) {
  if (text === undefined) return;
  for (const option of options(words)) assert(offers(text, option), `${path} has no ${option}`);
}
const plain = (words) => offered(words, help(words[0]));

/** Packages that Debian has; where its lists are not, nothing is known. */
function packages(names) {
  const lists = "/var/lib/apt/lists";
  if (!existsSync(lists) || !readdirSync(lists).some((name) => name.endsWith("_Packages") || name.endsWith("_Packages.lz4"))) return;
  for (const name of names) assert.equal(spawnSync("apt-cache", ["show", name]).status, 0, `there is no package ${name}`);
}

/** How the words of a command are looked at, by its program. */
const programs = {
  nano([, ...words]) {
    const command = nanoHelp.has(`nano ${words[0]} ${words[1]}`) ? `nano ${words[0]} ${words[1]}` : `nano ${words[0]}`;
    assert(nanoHelp.has(command), `there is no ${command}`);
    offered(words, nanoHelp.get(command), command);
  },
  "apt-get"([, command, ...words]) {
    assert(["update", "install"].includes(command), `apt-get ${command}`);
    packages(words.filter((word) => !word.startsWith("-")));
  },
  cargo: ([, command, ...words]) => offered(words, help("cargo", command), `cargo ${command}`),
  // Docker has its options, but for what it says of itself.
  podman([, command, ...words]) {
    const [text] = ["podman", "docker"].map((program) => help(program, command)).filter((text) => text !== undefined);
    // What comes after the image is the image's.
    const image = words.findIndex((word) => word === "nano");
    offered(words.slice(0, image === -1 ? undefined : image), text, `podman ${command}`);
  },
  kubectl([, ...words]) {
    const end = words.findIndex((word) => word.startsWith("-"));
    const path = words.slice(0, end);
    // `create secret generic NAME`
    const command = path[0] === "create" ? path.slice(0, 3) : path;
    offered(words, help("kubectl", ...command), `kubectl ${command.join(" ")}`);
  },
  curl: (words) => {
    const text = spawnSync("curl", ["--help", "all"], { encoding: "utf8" }).stdout;
    offered(words, text ?? undefined);
  },
  install: plain,
  head: plain,
  base64: plain,
  ls: plain,
  // With what comes to its input.
  sh: () => {},
  // A file that an installer has written.
  ".": () => {},
};

test("commands that are not run are ones that there are, with options that they have", () => {
  let count = 0;
  for (const { code, name } of of("commands")) {
    for (const words of commands(code)) {
      const [program] = words;
      const check = Object.hasOwn(programs, program) ? programs[program] : program.startsWith("tools/") ? script : undefined;
      assert(check, `${name}: this test knows nothing of ${program}`);
      try {
        check(words);
      } catch (error) {
        error.message = `${name}: ${words.join(" ")}: ${error.message}`;
        throw error;
      }
      count++;
    }
  }
  assert(count > 12, `only ${count} commands were found`);
});

/** A script of the repository. */
function script([path, ...words]) {
  const file = join(root, path);
  accessSync(file, constants.X_OK);
  const [usage] = readFileSync(file, "utf8").match(/usage.*: .*/) ?? assert.fail(`${path} does not say how it is used`);
  offered(words, usage, path);
}

test("a check that finds no fault finds none because there is none", () => {
  for (const wrong of ["nano server", "nano logs --follows", "tools/releases", "tools/release --output x", "apt-get instal git", "curl --protocol x", "install -Q a b"]) {
    const [words] = commands(wrong);
    assert.throws(() => (programs[words[0]] ?? script)(words), undefined, wrong);
  }
});

test("shell is shell", () => {
  for (const { code, name } of blocks.filter(({ lang }) => lang === "sh")) {
    const { status, stderr } = spawnSync("bash", ["-n"], { input: code, encoding: "utf8" });
    assert.equal(status, 0, `${name}: ${stderr}`);
    // What a page runs, tools/try-packages and this test itself say whether nano has it; files are of the repository, or made by the blocks before.
    for (const [path] of code.matchAll(/(?<![\w./-])(?:examples|tools|website)\/[\w./-]+/g)) assert(existsSync(join(root, path)), `${name}: there is no ${path}`);
  }
});
