#!/usr/bin/env python3
"""How soon the receiver listens, how much memory it takes, and how large it is.

Usage: start_and_size.py [BINARY]      (default: target/release/webhook-receiver)

Starts the program on ports that the system chooses, in a fresh folder each time. Memory is read from /proc, so this
runs on Linux. Connections are plain HTTP/1.1, kept open; over each goes a message of about 1.5 KB, all at once.
"""

import asyncio
import os
import re
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

STARTS = 30
CONNECTIONS = 1000
ROUNDS = 5
ROOT = Path(__file__).resolve().parents[2]
SAMPLE = ROOT / "schemas/samples/valid/step-completed-customer-set-up.json"
CONFIG = """
listen = "127.0.0.1:0"
admin = "127.0.0.1:0"
data_dir = "data"
[[endpoint]]
path = "/hooks"
"""


class Receiver:
    """The program in a fresh folder, stopped at the end."""

    def __init__(self, binary):
        self.folder = tempfile.TemporaryDirectory()
        config = Path(self.folder.name) / "receiver.toml"
        config.write_text(CONFIG)
        log = open(config.with_name("log"), "w")
        began = time.perf_counter()
        self.process = subprocess.Popen(
            [binary, "serve", "--config", config], stdout=subprocess.PIPE, stderr=log, text=True
        )
        # Printed once the listeners are bound and the log is open.
        first = self.process.stdout.readline()
        self.milliseconds = (time.perf_counter() - began) * 1000
        self.port = int(re.search(r":(\d+)/", first).group(1))

    def memory(self, key):
        """In MiB."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(rf"{key}:\s+(\d+) kB", status).group(1)) / 1024

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait()
        self.folder.cleanup()


async def post(reader, writer, request):
    writer.write(request)
    head = await reader.readuntil(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200"), head
    length = int(re.search(rb"content-length: (\d+)", head).group(1))
    await reader.readexactly(length)


async def load(receiver):
    body = SAMPLE.read_bytes()
    head = f"POST /hooks HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    request = head.encode() + body
    connections = [await asyncio.open_connection("127.0.0.1", receiver.port) for _ in range(CONNECTIONS)]
    idle = receiver.memory("VmRSS")
    for _ in range(ROUNDS):
        await asyncio.gather(*(post(reader, writer, request) for reader, writer in connections))
    busy, peak = receiver.memory("VmRSS"), receiver.memory("VmHWM")
    for _, writer in connections:
        writer.close()
    return len(body), idle, busy, peak


def main():
    binary = Path(sys.argv[1] if len(sys.argv) > 1 else ROOT / "target/release/webhook-receiver").resolve()
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    starts = []
    for _ in range(STARTS):
        with Receiver(binary) as receiver:
            starts.append(receiver.milliseconds)
    with Receiver(binary) as receiver:
        alone = receiver.memory("VmRSS")
        size, idle, busy, peak = asyncio.run(load(receiver))
    print(f"binary                                {os.path.getsize(binary) / 1e6:8.1f} MB")
    print(
        f"start to listening, of {STARTS:3}           {statistics.median(starts):8.1f} ms"
        f"   (min {min(starts):.1f}, max {max(starts):.1f})"
    )
    print(f"memory, nobody connected              {alone:8.1f} MiB")
    print(f"memory, {CONNECTIONS} connections, no request   {idle:8.1f} MiB")
    print(f"memory, after {ROUNDS} messages of {size} bytes   {busy:8.1f} MiB   (peak {peak:.1f})")


if __name__ == "__main__":
    main()
