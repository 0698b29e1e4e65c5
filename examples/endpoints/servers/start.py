"""Runs one of the servers of this folder with the settings of the environment:

    AUTHENTICATION=basic BASIC_USERNAME=... BASIC_PASSWORD=... UPSTREAM=127.0.0.1:9000 python start.py caddy

Its configuration is a template: this puts the port, the service behind it and the hash of the password into it.
"""

import base64
import http.client
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).parent
BASIC = os.environ["AUTHENTICATION"] == "basic"
# Both have the version of PHP in their names.
PHP_FPM = next(Path("/usr/sbin").glob("php-fpm*"), "php-fpm")
MOD_PHP = next(Path("/usr/lib/apache2/modules").glob("libphp*.so"), "libphp.so")
# Name: the templates, and the commands, which run in the foreground. The last one has the port.
SERVERS = {
    "apache": (["apache.conf"], [["apache2", "-D", "FOREGROUND", "-f", "{folder}/apache.conf"]]),
    "caddy": (["Caddyfile"], [["caddy", "run", "--config", "{folder}/Caddyfile", "--adapter", "caddyfile"]]),
    "haproxy": (["haproxy.cfg"], [["haproxy", "-db", "-f", "{folder}/haproxy.cfg"]]),
    "lighttpd": (["lighttpd.conf"], [["lighttpd", "-D", "-f", "{folder}/lighttpd.conf"]]),
    "mod_php": (["mod_php.conf"], [["apache2", "-D", "FOREGROUND", "-f", "{folder}/mod_php.conf"]]),
    "php-fpm": (
        ["php-fpm.conf", "nginx.conf"],
        [
            [str(PHP_FPM), "--nodaemonize", "--fpm-config", "{folder}/php-fpm.conf"],
            ["nginx", "-p", "{folder}", "-c", "{folder}/nginx.conf", "-e", "stderr", "-g", "daemon off;"],
        ],
    ),
}


def hashed(name, password):
    """The password for a server's list of users."""
    if name == "caddy":
        # bcrypt, Caddy's default, ignores everything after the 72nd byte of a password.
        salt = os.urandom(12).hex()
        command = ["caddy", "hash-password", "--algorithm", "scrypt", "--salt", salt]
        return output(command, password + b"\n") + " " + base64.b64encode(salt.encode()).decode()
    # SHA-512 of crypt(3), which Apache, lighttpd and HAProxy support. Debian always has Perl.
    return output(["perl", "-e", "local $/; print crypt(<STDIN>, $ARGV[0])", f"$6${os.urandom(8).hex()}"], password)


def quoted(name, username):
    """The username for a configuration file."""
    if name == "caddy":
        if set(username) & set("{}\\"):
            raise SystemExit("Caddy reads braces and backslashes in a username as its own")
        return '"' + username.replace('"', '\\"') + '"'
    return re.sub(r"([\\\"'# $])", r"\\\1", username)  # HAProxy; the others have a file of users


def output(command, given):
    return subprocess.run(command, input=given, stdout=subprocess.PIPE, check=True).stdout.strip().decode()


def fill(text, values):
    if not BASIC:
        # A client secret is in the body, which only the service reads.
        text = re.sub(r"(?s)[ \t]*# <basic>.*?# </basic>\n", "", text)
    return re.sub(r"@([A-Z_]+)@", lambda found: values[found[1]], text)


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as free:
        return free.getsockname()[1]


def run(name, folder):
    templates, commands = SERVERS[name]
    upstream = os.environ.get("UPSTREAM", "127.0.0.1:9000")
    values = {"UPSTREAM": upstream, "FOLDER": folder, "MOD_PHP": str(MOD_PHP)}
    values["UPSTREAM_HOST"], values["UPSTREAM_PORT"] = upstream.split(":")
    if BASIC and name not in ("mod_php", "php-fpm"):
        username, password = os.environb[b"BASIC_USERNAME"], os.environb[b"BASIC_PASSWORD"]
        values["HASH"] = hashed(name, password)
        values["USERNAME"] = quoted(name, username.decode())
        Path(folder, "htpasswd").write_bytes(username + b":" + values["HASH"].encode() + b"\n")
    shutil.copy(HERE.parent / "php" / "webhook.php", folder)
    environment = {**os.environ, "XDG_CONFIG_HOME": folder, "XDG_DATA_HOME": folder}  # where Caddy stores its files
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    files = [Path(folder, "php.socket")] if name == "php-fpm" else []
    given = int(os.environ.get("PORT", "8080"))
    for _ in range(1 if given else 5):  # another process may take a free port first
        port = values["PORT"] = str(given or free_port())
        for template in templates:
            Path(folder, template).write_text(fill((HERE / template).read_text(), values))
        running = [
            subprocess.Popen([word.format(folder=folder) for word in command], env=environment) for command in commands
        ]
        try:
            if answers(int(port), files, running):
                print(f"listening on http://127.0.0.1:{port}/hooks/flowingly", flush=True)
                raise SystemExit(running[-1].wait())
        finally:
            for process in running:
                process.terminate()
            for process in running:
                process.wait()
    raise SystemExit("the server ended before it answered")


def answers(port, files, running):
    """Waits until the server answers and the files exist; false if a process ends first."""
    while all(process.poll() is None for process in running):
        try:
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
            connection.request("GET", "/")
            connection.getresponse()
            if all(file.exists() for file in files):
                return True
        except (OSError, http.client.HTTPException):
            pass
        time.sleep(0.02)
    return False


with tempfile.TemporaryDirectory(prefix="webhook-server-") as folder:
    # The workers of a server started by root run as another user.
    os.chmod(folder, 0o755)
    run(sys.argv[1], folder)
