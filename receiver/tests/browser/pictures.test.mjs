// The pictures in docs/img, which UPDATE_SCREENSHOTS=1 takes again.

import assert from "node:assert/strict";
import fs from "node:fs";
import { before, test } from "node:test";
import { Receiver, SECRET, open, post, sample, visit } from "./support.mjs";

const FOLDER = new URL("../../../docs/img/", import.meta.url);
const MAX_BYTES = 150_000;
const WIDE = { width: 1280, height: 680 };
const PHONE = { width: 390, height: 844 };

const TOML = `
[[endpoint]]
path = "/hooks/customers"
authentication = { type = "client-secret", secret = "file:secret" }
[[endpoint.destination]]
name = "finance"
type = "file"
path = "finance.jsonl"
[[endpoint.destination]]
name = "new-steps"
type = "file"
path = "new.jsonl"
when = "trigger == 'stepCreated'"
[[endpoint]]
path = "/hooks/purchases"
authentication = { type = "basic", username = "jo", password = "file:password" }
[[endpoint]]
path = "/hooks/try"
`;

let receiver;
const paths = {};
before(async () => {
  receiver = await Receiver.start(TOML);
  const secret = ["--client-secret", `file:${receiver.file("secret")}`];
  for (const name of ["step-created-after-task", "step-completed-approval-rejected-and-sent-back", "step-created-after-approval-sent-back", "step-completed-public-form-public", "step-completed-parallel-approval-approved"]) {
    assert.match(await receiver.send("/hooks/customers", ...secret, "--sample", name), /200 OK/);
  }
  for (const name of ["step-completed-basic", "step-completed-all-field-types"]) {
    assert.match(await receiver.send("/hooks/purchases", "--username", "jo", "--password", `file:${receiver.file("password")}`, "--sample", name), /200 OK/);
  }
  const { step, ...rest } = JSON.parse(sample("step-completed-customer-set-up"));
  delete rest.flow.flowIdentifier;
  await receiver.post("/hooks/try", JSON.stringify({ ...rest, step }));
  await receiver.send("/hooks/customers", ...secret, "--sample", "step-completed-customer-set-up");
  const { headers } = await receiver.exchange(post("/hooks/customers", JSON.stringify({ ...rest, step, clientSecret: `${SECRET}\n` })));
  paths.messages = "/";
  paths.refused = `/refused/${headers["x-request-id"]}`;
  const { page } = await open(receiver);
  await visit(page, receiver.url + paths.refused);
  await visit(page, receiver.url, async () => (await page.locator("#rows tbody tr").count()) === 9);
  paths.message = await page.locator("#rows tbody a").first().getAttribute("href");
});

for (const [name, pageName, colorScheme, viewport] of [
  ["messages-light", "messages", "light", WIDE],
  ["messages-dark", "messages", "dark", WIDE],
  ["messages-phone-light", "messages", "light", PHONE],
  ["message-light", "message", "light", WIDE],
  ["message-phone-dark", "message", "dark", PHONE],
  ["refused-light", "refused", "light", WIDE],
  ["refused-phone-dark", "refused", "dark", PHONE],
]) {
  test(`the picture inspector-${name}.png is small enough`, async () => {
    const { page, problems } = await open(receiver, { colorScheme, viewport });
    await page.goto(receiver.url + paths[pageName]);
    if (pageName === "messages") await page.getByText("Live", { exact: true }).waitFor();
    const picture = await page.screenshot();
    assert(picture.length < MAX_BYTES, `${picture.length}`);
    assert.deepEqual(problems, []);
    const file = new URL(`inspector-${name}.png`, FOLDER);
    if (process.env.UPDATE_SCREENSHOTS === "1") fs.writeFileSync(file, picture);
    // Width and height are in the head of the file.
    const stored = fs.readFileSync(file);
    assert.deepEqual([stored.readUInt32BE(16), stored.readUInt32BE(20)], [viewport.width, viewport.height]);
    assert(stored.length < MAX_BYTES, `${stored.length}`);
  });
}
