# SPDX-License-Identifier: Apache-2.0
"""Lido sends nothing: its commands on this machine open no socket of the internet's families.

Each runs in a network namespace without interfaces, under strace, which shows every attempt.
"""

import os
import re
import shutil
import subprocess
import sys

from conftest import LIDO, SMALL, ingest, program, run
from test_pages import Page

# Other families reach this machine alone: AF_UNIX, AF_NETLINK.
OUTSIDE = re.compile(r"socket\((AF_INET6?|AF_PACKET)\b.*")


def attempts(command, folder, code=0):
    """Runs a command without a network; returns its calls that ask for a socket to the outside."""
    trace = folder / "trace"
    done = subprocess.run(
        [
            program("unshare"),
            *([] if os.geteuid() == 0 else ["--map-root-user"]),
            "--net",
            program("strace"),
            *"-f -qq -e trace=network -e signal=none -o".split(),
            trace,
            *command,
        ],
        capture_output=True,
        text=True,
        timeout=300,
        stdin=subprocess.DEVNULL,
    )
    assert done.returncode == code, done.stderr
    return OUTSIDE.findall(trace.read_text())


def test_an_attempt_is_seen(tmp_path):
    """The other tests would find an attempt: by name, by address, by Lido itself."""
    for url in ("http://lido.example/", "http://192.0.2.1/"):
        code = f"import urllib.request as r\ntry: r.urlopen({url!r}, timeout=2)\nexcept OSError: 0"
        assert attempts([sys.executable, "-c", code], tmp_path)
    assert attempts([LIDO, "jobs", "--on", "http://127.0.0.1:1"], tmp_path, code=1)


def test_no_command_on_this_machine_sends_anything(people, clips, tmp_path):
    labels = tmp_path / "labels.csv"
    labels.write_text("clip,start_s,end_s,task,label\nh264_b.mp4,0,2,behaviour,swimming\n")
    shutil.copy(clips / "h264_b.mp4", tmp_path)
    (tmp_path / "broken.mp4").write_bytes(bytes(5000))
    frames, seen, pool = (tmp_path / name for name in ("frames", "seen", "pool"))
    scene = ["--fps", 1, "--window", 4, "--stride", 4, "--scene", "on"]
    filmed = "--hours 0.0005 --cameras 1 --size 128x72 --fps 2".split()
    for code, arguments in (
        (3, ["ingest", tmp_path, "--out", frames, *SMALL, "--labels", labels]),
        (0, ["ingest", people, "--out", seen, *scene]),
        (0, ["scene", people, "--out", tmp_path / "scene", "--fps", 1, "--draw"]),
        (0, ["label", frames, "--labels", labels]),
        (0, ["inspect", frames, "--verify", "--augmented"]),
        (0, ["export", frames, "--clip", "h264_b.mp4", "--time", "0-1", "--out", tmp_path / "e"]),
        (0, ["copy", frames, tmp_path / "copy"]),
        (0, ["forget", frames, "--clip", "h264_b.mp4", "--time", "0-1"]),
        (0, ["models", "list"]),
        (0, ["synth", "pool", "--out", pool, *filmed]),
        (0, ["synth", "show", pool]),
        (0, ["site", "check", pool / "site.yaml"]),
        (0, ["--version"]),
        (2, ["ingset"]),
    ):
        assert attempts([LIDO, *map(str, arguments)], tmp_path, code) == [], arguments[:2]


def test_pages_ask_for_nothing(people, tmp_path):
    """A browser that shows a report loads nothing: all it shows is inside the page."""
    ingest(people, tmp_path / "d", "--fps", 1, "--window", 4, "--stride", 4, "--scene", "on")
    assert run("inspect", tmp_path / "d", "--augmented").code == 0
    for name in ("report.html", "contact_sheet.html"):
        page = Page((tmp_path / "d" / name).read_text())
        assert [tag for tag, _ in page.tags].count("img") > 3
        for tag, attributes in page.tags:
            for key in ("src", "srcset", "poster", "data", "action", "background"):
                assert (attributes.get(key) or "data:").startswith("data:"), (tag, attributes)
            assert tag not in ("link", "iframe", "object", "embed"), (tag, attributes)
            # Links lead to places of the page and to pages beside it.
            assert tag != "a" or re.fullmatch(r"\w*(\.html)?(#.*)?", attributes["href"])
            assert tag != "meta" or "http-equiv" not in attributes
        text = (tmp_path / "d" / name).read_text()
        assert "url(" not in text and "@import" not in text
        # Scripts stand in the page, and have none of the ways by which a page can load or send.
        for way in (
            "fetch(",
            "XMLHttpRequest",
            "WebSocket",
            "EventSource",
            "sendBeacon",
            "import(",
        ):
            assert way not in text, way
