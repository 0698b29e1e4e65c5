// How an endpoint reads the two credentials, in Node alone, run on the vectors.
//
//     node vectors.mjs

import { readFileSync } from "node:fs";
import { createHash, timingSafeEqual } from "node:crypto";

// Compares all bytes, in a time that tells neither the length nor where the first difference is.
const digest = (text) => createHash("sha256").update(text, "utf8").digest();
const same = (given, accepted) => timingSafeEqual(digest(given), digest(accepted));

class Refused extends Error {}
const refuse = (reason) => { throw new Refused(reason); };

// --- Basic ---

function writeBasic(username, password) {
  for (const [name, text] of Object.entries({ username, password })) {
    if (text === "") refuse(`${name}-empty`);
    if ([...text].length > 100) refuse(`${name}-too-long`); // characters, where .length counts UTF-16 units
    if (/[\u0000-\u001f\u007f]/.test(text)) refuse(`${name}-control-character`);
  }
  if (username.includes(":")) refuse("username-contains-colon");
  return `basic ${Buffer.from(`${username}:${password}`, "utf8").toString("base64")}`;
}

// The username and password in the Authorization fields of a request.
function readBasic(values) {
  const fields = values.map((value) => value.replace(/^[ \t]+|[ \t]+$/g, ""));
  if (fields.every((field) => field === "")) refuse("missing");
  if (fields.length > 1) refuse("ambiguous");
  const [, scheme, parameter] = /^([^ ]*) *(.*)$/s.exec(fields[0]);
  if (scheme.toLowerCase() !== "basic") refuse("scheme");
  const bytes = Buffer.from(parameter, "base64");
  // Buffer skips what it does not know; whatever it skipped is missing here.
  if (parameter === "" || bytes.toString("base64") !== parameter) refuse("base64");
  let text;
  try {
    text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    refuse("utf-8");
  }
  const colon = text.indexOf(":");
  if (colon < 0) refuse("no-colon");
  return { username: text.slice(0, colon), password: text.slice(colon + 1) };
}

function checkBasic(fields, accepted) {
  const given = readBasic(fields);
  // Always both, so that the time does not tell which was wrong.
  const [username, password] = ["username", "password"].map((name) => same(given[name], accepted[name]));
  if (!(username && password)) refuse("wrong");
  return null;
}

// --- client secret ---

// Half of a surrogate pair is no character, though JSON.parse lets it through.
const wholeCharacters = (_, value) => (typeof value === "string" && !value.isWellFormed() ? refuse("not-json") : value);

function checkClientSecret(body, accepted) {
  let message;
  try {
    message = JSON.parse(body, wholeCharacters);
  } catch {
    refuse("not-json");
  }
  if (message === null || typeof message !== "object" || !Object.hasOwn(message, "clientSecret")) refuse("missing");
  if (typeof message.clientSecret !== "string") refuse("not-a-string");
  if (!same(message.clientSecret, accepted)) refuse("wrong");
  return null;
}

// --- run ---

const vectors = (name) => JSON.parse(readFileSync(new URL(`../../vectors/${name}.json`, import.meta.url), "utf8"));
const basic = vectors("basic-authorization");
// JSON.parse keeps the last of two equal names and says nothing, so those cases need another parser.
const secrets = vectors("client-secret").cases;
const readable = secrets.filter((c) => c.reason !== "ambiguous");
const runs = [
  ...basic.encode.map((c) => [c, () => writeBasic(c.username, c.password), c.header ?? c.error]),
  ...basic.decode.map((c) => [c, () => checkBasic(c.headers, c.accepted), c.reason]),
  ...readable.map((c) => [c, () => checkClientSecret(c.body, c.accepted), c.reason]),
];

const failures = [];
for (const [{ name }, run, expected] of runs) {
  let got;
  try {
    got = run();
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    got = error.message;
  }
  if (got !== expected) failures.push(`${name}: ${got}, not ${expected}`);
}
for (const failure of failures) console.log("FAILED", failure);
const verdict = failures.length ? `${failures.length} failures` : "all as expected";
console.log(
  `vectors.mjs: ${basic.encode.length} encode, ${basic.decode.length} decode, ${readable.length} client secret ` +
    `(${secrets.length - readable.length} with duplicate names skipped: JSON.parse cannot see them), ${verdict}`,
);
process.exitCode = failures.length ? 1 : 0;
