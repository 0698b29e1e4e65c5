// Valid samples pass, invalid ones break the clause in their name and no other.
//
//     npm install && node schemas.mjs

import { readFileSync, readdirSync } from "node:fs";
import Ajv from "ajv/dist/2020.js";

const root = new URL("../../", import.meta.url);
const json = (path) => JSON.parse(readFileSync(new URL(path, root), "utf8"));
const list = (folder) => readdirSync(new URL(folder, root)).filter((name) => name.endsWith(".json")).sort();

const schemas = list("json/").map((name) => json(`json/${name}`));
const ajv = new Ajv({
  schemas,
  validateSchema: false, // done below, to name the file
  allErrors: true,
  verbose: true, // so that an error holds the schema object that it comes from
  strictTypes: false,
  keywords: ["x-clause", "x-provenance"],
});

// Every object of a schema file, with its own `x-clause` or the nearest one above it.
const nearest = new Map();
function learn(node, above) {
  if (node === null || typeof node !== "object") return;
  const clause = typeof node["x-clause"] === "string" ? node["x-clause"] : above;
  nearest.set(node, clause);
  for (const child of Object.values(node)) learn(child, clause);
}
schemas.forEach((schema) => learn(schema));

// The clause that an error breaks: a missing property breaks its own clause, if it has one; everything
// else the nearest `x-clause` on the way from the failing keyword up to the root of its file.
function clause({ keyword, params, parentSchema }) {
  const own = keyword === "required" && parentSchema.properties?.[params.missingProperty]?.["x-clause"];
  return own || nearest.get(parentSchema);
}

const failures = [];
for (const schema of schemas) {
  if (ajv.validateSchema(schema)) continue;
  console.log("FAILED", schema.$id, ajv.errorsText(ajv.errors, { dataVar: "" }));
  process.exit(1);
}

const message = ajv.getSchema("https://flowingly-webhooks.example/schemas/step-message.schema.json");
let samples = 0;
for (const folder of ["valid", "invalid"]) {
  for (const name of list(`samples/${folder}/`)) {
    samples += 1;
    const expected = folder === "invalid" ? name.replace(/^.*--(.*)\.json$/, "$1") : "";
    message(json(`samples/${folder}/${name}`));
    // ajv reports a failed `then` twice: at the keyword that failed, and at the `if` above it.
    const errors = (message.errors ?? []).filter((error) => error.keyword !== "if");
    const broken = [...new Set(errors.map(clause))].join(" ");
    if (broken !== expected) failures.push(`${folder}/${name}: breaks ${broken || "nothing"}, not ${expected || "nothing"}`);
  }
}

for (const failure of failures) console.log("FAILED", failure);
const verdict = failures.length ? `${failures.length} failures` : "all as named";
console.log(`schemas.mjs: ${samples} samples, ${schemas.length} schemas, ${verdict}`);
process.exitCode = failures.length ? 1 : 0;
