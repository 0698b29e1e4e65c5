#!/usr/bin/env python3
"""The receiver beside what people would use in its place: same machine, same message, same load, one after the other.

`just bench` builds what is needed and runs this. Each server has one core, the load (`wrk`) another. A round measures
every server once, freshly started; the figures are medians over the rounds, with the least and the most. What is not
installed is left out and said so. Everything listens on 127.0.0.1 and is stopped by its process number.
"""
import argparse
import base64
import http.client
import json
import os
import pathlib
import re
import selectors
import shutil
import socket
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import threading
import time

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
BASELINES = HERE / "baselines"
BODY = ROOT / "schemas/samples/valid/step-completed-customer-set-up.json"
USERNAME, PASSWORD = "flowingly", "for measuring only"
AUTHORIZATION = "Basic " + base64.b64encode(f"{USERNAME}:{PASSWORD}".encode()).decode()
SERVER_CORE, LOAD_CORE = "0", "1"
STREAMS = 32
SEARCHES = ("is:broken", "customer", "trigger:stepCompleted+debtor", "nothinglikethis", "%22credit+limit%22")
POST = """
local file = io.open(os.getenv("BODY"), "rb")
wrk.method = "POST"
wrk.body = file:read("*a")
file:close()
wrk.headers["content-type"] = "application/json"
wrk.headers["authorization"] = os.getenv("AUTHORIZATION")
"""


class Missing(Exception):
    """A program or package that is not here."""


class Server:
    """A running server in a folder of its own."""

    def __init__(self, prepare, binaries):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="bench-", dir=options.folder))
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        command, extra = prepare(self.folder, self.port, binaries)
        with open(self.folder / "output", "wb") as output:
            self.process = subprocess.Popen(
                ["taskset", "-c", SERVER_CORE, *map(str, command)],
                stdout=output, stderr=output, cwd=self.folder, env={**os.environ, **extra},
            )
        begun = time.monotonic()
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
                self.started = time.monotonic() - begun
                return
            except OSError:
                if self.process.poll() is not None or time.monotonic() > begun + 20:
                    sys.exit(f"{command[0]} did not start:\n{(self.folder / 'output').read_text()[-2000:]}")
                time.sleep(0.002)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        try:
            self.process.wait(60)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        shutil.rmtree(self.folder)

    def cpu(self):
        """Seconds of CPU time that it and its children have used."""
        children = pathlib.Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        ticks = 0
        for process in [self.process.pid, *children]:
            fields = pathlib.Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()
            ticks += sum(map(int, fields[11:15]))
        return ticks / os.sysconf("SC_CLK_TCK")

    def memory(self):
        """Most MiB that were resident."""
        status = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(r"VmHWM:\s+(\d+)", status)[1]) / 1024

    def load(self, connections, seconds):
        """What wrk says of so many connections for so long."""
        script = self.folder / "post.lua"
        script.write_text(POST)
        before = self.cpu()
        run = subprocess.run(
            ["taskset", "-c", LOAD_CORE, "wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--latency",
             "--timeout", "10s", "-s", script, f"http://127.0.0.1:{self.port}/hook"],
            check=True, capture_output=True, text=True, env={**os.environ, "BODY": str(BODY), "AUTHORIZATION": AUTHORIZATION},
        ).stdout
        count = int(re.search(r"(\d+) requests in", run)[1])
        for trouble in re.findall(r"(?:Non-2xx|Socket errors).*", run):
            print(f"  ! {self.process.args[3]}: {trouble}", flush=True)
        return {
            "rate": float(re.search(r"Requests/sec:\s+([\d.]+)", run)[1]), "count": count,
            "p50": milliseconds(run, 50), "p99": milliseconds(run, 99),
            "cpu": (self.cpu() - before) / max(count, 1) * 1e6,
        }

    def paced(self, rate, seconds, messages=()):
        """What `webhook-sender load` says of a fixed rate."""
        run = subprocess.run(
            ["taskset", "-c", LOAD_CORE, options.release / "webhook-sender", "load", "--to",
             f"http://127.0.0.1:{self.port}/hook", "--rate", f"{rate}/s", "--duration", f"{seconds}s",
             "--connections", "64", "--username", USERNAME, "--password", "env:BENCH_PASSWORD", "--output", "json", *messages],
            capture_output=True, text=True, env={**os.environ, "BENCH_PASSWORD": PASSWORD},
        )
        return json.loads(run.stdout)

    def lag(self):
        """Bytes of the log that the index has not read yet, and the log's end."""
        newest = max((self.folder / "data/log").glob("*.log"), key=lambda path: path.name)
        with open(newest, "rb") as segment:
            base = int.from_bytes(segment.read(16)[8:], "little")
        end = base + newest.stat().st_size
        index = sqlite3.connect(f"file:{self.folder / 'data/index.sqlite'}?mode=ro", uri=True)
        [position] = index.execute("SELECT position FROM cursor").fetchone()
        index.close()
        return end - position, end


