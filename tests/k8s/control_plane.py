# SPDX-License-Identifier: Apache-2.0
"""A real Kubernetes control plane with the real KubeRay operator, on loopback, for tests.

etcd, apiserver, controller-manager, scheduler and kubectl are one binary (tools/kubernetes).
Nodes are kwok's: pods on them are scheduled and reported as running, and nothing runs in them.

    with ControlPlane(folder) as k8s: k8s.kubectl(...)
"""

import json
import pathlib
import secrets
import socket
import subprocess
import time
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parents[2]
TOOLS = ROOT / "build/tools"
KUBERAY = ROOT / "build/kuberay"


def free_port():
    """Returns a port of loopback that this process holds until its own end.

    The system gives the port to no process that asks for any port; a server with this port on its
    command line may listen there, since both set SO_REUSEADDR.
    """
    one = socket.socket()
    one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    one.bind(("127.0.0.1", 0))
    held.append(one)
    return one.getsockname()[1]


held = []


def wait_for(what, condition, seconds=90, every=0.2):
    """Returns the condition's value once it is true. A failing command counts as not yet."""
    until = time.monotonic() + seconds
    last = None
    while time.monotonic() < until:
        try:
            last = condition()
            if last:
                return last
        except (subprocess.CalledProcessError, OSError, KeyError) as error:
            last = getattr(error, "stderr", None) or error
        time.sleep(every)
    raise TimeoutError(f"{what}: not after {seconds} s; last: {last}")


