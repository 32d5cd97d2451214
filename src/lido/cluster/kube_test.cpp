// SPDX-License-Identifier: Apache-2.0
// kubectl and helm are shell scripts here, which log their arguments and print what a test gives.
#include "lido/cluster/kube.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "lido/base/test_folder.h"

namespace lido::cluster {
namespace {

const Release kRelease{
    .chart = "chart", .values_file = "values.yaml", .name = "pool-a", .operator_namespace = {}};

class KubeTest : public testing::Test {
 protected:
  void SetUp() override {
    path_ = std::getenv("PATH");
    ::setenv("PATH", (folder_.string() + ":/usr/bin:/bin").c_str(), 1);
  }
  void TearDown() override { ::setenv("PATH", path_.c_str(), 1); }

  /// Makes a program that logs its arguments, then runs the script.
  void make_program(const std::string& name, const std::string& script) {
    const auto file = folder_ / name;
    std::ofstream(file) << "#!/bin/sh\necho \"$@\" >> " << (folder_ / "log").string() << "\n"
                        << script << "\n";
    std::filesystem::permissions(file, std::filesystem::perms::owner_all);
  }

  /// Arguments of all calls, a line each.
  std::string calls() const {
    std::ostringstream text;
    text << std::ifstream(folder_ / "log").rdbuf();
    return text.str();
  }

  TestFolder folder_;
  std::string path_;
};

TEST_F(KubeTest, NamesAProgramThatIsNotInstalled) {
  ::setenv("PATH", folder_.path().c_str(), 1);
  const auto rendered = render_chart(kRelease);
  ASSERT_FALSE(rendered);
  EXPECT_EQ(rendered.error().code, ErrorCode::kNotFound);
  EXPECT_EQ(rendered.error().message,
            "helm: not found on the PATH. Install it: https://helm.sh/docs/intro/install/");
  const auto status = Kube("", "").status("pool-a");
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().message,
            "kubectl: not found on the PATH. Install it: https://kubernetes.io/docs/tasks/tools/");
  EXPECT_EQ(Kube("", "").forward("pool-a", "data").error().message, status.error().message);
}

TEST_F(KubeTest, AdvisesWhenNoKubernetesIsConfigured) {
  make_program("kubectl",
               "echo 'The connection to the server localhost:8080 was refused - did you specify "
               "the right host or port?' >&2; exit 1");
  const auto status = Kube("", "").status("pool-a");
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().code, ErrorCode::kInvalidArgument) << "a setting is missing";
  EXPECT_EQ(status.error().message,
            "kubectl: no Kubernetes cluster is configured. Set KUBECONFIG, or give --kubeconfig or "
            "--context.");
}

TEST_F(KubeTest, PassesKubeconfigAndContextToBothPrograms) {
  make_program("kubectl", "exit 0");
  make_program("helm", "exit 0");
  const Kube kube("conf", "prod");
  Release release = kRelease;
  release.install_operator = true;
  ASSERT_TRUE(kube.install(release));
  release.install_operator = false;
  release.operator_namespace = "pool-b";
  ASSERT_TRUE(kube.install(release));
  ASSERT_TRUE(kube.set_suspended("pool-a", "data", true));
  EXPECT_EQ(calls(),
            "--kubeconfig=conf --kube-context=prod upgrade --install pool-a chart --namespace "
            "pool-a --values values.yaml --set operator.install=true\n"
            "--kubeconfig=conf --kube-context=prod upgrade --install pool-a chart --namespace "
            "pool-a --values values.yaml --set operator.install=false --set-string "
            "network.operatorNamespace=pool-b\n"
            "--kubeconfig=conf --context=prod --request-timeout=30s patch rayclusters.ray.io data "
            "--namespace pool-a --type=merge --patch {\"spec\":{\"suspend\":true}}\n");
}

TEST_F(KubeTest, ReturnsHelmsReasonInOneLine) {
  make_program("helm",
               "printf 'Error: values do not meet the schema\\n- image.tag is not set\\n\\nUse "
               "--debug flag to render out invalid YAML\\n' >&2; exit 1");
  const auto rendered = render_chart(kRelease);
  ASSERT_FALSE(rendered);
  EXPECT_EQ(rendered.error().code, ErrorCode::kInvalidArgument);
  EXPECT_EQ(rendered.error().message, "values.yaml: image.tag is not set");
}

