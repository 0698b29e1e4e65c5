// What the tests share: a receiver, clients that send exact bytes, and a browser that records what no page may do.

import assert from "node:assert/strict";
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import fs from "node:fs";
import net from "node:net";
import os from "node:os";
import path from "node:path";
import { createInterface } from "node:readline";
import { after } from "node:test";
import { promisify } from "node:util";
import { chromium } from "playwright-core";

const { RECEIVER, SENDER } = process.env;
assert(RECEIVER && SENDER, "RECEIVER and SENDER name the two programs");

export const IS_SOAK = process.env.SOAK === "1";
export const PATIENCE_MS = 20_000;
/** Each credential has a name that no page may show. */
export const SECRET = "Canary-schlüssel-91b2";
export const OLD_SECRET = "Canary-before-77ef";
export const PASSWORD = "Canary-pässwort-4e";

/** One endpoint of each kind, and two destinations. */
export const ENDPOINTS = `
[[endpoint]]
path = "/open"
[[endpoint.destination]]
name = "copies"
type = "file"
path = "copies.jsonl"
[[endpoint.destination]]
name = "created"
type = "file"
path = "created.jsonl"
when = "trigger == 'stepCreated'"
[[endpoint]]
path = "/secret"
authentication = { type = "client-secret", secret = "file:secret" }
also_accept = [{ type = "client-secret", secret = "file:old-secret", not_after = 2020-01-01T00:00:00Z }]
[[endpoint]]
path = "/basic"
authentication = { type = "basic", username = "jo", password = "file:password" }
[[endpoint]]
path = "/strict"
nonconforming = "reject"
[[endpoint]]
path = "/capture"
capture = true
authentication = { type = "client-secret", secret = "file:secret" }
`;

const closing = [];
after(async () => {
  for (const close of closing.reverse()) await close();
});

/** Closes something after the last test of the file. */
export function closeAtEnd(close) {
  closing.push(close);
}

/** The running program, with its configuration and data in a folder of its own. */
export class Receiver {
  #folder = fs.mkdtempSync(path.join(os.tmpdir(), "receiver-"));
  #child;
  #ended;

