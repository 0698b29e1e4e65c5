// What a person does with the inspector: watch messages arrive, find one, read it, replay it, send one.

import assert from "node:assert/strict";
import fs from "node:fs";
import { before, test } from "node:test";
import { Receiver, SECRET, open, sample, shows, text, visit } from "./support.mjs";

const CUSTOMER = "step-completed-customer-set-up";

let receiver;
before(async () => {
  receiver = await Receiver.start();
});

const rows = (page) => page.locator("#rows tbody tr");

test("a message that the sender sends appears by itself, and opens from its row", async () => {
  const { page, problems } = await open(receiver);
  await page.goto(receiver.url);
  await shows(page, "Live", "#live-state");
  assert.equal(await rows(page).count(), 0);
  await shows(page, "No messages yet");
  const printed = await receiver.send("/secret", "--client-secret", `file:${receiver.file("secret")}`, "--sample", CUSTOMER);
  assert.match(printed, /200 OK/);
  await rows(page).nth(0).waitFor();
  assert.match(await rows(page).nth(0).innerText(), /\/secret.*✓ holds.*[cC]ompleted.*FLOW-604.*Acme/s);
  await shows(page, "1 new", "#live-news");
  await rows(page).nth(0).locator("a").first().click();
  await page.waitForURL("**/messages/*");
  const shown = await text(page);
  for (const words of ["The step was completed", "Set-up New Customer (Debtor)", "Arrivals", "Card for Microsoft Teams"]) {
    assert(shown.includes(words), `${words}: ${shown}`);
  }
  assert(!(await page.content()).includes(SECRET));
  assert.deepEqual(problems, []);
});

test("the printed link opens the page, with its live rows, without a question for the password", async () => {
  const stranger = await open(receiver, { httpCredentials: undefined });
  await assert.rejects(stranger.page.goto(receiver.url), /ERR_INVALID_AUTH_CREDENTIALS/);
  const { page, problems } = await open(receiver, { httpCredentials: undefined });
  assert.equal((await page.goto(receiver.link)).status(), 200);
  await shows(page, "Live", "#live-state");
  const { id } = await receiver.post("/open", `{"link":"${Date.now()}"}`);
  await page.locator(`a[href="/messages/${id}"]`).waitFor();
  assert.deepEqual(problems, []);
});

test("a search filters what is there and what arrives, and its link is its state", async () => {
  const { page, problems } = await open(receiver);
  const flow = (name) => JSON.stringify({ trigger: "stepCompleted", flow: { flowIdentifier: name }, step: { stepIdentifier: "S", fields: [] } });
  const first = await receiver.post("/open", flow("FLOW-7001"));
  await visit(page, receiver.url, async () => (await text(page)).includes("FLOW-7001"));
  await page.keyboard.press("/");
  await page.keyboard.type("flow:FLOW-7001 endpoint:/open");
  await page.keyboard.press("Enter");
  await page.waitForURL("**/?q=*");
  assert.equal(await rows(page).count(), 1);
  await shows(page, "Live", "#live-state");
  await receiver.post("/open", flow("FLOW-7002"));
  const last = await receiver.post("/open", flow("FLOW-7001").replace('"S"', '"T"'));
  await page.locator(`a[href="/messages/${last.id}"]`).waitFor();
  assert.deepEqual(await rows(page).locator("td[data-label=Flow]").allInnerTexts(), ["FLOW-7001", "FLOW-7001"]);
  const other = await open(receiver);
  await other.page.goto(page.url());
  assert.equal(await rows(other.page).count(), 2);
  assert.equal(await other.page.inputValue("#q"), "flow:FLOW-7001 endpoint:/open");
  await other.page.getByRole("link", { name: "Remove endpoint:/open" }).click();
  await other.page.waitForURL((url) => url.searchParams.get("q") === "flow:FLOW-7001");
  assert.equal(await rows(other.page).count(), 2);
  assert.equal((await other.page.goto(`${receiver.url}/?q=flwo:x`)).status(), 400);
  assert.match(await text(other.page), /flwo:x\n *\^\^\^\^\n[^]*did you mean flow:/);
  assert.equal(await page.locator(`a[href="/messages/${first.id}"]`).count(), 1);
  assert.deepEqual(problems, []);
});