class ControlPlane:
    address = "127.0.0.1"
    api_flags = ()  # what a node of its own adds

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.kubeconfig = self.folder / "admin.conf"
        self.ports = {
            name: free_port() for name in ("etcd", "peer", "api", "kwok", "metrics", "health")
        }
        self.server = f"https://{self.address}:{self.ports['api']}"
        self.processes = {}

    def __enter__(self):
        try:
            self._make_keys()
            self._start_control_plane()
            self._start_nodes()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        for process in self.processes.values():  # nothing of it is kept
            process.kill()
            process.wait()

    def kubectl(self, *arguments, input=None, check=True):
        done = subprocess.run(
            [
                TOOLS / "kubernetes",
                "kubectl",
                "--kubeconfig",
                self.kubeconfig,
                *map(str, arguments),
            ],
            input=input,
            capture_output=True,
            text=True,
            timeout=300,
        )
        if check and done.returncode != 0:
            raise subprocess.CalledProcessError(
                done.returncode, done.args, done.stdout, done.stderr
            )
        return done.stdout

    def get(self, *arguments):
        return json.loads(self.kubectl("get", *arguments, "-o", "json"))

    def pods(self, space, **labels):
        """Ray's pods, without those of the suspender's CronJob."""
        chosen = ",".join(
            ["ray.io/cluster", *(f"ray.io/{key}={value}" for key, value in labels.items())]
        )
        return [
            pod
            for pod in self.get("pods", "-n", space, "-l", chosen)["items"]
            if not pod["metadata"].get("deletionTimestamp")
        ]

    def token_config(self, name, token, server=None):
        path = self.folder / f"{name}.conf"
        path.write_text(
            json.dumps(
                {
                    "apiVersion": "v1",
                    "kind": "Config",
                    "current-context": "test",
                    "clusters": [
                        {
                            "name": "test",
                            "cluster": {
                                "server": server or self.server,
                                "certificate-authority": str(self.folder / "ca.crt"),
                            },
                        }
                    ],
                    "users": [{"name": "user", "user": {"token": token}}],
                    "contexts": [{"name": "test", "context": {"cluster": "test", "user": "user"}}],
                }
            )
        )
        return path

    def start_operator(self, flags=("--use-kubernetes-proxy",)):
        """KubeRay's operator, outside the cluster, as GKE's add-on is."""
        self.kubectl("create", "-f", KUBERAY / "crds")
        # kubectl's own wait fails on one so new that it has no conditions yet.
        wait_for(
            "definitions",
            lambda: self.kubectl(
                *"wait --for=condition=established crd/rayclusters.ray.io".split(),
                *"crd/rayjobs.ray.io --timeout=60s".split(),
            ),
        )
        self._start(
            "ray-operator",
            TOOLS / "ray-operator",
            "--kubeconfig",
            self.kubeconfig,
            f"--metrics-addr=127.0.0.1:{self.ports['metrics']}",
            f"--health-probe-bind-address=127.0.0.1:{self.ports['health']}",
            "--enable-leader-election=false",
            *flags,
        )
        wait_for(
            "operator",
            lambda: (
                urllib.request.urlopen(
                    f"http://127.0.0.1:{self.ports['health']}/readyz", timeout=1
                ).status
                == 200
            ),
        )

    def add_nodes(self, prefix, count, cpu="16", memory="64Gi", labels=None, taints=(), gpus=0):
        capacity = {
            "cpu": cpu,
            "memory": memory,
            "pods": "110",
            "ephemeral-storage": "500Gi",
            **({"nvidia.com/gpu": str(gpus)} if gpus else {}),
        }
        nodes = [
            {
                "apiVersion": "v1",
                "kind": "Node",
                "metadata": {
                    "name": f"{prefix}-{i}",
                    "annotations": {"kwok.x-k8s.io/node": "fake"},
                    "labels": {
                        "kubernetes.io/hostname": f"{prefix}-{i}",
                        "kubernetes.io/os": "linux",
                        "kubernetes.io/arch": "amd64",
                        **(labels or {}),
                    },
                },
                "spec": {"taints": list(taints)},
                "status": {"allocatable": capacity, "capacity": capacity},
            }
            for i in range(count)
        ]
        self.kubectl(
            "apply",
            "-f",
            "-",
            input=json.dumps({"apiVersion": "v1", "kind": "List", "items": nodes}),
        )
        self.kubectl("wait", "--for=condition=Ready", "node", "--all", "--timeout=60s")

    def _start(self, name, *command):
        log = open(self.folder / f"{name}.log", "w")
        self.processes[name] = subprocess.Popen(
            [str(part) for part in command],
            stdout=log,
            stderr=log,
            stdin=subprocess.DEVNULL,
            start_new_session=True,
        )

    def _openssl(self, *arguments):
        subprocess.run(
            ["openssl", *map(str, arguments)], cwd=self.folder, check=True, capture_output=True
        )

    def _make_keys(self):
        self.folder.mkdir(parents=True, exist_ok=True)
        key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"]
        self._openssl(
            "req", "-x509", *key, "-subj", "/CN=lido-test", "-keyout", "ca.key", "-out", "ca.crt"
        )
        self._openssl(
            "req",
            "-x509",
            *key,
            *"-subj /CN=kube-apiserver -CA ca.crt -CAkey ca.key -keyout server.key".split(),
            *"-out server.crt -addext".split(),
            f"subjectAltName=IP:{self.address},IP:10.96.0.1,DNS:localhost,"
            "DNS:kubernetes.default.svc",
            "-addext",
            "basicConstraints=critical,CA:FALSE",
        )
        self._openssl("genrsa", "-out", "accounts.key", "2048")
        self._openssl("rsa", "-in", "accounts.key", "-pubout", "-out", "accounts.pub")
        token = secrets.token_hex(16)
        (self.folder / "tokens.csv").write_text(f'{token},admin,admin,"system:masters"\n')
        self.token_config("admin", token)

    def _start_control_plane(self):
        program = TOOLS / "kubernetes"
        etcd, peer = (f"http://127.0.0.1:{self.ports[name]}" for name in ("etcd", "peer"))
        self._start(
            "etcd",
            program,
            "etcd",
            f"--data-dir={self.folder}/etcd",
            "--unsafe-no-fsync",
            f"--listen-client-urls={etcd}",
            f"--advertise-client-urls={etcd}",
            f"--listen-peer-urls={peer}",
            f"--initial-advertise-peer-urls={peer}",
            f"--initial-cluster=default={peer}",
            "--log-level=warn",
        )
        self._start(
            "kube-apiserver",
            program,
            "kube-apiserver",
            f"--etcd-servers={etcd}",
            f"--bind-address={self.address}",
            f"--secure-port={self.ports['api']}",
            "--service-cluster-ip-range=10.96.0.0/16",
            "--service-account-issuer=https://kubernetes.default.svc",
            f"--service-account-key-file={self.folder}/accounts.pub",
            f"--service-account-signing-key-file={self.folder}/accounts.key",
            f"--tls-cert-file={self.folder}/server.crt",
            f"--tls-private-key-file={self.folder}/server.key",
            "--authorization-mode=Node,RBAC",
            f"--token-auth-file={self.folder}/tokens.csv",
            *self.api_flags,
        )
        wait_for("apiserver", lambda: self.kubectl("get", "--raw", "/readyz"))
        self._start(
            "kube-controller-manager",
            program,
            "kube-controller-manager",
            "--kubeconfig",
            self.kubeconfig,
            f"--service-account-private-key-file={self.folder}/accounts.key",
            f"--root-ca-file={self.folder}/ca.crt",
            *"--use-service-account-credentials --leader-elect=false".split(),
            *"--bind-address=127.0.0.1 --secure-port=0 --node-monitor-grace-period=20s".split(),
        )
        self._start(
            "kube-scheduler",
            program,
            "kube-scheduler",
            "--kubeconfig",
            self.kubeconfig,
            "--leader-elect=false",
            "--bind-address=127.0.0.1",
            "--secure-port=0",
        )
        wait_for("controller-manager", lambda: self.kubectl("get", "serviceaccount", "default"))

    def _start_nodes(self):
        self._start(
            "kwok",
            TOOLS / "kwok",
            "--kubeconfig",
            self.kubeconfig,
            "--manage-all-nodes=false",
            "--manage-nodes-with-annotation-selector=kwok.x-k8s.io/node=fake",
            "--config",
            TOOLS / "kwok-stages.yaml",
            "--server-address",
            f"127.0.0.1:{self.ports['kwok']}",
            "--node-ip",
            "127.0.0.1",
            "--node-lease-duration-seconds=40",
        )
