// Every page by axe, in both colour schemes, wide and narrow; and everything by the keyboard.

import assert from "node:assert/strict";
import { before, test } from "node:test";
import { AxeBuilder } from "@axe-core/playwright";
import { Receiver, SECRET, open, post, sample, shows, text, visit } from "./support.mjs";

const WIDTHS = { wide: { width: 1280, height: 800 }, phone: { width: 390, height: 844 } };
const TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];

let receiver;
/** Path by name. */
let pages;
before(async () => {
  receiver = await Receiver.start();
  const holds = await receiver.post("/open", sample("step-completed-exhaustive"));
  const broken = await receiver.post("/open", '{"trigger":"stepCompleted","flow":{},"step":{"stepIdentifier":"S","fields":[{"name":1}]}}');
  const captured = await receiver.post("/capture", JSON.stringify({ odd: [1, { a: null }], clientSecret: SECRET }), "X-Test: 1\r\n");
  const refused = (await receiver.exchange(post("/secret", JSON.stringify({ clientSecret: `${SECRET} ` })))).headers["x-request-id"];
  pages = {
    messages: "/", filtered: "/?q=is:broken", "no match": "/?q=nowhere", "a wrong search": "/?q=flwo:x",
    message: `/messages/${holds.id}`, "broken message": `/messages/${broken.id}`, "captured message": `/messages/${captured.id}`,
    replay: `/messages/${holds.id}/replay`, refused: "/refused", "refused request": `/refused/${refused}`, relays: "/relays",
    overview: "/overview", contract: "/contract", sample: "/samples/step-completed-exhaustive", send: "/send", missing: "/missing",
  };
  const { page, context } = await open(receiver);
  for (const path of [captured, broken, holds].map(({ id }) => `/messages/${id}`).concat(`/refused/${refused}`)) {
    await visit(page, receiver.url + path);
  }
  await context.close();
});

for (const colorScheme of ["light", "dark"]) {
  for (const [width, viewport] of Object.entries(WIDTHS)) {
    test(`axe finds nothing, and nothing is wider than the window: ${colorScheme}, ${width}`, async () => {
      const { page } = await open(receiver, { colorScheme, viewport });
      const found = [];
      for (const [name, path] of Object.entries(pages)) {
        await page.goto(receiver.url + path);
        // What is folded is read too.
        await page.locator("details").evaluateAll((all) => all.forEach((details) => { details.open = true; }));
        const { violations } = await new AxeBuilder({ page }).withTags(TAGS).analyze();
        for (const { id, nodes } of violations) found.push(...nodes.map((node) => `${name}: ${id}: ${node.html} ${node.failureSummary}`));
        found.push(...(await tooWide(page)).map((element) => `${name}: too wide: ${element}`));
      }
      await page.goto(receiver.url);
      await page.keyboard.press("?");
      await page.locator("dialog[open]").waitFor();
      const { violations } = await new AxeBuilder({ page }).withTags(TAGS).analyze();
      found.push(...violations.map(({ id }) => `keys: ${id}`));
      assert.deepEqual(found, []);
    });
  }
}

/** Elements that reach beyond the window, and are not within one that scrolls. */
function tooWide(page) {
  return page.evaluate(() => {
    const width = document.documentElement.clientWidth;
    const isHidden = (element) => element.closest(".skip, thead, caption, dialog:not([open])");
    const scrolls = (element) => {
      for (let parent = element.parentElement; parent; parent = parent.parentElement) {
        if (["auto", "scroll"].includes(getComputedStyle(parent).overflowX)) return true;
      }
      return false;
    };
    const all = [...document.querySelectorAll("body *")];
    return all.filter((it) => it.getBoundingClientRect().right > width + 1 && !isHidden(it) && !scrolls(it)).map((it) => it.outerHTML.slice(0, 120)).slice(0, 3);
  });
}

test("axe and the measure of width can find something", async () => {
  const { page } = await open(receiver);
  await page.goto(receiver.url);
  await page.evaluate(() => {
    document.querySelector("#q").removeAttribute("id");
    const wide = document.createElement("h2");
    wide.style.width = "2000px";
    document.querySelector("main").append(wide);
  });
  assert.match((await tooWide(page)).join(), /<h2/);
  const { violations } = await new AxeBuilder({ page }).withTags(TAGS).analyze();
  assert(violations.some(({ id }) => id === "label"));
});

test("no page scrolls sideways at any width or zoomed to 400 %, and no control is smaller than 24 pixels", async () => {
  const { page } = await open(receiver);
  const found = [];
  for (const [name, path] of Object.entries(pages)) {
    await page.goto(receiver.url + path);
    for (const width of [320, 600, 800, 961, 1024, 1160]) {
      await page.setViewportSize({ width, height: 256 });
      const { scrolled, small } = await page.evaluate(() => {
        const controls = [...document.querySelectorAll("button, select, nav a, a.button, a.chip, summary, td > a")];
        const isSmall = (it) => {
          const { width, height } = it.getBoundingClientRect();
          return width > 0 && (width < 24 || height < 24);
        };
        return {
          scrolled: document.documentElement.scrollWidth - document.documentElement.clientWidth,
          small: controls.filter(isSmall).map((it) => it.outerHTML.slice(0, 100)).slice(0, 3),
        };
      });
      if (scrolled > 0) found.push(`${name}, ${width} px: ${scrolled} px too wide: ${await tooWide(page)}`);
      found.push(...small.map((control) => `${name}, ${width} px: ${control}`));
    }
  }
  assert.deepEqual(found, []);
});

