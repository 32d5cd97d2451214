// SPDX-License-Identifier: Apache-2.0
#include "lido/cluster/jobs.h"

#include <gtest/gtest.h>

#include "lido/base/process.h"

namespace lido::cluster {
namespace {

TEST(Jobs, AShellGivesBackWhatWasQuoted) {
  for (const std::string text :
       {"plain", "it's", "''", "a\nb", "$HOME `id` \"x\" \\", "{\"a\": \"o'clock\"}"}) {
    const auto done = run_process({"sh", "-c", "printf %s " + shell_quoted(text)});
    ASSERT_TRUE(done);
    EXPECT_EQ(done->out, text);
  }
}

TEST(Jobs, ATokenDoesNotTravelInTheClear) {
  EXPECT_TRUE(JobsApi::at("https://ray.example", "t"));
  EXPECT_TRUE(JobsApi::at("http://127.0.0.1:8265", "t"));
  EXPECT_TRUE(JobsApi::at("http://localhost", "t"));
  for (const char* url : {"http://ray.example", "http://127.0.0.1.evil.example:80",
                          "http://localhost.evil.example", "ftp://x", ""})
    EXPECT_EQ(JobsApi::at(url, "t").has_value(), false) << url;
}

}  // namespace
}  // namespace lido::cluster
