// SPDX-License-Identifier: Apache-2.0
#include "trial_table.h"

#include <gtest/gtest.h>

namespace lido::cli {
namespace {

const nlohmann::ordered_json kTrials = {
    {{"trial", "00002"},
     {"score", 0.91},
     {"epochs", 6},
     {"state", "finished"},
     {"options", {{"learning_rate", 0.0012345}, {"batch_size", 16}}},
     {"error", ""}},
    {{"trial", "00000"},
     {"score", nullptr},
     {"epochs", 0},
     {"state", "failed"},
     {"options", {{"learning_rate", 1e-5}, {"batch_size", 8}}},
     {"error", "no \"hands\""}}};

TEST(TrialTable, RanksTrialsWithTheirOptions) {
  EXPECT_EQ(trial_table(kTrials),
            "rank  trial     score  epochs  state     learning_rate     batch_size        \n"
            "   1  00002     0.910       6  finished  0.001234          16                \n"
            "   2  00000      none       0  failed    1e-05             8                 "
            "no \"hands\"\n");
}

TEST(TrialCsv, HasAColumnForEachOption) {
  EXPECT_EQ(trial_csv(kTrials),
            "trial,score,epochs,state,learning_rate,batch_size,error\n"
            "00002,0.91,6,finished,0.0012345,16,\"\"\n"
            "00000,,0,failed,1e-05,8,\"no \"\"hands\"\"\"\n");
}

}  // namespace
}  // namespace lido::cli
