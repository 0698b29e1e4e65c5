// What an endpoint needs with any framework: check the credential, read the message, store it.

import { createHash, timingSafeEqual } from "node:crypto";
import { open } from "node:fs/promises";
import { env } from "node:process";

export const PATH = "/hooks/flowingly";
export const LIMIT = 4 * 1024 * 1024;
export const CHALLENGE = 'Basic realm="webhooks", charset="UTF-8"';

/** A refused request: a status and a short text, never anything from the request. */
export class Refused extends Error {
  constructor(status, title) {
    super(title);
    this.status = status;
  }
}

// AUTHENTICATION is the webhook's kind of authentication. A missing variable stops the start, so it never opens the endpoint.
const needed = (name) => {
  if (!env[name]) throw new Error(`set the environment variable ${name}`);
  return env[name];
};
const kind = needed("AUTHENTICATION");
if (!["none", "client-secret", "basic"].includes(kind)) throw new Error("AUTHENTICATION must be none, client-secret or basic");
const secret = kind === "client-secret" && needed("CLIENT_SECRET");
// RFC 7617 allows one encoding of a username and password: compare that, so there is nothing to decode.
const basic = kind === "basic" && Buffer.from(`${needed("BASIC_USERNAME")}:${needed("BASIC_PASSWORD")}`).toString("base64");

// Digests have equal length, so the time reveals neither content nor length.
const digest = (text) => createHash("sha256").update(text).digest();
const same = (given, expected) => timingSafeEqual(digest(given), digest(expected));

/** Checks all Authorization headers of a request (`request.headersDistinct.authorization`), before its body is read. */
export function checkHeaders(authorization = []) {
  if (!basic) return;
  const given = authorization.length === 1 ? /^basic +(\S+)$/i.exec(authorization[0]) : null;
  if (!given || !same(given[1], basic)) throw new Refused(401, "The credentials are missing or wrong.");
}

/** Checks the Content-Type header of a request. */
export function checkType(type = "") {
  if (!/^application\/json\s*(;|$)/i.test(type)) throw new Refused(415, "The content type is not application/json.");
}

/** Reads the body of a request of Node's own `http`, at most 4 MiB. */
export async function readBody(request) {
  const chunks = [];
  let length = 0;
  for await (const chunk of request) {
    length += chunk.length;
    if (length <= LIMIT) chunks.push(chunk); // read and drop the rest, so that the client sees the answer
  }
  if (length > LIMIT) throw new Refused(413, "The body is larger than 4 MiB.");
  return Buffer.concat(chunks);
}

/** Reads a body and checks the client secret in it. Returns the message without the secret. */
export function readMessage(body) {
  let text, message;
  try {
    text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(body);
    message = JSON.parse(text, wholeCharacters);
  } catch {
    throw new Refused(400, "The body is not JSON.");
  }
  if (message === null || typeof message !== "object" || Array.isArray(message)) {
    throw new Refused(422, "The body is not a JSON object.");
  }
  const { clientSecret, ...rest } = message;
  if (secret) {
    const right = typeof clientSecret === "string" && same(clientSecret, secret);
    if (!right || occurrences(text, "clientSecret") !== 1) throw new Refused(403, "The client secret is missing or wrong.");
  }
  return rest;
}

// JSON.parse accepts a lone surrogate, which is not a character.
function wholeCharacters(_, value) {
  if (typeof value === "string" && !value.isWellFormed()) throw new SyntaxError("half of a surrogate pair");
  return value;
}

// Counts a name in the outermost object of JSON text, because JSON.parse silently keeps the last of two equal names.
function occurrences(text, name) {
  let depth = 0;
  let count = 0;
  for (const [token] of text.matchAll(/"(?:[^"\\]|\\.)*"(?:\s*:)?|[{}[\]]/g)) {
    if (token === "{" || token === "[") depth += 1;
    else if (token === "}" || token === "]") depth -= 1;
    else if (depth === 1 && token.endsWith(":") && JSON.parse(token.slice(0, -1)) === name) count += 1;
  }
  return count;
}

const file = await open(env.MESSAGES ?? "messages.jsonl", "a", 0o600);
let last = Promise.resolve();

/** Resolves when the message is on disk: answer 2xx only then. One message after the other, so that none is torn apart. */
export function store(message) {
  last = last
    .catch(() => {})
    .then(async () => {
      // The newline before it separates it from a line that a full disk cut short.
      await file.appendFile(`\n${JSON.stringify(message)}\n`);
      await file.datasync();
    });
  return last;
}

/** Status, headers and body for an error, for whatever framework. */
export function problem(error) {
  const known = error instanceof Refused;
  if (!known) console.error(error);
  const status = known ? error.status : 503;
  const headers = { "content-type": "application/problem+json" };
  if (status === 401) headers["www-authenticate"] = CHALLENGE;
  if (status === 405) headers.allow = "POST";
  if (status === 503) headers["retry-after"] = "10";
  return { status, headers, body: JSON.stringify({ status, title: known ? error.message : "The message could not be stored." }) };
}
