# SPDX-License-Identifier: Apache-2.0
"""Suspends the RayClusters of a namespace in which no worker has run for some time.

Runs every few minutes in the cluster. A waiting job requests a driver, which is a worker, so a
cluster without workers has no work. The time since which a cluster is idle is an annotation of the
RayCluster. Uses only Python's standard library, and calls the API server as its service account.
"""

import datetime
import json
import os
import ssl
import sys
import urllib.request

ACCOUNT = os.environ.get("ACCOUNT_FOLDER", "/var/run/secrets/kubernetes.io/serviceaccount")
SERVER = (
    os.environ.get("KUBERNETES_SERVER")
    or f"https://{os.environ['KUBERNETES_SERVICE_HOST']}:{os.environ['KUBERNETES_SERVICE_PORT']}"
)
SPACE, MINUTES = os.environ["SPACE"], float(os.environ["MINUTES"])
IDLE_SINCE = "lido/idle-since"


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
    with urllib.request.urlopen(
        request, timeout=30, context=ssl.create_default_context(cafile=f"{ACCOUNT}/ca.crt")
    ) as answer:
        return json.load(answer)


def main():
    now = datetime.datetime.now(datetime.UTC)
    clusters = f"/apis/ray.io/v1/namespaces/{SPACE}/rayclusters"
    pods = ask(f"/api/v1/namespaces/{SPACE}/pods?labelSelector=ray.io/node-type%3Dworker")["items"]
    busy = {pod["metadata"]["labels"]["ray.io/cluster"] for pod in pods}
    for cluster in ask(clusters)["items"]:
        name, notes = cluster["metadata"]["name"], cluster["metadata"].get("annotations", {})
        # The own cluster of a RayJob is deleted after its job.
        if cluster["spec"].get("suspend") or cluster["metadata"].get("ownerReferences"):
            continue
        since = notes.get(IDLE_SINCE)
        if name in busy:
            if since:
                ask(f"{clusters}/{name}", {"metadata": {"annotations": {IDLE_SINCE: None}}})
        elif not since:
            ask(
                f"{clusters}/{name}",
                {"metadata": {"annotations": {IDLE_SINCE: now.isoformat(timespec="seconds")}}},
            )
        elif now - datetime.datetime.fromisoformat(since) >= datetime.timedelta(minutes=MINUTES):
            ask(
                f"{clusters}/{name}",
                {"metadata": {"annotations": {IDLE_SINCE: None}}, "spec": {"suspend": True}},
            )
            print(f"{name}: no worker since {since}, suspended", flush=True)


if __name__ == "__main__":
    sys.exit(main())
