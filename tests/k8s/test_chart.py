# SPDX-License-Identifier: Apache-2.0
"""Manifests that helm renders from the chart. No Kubernetes runs here."""

import copy
import subprocess

import pytest
import yaml
from conftest import lido
from control_plane import ROOT, TOOLS

CHART = ROOT / "deploy/helm/lido"
BASE = {"name": "pool-a", "image": {"repository": "registry.example/lido", "tag": "1.0"}}
JOB = {"cluster": "data", "entrypoint": "lido ingest gs://a/raw --out gs://a/train --on ray"}


def merged(base, over):
    both = copy.deepcopy(base)
    for key, value in over.items():
        inner = isinstance(value, dict) and isinstance(both.get(key), dict)
        both[key] = merged(both[key], value) if inner else value
    return both


def helm(folder, values, *options, name="pool-a"):
    """Renders the chart; returns helm's process."""
    path = folder / "values.yaml"
    path.write_text(yaml.safe_dump(merged(BASE, values)))
    return subprocess.run(
        [TOOLS / "helm", "template", name, CHART, "-n", name, "--values", path, *options],
        capture_output=True,
        text=True,
    )


def render(folder, values=None, *options, name="pool-a"):
    done = helm(folder, values or {}, *options, name=name)
    assert done.returncode == 0, done.stderr
    return [one for one in yaml.safe_load_all(done.stdout) if one]


def only(objects, kind, name=None):
    found = [
        one for one in objects if one["kind"] == kind and name in (None, one["metadata"]["name"])
    ]
    assert len(found) == 1, [one["metadata"]["name"] for one in objects if one["kind"] == kind]
    return found[0]


def group(cluster, name):
    return next(one for one in cluster["spec"]["workerGroupSpecs"] if one["groupName"] == name)


def data(**groups):
    return {"clusters": {"data": {"groups": groups}}}


def test_a_changed_cluster_replaces_its_pods(tmp_path):
    """KubeRay 1.6: without Recreate running pods stay; inside a RayJob the field is refused."""
    objects = render(tmp_path, {"jobs": {"night": JOB}})
    assert only(objects, "RayCluster")["spec"]["upgradeStrategy"] == {"type": "Recreate"}
    assert "upgradeStrategy" not in only(objects, "RayJob")["spec"]["rayClusterSpec"]


def test_gitops_does_not_undo_the_autoscaler_and_the_suspender(tmp_path):
    cluster = only(render(tmp_path), "RayCluster")
    assert "suspend" not in cluster["spec"]
    assert not any("replicas" in one for one in cluster["spec"]["workerGroupSpecs"])
    asked = only(render(tmp_path, {"clusters": {"data": {"suspend": True}}}), "RayCluster")
    assert asked["spec"]["suspend"] is True


@pytest.mark.parametrize(
    "given, backoff, keep, deadline",
    [
        ({}, 2, 60, 1800),
        ({"backoffLimit": 0, "keepSeconds": 0}, 0, 0, 1800),
        ({"backoffLimit": 5, "keepSeconds": 1, "preRunningDeadlineSeconds": 7}, 5, 1, 7),
    ],
)
def test_a_job_keeps_its_numbers(tmp_path, given, backoff, keep, deadline):
    spec = only(render(tmp_path, {"jobs": {"night": JOB | given}}), "RayJob")["spec"]
    assert (spec["backoffLimit"], spec["ttlSecondsAfterFinished"]) == (backoff, keep)
    assert spec["preRunningDeadlineSeconds"] == deadline and spec["activeDeadlineSeconds"] > 0


@pytest.mark.parametrize(
    "values, said",
    [
        (data(cpu={"cpu": 0.5, "memoryGiB": 2}), "/clusters/data/groups/cpu"),
        (data(cpu={"cpu": 1.5}), "/clusters/data/groups/cpu"),
        (data(cpu={"objectStoreGiB": 0.05}), "objectStoreGiB"),
        (data(driver={"spot": True}), "/clusters/data/groups/driver"),
        (data(cpu={"max": 5001}), "max"),
        ({"clusters": {"data": {"head": {"memoryGiB": 1.9}}}}, "memoryGiB"),
        ({"clusters": {"lido-worker": {"enabled": False}}}, "lido-worker"),
        ({"jobs": {"night": JOB | {"backoffLimit": -1}}}, "backoffLimit"),
        ({"jobs": {"night": JOB | {"cluster": "moon"}}}, "want one of data"),
        ({"platform": "kubernetes", **data(cpu={"spot": True})}, "want a nodeSelector"),
    ],
)
def test_values_that_cannot_start_are_refused(tmp_path, values, said):
    """By helm alone, and by lido with one line."""
    done = helm(tmp_path, values)
    assert done.returncode != 0 and said in done.stderr, done.stderr
    refused = lido("render", tmp_path / "values.yaml")
    assert refused.code == 2, refused.err
    assert sum("warning" not in line for line in refused.err.splitlines()) == 1, refused.err


