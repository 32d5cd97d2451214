# SPDX-License-Identifier: Apache-2.0
"""Suspends the RayClusters of a namespace in which no worker has run for some time.

Runs every few minutes in the cluster. A waiting job requests a driver, which is a worker, so a
cluster without workers has no work. The time since which a cluster is idle is an annotation of the
RayCluster. Every change carries the version of the RayCluster that was read: when the autoscaler
requests a worker in between, Kubernetes refuses the change.

A cluster whose autoscaler has ended keeps its workers for ever, with or without work: it is
suspended when its autoscaler has been dead for that time. Its jobs resume from their parts.

Uses only Python's standard library, and calls the API server as its service account.
"""

import datetime
import json
import os
import ssl
import sys
import urllib.error
import urllib.request

ACCOUNT = os.environ.get("ACCOUNT_FOLDER", "/var/run/secrets/kubernetes.io/serviceaccount")
SERVER = (
    os.environ.get("KUBERNETES_SERVER")
    or f"https://{os.environ['KUBERNETES_SERVICE_HOST']}:{os.environ['KUBERNETES_SERVICE_PORT']}"
)
SPACE, MINUTES = os.environ["SPACE"], float(os.environ["MINUTES"])
IDLE_SINCE = "lido/idle-since"
CONFLICT = 409


def ask(path, patch=None):
    with open(f"{ACCOUNT}/token") as file:
        headers = {
            "Authorization": f"Bearer {file.read().strip()}",
            "Content-Type": "application/merge-patch+json",
        }
    request = urllib.request.Request(
        SERVER + path,
        headers=headers,
        data=json.dumps(patch).encode() if patch else None,
        method="PATCH" if patch else "GET",
    )
    context = None
    if SERVER.startswith("https:"):
        context = ssl.create_default_context(cafile=f"{ACCOUNT}/ca.crt")
    with urllib.request.urlopen(request, timeout=30, context=context) as answer:
        return json.load(answer)


def label(pod, name):
    return pod["metadata"].get("labels", {}).get(name)


def is_busy(cluster, pods):
    """Whether the cluster has a worker, or its autoscaler requests one."""
    groups = cluster["spec"].get("workerGroupSpecs") or []
    return any(group.get("replicas") for group in groups) or any(
        label(pod, "ray.io/node-type") == "worker" for pod in pods
    )


def autoscaler_ended(pods):
    """Time at which the autoscaler of a head ended; None while it runs."""
    for pod in pods:
        if label(pod, "ray.io/node-type") != "head":
            continue
        for container in pod.get("status", {}).get("containerStatuses", []):
            ended = container.get("state", {}).get("terminated")
            if container["name"] == "autoscaler" and ended and ended.get("finishedAt"):
                return datetime.datetime.fromisoformat(ended["finishedAt"])
    return None


def look(cluster, pods, now):
    """Returns the change that a cluster needs, and the reason to print; None for no change."""
    since = cluster["metadata"].get("annotations", {}).get(IDLE_SINCE)
    patience = datetime.timedelta(minutes=MINUTES)
    suspended = {"metadata": {"annotations": {IDLE_SINCE: None}}, "spec": {"suspend": True}}
    ended = autoscaler_ended(pods)
    if ended and now - ended >= patience:
        return suspended, f"its autoscaler ended at {ended.isoformat()}, suspended"
    if is_busy(cluster, pods):
        return ({"metadata": {"annotations": {IDLE_SINCE: None}}}, "") if since else None
    if not since:
        return {"metadata": {"annotations": {IDLE_SINCE: now.isoformat(timespec="seconds")}}}, ""
    if now - datetime.datetime.fromisoformat(since) >= patience:
        return suspended, f"no worker since {since}, suspended"
    return None


def main():
    now = datetime.datetime.now(datetime.UTC)
    clusters = f"/apis/ray.io/v1/namespaces/{SPACE}/rayclusters"
    # Clusters before pods: a worker that comes later changes its cluster first.
    found = ask(clusters)["items"]
    pods = ask(f"/api/v1/namespaces/{SPACE}/pods?labelSelector=ray.io/cluster")["items"]
    for cluster in found:
        name = cluster["metadata"]["name"]
        # The own cluster of a RayJob is deleted after its job, or at its deadline.
        if cluster["spec"].get("suspend") or cluster["metadata"].get("ownerReferences"):
            continue
        change = look(cluster, [pod for pod in pods if label(pod, "ray.io/cluster") == name], now)
        if not change:
            continue
        patch, reason = change
        patch["metadata"]["resourceVersion"] = cluster["metadata"]["resourceVersion"]
        try:
            ask(f"{clusters}/{name}", patch)
        except urllib.error.HTTPError as error:
            if error.code != CONFLICT:
                raise
            print(f"{name}: changed meanwhile, looked at again in the next run", flush=True)
            continue
        if reason:
            print(f"{name}: {reason}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
