// Messages and requests that are made to do something to the person who looks at them.

import assert from "node:assert/strict";
import fs from "node:fs";
import { before, test } from "node:test";
import { Receiver, SECRET, open, post, text, visit } from "./support.mjs";

const ESCAPE = "\u001b";
const HOSTILE = {
  script: "<script>alert(1)</script>",
  image: '"><img src=x onerror=alert(1)>',
  attribute: "' onmouseover='alert(1)' autofocus onfocus='alert(1)",
  "end of an element": "</pre></textarea></title></style></script></table></main><h1>hello<script>alert(1)</script>",
  "a frame": "<iframe srcdoc='<script>alert(1)</script>'></iframe><svg onload=alert(1)>",
  "a link": "javascript:alert(1)",
  "a form": '<form action="https://evil.example"><input name=q autofocus onfocus=alert(1)></form><base href="//evil.example">',
  "a style": "<style>@import url(https://evil.example/x.css)</style><link rel=stylesheet href=//evil.example/x.css>",
  "a template": "{{constructor.constructor('alert(1)')()}}${alert(1)}",
  "Markdown": "[link](javascript:alert(1)) ![x](https://evil.example/x.png) <at>all</at>",
  "bidirectional text": "\u202etxt.exe\u2066\u200f\ufeff\u2028\u2029",
  "a terminal": `${ESCAPE}]0;owned\u0007${ESCAPE}[2J\u009b31m\r\n::error::x\u0000\b`,
  "an event": "a\n\nevent: row\ndata: <script>alert(1)</script>\nid: 1\n\n",
};
// What would reorder or hide text, or drive a terminal.
const UNSAFE = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/;

/** A message with the text at every place that has a text. */
function message(hostile) {
  const field = { name: hostile, type: hostile, order: 1, identifier: hostile, value: hostile, options: [{ key: hostile, value: hostile, isSelected: true }] };
  const step = {
    stepIdentifier: hostile, type: hostile, access: hostile, createdAt: hostile, completedAt: hostile, completedBy: hostile,
    decisions: [{ approver: hostile, decision: hostile, comment: hostile, at: hostile }], fields: [field, { ...field, type: "TextArea" }],
  };
  const flow = { flowIdentifier: hostile, name: hostile, subject: hostile, initiator: hostile };
  return JSON.stringify({ webhook: { name: hostile, description: hostile }, trigger: "stepCompleted", flow, step, previousStep: step, [hostile]: hostile });
}

let receiver;
before(async () => {
  receiver = await Receiver.start();
});

/** The page has its own elements only. */
async function assertHarmless(page, problems, name) {
  assert.deepEqual(problems, [], name);
  const found = await page.evaluate(() => {
    const count = (selector) => document.querySelectorAll(selector).length;
    const attributes = [...document.querySelectorAll("*")].flatMap((it) => it.getAttributeNames()).filter((name) => name.startsWith("on"));
    const schemes = [...document.querySelectorAll("a, form")].map((it) => (it.href ?? it.action).split(":")[0]);
    return {
      scripts: count("script"), styles: count("style"), headings: count("h1"), attributes, links: count("link"),
      others: count("img, iframe, object, embed, base, svg:not(figure svg), meta[http-equiv], video, audio, at"),
      schemes: [...new Set(schemes)], autofocus: count("[autofocus]"),
    };
  });
  assert.deepEqual(found, { scripts: 1, styles: 1, headings: 1, attributes: [], links: 1, others: 0, schemes: ["http"], autofocus: 0 }, name);
  const bad = UNSAFE.exec(await page.evaluate(() => document.documentElement.textContent));
  assert.equal(bad && bad[0].codePointAt(0).toString(16), null, name);
}