@pytest.mark.parametrize(
    "values",
    [
        data(cpu={"cpu": 0.5, "memoryGiB": 2, "cpus": 1}),
        data(driver={"cpu": 0.5}),
        data(cpu={"objectStoreGiB": 0.0733}),
        data(cpu={"max": 5000}),
        {"clusters": {"data": {"head": {"memoryGiB": 2}}}},
        {
            "platform": "kubernetes",
            **data(cpu={"spot": True, "nodeSelector": {"lifecycle": "spot"}}),
        },
    ],
)
def test_values_just_inside_the_limits_are_rendered(tmp_path, values):
    assert helm(tmp_path, values).returncode == 0
    assert lido("render", tmp_path / "values.yaml").code == 0


def test_whole_cpus_reach_ray(tmp_path):
    """`ray start --num-cpus` takes whole numbers only."""
    cluster = only(
        render(tmp_path, data(cpu={"cpu": 0.5, "memoryGiB": 2, "cpus": 1})), "RayCluster"
    )
    assert group(cluster, "cpu")["rayStartParams"]["num-cpus"] == "1"
    assert group(cluster, "driver")["rayStartParams"]["num-cpus"] == "0"
    cluster = only(render(tmp_path), "RayCluster")
    assert group(cluster, "cpu")["rayStartParams"]["num-cpus"] == "4"


def test_spot_pods_are_billed_as_pods_and_can_have_gpus(tmp_path):
    """GKE docs: gke-spot works with gke-accelerator; a custom class bills nodes and conflicts."""
    values = {"clusters": {"training": {"enabled": True, "groups": {"gpu": {"spot": True}}}}}
    objects = render(tmp_path, merged(values, data(cpu={"spot": True})))
    assert not [one for one in objects if one["kind"] == "ComputeClass"]
    pod = group(only(objects, "RayCluster", "training"), "gpu")["template"]["spec"]
    assert pod["nodeSelector"] == {
        "cloud.google.com/gke-accelerator": "nvidia-l4",
        "cloud.google.com/gke-spot": "true",
    }
    assert pod["terminationGracePeriodSeconds"] <= 25
    cpu = group(only(objects, "RayCluster", "data"), "cpu")["template"]["spec"]
    assert cpu["nodeSelector"] == {"cloud.google.com/gke-spot": "true"}


def test_two_pools_live_in_one_kubernetes(tmp_path):
    """Helm refuses an object that another release owns, such as one outside namespaces."""
    options = ("--set", "operator.install=true", "--set", "auth.mode=kubernetes")
    outside = {"ClusterRole", "ClusterRoleBinding", "ComputeClass", "PriorityClass"}
    names = [
        {
            (one["kind"], one["metadata"]["name"])
            for one in render(tmp_path, data(cpu={"spot": True}), *options, name=name)
            if one["kind"] in outside
        }
        for name in ("pool-a", "pool-b")
    ]
    assert len(names[0]) >= 3 and not names[0] & names[1]
    # The operator of one pool reaches the heads of the other, and may be reached from there.
    objects = render(tmp_path, {}, *options)
    peers = [
        peer
        for rule in only(objects, "NetworkPolicy", "lido-operator")["spec"]["egress"]
        for peer in rule.get("to", [])
    ]
    assert any(peer.get("namespaceSelector") == {} for peer in peers)
    objects = render(tmp_path, {"network": {"operatorNamespace": "pool-b"}})
    ingress = only(objects, "NetworkPolicy", "lido-ray")["spec"]["ingress"]
    spaces = [
        one["namespaceSelector"]["matchExpressions"][0]["values"]
        for rule in ingress
        for one in rule["from"]
        if "namespaceSelector" in one
    ]
    assert spaces == [["pool-b"]]
    # Only the operator, by the label of KubeRay's chart and manifests, not its whole namespace.
    operator = {"matchLabels": {"app.kubernetes.io/component": "kuberay-operator"}}
    for rule in ingress:
        for one in rule["from"]:
            if "namespaceSelector" in one and rule["ports"][0]["port"] == 8265:
                assert one["podSelector"] == operator


