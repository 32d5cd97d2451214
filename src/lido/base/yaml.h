// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "lido/base/result.h"

namespace lido {

/// A place in a YAML document that knows where it is: what cannot be read there is refused as
/// "FILE:LINE: PATH is VALUE, want WHAT".
class Yaml {
 public:
  /// @return kInvalidArgument with file and line.
  static Result<Yaml> parse(std::string_view text, const std::string& file);

  /// What Helm makes of two values files: maps are joined, anything else of `over` wins.
  static Yaml merged(const Yaml& base, const Yaml& over);

  /// What a map holds under a key; a place that is not there() when it holds nothing.
  Yaml operator[](std::string_view key) const;
  /// Whether anything is written here; null is nothing.
  bool there() const;
  bool is_map() const;

  Result<double> number(double least, double most) const;
  Result<double> number_or(double otherwise, double least, double most) const;
  Result<int64_t> whole(int64_t least, int64_t most) const;
  Result<bool> flag() const;
  Result<std::string> text() const;
  /// One of these.
  Result<std::string> choice(const std::vector<std::string_view>& of) const;
  Result<std::vector<Yaml>> list() const;
  Result<std::vector<std::pair<std::string, Yaml>>> map() const;
  /// Refuses keys of a map beside these.
  Result<void> only(const std::vector<std::string_view>& keys) const;

  std::unexpected<Error> refuse(std::string_view wanted) const;

 private:
  struct Place;
  explicit Yaml(std::shared_ptr<const Place> place) : place_(std::move(place)) {}
  std::shared_ptr<const Place> place_;
};

}  // namespace lido