for (const [name, hostile] of Object.entries(HOSTILE)) {
  test(`a message is shown, and does nothing: ${name}`, async () => {
    const { page, context, problems } = await open(receiver, { acceptDownloads: true });
    // Live first: the row comes through the stream.
    await page.goto(receiver.url);
    const stored = await receiver.post("/open", message(hostile));
    assert.equal(stored.status, 200);
    const row = page.locator(`tr:has(a[href="/messages/${stored.id}"])`);
    await row.waitFor();
    await row.hover();
    await assertHarmless(page, problems, "list");
    // The words are there, as text.
    const visible = hostile.split(/[^\x20-\x7e]/).reduce((longest, part) => (part.length > longest.length ? part : longest), "").slice(0, 30);
    assert((await row.innerText()).replace(/\s+/g, " ").includes(visible.replace(/\s+/g, " ").trim()), await row.innerText());
    for (const path of [`/messages/${stored.id}`, `/messages/${stored.id}/replay`, `/?q=${encodeURIComponent(hostile)}`]) {
      const response = await page.goto(receiver.url + path);
      if (!path.startsWith("/?q=")) assert.equal(response.status(), 200, path);
      await page.locator("details").evaluateAll((all) => all.forEach((details) => { details.open = true; }));
      await assertHarmless(page, problems, path);
    }
    await page.goto(`${receiver.url}/messages/${stored.id}`);
    // A download is saved; the browser shows nothing of it.
    for (const [link, file] of [["Download as received", `${stored.id}.json`], ["Download as a fixture", "fixture.json"]]) {
      const [download] = await Promise.all([page.waitForEvent("download"), page.getByRole("link", { name: link }).click()]);
      assert.equal(download.suggestedFilename(), file);
      const content = fs.readFileSync(await download.path(), "utf8");
      if (link === "Download as received") assert.equal(content, message(hostile));
      else assert(!UNSAFE.test(content), content);
      assert.deepEqual(JSON.parse(content).flow.name, hostile);
    }
    // Within the same origin, neither as a script nor as a frame.
    const ran = await page.evaluate(async (path) => {
      const answers = [];
      for (const element of ["script", "iframe", "object"]) {
        const it = document.createElement(element);
        const ended = new Promise((resolve) => { it.onload = () => resolve(`${element} loaded`); it.onerror = () => resolve(`${element} refused`); });
        try {
          if (element === "object") it.data = path;
          else it.src = path;
          document.body.append(it);
          if (element !== "iframe") answers.push(await ended);
        } catch (error) {
          answers.push(`${element} ${error.name}`);
        }
      }
      return answers;
    }, `/messages/${stored.id}/raw`).catch((error) => [error.message]);
    assert.deepEqual(ran, ["script TypeError", "object TypeError"]);
    await context.close();
  });
}

test("headers of a captured request are shown, and do nothing", async () => {
  const { page, problems } = await open(receiver);
  const printable = Object.values(HOSTILE).filter((text) => /^[\x20-\x7e]+$/.test(text));
  const headers = printable.map((text, index) => `X-Test-${index}: ${text}\r\n`).join("") + `User-Agent: ${printable[0]}\r\n`;
  const { id } = await receiver.post("/capture", JSON.stringify({ [printable[0]]: printable[1], clientSecret: SECRET }), headers);
  await visit(page, `${receiver.url}/messages/${id}`);
  const shown = await text(page);
  for (const words of printable) assert(shown.replace(/\s+/g, " ").includes(words.replace(/\s+/g, " ")), words);
  await assertHarmless(page, problems, "captured");
});

test("a refused request is shown, and does nothing", async () => {
  const { page, problems } = await open(receiver);
  const script = "<script>alert(1)</script>";
  for (const request of [
    `POST /%3Cscript%3Ealert(1)%3C/script%3E HTTP/1.1\r\nHost: x\r\nX-'\`|: 1\r\nContent-Length: 0\r\nConnection: close\r\n\r\n`,
    `POST /'onmouseover='alert(1)' HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\nConnection: close\r\n\r\n`,
    post("/open", "{}", `Content-Type: ${script}\r\nContent-Encoding: ${script}\r\n`),
    post("/open", script),
    post("/strict", message(script)),
    post("/secret", JSON.stringify({ [script]: script, clientSecret: script })),
  ]) {
    const { status, headers } = await receiver.exchange(request);
    assert(status >= 400);
    const id = headers["x-request-id"];
    assert(id, `${request}`);
    await visit(page, `${receiver.url}/refused/${id}`);
    await assertHarmless(page, problems, `${request}`);
  }
  await page.goto(`${receiver.url}/refused`);
  await assertHarmless(page, problems, "list");
});

test("a script in the page would be seen", async () => {
  const { page, problems } = await open(receiver);
  await page.goto(receiver.url);
  const seen = [page.waitForEvent("dialog"), page.waitForEvent("console", (message) => message.text().includes("evil.example"))];
  await page.evaluate(() => {
    setTimeout(() => alert(1));
    const image = document.createElement("img");
    image.src = "https://evil.example/x.png";
    document.body.append(image);
  });
  await Promise.all(seen);
  await assert.rejects(assertHarmless(page, problems, "itself"));
  assert(problems.some((problem) => problem.startsWith("dialog")) && problems.some((problem) => problem.includes("evil.example")), `${problems}`);
});
