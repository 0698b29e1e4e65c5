"""CherryPy: AUTHENTICATION=client-secret CLIENT_SECRET=... python cherrypy_app.py"""

import sys

import cherrypy

import webhook
from webhook import Refused


class Webhook:
    @cherrypy.expose
    def default(self, *_, **__):
        request = cherrypy.request
        if request.path_info != webhook.PATH:
            raise Refused(404, "There is nothing here.")
        if request.method != "POST":
            raise Refused(405, "Webhook messages are sent with POST.")
        # CherryPy joins headers of one name with a comma.
        webhook.check_headers([request.headers[name] for name in ["Authorization"] if name in request.headers])
        webhook.check_type(request.headers.get("Content-Type"))
        try:
            body = request.rfile.read()
        except (ValueError, OSError):
            raise Refused(400, "The body cannot be read.") from None
        webhook.store(webhook.read_message(body))
        cherrypy.response.headers["Content-Type"] = "application/json"
        return b"{}"


def problem():
    error = sys.exc_info()[1]
    if isinstance(error, cherrypy.HTTPError):  # CherryPy's own: 400, 413
        error = Refused(error.status, "The request was refused.")
    elif not isinstance(error, Refused):
        cherrypy.log("a message was not stored", traceback=True)
    status, headers, cherrypy.response.body = webhook.problem(error)
    cherrypy.response.status = status
    cherrypy.response.headers.update(headers)


cherrypy.config.update({
    "server.socket_host": webhook.HOST,
    "server.socket_port": webhook.PORT,
    "server.max_request_body_size": webhook.LIMIT,
    "server.thread_pool": 16,
    "engine.autoreload.on": False,
    "log.screen": False,
    "request.show_tracebacks": False,
})
# The handler reads the body, because CherryPy refuses a chunked body, which has no Content-Length, with 411.
config = {"/": {"request.process_request_body": False, "request.error_response": problem}}
cherrypy.tree.mount(Webhook(), "", config)
cherrypy.engine.start()
port = cherrypy.server.httpserver.bind_addr[1]
print(f"listening on http://{webhook.HOST}:{port}{webhook.PATH}", flush=True)
cherrypy.engine.block()
