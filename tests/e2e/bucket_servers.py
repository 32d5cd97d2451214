# SPDX-License-Identifier: Apache-2.0
"""Fixtures: real local GCS and S3 servers behind a proxy that can fail, cut and count."""

import contextlib
import os
import pathlib
import random
import shutil
import socket
import socketserver
import subprocess
import sys
import threading

import pytest
from conftest import CLIPS, hold_port, port_of, wait_until

TOOLS = pathlib.Path(
    os.environ.get("LIDO_TOOLS", pathlib.Path(__file__).parents[2] / "build/tools")
)
NAMES = ["h264_b.mp4", "hevc_b.mkv", "vp9.webm", "h264_b.ts", "with_sound.mp4"]


@contextlib.contextmanager
def serving(command, **options):
    """Runs a server that takes a port, and yields the port once the server answers there."""
    with hold_port() as held:
        port = port_of(held)
        process = subprocess.Popen([str(part) for part in command(port)], **options)
        try:
            wait_until(lambda: answers(port), process)
            yield port
        finally:
            process.kill()
            process.wait()


def answers(port):
    with socket.socket() as s:
        return s.connect_ex(("127.0.0.1", port)) == 0


class FaultyProxy(socketserver.ThreadingTCPServer):
    """Forwards TCP and counts the answers' bytes.

    While `rate` > 0, some connections get a 503 and some are cut after a few bytes.
    """

    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, port):
        self.upstream, self.rate, self.chance = port, 0.0, random.Random(4)
        self.faults, self.sent = 0, 0
        super().__init__(("127.0.0.1", 0), self.Handler)
        threading.Thread(target=self.serve_forever, daemon=True).start()

    class Handler(socketserver.BaseRequestHandler):
        def handle(self):
            proxy, limit = self.server, None
            if proxy.chance.random() < proxy.rate:
                proxy.faults += 1
                if proxy.chance.random() < 0.5:
                    self.request.recv(65536)
                    self.request.sendall(
                        b"HTTP/1.1 503 Service Unavailable\r\n"
                        b"Content-Length: 0\r\nConnection: close\r\n\r\n"
                    )
                    return
                limit = proxy.chance.randrange(200, 100_000)
            upstream = socket.create_connection(("127.0.0.1", proxy.upstream))
            threading.Thread(target=self.pump, args=(self.request, upstream), daemon=True).start()
            while data := upstream.recv(65536):
                if limit is not None and (limit := limit - len(data)) < 0:
                    break
                proxy.sent += len(data)
                try:
                    self.request.sendall(data)
                except OSError:
                    break
            for s in (upstream, self.request):
                with contextlib.suppress(OSError):
                    s.shutdown(socket.SHUT_RDWR)

        @staticmethod
        def pump(source, target):
            try:
                while data := source.recv(65536):
                    target.sendall(data)
                target.shutdown(socket.SHUT_WR)
            except OSError:
                pass


@pytest.fixture(scope="module")
def long_clip(tmp_path_factory):
    """Twenty times with_sound.mp4: its index stands at the end."""
    clip = tmp_path_factory.mktemp("long") / "long.mp4"
    subprocess.run(
        [
            *"ffmpeg -v error -nostdin -stream_loop 19 -i".split(),
            CLIPS / "with_sound.mp4",
            "-c",
            "copy",
            clip,
        ],
        check=True,
    )
    return clip


@pytest.fixture(scope="module")
def gcs(tmp_path_factory, long_clip):
    root = tmp_path_factory.mktemp("gcs")
    (root / "pool-a/raw").mkdir(parents=True)
    for name in NAMES:
        shutil.copy(CLIPS / name, root / "pool-a/raw")
    (root / "pool-a/long").mkdir()
    shutil.copy(long_clip, root / "pool-a/long")

    def command(port):
        flags = f"-scheme http -host 127.0.0.1 -port {port} -public-host 127.0.0.1:{port}".split()
        memory = ["-data", root, *"-backend memory -log-level error".split()]
        return [TOOLS / "fake-gcs-server", *flags, *memory]

    with serving(command) as port:
        proxy = FaultyProxy(port)
        yield (
            "gs://pool-a",
            {"CLOUD_STORAGE_EMULATOR_ENDPOINT": f"http://127.0.0.1:{proxy.server_address[1]}"},
            proxy,
        )


@pytest.fixture(scope="module")
def s3(long_clip):
    import boto3

    moto = pathlib.Path(sys.executable).parent / "moto_server"
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    with serving(lambda port: [moto, "-H", "127.0.0.1", "-p", port], **quiet) as port:
        client = boto3.client(
            "s3",
            endpoint_url=f"http://127.0.0.1:{port}",
            aws_access_key_id="a",
            aws_secret_access_key="b",
            region_name="us-east-1",
        )
        client.create_bucket(Bucket="pool-a")
        for name in NAMES:
            client.upload_file(str(CLIPS / name), "pool-a", f"raw/{name}")
        client.upload_file(str(long_clip), "pool-a", "long/long.mp4")
        proxy = FaultyProxy(port)
        yield (
            "s3://pool-a",
            {
                "AWS_ENDPOINT_URL": f"http://127.0.0.1:{proxy.server_address[1]}",
                "AWS_ACCESS_KEY_ID": "a",
                "AWS_SECRET_ACCESS_KEY": "b",
                "AWS_REGION": "us-east-1",
            },
            proxy,
        )


@pytest.fixture(params=["gcs", "s3"])
def bucket(request):
    uri, env, proxy = request.getfixturevalue(request.param)
    proxy.rate = 0.0
    return uri, env, proxy
