// fastify: `npm install`, then `AUTHENTICATION=client-secret CLIENT_SECRET=... PORT=8080 node fastify.mjs`

import { env } from "node:process";
import fastify from "fastify";
import { LIMIT, PATH, Refused, checkHeaders, checkType, problem, readMessage, store } from "./webhook.mjs";

const app = fastify({ bodyLimit: LIMIT });

// Read the raw bytes: fastify's own JSON parser would hide a duplicate member.
app.removeAllContentTypeParsers();
app.addContentTypeParser("*", { parseAs: "buffer" }, (request, body, done) => done(null, body));

app.all(PATH, {
  // Runs before the body is read.
  async onRequest({ method, headers, raw }) {
    if (raw.headersDistinct.host?.length > 1) throw new Refused(400, "There are two Host headers.");
    if (method !== "POST") throw new Refused(405, "Webhook messages are sent with POST.");
    checkHeaders(raw.headersDistinct.authorization);
    checkType(headers["content-type"]);
  },
  async handler(request) {
    await store(readMessage(request.body ?? ""));
    return {};
  },
});

function answer(reply, error) {
  const { status, headers, body } = problem(error);
  return reply.code(status).headers(headers).send(body);
}
app.setNotFoundHandler((request, reply) => answer(reply, new Refused(404, "There is nothing here.")));
// fastify refuses requests with its own status from 400 to 499, such as 413 for a body that is too large.
app.setErrorHandler((error, request, reply) =>
  answer(reply, error.statusCode < 500 ? new Refused(error.statusCode, "The body cannot be read.") : error),
);

const address = await app.listen({ port: Number(env.PORT ?? 8080), host: env.HOST ?? "127.0.0.1" });
console.log(`listening on ${address}${PATH}`);
