// SPDX-License-Identifier: Apache-2.0
#include "lido/base/split_mix.h"

#include <gtest/gtest.h>

namespace lido {
namespace {

// The first outputs of SplitMix64 for the seed 1234567, as published with its reference code.
TEST(SplitMix64, GivesTheNumbersOfTheReference) {
  uint64_t state = 1234567;
  for (const uint64_t wanted : {6457827717110365317U, 3203168211198807973U, 9817491932198370423U,
                                4593380528125082431U, 16408922859458223821U})
    EXPECT_EQ(split_mix64(state), wanted);
}

}  // namespace
}  // namespace lido
