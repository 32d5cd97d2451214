# SPDX-License-Identifier: Apache-2.0
"""The suspender's script against a server that answers like Kubernetes' API.

A change with an old resourceVersion is refused with 409, as Kubernetes does.
"""

import copy
import datetime
import http.server
import json
import pathlib
import subprocess
import sys
import threading

import pytest

SCRIPT = pathlib.Path(__file__).parents[2] / "deploy/helm/lido/files/suspend.py"
LIMIT_MIN = 20


class Kubernetes:
    """RayClusters and pods of a namespace."""

    def __init__(self, folder):
        self.clusters, self.pods, self.before_patch = {}, [], None
        (folder / "token").write_text("secret")
        self.folder = folder
        kubernetes = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                assert self.headers["Authorization"] == "Bearer secret"
                found = (
                    kubernetes.pods if "/pods" in self.path else list(kubernetes.clusters.values())
                )
                self.answer(200, {"items": found})

            def do_PATCH(self):
                length = int(self.headers["Content-Length"])
                patch = json.loads(self.rfile.read(length))
                if kubernetes.before_patch:
                    kubernetes.before_patch()
                self.answer(*kubernetes.patch(self.path.split("/")[-1], patch))

            def answer(self, code, body):
                self.send_response(code)
                self.end_headers()
                self.wfile.write(json.dumps(body).encode())

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def add_cluster(self, name, idle_min=None, replicas=0, **metadata):
        notes = {}
        if idle_min is not None:
            notes["lido/idle-since"] = minutes_ago(idle_min)
        self.clusters[name] = {
            "metadata": {"name": name, "resourceVersion": "7", "annotations": notes, **metadata},
            "spec": {"workerGroupSpecs": [{"groupName": "cpu", "replicas": replicas}]},
        }

    def add_pod(self, cluster, kind, containers=()):
        labels = {"ray.io/cluster": cluster, "ray.io/node-type": kind}
        status = {"containerStatuses": list(containers)}
        self.pods.append({"metadata": {"labels": labels}, "status": status})

    def patch(self, name, patch):
        """A JSON merge patch (RFC 7396), with Kubernetes' check of the version."""
        cluster = copy.deepcopy(self.clusters[name])
        wanted = patch["metadata"].pop("resourceVersion", None)
        if wanted not in (None, cluster["metadata"]["resourceVersion"]):
            return 409, {"reason": "Conflict"}
        for key, value in patch["metadata"].get("annotations", {}).items():
            if value is None:
                cluster["metadata"]["annotations"].pop(key, None)
            else:
                cluster["metadata"]["annotations"][key] = value
        cluster["spec"].update(patch.get("spec", {}))
        cluster["metadata"]["resourceVersion"] = str(
            int(cluster["metadata"]["resourceVersion"]) + 1
        )
        self.clusters[name] = cluster
        return 200, cluster

    def run(self):
        """Runs the suspender once; returns its output."""
        done = subprocess.run(
            [sys.executable, SCRIPT],
            env={
                "ACCOUNT_FOLDER": str(self.folder),
                "KUBERNETES_SERVER": f"http://127.0.0.1:{self.server.server_port}",
                "SPACE": "pool-a",
                "MINUTES": str(LIMIT_MIN),
            },
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def is_suspended(self, name="data"):
        return self.clusters[name]["spec"].get("suspend", False)

    def idle_since(self, name="data"):
        return self.clusters[name]["metadata"]["annotations"].get("lido/idle-since")


def minutes_ago(minutes):
    then = datetime.datetime.now(datetime.UTC) - datetime.timedelta(minutes=minutes)
    return then.isoformat(timespec="seconds")


@pytest.fixture
def kubernetes(tmp_path):
    one = Kubernetes(tmp_path)
    yield one
    one.server.shutdown()


@pytest.mark.parametrize("idle_min, suspended", [(LIMIT_MIN - 1, False), (LIMIT_MIN + 1, True)])
def test_an_idle_cluster_is_suspended_after_its_time(kubernetes, idle_min, suspended):
    kubernetes.add_cluster("data", idle_min)
    kubernetes.add_pod("data", "head")
    kubernetes.run()
    assert kubernetes.is_suspended() is suspended


def test_idle_time_begins_with_the_first_look_and_ends_with_a_worker(kubernetes):
    kubernetes.add_cluster("data")
    kubernetes.run()
    assert kubernetes.idle_since() and not kubernetes.is_suspended()
    kubernetes.add_pod("data", "worker")
    kubernetes.run()
    assert kubernetes.idle_since() is None


def test_a_requested_worker_counts_before_its_pod_exists(kubernetes):
    kubernetes.add_cluster("data", LIMIT_MIN + 5, replicas=1)
    kubernetes.run()
    assert not kubernetes.is_suspended() and kubernetes.idle_since() is None


def test_a_change_in_between_is_not_overwritten(kubernetes):
    """The autoscaler requests a worker after the suspender has listed the clusters."""
    kubernetes.add_cluster("data", LIMIT_MIN + 5)

    def request_worker():
        kubernetes.clusters["data"]["spec"]["workerGroupSpecs"][0]["replicas"] = 1
        kubernetes.clusters["data"]["metadata"]["resourceVersion"] = "8"

    kubernetes.before_patch = request_worker
    assert "changed meanwhile" in kubernetes.run()
    assert not kubernetes.is_suspended()


@pytest.mark.parametrize("dead_min, suspended", [(LIMIT_MIN - 1, False), (LIMIT_MIN + 1, True)])
def test_a_cluster_without_autoscaler_is_not_paid_for_ever(kubernetes, dead_min, suspended):
    """Its workers are never removed: KubeRay does not restart an autoscaler that was killed."""
    kubernetes.add_cluster("data", replicas=3)
    ended = {"reason": "OOMKilled", "exitCode": 137, "finishedAt": minutes_ago(dead_min)}
    kubernetes.add_pod("data", "worker")
    kubernetes.add_pod(
        "data",
        "head",
        [
            {"name": "ray-head", "state": {"running": {}}},
            {"name": "autoscaler", "state": {"terminated": ended}},
        ],
    )
    out = kubernetes.run()
    assert kubernetes.is_suspended() is suspended and ("autoscaler" in out) is suspended


def test_clusters_of_jobs_are_left_to_their_deadlines(kubernetes):
    kubernetes.add_cluster("data", LIMIT_MIN + 5, ownerReferences=[{"kind": "RayJob"}])
    kubernetes.run()
    assert not kubernetes.is_suspended()
