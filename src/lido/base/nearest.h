// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace lido {

/// Number of letters to insert, remove, replace, or swap with a neighbour to get from one word to
/// the other (optimal string alignment). O(len(a) len(b)).
size_t edit_distance(std::string_view a, std::string_view b);

/// Keeps those candidates that are nearest to a word, however many there are. Not thread-safe.
class NearestWords {
 public:
  explicit NearestWords(std::string_view word);

  void add(std::string_view candidate);
  /// Returns the nearest candidates, at most three, sorted; empty when none is near.
  const std::vector<std::string>& best() const { return best_; }

 private:
  std::string word_;
  size_t distance_;  ///< Distance of best_; before any, the largest that counts as near.
  std::vector<std::string> best_;
};

/// Returns NearestWords::best() of candidates.
std::vector<std::string> nearest(std::string_view word, std::span<const std::string> candidates);

}  // namespace lido