TEST_F(KubeTest, CountsThePodsOfEachCluster) {
  make_program("kubectl", R"script(case "$*" in
*rayclusters*) echo '{"items": [
  {"metadata": {"name": "data"}, "spec": {"workerGroupSpecs": [
    {"groupName": "cpu", "replicas": 3, "maxReplicas": 50}]}},
  {"metadata": {"name": "old"}, "spec": {"suspend": true}},
  {"metadata": {"name": "bad"}, "spec": {}, "status": {"conditions": [
    {"type": "ReplicaFailure", "status": "True", "message": "quota"}]}}]}';;
*) echo '{"items": [
  {"metadata": {"labels": {"ray.io/cluster": "data", "ray.io/node-type": "head"}},
   "status": {"conditions": [{"type": "Ready", "status": "True"}]}},
  {"metadata": {"labels": {"ray.io/cluster": "data", "ray.io/group": "cpu"}},
   "status": {"conditions": [{"type": "Ready", "status": "True"}]}},
  {"metadata": {"labels": {"ray.io/cluster": "data", "ray.io/group": "cpu"}},
   "status": {"containerStatuses": [{"state": {"waiting": {"reason": "ImagePullBackOff"}}}]}}]}';;
esac)script");
  const auto status = Kube("", "").status("pool-a");
  ASSERT_TRUE(status) << status.error().message;
  ASSERT_EQ(status->size(), 3u);
  const ClusterStatus& data = status->at(0);
  EXPECT_EQ(data.state, "ready");
  EXPECT_EQ(data.reason, "ImagePullBackOff");
  ASSERT_EQ(data.groups.size(), 1u);
  EXPECT_EQ(data.groups[0].wanted, 3);
  EXPECT_EQ(data.groups[0].ready, 1);
  EXPECT_EQ(data.groups[0].max, 50);
  EXPECT_EQ(status->at(1).state, "suspended");
  EXPECT_EQ(status->at(2).state, "failed");
  EXPECT_EQ(status->at(2).reason, "quota");
}

TEST_F(KubeTest, FindsTheOwnerOfTheOperator) {
  const auto definition = [](const std::string& labels) {
    return R"({"metadata": {"labels": {)" + labels +
           R"(}}, "spec": {"versions": [{"name": "v1", "schema": {"openAPIV3Schema": {"properties":
      {"spec": {"properties": {"authOptions": {}}}}}}}]}})";
  };
  const auto deployment = [](const std::string& name_space, const std::string& name) {
    return R"({"items": [{"metadata": {"namespace": ")" + name_space +
           R"(", "labels": {"app.kubernetes.io/name": ")" + name + R"("}}}]})";
  };
  const auto found_with = [&](const std::string& labels, const std::string& deployments) {
    make_program("kubectl", "case \"$*\" in *customresourcedefinition*) echo '" +
                                definition(labels) + "';; *) echo '" + deployments + "';; esac");
    return Kube("", "").find_operator("pool-a").value();
  };
  const std::string ours = R"("app.kubernetes.io/managed-by": "lido")";
  const KubeRayOperator own = found_with(ours, deployment("pool-a", "lido"));
  EXPECT_EQ(own.owner, OperatorOwner::kLido);
  // The operator of another pool is installed once.
  const KubeRayOperator other = found_with(ours, deployment("pool-b", "lido"));
  EXPECT_EQ(other.owner, OperatorOwner::kOther);
  EXPECT_EQ(other.name_space, "pool-b");
  const KubeRayOperator upstream = found_with("", deployment("ray-system", "kuberay"));
  EXPECT_EQ(upstream.owner, OperatorOwner::kOther);
  EXPECT_EQ(upstream.name_space, "ray-system");
  // Another's definitions: its operator need not be visible. Lido's: its operator is gone.
  EXPECT_EQ(found_with("", R"({"items": []})").owner, OperatorOwner::kOther);
  EXPECT_EQ(found_with(ours, R"({"items": []})").owner, OperatorOwner::kNone);
  make_program("kubectl", R"(echo '{"spec": {"versions": [{"name": "v1"}]}}')");
  const auto old = Kube("", "").find_operator("pool-a");
  ASSERT_FALSE(old);
  EXPECT_EQ(old.error().message,
            "KubeRay: the installed version has no authOptions, want version 1.6 or newer");
  make_program("kubectl", "exit 0");  // --ignore-not-found prints nothing.
  EXPECT_EQ(Kube("", "").find_operator("pool-a")->owner, OperatorOwner::kNone);
}

