# SPDX-License-Identifier: Apache-2.0
"""lido cluster init, render, up, status, suspend, resume and down, with a real API server.

KubeRay's operator is real too. Nodes and pods are kwok's: pods are scheduled and reported as
running, and nothing runs in them. So this proves the applied objects, their nodes and requests;
not that Ray works in them.
"""

import datetime
import json
import shutil
import subprocess
import time

import pytest
from conftest import lido
from control_plane import KUBERAY, TOOLS, ControlPlane, free_port, wait_for


def running(k8s, space, **labels):
    return [pod for pod in k8s.pods(space, **labels) if pod["status"].get("phase") == "Running"]


def scale(k8s, space, cluster, group, replicas, max_replicas=None):
    found = k8s.get("raycluster", cluster, "-n", space)
    at = [one["groupName"] for one in found["spec"]["workerGroupSpecs"]].index(group)
    changes = [
        {"op": "replace", "path": f"/spec/workerGroupSpecs/{at}/replicas", "value": replicas}
    ]
    if max_replicas:
        changes.append(
            {
                "op": "replace",
                "path": f"/spec/workerGroupSpecs/{at}/maxReplicas",
                "value": max_replicas,
            }
        )
    k8s.kubectl(
        "patch", "raycluster", cluster, "-n", space, "--type=json", "-p", json.dumps(changes)
    )


@pytest.mark.parametrize(
    "options",
    [(), ("--spot",), ("--training", "--reconstruction"), ("--cloud", "kubernetes", "--training")],
)
@pytest.mark.parametrize("auth", ["token", "kubernetes"])
def test_what_is_rendered_has_no_finding(values, options, auth):
    done = lido("render", values("pool-a", *options, more=f"auth: {{mode: {auth}}}\n"))
    assert done.code == 0, done.err
    assert "warning" not in done.err, done.err
    found = lido("check", "--json", "-", input=done.out)
    assert found.code == 0 and found.json == [], found.out


def test_a_cluster_that_cannot_be_reached_is_one_line(k8s, values):
    nobody = k8s.token_config("nobody", "nothing", server=f"https://127.0.0.1:{free_port()}")
    done = lido("up", values("pool-x"), "--kubeconfig", nobody)
    assert done.code == 1 and done.err.count("\n") == 1 and "refused" in done.err, done.err


def test_a_wrong_token_is_one_line_and_nothing_is_created(k8s, values):
    done = lido("up", values("pool-x"), "--kubeconfig", k8s.token_config("stranger", "wrong"))
    assert done.code == 1 and done.err.count("\n") == 1 and "logged in" in done.err, done.err
    assert "pool-x" not in k8s.kubectl("get", "namespaces")


def test_without_permission_nothing_is_created(k8s, values):
    k8s.kubectl("create", "serviceaccount", "guest", "-n", "default")
    token = k8s.kubectl("create", "token", "guest", "-n", "default").strip()
    done = lido("up", values("pool-x"), "--kubeconfig", k8s.token_config("guest", token))
    assert done.code == 2 and done.err.count("\n") == 1, done.err
    for kind in ("rayclusters.ray.io", "roles.rbac.authorization.k8s.io", "configmaps"):
        assert kind in done.err, done.err
    assert "no permission to create" in done.err and "in namespace pool-x" in done.err
    assert "pool-x" not in k8s.kubectl("get", "namespaces")


@pytest.mark.parametrize(
    "line, said",
    [
        (
            "    idleTimeoutSeconds: soon\n",
            "clusters.training.idleTimeoutSeconds is soon, want a whole number",
        ),
        ("    idleTimeoutSeconds: 1\n", "idleTimeoutSeconds"),
        ("    colour: red\n", "clusters.training.colour is an unknown key"),
    ],
)
def test_bad_values_are_refused_before_anything_is_created(k8s, values, line, said):
    done = lido("up", values("pool-x", "--training"), "--kubeconfig", k8s.kubeconfig, "--dry-run")
    assert done.code == 0, done.err
    path = values("pool-x", "--training")
    path.write_text(path.read_text().replace("  training:\n", "  training:\n" + line))
    done = lido("up", path, "--kubeconfig", k8s.kubeconfig)
    assert done.code == 2 and said in done.err and done.err.count("\n") == 1, done.err
    assert "pool-x" not in k8s.kubectl("get", "namespaces")


