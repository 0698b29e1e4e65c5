"""Python's own http.server, without a framework: AUTHENTICATION=client-secret CLIENT_SECRET=... python http_server.py

http.server leaves the body and its framing to the handler, so some of HTTP is done here. Put a proxy in front of it.
"""

import contextlib
import re
import socket
import traceback
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import webhook
from webhook import Refused


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"  # keeps connections, and answers Expect: 100-continue
    default_request_version = protocol_version  # for the answer to an invalid request line
    timeout = 30  # maximum seconds of silence
    disable_nagle_algorithm = True

    def handle_request(self):
        try:
            # A refusal before the body is read ends the connection: the next request would begin inside the body.
            keep, self.close_connection = not self.close_connection, True
            self.check()
            body = self.read()
            self.close_connection = not keep
            webhook.store(webhook.read_message(body))
            self.answer(200, {"Content-Type": "application/json"}, b"{}")
        except (ConnectionError, TimeoutError):
            self.close_connection = True
        except Exception as error:
            if not isinstance(error, Refused):
                traceback.print_exc()
            self.answer(*webhook.problem(error))

    # http.server calls do_METHOD, and answers 501 if there is none.
    do_POST = do_GET = do_HEAD = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = do_TRACE = do_CONNECT = handle_request

    def check(self):
        hosts = self.headers.get_all("Host", [])
        if len(hosts) > 1 or (not hosts and self.request_version == "HTTP/1.1"):
            raise Refused(400, "There is not one Host header.")
        if not re.fullmatch(rf"(https?://[^/?]+)?{webhook.PATH}(\?.*)?", self.path):
            raise Refused(404, "There is nothing here.")
        if self.command != "POST":
            raise Refused(405, "Webhook messages are sent with POST.")
        webhook.check_headers(self.headers.get_all("Authorization", []))
        webhook.check_type(self.headers.get("Content-Type"))

    def read(self):
        lengths = self.headers.get_all("Content-Length", [])
        codings = self.headers.get_all("Transfer-Encoding", [])
        if codings:
            if lengths or [coding.strip().lower() for coding in codings] != ["chunked"]:
                raise Refused(400, "The length of the body is ambiguous.")
            return self.read_chunks()
        if len(lengths) > 1 or not all(re.fullmatch("[0-9]{1,19}", length) for length in lengths):
            raise Refused(400, "The length of the body is ambiguous.")
        return self.read_exactly(int(lengths[0]) if lengths else 0)

    def read_exactly(self, length):
        if length > webhook.LIMIT:
            raise Refused(413, "The body is larger than 4 MiB.")
        data = self.rfile.read(length)
        if len(data) < length:
            raise ConnectionError("the client stopped inside the body")
        return data

    def read_chunks(self):
        body = b""
        while True:
            size = re.fullmatch(rb"([0-9A-Fa-f]{1,16})[ \t]*(;[^\r\n]*)?\r\n", self.rfile.readline(1024))
            if size is None:
                raise Refused(400, "A chunk is malformed.")
            length = int(size[1], 16)
            if length == 0:
                break
            if len(body) + length > webhook.LIMIT:
                raise Refused(413, "The body is larger than 4 MiB.")
            body += self.read_exactly(length)
            if self.rfile.read(2) != b"\r\n":
                raise Refused(400, "A chunk is malformed.")
        while self.rfile.readline(8192).strip():  # skip the trailer fields
            pass
        return body

    def answer(self, status, headers, body):
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def finish(self):
        # A client that is still writing would lose the answer (RFC 9112 section 9.6): read up to 4 MiB.
        with contextlib.suppress(OSError):
            self.connection.shutdown(socket.SHUT_WR)
            for _ in range(webhook.LIMIT // 65536):
                if not self.rfile.read1(65536):
                    break
        super().finish()

    def log_message(self, *_):
        pass  # the request line may contain secrets


class Server(ThreadingHTTPServer):
    request_queue_size = 128


server = Server((webhook.HOST, webhook.PORT), Handler)
print(f"listening on http://{webhook.HOST}:{server.server_port}{webhook.PATH}", flush=True)
server.serve_forever()
