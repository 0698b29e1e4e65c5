"""How an endpoint reads the two credentials, in Python's standard library alone, run on the vectors.

    python vectors.py
"""

import base64
import hmac
import json
import sys
from pathlib import Path

VECTORS = Path(__file__).resolve().parent.parent.parent / "vectors"


class Refused(Exception):
    """A credential is refused; the text says why."""


def same(given, accepted):
    """Compares all bytes, in a time that does not tell where the first difference is."""
    return hmac.compare_digest(given.encode(), accepted.encode())


# --- Basic ---


def write_basic(username, password):
    for name, text in (("username", username), ("password", password)):
        if not text:
            raise Refused(f"{name}-empty")
        if len(text) > 100:
            raise Refused(f"{name}-too-long")
        if any(c < " " or c == "\x7f" for c in text):
            raise Refused(f"{name}-control-character")
    if ":" in username:
        raise Refused("username-contains-colon")
    return "basic " + base64.b64encode(f"{username}:{password}".encode()).decode()


def read_basic(fields):
    """The username and password in the Authorization fields of a request."""
    fields = [field.strip(" \t") for field in fields]
    if not any(fields):
        raise Refused("missing")
    if len(fields) > 1:
        raise Refused("ambiguous")
    scheme, _, parameter = fields[0].partition(" ")
    if scheme.lower() != "basic":
        raise Refused("scheme")
    parameter = parameter.lstrip(" ")
    try:
        decoded = base64.b64decode(parameter)
    except ValueError:
        raise Refused("base64") from None
    # b64decode skips what it does not know; whatever it skipped is missing here.
    if not parameter or base64.b64encode(decoded).decode() != parameter:
        raise Refused("base64")
    try:
        text = decoded.decode("utf-8")
    except UnicodeDecodeError:
        raise Refused("utf-8") from None
    username, colon, password = text.partition(":")
    if not colon:
        raise Refused("no-colon")
    return username, password


def check_basic(fields, accepted):
    username, password = read_basic(fields)
    # `&` and not `and`: always both, so that the time does not tell which was wrong.
    if not same(username, accepted["username"]) & same(password, accepted["password"]):
        raise Refused("wrong")


# --- client secret ---


def unique(pairs):
    members = dict(pairs)
    if len(members) < len(pairs):
        raise Refused("ambiguous")
    return members


def check_client_secret(body, accepted):
    try:
        message = json.loads(body, object_pairs_hook=unique)
        json.dumps(message, ensure_ascii=False).encode()  # fails on half of a surrogate pair
    except ValueError:
        raise Refused("not-json") from None
    if not isinstance(message, dict) or "clientSecret" not in message:
        raise Refused("missing")
    if not isinstance(message["clientSecret"], str):
        raise Refused("not-a-string")
    if not same(message["clientSecret"], accepted):
        raise Refused("wrong")


# --- run ---


def outcome(function, *arguments):
    try:
        return function(*arguments)
    except Refused as refused:
        return str(refused)


basic = json.loads((VECTORS / "basic-authorization.json").read_text("utf-8"))
secret = json.loads((VECTORS / "client-secret.json").read_text("utf-8"))
runs = [
    *((c, outcome(write_basic, c["username"], c["password"]), c.get("header", c.get("error"))) for c in basic["encode"]),
    *((c, outcome(check_basic, c["headers"], c["accepted"]), c["reason"]) for c in basic["decode"]),
    *((c, outcome(check_client_secret, c["body"], c["accepted"]), c["reason"]) for c in secret["cases"]),
]
failures = [f"{case['name']}: {got}, not {expected}" for case, got, expected in runs if got != expected]
failures += [f"{case['name']}: verdict and reason differ" for case, _, _ in runs if "verdict" in case and (case["verdict"] == "accept") != (case["reason"] is None)]
for failure in failures:
    print("FAILED", failure)
print(
    f"vectors.py: {len(basic['encode'])} encode, {len(basic['decode'])} decode, {len(secret['cases'])} client secret, "
    + (f"{len(failures)} failures" if failures else "all as expected")
)
sys.exit(bool(failures))
