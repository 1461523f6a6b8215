// The main pages in a browser: on a desk and on a phone, light and dark, by keyboard; with the search. Wants Chromium: Debian's, or
// the one that CHROMIUM names. SCREENSHOTS names a folder for pictures of what was seen.
import assert from "node:assert/strict";
import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { chromium } from "playwright-core";
import { serve } from "./dist.mjs";

const program = [process.env.CHROMIUM, "/usr/bin/chromium", "/usr/bin/google-chrome"].find((path) => path && existsSync(path));
const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const screenshots = process.env.SCREENSHOTS;
const skip = program ? false : "Chromium is not installed (apt-get install chromium, or set CHROMIUM): the pages have not been looked at";

const main = ["/", "/start/getting-started/", "/start/faq/", "/guides/from-workers/", "/guides/density/", "/guides/architecture/", "/guides/systemd/", "/guides/multi-tenancy/", "/reference/", "/reference/textdecoder/", "/reference/subtlecrypto/", "/reference/globals/fetch/", "/reference/configuration/", "/reference/cli/", "/reference/admin-api/", "/reference/errors/", "/reference/ecma-429/", "/conformance/", "/benchmarks/", "/404.html"];
const screens = {
  // Each scheme and each screen once: what is wrong with a colour is so on every screen.
  desk: { colorScheme: "light", viewport: { width: 1280, height: 900 } },
  phone: { colorScheme: "dark", viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true },
};

describe("in a browser", { skip }, () => {
  let site, browser;
  before(async () => {
    site = await serve();
    browser = await chromium.launch({ executablePath: program, args: ["--no-sandbox"] });
    if (screenshots) mkdirSync(screenshots, { recursive: true });
  });
  after(async () => {
    await browser?.close();
    site?.close();
  });

  for (const [screen, options] of Object.entries(screens)) {
    const { colorScheme } = options;
    test(`${screen}, ${colorScheme}: nothing serious for axe, nothing wider than the screen, no error, no request elsewhere`, async () => {
      const context = await browser.newContext({ ...options, baseURL: site.origin, reducedMotion: "reduce" });
      const wrong = [];
      const page = await context.newPage();
      page.on("pageerror", (error) => wrong.push(`${page.url()}: ${error}`));
      page.on("request", (request) => {
        const url = request.url();
        if (!url.startsWith(site.origin) && !url.startsWith("data:")) wrong.push(`${page.url()}: asks for ${url}`);
      });
      for (const address of main) {
        await page.goto(address, { waitUntil: "load" });
        const wide = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
        if (wide > 0) wrong.push(`${address}: ${wide} pixels wider than the screen`);
        await page.evaluate(axe);
        const { violations } = await page.evaluate(() => globalThis.axe.run({ resultTypes: ["violations"] }));
        for (const { id, impact, nodes } of violations) {
          if (impact === "serious" || impact === "critical") wrong.push(`${address}: ${id}: ${nodes.slice(0, 3).map(({ html, failureSummary }) => `${html.slice(0, 160)} ${failureSummary.split("\n")[1]}`).join("; ")}`);
        }
        if (screenshots) await page.screenshot({ path: join(screenshots, `${screen}-${colorScheme}${address.replaceAll("/", "_")}.png`) });
      }
      await context.close();
      assert.deepEqual(wrong, []);
    });
  }

  test("the search finds TextDecoder, by keyboard", async () => {
    const page = await browser.newPage({ baseURL: site.origin });
    await page.goto("/");
    // The search is loaded when the browser has time for it.
    await page.locator("dialog input").waitFor({ state: "attached" });
    await page.keyboard.press("Control+k");
    await page.locator("dialog input").waitFor();
    await page.keyboard.type("TextDecoder");
    const first = page.locator("dialog a[href*='/reference/textdecoder/']").first();
    await first.waitFor({ timeout: 10_000 });
    if (screenshots) await page.screenshot({ path: join(screenshots, "search.png") });
    await first.focus();
    await page.keyboard.press("Enter");
    await page.waitForURL("**/reference/textdecoder/**");
    assert.equal(await page.locator("h1").textContent(), "TextDecoder");
    await page.close();
  });

  test("the first stop of the keyboard skips to the content", async () => {
    const page = await browser.newPage({ baseURL: site.origin });
    await page.goto("/reference/textdecoder/");
    await page.keyboard.press("Tab");
    const focused = await page.evaluate(() => ({ href: document.activeElement.getAttribute("href"), outline: getComputedStyle(document.activeElement).outlineStyle }));
    assert.match(focused.href, /^#_top|^#main/);
    await page.close();
  });
});
