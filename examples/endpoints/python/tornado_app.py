"""Tornado: AUTHENTICATION=client-secret CLIENT_SECRET=... python tornado_app.py"""

import asyncio
import logging
import socket

from tornado.httpserver import HTTPServer
from tornado.web import Application, HTTPError, RequestHandler

import webhook
from webhook import Refused


class Webhook(RequestHandler):
    async def post(self):
        headers = self.request.headers
        webhook.check_headers(headers.get_list("Authorization"))
        webhook.check_type(headers.get("Content-Type"))
        message = webhook.read_message(self.request.body)
        await asyncio.to_thread(webhook.store, message)  # the disk must not block other requests
        self.write({})

    def write_error(self, status, exc_info=None, **_):
        error = exc_info[1] if exc_info else Refused(status, "The request was refused.")
        if isinstance(error, HTTPError):  # Tornado's own: 404, 405
            error = Refused(error.status_code, "The request was refused.")
        status, headers, body = webhook.problem(error)
        self.set_status(status)
        for name, value in headers.items():
            self.set_header(name, value)
        self.finish(body)

    def log_exception(self, kind, error, trace):
        if not isinstance(error, (Refused, HTTPError)):
            logging.error("a message was not stored", exc_info=(kind, error, trace))


class NotFound(Webhook):
    def prepare(self):
        raise Refused(404, "There is nothing here.")


async def main():
    app = Application([(webhook.PATH, Webhook)], default_handler_class=NotFound, log_function=lambda _: None)
    listener = socket.create_server((webhook.HOST, webhook.PORT), backlog=512)
    listener.setblocking(False)
    HTTPServer(app, max_body_size=webhook.LIMIT).add_socket(listener)
    print(f"listening on http://{webhook.HOST}:{listener.getsockname()[1]}{webhook.PATH}", flush=True)
    await asyncio.Event().wait()


asyncio.run(main())
