// Each refused request is explained, to somebody who has only the page.

import assert from "node:assert/strict";
import { before, test } from "node:test";
import { OLD_SECRET, PASSWORD, Receiver, SECRET, open, post, text, visit } from "./support.mjs";

const json = (secret) => JSON.stringify({ trigger: "stepCompleted", clientSecret: secret });
const basic = (credential) => `Authorization: Basic ${Buffer.from(credential).toString("base64")}\r\n`;
const withSecret = (secret) => post("/secret", json(secret));
const withHeader = (header) => post("/basic", "{}", header);
const pair = `jo:${PASSWORD}`;

/** What was sent, the request, and the words that the page begins with. */
const CASES = [
  ["a wrong secret", withSecret("Canary-wrong"), /^The client secret is wrong\./],
  ["a line end after the secret", withSecret(`${SECRET}\n`), /^The client secret is the right client secret, but sent with white space/],
  ["the secret in another case", withSecret(SECRET.toUpperCase()), /but sent in another letter case\./],
  ["the secret in quotes", withSecret(`"${SECRET}"`), /but sent in quotes\./],
  ["the secret, decomposed", withSecret(SECRET.normalize("NFD")), /but sent in another Unicode normalization form\./],
  ["the secret, percent-encoded", withSecret(encodeURIComponent(SECRET)), /but sent percent-encoded\./],
  ["the secret with a prefix", withSecret(`v1,${SECRET}`), /but sent with a prefix/],
  ["an old secret", withSecret(OLD_SECRET), /^The client secret is an old client secret whose .?not_after.? has passed\./],
  ["the secret at another place", post("/secret", JSON.stringify({ auth: { key: SECRET } })), /is in the message at \/auth\/key, but the endpoint reads it at \/clientSecret\./],
  ["no secret", post("/secret", '{"a":1}'), /^The client secret is missing: the message has nothing at \/clientSecret/],
  ["no header", withHeader(""), /^The authorization header is missing\./],
  ["a wrong password", withHeader(basic("jo:Canary-wrong")), /^The username or the password is wrong\./],
  ["the password in Latin-1", withHeader(basic(Buffer.from(pair, "latin1"))), /right username and password, but sent in Latin-1\./],
  ["the scheme twice", withHeader(`Authorization: Basic Basic ${Buffer.from(pair).toString("base64")}\r\n`), /but sent with a prefix/],
  ["a wrong path", post("/secrets", "{}"), /^No endpoint has the path \/secrets\./],
  ["a wrong method", "GET /open HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", /^The method is GET, but/],
  ["another media type", post("/open", "<a/>", "Content-Type: text/xml\r\n"), /^The content type is not JSON in UTF-8: the request has text\/xml\./],
  ["no JSON", post("/open", '{\n "a": oh}'), /^The body is not JSON: /],
  ["an array", post("/open", "[1]"), /^The body is JSON, but not an object with at least one member\./],
  ["a broken rule", post("/strict", '{"trigger":"stepCompleted","flow":{},"step":{}}'), /^The message breaks the contract at \/flow/],
];

let receiver;
before(async () => {
  receiver = await Receiver.start();
});

for (const [name, request, sentence] of CASES) {
  test(`the page explains ${name}`, async () => {
    const { page, problems } = await open(receiver);
    const { status, headers } = await receiver.exchange(request);
    assert(status >= 400, `${status}`);
    const id = headers["x-request-id"];
    // The newest in the list, as somebody finds it who does not have the id.
    await visit(page, `${receiver.url}/refused`, async () => (await page.locator(`a[href="/refused/${id}"]`).count()) === 1);
    const row = page.locator(`tr[data-row="${id}"]`);
    assert.match(await row.locator("[data-label=Why]").innerText(), sentence);
    await row.locator("a").click();
    await page.waitForURL(`**/refused/${id}`);
    const shown = await text(page);
    const [, explanation] = shown.split("Why this request was refused\n");
    assert.match(explanation.trim(), sentence);
    for (const words of ["What to do: ", "Checks, in order", "✗ failed", "The clause that it breaks", "How often"]) {
      assert(shown.includes(words), `${words}: ${shown}`);
    }
    // The order of the checks: what held, one that failed, and the rest.
    const results = await page.locator("[data-label=Result]").allInnerTexts();
    assert.match(results.join(" "), /^(✓ held )*✗ failed( – not reached)*$/);
    // By the id that the caller got.
    await page.goto(`${receiver.url}/refused`);
    await page.getByLabel("Request id").fill(id);
    await page.getByRole("button", { name: "Find" }).click();
    await page.waitForURL("**/refused/by-id?*");
    assert.equal((await text(page)).includes(explanation.trim().split("\n")[0]), true);
    for (const credential of [SECRET, OLD_SECRET, PASSWORD, "Canary"]) assert(!(await page.content()).includes(credential));
    assert.deepEqual(problems, []);
  });
}

test("where nothing has come, the page lists the usual reasons", async () => {
  const silent = await Receiver.start('[[endpoint]]\npath = "/silent"\n');
  const { page, problems } = await open(silent);
  await page.goto(`${silent.url}/refused`);
  const shown = await text(page);
  for (const words of ["No request has been refused.", "No request for /silent is known.", "the flow model was not published"]) {
    assert(shown.includes(words), `${words}: ${shown}`);
  }
  assert.deepEqual(problems, []);
});
