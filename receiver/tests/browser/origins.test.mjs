// A page on another port, and other names for the address, get nothing from a browser that is signed in.

import assert from "node:assert/strict";
import http from "node:http";
import { once } from "node:events";
import { before, test } from "node:test";
import { ENDPOINTS, Receiver, closeAtEnd, launch, open, visit } from "./support.mjs";

let receiver;
let id;
let evil;
/** Where the browser finds the inspector. */
let url;
/** What browsers have sent there, and the answers. */
const exchanges = [];

/** Passes requests on to the inspector, and records them. */
function record(request, response) {
  const { method, headers, rawHeaders } = request;
  const exchange = { method, path: request.url, isSignedIn: "authorization" in headers, site: headers["sec-fetch-site"] };
  exchanges.push(exchange);
  const [host, port] = receiver.inspector.split(":");
  const onward = http.request({ host, port, method, path: request.url, headers: rawHeaders, setHost: false }, (answer) => {
    exchange.status = answer.statusCode;
    response.writeHead(answer.statusCode, answer.rawHeaders);
    answer.pipe(response);
  });
  request.pipe(onward);
}

async function listen(server) {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  closeAtEnd(() => {
    server.closeAllConnections();
    server.close();
  });
  return server.address().port;
}

before(async () => {
  const proxy = http.createServer(record);
  const port = await listen(proxy);
  url = `http://127.0.0.1:${port}`;
  receiver = await Receiver.start(`inspect_hosts = ["127.0.0.1:${port}"]\n${ENDPOINTS}`);
  ({ id } = await receiver.post("/open", '{"number":1}'));
  evil = await listen(http.createServer((request, response) => {
    response.setHeader("content-type", "text/html");
    response.end("<!doctype html><title>Another page</title><body>");
  }));
});

/** Opens the page of the message with the printed link, so that the browser has the password as it has a person's. */
async function signIn() {
  const { page, context } = await open(receiver, { httpCredentials: undefined });
  await page.goto(receiver.link.replace(receiver.inspector, new URL(url).host));
  await visit(page, `${url}/messages/${id}`);
  return { page, context };
}

async function arrivals(page) {
  await page.goto(`${url}/messages/${id}`);
  return page.locator("section", { hasText: "Arrivals" }).locator("li").count();
}

/** What the hostile page tries. Each returns what it has learned; the empty text if nothing. */
const ATTEMPTS = {
  fetch: async (url) => (await fetch(url, { credentials: "include" })).text(),
  "fetch without CORS": async (url) => (await fetch(url, { credentials: "include", mode: "no-cors" })).text(),
  "POST by fetch": async (url) => (await fetch(`${url}/replay`, { method: "POST", credentials: "include", mode: "no-cors", body: new URLSearchParams({ to: "endpoint:/open", confirm: "yes" }) })).text(),
  "a beacon": async (url) => {
    navigator.sendBeacon(`${url}/replay`, new URLSearchParams({ to: "endpoint:/open", confirm: "yes" }));
    return "";
  },
  "a stream": (url) => new Promise((resolve) => {
    const source = new EventSource(new URL("/events?q=&after=0", url), { withCredentials: true });
    source.onopen = () => resolve("opened");
    source.onerror = () => { source.close(); resolve(""); };
  }),
  "a WebSocket": (url) => new Promise((resolve) => {
    const socket = new WebSocket(new URL("/events?q=&after=0", url).href.replace("http", "ws"));
    socket.onopen = () => resolve("opened");
    socket.onerror = () => resolve("");
  }),
  "a frame": (url) => new Promise((resolve) => {
    const frame = document.createElement("iframe");
    frame.onload = () => {
      let seen = "";
      try { seen = frame.contentDocument.body.innerText; } catch { /* another origin: its error page */ }
      resolve(seen);
    };
    frame.src = url;
    document.body.append(frame);
  }),
  "a script of a raw body": (url) => new Promise((resolve) => {
    const script = document.createElement("script");
    script.onload = () => resolve("loaded");
    script.onerror = () => resolve("");
    script.src = `${url}/raw`;
    document.body.append(script);
  }),
  "an image": (url) => new Promise((resolve) => {
    const image = document.createElement("img");
    image.onload = () => resolve("loaded");
    image.onerror = () => resolve("");
    image.src = url;
    document.body.append(image);
  }),
  "a style sheet": (url) => new Promise((resolve) => {
    const link = document.createElement("link");
    link.rel = "stylesheet";
    link.onload = () => resolve(document.styleSheets.length && "loaded");
    link.onerror = () => resolve("");
    link.href = `${url}/raw`;
    document.head.append(link);
  }),
};

