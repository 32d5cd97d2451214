# SPDX-License-Identifier: Apache-2.0
"""lido cluster check, on other people's manifests too."""

import collections
import pathlib

import pytest
from conftest import run

SAMPLES = pathlib.Path(__file__).parents[2] / "build/kuberay/samples"


def test_kuberays_samples_are_read_and_judged():
    files = sorted(SAMPLES.rglob("*.yaml"))
    assert len(files) > 60
    done = run("cluster", "check", "--json", *files)
    assert done.code == 3, done.err
    found = collections.defaultdict(set)
    for finding in done.json:
        found[finding["rule"]].add(pathlib.Path(finding["file"]).name)
        assert 1 <= finding["line"] <= len(pathlib.Path(finding["file"]).read_text().splitlines())
    # Judged by reading them.
    assert "ray-cluster.sample.yaml" in found["api-open"]
    assert not {name for name in found["api-open"] if ".auth" in name}
    assert "ray-cluster.separate-ingress.yaml" in found["service-exposed"]
    assert "ray-job.sample.yaml" in found["job-driver-on-head"]
    assert "ray-job.resources.yaml" not in found["job-driver-on-head"]
    assert "ray-job.shutdown.yaml" not in found["job-leaves-cluster"]
    assert "ray-cronjob.sample.yaml" in found["head-cpus"]
    assert not {name for name in found["autopilot-rewrites"] if "tpu" in name}
    # KubeRay's own operator accepts its samples.
    assert not found["kuberay-refuses"] and not found["job-asks-kubernetes"]
    for name in ("ray-cluster-alb-ingress.yaml", "ray-cluster-agc-gatewayapi.yaml"):
        assert name in found["service-exposed"]
    assert "ray-job.deletion-rules.yaml" not in found["job-leaves-cluster"]
    assert "ray-cluster.kubernetes.auth-manual.yaml" not in found["worker-token"]
    assert not {name for name in found["never-shrinks"] if name == "ray-job.shutdown.yaml"}
    assert "ray-cluster.external-redis.yaml" in found["password-in-manifest"]


def test_findings_are_summed_up_by_rule():
    """The errors come first in the summary, and its counts are those of the findings."""
    files = sorted(SAMPLES.glob("ray-cluster*.yaml"))
    found = collections.Counter(
        one["rule"] for one in run("cluster", "check", "--json", *files).json
    )
    lines = run("cluster", "check", *files).out.split("\n\n")[-1].splitlines()[:-1]
    rows = [line.split()[:3] for line in lines]
    assert {rule: int(count) for _, rule, count in rows} == found
    order = ["error", "warning", "note"]
    assert [row[0] for row in rows] == sorted((row[0] for row in rows), key=order.index)


def test_all_pods_are_checked_for_autopilot_when_asked(tmp_path):
    text = (SAMPLES / "ray-cluster.sample.yaml").read_text()
    large = tmp_path / "large.yaml"
    large.write_text(
        text.replace('memory: "1Gi"', 'memory: "16Gi"').replace("memory: 1Gi", "memory: 16Gi")
    )
    rules = {
        flags: {one["rule"] for one in run("cluster", "check", "--json", *flags, large).json}
        for flags in ((), ("--autopilot",))
    }
    assert "autopilot-rewrites" not in rules[()]
    assert "autopilot-rewrites" in rules[("--autopilot",)]


VALUES = "name: pool-a\nimage: {repository: r.example/lido, tag: '1.0'}\n"


@pytest.mark.parametrize(
    "data, reason",
    [
        ("{groups: {cpu: {cpu: 0.5, memoryGiB: 2}}}", "cpu.cpu is 0.5, want a whole number"),
        ("{groups: {cpu: {objectStoreGiB: 0.05}}}", "objectStoreGiB is 0.05, want"),
        ("{head: {memoryGiB: 0.5, objectStoreGiB: 0.1}}", "memoryGiB is 0.5, want 2 or more"),
        ("{groups: {cpu: {cpu: 64, memoryGiB: 256}}}", "cpu is 64, want a pod that Autopilot"),
        ("{groups: {cpu: {spillGiB: 50}}}", "spillGiB is 50, want a pod that Autopilot"),
        ("{groups: {driver: {spot: true}}}", "spot is true, want false"),
    ],
)
def test_pods_that_cannot_start_are_refused_by_every_command(tmp_path, data, reason):
    values, workload = tmp_path / "values.yaml", tmp_path / "workload.yaml"
    values.write_text(VALUES + f"clusters: {{data: {data}}}\n")
    workload.write_text(run("cluster", "simulate", "--example").out)
    for command in (["price"], ["simulate", "--workload", workload], ["render"], ["status"]):
        done = run("cluster", *command, values)
        assert done.code == 2 and reason in done.err and done.err.count("\n") == 1, done.err
        assert f"{values}:3: clusters.data." in done.err


