// What the built files have to keep: links that lead somewhere, nothing from elsewhere, little weight, and all of the model.
import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { test } from "node:test";
import { gzipSync } from "node:zlib";
import { dist, fileOf, pages } from "./dist.mjs";

const LIMIT = 150 * 1024;
const text = (html) => html.replaceAll("&amp;", "&").replaceAll("&#38;", "&");
// Of tags, not of the HTML that examples show.
const tags = (html) => html.match(/<[a-z](?:"[^"]*"|[^">])*>/gi) ?? [];
const attributes = (html, name) => [...tags(html).join("").matchAll(new RegExp(`\\s${name}="([^"]*)"`, "g"))].map(([, value]) => text(value));

test("links lead to pages and to places on them", () => {
  const anchors = new Map();
  const of = (file) => {
    if (!anchors.has(file)) anchors.set(file, new Set(attributes(readFileSync(file, "utf8"), "id")));
    return anchors.get(file);
  };
  const dead = [];
  let count = 0;
  for (const { address, html } of pages) {
    for (const href of new Set(attributes(html, "href"))) {
      const target = new URL(href, `http://site${address}`);
      if (target.host !== "site") {
        if (target.protocol !== "https:") dead.push(`${address}: ${href} is not https`);
        continue;
      }
      count++;
      const file = fileOf(target.pathname);
      if (!file) dead.push(`${address}: ${href}`);
      else if (target.hash.length > 1 && file.endsWith(".html") && !of(file).has(decodeURIComponent(target.hash.slice(1)))) dead.push(`${address}: ${href} (no such place)`);
    }
  }
  assert.deepEqual(dead, []);
  assert(count > 5000, `only ${count} links were looked at`);
});

test("ids are unique on a page", () => {
  const twice = pages.flatMap(({ address, html }) => {
    const ids = attributes(html.replace(/<svg[\s\S]*?<\/svg>/g, ""), "id");
    return ids.filter((id, i) => ids.indexOf(id) !== i).map((id) => `${address}#${id}`);
  });
  assert.deepEqual(twice, []);
});

test("nothing is loaded from elsewhere", () => {
  const foreign = (url) => /^(https?:)?\/\//.test(url);
  const found = pages.flatMap(({ address, html }) => {
    const links = [...html.matchAll(/<link\b[^>]*>/g)].map(([link]) => link).filter((link) => !/rel="(canonical|alternate|sitemap)"/.test(link));
    return [...attributes(html, "src"), ...links.flatMap((link) => attributes(link, "href"))].filter(foreign).map((url) => `${address}: ${url}`);
  });
  for (const file of readdirSync(join(dist, "_astro")).filter((name) => name.endsWith(".css"))) {
    const css = readFileSync(join(dist, "_astro", file), "utf8");
    found.push(...[...css.matchAll(/(?:url\(|@import )\s*["']?([^"')]+)/g)].map(([, url]) => url).filter(foreign));
  }
  assert.deepEqual(found, []);
});

const sizes = new Map();
function packed(file) {
  if (!sizes.has(file)) sizes.set(file, gzipSync(readFileSync(file)).length);
  return sizes.get(file);
}

/** What a browser gets for a page, as a server sends it: compressed, with the scripts that scripts load, too. */
function weight(html) {
  const seen = new Set();
  const add = (file) => {
    if (!file || seen.has(file)) return;
    seen.add(file);
    if (!file.endsWith(".js")) return;
    for (const [, name] of readFileSync(file, "utf8").matchAll(/["'`](\.{1,2}\/[\w.-]+\.js)["'`]/g)) add(resolve(dirname(file), name));
  };
  const links = [...html.matchAll(/<link\b[^>]*rel="(?:stylesheet|shortcut icon)"[^>]*>/g)].flatMap(([link]) => attributes(link, "href"));
  for (const url of [...attributes(html, "src"), ...links]) add(fileOf(url));
  return gzipSync(html).length + [...seen].reduce((sum, file) => sum + packed(file), 0);
}

test("a page of the reference weighs less than 150 KB in all", () => {
  const weights = pages.filter(({ address }) => address.startsWith("/reference/")).map(({ address, html }) => ({ address, bytes: weight(html) }));
  const heaviest = weights.reduce((a, b) => (a.bytes > b.bytes ? a : b));
  assert(heaviest.bytes < LIMIT, `${heaviest.address} has ${heaviest.bytes} bytes`);
  assert(heaviest.bytes > 10_000, "no weight was found");
});

test("every definition of the model has a page with all of its members", () => {
  const model = JSON.parse(readFileSync(join(dist, "../data/reference.json"), "utf8"));
  const missing = [];
  for (const kind of ["interfaces", "namespaces", "dictionaries", "enumerations", "callbacks"]) {
    for (const [name, { members }] of Object.entries(model[kind])) {
      const isGlobal = name === model.global;
      const page = pages.find(({ address }) => address === `/reference/${name.toLowerCase()}/`);
      if (!page && !isGlobal) missing.push(name);
      for (const member of members) {
        const own = isGlobal ? pages.find(({ address }) => address === `/reference/globals/${member.name.toLowerCase()}/`) : page;
        const shown = member.kind === "value" ? `<code>"${member.name}"</code>` : `>${member.name}`;
        if (!own || !own.html.replaceAll("&quot;", '"').replaceAll("&#34;", '"').includes(shown)) missing.push(`${name}.${member.name}`);
      }
    }
  }
  assert.deepEqual(missing, []);
});

test("every page says what it is", () => {
  const descriptions = pages.filter(({ html }) => !/<meta name="description" content="[^"]{10,}/.test(html)).map(({ address }) => address);
  assert.deepEqual(descriptions, []);
  const titles = pages.filter(({ html }) => !/<title>[^<|]+/.test(html)).map(({ address }) => address);
  assert.deepEqual(titles, []);
});
