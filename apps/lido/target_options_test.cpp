// SPDX-License-Identifier: Apache-2.0
#include "target_options.h"

#include <gtest/gtest.h>

namespace lido::cli {
namespace {

TEST(TargetOptions, NameTheSameClusterToAnotherCommand) {
  EXPECT_EQ((TargetOptions{.on = "k8s:a/b"}).flags(), "--on k8s:a/b");
  EXPECT_EQ((TargetOptions{.on = "k8s:a/b", .kubeconfig = "c.yaml", .context = "there"}).flags(),
            "--on k8s:a/b --kubeconfig c.yaml --context there");
  EXPECT_EQ((TargetOptions{.on = "https://h", .token_file = "t"}).flags(),
            "--on https://h --token-file t");
}

TEST(TargetOptions, KnowsNamesOfClusters) {
  for (const char* cluster : {"k8s:pool-a/data", "https://ray.example.org", "http://127.0.0.1:1"})
    EXPECT_TRUE(is_cluster(cluster)) << cluster;
  for (const char* other : {"here", "ray", "", "k8s", "ftp://ray.example.org"})
    EXPECT_FALSE(is_cluster(other)) << other;
}

TEST(TargetOptions, FlagsOfOtherPlacesAreRefused) {
  const auto check = [](const char* on, const char* flag) {
    const auto checked = check_target_flags({.on = on}, {"--out", flag});
    return checked ? std::string() : checked.error().message;
  };
  EXPECT_EQ(check("k8s:a/b", "--context"), "");
  EXPECT_EQ(check("https://h", "--token-file"), "");
  EXPECT_EQ(check("here", "--context"),
            "--context: no use with --on here, want --on k8s:NAMESPACE/CLUSTER");
  EXPECT_EQ(check("https://h", "--kubeconfig"),
            "--kubeconfig: no use with --on https://h, want --on k8s:NAMESPACE/CLUSTER");
  EXPECT_EQ(check("k8s:a/b", "--token-file"),
            "--token-file: no use with --on k8s:a/b, want --on https://HOST");
}

}  // namespace
}  // namespace lido::cli
