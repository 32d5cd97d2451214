# SPDX-License-Identifier: Apache-2.0
import hashlib
import json
import os
import pathlib
import re
import subprocess

import pyarrow.parquet
import pytest

LIDO = os.environ.get("LIDO_BIN", str(pathlib.Path(__file__).parents[2] / "build/release/bin/lido"))
CLIPS = pathlib.Path(
    os.environ.get("LIDO_CLIPS", str(pathlib.Path(__file__).parents[2] / "build/clips"))
)
# Small and quick: what most tests ingest with.
SMALL = ["--fps", "6", "--size", "64", "--window", "4", "--stride", "2", "--scene", "off"]


def pytest_configure(config):
    config.addinivalue_line("markers", "slow: takes many minutes; ./dev test --slow")


class Run:
    def __init__(self, done):
        # The leak checker of the asan preset speaks of libarrow's threads, which it could not stop.
        notes = r"^==\d+==Running thread \d+ was not suspended.*\n"
        self.code, self.out, self.err = (
            done.returncode,
            done.stdout,
            re.sub(notes, "", done.stderr, flags=re.M),
        )

    @property
    def json(self):
        return json.loads(self.out)


def run(*arguments, env=None, timeout=300):
    """Runs lido. An ingest has --scene off unless the test asks for it, which keeps tests quick."""
    if arguments[0] == "ingest" and "--scene" not in arguments:
        arguments += ("--scene", "off")
    return Run(
        subprocess.run(
            [LIDO, *map(str, arguments)],
            capture_output=True,
            text=True,
            timeout=timeout,
            env={**os.environ, **(env or {})},
        )
    )


def ingest(inputs, out, *options, code=0, env=None):
    inputs = inputs if isinstance(inputs, list) else [inputs]
    done = run("ingest", *inputs, "--out", out, "--json", "--quiet", *options, env=env)
    assert done.code == code, done.err + done.out
    return done.json


def table(dataset, name, generation=1):
    return pyarrow.parquet.read_table(
        pathlib.Path(dataset) / f"generations/{generation:06}/{name}.parquet"
    ).to_pylist()


def content(dataset):
    """Checksums of all published files of a dataset except the report, which names the time."""
    root = pathlib.Path(dataset)
    return {
        str(p.relative_to(root)): hashlib.sha256(p.read_bytes()).hexdigest()
        for p in sorted(root.rglob("*"))
        if p.is_file() and p.name != "report.html"
    }


def made(dataset):
    """Checksums without the tables that describe how the work was divided."""
    return {
        k: v
        for k, v in content(dataset).items()
        if pathlib.Path(k).name not in ("spans.parquet", "clips.parquet")
    }


@pytest.fixture
def clips():
    return CLIPS
