"""FastAPI on uvicorn: AUTHENTICATION=client-secret CLIENT_SECRET=... python fastapi_app.py"""

import logging
import socket

import fastapi
import uvicorn
from fastapi.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

import webhook
from webhook import Refused

app = fastapi.FastAPI(openapi_url=None, redirect_slashes=False)


@app.post(webhook.PATH)
async def receive(request: fastapi.Request):
    if len(request.headers.getlist("Host")) > 1:
        raise Refused(400, "There are two Host headers.")
    if {"content-length", "transfer-encoding"} <= set(request.headers):
        raise Refused(400, "The length of the body is ambiguous.")
    webhook.check_headers(request.headers.getlist("Authorization"))
    webhook.check_type(request.headers.get("Content-Type"))
    message = webhook.read_message(await read(request))
    await run_in_threadpool(webhook.store, message)  # the disk must not block other requests
    return {}


async def read(request):
    body = bytearray()
    try:
        async for chunk in request.stream():
            if len(body) + len(chunk) > webhook.LIMIT:
                raise Refused(413, "The body is larger than 4 MiB.")
            body += chunk
    except ClientDisconnect:
        raise Refused(400, "The body ends too early.") from None
    return bytes(body)


@app.exception_handler(Refused)
@app.exception_handler(HTTPException)  # the framework's own: 404, 405
@app.exception_handler(OSError)
async def problem(request, error):
    if isinstance(error, HTTPException):
        error = Refused(error.status_code, error.detail)
    elif not isinstance(error, Refused):
        logging.exception("a message was not kept", exc_info=error)
    status, headers, body = webhook.problem(error)
    return fastapi.Response(body, status, headers)


listener = socket.create_server((webhook.HOST, webhook.PORT), backlog=512)
print(f"listening on http://{webhook.HOST}:{listener.getsockname()[1]}{webhook.PATH}", flush=True)
# h11 is stricter about HTTP than the alternative, httptools.
uvicorn.Server(uvicorn.Config(app, http="h11", log_level="warning", server_header=False)).run(sockets=[listener])
