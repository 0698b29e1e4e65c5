// Runs each case of the webhook contract as a Jest test. Start your endpoint first (globalSetup, or a step of the job):
// ENDPOINT_URL=http://127.0.0.1:8080/hooks/flowingly CLIENT_SECRET=... npx jest webhook-contract.test.js

const { spawnSync } = require("node:child_process");

// Runs before the tests are declared, one for each result. The reference keeps the secret off the command line.
const { ENDPOINT_URL, WEBHOOK_CONTRACT = "webhook-contract" } = process.env;
const credential = ["--client-secret", "env:CLIENT_SECRET"];
const { status, stdout, error } = spawnSync(
  WEBHOOK_CONTRACT,
  ["check", ENDPOINT_URL, ...credential, "--wait-ready", "10s", "--report", "json"],
  { stdio: ["ignore", "pipe", "inherit"], maxBuffer: 64 * 1024 * 1024, timeout: 180_000 },
);
// 0 and 1 are verdicts; 2 is a usage error, 3 an endpoint that does not answer.
if (status !== 0 && status !== 1) throw error ?? new Error(`webhook-contract ended with ${status}`);
const report = JSON.parse(stdout);

describe.each(["must", "should", "may"])("%s", (level) => {
  for (const result of report.results.filter((result) => result.level === level)) {
    const name = `${result.id} (${result.clause}) ${result.title}`;
    // A SHOULD that fails is shown as skipped, and does not fail the run.
    const counts = result.outcome === "passed" || (!["skipped", "known"].includes(result.outcome) && level === "must");
    (counts ? test : test.skip)(name, () => {
      const { outcome, expected, came, mend, reason } = result;
      // Answered 429 or 503, which proves nothing.
      if (outcome === "throttled") throw new Error(`throttled: ${reason}`);
      if (outcome === "failed") throw new Error(`expected: ${expected}\ngot: ${came}\nfix: ${mend}`);
    });
  }
});

test("the contract holds", () => {
  expect(report).toMatchObject({ holds: true });
});