def milliseconds(run, percentile):
    value, unit = re.search(rf"\b{percentile}%\s+([\d.]+)(us|ms|s)\b", run).groups()
    return float(value) * {"us": 0.001, "ms": 1, "s": 1000}[unit]


def program(name):
    path = shutil.which(name)
    if not path:
        raise Missing(name)
    return path


def receiver(folder, _port, binary):
    (folder / "password").write_text(PASSWORD)
    (folder / "receiver.toml").write_text(f"""
listen = "127.0.0.1:{_port}"
data_dir = "data"
log_payloads = false
[[endpoint]]
path = "/hook"
authentication = {{ type = "basic", username = "{USERNAME}", password = "file:password" }}
""")
    return [binary, "serve", "--config", "receiver.toml"], {}


def inspected(folder, port, binary):
    command, extra = receiver(folder, port, binary)
    with open(folder / "receiver.toml", "r+") as file:
        # Top-level keys come before the first table.
        text = file.read().replace("[[endpoint]]", 'inspect = "127.0.0.1:0"\n[[endpoint]]', 1)
        file.seek(0)
        file.write(text)
    return command, extra


def bare_axum(_folder, port, _):
    return [options.release / "examples/bare-axum", f"127.0.0.1:{port}"], {}


def usual_axum(_folder, port, _):
    return [options.release / "examples/usual-axum", f"127.0.0.1:{port}", "messages", f"{USERNAME}:{PASSWORD}"], {}


def nginx(folder, port, _):
    path = program("nginx")
    (folder / "htpasswd").write_text(f"{USERNAME}:{{PLAIN}}{PASSWORD}\n")
    (folder / "nginx.conf").write_text((BASELINES / "nginx.conf").read_text().replace("PORT", str(port)))
    folder.chmod(0o755)
    return [path, "-p", folder, "-c", "nginx.conf"], {}


def express(*sync):
    def prepare(_folder, port, _):
        node = program("node")
        modules = options.peers / "node_modules"
        if not (modules / "express").is_dir():
            raise Missing(f"express (npm install --prefix {options.peers} express)")
        return [node, BASELINES / "express.js", port, "messages", f"{USERNAME}:{PASSWORD}", *sync], {"NODE_PATH": str(modules)}
    return prepare


def fastapi(_folder, port, _):
    python = options.peers / "bin/python"
    if not python.exists() or subprocess.run([python, "-c", "import fastapi, uvicorn"], capture_output=True).returncode:
        raise Missing(f"fastapi (python3 -m venv {options.peers}; {options.peers}/bin/pip install fastapi 'uvicorn[standard]')")
    return [python, "-m", "uvicorn", "--app-dir", BASELINES, "--port", port, "--no-access-log", "fastapi_sqlite:app"], {
        "FILE": "messages.sqlite", "CREDENTIAL": f"{USERNAME}:{PASSWORD}"}


def webhook(folder, port, _):
    path = program("webhook")
    (folder / "hooks.json").write_text((BASELINES / "webhook.json").read_text().replace("AUTHORIZATION", AUTHORIZATION))
    return [path, "-hooks", "hooks.json", "-ip", "127.0.0.1", "-port", port, "-urlprefix", ""], {}


SERVERS = {
    "receiver": receiver,
    "bare axum, 200 to anything": bare_axum,
    "nginx, body logged": nginx,
    "axum, Value, group commit": usual_axum,
    "express, not durable": express(),
    "express, one fdatasync each": express("sync"),
    "FastAPI, SQLite FULL": fastapi,
    "webhook, /bin/true": webhook,
}


def spread(values, form="{:,.0f}"):
    middle, least, most = (form.format(f(values)) for f in (statistics.median, min, max))
    return f"{middle} ({least} to {most})"