def test_the_price_is_that_of_the_pod_which_autopilot_bills(tmp_path):
    """GKE bills 2.5 CPUs for 16 GiB, whatever CPU the pod requests."""

    def always_on(cpu):
        path = tmp_path / "values.yaml"
        path.write_text(
            VALUES + f"clusters: {{data: {{groups: {{cpu: {{cpu: {cpu}, memoryGiB: 16}}}}}}}}\n"
        )
        done = run("cluster", "price", path, "--json", "--tb", 0.01, "--max-age-days", 36500)
        assert done.code == 0, done.err
        return done.json["clusters"][0]["always_on_usd"], done.err

    raised, warning = always_on(1)
    same, silence = always_on("2.5, cpus: 2")
    assert raised == same and "Autopilot raises 1 CPUs" in warning and silence == ""


def test_findings_read_well():
    done = run("cluster", "check", SAMPLES / "ray-cluster.sample.yaml")
    assert done.code == 3
    assert (
        "ray-cluster.sample.yaml:" in done.out and "[head-cpus]" in done.out and "Fix: " in done.out
    )


def test_every_rule_says_why_and_where_from():
    done = run("cluster", "check", "--rules", "--json")
    assert len(done.json) >= 25
    for rule in done.json:
        assert (
            rule["reason"]
            and rule["fix"]
            and rule["source"]
            and rule["severity"] in ("error", "warning", "note")
        )


@pytest.mark.parametrize(
    "arguments, said", [([], "no manifest given"), (["/nowhere.yaml"], "/nowhere.yaml: ")]
)
def test_bad_use_is_refused(arguments, said):
    done = run("cluster", "check", *arguments)
    assert done.code in (1, 2) and said in done.err and done.err.count("\n") == 1


def test_a_workload_is_simulated(tmp_path):
    values, workload, page = (
        tmp_path / "values.yaml",
        tmp_path / "workload.yaml",
        tmp_path / "page.html",
    )
    values.write_text(
        run("cluster", "init", "pool-a", "--image", "registry.example/lido:1", "--spot").out
    )
    workload.write_text(run("cluster", "simulate", "--example").out)
    simulate = ["cluster", "simulate", values, "--workload", workload, "--max-age-days", 36500]
    done = run(*simulate, "--json", "--out", page)
    assert done.code == 0, done.err
    data = done.json["clusters"][0]
    assert data["jobs"] == 1030 and data["spans"] == 30 * 1480 + 1_000_000
    assert {group["group"]: group["max_pods"] for group in data["groups"]} == {
        "driver": 4,
        "cpu": 50,
    }
    assert sum(group["pod_hours"] for group in data["groups"]) * 4 > 2400 and data["usd"] > 0
    assert page.read_text().count("<svg") == 2 and "Simulated" in page.read_text()
    again = run(*simulate, "--json")
    assert again.json == done.json
    old = run(*simulate, "--max-age-days", 0)
    assert old.code == 2 and "--max-age-days" in old.err and old.err.count("\n") == 1, old.err
    workload.write_text(workload.read_text().replace("jobs: 30", "jobs: many"))
    bad = run(*simulate)
    assert (
        bad.code == 2
        and bad.err.count("\n") == 1
        and f"{workload}:7: work.0.jobs is many" in bad.err
    ), bad.err
    bad = run("cluster", "simulate", values)
    assert bad.code == 2 and "--workload" in bad.err


def test_a_check_without_ray_objects_does_not_pass(tmp_path):
    empty, other = tmp_path / "empty.yaml", tmp_path / "other.yaml"
    empty.write_text("")
    other.write_text("kind: ConfigMap\n")
    for files, reason in (([empty], "is empty"), ([other], "no RayCluster, RayJob or RayService")):
        done = run("cluster", "check", *files)
        assert done.code == 2 and reason in done.err and done.err.count("\n") == 1, done.err


@pytest.mark.parametrize(
    "text, reason",
    [
        ("name: pool-a\ngrups: {}\n", ":2: grups is an unknown key"),
        ("platform: mars\n", ":1: platform is mars, want one of gke-autopilot, kubernetes"),
        ("", "the file is empty"),
    ],
)
def test_every_command_checks_the_values(tmp_path, text, reason):
    values, workload = tmp_path / "values.yaml", tmp_path / "workload.yaml"
    values.write_text(text)
    workload.write_text(run("cluster", "simulate", "--example").out)
    for command in (["price"], ["simulate", "--workload", workload], ["render"], ["status"]):
        done = run("cluster", *command, values)
        assert done.code == 2 and reason in done.err and done.err.count("\n") == 1, done.err


def test_the_chart_itself_is_valid(tmp_path):
    chart = pathlib.Path(__file__).parents[2] / "deploy/helm/lido/values.yaml"
    done = run("cluster", "price", chart, "--max-age-days", 36500)
    assert done.code == 0, done.err


def test_a_program_that_is_missing_is_named_with_its_source(tmp_path, monkeypatch):
    values = tmp_path / "values.yaml"
    values.write_text(run("cluster", "init", "pool-a", "--image", "registry.example/lido:1").out)
    monkeypatch.setenv("PATH", str(tmp_path))
    for arguments, reason in (
        (["cluster", "render", values], "helm: not found on the PATH. Install it: https://helm.sh"),
        (["jobs", "--on", "k8s:pool-a/data"], "kubectl: not found on the PATH. Install it: https:"),
    ):
        done = run(*arguments)
        assert done.code == 2 and reason in done.err and done.err.count("\n") == 1, done.err
