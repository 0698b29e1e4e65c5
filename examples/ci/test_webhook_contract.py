"""Each case of the webhook contract is a test of pytest. Start your endpoint first (a fixture, or a step of the job):

    ENDPOINT_URL=http://127.0.0.1:8080/hooks/flowingly CLIENT_SECRET=... pytest test_webhook_contract.py
"""

import json
import os
import subprocess

import pytest


def run():
    program = os.environ.get("WEBHOOK_CONTRACT", "webhook-contract")
    # A reference to the secret, never the secret: arguments are seen by every process of the machine.
    credential = ["--client-secret", "env:CLIENT_SECRET"]
    command = [program, "check", os.environ["ENDPOINT_URL"], *credential, "--wait-ready", "10s", "--report", "json"]
    done = subprocess.run(command, stdout=subprocess.PIPE, timeout=180)
    # 0 and 1 are verdicts; 2 is a wrong command line, 3 an endpoint that does not answer.
    if done.returncode not in (0, 1):
        raise pytest.UsageError(f"webhook-contract ended with {done.returncode}")
    return json.loads(done.stdout)


REPORT = run()


@pytest.mark.parametrize("result", REPORT["results"], ids=lambda result: result["id"])
def test_case(result):
    if result["outcome"] in ("skipped", "known"):
        pytest.skip(result["reason"])
    if result["outcome"] == "throttled":
        # Answered 429 or 503: nothing is proven.
        words = "{clause} ({level}) {title}\nthrottled: {reason}".format(**result)
        pytest.fail(words, pytrace=False) if result["level"] == "must" else pytest.skip(words)
    if result["outcome"] == "failed":
        words = "{clause} ({level}) {title}\nexpected: {expected}\ncame: {came}\nmend: {mend}".format(**result)
        # A SHOULD is worth knowing, and no reason to stop.
        pytest.fail(words, pytrace=False) if result["level"] == "must" else pytest.xfail(words)


def test_the_contract_holds():
    assert REPORT["holds"], "\n".join(REPORT["notices"])
