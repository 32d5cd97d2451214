# SPDX-License-Identifier: Apache-2.0
"""Real local GCS and S3 servers, also through a proxy that answers 503 and cuts connections."""

import contextlib
import hashlib
import io
import json
import os
import pathlib
import random
import shutil
import socket
import socketserver
import subprocess
import sys
import tarfile
import threading
import time
import urllib.parse
import urllib.request

import boto3
import pytest
from conftest import CLIPS, SMALL, content, hold_port, ingest, port_of, run, table, wait_until

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


def objects(uri, env):
    """Checksums of the objects below a URI by their name, read from the server without Lido; the
    report, which names the time, is left out, and so are Arrow's empty markers of S3 folders.
    """
    scheme, _, bucket, prefix = uri.split("/", 3)
    if scheme == "s3:":
        client = boto3.client(
            "s3",
            endpoint_url=env["AWS_ENDPOINT_URL"],
            aws_access_key_id="a",
            aws_secret_access_key="b",
            region_name="us-east-1",
        )
        pages = client.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix + "/")
        names = [one["Key"] for page in pages for one in page.get("Contents", [])]

        def read(name):
            return client.get_object(Bucket=bucket, Key=name)["Body"].read()
    else:
        url = f"{env['CLOUD_STORAGE_EMULATOR_ENDPOINT']}/storage/v1/b/{bucket}/o"
        query = urllib.parse.urlencode({"prefix": prefix + "/", "maxResults": 100000})
        with urllib.request.urlopen(f"{url}?{query}") as answer:
            names = [one["name"] for one in json.load(answer).get("items", [])]

        def read(name):
            with urllib.request.urlopen(
                f"{url}/{urllib.parse.quote(name, '')}?alt=media"
            ) as answer:
                return answer.read()

    return {
        name.removeprefix(prefix + "/"): hashlib.sha256(read(name)).hexdigest()
        for name in names
        if not name.endswith(("report.html", "/"))
    }


def images(dataset):
    """Images of each sample, by what must not depend on a clip's storage. Keys do: they hash the
    clip's URI.
    """
    found = {}
    for row in table(dataset, "manifest"):
        with open(dataset / row["shard"], "rb") as shard:
            shard.seek(row["offset"])
            data = shard.read(row["length"])
        with tarfile.open(fileobj=io.BytesIO(data + bytes(1024))) as tar:
            files = {m.name.split(".", 1)[1]: tar.extractfile(m).read() for m in tar}
        name = row["clip"].rsplit("/")[-1], row["first_k"], tuple(row["pts"])
        found[name] = {k: v for k, v in files.items() if k.endswith("jpg")}
    return found


def test_clips_in_a_bucket_give_the_samples_of_clips_on_disk(bucket, tmp_path):
    uri, env, _ = bucket
    ingest(f"{uri}/raw", tmp_path / "bucket", *SMALL, env=env)
    ingest([CLIPS / n for n in NAMES], tmp_path / "disk", *SMALL)
    here = images(tmp_path / "disk")
    assert len(here) > 50 and all(len(files) == 4 for files in here.values())
    assert images(tmp_path / "bucket") == here
    assert run("inspect", tmp_path / "bucket", "--verify").code == 0


def test_faults_are_retried_and_change_nothing(bucket, tmp_path):
    uri, env, proxy = bucket
    ingest(f"{uri}/raw/*.mp4", tmp_path / "calm", *SMALL, env=env)
    proxy.rate, proxy.faults = 0.5, 0
    # A clear error after all retries is allowed; repeating the command resumes the ingest.
    for _ in range(12):
        done = run(
            "ingest", f"{uri}/raw/*.mp4", "--out", tmp_path / "stormy", *SMALL, "--quiet", env=env
        )
        if done.code == 0:
            break
        assert done.code == 1 and uri[:5] in done.err, done.err
    proxy.rate = 0.0
    assert done.code == 0 and proxy.faults > 0
    assert content(tmp_path / "calm") == content(tmp_path / "stormy")