test("a violation is marked at its place, and leads to its clause", async () => {
  const { page, problems } = await open(receiver);
  const { id } = await receiver.post("/open", '{"trigger":"stepCompleted","flow":{},"step":{"stepIdentifier":"S","fields":[]}}');
  await visit(page, `${receiver.url}/messages/${id}`);
  await page.locator("section", { hasText: "Violations of the contract" }).locator("li a").first().click();
  const note = page.locator("pre.json .note").first();
  assert(await note.isVisible());
  assert.match(await note.innerText(), /flowIdentifier.*MSG-4/);
  await note.locator("a").click();
  await page.waitForURL("**/contract#MSG-4");
  assert(await page.locator("#MSG-4").isVisible());
  assert.deepEqual(problems, []);
});

test("a message is replayed to an endpoint and to a destination, each after a page that asks", async () => {
  const { page, problems } = await open(receiver);
  const { id } = await receiver.post("/open", sample("step-completed-approval-approved"));
  await visit(page, `${receiver.url}/messages/${id}`);
  await page.keyboard.press("r");
  await page.waitForURL("**/replay");
  await page.getByLabel("Endpoint /strict of this receiver").check();
  await page.getByRole("button", { name: "Continue" }).click();
  await shows(page, "Send this message to:");
  assert.match(await text(page), /Endpoint \/strict of this receiver, as a new arrival/);
  await page.getByRole("button", { name: "Send it" }).click();
  await shows(page, "Accepted.");
  await page.getByRole("link", { name: "Open the message" }).click();
  await page.waitForURL((url) => /^\/messages\/[-0-9a-f]{36}$/.test(url.pathname) && !url.pathname.includes(id));
  await shows(page, "/strict");

  const copies = () => fs.readFileSync(receiver.file("copies.jsonl"), "utf8").split("\n").filter((line) => line.includes(id)).length;
  await page.goto(`${receiver.url}/messages/${id}/replay`);
  await page.getByLabel("Destination copies of /open").check();
  await page.getByRole("button", { name: "Continue" }).click();
  await page.getByRole("button", { name: "Send it" }).click();
  await shows(page, "It is queued.");
  await visit(page, `${receiver.url}/messages/${id}`, async () => copies() === 2 && (await text(page)).includes("✓ accepted"));
  const shown = await text(page);
  assert.match(shown, /Its .?when.? does not hold for this message: trigger == 'stepCreated'/);
  assert.deepEqual(problems, []);
});

test("a test message is chosen, edited and sent, with the credential of the endpoint", async () => {
  const { page, problems } = await open(receiver);
  await page.goto(`${receiver.url}/send`);
  await page.getByLabel("Sample").selectOption("step-created-after-task");
  await page.getByRole("button", { name: "Load the sample" }).click();
  await page.waitForURL("**/send?sample=*");
  for (const endpoint of ["/secret", "/basic"]) {
    await page.getByLabel("Endpoint").selectOption(endpoint);
    const body = await page.inputValue("#body");
    assert.match(body, /"stepCreated"/);
    await page.fill("#body", body.replace("FLOW-604", "FLOW-8001"));
    await page.getByRole("button", { name: "Send", exact: true }).click();
    await shows(page, "Accepted.");
    assert(!(await page.content()).includes(SECRET));
    await visit(page, `${receiver.url}/?q=${encodeURIComponent(`flow:FLOW-8001 endpoint:${endpoint}`)}`, async () => (await rows(page).count()) === 1);
    await page.goBack();
    await page.goto(`${receiver.url}/send?sample=step-created-after-task`);
  }
  await page.fill("#body", "no JSON");
  await page.getByRole("button", { name: "Send", exact: true }).click();
  await shows(page, "Refused with 400 Bad Request.");
  await page.getByRole("link", { name: "Why?" }).click();
  await shows(page, "The body is not JSON");
  assert.deepEqual(problems, []);
});
