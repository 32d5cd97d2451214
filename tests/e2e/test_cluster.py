# SPDX-License-Identifier: Apache-2.0
"""lido cluster check, on other people's manifests too."""

import collections
import pathlib
import re

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


def cpu_group(settings):
    return "clusters: {data: {groups: {cpu: {" + settings + "}}}}"


@pytest.mark.parametrize(
    "text, reason",
    [
        # Ray 2.60, ray start: "Resource quantities must all be whole numbers."
        (cpu_group("resources: {disk: 0.5}"), "resources.disk is 0.5, want a whole number"),
        (
            cpu_group('resources: {"it\'s": 4}'),
            "resources.it's is \"it's\", want a name of letters",
        ),
        (cpu_group("resources: {CPU: 4}"), "resources.CPU is CPU, want cpus, gpu"),
        # Kubernetes: labels, variables, secrets, tolerations, namespaces, ranges of addresses.
        (cpu_group('nodeSelector: {"a b": c}'), 'nodeSelector.a b is "a b", want a label\'s key'),
        (cpu_group(f"nodeSelector: {{a: {'x' * 64}}}"), "want a label's value"),
        (cpu_group("nodeSelector: {a: yes}"), "nodeSelector.a is yes, want text"),
        (
            cpu_group("tolerations: [{key: a, operator: Foo}]"),
            "operator is Foo, want one of Exists",
        ),
        (cpu_group("tolerations: [{key: a, operator: Exists, value: b}]"), "want no value beside"),
        ("env: [{name: A, value: 1}]", "env.0.value is 1, want text"),
        ('env: [{name: A, vlaue: "1"}]', "env.0.vlaue is an unknown key"),
        ('env: [{value: "1"}]', "env.0.name is not there, want a value"),
        ('env: [{name: "A=B", value: "1"}]', 'env.0.name is "A=B", want a name'),
        ('env: [{name: A, value: "1", valueFrom: {fieldRef: {}}}]', "want value or valueFrom"),
        ("env: [{name: RAY_AUTH_MODE, value: disabled}]", "is RAY_AUTH_MODE, want auth.mode"),
        ("env: [{name: RAY_REDIS_ADDRESS, value: a}]", "want a variable that KubeRay accepts"),
        ('env: [{name: RAY_health_check_period_ms, value: "1"}]', "want a variable that the chart"),
        ("image: {pullSecrets: [{nmae: x}]}", "image.pullSecrets.0.nmae is an unknown key"),
        ('network: {operatorNamespace: "Not A Namespace"}', "want a namespace"),
        ("network: {egress: [{too: []}]}", "network.egress.0.too is an unknown key"),
        (
            "network: {egress: [{to: [{ipBlock: {cidr: 10.0.0.0/33}}]}]}",
            "want a range of addresses",
        ),
        ("network: {dns: [{ipBlock: {cidr: banana}}]}", "cidr is banana, want a range"),
        ("network: {apiServer: [{cidr: 10.0.0.1/32}]}", "apiServer.0.cidr is an unknown key"),
        ("network: {egress: [{ports: [{port: 70000}]}]}", "port is 70000, want 65535 or less"),
        ('serviceAccount: {annotations: {"bad key!": x}}', "want a label's key"),
        ("serviceAccount: {name: default}", "serviceAccount.name is default, want any value but"),
        ("serviceAccount: {name: lido-suspender}", "want any value but"),
        ("name: kube-system", "name is kube-system, want any value but"),
        # OCI Distribution Specification: the grammar of names and tags.
        (
            'image: {repository: "r/lido:1.0"}',
            'image.repository is "r/lido:1.0", want a repository',
        ),
        ("image: {repository: r.example/Lido}", "want a repository without tag"),
        ('image: {repository: "https://r/lido"}', "want a repository without tag"),
        ('image: {tag: "1 0"}', 'image.tag is "1 0", want a tag'),
        ("image: {tag: latest}", "image.tag is latest, want a tag that never moves"),
        ("image: {tag: yes}", "image.tag is yes, want text"),
        ('operator: {image: "r/op"}', 'operator.image is "r/op", want an image with its tag'),
        ('jobs: {night: {cluster: data, entrypoint: "  "}}', "want a command"),
        # Sizes, which manifests round down to 0Mi and 1Mi.
        (cpu_group("spillGiB: 0.0001"), "spillGiB is 0.0001, want 0.125 or more"),
        (cpu_group("spillGiB: 0.001"), "spillGiB is 0.001, want 0.125 or more"),
        ("platform: kubernetes\n" + cpu_group("memoryGiB: 0.1"), "memoryGiB is 0.1, want 0.5"),
        # GKE's machines.
        (cpu_group("gpu: {type: nvidia-l4, count: 3}"), "gpu.count is 3, want one of 1, 2, 4, 8"),
        (cpu_group("gpu: {type: nvidia-l5, count: 1}"), "gpu.type is nvidia-l5, want one of GKE's"),
        (
            cpu_group('spot: true, nodeSelector: {cloud.google.com/gke-spot: "false"}'),
            "beside spot",
        ),
        # An empty value removes a default, which these need.
        ("autoscaler: null", "autoscaler is empty, want a value"),
        ("network: ~", "network is empty, want a value"),
        (cpu_group("cpu: null"), "clusters.data.groups.cpu.cpu is empty, want a value"),
        ("clusters: {more: {enabled: true}}", "clusters.more.head is not there, want a value"),
    ],
)
def test_values_that_cannot_start_are_refused_by_every_command(tmp_path, text, reason):
    """The rules are those of Kubernetes, the OCI, Ray and GKE."""
    values, workload = tmp_path / "values.yaml", tmp_path / "workload.yaml"
    given = {"image: {": "", "name: ": ""}
    head = "".join(
        line + "\n"
        for line in VALUES.splitlines()
        if not any(text.startswith(key) and line.startswith(key) for key in given)
    )
    values.write_text(head + text + "\n")
    workload.write_text(run("cluster", "simulate", "--example").out)
    for command in (["price"], ["simulate", "--workload", workload], ["render"]):
        done = run("cluster", *command, values)
        assert done.code == 2 and reason in done.err and done.err.count("\n") == 1, done.err
        assert re.match(rf"lido: {re.escape(str(values))}:[1-9]\d*: ", done.err), done.err


