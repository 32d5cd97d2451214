# SPDX-License-Identifier: Apache-2.0
"""Helpers of the tests on real pods: the cluster's values, its jobs, its bucket, other pods."""

import base64
import contextlib
import json
import os
import shlex
import subprocess
import time
import urllib.request

from conftest import LIDO
from control_plane import ROOT, wait_for

SMALL = ["--fps", "10", "--size", "160", "--window", "4", "--stride", "4"]

# Small requests, so that two clusters fit on a node of two cores beside what KubeRay adds.
VALUES = """
name: pool-a
platform: kubernetes
image: {{repository: registry.example/lido, tag: "1.0"}}
operator: {{install: false}}
suspendAfterMinutes: 0
autoscaler: {{cpu: 0.25, burst: 2, memoryGiB: 1}}
network:
  metricsNamespace: gke-gmp-system
  egress:
    - to: [{{ipBlock: {{cidr: {node}/32}}}}]
      ports: [{{protocol: TCP, port: {port}}}]
env:
  - {{name: CLOUD_STORAGE_EMULATOR_ENDPOINT, value: "{bucket}"}}
clusters:
  data:
    enabled: true
    idleTimeoutSeconds: 15
    head: {{cpu: 0.2, burst: 10, memoryGiB: 2, objectStoreGiB: 0.25, spillGiB: 1}}
    groups:
      driver: {{cpu: 0.1, burst: 20, memoryGiB: 2, objectStoreGiB: 0.25, spillGiB: 1, \
min: 0, max: 1, cpus: 0, resources: {{driver: 1, controller: 32}}}}
      cpu: {{cpu: 0.1, burst: 20, memoryGiB: 3, objectStoreGiB: 0.25, spillGiB: 2, \
min: 0, max: 2, cpus: 1}}
  reconstruction: {{enabled: false}}
  training: {{enabled: false}}
"""

# The training cluster alone, in a namespace of its own.
TRAINING = """
  training:
    enabled: true
    image: {repository: registry.example/lido-train, tag: "1.0"}
    idleTimeoutSeconds: 15
    head: {cpu: 0.2, burst: 10, memoryGiB: 2, objectStoreGiB: 0.25, spillGiB: 1}
    groups:
      gpu: null
      driver: {cpu: 0.1, burst: 20, memoryGiB: 2, objectStoreGiB: 0.25, spillGiB: 1, \
min: 0, max: 1, cpus: 0, resources: {driver: 1, controller: 32}}
      cpu: {cpu: 0.1, burst: 20, memoryGiB: 3, objectStoreGiB: 0.25, spillGiB: 2, \
min: 0, max: 2, cpus: 1}
"""


def training_values(values):
    """Values of a pool that trains, from those of one that ingests."""
    values = values.replace("name: pool-a", "name: pool-t")
    values = values.replace("  data:\n    enabled: true", "  data:\n    enabled: false")
    return values.replace("  training: {enabled: false}\n", TRAINING)


def program(real, bucket, *arguments):
    environment = {
        **os.environ,
        "KUBECONFIG": str(real.kubeconfig),
        "CLOUD_STORAGE_EMULATOR_ENDPOINT": bucket,
        "LIDO_MODELS": str(ROOT / "build/models"),
    }
    return subprocess.run(
        [LIDO, *map(str, arguments)], capture_output=True, text=True, timeout=600, env=environment
    )


def listing(bucket, prefix):
    with urllib.request.urlopen(
        f"{bucket}/storage/v1/b/pool-a/o?prefix={prefix}/", timeout=20
    ) as answer:
        return json.load(answer).get("items", [])


def names_in(bucket, prefix):
    return [one["name"] for one in listing(bucket, prefix)]


