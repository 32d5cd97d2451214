# SPDX-License-Identifier: Apache-2.0
"""A Kubernetes with one real node: kubelet, containerd, runc, names and services.

Its mounts, processes and network are its own: `./dev test k8s-real` starts the tests in new
namespaces, which end with everything in them. Nothing outside is reachable from there.
"""

import contextlib
import json
import os
import shutil
import subprocess

from control_plane import ROOT, TOOLS, ControlPlane, wait_for

NODE = "lido-0"
SUBNET = "10.244"
IMAGES = ROOT / "build/image"


class RealNode(ControlPlane):
    address = f"{SUBNET}.0.1"

    def __init__(self, folder):
        assert os.environ.get("LIDO_OWN_NODE"), (
            "want ./dev test k8s-real, which starts this in namespaces of its own"
        )
        super().__init__(folder)
        self.ports["api"] = 6443  # as elsewhere: the chart's network policies name it
        self.server = f"https://{self.address}:{self.ports['api']}"
        self.api_flags = (
            f"--advertise-address={self.address}",
            f"--client-ca-file={self.folder}/ca.crt",
            "--allow-privileged=true",
            f"--kubelet-client-certificate={self.folder}/kubelet-client.crt",
            f"--kubelet-client-key={self.folder}/kubelet-client.key",
            "--kubelet-preferred-address-types=InternalIP",
        )

    def __exit__(self, *_):
        super().__exit__()
        shutil.rmtree(self.folder / "containerd", ignore_errors=True)  # gigabytes of images

    def _make_keys(self):
        self._make_network()
        super()._make_keys()
        self._openssl(
            *"req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2".split(),
            *"-subj /O=system:masters/CN=apiserver -CA ca.crt -CAkey ca.key".split(),
            *"-keyout kubelet-client.key -out kubelet-client.crt".split(),
            *"-addext basicConstraints=critical,CA:FALSE".split(),
        )
        token = os.urandom(16).hex()
        with open(self.folder / "tokens.csv", "a") as tokens:
            tokens.write(f'{token},system:node:{NODE},node,"system:nodes"\n')
        self.token_config("kubelet", token)

    def _make_network(self):
        """A bridge for the pods, and folders that only these namespaces see."""
        for folder in ("/run", "/var/log"):
            subprocess.run(["mount", "-t", "tmpfs", "tmpfs", folder], check=True)
        (self.folder / "resolv.conf").write_text(f"nameserver {self.address}\n")
        subprocess.run(
            ["mount", "--bind", self.folder / "resolv.conf", os.path.realpath("/etc/resolv.conf")],
            check=True,
        )
        for command in (
            "link set lo up",
            "link add cni0 type bridge",
            f"addr add {self.address}/16 dev cni0",
            "link set cni0 up",
            f"route add default via {self.address} dev cni0",
        ):
            subprocess.run(["ip", *command.split()], check=True)
        subprocess.run(["sysctl", "-q", "-w", "net.ipv4.ip_forward=1"], check=True)

    def _start_nodes(self):
        self._start_containerd()
        self._start_names()
        self._start_kubelet()
        wait_for(
            "node",
            lambda: self.kubectl("wait", "--for=condition=Ready", f"node/{NODE}", "--timeout=2s"),
        )

    def _pod_network(self, folder):
        """A CNI configuration: a bridge with addresses of the pods' range."""
        addresses = {
            "subnet": f"{SUBNET}.0.0/16",
            "rangeStart": f"{SUBNET}.1.1",
            "rangeEnd": f"{SUBNET}.9.254",
            "gateway": self.address,
        }
        bridge = {
            "type": "bridge",
            "bridge": "cni0",
            "isGateway": True,
            "hairpinMode": True,
            "ipMasq": False,
            "ipam": {
                "type": "host-local",
                "dataDir": str(folder / "addresses"),
                "routes": [{"dst": "0.0.0.0/0"}],
                "ranges": [[addresses]],
            },
        }
        return {"cniVersion": "1.0.0", "name": "lido", "plugins": [bridge]}

    def _start_containerd(self):
        folder = self.folder / "containerd"
        networks = folder / "networks"
        networks.mkdir(parents=True)
        (networks / "10-lido.conflist").write_text(json.dumps(self._pod_network(folder)))
        (folder / "config.toml").write_text(f"""version = 3
root = "{folder}/root"
state = "/run/containerd"
disabled_plugins = ["io.containerd.nri.v1.nri", "io.containerd.tracing.processor.v1.otlp"]
[grpc]
  address = "/run/containerd.sock"
[plugins.'io.containerd.cri.v1.images'.pinned_images]
  sandbox = "localhost/pause:lido"
[plugins.'io.containerd.cri.v1.runtime']
  restrict_oom_score_adj = true
[plugins.'io.containerd.cri.v1.runtime'.cni]
  bin_dirs = ["{TOOLS}"]
  conf_dir = "{networks}"
[plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes.runc]
  runtime_type = "io.containerd.runc.v2"
[plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes.runc.options]
  BinaryName = "{TOOLS}/runc"
""")
        self._start("containerd", TOOLS / "containerd", "--config", folder / "config.toml")
        ctr = [TOOLS / "ctr", "--address", "/run/containerd.sock", "--namespace", "k8s.io"]
        wait_for(
            "containerd", lambda: subprocess.run([*ctr, "version"], check=True, capture_output=True)
        )
        for image in ("pause.tar", "lido.tar", "lido-train.tar"):
            done = subprocess.run(
                [*ctr, *"images import --local --discard-unpacked-layers".split(), IMAGES / image],
                capture_output=True,
                text=True,
            )
            assert done.returncode == 0, done.stderr

    def _start_names(self):
        (self.folder / "Corefile").write_text(f""".:53 {{
  bind {self.address}
  errors
  kubernetes cluster.local in-addr.arpa ip6.arpa {{
    kubeconfig {self.kubeconfig}
    pods insecure
  }}
  cache 3
}}
""")
        self._start("coredns", TOOLS / "coredns", "-conf", self.folder / "Corefile")
        (self.folder / "proxy.yaml").write_text(
            json.dumps(
                {
                    "apiVersion": "kubeproxy.config.k8s.io/v1alpha1",
                    "kind": "KubeProxyConfiguration",
                    "mode": "nftables",
                    "clientConnection": {"kubeconfig": str(self.kubeconfig)},
                    "clusterCIDR": f"{SUBNET}.0.0/16",
                    "hostnameOverride": NODE,
                    "bindAddress": self.address,
                    "metricsBindAddress": "127.0.0.1:10249",
                    "healthzBindAddress": "127.0.0.1:10256",
                    "conntrack": {
                        "maxPerCore": 0,
                        "min": 0,
                        "tcpEstablishedTimeout": "0s",
                        "tcpCloseWaitTimeout": "0s",
                    },
                }
            )
        )
        self._start(
            "kube-proxy", TOOLS / "kubernetes", "kube-proxy", "--config", self.folder / "proxy.yaml"
        )

    @contextlib.contextmanager
    def policies(self):
        """Enforces network policies by kube-router's firewall inside the with block."""
        subprocess.run(["sysctl", "-q", "-w", "net.bridge.bridge-nf-call-iptables=1"], check=True)
        self._start(
            "kube-router",
            TOOLS / "kube-router",
            "--kubeconfig",
            self.kubeconfig,
            "--hostname-override",
            NODE,
            *"--run-router=false --run-service-proxy=false --run-firewall=true".split(),
            *"--service-cluster-ip-range 10.96.0.0/16 --iptables-sync-period 5s".split(),
        )
        try:
            yield
        finally:
            process = self.processes.pop("kube-router")
            process.terminate()
            process.wait(30)
            # Nothing else uses them here.
            for command in ("iptables -F", "iptables -X", "ipset destroy"):
                subprocess.run(command.split(), check=True)

    def _start_kubelet(self):
        (self.folder / "kubelet.yaml").write_text(
            json.dumps(
                {
                    "apiVersion": "kubelet.config.k8s.io/v1beta1",
                    "kind": "KubeletConfiguration",
                    "address": self.address,
                    "authentication": {
                        "anonymous": {"enabled": False},
                        "webhook": {"enabled": True},
                        "x509": {"clientCAFile": str(self.folder / "ca.crt")},
                    },
                    "authorization": {"mode": "Webhook"},
                    "cgroupDriver": "cgroupfs",
                    "failCgroupV1": False,
                    "failSwapOn": False,
                    "containerRuntimeEndpoint": "unix:///run/containerd.sock",
                    "clusterDNS": [self.address],
                    "clusterDomain": "cluster.local",
                    "resolvConf": str(self.folder / "resolv.conf"),
                    "enforceNodeAllocatable": [],
                    "makeIPTablesUtilChains": False,
                    "maxPods": 60,
                    # However full the disk is: an image that was removed cannot be fetched again.
                    "evictionHard": {"memory.available": "200Mi"},
                    "imageGCHighThresholdPercent": 100,
                    "podLogsDir": "/var/log/pods",
                }
            )
        )
        self._start(
            "kubelet",
            TOOLS / "kubernetes",
            "kubelet",
            "--kubeconfig",
            self.folder / "kubelet.conf",
            "--config",
            self.folder / "kubelet.yaml",
            "--root-dir",
            self.folder / "kubelet",
            "--cert-dir",
            self.folder / "kubelet-keys",
            "--hostname-override",
            NODE,
            "--node-ip",
            self.address,
        )