def test_an_operator_that_is_there_is_not_doubled(k8s, values):
    rendered = lido("up", values("pool-x"), "--kubeconfig", k8s.kubeconfig, "--dry-run")
    assert rendered.code == 0 and "kuberay-operator\n" not in rendered.out
    done = lido(
        "up", values("pool-x", more="operator: {install: true}\n"), "--kubeconfig", k8s.kubeconfig
    )
    assert done.code == 2 and "this Kubernetes has a KubeRay operator" in done.err, done.err


def test_where_there_is_no_operator_lido_brings_it(bare, values):
    refused = lido(
        "up",
        values("pool-n", "--cloud", "kubernetes", more="operator: {install: false}\n"),
        "--kubeconfig",
        bare.kubeconfig,
    )
    assert refused.code == 2 and "has no KubeRay operator" in refused.err, refused.err
    path = values("pool-o", "--cloud", "kubernetes")
    for _ in range(2):  # the second time it is known as ours
        done = lido("up", path, "--kubeconfig", bare.kubeconfig, "--wait-s", "0")
        assert done.code == 0, done.err
    operators = [
        one
        for one in bare.get("deployments", "-A")["items"]
        if one["metadata"]["name"] == "kuberay-operator"
    ]
    assert len(operators) == 1
    wait_for("operator's pod", lambda: running_operator(bare))
    roles = bare.get("clusterrole", "lido-pool-o-kuberay-operator")["rules"]
    theirs = json.loads(
        bare.kubectl("create", "--dry-run=client", "-o", "json", "-f", KUBERAY / "rbac/role.yaml")
    )["rules"]

    def as_sets(rules):
        return {
            (group, resource, verb)
            for rule in rules
            for group in rule["apiGroups"]
            for resource in rule["resources"]
            for verb in rule["verbs"]
        }

    assert as_sets(roles) == as_sets(theirs)


def test_a_second_pool_uses_the_operator_of_the_first(bare, values):
    """Two releases in one Kubernetes; the operator's owner goes last."""
    config = ["--kubeconfig", bare.kubeconfig]
    first, second = (values(name, "--cloud", "kubernetes") for name in ("pool-o", "pool-p"))
    for path in (first, second):
        done = lido("up", path, *config, "--wait-s", "0")
        assert done.code == 0, done.err
    operators = [
        one["metadata"]["namespace"]
        for one in bare.get("deployments", "-A")["items"]
        if one["metadata"]["name"] == "kuberay-operator"
    ]
    assert operators == ["pool-o"]
    ingress = bare.get("networkpolicy", "lido-ray", "-n", "pool-p")["spec"]["ingress"]
    assert "pool-o" in json.dumps(ingress)
    kept = lido("down", first, *config, "--yes")
    assert kept.code == 2 and "serves the clusters of pool-p too" in kept.err, kept.err
    assert bare.get("rayclusters", "-n", "pool-o")["items"]
    bare.kubectl("delete", "rayclusters", "--all", "-n", "pool-p", "--wait=false")


def running_operator(k8s):
    found = k8s.get("pods", "-n", "pool-o", "-l", "app.kubernetes.io/component=kuberay-operator")[
        "items"
    ]
    return found and found[0]["status"].get("phase") == "Running"


def command_of(pod):
    container = pod["spec"]["containers"][0]
    return " ".join(container["command"] + container.get("args", []))


def check_worker(pod, node, gpus):
    """Checks a worker pod's node, its requests, and that Ray's memory is within its limits."""
    spec = pod["spec"]
    assert spec["nodeName"].startswith(node), spec["nodeName"]
    resources = spec["containers"][0]["resources"]
    requests, limits = resources["requests"], resources["limits"]
    assert requests["memory"] == limits["memory"] and limits.get("nvidia.com/gpu") == gpus
    values_of = dict(
        part.lstrip("-").split("=", 1)
        for part in command_of(pod).split()
        if part.startswith("--") and "=" in part
    )
    shm = next(volume for volume in spec["volumes"] if volume["name"] == "shm")["emptyDir"]
    store = int(values_of["object-store-memory"])
    assert shm["medium"] == "Memory"
    assert int(values_of["memory"]) + store < k8s_bytes(limits["memory"])
    assert store < k8s_bytes(shm["sizeLimit"])
    assert spec["automountServiceAccountToken"] is False
    assert spec["terminationGracePeriodSeconds"] <= (25 if node == "spot" else 60)


