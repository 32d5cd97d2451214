// SPDX-License-Identifier: Apache-2.0
// Ray's own options are num_cpus, num_gpus, memory (bytes) and resources.
#include "on_ray.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "exit_codes.h"

namespace lido::cli {
namespace {

using Amounts = std::map<std::string, double>;

TEST(OnRay, ReadsResources) {
  EXPECT_EQ(*parse_resources(""), Amounts());
  EXPECT_EQ(*parse_resources("disk=1,site_a=0.5"), (Amounts{{"disk", 1}, {"site_a", 0.5}}));
  for (const char* bad : {"disk", "disk=", "=1", "disk=one", "disk=0", "disk=-1", "disk=1x",
                          "disk=nan", "disk=inf", "disk=1,,site=1", "disk=1e9"}) {
    const auto resources = parse_resources(bad);
    ASSERT_FALSE(resources) << bad;
    EXPECT_EQ(resources.error().code, ErrorCode::kInvalidArgument);
    EXPECT_TRUE(resources.error().message.starts_with("task_resources has \"")) << bad;
  }
}

TEST(OnRay, GivesATaskItsResources) {
  const auto ray_of = [](const RayOptions& options) {
    return nlohmann::json::parse(*request_text({}, options)).at("ray").dump();
  };
  EXPECT_EQ(ray_of({}), R"({"num_cpus":1.0})");
  EXPECT_EQ(
      ray_of(
          {.task_cpus = 0.5, .task_gpus = 0.25, .task_memory_gb = 1.5, .task_resources = "disk=2"}),
      R"({"memory":1500000000,"num_cpus":0.5,"num_gpus":0.25,"resources":{"disk":2.0}})");
  EXPECT_TRUE(request_text({}, {.task_gpus = 2}));
  EXPECT_FALSE(request_text({}, {.task_gpus = 1.5})) << "no fraction of several GPUs";
  EXPECT_FALSE(request_text({}, {.task_cpus = 0}));
}

TEST(OnRay, TakesTheDriversLines) {
  part::Progress progress;
  RayOutcome outcome;
  EXPECT_TRUE(
      take_driver_line(R"({"spans":3,"of":8,"frames":90,"rejected":1})", progress, outcome));
  EXPECT_EQ(progress.spans_done, 3);
  EXPECT_EQ(progress.spans_total, 8);
  EXPECT_EQ(progress.frames, 90);
  EXPECT_EQ(progress.rejected, 1);
  EXPECT_FALSE(outcome.exit);
  EXPECT_TRUE(take_driver_line(R"({"exit":3})", progress, outcome));
  EXPECT_EQ(outcome.exit, 3);
  for (const char* other : {"", "Ray says hello", "[1]", "{", R"({"else":1})", "\xff{}"})
    EXPECT_FALSE(take_driver_line(other, progress, outcome)) << other;
  EXPECT_EQ(progress.spans_done, 3);
}

}  // namespace
}  // namespace lido::cli
