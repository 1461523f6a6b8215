// Results of the Web Platform Tests, as the site shows them: by folder, interface and member; and how they have become better.
import { execFileSync } from "node:child_process";
import { readFileSync, readdirSync } from "node:fs";
import { join, resolve } from "node:path";

const root = resolve(import.meta.dirname, "../..");

/** What tests are about whose paths do not say it. */
const HOMES = {
  WebCryptoAPI: ["SubtleCrypto"],
  "streams/piping": ["ReadableStream"],
  "user-timing": ["Performance"],
  "hr-time": ["Performance"],
  "web-locks": ["LockManager"],
};

const plain = (text) => text.replace(/[^a-z0-9]/gi, "").toLowerCase();
const none = () => ({ passed: 0, total: 0 });
const add = (counts, passes) => {
  counts.passed += passes ? 1 : 0;
  counts.total++;
};
const sorted = (object) => Object.fromEntries(Object.entries(object).sort(([a], [b]) => (a < b ? -1 : 1)));

/** Tells of a test's file and of the names of its subtests which interfaces and members of the model they are about. */
export function subjects(model) {
  const entries = { ...model.interfaces, ...model.namespaces };
  const names = Object.keys(entries).sort((a, b) => b.length - a.length);
  const members = new Map(names.map((name) => [name, new Set(entries[name].members.filter(({ kind }) => /attribute|operation/.test(kind)).map(({ name }) => name))]));
  const has = (name, member) => members.get(name)?.has(member);

  /** `url/urlsearchparams-get.any.js` is about URLSearchParams, and its get(); `streams/readable-streams/tee.any.js` about tee(). */
  function ofFile(file) {
    const parts = file.replace(/\?.*/, "").split("/").slice(1);
    const interfaces = new Set(parts.map((part) => names.find((name) => plain(part).startsWith(name.toLowerCase()))).filter(Boolean));
    for (const [folder, homes] of Object.entries(HOMES)) {
      if (file.startsWith(`${folder}/`)) homes.forEach((name) => interfaces.add(name));
    }
    // Words of the path, and up to three of them together: `queue-microtask` is queueMicrotask.
    const words = parts.flatMap((part) => {
      const own = part.split(/[^a-z0-9]+/i).filter(Boolean);
      return own.flatMap((_, i) => [1, 2, 3].map((count) => plain(own.slice(i, i + count).join(""))));
    });
    const named = [];
    for (const name of [...interfaces, model.global]) {
      for (const member of members.get(name) ?? []) {
        // Of the global object functions only: there is a `performance` and a `navigator` in many paths.
        if (name === model.global && !entries[name].members.some((m) => m.name === member && m.kind === "operation")) continue;
        if (words.includes(member.toLowerCase())) named.push([name, member]);
      }
    }
    return { first: names.find((name) => parts.some((part) => plain(part).startsWith(name.toLowerCase()))), interfaces, named };
  }

  /** "Blob.slice", "the AbortSignal.abort() static", and, in a file about Headers, "get() of" and `headers.get`. */
  function ofSubtest(text, file) {
    const found = [...file.named];
    for (const [, name, member] of text.matchAll(/\b([A-Za-z]\w*)(?:\.prototype)?\.([a-z]\w*)\b/g)) if (has(name, member)) found.push([name, member]);
    for (const [, before, member, after] of text.matchAll(/(\.?)\b([a-z]\w*)\b(\()?/g)) {
      if (!before && !after && !/[A-Z]/.test(member)) continue;
      for (const name of file.interfaces) if (has(name, member)) found.push([name, member]);
      if (!before && after && has(model.global, member)) found.push([model.global, member]);
    }
    return new Map(found.map((pair) => [pair.join("."), pair])).values();
  }
  return { names, has, ofFile, ofSubtest };
}

/**
 * What the expectations, which `cargo test -p conformance` holds, say that it fails, fails. Of a test that is in several files, the run
 * counts in which more of it passed: one may have met a time-out.
 */
export function results(files, model) {
  const expectations = Object.assign({}, ...readdirSync(join(root, "conformance/expectations"))
    .map((file) => JSON.parse(readFileSync(join(root, "conformance/expectations", file), "utf8"))));
  const expected = (name) => {
    const entries = [name, name.replace(/\?.*/, "")].map((key) => expectations[key]);
    for (let folder = name; folder.includes("/"); ) {
      folder = folder.slice(0, folder.lastIndexOf("/"));
      entries.push(expectations[`${folder}/`]);
    }
    return Object.assign({ fail: {} }, ...entries.filter(Boolean));
  };
  const tests = {};
  const good = (test) => test?.results?.subtests.filter(({ status }) => status === "PASS").length ?? -1;
  for (const file of files) {
    for (const [name, test] of Object.entries(JSON.parse(readFileSync(file, "utf8")).tests)) {
      if (good(test) >= good(tests[name])) tests[name] = test;
    }
  }
  // What is not run because it hangs, or for want of something, is in no file, and fails all the same.
  const ran = new Set(Object.keys(tests).map((name) => name.split("/")[0]));
  for (const [name, { skip }] of Object.entries(expectations)) if (skip && ran.has(name.split("/")[0])) tests[name] ??= {};
  const suites = [...readFileSync(join(root, "conformance/src/suites.rs"), "utf8").matchAll(/^ {4}"(.*)",$/gm)].map(([, suite]) => suite);
  const { names, has, ofFile, ofSubtest } = subjects(model);
  const folders = {};
  const interfaces = {};
  const of = (name) => (interfaces[name] ??= { ...none(), members: {}, named: none() });
  const ofMember = (name, member) => (of(name).members[member] ??= { ...none(), named: none() });
  for (const [name, { results }] of Object.entries(tests).sort(([a], [b]) => (a < b ? -1 : 1))) {
    const { fail, skip, omit } = expected(name);
    if (omit || !suites.some((suite) => name.startsWith(suite))) continue;
    const folder = (folders[name.split("/")[0]] ??= { ...none(), tests: 0 });
    folder.tests++;
    const about = ofFile(name);
    for (const subtest of skip || !results?.subtests.length ? [undefined] : results.subtests) {
      // What it wants NANO does otherwise on purpose: as `cargo wpt` counts.
      if (fail[subtest?.name]?.startsWith("DEPARTURE:")) {
        folder.departures = (folder.departures ?? 0) + 1;
        continue;
      }
      const passes = subtest?.status === "PASS" && !(subtest.name in fail);
      add(folder, passes);
      if (name.includes("idlharness")) {
        const [, owner] = subtest?.name.match(/^(\w+) (?:interface|namespace|must be|includes)/) ?? [];
        if (!names.includes(owner)) continue;
        add(of(owner), passes);
        const [, member] = subtest.name.match(/(?:operation|attribute|constant|calling) (\w+)/) ?? [];
        if (has(owner, member)) add(ofMember(owner, member), passes);
        continue;
      }
      if (about.first) add(of(about.first).named, passes);
      for (const [owner, member] of ofSubtest(subtest?.name ?? "", about)) add(ofMember(owner, member).named, passes);
    }
  }
  for (const entry of Object.values(interfaces)) entry.members = sorted(entry.members);
  return { date: new Date().toISOString().slice(0, 10), folders, interfaces: sorted(interfaces) };
}

/** How many subtests the expectations said to fail, at the end of each day on which they changed. */
export function history() {
  const git = (...args) => execFileSync("git", ["-C", root, ...args], { encoding: "utf8", maxBuffer: 1 << 26 });
  const days = new Map();
  for (const line of git("log", "--reverse", "--date=short", "--format=%ad %H", "--", "conformance/expectations").trim().split("\n")) {
    const [day, commit] = line.split(" ");
    days.set(day, commit);
  }
  return [...days].map(([date, commit]) => {
    const files = git("ls-tree", "--name-only", commit, "conformance/expectations/").trim().split("\n").filter(Boolean);
    const entries = files.flatMap((file) => Object.values(JSON.parse(git("show", `${commit}:${file}`))));
    return { date, failing: entries.reduce((sum, { fail, skip }) => sum + Object.keys(fail ?? {}).length + (skip ? 1 : 0), 0) };
  });
}
