// SPDX-License-Identifier: Apache-2.0
// kubectl and helm are shell scripts here, which log their arguments and print what a test gives.
#include "lido/cluster/kube.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

namespace lido::cluster {
namespace {

class KubeTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = (std::filesystem::temp_directory_path() / "lido_kube_XXXXXX").string();
    ASSERT_NE(::mkdtemp(name.data()), nullptr);
    folder_ = name;
    path_ = std::getenv("PATH");
    ::setenv("PATH", (folder_.string() + ":/usr/bin:/bin").c_str(), 1);
  }
  void TearDown() override {
    ::setenv("PATH", path_.c_str(), 1);
    std::filesystem::remove_all(folder_);
  }

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

  std::filesystem::path folder_;
  std::string path_;
};

TEST_F(KubeTest, NamesAProgramThatIsNotInstalled) {
  ::setenv("PATH", folder_.c_str(), 1);
  const auto rendered = render_chart("chart", "values.yaml", "pool-a", false);
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
  EXPECT_EQ(status.error().code, ErrorCode::kUnavailable);
  EXPECT_EQ(status.error().message,
            "kubectl: no Kubernetes cluster is configured. Set KUBECONFIG, or give --kubeconfig or "
            "--context.");
}

TEST_F(KubeTest, PassesKubeconfigAndContextToBothPrograms) {
  make_program("kubectl", "exit 0");
  make_program("helm", "exit 0");
  const Kube kube("conf", "prod");
  ASSERT_TRUE(kube.install("chart", "values.yaml", "pool-a", true));
  ASSERT_TRUE(kube.set_suspended("pool-a", "data", true));
  EXPECT_EQ(calls(),
            "--kubeconfig=conf --kube-context=prod upgrade --install pool-a chart --namespace "
            "pool-a --values values.yaml --set operator.install=true\n"
            "--kubeconfig=conf --context=prod --request-timeout=30s patch rayclusters.ray.io data "
            "--namespace pool-a --type=merge --patch {\"spec\":{\"suspend\":true}}\n");
}

TEST_F(KubeTest, ReturnsHelmsReasonInOneLine) {
  make_program("helm",
               "printf 'Error: values do not meet the schema\\n- image.tag is not set\\n\\nUse "
               "--debug flag to render out invalid YAML\\n' >&2; exit 1");
  const auto rendered = render_chart("chart", "values.yaml", "pool-a", false);
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
  const std::string definition =
      R"({"spec": {"versions": [{"name": "v1", "schema": {"openAPIV3Schema": {"properties":
      {"spec": {"properties": {"authOptions": {}}}}}}}]}})";
  const auto owner_when = [&](const std::string& definitions, const std::string& deployments) {
    make_program("kubectl", "case \"$*\" in *customresourcedefinition*) echo '" + definitions +
                                "';; *) echo '" + deployments + "';; esac");
    return Kube("", "").operator_owner();
  };
  EXPECT_EQ(owner_when(definition, R"({"items": []})").value(), OperatorOwner::kOther);
  EXPECT_EQ(owner_when(definition, R"({"items": [{}]})").value(), OperatorOwner::kLido);
  const auto old = owner_when(R"({"spec": {"versions": [{"name": "v1"}]}})", "");
  ASSERT_FALSE(old);
  EXPECT_EQ(old.error().message,
            "KubeRay: the installed version has no authOptions, want version 1.6 or newer");
  make_program("kubectl", "exit 0");  // --ignore-not-found prints nothing.
  EXPECT_EQ(Kube("", "").operator_owner().value(), OperatorOwner::kNone);
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