def test_names_of_clusters_and_jobs_do_not_collide(tmp_path):
    values = {
        "clusters": {
            name: {
                "enabled": True,
                "idleTimeoutSeconds": 60,
                "head": {"cpu": 1, "memoryGiB": 4, "objectStoreGiB": 0.25, "spillGiB": 2},
                "groups": {
                    "driver": {
                        "cpu": 1, "memoryGiB": 4, "objectStoreGiB": 0.25, "spillGiB": 2,
                        "min": 0, "max": 4, "cpus": 0, "resources": {"driver": 1},
                    }
                },
            }
            for name in ("job-night", "ray", "heads")
        },
        "jobs": {"night": JOB},
    }  # fmt: skip
    objects = render(tmp_path, values)
    names = [(one["kind"], one["metadata"]["name"]) for one in objects]
    assert len(names) == len(set(names))
    pods = [
        only(objects, "RayCluster", "job-night")["spec"]["headGroupSpec"],
        only(objects, "RayJob")["spec"]["rayClusterSpec"]["headGroupSpec"],
    ]
    labels = [one["template"]["metadata"]["labels"]["lido/cluster"] for one in pods]
    assert labels[0] != labels[1]
    assert lido("render", tmp_path / "values.yaml").code == 0


def test_a_variable_of_the_user_replaces_the_charts(tmp_path):
    cluster = only(
        render(tmp_path, {"env": [{"name": "HOME", "value": "/home/ray"}]}), "RayCluster"
    )
    container = cluster["spec"]["headGroupSpec"]["template"]["spec"]["containers"][0]
    homes = [one["value"] for one in container["env"] if one["name"] == "HOME"]
    assert homes == ["/home/ray"]


def test_probes_are_patient_with_busy_pods_and_find_frozen_ones(tmp_path):
    cluster = only(render(tmp_path), "RayCluster")
    for one in [cluster["spec"]["headGroupSpec"], *cluster["spec"]["workerGroupSpecs"]]:
        probe = one["template"]["spec"]["containers"][0]["livenessProbe"]
        assert probe["timeoutSeconds"] >= 5  # KubeRay's own, for heads
        assert 30 <= probe["failureThreshold"] * probe["periodSeconds"] <= 60


def test_the_autoscaler_has_more_than_kuberays_memory(tmp_path):
    """KubeRay's 512 Mi are exceeded, and the container is not restarted."""
    options = only(render(tmp_path), "RayCluster")["spec"]["autoscalerOptions"]
    assert options["resources"]["limits"]["memory"] == "1024Mi"
    assert float(options["resources"]["limits"]["cpu"]) >= 0.5


def test_network_rules_can_name_the_api_server_and_dns(tmp_path):
    def rules(objects, name, port):
        return [
            rule
            for rule in only(objects, "NetworkPolicy", name)["spec"]["egress"]
            if any(one["port"] == port for one in rule["ports"])
        ]

    objects = render(tmp_path)
    assert all("to" not in rule for rule in rules(objects, "lido-heads", 6443))
    server, dns = {"ipBlock": {"cidr": "192.0.2.1/32"}}, {"namespaceSelector": {}}
    objects = render(tmp_path, {"network": {"apiServer": [server], "dns": [dns]}})
    for name in ("lido-heads", "lido-suspender"):
        assert [rule["to"] for rule in rules(objects, name, 6443)] == [[server]]
    assert rules(objects, "lido-names", 53)[0]["to"] == [dns]


def test_metrics_are_open_only_to_a_collector(tmp_path):
    def ports(objects):
        rules = only(objects, "NetworkPolicy", "lido-ray")["spec"]["ingress"]
        return [port["port"] for rule in rules for port in rule["ports"]]

    assert 8080 not in ports(render(tmp_path))
    objects = render(tmp_path, {"metrics": {"podMonitoring": True}})
    assert 8080 in ports(objects) and only(objects, "PodMonitoring")


def test_the_suspender_may_change_the_releases_clusters_only(tmp_path):
    rules = only(render(tmp_path), "Role", "lido-suspender")["rules"]
    changing = [rule for rule in rules if "patch" in rule["verbs"]]
    assert [rule["resourceNames"] for rule in changing] == [["data"]]
    job = only(render(tmp_path), "CronJob")["spec"]["jobTemplate"]["spec"]
    assert job["activeDeadlineSeconds"] >= 900  # a cold node pulls several GB


def test_heads_are_not_evicted(tmp_path):
    budget = only(render(tmp_path), "PodDisruptionBudget")["spec"]
    head = only(render(tmp_path), "RayCluster")["spec"]["headGroupSpec"]["template"]["metadata"]
    labels = head["labels"] | {"ray.io/node-type": "head"}  # KubeRay adds the second
    assert budget["minAvailable"] == 1
    assert budget["selector"]["matchLabels"].items() <= labels.items()
