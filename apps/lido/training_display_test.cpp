// SPDX-License-Identifier: Apache-2.0
#include "training_display.h"

#include <gtest/gtest.h>

namespace lido::cli {
namespace {

TEST(TrainingLine, ShowsWhatIsKnown) {
  EXPECT_EQ(training_line({{"steps", 50}, {"steps_total", 200}, {"epoch", 1}, {"loss", 0.5}}),
            " 25%  step 50 of 200  epoch 2  loss 0.500");
  EXPECT_EQ(training_line({{"steps", 200},
                           {"steps_total", 200},
                           {"epoch", 3},
                           {"loss", 0.25},
                           {"best_score", 0.9},
                           {"eta_s", 0}}),
            "100%  step 200 of 200  epoch 4  loss 0.250  best score 0.900  ETA 0.00 s");
}

TEST(TrainingLine, TakesProgressBeforeTheFirstStep) {
  EXPECT_EQ(training_line(nlohmann::ordered_json::object()),
            "  0%  step 0 of 1  epoch 1  loss 0.000");
}

}  // namespace
}  // namespace lido::cli