def compare():
    """Every server at every number of connections, and the receiver's ratio to each, round by round."""
    absent, results = set(), {}
    for connections in options.connections:
        for number in range(options.rounds):
            for name, prepare in SERVERS.items():
                wanted = name == "receiver" or not options.only or any(only in name for only in options.only)
                if name in absent or not wanted:
                    continue
                try:
                    with Server(prepare, options.release / "webhook-receiver") as server:
                        server.load(connections, 1)
                        result = server.load(connections, options.seconds)
                        result["memory"], result["started"] = server.memory(), server.started
                except Missing as missing:
                    absent.add(name)
                    print(f"left out: {name}: there is no {missing}", flush=True)
                    continue
                if not result["count"]:
                    print(f"  ! {name} answered nothing in a round, which is left out", flush=True)
                    continue
                results.setdefault((connections, name), {})[number] = result
    for connections in options.connections:
        print(f"\n{connections} connections; medians (least to most) of {options.rounds} rounds of {options.seconds} s\n")
        print("| Server | req/s | p50 ms | p99 ms | CPU µs a request | MiB | receiver is |\n|---|--:|--:|--:|--:|--:|--:|")
        ours = results[connections, "receiver"]
        for name in SERVERS:
            if rounds := results.get((connections, name)):
                column = lambda key: [each[key] for each in rounds.values()]
                ratios = [ours[number]["rate"] / rounds[number]["rate"] for number in ours if number in rounds]
                print(f"| {name} | {spread(column('rate'))} | {statistics.median(column('p50')):.1f} "
                      f"| {statistics.median(column('p99')):.1f} | {spread(column('cpu'), '{:.1f}')} "
                      f"| {max(column('memory')):.0f} | {spread(ratios, '{:.2f}') if ratios else 'no round in common'} |", flush=True)


def against(other):
    """Two builds of the receiver, A B A B: the rate, and the CPU time of a message, which other work disturbs less."""
    results = {"this": [], "other": []}
    for _ in range(options.rounds):
        for name, binary in ("this", options.release / "webhook-receiver"), ("other", other):
            with Server(receiver, binary) as server:
                server.load(options.connections[0], 1)
                results[name].append(server.load(options.connections[0], options.seconds))
    for key, form in ("rate", "{:,.0f}"), ("cpu", "{:.2f}"), ("p99", "{:.2f}"):
        this, that = ([each[key] for each in results[name]] for name in ("this", "other"))
        ratio = statistics.median(a / b for a, b in zip(this, that))
        print(f"{key:5} this {spread(this, form):32} other {spread(that, form):32} ratio {ratio:.3f}")


class Inspectors:
    """Browsers at the inspector: live streams that are read as they come, and a client that searches without a pause."""

    def __init__(self, server):
        [address] = re.findall(r"Inspector at http://([0-9.:]+)/", (server.folder / "output").read_text())
        host, port = address.split(":")
        password = (server.folder / "data/inspector/password").read_text().strip()
        authorization = "Basic " + base64.b64encode(f"operator:{password}".encode()).decode()
        self.headers = {"authorization": authorization, "sec-fetch-site": "same-origin"}
        self.address, self.streams, self.searches, self.rows = (host, int(port)), [], 0, 0
        self.stopped = threading.Event()
        for _ in range(STREAMS):
            stream = socket.create_connection(self.address)
            fields = "".join(f"{name}: {value}\r\n" for name, value in self.headers.items())
            stream.sendall(f"GET /events?q=&after=0 HTTP/1.1\r\nhost: {address}\r\n{fields}\r\n".encode())
            if b" 200 " not in stream.recv(4096).split(b"\r\n")[0]:
                sys.exit("the inspector refused a live stream")
            self.streams.append(stream)
        self.threads = [threading.Thread(target=self.read), threading.Thread(target=self.search)]
        for thread in self.threads:
            thread.start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stopped.set()
        for thread in self.threads:
            thread.join()
        for stream in self.streams:
            stream.close()

    def read(self):
        with selectors.DefaultSelector() as selector:
            for stream in self.streams:
                selector.register(stream, selectors.EVENT_READ)
            while not self.stopped.is_set():
                for key, _ in selector.select(timeout=0.1):
                    self.rows += key.fileobj.recv(1 << 16).count(b"\nid:")

    def search(self):
        connection = http.client.HTTPConnection(*self.address)
        while not self.stopped.is_set():
            connection.request("GET", "/?q=" + SEARCHES[self.searches % len(SEARCHES)], headers=self.headers)
            answer = connection.getresponse()
            answer.read()
            if answer.status != 200:
                sys.exit(f"the inspector answered a search with {answer.status}")
            self.searches += 1


