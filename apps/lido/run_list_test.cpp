// SPDX-License-Identifier: Apache-2.0
#include "run_list.h"

#include <gtest/gtest.h>

namespace lido::cli {
namespace {

const dataset::TrainingRun kRun{.id = "p1-0123456789ab",
                                .folder = "/runs/p1",
                                .begun_utc = "2026-07-01T14:03:00.000000Z",
                                .network = "people",
                                .generation = 3,
                                .tasks = {"behaviour", "danger"},
                                .models = {"aa", "bb"}};

TEST(RunList, ALineNamesTheRunAndItsLatestModel) {
  EXPECT_EQ(run_line(kRun),
            "/runs/p1: people of behaviour, danger, generation 3, begun "
            "2026-07-01T14:03:00.000000Z; 2 models, the latest model.onnx with SHA-256 bb");
  auto run = kRun;
  run.models = {"aa"};
  EXPECT_TRUE(run_line(run).ends_with("; model.onnx with SHA-256 aa")) << run_line(run);
  run.models.clear();
  EXPECT_TRUE(run_line(run).ends_with("; no model yet")) << run_line(run);
}

TEST(RunList, ARunWhoseFileIsGoneKeepsItsId) {
  const auto runs = runs_of({"gone-1", kRun.id}, {kRun});
  ASSERT_EQ(runs.size(), 2U);
  EXPECT_EQ(run_line(runs[0]), "gone-1 (its file in training_runs is gone or damaged)");
  EXPECT_EQ(runs[1].folder, "/runs/p1");
  const auto json = runs_json(runs);
  EXPECT_EQ(json[0]["id"], "gone-1");
  EXPECT_EQ(json[1]["models"], nlohmann::ordered_json({"aa", "bb"}));
}

}  // namespace
}  // namespace lido::cli
