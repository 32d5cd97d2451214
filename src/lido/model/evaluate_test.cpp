// SPDX-License-Identifier: Apache-2.0
#include "lido/model/evaluate.h"

#include <gtest/gtest.h>

#include <fstream>
#include <iterator>

namespace lido::model {
namespace {

// Two convolutions of tests/golden/make_outputs.py with an input of four sides: not a model's.
TEST(ModelRunner, RefusesGraphsOfOthers) {
  const Model model{.network = "people",
                    .input = {.frames = 4, .height = 8, .width = 8},
                    .heads = {{"behaviour", {"dive", "swim"}, 1}}};
  const auto junk = ModelRunner::load(model, "no graph", 2);
  ASSERT_FALSE(junk);
  EXPECT_EQ(junk.error().code, ErrorCode::kCorrupt);
  std::ifstream file(LIDO_TEST_MODELS "/../networks/batches.onnx", std::ios::binary);
  ASSERT_TRUE(file) << "./dev test makes it";
  const std::string graph(std::istreambuf_iterator<char>(file), {});
  const auto other = ModelRunner::load(model, graph, 2);
  ASSERT_FALSE(other);
  EXPECT_EQ(other.error().code, ErrorCode::kCorrupt);
  EXPECT_NE(other.error().message.find("model.onnx"), std::string::npos);
}

TEST(Evaluate, RefusesBadOptionsAndMissingData) {
  const LoadedModel loaded{.model = {.samples = "person"}, .onnx = ""};
  EXPECT_EQ(evaluate(loaded, "/none", {.split = "all"}, {}, {}, {}).error().message,
            "split is \"all\", want one of: train, val, test");
  EXPECT_EQ(evaluate(loaded, "/none", {}, {}, {}, {}).error().code, ErrorCode::kNotFound);
}

}  // namespace
}  // namespace lido::model
