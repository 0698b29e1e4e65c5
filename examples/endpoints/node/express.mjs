// express: `npm install`, then `AUTHENTICATION=client-secret CLIENT_SECRET=... PORT=8080 node express.mjs`

import { env } from "node:process";
import express from "express";
import { LIMIT, PATH, Refused, checkHeaders, checkType, problem, readMessage, store } from "./webhook.mjs";

const app = express().disable("x-powered-by").enable("case sensitive routing").enable("strict routing");

// Read the raw bytes: express.json() would hide a duplicate member.
const body = express.raw({ type: () => true, limit: LIMIT, inflate: false });

function check(request, response, next) {
  if (request.headersDistinct.host?.length > 1) throw new Refused(400, "There are two Host headers.");
  if (request.method !== "POST") throw new Refused(405, "Webhook messages are sent with POST.");
  checkHeaders(request.headersDistinct.authorization);
  checkType(request.headers["content-type"]);
  next();
}

app.all(PATH, check, body, async (request, response) => {
  await store(readMessage(request.body ?? ""));
  response.json({});
});
app.use(() => {
  throw new Refused(404, "There is nothing here.");
});
// The four parameters make it an error handler. Without one, express shows stack traces.
app.use((error, request, response, next) => {
  // Errors of express.raw have their own status: 400 truncated, 413 too large, 415 compressed.
  const { status, headers, body } = problem(error.expose ? new Refused(error.status, "The body cannot be read.") : error);
  response.writeHead(status, headers).end(body);
});

const server = app.listen(Number(env.PORT ?? 8080), env.HOST ?? "127.0.0.1", () => {
  const { address, port } = server.address();
  console.log(`listening on http://${address}:${port}${PATH}`);
});
