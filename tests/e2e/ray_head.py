# SPDX-License-Identifier: Apache-2.0
"""Fixture: a Ray head on loopback that takes jobs, with a token."""

import contextlib
import os
import pathlib
import secrets
import shutil
import signal
import subprocess
import sys
import time

import pytest
from conftest import hold_port, port_of, run


class Cluster:
    """A Ray head on loopback, with two CPUs for the work and the driver's resource."""

    def __init__(self, folder):
        self.folder = folder
        self.token_file = folder / "token"
        self.token_file.write_text(secrets.token_hex(20) + "\n")
        self.held = [hold_port() for _ in range(3)]
        self.gcs, self.dashboard, self.agent = map(port_of, self.held)
        self.url = f"http://127.0.0.1:{self.dashboard}"
        self.on = ["--on", self.url, "--token-file", self.token_file]
        environment = {
            **os.environ,
            "RAY_AUTH_MODE": "token",
            "RAY_AUTH_TOKEN": self.token_file.read_text().strip(),
            "RAY_USAGE_STATS_ENABLED": "0",
            "LIDO_PYTHON": sys.executable,
            "RAY_worker_niceness": "0",  # 15 starves beside other work
        }
        self.process = subprocess.Popen(
            [
                sys.executable,
                *"-m ray.scripts.scripts start --head --block".split(),
                f"--port={self.gcs}",
                "--dashboard-host=127.0.0.1",
                f"--dashboard-port={self.dashboard}",
                f"--dashboard-agent-listen-port={self.agent}",
                "--node-ip-address=127.0.0.1",
                "--num-cpus=2",
                '--resources={"driver": 2}',
                "--object-store-memory=100000000",
                "--temp-dir=" + str(folder / "r"),
                "--include-dashboard=true",
                "--disable-usage-stats",
            ],
            env=environment,
            stdout=open(folder / "ray.log", "w"),
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        until = time.monotonic() + 90
        while run("jobs", *self.on).code != 0:
            assert time.monotonic() < until and self.process.poll() is None, (
                folder / "ray.log"
            ).read_text()[-3000:]
            time.sleep(0.5)

    def close(self):
        for one in self.held:
            one.close()
        os.killpg(self.process.pid, signal.SIGTERM)
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(15)
        for path in pathlib.Path("/proc").glob("[0-9]*/environ"):  # what Ray left behind
            try:
                if (
                    b"RAY_AUTH_TOKEN=" + self.token_file.read_text().strip().encode()
                    in path.read_bytes()
                ):
                    os.kill(int(path.parent.name), signal.SIGKILL)
            except OSError:
                pass


@pytest.fixture(scope="module")
def cluster(tmp_path_factory):
    folder = (
        pathlib.Path("/tmp") / f"lido-{secrets.token_hex(4)}"
    )  # Ray's sockets want a short path
    folder.mkdir()
    one = Cluster(folder)
    yield one
    one.close()
    shutil.rmtree(folder, ignore_errors=True)
