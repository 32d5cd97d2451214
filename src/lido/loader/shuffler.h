// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <utility>

#include "lido/base/split_mix.h"

namespace lido::loader {

/// Numbers from a seed, equal on every machine.
class Shuffler {
 public:
  explicit Shuffler(uint64_t seed) : state_(seed) {}

  uint64_t next() { return split_mix64(state_); }
  /// Returns a number from 0 to `count` - 1. The bias is below count / 2^64.
  uint64_t below(uint64_t count) {
    __extension__ typedef unsigned __int128 Product;
    return static_cast<uint64_t>((static_cast<Product>(next()) * count) >> 64);
  }
  /// Puts the items into a random order. Source: Fisher and Yates; Knuth, TAOCP 2, sec. 3.4.2.
  template <typename T>
  void shuffle(std::span<T> items) {
    for (size_t i = items.size(); i > 1; --i) std::swap(items[i - 1], items[below(i)]);
  }

 private:
  uint64_t state_;
};

}  // namespace lido::loader
