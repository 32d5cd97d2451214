// SPDX-License-Identifier: Apache-2.0
#include "lido/synth/film/sources.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "lido/synth/film/light.h"

namespace lido::synth {
namespace {

TEST(Sources, NameEachLightAndFault) {
  const auto sources = film_sources();
  const auto count = [&](std::string_view kind) {
    return std::ranges::count(sources, kind, &FilmSource::kind);
  };
  EXPECT_EQ(count("light"), std::ssize(light_names()));
  EXPECT_EQ(count("fault"), 5);
  EXPECT_EQ(count("lens"), 2);
  for (const FilmSource& one : sources) EXPECT_FALSE(one.source.empty()) << one.name;
}

}  // namespace
}  // namespace lido::synth
