"""Flask behind waitress: AUTHENTICATION=client-secret CLIENT_SECRET=... python flask_app.py"""

import flask
import waitress
from werkzeug.exceptions import HTTPException

import webhook
from webhook import Refused

app = flask.Flask(__name__, static_folder=None)


@app.before_request
def check_host():
    # WSGI joins headers of one name with a comma.
    host = flask.request.environ.get("HTTP_HOST")
    if (host is None and flask.request.environ["SERVER_PROTOCOL"] == "HTTP/1.1") or "," in (host or ""):
        raise Refused(400, "There is not one Host header.")


@app.post(webhook.PATH, provide_automatic_options=False)
def receive():
    webhook.check_headers(flask.request.headers.getlist("Authorization"))
    webhook.check_type(flask.request.headers.get("Content-Type"))
    webhook.store(webhook.read_message(flask.request.get_data(cache=False)))
    return {}


@app.errorhandler(Exception)
def problem(error):
    if isinstance(error, HTTPException):  # Flask's own: 404, 405 with Allow
        error = Refused(error.code, error.name)
    elif not isinstance(error, Refused):
        app.logger.exception("a message was not kept")
    status, headers, body = webhook.problem(error)
    return body, status, headers


server = waitress.create_server(
    app, host=webhook.HOST, port=webhook.PORT, max_request_body_size=webhook.LIMIT, threads=16, ident=None
)
print(f"listening on http://{webhook.HOST}:{server.effective_port}{webhook.PATH}", flush=True)
server.run()
