// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "lido/cluster/check.h"

namespace lido::cluster {
namespace {

TEST(ParseQuantity, AcceptsTheUnitsOfKubernetes) {
  for (const auto& [text, value] : {std::pair{"500m", 0.5},
                                    {"2", 2.0},
                                    {"4Gi", 4294967296.0},
                                    {"1e3", 1000.0},
                                    {"1.5G", 1.5e9}})
    EXPECT_EQ(*parse_quantity(text), value) << text;
  for (const char* text : {"", "Gi", "1 Gi", "2gi", "nan", "inf", "1e999"})
    EXPECT_FALSE(parse_quantity(text)) << text;
}

}  // namespace
}  // namespace lido::cluster