  static async start(toml = ENDPOINTS) {
    const receiver = new Receiver();
    for (const [file, content] of [["secret", SECRET], ["old-secret", OLD_SECRET], ["password", PASSWORD]]) {
      fs.writeFileSync(receiver.file(file), content, { mode: 0o600 });
    }
    const head = `listen = "127.0.0.1:0"\ninspect = "127.0.0.1:0"\ndata_dir = "${receiver.#folder}/data"\n`;
    fs.writeFileSync(receiver.#config, head + toml);
    await receiver.run();
    closeAtEnd(() => receiver.kill());
    return receiver;
  }

  get #config() {
    return path.join(this.#folder, "receiver.toml");
  }

  async run() {
    this.#child = spawn(RECEIVER, ["serve", "--config", this.#config], { stdio: ["ignore", "ignore", "pipe"] });
    this.#ended = once(this.#child, "exit");
    const lines = createInterface({ input: this.#child.stderr });
    const seen = [];
    const listening = new Promise((resolve) => {
      lines.on("line", (line) => {
        seen.push(line);
        if (line.includes('"listening"')) resolve(JSON.parse(line));
      });
    });
    const line = await Promise.race([listening, this.#ended]);
    assert(!Array.isArray(line), `the receiver does not start: ${seen.join("\n")}`);
    this.log = seen;
    this.address = line.address;
    this.inspector = line.inspect;
    this.password = fs.readFileSync(path.join(this.#folder, "data/inspector/password"), "utf8").trim();
  }

  /** Ends it with SIGTERM or SIGKILL, and waits for its end. */
  async kill(signal = "SIGKILL") {
    this.#child.kill(signal);
    await this.#ended;
  }

  get url() {
    return `http://${this.inspector}`;
  }

  /** The link that the receiver prints on a terminal. */
  get link() {
    return `http://operator:${this.password}@${this.inspector}/`;
  }

  file(name) {
    return path.join(this.#folder, name);
  }

  /** Sends a sample, or other JSON, with the real sender. Returns what it prints. */
  async send(endpoint, ...options) {
    const to = `http://${this.address}${endpoint}`;
    const run = promisify(execFile)(SENDER, ["send", "--to", to, ...options]);
    return run.catch((error) => error).then(({ stdout, stderr }) => stdout + stderr);
  }

  /** Sends a request as it is, and closes the connection after the answer. */
  async exchange(request) {
    return exchange(this.address, request);
  }

  /** Posts a body, and returns the id that the receiver gives the request. */
  async post(endpoint, body, headers = "") {
    const answer = await this.exchange(post(endpoint, body, headers));
    return { status: answer.status, id: answer.headers["x-request-id"] };
  }
}

export function post(endpoint, body, headers = "") {
  const bytes = Buffer.from(body);
  const type = /^content-type:/im.test(headers) ? "" : "Content-Type: application/json\r\n";
  const head = `POST ${endpoint} HTTP/1.1\r\nHost: x\r\n${type}${headers}Content-Length: ${bytes.length}\r\nConnection: close\r\n\r\n`;
  return Buffer.concat([Buffer.from(head), bytes]);
}

export async function exchange(address, request) {
  const [host, port] = address.split(/:(?=\d+$)/);
  const socket = net.connect({ host, port: Number(port) });
  socket.setTimeout(PATIENCE_MS, () => socket.destroy(new Error(`${address} does not answer`)));
  socket.write(request);
  const chunks = [];
  for await (const chunk of socket) chunks.push(chunk);
  const answer = Buffer.concat(chunks).toString();
  const [head, body] = answer.split("\r\n\r\n");
  const [status, ...fields] = head.split("\r\n");
  const headers = Object.fromEntries(fields.map((field) => field.split(/:\s*/, 2)).map(([name, value]) => [name.toLowerCase(), value]));
  return { status: Number(status.split(" ")[1]), headers, body };
}

export async function launch(...options) {
  const browser = await chromium.launch({ executablePath: "/usr/bin/chromium", args: ["--no-sandbox", ...options] });
  closeAtEnd(() => browser.close());
  return browser;
}

/** One browser for all tests of a file. */
let browser;

/** A window that is signed in. `problems` is what the browser reports, and every request that leaves the inspector. */
export async function open(receiver, options = {}) {
  const { username = "operator", password = receiver.password, ...rest } = options;
  browser ??= launch();
  const context = await (await browser).newContext({ httpCredentials: { username, password }, viewport: { width: 1280, height: 800 }, ...rest });
  context.setDefaultTimeout(PATIENCE_MS);
  const problems = [];
  context.on("dialog", async (dialog) => {
    problems.push(`dialog: ${dialog.message()}`);
    await dialog.dismiss();
  });
  context.on("console", (message) => {
    const { url } = message.location();
    // Which pages are there is what the tests ask themselves.
    if (/status of 4\d\d/.test(message.text()) && !url.includes("/events")) return;
    if (["error", "warning"].includes(message.type())) problems.push(`console: ${message.text()} (${url})`);
  });
  context.on("weberror", (error) => problems.push(`error: ${error.error()}`));
  context.on("request", (request) => {
    const url = new URL(request.url());
    if (url.protocol !== "data:" && url.host !== receiver.inspector) problems.push(`request: ${url}`);
  });
  const page = await context.newPage();
  return { context, page, problems };
}

/** Loads a page until it is there: index and refusals follow what has been answered. */
export async function visit(page, url, isReady = (response) => response.status() === 200) {
  const end = Date.now() + PATIENCE_MS;
  for (;;) {
    const response = await page.goto(url);
    if (await isReady(response)) return response;
    assert(Date.now() < end, `${url}: ${response.status()} ${await page.innerText("main")}`);
  }
}

/** The text that a person reads. */
export async function text(page, selector = "main") {
  return page.locator(selector).innerText();
}

/** Waits until the page shows a text. */
export async function shows(page, words, selector = "main") {
  await page.locator(selector, { hasText: words }).first().waitFor();
}

export function sample(name) {
  const folder = new URL("../../../schemas/samples/", import.meta.url);
  const file = ["valid", "invalid"].map((kind) => new URL(`${kind}/${name}.json`, folder)).find((file) => fs.existsSync(file));
  return fs.readFileSync(file, "utf8");
}
