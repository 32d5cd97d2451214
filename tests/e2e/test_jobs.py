# SPDX-License-Identifier: Apache-2.0
"""lido ingest --on https://, lido jobs, logs and cancel, on a real Ray with a token."""

import http.client
import http.server
import json
import os
import shutil
import signal
import ssl
import subprocess
import sys
import threading
import time
import urllib.request

import pytest
from conftest import (
    CLIPS,
    LIDO,
    SMALL,
    content,
    copy_with_other_bytes,
    hold_port,
    ingest,
    port_of,
    run,
    wait_until,
)

# Options that take a while.
LARGE = ["--fps", "25", "--size", "512", "--window", "4", "--stride", "2", "--scene", "off"]


NO_SERVER = hold_port()  # connections are refused there


@pytest.fixture
def raw(tmp_path):
    folder = tmp_path / "raw"
    folder.mkdir()
    for name in ("h264_b.mp4", "hevc_b.mp4", "vp9.webm"):
        shutil.copy(CLIPS / name, folder)
    return folder


def test_a_job_gives_the_local_bytes(cluster, raw, tmp_path):
    there = ingest(raw, tmp_path / "there", *SMALL, "--span-s", 2, *cluster.on)
    here = ingest(raw, tmp_path / "here", *SMALL, "--span-s", 2)
    assert content(tmp_path / "there") == content(tmp_path / "here")
    assert {name: there[name] for name in ("samples", "clips", "frames")} == {
        name: here[name] for name in ("samples", "clips", "frames")
    }
    jobs = run("jobs", *cluster.on, "--json").json
    job = next(one for one in jobs if one["dataset"] == str(tmp_path / "there"))
    assert job["status"] == "SUCCEEDED" and job["job"].startswith("lido-")
    # Its placeholder job only requests a worker, and is not listed.
    ask = urllib.request.Request(
        f"{cluster.url}/api/jobs/ahead-of-{job['job']}",
        headers={"Authorization": f"Bearer {cluster.token_file.read_text().strip()}"},
    )

    def placeholder():
        return json.load(urllib.request.urlopen(ask, timeout=60))["status"]

    until = time.monotonic() + 120
    while (status := placeholder()) in ("PENDING", "RUNNING") and time.monotonic() < until:
        time.sleep(0.2)
    assert status == "SUCCEEDED"
    assert not any(one["job"].startswith("ahead") for one in jobs)
    said = run("logs", job["job"], *cluster.on)
    assert said.code == 0 and '"summary"' in said.out
    # Repeating the command gives the job's name again, and nothing left to do.
    again = ingest(raw, tmp_path / "there", *SMALL, "--span-s", 2, *cluster.on)
    assert again["generation"] == 0 and again["known"] == 3


def test_tasks_want_what_they_are_told_to(cluster, raw, tmp_path):
    ingest(
        raw,
        tmp_path / "there",
        *SMALL,
        *cluster.on,
        "--task-cpus",
        0.5,
        "--task-resources",
        "driver=0.25",
        "--task-memory-gb",
        0.1,
    )
    ingest(raw, tmp_path / "here", *SMALL)
    assert content(tmp_path / "there") == content(tmp_path / "here")


@pytest.mark.parametrize(
    "flags, said",
    [
        (["--task-resources", "disk"], 'task_resources has "disk"'),
        (["--task-resources", "disk=0"], 'has "disk=0"'),
        (["--task-gpus", "1.5"], "gpus is 1.5"),
        (["--task-cpus", "0"], "cpus is 0"),
    ],
)
def test_what_no_task_can_want_is_refused(raw, tmp_path, flags, said):
    for on in (["--on", "ray"], ["--on", "https://127.0.0.1:1"]):
        done = run("ingest", raw, "--out", tmp_path / "d", *on, *flags)
        assert done.code == 2 and said in done.err and done.err.count("\n") == 1, done.err
    assert not (tmp_path / "d").exists()


