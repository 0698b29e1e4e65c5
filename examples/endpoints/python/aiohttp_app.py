"""aiohttp: AUTHENTICATION=client-secret CLIENT_SECRET=... python aiohttp_app.py"""

import asyncio
import logging
import socket

from aiohttp import web

import webhook
from webhook import Refused


async def receive(request):
    if len(request.headers.getall("Host", [])) != 1:
        raise Refused(400, "There is not exactly one Host header.")
    webhook.check_headers(request.headers.getall("Authorization", []))
    webhook.check_type(request.headers.get("Content-Type"))
    message = webhook.read_message(await request.read())
    await asyncio.to_thread(webhook.store, message)  # the disk must not block other requests
    return web.json_response({})


@web.middleware
async def problems(request, handler):
    try:
        return await handler(request)
    except Exception as error:
        if isinstance(error, web.HTTPException):  # aiohttp's own: 404, 405, 413
            error = Refused(error.status, error.reason)
        elif not isinstance(error, Refused):
            logging.exception("a message was not stored")
        status, headers, body = webhook.problem(error)
        return web.Response(status=status, headers=headers, body=body)


app = web.Application(client_max_size=webhook.LIMIT, middlewares=[problems])
app.router.add_post(webhook.PATH, receive)
listener = socket.create_server((webhook.HOST, webhook.PORT), backlog=512)
print(f"listening on http://{webhook.HOST}:{listener.getsockname()[1]}{webhook.PATH}", flush=True)
web.run_app(app, sock=listener, print=None, access_log=None)
