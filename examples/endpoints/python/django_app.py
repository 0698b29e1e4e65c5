"""Django on hypercorn: AUTHENTICATION=client-secret CLIENT_SECRET=... python django_app.py

Chunked messages need ASGI: under WSGI, Django takes a body without Content-Length for an empty one.
"""

import asyncio
import logging
import socket

import django
from django.conf import settings
from django.core.asgi import get_asgi_application
from django.core.exceptions import RequestDataTooBig
from django.http import HttpResponse, JsonResponse
from django.urls import path
from django.views.decorators.csrf import csrf_exempt
from hypercorn.asyncio import serve
from hypercorn.config import Config

import webhook
from webhook import Refused

settings.configure(
    ALLOWED_HOSTS=[webhook.HOST, "localhost"],  # add the public name of the endpoint
    DATA_UPLOAD_MAX_MEMORY_SIZE=webhook.LIMIT,
    ROOT_URLCONF=__name__,
    MIDDLEWARE=["django.middleware.common.CommonMiddleware", "django.middleware.csrf.CsrfViewMiddleware"],
)


@csrf_exempt
def receive(request):
    try:
        take(request)
        return JsonResponse({})
    except Exception as error:
        if not isinstance(error, Refused):
            logging.exception("a message was not stored")
        return problem(error)


def take(request):
    if request.method != "POST":
        raise Refused(405, "Webhook messages are sent with POST.")
    # Django joins headers of one name with a comma, which no Basic parameter has.
    webhook.check_headers([request.headers[name] for name in ["Authorization"] if name in request.headers])
    webhook.check_type(request.headers.get("Content-Type"))
    try:
        body = request.body
    except RequestDataTooBig:
        raise Refused(413, "The body is larger than 4 MiB.") from None
    webhook.store(webhook.read_message(body))


def problem(error):
    status, headers, body = webhook.problem(error)
    return HttpResponse(body, status=status, headers=headers)


urlpatterns = [path(webhook.PATH.removeprefix("/"), receive)]
handler400 = lambda *_, **__: problem(Refused(400, "The request was refused."))
handler404 = lambda *_, **__: problem(Refused(404, "There is nothing here."))

django.setup()
listener = socket.create_server((webhook.HOST, webhook.PORT), backlog=512)
print(f"listening on http://{webhook.HOST}:{listener.getsockname()[1]}{webhook.PATH}", flush=True)
config = Config()
config.bind = [f"fd://{listener.detach()}"]
config.include_server_header = False
asyncio.run(serve(get_asgi_application(), config, mode="asgi"))
