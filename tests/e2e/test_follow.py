# SPDX-License-Identifier: Apache-2.0
"""Following a job through lost port-forwards, expired tokens and proxies.

kubectl is a script that forwards a port for a while, as kubectl's own ends with its connection.
The Jobs API is a small server whose job writes a log; the truth is that log.
"""

import http.server
import json
import os
import subprocess
import sys
import threading
import time
import urllib.parse

import pytest
from conftest import LIDO, run

NODE = "ab" * 28


class RayJobs:
    """The calls of Ray's Jobs API that `lido logs` makes, with one job that runs for a while.

    Its clock is the number of times that its status was asked, so no machine is too slow for it:
    the log grows with each, `then` is what else happens at one, and `has_ended` when it is over.
    """

    def __init__(
        self, answers=20, lines=20, has_tails=True, keeps_connections=True, then=None, log_s=0
    ):
        self.answers, self.lines_each, self.then = 0, lines, then or {}
        self.has_ended = lambda: self.answers >= answers
        self.has_tails, self.log_bytes, self.tokens = has_tails, 0, {"first"}
        self.authorizations, self.whole_logs, self.log_s = [], 0, log_s
        self.stopped = []
        jobs = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1" if keeps_connections else "HTTP/1.0"

            def do_GET(self):
                jobs.authorizations.append(self.headers.get("Authorization"))
                if jobs.authorizations[-1].removeprefix("Bearer ") not in jobs.tokens:
                    return self.answer(401, b"")
                self.answer(*jobs.reply(urllib.parse.urlparse(self.path)))

            def do_POST(self):
                jobs.stopped.append(self.path)
                self.answer(200, b'{"stopped": true}')

            def answer(self, code, body):
                self.send_response(code)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.port = self.server.server_port

    def lines(self):
        count = 500 + self.answers * self.lines_each
        return [f"line {number} of the job's log" for number in range(count)]

    def reply(self, url):
        log = "".join(line + "\n" for line in self.lines())
        if url.path == "/api/version":
            return 200, b'{"ray_version": "2.60.0"}'
        if url.path == "/api/jobs/lido-1":
            if not self.has_ended():
                self.answers += 1
                self.then.get(self.answers, lambda: None)()
            status = "SUCCEEDED" if self.has_ended() else "RUNNING"
            job = {"submission_id": "lido-1", "status": status, "driver_node_id": NODE}
            return 200, json.dumps(job).encode()
        if url.path == "/api/jobs/lido-1/logs":
            self.log_bytes += len(log)
            self.whole_logs += 1
            time.sleep(self.log_s)
            return 200, json.dumps({"logs": log}).encode()
        if url.path == "/api/v0/logs/file" and self.has_tails:
            query = dict(urllib.parse.parse_qsl(url.query))
            assert query["node_id"] == NODE and query["filename"] == "job-driver-lido-1.log"
            tail = "".join(log.splitlines(keepends=True)[-int(query["lines"]) :])
            self.log_bytes += len(tail)
            return 200, tail.encode()
        return 404, b""


FORWARD = """#!{python}
import base64, json, os, signal, socket, sys, threading, time
arguments = sys.argv[1:]
with open({log!r}, "a") as log:
    print(*arguments, file=log)
count = open({log!r}).read().count("port-forward")
if "port-forward" in arguments:
    if count > {max_forwards}:
        sys.exit("error: unable to forward port: the server is away")
    listener = socket.create_server(("127.0.0.1", 0))
    print(f"Forwarding from 127.0.0.1:{{listener.getsockname()[1]}} -> 8265", flush=True)
    threading.Timer({life_s}, lambda: os._exit(1)).start()
    def copy(source, target):
        while data := source.recv(65536):
            target.sendall(data)
        target.close()
    while True:
        here, _ = listener.accept()
        print("Handling connection for 8265 " + "." * {chatter}, flush=True)
        there = socket.create_connection(("127.0.0.1", {port}))
        threading.Thread(target=copy, args=(here, there), daemon=True).start()
        threading.Thread(target=copy, args=(there, here), daemon=True).start()
if "secret" in arguments:
    print(open({token!r}).read(), end="")
else:
    spec = {{"authOptions": {{"mode": "token"}}}}
    print(json.dumps({{"metadata": {{"name": "data"}}, "spec": spec}}))
"""


class Kubectl:
    def __init__(self, folder, port, life_s, max_forwards=100, chatter=0):
        self.log, self.token = folder / "kubectl.log", folder / "token"
        self.token.write_text("first")
        program = folder / "kubectl"
        program.write_text(
            FORWARD.format(
                python=sys.executable, log=str(self.log), token=str(self.token), port=port,
                life_s=life_s, max_forwards=max_forwards, chatter=chatter,
            )
        )  # fmt: skip
        program.chmod(0o755)
        self.env = {"PATH": f"{folder}:{os.environ['PATH']}"}

    def forwards(self):
        return self.log.read_text().count("port-forward")