TEST_F(KubeTest, NamesEveryPermissionThatIsMissing) {
  // The third and the last of the questions are answered with false.
  make_program(
      "kubectl",
      "case \"$*\" in *create*) cat > /dev/null; printf 'true\\ntrue\\nfalse\\n'; for i in 4 5 6 7 "
      "8 9 10; do echo true; done; echo false;; esac");
  const auto allowed = Kube("", "").check_access("pool-a", false);
  ASSERT_FALSE(allowed);
  EXPECT_EQ(allowed.error().code, ErrorCode::kInvalidArgument);
  EXPECT_EQ(allowed.error().message,
            "no permission to create networkpolicies.networking.k8s.io, namespaces in namespace "
            "pool-a. Ask the cluster's administrator.");
  make_program("kubectl", "cat > /dev/null; for i in 1 2 3 4 5 6 7 8 9 10 11; do echo true; done");
  EXPECT_TRUE(Kube("", "").check_access("pool-a", false));
}

TEST_F(KubeTest, ReportsAnEndedAutoscaler) {
  make_program("kubectl", R"script(case "$*" in
*rayclusters*) echo '{"items": [{"metadata": {"name": "data"}, "spec": {}}]}';;
*) echo '{"items": [
  {"metadata": {"labels": {"ray.io/cluster": "data", "ray.io/node-type": "head"}},
   "status": {"conditions": [{"type": "Ready", "status": "False"}],
    "containerStatuses": [{"name": "ray-head", "state": {"running": {}}},
     {"name": "autoscaler",
      "state": {"terminated": {"reason": "OOMKilled", "exitCode": 137}}}]}}]}';;
esac)script");
  const auto status = Kube("", "").status("pool-a");
  ASSERT_TRUE(status) << status.error().message;
  EXPECT_EQ(status->at(0).state, "failed");
  EXPECT_EQ(status->at(0).reason, "container autoscaler has ended: OOMKilled, exit code 137");
}

TEST_F(KubeTest, KeepsAnOperatorThatOtherPoolsNeed) {
  make_program("kubectl", R"script(case "$*" in
*customresourcedefinition*) echo '{"spec": {"versions": [{"name": "v1", "schema":
  {"openAPIV3Schema": {"properties": {"spec": {"properties": {"authOptions": {}}}}}}}]}}';;
*deployments*) echo '{"items": [{"metadata": {"namespace": "pool-a",
  "labels": {"app.kubernetes.io/name": "lido"}}}]}';;
*rayclusters*all-namespaces*) echo '{"items": [{"metadata": {"namespace": "pool-a"}},
  {"metadata": {"namespace": "pool-b"}}]}';;
esac)script");
  make_program("helm", "exit 0");
  const auto down = Kube("", "").uninstall("pool-a");
  ASSERT_FALSE(down);
  EXPECT_EQ(down.error().message,
            "pool-a: its KubeRay operator serves the clusters of pool-b too. Bring those down "
            "first.");
  EXPECT_EQ(calls().find("delete"), std::string::npos);
}

TEST_F(KubeTest, ReadsTheTokenOfARunningClusterOnly) {
  const auto token_when = [&](const std::string& cluster, const std::string& secret) {
    make_program("kubectl", "case \"$*\" in *secret*|*'create token'*) printf '%s\\n' '" + secret +
                                "';; *) echo '" + cluster + "';; esac");
    return Kube("", "").token("pool-a", "data");
  };
  EXPECT_EQ(token_when(R"({"spec": {"authOptions": {"enableK8sTokenAuth": true}}})", "abc").value(),
            "abc");
  const auto suspended = token_when(R"({"spec": {"suspend": true}})", "abc");
  ASSERT_FALSE(suspended);
  EXPECT_EQ(suspended.error().message,
            "pool-a/data: the cluster is suspended. Resume it with lido cluster resume.");
  make_program("kubectl", "exit 0");
  EXPECT_EQ(Kube("", "").token("pool-a", "data").error().code, ErrorCode::kNotFound);
}

TEST_F(KubeTest, ReturnsTheForwardedPort) {
  make_program("kubectl", "echo 'Forwarding from 127.0.0.1:41234 -> 8265'; exec sleep 60");
  const auto forward = Kube("", "").forward("pool-a", "data");
  ASSERT_TRUE(forward) << forward.error().message;
  EXPECT_EQ(forward->url, "http://127.0.0.1:41234");
}

}  // namespace
}  // namespace lido::cluster
