# SPDX-License-Identifier: Apache-2.0
"""Lido on real pods: a node of its own, KubeRay's operator, Ray in containers.

`./dev test k8s-real` (root) runs it. Each lesson of the clusters is proved on the chart's output.
Network policies are enforced in one test only: elsewhere Ray's token refuses strangers.
"""

import csv
import json
import shutil
import subprocess
import sys
import time

import pytest
from cluster_runs import RUNS, fitted, measure, predicted
from conftest import lido
from control_plane import ROOT, TOOLS, free_port, wait_for
from real_cluster import (
    REACH,
    SMALL,
    VALUES,
    ask,
    begin,
    bystander,
    codes_from_another_pod,
    has_ended,
    head_of,
    ingest_on_cluster,
    inside,
    listing,
    objects,
    program,
    said_by,
    seconds_to_first_span_of_an_ingest,
    state_of_head,
    submit,
    token_of,
    training_values,
)
from real_node import RealNode

CLIPS = ROOT / "build/clips"


@pytest.fixture(scope="session")
def real(tmp_path_factory):
    begun = time.monotonic()
    with RealNode(tmp_path_factory.mktemp("real")) as k8s:
        k8s.start_operator(flags=())  # it finds services by their names, as inside
        print(f"\nKubernetes with a node: {time.monotonic() - begun:.1f} s")
        yield k8s


@pytest.fixture(scope="session")
def bucket(real):
    """fake-gcs-server, where pods reach it."""
    folder = real.folder / "bucket"
    (folder / "pool-a/raw").mkdir(parents=True)
    for name in ("h264_b.mp4", "hevc_b.mp4", "vp9.webm"):
        shutil.copy(CLIPS / name, folder / "pool-a/raw")
    port = free_port()
    real._start(
        "fake-gcs-server",
        TOOLS / "fake-gcs-server",
        "-scheme",
        "http",
        "-host",
        real.address,
        "-port",
        port,
        "-data",
        folder,
        "-backend",
        "memory",
        "-public-host",
        f"{real.address}:{port}",
    )
    return f"http://{real.address}:{port}"


@pytest.fixture(scope="session")
def cluster(real, bucket):
    path = real.folder / "values.yaml"
    path.write_text(VALUES.format(bucket=bucket, node=real.address, port=bucket.rpartition(":")[2]))
    begun = time.monotonic()
    up = lido("up", path, "--kubeconfig", real.kubeconfig, "--json")
    assert up.code == 0, up.err
    print(f"head ready after {time.monotonic() - begun:.1f} s")
    yield path
    down = lido("down", path, "--kubeconfig", real.kubeconfig, "--yes")
    assert down.code == 0, down.err
    wait_for("no pods left", lambda: not real.get("pods", "-n", "pool-a")["items"])


def test_an_ingest_from_nothing_and_back(real, bucket, cluster, tmp_path):
    assert not real.pods("pool-a", **{"node-type": "worker"})
    begun = time.monotonic()
    there = ingest_on_cluster(real, bucket, "train")
    print(f"ingest, workers from nothing: {time.monotonic() - begun:.1f} s")
    local = program(
        real,
        bucket,
        *"ingest gs://pool-a/raw --out gs://pool-a/local".split(),
        *SMALL,
        "--json",
        "--quiet",
    )
    assert local.returncode == 0, local.stderr
    assert {key: there[key] for key in ("samples", "clips", "frames")} == {
        key: json.loads(local.stdout)[key] for key in ("samples", "clips", "frames")
    }
    assert objects(bucket, "train") == objects(bucket, "local"), "the bytes are not the local ones"
    begun = time.monotonic()
    wait_for(
        "workers gone", lambda: not real.pods("pool-a", **{"node-type": "worker"}), seconds=120
    )
    print(f"workers back to none after {time.monotonic() - begun:.1f} s")


