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

/// A node of a YAML document that keeps its file, line and path for error messages.
///
/// Every reader below returns kInvalidArgument with "FILE:LINE: PATH is VALUE, want WHAT" when the
/// node does not hold a value of that type in that range. Cheap to copy. Not thread-safe: copies
/// share the document.
class Yaml {
 public:
  /// Parses one document.
  /// @param file  Name for error messages.
  /// @return kInvalidArgument with file and line, also for what check_yaml_text() refuses.
  static Result<Yaml> parse(std::string_view text, const std::string& file);

  /// Merges two documents like Helm merges values files: maps are merged by key, null in `over`
  /// removes the key, and any other value of `over` replaces that of `base`. Errors name `over`'s
  /// file, and no line for values of `base`.
  static Yaml merged(const Yaml& base, const Yaml& over);

  /// Returns the value of a map's key; a node without a value when there is no such key.
  Yaml operator[](std::string_view key) const;
  /// Returns whether the node holds anything but null.
  bool has_value() const;
  bool is_map() const;

  /// @param min,max  Allowed range, inclusive.
  Result<double> number(double min, double max) const;
  /// Returns `fallback` when the node has no value.
  Result<double> number_or(double fallback, double min, double max) const;
  /// @param min,max  Allowed range, inclusive; within 2^53, where doubles are exact.
  Result<int64_t> integer(int64_t min, int64_t max) const;
  Result<bool> boolean() const;
  Result<std::string> text() const;
  /// Returns the node's text, one of `allowed`.
  Result<std::string> choice(const std::vector<std::string_view>& allowed) const;
  Result<std::vector<Yaml>> list() const;
  /// Returns a map's keys and values in the order of the file.
  Result<std::vector<std::pair<std::string, Yaml>>> map() const;
  /// Checks that a map has no keys but these.
  Result<void> check_keys(const std::vector<std::string_view>& allowed) const;

  /// Returns kInvalidArgument: "FILE:LINE: PATH is VALUE, want `wanted`".
  std::unexpected<Error> refuse(std::string_view wanted) const;

 private:
  struct Place;
  explicit Yaml(std::shared_ptr<const Place> place) : place_(std::move(place)) {}
  std::shared_ptr<const Place> place_;
};

}  // namespace lido
