"""Bottle behind waitress: AUTHENTICATION=client-secret CLIENT_SECRET=... python bottle_app.py"""

import logging

import bottle
import waitress

import webhook
from webhook import Refused

app = bottle.Bottle()
app.config["catchall"] = False  # Bottle's own error page shows the URL


@app.route(webhook.PATH, method="ANY")
def receive():
    environ = bottle.request.environ
    # WSGI joins headers of one name with a comma.
    if "HTTP_HOST" not in environ or "," in environ["HTTP_HOST"]:
        raise Refused(400, "There is not exactly one Host header.")
    if bottle.request.method != "POST":
        raise Refused(405, "Webhook messages are sent with POST.")
    webhook.check_headers([environ[name] for name in ["HTTP_AUTHORIZATION"] if name in environ])
    webhook.check_type(bottle.request.content_type)
    webhook.store(webhook.read_message(bottle.request.body.read()))
    return {}


@app.error(404)
def not_found(_):
    raise Refused(404, "There is nothing here.")


def problems(environ, start_response):
    try:
        return app(environ, start_response)
    except Exception as error:
        if not isinstance(error, Refused):
            logging.exception("a message was not stored")
        status, headers, body = webhook.problem(error)
        start_response(f"{status} Refused", list(headers.items()))
        return [body]


# waitress reads a chunked body to its end and sets its length. With a server that does not, such as that of bottle.run,
# read environ["wsgi.input"] only if environ["wsgi.input_terminated"] is true.
server = waitress.create_server(
    problems, host=webhook.HOST, port=webhook.PORT, max_request_body_size=webhook.LIMIT, threads=16, ident=None
)
print(f"listening on http://{webhook.HOST}:{server.effective_port}{webhook.PATH}", flush=True)
server.run()