def test_a_training_from_nothing_and_back(real, bucket, cluster, tmp_path):
    """Two workers in pods of the training cluster's own image learn what this machine learns."""
    make = "import halves, pathlib, sys; halves.make(pathlib.Path(sys.argv[1]))"
    subprocess.run(
        [sys.executable, "-c", make, tmp_path / "halves"], cwd=ROOT / "tests/e2e", check=True
    )
    copied = program(real, bucket, "copy", tmp_path / "halves/d", "gs://pool-a/halves")
    assert copied.returncode == 0, copied.stderr
    path = real.folder / "training.yaml"
    path.write_text(training_values(cluster.read_text()))
    up = lido("up", path, "--kubeconfig", real.kubeconfig)
    assert up.code == 0, up.err
    train = "train people --data gs://pool-a/halves --epochs 2 --batch-size 16 --seed 1"
    train += (
        " --samples frame --no-augment --micro-batches 2 --json --quiet --out gs://pool-a/runs/"
    )
    begun = time.monotonic()
    done = program(real, bucket, *f"{train}there --workers 2 --on k8s:pool-t/training".split())
    assert done.returncode == 0, done.stderr
    print(f"training, workers from nothing: {time.monotonic() - begun:.1f} s")
    there = json.loads(done.stdout)
    done = program(real, bucket, *f"{train}here --threads 1".split())
    assert done.returncode == 0, done.stderr
    assert there["best_score"] == json.loads(done.stdout)["best_score"]
    assert there["epochs"] == 2 and there["model"] == "gs://pool-a/runs/there/model"
    sums = [
        {one["name"].rpartition("/")[2]: one["md5Hash"] for one in listing(bucket, f"runs/{run}")}
        for run in ("there", "here")
    ]
    assert sums[0]["model.onnx"] == sums[1]["model.onnx"]
    assert "lido-train" in program(real, bucket, *"jobs --on k8s:pool-t/training".split()).stdout
    begun = time.monotonic()
    wait_for(
        "workers gone", lambda: not real.pods("pool-t", **{"node-type": "worker"}), seconds=120
    )
    print(f"workers back to none after {time.monotonic() - begun:.1f} s")
    down = lido("down", path, "--kubeconfig", real.kubeconfig, "--yes")
    assert down.code == 0, down.err


EAT = "eaten = []\nwhile True: eaten.append(bytearray(b'x') * (64 << 20))\n"
HELLO = """
import ray
ray.init()
@ray.remote(num_cpus=1)
def hello(): return ray.get_runtime_context().get_node_id()
print("ran on", ray.get(hello.remote()))
"""
EAT_IN_A_TASK = f"""
import ray
ray.init()
@ray.remote(num_cpus=1, max_retries=0)
def eat():
  {EAT.replace(chr(10), chr(10) + "  ")}
try: ray.get(eat.remote())
except ray.exceptions.RayError as error: print("task:", type(error).__name__)
"""
FIRST_TASK = """
import ray, time
ray.init()
@ray.remote(num_cpus=1)
def now(): return time.time()
print("first task at", ray.get(now.remote()))
"""


def number_after(words, output):
    """The last number of the output line that begins with these words."""
    line = next(line for line in output.splitlines() if line.startswith(words))
    return float(line.split()[-1])


def test_memory_without_end_leaves_the_head_alive(real, cluster):
    before = state_of_head(real)
    job = begin(real, EAT)
    wait_for("its end", lambda: has_ended(real, job), seconds=300)
    info = ask(real, f"/api/jobs/{job}")
    assert info["status"] == "FAILED", info
    print("driver that allocates without end:", info["message"].splitlines()[0][:150])
    task = submit(real, EAT_IN_A_TASK)
    print(next(line for line in task.splitlines() if line.startswith("task:")))
    assert state_of_head(real) == before
    assert "ran on" in submit(real, HELLO)


def test_what_asks_for_no_cpu_is_not_on_the_head(real, cluster):
    """Actors of 0 CPUs stay off the head when they ask for a controller's place."""
    said = submit(
        real,
        """
import ray
ray.init()
@ray.remote(num_cpus=0, resources={"controller": 1})
class Counter:
    def where(self): return ray.get_runtime_context().get_node_id()
heads = {node["NodeID"] for node in ray.nodes() if "node:__internal_head__" in node["Resources"]}
counters = [Counter.remote() for _ in range(20)]
assert len(heads) == 1
places = ray.get([counter.where.remote() for counter in counters])
print("on the head:", sum(place in heads for place in places))
""",
    )
    assert "on the head: 0" in said, said


def test_strangers_are_refused(real, cluster):
    codes = codes_from_another_pod(real, "pool-a", "wrong", token_of(real))
    print("without a token, with a wrong one, with the right one:", codes)
    assert codes["jobs"] == [401, 403, 200]
    for service in ("gcs", "client"):
        assert codes[service][2] not in ("UNAUTHENTICATED", "UNAVAILABLE"), codes
        assert codes[service][0] == codes[service][1] == "UNAUTHENTICATED", codes


CALLERS = (
    ("default", {}),
    ("pool-a", {}),
    ("pool-a", {"app.kubernetes.io/component": "submitter"}),
    ("gke-gmp-system", {}),
    ("kuberay-system", {}),
)