for (const other of ["127.0.0.1", "localhost"]) {
  test(`a page on another port of ${other} learns and does nothing`, async () => {
    const { page, context } = await signIn();
    const before = await arrivals(page);
    const hostile = await context.newPage();
    await hostile.goto(`http://${other}:${evil}/`);
    for (const [name, attempt] of Object.entries(ATTEMPTS)) {
      exchanges.length = 0;
      const learned = await hostile.evaluate(attempt, `${url}/messages/${id}`).catch(() => "");
      assert.equal(learned, "", name);
      // A beacon has no answer to wait for.
      while (exchanges.length === 0 || exchanges.some(({ status }) => !status)) await new Promise(setImmediate);
      // What a browser sends for a WebSocket has only an Origin.
      const marked = other === "127.0.0.1" ? "same-site" : "cross-site";
      const expected = [403, name === "a WebSocket" ? undefined : marked];
      for (const { status, site } of exchanges) assert.deepEqual([status, site], expected, name);
    }
    assert.equal(await arrivals(page), before);
  });

  test(`a form on another port of ${other} is refused, with a page that explains it`, async () => {
    const { page, context } = await signIn();
    const before = await arrivals(page);
    const hostile = await context.newPage();
    for (const path of [`/messages/${id}/replay`, "/send", "/relays/copies/retry"]) {
      await hostile.goto(`http://${other}:${evil}/`);
      exchanges.length = 0;
      await hostile.evaluate((url) => {
        const form = document.createElement("form");
        form.method = "POST";
        form.action = url;
        const values = { to: "endpoint:/open", confirm: "yes", endpoint: "/open", body: '{"number":1}' };
        for (const [name, value] of Object.entries(values)) {
          const input = document.createElement("input");
          Object.assign(input, { type: "hidden", name, value });
          form.append(input);
        }
        document.body.append(form);
        form.submit();
      }, url + path);
      await hostile.getByText("Another site sent this form").waitFor();
      const [{ method, status, isSignedIn }] = exchanges;
      assert.deepEqual([method, status, isSignedIn], ["POST", 403, true], path);
    }
    assert.equal(await arrivals(page), before);
  });
}

test("a link from another page opens the inspector, without a way back to the page", async () => {
  const { context } = await signIn();
  const other = await context.newPage();
  await other.goto(`http://127.0.0.1:${evil}/`);
  const [opened] = await Promise.all([
    context.waitForEvent("page"),
    other.evaluate((url) => { window.opened = window.open(url); }, `${url}/`),
  ]);
  await opened.waitForURL(`${url}/`);
  assert.equal(await opened.locator("h1").innerText(), "Messages");
  assert.equal(await opened.evaluate(() => window.opener), null);
  assert.equal(await other.evaluate(() => window.opened.closed), true);
});

test("other names that lead to the address are refused", async () => {
  const port = receiver.inspector.split(":")[1];
  const browser = await launch("--host-resolver-rules=MAP *.example 127.0.0.1, MAP *.localhost 127.0.0.1");
  const context = await browser.newContext({ httpCredentials: { username: "operator", password: receiver.password } });
  const page = await context.newPage();
  for (const host of ["evil.example", "127.0.0.1.evil.example", "localhost.evil.example", "operator.localhost"]) {
    const response = await page.goto(`http://${host}:${port}/`);
    assert.equal(response.status(), 421, host);
    assert.match(await page.innerText("body"), /does not answer to this host name/);
    // As its own page would ask, once the name leads here.
    assert.equal(await page.evaluate(async () => (await fetch("/events?q=&after=0")).status), 421);
  }
  for (const host of ["127.0.0.1", "localhost"]) {
    assert.equal((await page.goto(`http://${host}:${port}/`)).status(), 200, host);
  }
});

test("without the password there is nothing, and after signing out there is nothing again", async () => {
  const { page, context } = await open(receiver, { password: "wrong" });
  for (const path of ["/", `/messages/${id}`, `/messages/${id}/raw`, "/events?q=&after=0", "/refused"]) {
    assert.equal((await page.goto(receiver.url + path)).status(), 401, path);
    assert.match(await page.innerText("body"), /Sign in as `operator`/);
  }
  await context.close();
  const signedIn = await open(receiver);
  await signedIn.page.goto(receiver.url);
  await signedIn.page.getByRole("link", { name: "Sign out" }).click();
  await signedIn.page.waitForURL("**/sign-out");
  assert.match(await signedIn.page.innerText("body"), /Sign in as `operator`/);
});
