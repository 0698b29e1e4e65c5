"""Starlette on hypercorn: AUTHENTICATION=client-secret CLIENT_SECRET=... python starlette_app.py"""

import asyncio
import logging
import socket

from hypercorn.asyncio import serve
from hypercorn.config import Config
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

import webhook
from webhook import Refused


async def receive(request):
    webhook.check_headers(request.headers.getlist("Authorization"))
    webhook.check_type(request.headers.get("Content-Type"))
    message = webhook.read_message(await read(request))
    await run_in_threadpool(webhook.store, message)  # the disk must not block other requests
    return JSONResponse({})


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


async def problem(request, error):
    if isinstance(error, HTTPException):  # Starlette's own: 404, 405
        error = Refused(error.status_code, error.detail)
    elif not isinstance(error, Refused):
        logging.error("a message was not stored", exc_info=error)
    status, headers, body = webhook.problem(error)
    return Response(body, status, headers)


app = Starlette(
    routes=[Route(webhook.PATH, receive, methods=["POST"])],
    exception_handlers=dict.fromkeys([Refused, HTTPException, OSError], problem),
)
app.router.redirect_slashes = False
listener = socket.create_server((webhook.HOST, webhook.PORT), backlog=512)
print(f"listening on http://{webhook.HOST}:{listener.getsockname()[1]}{webhook.PATH}", flush=True)
config = Config()
config.bind = [f"fd://{listener.detach()}"]
config.include_server_header = False
asyncio.run(serve(app, config))