def reached(real, head, ports, others):
    """Names of the ports that each caller reaches, then of the others that the head reaches."""
    found = []
    for space, labels in CALLERS:
        with bystander(real, space, **labels) as run:
            open_ports = run(REACH, *ports.values())
            found.append([name for name, place in ports.items() if place in open_ports])
    out = inside(real, head, "ray-head", "python3", "-c", REACH, *others)
    return [*found, [others[place] for place in json.loads(out)]]


def test_network_policies_keep_others_out(real, bucket, cluster):
    """Under kube-router's firewall only named callers reach Ray, and Ray only what it needs."""
    head = head_of(real)
    ports = {
        name: f"{head['status']['podIP']}:{port}"
        for name, port in {"jobs": 8265, "client": 10001, "gcs": 6379, "metrics": 8080}.items()
    }
    others = {
        f"{real.address}:10250": "kubelet",
        bucket.removeprefix("http://"): "bucket",
        f"{real.address}:6443": "API server",
        "kubernetes.default.svc:443": "kubernetes.default.svc:443",
    }
    for space in ("gke-gmp-system", "kuberay-system"):
        real.kubectl("create", "namespace", space)
    without = reached(real, head, ports, others)
    with real.policies():
        with bystander(real, "default") as run:
            wait_for("policies", lambda: run(REACH, *ports.values()) == [], seconds=60)
        enforced = reached(real, head, ports, others)
        for name, found in (("without", without), ("with", enforced)):
            callers = [space + (" submitter" if labels else "") for space, labels in CALLERS]
            for caller, names in zip([*callers, "the head itself"], found):
                print(f"{name} policies {caller} reaches: {', '.join(names) or 'nothing'}")
        assert ingest_on_cluster(real, bucket, "guarded")["clips"] == 3
    assert without[:5] == [list(ports)] * 5
    assert enforced == [
        [],
        [],
        ["jobs"],
        ["metrics"],
        ["jobs"],
        ["bucket", "API server", "kubernetes.default.svc:443"],
    ]
    with bystander(real, "default") as run:  # the firewall is gone again
        assert len(run(REACH, *ports.values())) == len(ports)


def test_kubernetes_says_who_may_call(real, bucket, cluster):
    path = real.folder / "by-kubernetes.yaml"
    path.write_text(
        cluster.read_text().replace("name: pool-a", "name: pool-k\nauth: {mode: kubernetes}")
    )
    up = lido("up", path, "--kubeconfig", real.kubeconfig)
    assert up.code == 0, up.err
    real.kubectl("create", "serviceaccount", "guest", "-n", "pool-k")
    guest, submitter = (
        real.kubectl("create", "token", name, "-n", "pool-k").strip()
        for name in ("guest", "lido-submitter")
    )
    codes = codes_from_another_pod(real, "pool-k", "wrong", guest, submitter)
    print("without a token, with a wrong one, a guest's, a submitter's:", codes)
    assert codes["jobs"] == [401, 403, 403, 200]
    for service in ("gcs", "client"):
        assert codes[service][3] not in ("UNAUTHENTICATED", "UNAVAILABLE"), codes
        assert codes[service][0] == codes[service][1] == codes[service][2] == "UNAUTHENTICATED", (
            codes
        )
    assert ingest_on_cluster(real, bucket, "by-kubernetes", "pool-k/data")["clips"] == 3
    down = lido("down", path, "--yes", "--kubeconfig", real.kubeconfig)
    assert down.code == 0, down.err


def test_a_job_larger_than_the_store_spills_within_its_bound(real, cluster):
    before = state_of_head(real)
    said = submit(
        real,
        """
import os, ray, time
import numpy as np
ray.init()
@ray.remote(num_cpus=1)
def make(i): return np.full(64 << 20, i, np.uint8)
@ray.remote(num_cpus=1)
def spilled():
    files = [os.path.join(folder, name) for folder, _, names in os.walk("/tmp/ray")
             for name in names if "spill" in folder]
    return sum(map(os.path.getsize, files))
@ray.remote(num_cpus=1)
def ends(array): return int(array[0]) + int(array[-1])
refs = [make.remote(i) for i in range(20)]
ray.wait(refs, num_returns=20, fetch_local=False)
time.sleep(2)
most = ray.get(spilled.remote())
found = [ray.get(ends.remote(ref)) for ref in refs]
assert found == [2 * i for i in range(20)], found
print("spilled MiB:", most >> 20)
""",
    )
    spilled = int(number_after("spilled MiB:", said))
    print("1280 MiB of objects in stores of 256 MiB, on disk:", spilled, "MiB")
    assert 300 < spilled <= 2048
    assert state_of_head(real) == before


