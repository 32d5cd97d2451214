// SPDX-License-Identifier: Apache-2.0
#include "trial_page.h"

#include <gtest/gtest.h>

namespace lido::cli {
namespace {

const nlohmann::ordered_json kSpace = {
    {"learning_rate", {{"min", 1e-4}, {"max", 1e-2}, {"log", true}, {"whole", false}}},
    {"batch_size", {{"values", {8, 16}}}}};

nlohmann::ordered_json trial(const char* number, nlohmann::ordered_json score, const char* state,
                             double rate, int batch, const char* error = "") {
  return {{"trial", number},
          {"score", score},
          {"epochs", 6},
          {"state", state},
          {"options", {{"learning_rate", rate}, {"batch_size", batch}}},
          {"error", error}};
}

TEST(TrialPage, RanksTrialsAndNamesErrors) {
  const std::string page = trial_page(
      {trial("00002", 0.91, "finished", 1e-3, 16), trial("00001", 0.5, "behind", 1e-2, 8),
       trial("00000", nullptr, "failed", 1e-4, 8, "no <hands>")},
      kSpace);
  EXPECT_LT(page.find("trials/00002/report.html"), page.find("trials/00001/report.html"));
  EXPECT_NE(page.find("<b>0.910</b><span>best score"), std::string::npos);
  EXPECT_NE(page.find("<b>1</b><span>ended early"), std::string::npos);
  auto begun = trial("00000", nullptr, "failed", 1e-4, 8);
  begun["epochs"] = 0;
  EXPECT_EQ(trial_page(nlohmann::ordered_json::array({begun}), kSpace).find("href"),
            std::string::npos);
  EXPECT_NE(page.find("no &lt;hands&gt;"), std::string::npos);
  EXPECT_NE(page.find("<td class=n>none"), std::string::npos);
}

TEST(TrialPage, DrawsScoresByOption) {
  const std::string page = trial_page(
      {trial("00002", 0.5, "finished", 1e-3, 16), trial("00003", nullptr, "failed", 1e-3, 8)},
      kSpace);
  // In the middle of the logarithmic axis (44 to 408), and of the scores (12 to 196).
  EXPECT_NE(page.find("<circle cx=226.0 cy=104.0 r=5"), std::string::npos) << page;
  // On the second of two places.
  EXPECT_NE(page.find("<circle cx=317.0 cy=104.0 r=5"), std::string::npos);
  size_t circles = 0;
  for (size_t at = 0; (at = page.find("<circle", at)) != page.npos; ++at) ++circles;
  EXPECT_EQ(circles, 2u);
  for (const char* tick : {">0.0001<", ">0.001<", ">0.01<", ">8<", ">16<"})
    EXPECT_NE(page.find(tick), std::string::npos) << tick;
}

TEST(TrialPage, ASearchWithoutTrialsHasAPage) {
  EXPECT_NE(trial_page(nlohmann::ordered_json::array(), kSpace).find("<b>none</b>"),
            std::string::npos);
}

}  // namespace
}  // namespace lido::cli