def test_an_image_is_needed_by_manifests_only(tmp_path):
    values = tmp_path / "values.yaml"
    values.write_text("name: pool-a\nimage:\n  repository: ''\n")
    assert run("cluster", "price", values, "--max-age-days", 36500).code == 0
    done = run("cluster", "render", values)
    assert done.code == 2 and f"{values}:3: image.repository is empty, want the image" in done.err
    # The file is checked before the connection, of which this machine has none.
    nowhere = {"KUBECONFIG": str(tmp_path / "none"), "HOME": str(tmp_path)}
    up = run("cluster", "up", values, "--dry-run", env=nowhere)
    assert up.code == 2 and up.err == done.err, up.err


def test_the_price_of_small_jobs_warns_without_their_runs(tmp_path):
    """A run pays start and idle time. simulate, which counts both, is the other figure."""
    values, workload = tmp_path / "values.yaml", tmp_path / "workload.yaml"
    values.write_text(run("cluster", "init", "pool-a").out)
    workload.write_text(run("cluster", "simulate", "--example").out)
    text = ["cluster", "price", values, "--tb", 10, "--max-age-days", 36500]
    price = [*text, "--json", "--jobs", 1e6]
    few, many = run(*price), run(*price, "--runs", 1030)
    assert few.code == many.code == 0 and many.err == ""
    scaled = many.json["scaled_usd"]
    assert "--jobs is given and --runs is not" in few.err and few.err.count("\n") == 1, few.err
    assert f"${few.json['scaled_usd']:.2f} is for 30 runs" in few.err
    assert f"In 1030 runs, one more for each 1000 small jobs, the month costs ${scaled:.2f}." in (
        few.err
    )
    assert run(*text).err == ""
    simulated = run(
        *["cluster", "simulate", values, "--workload", workload, "--json"],
        *["--max-age-days", 36500],
    ).json["clusters"][0]["usd"]
    without_fee = scaled - many.json["fee_usd"]
    assert few.json["scaled_usd"] < simulated < without_fee < 1.5 * simulated
    assert "This month's duty is" in run(*text).out


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


