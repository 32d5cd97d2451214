# SPDX-License-Identifier: Apache-2.0
import contextlib
import hashlib
import itertools
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import sys
import time

import pyarrow.parquet
import pytest

LIDO = os.environ.get("LIDO_BIN", str(pathlib.Path(__file__).parents[2] / "build/release/bin/lido"))
CLIPS = pathlib.Path(
    os.environ.get("LIDO_CLIPS", str(pathlib.Path(__file__).parents[2] / "build/clips"))
)
# Four cameras' video of people in a room, out of Pose2Sim's wheel; the demo's input.
VIDEO = pathlib.Path(
    os.environ.get("LIDO_VIDEO", str(pathlib.Path(__file__).parents[2] / "build/demo/video"))
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


def copy_with_other_bytes(source, target):
    """Copies a clip with the same frames, so that its content is not that of a copy.

    What follows the last packet is a chunk that every reader of the format skips, with the name.
    """
    name = os.fsencode(pathlib.Path(target).name)
    chunk = {
        ".mp4": (8 + len(name)).to_bytes(4, "big") + b"free" + name,
        ".avi": b"JUNK" + len(name).to_bytes(4, "little") + name + b"\0" * (len(name) % 2),
        ".webm": b"\xec" + (0x4000 | len(name)).to_bytes(2, "big") + name,  # EBML's Void
    }[pathlib.Path(source).suffix]
    pathlib.Path(target).write_bytes(pathlib.Path(source).read_bytes() + chunk)


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


def program(name):
    """Path of a program that the tests need: beside Python, or on the PATH. Fails without it."""
    beside = pathlib.Path(sys.executable).parent
    found = shutil.which(name, path=f"{beside}:{os.environ['PATH']}")
    assert found, f"no {name}: ./dev setup installs it"
    return found


def film_people(clip, graph, *options):
    """Writes a clip of 512 x 904 pixels and 10 frames a second with FFmpeg.

    `graph` is a filter graph from [in]: 100 frames, slowed six times, of two people whom a camera
    that stands still sees from head to foot all the time, and no third person; counted by eye.
    """
    subprocess.run(
        [
            *"ffmpeg -v error -r 10 -i".split(),
            VIDEO / "cam03.mp4",
            "-filter_complex",
            f"[0:v]scale=512:-2[in];{graph}",
            *"-c:v libx264 -preset veryfast -threads 1 -g 20".split(),
            *options,
            clip,
        ],
        check=True,
    )


@pytest.fixture(scope="session")
def people(tmp_path_factory):
    """Two people for 24 seconds, there and back; a random access point every two seconds."""
    clip = tmp_path_factory.mktemp("people") / "people.mp4"
    graph = (
        "[in]split=3[a][b][c];[b]reverse[back];[c]trim=end_frame=40[again];"
        "[a][back][again]concat=n=3:v=1"
    )
    film_people(clip, graph, *"-keyint_min 20 -sc_threshold 0".split())
    return clip


def start(command, **options):
    """Starts a command in a session of its own, without its output."""
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    return subprocess.Popen(
        [str(part) for part in command], start_new_session=True, **{**quiet, **options}
    )


def hold_port():
    """Returns a socket that is bound to a free port of this machine until it is closed.

    The system gives the port to no process that asks for any port; a server with this port on its
    command line may listen there, since both set SO_REUSEADDR. Without a server, connections are
    refused.
    """
    held = socket.socket()
    held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    held.bind(("127.0.0.1", 0))
    return held


def port_of(held):
    return held.getsockname()[1]


def wait_until(condition, process, seconds=120):
    """Waits until a condition holds. Fails when the process ends before, or the time is over."""

    def check_alive():
        if process.poll() is not None:
            said = process.stderr.read() if process.stderr else ""
            pytest.fail(f"it ended with {process.returncode} before its time: {said}")

    until = time.monotonic() + seconds
    while not condition():
        check_alive()
        assert time.monotonic() < until, f"not within {seconds} s"
        time.sleep(0.002)
    check_alive()


def parts_done(dataset):
    """Number of spans whose part is finished in a dataset that is being written."""
    # Unfinished files have a dot before the name, and scenes of spans one behind the name.
    return sum("." not in p.name for p in pathlib.Path(dataset).glob(".work/parts/*"))


def kill_with_parts(command, dataset, parts):
    """Runs an ingest until some spans are done, and kills it and its workers in the middle."""
    process = start(command)
    wait_until(lambda: parts_done(dataset) >= parts, process)
    os.killpg(process.pid, signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL
    assert not list(pathlib.Path(dataset).glob("generations/*/generation.json"))


def looped(clip, times, out):
    """Writes a clip that repeats another, without encoding it again. Returns its path."""
    command = [*f"ffmpeg -v error -nostdin -stream_loop {times - 1} -i".split(), clip, "-c", "copy"]
    subprocess.run([*command, out], check=True)
    return out


def progress_lines(command, count):
    """Runs a long command until it has reported its progress some times, and interrupts it."""
    process = start(command, stderr=subprocess.PIPE, text=True)
    # A sanitizer's own remarks ("==PID==Running thread was not suspended") are not ours.
    ours = (line for line in process.stderr if line[:2] != "==")
    lines = [json.loads(line) for line in itertools.islice(ours, count)]
    os.killpg(process.pid, signal.SIGINT)
    process.communicate(timeout=60)
    assert len(lines) == count and process.returncode == 130
    return lines


def family(pid):
    """A process and its descendants."""
    yield pid
    for file in pathlib.Path(f"/proc/{pid}/task").glob("*/children"):
        with contextlib.suppress(OSError):  # ended meanwhile
            for child in file.read_text().split():
                yield from family(int(child))


def largest_process_mb(command, codes=(0,)):
    """Runs a command; returns the memory of its largest process at its peak, as Linux counts it.

    Not from wait4(): its figure holds that of this Python, from which the process was forked.
    """
    process, most_kb = start(command), 0
    while process.poll() is None:
        for pid in family(process.pid):
            with contextlib.suppress(OSError):
                for found in re.findall(
                    r"VmHWM:\s+(\d+)", pathlib.Path(f"/proc/{pid}/status").read_text()
                ):
                    most_kb = max(most_kb, int(found))
        time.sleep(0.005)
    assert process.returncode in codes
    return most_kb / 1000


# A sanitizer keeps freed memory to find its use.
memory_counts = pytest.mark.skipif(
    bool(os.environ.get("LIDO_SANITIZE")), reason="memory is the sanitizer's"
)


@pytest.fixture
def clips():
    return CLIPS


# Fixtures of all files here. These modules use the functions above.
from bucket_servers import bucket, gcs, long_clip, s3  # noqa: E402, F401
from ray_head import cluster  # noqa: E402, F401
