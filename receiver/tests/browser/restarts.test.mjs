// Streams that break, and restarts of receiver and browser: every message is shown once, and in its order.

import assert from "node:assert/strict";
import { EventEmitter, once } from "node:events";
import net from "node:net";
import { test } from "node:test";
import { ENDPOINTS, IS_SOAK, Receiver, closeAtEnd, open, shows, visit } from "./support.mjs";

const ROUNDS = IS_SOAK ? 100 : 20;

/** Between browser and inspector; breaks the connections of streams. Emits `stream` when one is asked for. */
class Proxy extends EventEmitter {
  #server = net.createServer((client) => this.#connect(client));
  #streams = new Set();
  #limit = Infinity;

  async listen() {
    this.#server.listen(0, "127.0.0.1");
    await once(this.#server, "listening");
    closeAtEnd(() => this.#server.close());
    return this;
  }

  get authority() {
    return `127.0.0.1:${this.#server.address().port}`;
  }

  get streams() {
    return this.#streams.size;
  }

  /** Breaks what is open now, and the next stream after this number of bytes. */
  breakAfter(bytes) {
    this.#limit = bytes;
    for (const stream of this.#streams) stream.destroy();
  }

  #connect(client) {
    const [host, port] = this.target.split(":");
    const server = net.connect({ host, port: Number(port) });
    let left = Infinity;
    client.on("data", (bytes) => {
      if (bytes.toString("latin1").startsWith("GET /events")) {
        this.#streams.add(client);
        left = this.#limit;
        this.#limit = Infinity;
        this.emit("stream");
      }
      server.write(bytes);
    });
    server.on("data", (bytes) => {
      client.write(bytes.subarray(0, left));
      left -= bytes.length;
      if (left <= 0) client.destroy();
    });
    const end = () => {
      this.#streams.delete(client);
      client.destroy();
      server.destroy();
      this.emit("end");
    };
    for (const socket of [client, server]) socket.on("close", end).on("error", () => {});
  }
}

async function start() {
  const proxy = await new Proxy().listen();
  const receiver = await Receiver.start(`inspect_hosts = ["${proxy.authority}"]\n${ENDPOINTS}`);
  proxy.target = receiver.inspector;
  const sent = [];
  const send = async (count) => {
    for (let index = 0; index < count; index++) {
      const { status, id } = await receiver.post("/open", JSON.stringify({ number: sent.length }));
      assert.equal(status, 200);
      sent.push(id);
    }
  };
  return { proxy, receiver, sent, send, url: `http://${proxy.authority}/` };
}

/** Ids of the messages on the page, the oldest first. */
async function shown(page) {
  const links = await page.locator("#rows tbody td[data-label=Received] a").evaluateAll((all) => all.map((link) => link.getAttribute("href")));
  return links.map((link) => link.replace("/messages/", "")).reverse();
}

const arrival = (page, id) => page.locator(`#rows a[href="/messages/${id}"]`).waitFor();

test(`every message is shown once while the stream breaks and the receiver restarts, ${ROUNDS} times`, async () => {
  const { proxy, receiver, sent, send, url } = await start();
  const { page, context } = await open(receiver);
  // Connections that break are what this is about.
  await page.goto(url);
  await shows(page, "Live", "#live-state");
  for (let round = 0; round < ROUNDS; round++) {
    const again = once(proxy, "stream");
    if (round % 2 === 0) {
      await send(1);
      // In the middle of a row, or of a head.
      proxy.breakAfter((round * 1117) % 6000);
      await send(2);
      await again;
    } else {
      await send(2);
      await receiver.kill(round % 4 === 1 ? "SIGKILL" : "SIGTERM");
      await shows(page, "Disconnected since", "#live-state");
      await receiver.run();
      proxy.target = receiver.inspector;
      await send(1);
      await shows(page, "Live", "#live-state");
    }
  }
  await arrival(page, sent.at(-1));
  assert.deepEqual(await shown(page), sent);
  // The server has the same.
  await page.reload();
  assert.deepEqual(await shown(page), sent.slice(-50));
  await context.close();
});

test(`every message is shown once while the browser restarts, ${ROUNDS} times`, async () => {
  const { receiver, sent, send } = await start();
  for (let round = 0; round < ROUNDS; round++) {
    const { page, context } = await open(receiver);
    // Some arrive before the page, some between page and stream, some after.
    await send(1);
    await Promise.all([page.goto(receiver.url), send(3)]);
    await send(1);
    await arrival(page, sent.at(-1));
    const seen = await shown(page);
    assert.deepEqual(seen, sent.slice(-seen.length));
    assert(seen.length >= Math.min(sent.length, 50), `${seen.length}`);
    await context.close();
  }
});

test("the stream is closed while the tab is hidden or paused, and nothing is missing afterwards", async () => {
  const { proxy, receiver, sent, send, url } = await start();
  const { page, problems } = await open(receiver);
  await page.goto(url);
  await shows(page, "Live", "#live-state");
  assert.equal(proxy.streams, 1);
  const hide = (hidden) => page.evaluate((hidden) => {
    Object.defineProperty(document, "hidden", { configurable: true, get: () => hidden });
    document.dispatchEvent(new Event("visibilitychange"));
  }, hidden);
  const pause = page.locator("#live-pause");
  for (const [close, reopen] of [[() => hide(true), () => hide(false)], [() => pause.click(), () => pause.click()]]) {
    const ended = once(proxy, "end");
    await close();
    await ended;
    assert.equal(proxy.streams, 0);
    await send(2);
    const again = once(proxy, "stream");
    await reopen();
    await again;
    await arrival(page, sent.at(-1));
  }
  assert.deepEqual(await shown(page), sent);
  await pause.click();
  await shows(page, "Paused since", "#live-state");
  await visit(page, url);
});
