"""What an endpoint needs with any framework: check the credential, read the message, store it."""

import base64
import hashlib
import hmac
import json
import os
import re
import threading

PATH = "/hooks/flowingly"
HOST = os.environ.get("HOST", "127.0.0.1")
PORT = int(os.environ.get("PORT", "8080"))
LIMIT = 4 * 1024 * 1024
CHALLENGE = 'Basic realm="webhooks", charset="UTF-8"'


class Refused(Exception):
    """A refused request: a status and a short text, never anything from the request."""

    def __init__(self, status, title):
        super().__init__(title)
        self.status = status


def needed(name):
    # A missing variable stops the start, so it never opens the endpoint.
    value = os.environb.get(name.encode())
    if not value:
        raise SystemExit(f"set the environment variable {name}")
    return value


KIND = needed("AUTHENTICATION")
if KIND not in (b"none", b"client-secret", b"basic"):
    raise SystemExit("AUTHENTICATION must be none, client-secret or basic")
SECRET = needed("CLIENT_SECRET") if KIND == b"client-secret" else None
# RFC 7617 allows one encoding of a username and password: compare that, so there is nothing to decode.
BASIC = base64.b64encode(needed("BASIC_USERNAME") + b":" + needed("BASIC_PASSWORD")) if KIND == b"basic" else None


def same(given, expected):
    """Compares digests, which have equal length, so the time reveals neither content nor length."""
    return hmac.compare_digest(hashlib.sha256(given).digest(), hashlib.sha256(expected).digest())


def check_headers(authorization):
    """Checks the values of all Authorization headers of a request, before its body is read."""
    if BASIC is None:
        return
    # Not every server strips white space around a header's value.
    given = re.fullmatch(r"[ \t]*basic +(\S+)[ \t]*", authorization[0], re.IGNORECASE) if len(authorization) == 1 else None
    if given is None or not same(given[1].encode("latin-1", "replace"), BASIC):
        raise Refused(401, "The credentials are missing or wrong.")


def check_type(content_type):
    """Checks the Content-Type header of a request."""
    if (content_type or "").split(";")[0].strip().lower() != "application/json":
        raise Refused(415, "The content type is not application/json.")


def read_message(body):
    """Reads a body and checks the client secret in it. Returns the message without the secret."""
    given = []

    def members(pairs):
        # json.loads silently keeps the last of two equal names. It calls this for the outermost object last.
        given[:] = [value for name, value in pairs if name == "clientSecret"]
        return dict(pairs)

    def no_number(word):
        raise ValueError(f"{word} is not JSON")

    try:
        message = json.loads(body.decode("utf-8"), object_pairs_hook=members, parse_constant=no_number)
        json.dumps(message, ensure_ascii=False).encode()  # fails on a lone surrogate, which is not a character
    except (ValueError, RecursionError):
        raise Refused(400, "The body is not JSON.") from None
    if not isinstance(message, dict):
        raise Refused(422, "The body is not a JSON object.")
    if SECRET is not None and not (len(given) == 1 and isinstance(given[0], str) and same(given[0].encode(), SECRET)):
        raise Refused(403, "The client secret is missing or wrong.")
    message.pop("clientSecret", None)
    return message


_file = os.open(os.environ.get("MESSAGES", "messages.jsonl"), os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
_lock = threading.Lock()


def store(message):
    """Returns when the message is on disk: answer 2xx only after that."""
    # The newline before it separates it from a line that a full disk cut short.
    line = memoryview(f"\n{json.dumps(message)}\n".encode())
    with _lock:
        while line:
            line = line[os.write(_file, line) :]
        os.fsync(_file)


def problem(error):
    """Status, headers and body for an error, for any framework."""
    status, title = (error.status, str(error)) if isinstance(error, Refused) else (503, "The message could not be stored.")
    extra = {401: {"WWW-Authenticate": CHALLENGE}, 405: {"Allow": "POST"}, 503: {"Retry-After": "10"}}.get(status, {})
    headers = {"Content-Type": "application/problem+json", **extra}
    return status, headers, json.dumps({"status": status, "title": title}).encode()