def ingest_on_cluster(real, bucket, out, cluster="pool-a/data"):
    """Runs an ingest of the bucket's raw clips on a cluster. Returns its summary."""
    done = program(
        real,
        bucket,
        *f"ingest gs://pool-a/raw --out gs://pool-a/{out}".split(),
        *SMALL,
        *f"--on k8s:{cluster} --json --quiet".split(),
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def objects(bucket, dataset):
    """Checksums of a dataset's objects, except the report, which names dataset and cost."""
    listed = listing(bucket, dataset)
    found = {
        one["name"].removeprefix(dataset): one["md5Hash"]
        for one in listed
        if not one["name"].endswith("report.html")
    }
    assert len(found) > 5, listed
    return found


def head_of(real):
    return real.pods("pool-a", **{"node-type": "head", "cluster": "data"})[0]


def state_of_head(real):
    head = head_of(real)
    return head["metadata"]["uid"], [
        one["restartCount"] for one in head["status"]["containerStatuses"]
    ]


def inside(real, pod, container, *command):
    return real.kubectl(
        "exec",
        "-n",
        pod["metadata"]["namespace"],
        pod["metadata"]["name"],
        "-c",
        container,
        "--",
        *command,
    )


def token_of(real):
    """The token that KubeRay made for the cluster."""
    return base64.b64decode(
        real.get("secret", "data", "-n", "pool-a")["data"]["auth_token"]
    ).decode()


def ask(real, path, body=None):
    """Calls Ray's Jobs API through the head's service, with the cluster's token."""
    request = urllib.request.Request(
        f"http://data-head-svc.pool-a.svc.cluster.local:8265{path}",
        data=json.dumps(body).encode() if body else None,
        headers={"Authorization": f"Bearer {token_of(real)}", "Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=20) as answer:
        return json.load(answer)


def begin(real, script):
    """Starts a Python script as a job of the cluster, with its driver in the driver group."""
    return ask(
        real,
        "/api/jobs/",
        {"entrypoint": f"python3 -c {shlex.quote(script)}", "entrypoint_resources": {"driver": 1}},
    )["submission_id"]


def has_ended(real, job):
    return ask(real, f"/api/jobs/{job}")["status"] in ("SUCCEEDED", "FAILED", "STOPPED")


def said_by(real, job):
    return ask(real, f"/api/jobs/{job}/logs")["logs"]


def submit(real, script):
    """Runs a script to its end; returns its output."""
    job = begin(real, script)
    wait_for("the job's end", lambda: has_ended(real, job), seconds=300)
    said = said_by(real, job)
    assert ask(real, f"/api/jobs/{job}")["status"] == "SUCCEEDED", said
    return said


def bystander_manifest(space, labels):
    context = {
        "runAsNonRoot": True,
        "runAsUser": 1000,
        "allowPrivilegeEscalation": False,
        "capabilities": {"drop": ["ALL"]},
        "seccompProfile": {"type": "RuntimeDefault"},
    }
    container = {
        "name": "python",
        "image": "registry.example/lido:1.0",
        "command": ["sleep", "1000"],
        "securityContext": context,
    }
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "bystander", "namespace": space, "labels": labels},
        "spec": {"containers": [container], "terminationGracePeriodSeconds": 0},
    }


@contextlib.contextmanager
def bystander(real, space, **labels):
    """Starts a pod outside Ray. Yields a function: script -> JSON of its last line of output."""
    manifest = json.dumps(bystander_manifest(space, labels))
    real.kubectl("apply", "-f", "-", input=manifest)
    real.kubectl("wait", "--for=condition=Ready", "pod/bystander", "-n", space, "--timeout=60s")
    pod = {"metadata": {"namespace": space, "name": "bystander"}}
    try:
        yield lambda script, *arguments: json.loads(
            inside(real, pod, "python", "python3", "-c", script, *arguments)
            .strip()
            .splitlines()[-1]
        )
    finally:
        real.kubectl("delete", "pod", "bystander", "-n", space)


CODES = """
import grpc, json, sys, urllib.request, urllib.error
host, *tokens = sys.argv[1:]
def http(headers):
    request = urllib.request.Request(f"http://{host}:8265/api/jobs/", headers=headers)
    try: return urllib.request.urlopen(request, timeout=10).status
    except urllib.error.HTTPError as error: return error.code
def rpc(port, method, metadata):
    with grpc.insecure_channel(f"{host}:{port}") as channel:
        try: channel.unary_unary(method)(b"", timeout=10, metadata=metadata); return "OK"
        except grpc.RpcError as error: return error.code().name
def rpcs(port, method):
    return [rpc(port, method, [])] + [
        rpc(port, method, [("authorization", f"Bearer {token}")]) for token in tokens]
print(json.dumps({
    "jobs": [http({})] + [http({"Authorization": f"Bearer {token}"}) for token in tokens],
    "gcs": rpcs(6379, "/ray.rpc.NodeInfoGcsService/GetAllNodeInfo"),
    "client": rpcs(10001, "/ray.rpc.RayletDriver/ClusterInfo")}))
"""


def codes_from_another_pod(real, space, *tokens):
    """Status codes for a pod of another namespace, without a token and with each of these."""
    with bystander(real, "default") as run:
        return run(CODES, f"data-head-svc.{space}.svc.cluster.local", *tokens)


REACH = """
import json, socket, sys
def reach(place):
    host, port = place.split(":")
    try: socket.create_connection((host, int(port)), timeout=3).close()
    except OSError: return False
    return True
print(json.dumps([place for place in sys.argv[1:] if reach(place)]))
"""


def seconds_to_first_span_of_an_ingest(real, bucket):
    environment = {
        **os.environ,
        "KUBECONFIG": str(real.kubeconfig),
        "CLOUD_STORAGE_EMULATOR_ENDPOINT": bucket,
    }

    def begun():
        return any(
            part in name
            for name in names_in(bucket, "soon/.work")
            for part in ("/tries/", "/parts/")
        )

    with subprocess.Popen(
        [
            LIDO,
            *"ingest gs://pool-a/raw --out gs://pool-a/soon".split(),
            *SMALL,
            "--on",
            "k8s:pool-a/data",
            "--quiet",
        ],
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    ) as ingest:
        assert "was submitted to" in (said := ingest.stderr.readline()), said
        accepted = time.monotonic()
        wait_for("the first span", begun, every=0.05)
        first = time.monotonic() - accepted
        assert ingest.wait(300) == 0
    return first
