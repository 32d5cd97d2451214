// SPDX-License-Identifier: Apache-2.0
#include "lido/learn/run_report.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

namespace lido::learn {
namespace {

model::Model trained_model() {
  model::Model model{.network = "people",
                     .footage = "simulated",
                     .revision = "lido 0",
                     .heads = {{"age<", {"a&b", "c"}, 2}}};
  const model::HeadOutputs outputs{
      .classes = 2, .logits = {1, 0, 1, 0, 0, 1}, .targets = {0, 1, 1}};
  model.figures["age<"] = figures_json(figures_of(outputs, 1), model.heads[0]);
  return model;
}

TEST(RunReport, DrawsEachCurveAndEscapesNames) {
  const std::vector<dataset::MetricRow> metrics = {{10, 0, "train", "", "loss", 2},
                                                   {20, 0, "train", "", "loss", 1},
                                                   {20, 0, "val", "age<", "macro_f1", 0.5},
                                                   {20, 0, "val", "age<", "loss", NAN}};
  const std::string page = run_report(trained_model(), metrics);
  // Step 20 of 20 is at the right edge, the loss 2 at the top, 1 in the middle.
  EXPECT_NE(page.find("points=\"228.0,12.0 412.0,94.0 \""), std::string::npos);
  EXPECT_EQ(page.find("nan"), std::string::npos);
  EXPECT_NE(page.find("measured in simulation"), std::string::npos);
  EXPECT_NE(page.find("age&lt;"), std::string::npos);
  EXPECT_NE(page.find("a&amp;b"), std::string::npos);
  EXPECT_EQ(page.find("age<"), std::string::npos);
}

// One sample of a, chosen right; of two of c one was taken for a.
TEST(RunReport, HasTheConfusion) {
  const std::string page = run_report(trained_model(), {});
  const std::string n = "<td class=n>";
  EXPECT_NE(page.find("<tr><th>c" + n + "2" + n + "1.000" + n + "0.500" + n + "0.667" + n + "1" +
                      n + "<b>1</b>"),
            std::string::npos);
}

TEST(RunReport, TakesFiguresThatAFileLacks) {
  model::Model model = trained_model();
  model.figures["age<"] = {{"classes", 3}, {"confusion", {1, 2}}, {"macro_f1", "high"}};
  model.data = "none";
  const std::string page = run_report(model, {});
  EXPECT_NE(page.find("<b>unknown</b><span>macro-F1"), std::string::npos);
  EXPECT_NE(page.find("unknown, generation unknown"), std::string::npos);
}

}  // namespace
}  // namespace lido::learn
