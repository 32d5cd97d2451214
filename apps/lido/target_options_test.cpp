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

}  // namespace
}  // namespace lido::cli