def check_up(k8s, path, config):
    begun = time.monotonic()
    up = lido("up", path, *config, "--json")
    assert up.code == 0, up.err
    print(f"up: {time.monotonic() - begun:.1f} s")
    states = {one["cluster"]: one["state"] for one in up.json}
    assert states == {"data": "ready", "training": "ready"}
    # Nothing but heads: workers come from zero.
    kinds = sorted(pod["metadata"]["labels"]["ray.io/node-type"] for pod in k8s.pods("pool-a"))
    assert kinds == ["head", "head"]
    space = k8s.get("namespace", "pool-a")
    assert space["metadata"]["labels"]["pod-security.kubernetes.io/enforce"] == "restricted"
    secret = k8s.get("secret", "data", "-n", "pool-a")
    assert secret["data"]  # the token that a submitter must hold


def check_groups(k8s, path, config):
    """Groups run on their nodes with their requests; `status` counts them."""
    for cluster, group, node, gpus in (
        ("data", "driver", "ondemand", None),
        ("data", "cpu", "spot", None),
        ("training", "gpu", "l4", "1"),
    ):
        scale(k8s, "pool-a", cluster, group, 2)
        found = wait_for(
            f"two of {group}",
            lambda: len(all_ := running(k8s, "pool-a", cluster=cluster, group=group)) == 2 and all_,
        )
        for pod in found:
            check_worker(pod, node, gpus)
    head = k8s.pods("pool-a", cluster="data", **{"node-type": "head"})[0]
    assert head["spec"]["nodeName"].startswith("ondemand")
    assert "--num-cpus=0" in command_of(head) and "--memory=0" in command_of(head)
    status = lido("status", path, *config, "--json").json
    data = next(one for one in status if one["cluster"] == "data")
    assert {group["group"]: group["ready"] for group in data["groups"]} == {"driver": 2, "cpu": 2}


def check_lost_node(k8s):
    """Pods of a deleted node run again elsewhere."""
    gone = running(k8s, "pool-a", group="cpu")[0]["spec"]["nodeName"]
    begun = time.monotonic()
    k8s.kubectl("delete", "node", gone)
    wait_for(
        "pods elsewhere",
        lambda: (
            len(found := running(k8s, "pool-a", group="cpu")) == 2
            and all(pod["spec"]["nodeName"] != gone for pod in found)
        ),
        seconds=180,
    )
    print(f"pods of a lost node came again after {time.monotonic() - begun:.1f} s")


def check_suspend_and_resume(k8s, path, config):
    """`suspend` removes all pods, also while the suspender runs; `resume` brings one cluster."""

    def states():
        return {
            one["cluster"]: one["state"] for one in lido("status", path, *config, "--json").json
        }

    k8s.kubectl("create", "job", "--from=cronjob/lido-suspender", "look", "-n", "pool-a")
    wait_for(
        "suspender's pod", lambda: k8s.get("pods", "-n", "pool-a", "-l", "job-name=look")["items"]
    )
    begun = time.monotonic()
    assert lido("suspend", path, *config).code == 0
    wait_for("no pods", lambda: not k8s.pods("pool-a"))
    wait_for("suspended", lambda: set(states().values()) == {"suspended"})
    print(f"suspended: {time.monotonic() - begun:.1f} s")
    begun = time.monotonic()
    assert lido("resume", path, *config, "--cluster", "data").code == 0
    wait_for("head", lambda: states()["data"] == "ready")
    print(f"resumed: {time.monotonic() - begun:.1f} s")
    # `up` wakes the other one, though its manifests are as before.
    done = lido("up", path, *config, "--wait-s", "90")
    assert done.code == 0 and "training is suspended; it is resumed" in done.err, done.err
    wait_for("heads", lambda: set(states().values()) == {"ready"})
    refused = lido("resume", path, *config, "--cluster", "reconstruction")
    assert refused.code == 2 and "want one of data, training" in refused.err


def check_down(k8s, path, config):
    no = lido("down", path, *config)
    assert no.code == 2 and "--yes" in no.err
    done = lido("down", path, *config, "--yes")
    assert done.code == 0, done.err
    assert not k8s.get("rayclusters", "-n", "pool-a")["items"] and not k8s.pods("pool-a")
    assert not k8s.get("networkpolicies", "-n", "pool-a")["items"]
    again = lido("down", path, *config, "--yes")
    assert again.code == 0, again.err