def test_a_frozen_raylet_is_noticed_and_replaced(real, cluster):
    job = begin(
        real,
        """
import ray, time
ray.init()
@ray.remote(num_cpus=1, max_retries=-1)
def slow(i):
    time.sleep(2)
    return i
assert sorted(ray.get([slow.remote(i) for i in range(180)])) == list(range(180))
print("every task's result came once")
""",
    )

    def ready():
        return [
            pod
            for pod in real.pods("pool-a", group="cpu")
            if all(one.get("ready") for one in pod["status"].get("containerStatuses", [{}]))
        ]

    frozen = wait_for("two workers", lambda: len(found := ready()) == 2 and found, seconds=120)[0]
    inside(real, frozen, "ray-worker", "pkill", "-STOP", "raylet")
    begun = time.monotonic()
    uids = {pod["metadata"]["uid"] for pod in ready()}
    wait_for(
        "out",
        lambda: frozen["metadata"]["uid"] not in {pod["metadata"]["uid"] for pod in ready()},
        seconds=180,
    )
    out = time.monotonic() - begun
    wait_for(
        "replaced",
        lambda: len(found := ready()) == 2 and {pod["metadata"]["uid"] for pod in found} - uids,
        seconds=180,
    )
    replaced = time.monotonic() - begun
    print(
        f"a frozen raylet was out after {out:.1f} s, replaced by another pod after {replaced:.1f} s"
    )
    wait_for("the job's end", lambda: has_ended(real, job), seconds=400)
    assert "every task's result came once" in said_by(real, job), said_by(real, job)[-2000:]
    assert out <= 90 and replaced <= 120


def test_the_first_task_comes_soon(real, bucket, cluster):
    wait_for("no workers", lambda: not real.pods("pool-a", **{"node-type": "worker"}), seconds=120)
    for workers in ("from nothing, on a warm node", "that are there"):
        begun = time.time()
        first = number_after("first task at", submit(real, FIRST_TASK)) - begun
        print(f"submitted to first task, workers {workers}: {first:.1f} s")
    assert first <= 15
    wait_for("no workers", lambda: not real.pods("pool-a", **{"node-type": "worker"}), seconds=120)
    print(
        "an ingest accepted to its first span, workers from nothing, on a warm node: "
        f"{seconds_to_first_span_of_an_ingest(real, bucket):.1f} s"
    )


def test_a_ray_job_leaves_nothing_behind(real, bucket, cluster):
    path = real.folder / "night.yaml"
    ingest = "lido ingest gs://pool-a/raw --out gs://pool-a/night --quiet --on ray"
    job = f'{{cluster: data, keepSeconds: 10, entrypoint: "{ingest} {" ".join(SMALL)}"}}'
    path.write_text(f"{cluster.read_text()}jobs:\n  night: {job}\n")
    up = lido("up", path, "--kubeconfig", real.kubeconfig)
    assert up.code == 0, up.err
    begun = time.monotonic()
    job = wait_for(
        "the job's end",
        lambda: (
            (one := real.get("rayjob", "night", "-n", "pool-a"))["status"].get("jobStatus")
            in ("SUCCEEDED", "FAILED", "STOPPED")
            and one
        ),
        seconds=300,
    )
    assert job["status"]["jobStatus"] == "SUCCEEDED", job["status"]
    print(f"a RayJob with a cluster of its own: {time.monotonic() - begun:.1f} s")
    wait_for(
        "its cluster gone",
        lambda: len(real.get("rayclusters", "-n", "pool-a")["items"]) == 1,
        seconds=120,
    )


def test_the_simulator_foretells_runs(real, bucket, cluster, tmp_path):
    """Fitted on every other run, it predicts the rest."""
    runs = [measure(real, *one) for one in RUNS]
    with open(ROOT / "build/cluster_runs.csv", "w") as file:
        rows = csv.DictWriter(file, runs[0])
        rows.writeheader()
        rows.writerows({key: round(value, 2) for key, value in run.items()} for run in runs)
    timings = fitted(runs[::2])
    print("fitted on half of the runs:", timings)
    worst = 0
    for run in runs[1::2]:
        said = predicted(tmp_path, cluster, timings, run)
        pairs = {
            "up": (said["all_workers_s"], run["all_workers"]),
            "end": (said["end_s"], run["end"]),
            "down": (said["end_s"] + said["scale_down_s"], run["zero"]),
        }
        print(
            f"{run['spans']} spans of {run['span_s']} s:",
            ", ".join(f"{name} {a:.1f} predicted, {b:.1f} seen" for name, (a, b) in pairs.items()),
        )
        worst = max(worst, *(abs(a / b - 1) for a, b in pairs.values()))
    print(f"at most {100 * worst:.0f}% off")
    assert worst <= 0.25