def test_files_are_checked_together(tmp_path):
    """The service is in one file and the ingress in another, as Helm and Kustomize write them."""
    names = ("ray-cluster.sample.yaml",)
    service, ingress = tmp_path / "service.yaml", tmp_path / "ingress.yaml"
    service.write_text(
        "kind: Service\nmetadata: {name: front}\nspec: {selector: {ray.io/node-type: head}, "
        "ports: [{port: 80, targetPort: 8265}]}\n"
    )
    ingress.write_text(
        "kind: Ingress\nmetadata: {name: i}\n"
        "spec: {defaultBackend: {service: {name: front, port: {number: 80}}}}\n"
    )
    files = [*(SAMPLES / name for name in names), service, ingress]
    found = run("cluster", "check", "--json", *files).json
    exposed = [one for one in found if one["rule"] == "service-exposed"]
    assert [(one["file"], one["line"]) for one in exposed] == [(str(ingress), 3)]


@pytest.mark.parametrize("name", ["ray-cluster-alb-ingress", "ray-cluster-agc-gatewayapi"])
def test_a_route_to_a_head_is_found_without_the_head(name):
    done = run("cluster", "check", SAMPLES / f"{name}.yaml")
    assert done.code == 3 and "[service-exposed]" in done.out


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
    "arguments, said", [([], "files is missing, want"), (["/nowhere.yaml"], "/nowhere.yaml: ")]
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
    assert bad.code == 2 and "--workload is missing, want" in bad.err
    assert "values is missing, want" in run("cluster", "simulate").err


def test_a_check_without_ray_objects_does_not_pass(tmp_path):
    empty, other = tmp_path / "empty.yaml", tmp_path / "other.yaml"
    empty.write_text("")
    other.write_text("kind: ConfigMap\n")
    for files, reason in (([empty], "is empty"), ([other], "no RayCluster, RayJob, RayService or")):
        done = run("cluster", "check", *files)
        assert done.code == 2 and reason in done.err and done.err.count("\n") == 1, done.err


def test_init_notes_gpus_that_price_refuses(tmp_path):
    """deploy/prices.csv has no T4; the price of the A100 there is of March 2025."""
    values = tmp_path / "values.yaml"
    for gpu, reason in (
        ("nvidia-tesla-t4", "no dated price for nvidia-tesla-t4: lido cluster price wants"),
        ("nvidia-tesla-a100", "the price of nvidia-tesla-a100 is from 2025-03-06"),
    ):
        init = run("cluster", "init", "pool-a", "--training", "--gpu", gpu)
        assert init.code == 0 and init.err.startswith("lido: note: ") and reason in init.err
        values.write_text(init.out)
        refused = run("cluster", "price", values)
        assert refused.code == 2 and gpu in refused.err and "autopilot-vcpu" not in refused.err
    unused = run("cluster", "init", "pool-a", "--gpu", "nvidia-tesla-t4")
    assert unused.code == 2 and "--gpu: no use without --training" in unused.err
    wrong = run("cluster", "init", "pool-a", "--training", "--gpu", "foo")
    assert wrong.code == 2 and '--gpu is "foo", want one of nvidia-tesla-t4, ' in wrong.err


def test_hours_of_gpus_need_gpus(tmp_path):
    values = tmp_path / "values.yaml"
    values.write_text(run("cluster", "init", "pool-a").out)
    done = run("cluster", "price", values, "--gpu-hours", 5)
    assert done.code == 2 and "gpu_hours is 5, want 0: no cluster that runs" in done.err


def test_the_columns_of_prices_are_apart(tmp_path):
    values = tmp_path / "values.yaml"
    values.write_text(run("cluster", "init", "pool-a", "--training").out)
    done = run("cluster", "price", values, "--max-age-days", 36500)
    rows = [line.split() for line in done.out.split("prices\n")[1].splitlines()]
    names = {row[0] for row in rows}
    assert {"autopilot-nvidia-l4-vcpu-premium", "nvidia-l4", "autopilot-vcpu"} <= names
    assert all(row[1].startswith("$") and row[2] == "spot" for row in rows)


def test_a_values_file_is_no_manifest(tmp_path):
    values = tmp_path / "values.yaml"
    values.write_text(run("cluster", "init", "pool-a").out)
    done = run("cluster", "check", values)
    assert done.code == 2 and done.err == (
        f"lido: {values}: a values file, want manifests: lido cluster render {values} | lido "
        "cluster check -\n"
    )


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
