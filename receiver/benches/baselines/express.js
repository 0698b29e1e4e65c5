// express: Basic credentials, the body read by express.json(), one line appended to a file; with "sync" each is synced
// before the answer. `node express.js PORT FILE USERNAME:PASSWORD [sync]`
const fs = require("node:fs");
const express = require("express");

const [port, path, credential, sync] = process.argv.slice(2);
const authorization = "Basic " + Buffer.from(credential).toString("base64");
const app = express();

app.use((request, response, next) => {
  if (request.headers.authorization !== authorization) return response.sendStatus(401);
  next();
});
app.use(express.json({ limit: "4mb" }));

async function main() {
  const file = await fs.promises.open(path, "a");
  app.post("/hook", async (request, response) => {
    await file.appendFile(JSON.stringify(request.body) + "\n");
    if (sync) await file.datasync();
    response.json({ ok: true });
  });
  app.listen(Number(port), "127.0.0.1");
}
main();