def test_what_no_node_offers_is_refused_or_waited_for(cluster, raw, tmp_path):
    here = run(
        "ingest",
        raw,
        "--out",
        tmp_path / "d",
        *"--on ray --quiet --task-resources disk=1".split(),
        env={"LIDO_PYTHON": sys.executable},
    )
    assert (
        here.code == 2
        and here.err.startswith("lido: a task wants CPU 1, disk 1; this machine offers CPU ")
        and here.err.count("\n") == 1
    ), here.err
    assert not (tmp_path / "d").exists()
    there = subprocess.Popen(
        [
            LIDO,
            "ingest",
            raw,
            "--out",
            tmp_path / "d",
            *SMALL,
            *cluster.on,
            "--task-resources",
            "disk=1",
            "--quiet",
        ],
        stderr=subprocess.PIPE,
        text=True,
    )
    assert "was submitted to" in there.stderr.readline()
    assert (
        there.stderr.readline()
        == "lido: note: no node of this Ray offers what a task wants (CPU 1, disk 1); "
        "waiting for one\n"
    )
    job = next(
        one["job"]
        for one in run("jobs", *cluster.on, "--json").json
        if one["dataset"] == str(tmp_path / "d")
    )
    assert run("cancel", job, *cluster.on).code == 0
    assert there.wait(timeout=60) != 0 and "cancelled" in there.stderr.read()


def test_a_job_leaves_no_actor_behind(cluster, raw, tmp_path):
    """Ray Data's own outlive their job, and a node with an actor on it is never idle."""
    ingest(raw, tmp_path / "d", *SMALL, *cluster.on)
    look = (
        f"import ray, json; ray.init(address='127.0.0.1:{cluster.gcs}', log_to_driver=False); "
        "print('left:', ray.util.list_named_actors(all_namespaces=True))"
    )
    environment = {
        **os.environ,
        "RAY_AUTH_MODE": "token",
        "RAY_AUTH_TOKEN": cluster.token_file.read_text().strip(),
    }
    said = subprocess.run(
        [sys.executable, "-c", look], env=environment, capture_output=True, text=True, timeout=120
    )
    left = [
        one
        for one in eval(said.stdout.split("left:")[1])
        if not one["namespace"].startswith("SUPERVISOR")
    ]
    assert left == [], said.stdout


def test_a_job_that_fails_says_why(cluster, tmp_path):
    done = run(
        "ingest", tmp_path / "nowhere", "--out", tmp_path / "d", "--quiet", *SMALL, *cluster.on
    )
    assert (
        done.code == 2 and done.err.splitlines()[-1].startswith("lido: ") and "nowhere" in done.err
    ), done.err


def test_ctrl_c_leaves_the_job_and_the_same_command_finds_it(cluster, tmp_path):
    raw = tmp_path / "raw"
    raw.mkdir()
    for number in range(30):
        copy_with_other_bytes(CLIPS / "h264_b.mp4", raw / f"{number:03}.mp4")
    command = [
        LIDO,
        "ingest",
        raw,
        "--out",
        tmp_path / "d",
        "--quiet",
        "--json",
        *LARGE,
        *cluster.on,
    ]
    first = subprocess.Popen(
        [str(part) for part in command], stderr=subprocess.PIPE, text=True, stdin=subprocess.DEVNULL
    )
    assert "was submitted to" in first.stderr.readline()

    def status():
        jobs = run("jobs", *cluster.on, "--json").json
        return next(one["status"] for one in jobs if one["dataset"] == str(tmp_path / "d"))

    wait_until(lambda: status() == "RUNNING", first)
    # The dataset exists, and its options complete those of the same command.
    wait_until((tmp_path / "d" / "lido.json").exists, first)
    first.send_signal(signal.SIGINT)
    said = first.stderr.read()
    assert first.wait(30) == 130 and "keeps running" in said, said
    second = run(*command[1:])
    assert second.code == 0 and second.json["clips"] == 30, second.err
    assert "already" in second.err, second.err


def test_a_job_can_be_cancelled(cluster, tmp_path):
    raw = tmp_path / "raw"
    raw.mkdir()
    for number in range(100):
        copy_with_other_bytes(CLIPS / "h264_b.mp4", raw / f"{number:03}.mp4")
    command = [LIDO, "ingest", raw, "--out", tmp_path / "d", "--quiet", *LARGE, *cluster.on]
    ingesting = subprocess.Popen(
        [str(part) for part in command], stderr=subprocess.PIPE, text=True, stdin=subprocess.DEVNULL
    )
    job = ingesting.stderr.readline().split()[0]
    done = run("cancel", job, *cluster.on)
    assert done.code == 0, done.err
    said = ingesting.stderr.read()
    assert ingesting.wait(60) == 130 and "cancelled" in said, said
    for strange in ("../../version", "", "a b"):
        refused = run("logs", strange, *cluster.on)
        assert refused.code == 2 and "want an id that lido jobs lists" in refused.err
    again = run("cancel", job, *cluster.on)
    assert again.code == 2 and "has ended already" in again.err