def follow(kubectl, **more):
    return run("logs", "lido-1", "--on", "k8s:pool-a/data", "--follow", env=kubectl.env | more)


def test_a_lost_port_forward_is_opened_again(tmp_path):
    jobs = RayJobs()
    kubectl = Kubectl(tmp_path, jobs.port, life_s=2)
    jobs.has_ended = lambda: kubectl.forwards() >= 3
    done = follow(kubectl)
    assert done.code == 0, done.err
    assert done.out.splitlines() == jobs.lines()


def test_a_cancelled_job_is_named_in_json(tmp_path):
    jobs = RayJobs()
    kubectl = Kubectl(tmp_path, jobs.port, life_s=600)
    done = run("cancel", "lido-1", "--on", "k8s:pool-a/data", "--json", env=kubectl.env)
    assert done.code == 0 and done.json == {"job": "lido-1", "cancelled": True}, done.err
    assert jobs.stopped == ["/api/jobs/lido-1/stop"]


def test_only_the_end_of_a_log_is_fetched(tmp_path):
    jobs = RayJobs(answers=20, lines=200)
    done = follow(Kubectl(tmp_path, jobs.port, life_s=600))
    assert done.code == 0 and done.out.splitlines() == jobs.lines(), done.err
    # Each line once, and little more; whole logs each time would be ten times the log.
    assert jobs.log_bytes < 3 * len(done.out), (jobs.log_bytes, len(done.out))


def test_a_server_without_ends_of_logs_is_asked_rarely(tmp_path):
    jobs = RayJobs(has_tails=False, log_s=0.3)
    done = follow(Kubectl(tmp_path, jobs.port, life_s=600))
    assert done.code == 0 and done.out.splitlines() == jobs.lines(), done.err
    # The first, the last, and now and then one between.
    assert 2 <= jobs.whole_logs < jobs.answers / 2, (jobs.whole_logs, jobs.answers)


def test_a_token_that_expires_is_renewed(tmp_path):
    jobs = RayJobs()
    kubectl = Kubectl(tmp_path, jobs.port, life_s=600)

    def expire():
        kubectl.token.write_text("second")
        jobs.tokens = {"second"}

    jobs.then[5] = expire
    done = follow(kubectl)
    assert done.code == 0 and done.out.splitlines() == jobs.lines(), done.err
    assert {"Bearer first", "Bearer second"} == set(jobs.authorizations)


def test_a_token_that_stays_refused_ends_the_command(tmp_path):
    jobs = RayJobs(answers=1000)
    jobs.then[5] = jobs.tokens.clear
    done = follow(Kubectl(tmp_path, jobs.port, life_s=600))
    assert done.code == 2 and "refuses the token (401)" in done.err, done.err


def test_a_chatty_kubectl_does_not_block(tmp_path):
    """A pipe holds 64 KiB; kubectl prints a line for each connection, and waits when it is full."""
    jobs = RayJobs(keeps_connections=False)
    kubectl = Kubectl(tmp_path, jobs.port, life_s=600, chatter=10_000)
    done = follow(kubectl)
    assert kubectl.forwards() == 1 and len(jobs.authorizations) * 10_000 > 2 * 65536
    assert done.code == 0 and done.out.splitlines() == jobs.lines(), done.err


def test_a_proxy_never_sees_the_token(tmp_path):
    jobs, proxy = RayJobs(answers=5), RayJobs()
    away = f"http://127.0.0.1:{proxy.port}"
    done = follow(Kubectl(tmp_path, jobs.port, life_s=600), http_proxy=away, all_proxy=away)
    assert done.code == 0, done.err
    assert proxy.authorizations == []


@pytest.mark.parametrize("url", ["http://127.0.0.1:80@evil.invalid/", "https://a:b@ray.invalid"])
def test_an_at_sign_in_a_url_is_refused(url):
    done = run("jobs", "--on", url)
    assert done.code == 2 and done.err.count("\n") == 1 and "want https://HOST" in done.err, (
        done.err
    )


def test_a_cluster_that_stays_away_names_the_way_back(tmp_path):
    """The cluster is suspended meanwhile: the job's name and command are printed."""
    jobs = RayJobs(answers=1000)
    kubectl = Kubectl(tmp_path, jobs.port, life_s=1)
    process = subprocess.Popen(
        [LIDO, "logs", "lido-1", "--on", "k8s:pool-a/data", "--follow"],
        env=os.environ | kubectl.env,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    deadline = time.monotonic() + 60
    while not jobs.authorizations:
        assert time.monotonic() < deadline and process.poll() is None
        time.sleep(0.05)
    program, new = tmp_path / "kubectl", tmp_path / "new"
    new.write_text(program.read_text().replace("spec = {", 'spec = {"suspend": True, '))
    new.chmod(0o755)
    new.rename(program)  # it may be running
    said = process.stderr.read()
    assert process.wait(60) == 1, said
    assert said.count("\n") == 1 and "lido logs lido-1 --on k8s:pool-a/data --follow" in said, said
    assert "suspended" in said
