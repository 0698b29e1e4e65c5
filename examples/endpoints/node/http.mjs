// Node's own http module, without a framework: `AUTHENTICATION=client-secret CLIENT_SECRET=... PORT=8080 node http.mjs`

import { createServer } from "node:http";
import { env } from "node:process";
import { LIMIT, PATH, Refused, checkHeaders, checkType, problem, readBody, readMessage, store } from "./webhook.mjs";

async function take(request) {
  if (request.headersDistinct.host?.length > 1) throw new Refused(400, "There are two Host headers.");
  if (!URL.canParse(request.url, "http://host")) throw new Refused(400, "The request target is not a URL.");
  if (new URL(request.url, "http://host").pathname !== PATH) throw new Refused(404, "There is nothing here.");
  if (request.method !== "POST") throw new Refused(405, "Webhook messages are sent with POST.");
  checkHeaders(request.headersDistinct.authorization);
  checkType(request.headers["content-type"]);
  await store(readMessage(await readBody(request)));
}

const server = createServer(async (request, response) => {
  try {
    await take(request);
    response.writeHead(200, { "content-type": "application/json" }).end("{}");
  } catch (error) {
    if (request.readableAborted) return; // the client has disconnected
    const { status, headers, body } = problem(error);
    response.writeHead(status, headers).end(body);
  }
});
server.listen(Number(env.PORT ?? 8080), env.HOST ?? "127.0.0.1", () => {
  const { address, port } = server.address();
  console.log(`listening on http://${address}:${port}${PATH}`);
});
