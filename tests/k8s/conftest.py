# SPDX-License-Identifier: Apache-2.0
import json
import os
import pathlib
import subprocess

import pytest
from control_plane import ROOT, ControlPlane

LIDO = os.environ.get("LIDO_BIN", str(ROOT / "build/release/bin/lido"))


class Run:
    def __init__(self, done):
        self.code, self.out, self.err = done.returncode, done.stdout, done.stderr

    @property
    def json(self):
        return json.loads(self.out)


def lido(*arguments, input=None):
    return Run(
        subprocess.run(
            [LIDO, "cluster", *map(str, arguments)],
            capture_output=True,
            text=True,
            timeout=900,  # longer than `up` waits, so that its own message is seen
            input=input or "",
        )
    )


SPOT = [{"key": "cloud.google.com/gke-spot", "value": "true", "effect": "NoSchedule"}]
GPU = {"key": "nvidia.com/gpu", "value": "present", "effect": "NoSchedule"}


@pytest.fixture(scope="session")
def bare(tmp_path_factory):
    """A Kubernetes without KubeRay."""
    with ControlPlane(tmp_path_factory.mktemp("bare")) as k8s:
        k8s.add_nodes("node", 2)
        yield k8s


@pytest.fixture(scope="session")
def k8s(tmp_path_factory):
    """A Kubernetes as GKE's.

    KubeRay's operator runs elsewhere; nodes carry GKE's labels, spot and GPU nodes their taints.
    """
    with ControlPlane(tmp_path_factory.mktemp("gke")) as k8s:
        k8s.start_operator()
        k8s.add_nodes("ondemand", 3)
        k8s.add_nodes("spot", 4, labels={"cloud.google.com/gke-spot": "true"}, taints=SPOT)
        k8s.add_nodes(
            "l4", 2, labels={"cloud.google.com/gke-accelerator": "nvidia-l4"}, taints=[GPU], gpus=1
        )
        yield k8s


@pytest.fixture
def values(tmp_path):
    """Writes a values file: the output of `init`, and further lines."""

    def write(name, *options, more=""):
        made = lido("init", name, "--image", "registry.example/lido:1.0", *options)
        assert made.code == 0, made.err
        path = pathlib.Path(tmp_path) / f"{name}.yaml"
        path.write_text(made.out + more)
        return path

    return write
