"""Sanic: AUTHENTICATION=client-secret CLIENT_SECRET=... python sanic_app.py"""

import asyncio
import logging
import socket

from sanic import Sanic
from sanic.exceptions import SanicException
from sanic.response import json, raw

import webhook
from webhook import Refused

app = Sanic("webhook", configure_logging=False)
app.config.REQUEST_MAX_SIZE = webhook.LIMIT
app.config.MOTD = False


@app.post(webhook.PATH, strict_slashes=True)
async def receive(request):
    if len(request.headers.getall("Host", [])) != 1:
        raise Refused(400, "There is not exactly one Host header.")
    webhook.check_headers(request.headers.getall("Authorization", []))
    webhook.check_type(request.headers.get("Content-Type"))
    message = webhook.read_message(request.body)
    await asyncio.to_thread(webhook.store, message)  # the disk must not block other requests
    return json({})


@app.exception(Exception)
async def problem(request, error):
    if isinstance(error, SanicException):  # Sanic's own: 400, 404, 405, 413
        error = Refused(error.status_code, "The request was refused.")
    elif not isinstance(error, Refused):
        logging.error("a message was not stored", exc_info=error)
    status, headers, body = webhook.problem(error)
    return raw(body, status, headers, headers["Content-Type"])


listener = socket.create_server((webhook.HOST, webhook.PORT), backlog=512)
print(f"listening on http://{webhook.HOST}:{listener.getsockname()[1]}{webhook.PATH}", flush=True)
app.run(sock=listener, single_process=True, access_log=False)
