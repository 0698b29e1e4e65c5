"""Runs each case of the webhook contract as a pytest test. Start your endpoint first (a fixture, or a step of the job):

    ENDPOINT_URL=http://127.0.0.1:8080/hooks/flowingly CLIENT_SECRET=... pytest test_webhook_contract.py
"""

import json
import os
import subprocess

import pytest


def run():
    program = os.environ.get("WEBHOOK_CONTRACT", "webhook-contract")
    # A reference, because every process on the machine can read arguments.
    credential = ["--client-secret", "env:CLIENT_SECRET"]
    command = [program, "check", os.environ["ENDPOINT_URL"], *credential, "--wait-ready", "10s", "--report", "json"]
    done = subprocess.run(command, stdout=subprocess.PIPE, timeout=180)
    # 0 and 1 are verdicts; 2 is a usage error, 3 an endpoint that does not answer.
    if done.returncode not in (0, 1):
        raise pytest.UsageError(f"webhook-contract ended with {done.returncode}")
    return json.loads(done.stdout)


REPORT = run()


@pytest.mark.parametrize("result", REPORT["results"], ids=lambda result: result["id"])
def test_case(result):
    if result["outcome"] in ("skipped", "known"):
        pytest.skip(result["reason"])
    if result["outcome"] == "throttled":
        # Answered 429 or 503, which proves nothing.
        message = "{clause} ({level}) {title}\nthrottled: {reason}".format(**result)
        pytest.fail(message, pytrace=False) if result["level"] == "must" else pytest.skip(message)
    if result["outcome"] == "failed":
        message = "{clause} ({level}) {title}\nexpected: {expected}\ngot: {came}\nfix: {mend}".format(**result)
        # A SHOULD that fails is reported, but does not fail the run.
        pytest.fail(message, pytrace=False) if result["level"] == "must" else pytest.xfail(message)


def test_the_contract_holds():
    assert REPORT["holds"], "\n".join(REPORT["notices"])
