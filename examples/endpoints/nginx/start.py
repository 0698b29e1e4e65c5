"""Runs nginx.conf with the credential and ports of the environment, in front of UPSTREAM (host:port):

    AUTHENTICATION=basic BASIC_USERNAME=... BASIC_PASSWORD=... UPSTREAM=127.0.0.1:9000 python start.py
"""

import base64
import hashlib
import os
import re
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path

port = int(os.environ.get("PORT", "8080"))
if port == 0:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
address = f"127.0.0.1:{port}"
text = (Path(__file__).parent / "nginx.conf").read_text()
text = text.replace("127.0.0.1:8080", address).replace("127.0.0.1:9000", os.environ["UPSTREAM"])

with tempfile.TemporaryDirectory(prefix="webhook-nginx-") as folder:
    # The workers of an nginx started by root run as another user.
    os.chmod(folder, 0o755)
    if os.environ["AUTHENTICATION"] == "basic":
        username, password = os.environb[b"BASIC_USERNAME"], os.environb[b"BASIC_PASSWORD"]
        if username.startswith(b"#") or not password:
            raise SystemExit("nginx cannot have a username that begins with #, or an empty password")
        parameter = base64.b64encode(username + b":" + password).decode()
        padding = len(parameter) - len(parameter.rstrip("="))
        # The unused bits of the last character before the padding must be zero.
        last = ["[A-Za-z0-9+/]", "[AEIMQUYcgkosw048]", "[AQgw]"][padding]
        text = text.replace("{22}[AEIMQUYcgkosw048]=", f"{{{len(parameter) - padding - 1}}}{last}{'=' * padding}")
        # A salted SHA-1 is enough for a generated password; for one chosen by people use bcrypt or SHA-512 of crypt(3),
        # which nginx delegates to the system.
        salt = os.urandom(8)
        hashed = base64.b64encode(hashlib.sha1(password + salt).digest() + salt)
        Path(folder, "htpasswd").write_bytes(username + b":{SSHA}" + hashed + b"\n")
    else:
        # The service checks a client secret, because it is in the body, which nginx does not read.
        text = re.sub(r"(?m)^\s*auth_basic.*\n", "", text)
    Path(folder, "nobody").touch()
    Path(folder, "nginx.conf").write_text(text)

    nginx = subprocess.Popen(["nginx", "-p", folder, "-c", f"{folder}/nginx.conf", "-e", "stderr", "-g", "daemon off;"])
    signal.signal(signal.SIGTERM, lambda *_: nginx.terminate())
    # nginx does not report when it listens; it writes its pid file just after that.
    while nginx.poll() is None and not Path(folder, "nginx.pid").exists():
        time.sleep(0.01)
    print(f"listening on http://{address}/hooks/flowingly", flush=True)
    raise SystemExit(nginx.wait())