def test_a_day_of_clusters(k8s, values):
    path = values("pool-a", "--spot", "--training")
    config = ["--kubeconfig", k8s.kubeconfig]
    check_up(k8s, path, config)
    check_groups(k8s, path, config)
    check_lost_node(k8s)
    check_suspend_and_resume(k8s, path, config)
    check_down(k8s, path, config)


def k8s_bytes(quantity):
    units = {"Ki": 2**10, "Mi": 2**20, "Gi": 2**30}
    return int(quantity[:-2]) * units[quantity[-2:]] if quantity[-2:] in units else int(quantity)


def suspender(k8s, folder):
    """Returns a function that runs the suspender's script here, as its service account.

    The function returns whether `data` is suspended, its idle annotation, and the output.
    """
    account = folder / "account"
    account.mkdir()
    shutil.copy(k8s.folder / "ca.crt", account)
    (account / "token").write_text(k8s.kubectl("create", "token", "lido-suspender", "-n", "pool-s"))
    cronjob = k8s.get("cronjob", "lido-suspender", "-n", "pool-s")
    container = cronjob["spec"]["jobTemplate"]["spec"]["template"]["spec"]["containers"][0]
    assert container["command"] == ["python3", "/suspend/suspend.py"]
    script = folder / "suspend.py"
    script.write_text(k8s.get("configmap", "lido-suspender", "-n", "pool-s")["data"]["suspend.py"])
    environment = {
        "PATH": "/usr/bin:/bin",
        "ACCOUNT_FOLDER": str(account),
        "KUBERNETES_SERVER": k8s.server,
        **{one["name"]: one["value"] for one in container["env"]},
    }

    def look():
        done = subprocess.run(
            ["/usr/bin/python3", script], env=environment, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr
        cluster = k8s.get("raycluster", "data", "-n", "pool-s")
        return (
            cluster["spec"].get("suspend", False),
            cluster["metadata"].get("annotations", {}).get("lido/idle-since"),
            done.stdout,
        )

    return look


def idle_for(k8s, minutes):
    """Sets the time since which `data` has been idle."""
    then = datetime.datetime.now(datetime.UTC) - datetime.timedelta(minutes=minutes)
    k8s.kubectl(
        *"annotate raycluster data -n pool-s --overwrite".split(),
        f"lido/idle-since={then.isoformat(timespec='seconds')}",
    )


def test_a_cluster_without_work_is_suspended(k8s, values, tmp_path):
    path = values("pool-s", more="suspendAfterMinutes: 20\n")
    assert lido("up", path, "--kubeconfig", k8s.kubeconfig).code == 0
    look = suspender(k8s, tmp_path)
    suspended, since, _ = look()
    assert not suspended and since  # idle from now on
    idle_for(k8s, 19)
    assert look()[0] is False
    scale(k8s, "pool-s", "data", "driver", 1)
    wait_for("driver", lambda: running(k8s, "pool-s", group="driver"))
    idle_for(k8s, 300)
    suspended, since, _ = look()
    assert not suspended and since is None  # a driver works
    k8s.kubectl("delete", "raycluster", "data", "-n", "pool-s")
    assert lido("up", path, "--kubeconfig", k8s.kubeconfig).code == 0
    idle_for(k8s, 20)
    suspended, since, said = look()
    assert suspended and since is None and "data: no worker since" in said
    wait_for("no pods", lambda: not k8s.pods("pool-s"))
    # Its account is allowed nothing else.
    stranger = k8s.token_config("suspender", (tmp_path / "account/token").read_text().strip())
    denied = subprocess.run(
        [TOOLS / "kubectl", "--kubeconfig", stranger, "get", "secrets", "-n", "pool-s"],
        capture_output=True,
        text=True,
    )
    assert denied.returncode != 0 and "forbidden" in denied.stderr
    assert lido("down", path, "--kubeconfig", k8s.kubeconfig, "--yes").code == 0


def test_five_hundred_workers(k8s, values):
    """The API server and the operator with as many pods; no autoscaler runs here."""
    k8s.add_nodes("big", 20, cpu="128", memory="512Gi")
    path = values("pool-b")
    assert lido("up", path, "--kubeconfig", k8s.kubeconfig).code == 0
    begun = time.monotonic()
    scale(k8s, "pool-b", "data", "cpu", 500, max_replicas=500)
    wait_for(
        "500 workers", lambda: len(running(k8s, "pool-b", group="cpu")) == 500, seconds=300, every=1
    )
    print(f"500 workers: {time.monotonic() - begun:.1f} s")
    assert lido("down", path, "--kubeconfig", k8s.kubeconfig, "--yes").code == 0
    assert not k8s.pods("pool-b")


def test_a_job_makes_its_own_cluster(k8s, values):
    path = values(
        "pool-c",
        more="jobs:\n  night: {cluster: data, "
        'entrypoint: "lido ingest gs://a/raw --out gs://a/train --on ray"}\n',
    )
    assert lido("up", path, "--kubeconfig", k8s.kubeconfig, "--wait-s", "0").code == 0
    job = wait_for(
        "job's cluster",
        lambda: (
            (one := k8s.get("rayjob", "night", "-n", "pool-c"))
            .get("status", {})
            .get("rayClusterName")
            and one
        ),
    )
    assert (
        json.loads(job["spec"]["entrypointResources"]) == {"driver": 1}
        and job["spec"]["shutdownAfterJobFinishes"] is True
    )
    own = job["status"]["rayClusterName"]
    wait_for("job's head", lambda: running(k8s, "pool-c", cluster=own))
    assert lido("down", path, "--kubeconfig", k8s.kubeconfig, "--yes").code == 0
    assert not k8s.get("rayjobs", "-n", "pool-c")["items"]


def test_roles_say_who_may_call(k8s, values):
    """With Kubernetes authentication a submitter may get tokens and call Ray; a viewer may not."""
    path = values("pool-r", more="auth: {mode: kubernetes}\n")
    up = lido("up", path, "--kubeconfig", k8s.kubeconfig, "--wait-s", "0")
    assert up.code == 0, up.err
    assert k8s.get("raycluster", "data", "-n", "pool-r")["spec"]["authOptions"] == {
        "mode": "token",
        "enableK8sTokenAuth": True,
    }

    def may(account, *what):
        return k8s.kubectl(
            "auth",
            "can-i",
            *what,
            "-n",
            "pool-r",
            "--as",
            f"system:serviceaccount:pool-r:{account}",
            check=False,
        ).strip()

    asks_for_token, calls = (
        ("create", "serviceaccounts/lido-submitter", "--subresource=token"),
        ("ray:write", "rayclusters.ray.io/data"),
    )
    for role, answers in (
        ("viewer", ["yes", "no", "no", "no"]),
        ("submitter", ["yes", "yes", "yes", "no"]),
        ("admin", ["yes", "yes", "yes", "yes"]),
    ):
        k8s.kubectl("create", "serviceaccount", role, "-n", "pool-r")
        k8s.kubectl(
            "create",
            "rolebinding",
            role,
            f"--role=lido-{role}",
            f"--serviceaccount=pool-r:{role}",
            "-n",
            "pool-r",
        )
        asked = [
            may(role, *what)
            for what in (
                ("list", "rayclusters.ray.io"),
                asks_for_token,
                calls,
                ("patch", "rayclusters.ray.io"),
            )
        ]
        assert asked == answers, (role, asked)
    # Only Ray's pods may call by default.
    assert [
        may(account, *calls) for account in ("data", "lido-worker", "lido-submitter", "default")
    ] == ["yes", "yes", "yes", "no"]
    assert lido("down", path, "--kubeconfig", k8s.kubeconfig, "--yes").code == 0
    assert not k8s.get("clusterrolebinding", "-l", "app.kubernetes.io/instance=pool-r")["items"]


def test_an_old_kuberay_is_refused(tmp_path_factory, values):
    """A definition without authOptions, as before KubeRay 1.5."""
    with ControlPlane(tmp_path_factory.mktemp("old")) as old:
        definition = json.loads(
            old.kubectl(
                *"create --dry-run=client -o json -f".split(),
                KUBERAY / "crds/ray.io_rayclusters.yaml",
            )
        )
        for version in definition["spec"]["versions"]:
            version["schema"]["openAPIV3Schema"]["properties"]["spec"]["properties"].pop(
                "authOptions", None
            )
        old.kubectl("create", "-f", "-", input=json.dumps(definition))
        done = lido("up", values("pool-x"), "--kubeconfig", old.kubeconfig)
        assert done.code == 2 and "has no authOptions" in done.err and done.err.count("\n") == 1, (
            done.err
        )