test("the list is read with j, k, Enter and Esc, and the focus is always visible", async () => {
  const { page, problems } = await open(receiver);
  await page.goto(receiver.url);
  const focused = () => page.evaluate(() => document.activeElement.closest("[data-row]")?.sectionRowIndex ?? document.activeElement.tagName);
  const outline = () => page.evaluate(() => getComputedStyle(document.activeElement).outlineStyle);
  const steps = [["j", 0], ["j", 1], ["k", 0], ["k", 0], ["j", 1]];
  for (const [key, expected] of steps) {
    await page.keyboard.press(key);
    assert.equal(await focused(), expected, key);
    assert.equal(await outline(), "solid", key);
  }
  await page.keyboard.press("Enter");
  await page.waitForURL("**/messages/*");
  await page.keyboard.press("Escape");
  await page.waitForURL(`${receiver.url}/`);
  await page.keyboard.press("/");
  assert.equal(await focused(), "INPUT");
  await page.keyboard.type("jkr?");
  assert.equal(await page.inputValue("#q"), "jkr?");
  await page.keyboard.press("Escape");
  assert.equal(await focused(), "BODY");
  await page.keyboard.press("j");
  await page.keyboard.press("r");
  await page.waitForURL("**/replay");
  await page.keyboard.press("Escape");
  await page.waitForURL(/\/messages\/[-0-9a-f]+$/);
  assert.deepEqual(problems, []);
});

test("keys can be shown, and those that are a single character switched off", async () => {
  const { page } = await open(receiver);
  await page.goto(receiver.url);
  await page.keyboard.press("?");
  const dialog = page.getByRole("dialog", { name: "Keys" });
  await dialog.waitFor();
  await dialog.getByLabel("Use keys that are a single character").uncheck();
  await page.keyboard.press("Escape");
  await dialog.waitFor({ state: "hidden" });
  await page.keyboard.press("j");
  assert.equal(await page.evaluate(() => document.activeElement.closest("[data-row]")), null);
  await page.reload();
  await page.keyboard.press("?");
  assert.equal(await dialog.isVisible(), false);
  await page.getByRole("button", { name: "Keys" }).click();
  await dialog.getByLabel("Use keys that are a single character").check();
  await dialog.getByRole("button", { name: "Close" }).click();
  await page.keyboard.press("j");
  assert.notEqual(await page.evaluate(() => document.activeElement.closest("[data-row]")), null);
});

test("every control of every page is reached with Tab, and shows it", async () => {
  const { page } = await open(receiver);
  for (const [name, path] of Object.entries(pages)) {
    await page.goto(receiver.url + path);
    const count = await page.evaluate(() => {
      const all = [...document.querySelectorAll("a[href], button, input:not([type=hidden]), select, textarea, summary, [tabindex='0']")];
      return all.filter((it) => it.checkVisibility()).length;
    });
    await page.keyboard.press("Tab");
    assert.match(await page.evaluate(() => document.activeElement.textContent), /^Skip to content$/, name);
    const seen = new Set();
    for (let step = 0; step < count + 5; step++) {
      const at = await page.evaluate(() => {
        const it = document.activeElement;
        const all = [...document.querySelectorAll("*")];
        const style = getComputedStyle(it);
        return it === document.body ? null : { index: all.indexOf(it), isVisible: style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2, html: it.outerHTML.slice(0, 100) };
      });
      if (at === null) break;
      assert(at.isVisible, `${name}: ${at.html}`);
      seen.add(at.index);
      await page.keyboard.press("Tab");
    }
    // Of each group of radio buttons Tab reaches one.
    const radios = await page.evaluate(() => Math.max(0, document.querySelectorAll("input[type=radio]").length - 1));
    assert(seen.size >= count - radios, `${name}: ${seen.size} of ${count}`);
  }
});

test("news do not move the focus, and are announced as a number, not as rows", async () => {
  const { page } = await open(receiver);
  await page.goto(receiver.url);
  await shows(page, "Live", "#live-state");
  await page.keyboard.press("j");
  const before = await page.evaluate(() => document.activeElement.getAttribute("href"));
  await receiver.post("/open", `{"news":"${Date.now()}"}`);
  await shows(page, "1 new", "#live-news");
  assert.equal(await page.evaluate(() => document.activeElement.getAttribute("href")), before);
  assert.equal(await page.locator("#rows [aria-live], #rows[aria-live]").count(), 0);
  assert.equal(await page.locator("#live-news").getAttribute("role"), "status");
});

test("with reduced motion nothing moves, and with forced colours a verdict is still a word in a box", async () => {
  const { page } = await open(receiver, { reducedMotion: "reduce", forcedColors: "active" });
  await page.goto(receiver.url);
  const moving = await page.evaluate(() => [...document.querySelectorAll("*")].filter((it) => {
    const style = getComputedStyle(it);
    return parseFloat(style.transitionDuration) > 0 || style.animationName !== "none" || style.scrollBehavior === "smooth";
  }).length);
  assert.equal(moving, 0);
  const verdict = page.locator(".verdict.broken").first();
  assert.match(await verdict.innerText(), /violation/);
  assert.equal(await verdict.evaluate((it) => getComputedStyle(it).borderStyle), "solid");
});

test("everything but live rows works without a script", async () => {
  const { page, problems } = await open(receiver, { javaScriptEnabled: false });
  await page.goto(receiver.url);
  assert.equal(await page.locator("#live").isVisible(), false);
  assert.equal(await page.locator("#keys-open").isVisible(), false);
  await page.getByLabel("Search messages").fill("is:broken");
  await page.getByRole("button", { name: "Search" }).click();
  await page.locator("#rows tbody a").first().click();
  await page.getByRole("link", { name: "Replay" }).click();
  await page.getByLabel("Endpoint /open of this receiver").check();
  await page.getByRole("button", { name: "Continue" }).click();
  await page.getByRole("button", { name: "Send it" }).click();
  assert.match(await text(page), /Accepted\./);
  assert.deepEqual(problems, []);
});
