// SPDX-License-Identifier: Apache-2.0
#include "lido/base/nearest.h"

#include <algorithm>

namespace lido {
namespace {

constexpr size_t kMaxSuggestions = 3;
/// A word of more letters than these may be the beginning of another.
constexpr size_t kMinStem = 3;

}  // namespace

size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<size_t> before(b.size() + 1), last(b.size() + 1), now(b.size() + 1);
  for (size_t j = 0; j <= b.size(); ++j) last[j] = j;
  for (size_t i = 1; i <= a.size(); ++i) {
    now[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      now[j] =
          std::min({last[j] + 1, now[j - 1] + 1, last[j - 1] + (a[i - 1] != b[j - 1] ? 1 : 0)});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
        now[j] = std::min(now[j], before[j - 2] + 1);
    }
    std::swap(before, last);
    std::swap(last, now);
  }
  return last[b.size()];
}

NearestWords::NearestWords(std::string_view word)
    : word_(word), distance_(std::max<size_t>(1, word.size() / 3)) {}

void NearestWords::add(std::string_view candidate) {
  // The lengths alone rule most candidates out.
  const bool is_cut = (word_.size() > kMinStem && candidate.starts_with(word_)) ||
                      (candidate.size() > kMinStem && word_.starts_with(candidate));
  const size_t longer = std::max(word_.size(), candidate.size());
  if (!is_cut && longer - std::min(word_.size(), candidate.size()) > distance_) return;
  // A word cut short, or written out, is as near as one wrong letter.
  const size_t distance = is_cut ? 1 : edit_distance(word_, candidate);
  if (distance > distance_) return;
  if (distance < distance_) best_.clear();
  distance_ = distance;
  const auto at = std::ranges::lower_bound(best_, candidate);
  if (at != best_.end() && *at == candidate) return;
  best_.emplace(at, candidate);
  if (best_.size() > kMaxSuggestions) best_.pop_back();
}

std::vector<std::string> nearest(std::string_view word, std::span<const std::string> candidates) {
  NearestWords words(word);
  for (const std::string& one : candidates) words.add(one);
  return words.best();
}

}  // namespace lido
