// hapi: `npm install`, then `AUTHENTICATION=client-secret CLIENT_SECRET=... PORT=8080 node hapi.mjs`

import { env } from "node:process";
import hapi from "@hapi/hapi";
import { LIMIT, PATH, Refused, checkHeaders, checkType, problem, readMessage, store } from "./webhook.mjs";

const server = hapi.server({ port: Number(env.PORT ?? 8080), host: env.HOST ?? "127.0.0.1", debug: false });

server.route({
  method: ["POST", "PUT", "PATCH", "DELETE"],
  path: PATH,
  options: {
    // Read the raw bytes: hapi's own JSON parser would hide a duplicate member.
    payload: { parse: false, output: "data", maxBytes: LIMIT },
  },
  async handler({ payload }) {
    await store(readMessage(payload ?? ""));
    return {};
  },
});
server.route({ method: "GET", path: PATH, handler: () => ({}) });

// Runs before the body is read.
server.ext("onPreAuth", ({ method, headers, raw }, toolkit) => {
  if (raw.req.headersDistinct.host?.length > 1) throw new Refused(400, "There are two Host headers.");
  if (method !== "post") throw new Refused(405, "Webhook messages are sent with POST.");
  checkHeaders(raw.req.headersDistinct.authorization);
  checkType(headers["content-type"]);
  return toolkit.continue;
});

server.ext("onPreResponse", ({ response: error }, toolkit) => {
  if (!error.isBoom) return toolkit.continue;
  // hapi refuses requests with its own status from 400 to 499, such as 404, or 413 for a body that is too large.
  const { statusCode } = error.output;
  const known = error instanceof Refused || statusCode >= 500;
  const { status, headers, body } = problem(known ? error : new Refused(statusCode, "The request was refused."));
  const response = toolkit.response(body).code(status);
  for (const [name, value] of Object.entries(headers)) response.header(name, value);
  return response;
});

await server.start();
console.log(`listening on ${server.info.uri}${PATH}`);
