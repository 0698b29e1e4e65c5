// Koa: `npm install`, then `AUTHENTICATION=client-secret CLIENT_SECRET=... PORT=8080 node koa.mjs`

import { env } from "node:process";
import Koa from "koa";
import { PATH, Refused, checkHeaders, checkType, problem, readBody, readMessage, store } from "./webhook.mjs";

const app = new Koa();

app.use(async (context, next) => {
  try {
    await next();
  } catch (error) {
    if (context.req.readableAborted) return; // the client has disconnected
    const { status, headers, body } = problem(error);
    context.status = status;
    context.body = body;
    context.set(headers); // after the body, which sets its own content type
  }
});

app.use(async (context) => {
  const { req, request } = context;
  if (req.headersDistinct.host?.length > 1) throw new Refused(400, "There are two Host headers.");
  if (request.path !== PATH) throw new Refused(404, "There is nothing here.");
  if (request.method !== "POST") throw new Refused(405, "Webhook messages are sent with POST.");
  checkHeaders(req.headersDistinct.authorization);
  checkType(req.headers["content-type"]);
  await store(readMessage(await readBody(req)));
  context.body = {};
});

const server = app.listen(Number(env.PORT ?? 8080), env.HOST ?? "127.0.0.1", () => {
  const { address, port } = server.address();
  console.log(`listening on http://${address}:${port}${PATH}`);
});
