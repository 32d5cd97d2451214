// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <yaml-cpp/yaml.h>

#include <cmath>
#include <string>
#include <string_view>

#include "lido/base/result.h"

namespace lido::cluster {

inline int line_of(const YAML::Node& node) { return node.Mark().line + 1; }

/// Values with the place of the one that cannot be read.
class Reader {
 public:
  Reader(std::string file, std::string path) : file_(std::move(file)), path_(std::move(path)) {}
  Reader below(std::string_view key) const {
    return {file_, path_.empty() ? std::string(key) : fmt::format("{}.{}", path_, key)};
  }
  std::unexpected<Error> refuse(const YAML::Node& node, std::string_view wanted) const {
    std::string given = node.IsScalar() ? node.Scalar() : node.IsMap() ? "a map" : "a list";
    if (!node || node.IsNull()) given = "nothing";
    const std::string where =
        node && node.Mark().line >= 0 ? fmt::format("{}:{}", file_, line_of(node)) : file_;
    return fail(ErrorCode::kInvalidArgument, "{}: {} is {}, want {}", where, path_, given, wanted);
  }
  Result<double> number(const YAML::Node& node) const {
    double value = 0;
    if (!node || !node.IsScalar() || !YAML::convert<double>::decode(node, value) ||
        !std::isfinite(value) || value < 0 || value > 1e9)
      return refuse(node, "a number, 0 or more");
    return value;
  }
  Result<bool> flag(const YAML::Node& node) const {
    bool value = false;
    if (!node || !node.IsScalar() || !YAML::convert<bool>::decode(node, value))
      return refuse(node, "true or false");
    return value;
  }
  Result<std::string> text(const YAML::Node& node) const {
    if (!node || !node.IsScalar()) return refuse(node, "text");
    return node.Scalar();
  }
  Result<void> map(const YAML::Node& node) const {
    if (!node || !node.IsMap()) return refuse(node, "a map");
    return {};
  }

 private:
  std::string file_;
  std::string path_;
};

}  // namespace lido::cluster