def test_who_may_not_is_refused_before_anything_is_created(cluster, raw, tmp_path):
    wrong = tmp_path / "wrong"
    wrong.write_text("nonsense")
    out = tmp_path / "d"
    for options, said in (
        ([], "the server wants a token (401)"),
        (["--token-file", wrong], "does not permit this call (403)"),
        (["--token-file", tmp_path / "missing"], "missing"),
    ):
        done = run("ingest", raw, "--out", out, *SMALL, "--on", cluster.url, *options)
        assert done.code in (1, 2) and said in done.err and done.err.count("\n") == 1, done.err
    assert not out.exists()


def test_a_request_of_any_length_reaches_the_cluster(cluster, raw, tmp_path):
    """Linux takes no argument above 128 KiB, such as the paths that a shell's pattern matches."""
    folder = tmp_path / "a-folder-with-a-name-that-is-rather-long"
    folder.mkdir()
    for number in range(1200):
        (folder / f"{number:04}-{'x' * 60}.mp4").write_bytes(b"no video %d" % number)
    clips = [*sorted(folder.iterdir()), raw / "h264_b.mp4"]
    assert sum(len(str(clip)) for clip in clips) > 131072
    done = run("ingest", *clips, "--out", tmp_path / "d", *SMALL, *cluster.on, "--json", "--quiet")
    assert done.json["rejected"] == 1200 and done.json["samples"] > 0, done.err
    job = next(
        one
        for one in run("jobs", *cluster.on, "--json").json
        if one["dataset"] == str(tmp_path / "d")
    )
    followed = run("logs", job["job"], "--follow", *cluster.on)
    assert followed.out == run("logs", job["job"], *cluster.on).out and '"summary"' in followed.out


@pytest.mark.parametrize(
    "on, said",
    [
        ("http://ray.pool-a.example", "want https"),
        ("ftp://x", "want here, ray"),
        ("k8s:pool-a", "want k8s:NAMESPACE/CLUSTER"),
        ("k8s:--all/data", "want k8s:NAMESPACE/CLUSTER"),
        (f"http://127.0.0.1:{port_of(NO_SERVER)}", "127.0.0.1"),
        ("https://127.0.0.1:1/", "127.0.0.1"),
    ],
)
def test_bad_targets_are_one_line(on, said, raw, tmp_path):
    done = run("ingest", raw, "--out", tmp_path / "d", *SMALL, "--on", on)
    assert done.code in (1, 2) and said in done.err and done.err.count("\n") == 1, done.err


def test_another_rays_version_is_refused(raw, tmp_path):
    class Old(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b'{"ray_version": "2.9.0"}')

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Old)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    done = run(
        "ingest",
        raw,
        "--out",
        tmp_path / "d",
        *SMALL,
        "--on",
        f"http://127.0.0.1:{server.server_port}",
    )
    server.shutdown()
    assert done.code == 2 and "its Ray is 2.9.0, want 2.60.0" in done.err


def test_tls_is_verified(cluster, tmp_path):
    """A TLS front with a certificate of our own is refused until this machine trusts it."""
    subprocess.run(
        [
            *"openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes".split(),
            *"-days 2 -subj /CN=ray -addext subjectAltName=IP:127.0.0.1 -keyout key".split(),
            *"-out certificate".split(),
        ],
        cwd=tmp_path,
        check=True,
        capture_output=True,
    )

    class Front(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            back = http.client.HTTPConnection("127.0.0.1", cluster.dashboard)
            back.request(
                "GET", self.path, headers={"Authorization": self.headers.get("Authorization", "")}
            )
            answer = back.getresponse()
            body = answer.read()
            self.send_response(answer.status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Front)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "certificate", tmp_path / "key")
    server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    on = ["--on", f"https://127.0.0.1:{server.server_port}", "--token-file", cluster.token_file]
    refused = run("jobs", *on)
    assert refused.code == 1 and "certificate" in refused.err and refused.err.count("\n") == 1, (
        refused.err
    )
    trusted = run("jobs", *on, env={"SSL_CERT_FILE": str(tmp_path / "certificate")})
    server.shutdown()
    assert trusted.code == 0, trusted.err