def test_a_dataset_in_a_bucket(bucket, tmp_path):
    uri, env, _ = bucket
    out = f"{uri}/train"
    ingest(f"{uri}/raw/h264_b.mp4", out, *SMALL, env=env)
    ingest(f"{uri}/raw/h264_b.mp4", tmp_path / "d", *SMALL, env=env)
    first = objects(out, env)
    assert first == content(tmp_path / "d")
    assert (
        ingest([f"{uri}/raw/h264_b.mp4", f"{uri}/raw/vp9.webm"], out, *SMALL, env=env)["generation"]
        == 2
    )
    # Published objects never change.
    second = objects(out, env)
    assert first.items() <= second.items() and len(second) > len(first)
    found = run("inspect", out, "--json", "--verify", env=env)
    assert found.code == 0 and found.json["clips"] == 2, found.err
    gone = run("forget", out, "--clip", "vp9.webm", "--time", "all", "--json", env=env)
    assert gone.code == 0 and gone.json["samples_removed"] > 0, gone.err
    assert run("inspect", out, "--json", env=env).json["generation"] == 3


def test_on_ray_from_bucket_to_bucket_it_is_the_same(bucket, tmp_path):
    uri, env, _ = bucket
    ingest(f"{uri}/raw", tmp_path / "here", *SMALL, "--span-s", 2, env=env)
    on_ray = {**env, "LIDO_PYTHON": sys.executable, "RAY_USAGE_STATS_ENABLED": "0"}
    done = run(
        "ingest",
        f"{uri}/raw",
        "--out",
        f"{uri}/from-ray",
        *SMALL,
        "--span-s",
        2,
        *"--on ray --json --quiet".split(),
        env=on_ray,
    )
    assert done.code == 0, done.err
    here, there = (
        run("inspect", folder, "--json", "--verify", env=env)
        for folder in (tmp_path / "here", f"{uri}/from-ray")
    )
    assert here.code == there.code == 0, there.err
    for name in ("clips", "samples", "splits"):  # shards and bytes of each split too
        assert there.json[name] == here.json[name], name
    assert objects(f"{uri}/from-ray", env) == content(tmp_path / "here")


def test_what_is_not_needed_is_not_fetched(bucket, long_clip, tmp_path):
    uri, env, proxy = bucket
    size = long_clip.stat().st_size
    proxy.sent = 0
    plan = run("ingest", f"{uri}/long", "--out", tmp_path / "d", "--dry-run", "--json", env=env)
    assert plan.code == 0 and plan.json["clips"] == 1
    planned = proxy.sent
    proxy.sent = 0
    ingest(f"{uri}/long", tmp_path / "d", *SMALL, env=env)
    # One pass when working; the index when planning. Google's client requests all bytes from an
    # offset on and closes the connection, so that each jump costs the bytes in flight.
    print(
        f"{uri}: sent {planned / size:.2f} when planning, {proxy.sent / size:.2f} in all when "
        "working"
    )
    assert planned < 0.5 * size and proxy.sent < (1.3 if uri.startswith("s3") else 2) * size


def test_missing_buckets_and_objects_are_wrong_use(bucket, tmp_path):
    uri, env, _ = bucket
    for missing in (f"{uri}/nothing/here", f"{uri[:5]}no-such-bucket/raw"):
        done = run("ingest", missing, "--out", tmp_path / "d", *SMALL, env=env)
        listing, error = done.err.splitlines()
        assert done.code == 2 and missing in listing and missing in error, done.err


@pytest.mark.parametrize("scheme", ["gs", "s3"])
def test_without_credentials_a_bucket_is_refused_within_ten_seconds(scheme, tmp_path):
    # No credentials in the environment, in files or at a metadata server; the provider is
    # unreachable.
    held = hold_port()
    dead = f"127.0.0.1:{port_of(held)}"
    env = {
        "HOME": str(tmp_path),
        "GCE_METADATA_ROOT": dead,
        "AWS_EC2_METADATA_SERVICE_ENDPOINT": f"http://{dead}",
        "HTTPS_PROXY": f"http://{dead}",
        "https_proxy": f"http://{dead}",
    }
    start = time.monotonic()
    done = run("ingest", f"{scheme}://pool-a", "--out", tmp_path / "d", *SMALL, env=env)
    seconds = time.monotonic() - start
    held.close()
    listing, error = done.err.splitlines()
    assert done.code == 2 and "listing" in listing and len(error) < 250, done.err
    assert {"gs": "gcloud auth application-default login", "s3": "aws configure"}[
        scheme
    ] in error, error
    assert seconds < 10, seconds
