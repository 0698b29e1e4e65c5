"""Falcon behind gunicorn: AUTHENTICATION=client-secret CLIENT_SECRET=... python falcon_app.py"""

import logging

import falcon
from gunicorn.app.base import BaseApplication

import webhook
from webhook import Refused


class Webhook:
    def on_post(self, request, response):
        # WSGI joins headers of one name with a comma, which no Basic parameter has.
        webhook.check_headers([value for value in [request.get_header("Authorization")] if value is not None])
        webhook.check_type(request.content_type)
        # Not request.bounded_stream or request.media, which treat a chunked body as empty, because it has no
        # Content-Length. gunicorn ends the stream at the end of the body (wsgi.input_terminated).
        try:
            body = request.stream.read(webhook.LIMIT + 1)
        except Exception:  # gunicorn raises several types
            raise Refused(400, "The body cannot be read.") from None
        if len(body) > webhook.LIMIT:
            raise Refused(413, "The body is larger than 4 MiB.")
        webhook.store(webhook.read_message(body))
        response.media = {}


def problem(request, response, error, _):
    if isinstance(error, falcon.HTTPError):  # Falcon's own: 404, 405
        error = Refused(error.status_code, "The request was refused.")
    elif not isinstance(error, Refused):
        logging.error("a message was not stored", exc_info=error)
    status, headers, response.data = webhook.problem(error)
    response.status = status
    response.set_headers(headers)


app = falcon.App()
app.add_route(webhook.PATH, Webhook())
app.add_error_handler(Exception, problem)


def ready(server):
    port = server.LISTENERS[0].sock.getsockname()[1]
    print(f"listening on http://{webhook.HOST}:{port}{webhook.PATH}", flush=True)


class Server(BaseApplication):
    def load_config(self):
        self.cfg.set("bind", f"{webhook.HOST}:{webhook.PORT}")
        self.cfg.set("worker_class", "gthread")
        self.cfg.set("threads", 16)
        self.cfg.set("loglevel", "warning")
        self.cfg.set("when_ready", ready)

    def load(self):
        return app


Server().run()