def with_inspectors():
    """The receiver with 32 live streams and a searching loop at its inspector, and without them, A B A B."""
    results, work = {"with": [], "without": []}, []
    for _ in range(options.rounds):
        for name in results:
            with Server(inspected, options.release / "webhook-receiver") as server:
                server.load(options.connections[0], 1)
                if name == "without":
                    results[name].append(server.load(options.connections[0], options.seconds))
                    continue
                with Inspectors(server) as inspectors:
                    results[name].append(server.load(options.connections[0], options.seconds))
                work.append((inspectors.rows, inspectors.searches))
    print(f"{options.connections[0]} connections; {STREAMS} streams showed {spread([rows for rows, _ in work])} rows, "
          f"and the loop searched {spread([searches for _, searches in work])} times a round")
    for key, form in ("rate", "{:,.0f}"), ("p99", "{:.2f}"):
        busy, quiet = ([each[key] for each in results[name]] for name in results)
        ratio = statistics.median(a / b for a, b in zip(busy, quiet))
        print(f"{key:5} with {spread(busy, form):32} without {spread(quiet, form):32} ratio {ratio:.3f}")


def alone():
    """The receiver alone: a fixed rate, the index behind it, how fast it catches up and what it keeps up with."""
    binary, bytes_each = options.release / "webhook-receiver", 0
    with Server(receiver, binary) as server:
        print(f"\nstart to listening {server.started * 1000:.0f} ms, idle {server.memory():.0f} MiB")
        result = server.load(256, options.seconds)
        behind, end = server.lag()
        bytes_each = end / result["count"]
        begun = time.monotonic()
        while (left := server.lag()[0]) > 0 and time.monotonic() < begun + 5:
            time.sleep(0.01)
        caught = (behind - left) / bytes_each / (time.monotonic() - begun)
        print(f"256 connections, {options.seconds} s: {result['rate']:,.0f} messages/s; the index is "
              f"{behind / bytes_each:,.0f} of {result['count']:,} behind at the end and catches up at {caught:,.0f}/s")
    for rate in options.rates:
        with Server(receiver, binary) as server:
            paced = server.paced(rate, options.seconds, ["--from", str(BODY)])
            latency = paced["latencyUs"] or {"p50": 0, "p99": 0}
            print(f"{rate:,}/s: p50 {latency['p50'] / 1000:.1f} ms, p99 {latency['p99'] / 1000:.1f} ms, {paced['accepted']:,} accepted; "
                  f"index {server.lag()[0] / bytes_each:,.0f} behind", flush=True)


parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("--rounds", type=int, default=3)
parser.add_argument("--seconds", type=int, default=3)
parser.add_argument("--connections", type=int, nargs="+", default=[64, 256, 1000])
parser.add_argument("--rates", type=int, nargs="+", default=[1000, 2000, 5000, 10000, 20000], help="messages a second")
parser.add_argument("--only", nargs="+", help="measure only baselines with these words in their names")
parser.add_argument("--skip-alone", action="store_true", help="leave the receiver's own figures out")
parser.add_argument("--against", type=pathlib.Path, metavar="BINARY", help="compare with another build of the receiver, only")
parser.add_argument("--inspectors", action="store_true", help="measure with and without browsers at the inspector, only")
parser.add_argument("--release", type=pathlib.Path, default=ROOT / "target/release", help="where cargo has built")
parser.add_argument("--peers", type=pathlib.Path, default=ROOT / "target/peers", help="where express and fastapi are")
parser.add_argument("--folder", type=pathlib.Path, default=ROOT / "target", help="on the disk that is to be measured")
options = parser.parse_args()
options.release, options.folder = options.release.resolve(), options.folder.resolve()

if __name__ == "__main__":
    for name in "wrk", "taskset":
        if not shutil.which(name):
            sys.exit(f"there is no {name}; install it and try again")
    print(f"load of the machine before: {os.getloadavg()[0]:.1f}; server on core {SERVER_CORE}, load on core {LOAD_CORE}")
    if options.against:
        against(options.against)
    elif options.inspectors:
        with_inspectors()
    else:
        compare()
        if not options.skip_alone:
            alone()
    print(f"load of the machine after: {os.getloadavg()[0]:.1f}")
