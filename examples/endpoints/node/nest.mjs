// NestJS on express: `npm install`, then `AUTHENTICATION=client-secret CLIENT_SECRET=... PORT=8080 node nest.mjs`
//
// JavaScript has no decorators yet, so they are called here. In TypeScript, put them before the class and the method.

import "reflect-metadata";
import { env } from "node:process";
import { All, Catch, Controller, HttpException, Module, Req, Res } from "@nestjs/common";
import { NestFactory } from "@nestjs/core";
import { LIMIT, PATH, Refused, checkHeaders, checkType, problem, readMessage, store } from "./webhook.mjs";

class WebhookController {
  async receive(request, response) {
    if (request.headersDistinct.host?.length > 1) throw new Refused(400, "There are two Host headers.");
    if (request.method !== "POST") throw new Refused(405, "Webhook messages are sent with POST.");
    checkHeaders(request.headersDistinct.authorization);
    checkType(request.headers["content-type"]);
    await store(readMessage(request.body ?? ""));
    response.json({});
  }
}
const receive = [WebhookController.prototype, "receive"];
All()(...receive, Object.getOwnPropertyDescriptor(...receive));
Req()(...receive, 0);
Res()(...receive, 1);
Controller(PATH)(WebhookController);

class WebhookModule {}
Module({ controllers: [WebhookController] })(WebhookModule);

class ProblemFilter {
  catch(error, host) {
    // Nest and express refuse requests with their own status from 400 to 499, such as 404, or 413 for a large body.
    const refusedBy = error instanceof HttpException ? error.getStatus() : error.expose && error.status;
    const { status, headers, body } = problem(refusedBy ? new Refused(refusedBy, "The request was refused.") : error);
    host.switchToHttp().getResponse().writeHead(status, headers).end(body);
  }
}
Catch()(ProblemFilter);

const app = await NestFactory.create(WebhookModule, { bodyParser: false, logger: ["fatal"] });
app.set("case sensitive routing", true).set("strict routing", true).disable("x-powered-by");
// Read the raw bytes: Nest's JSON parser would hide a duplicate member.
app.useBodyParser("raw", { type: () => true, limit: LIMIT, inflate: false });
app.useGlobalFilters(new ProblemFilter());
await app.listen(Number(env.PORT ?? 8080), env.HOST ?? "127.0.0.1");
const { address, port } = app.getHttpServer().address();
console.log(`listening on http://${address}:${port}${PATH}`);
