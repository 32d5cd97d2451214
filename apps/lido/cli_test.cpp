// SPDX-License-Identifier: Apache-2.0
#include "cli.h"

#include <gtest/gtest.h>

namespace lido::cli {
namespace {

TEST(Cli, RepeatingHelpsOnlyWhereSomethingWasUnavailable) {
  EXPECT_EQ(exit_code({ErrorCode::kUnavailable, ""}), kFailed);
  for (const ErrorCode code : {ErrorCode::kInvalidArgument, ErrorCode::kNotFound,
                               ErrorCode::kCorrupt, ErrorCode::kDegenerate})
    EXPECT_EQ(exit_code({code, ""}), kWrongUse);
  EXPECT_EQ(exit_code({ErrorCode::kCancelled, ""}), kInterrupted);
}

}  // namespace
}  // namespace lido::cli
