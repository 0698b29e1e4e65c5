// Hono: `npm install`, then `AUTHENTICATION=client-secret CLIENT_SECRET=... PORT=8080 node hono.mjs`

import { env } from "node:process";
import { serve } from "@hono/node-server";
import { Hono } from "hono";
import { bodyLimit } from "hono/body-limit";
import { LIMIT, PATH, Refused, checkHeaders, checkType, problem, readMessage, store } from "./webhook.mjs";

const app = new Hono();

function check(context, next) {
  const { method, headersDistinct, headers } = context.env.incoming;
  if (headersDistinct.host?.length > 1) throw new Refused(400, "There are two Host headers.");
  if (method !== "POST") throw new Refused(405, "Webhook messages are sent with POST.");
  checkHeaders(headersDistinct.authorization);
  checkType(headers["content-type"]);
  return next();
}

function tooLarge() {
  throw new Refused(413, "The body is larger than 4 MiB.");
}

app.all(PATH, check, bodyLimit({ maxSize: LIMIT, onError: tooLarge }), async (context) => {
  await store(readMessage(await context.req.arrayBuffer()));
  return context.json({});
});
app.notFound(() => {
  throw new Refused(404, "There is nothing here.");
});
app.onError((error) => {
  const { status, headers, body } = problem(error);
  return new Response(body, { status, headers });
});

serve({ fetch: app.fetch, port: Number(env.PORT ?? 8080), hostname: env.HOST ?? "127.0.0.1" }, ({ address, port }) =>
  console.log(`listening on http://${address}:${port}${PATH}`),
);
