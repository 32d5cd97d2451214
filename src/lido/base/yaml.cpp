// SPDX-License-Identifier: Apache-2.0
#include "lido/base/yaml.h"

#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <cmath>

#include "lido/base/yaml_text.h"

namespace lido {

struct Yaml::Place {
  YAML::Node node;
  std::string file;
  std::string path;

  std::shared_ptr<const Place> below(std::string_view key, const YAML::Node& child) const {
    return std::make_shared<const Place>(
        Place{child, file, path.empty() ? std::string(key) : fmt::format("{}.{}", path, key)});
  }
};

namespace {

constexpr int kMaxDepth = 32;

/// Returns a copy without lines: the lines of a base are not those of the file merged over it.
YAML::Node without_lines(const YAML::Node& node, int depth = 0) {
  if (!node || depth > kMaxDepth) return node;
  YAML::Node copy(node.Type());
  if (node.IsScalar()) copy = node.Scalar();
  for (const auto& pair : node) {
    if (node.IsSequence()) copy.push_back(without_lines(pair, depth + 1));
    if (node.IsMap() && pair.first.IsScalar())
      copy[pair.first.Scalar()] = without_lines(pair.second, depth + 1);
  }
  copy.SetTag(node.Tag());
  return copy;
}

YAML::Node merge(const YAML::Node& base, const YAML::Node& over, int depth = 0) {
  if (!over || over.IsNull()) return without_lines(base, depth);
  if (!base || !base.IsMap() || !over.IsMap() || depth > kMaxDepth) return over;
  YAML::Node all(YAML::NodeType::Map);
  for (const auto& pair : base) {
    if (!pair.first.IsScalar()) continue;
    const std::string key = pair.first.Scalar();
    const YAML::Node own = over[key];
    if (own.IsDefined() && own.IsNull()) continue;
    all[key] = merge(pair.second, own, depth + 1);
  }
  for (const auto& pair : over) {
    if (!pair.first.IsScalar() || pair.second.IsNull()) continue;
    if (!base[pair.first.Scalar()]) all[pair.first.Scalar()] = pair.second;
  }
  return all;
}

}  // namespace

Result<Yaml> Yaml::parse(std::string_view text, const std::string& file) {
  LIDO_TRY(check_yaml_text(text, file, 1));
  try {
    return Yaml(std::make_shared<const Place>(Place{YAML::Load(std::string(text)), file, ""}));
  } catch (const YAML::Exception& error) {
    return fail(ErrorCode::kInvalidArgument, "{}:{}: not YAML: {}", file, error.mark.line + 1,
                error.msg);
  }
}

Yaml Yaml::merged(const Yaml& base, const Yaml& over) {
  return Yaml(std::make_shared<const Place>(
      Place{merge(base.place_->node, over.place_->node), over.place_->file, over.place_->path}));
}

Yaml Yaml::operator[](std::string_view key) const {
  const YAML::Node& node = place_->node;
  if (!is_map()) return Yaml(place_->below(key, YAML::Node(YAML::NodeType::Undefined)));
  return Yaml(place_->below(key, node[std::string(key)]));
}

bool Yaml::has_value() const { return place_->node && !place_->node.IsNull(); }
bool Yaml::is_map() const { return place_->node && place_->node.IsMap(); }

Result<double> Yaml::number(double min, double max) const {
  double value = 0;
  const YAML::Node& node = place_->node;
  if (!has_value() || !node.IsScalar() || !YAML::convert<double>::decode(node, value) ||
      !(value >= min && value <= max))
    return refuse(fmt::format("a number, {:g} to {:g}", min, max));
  return value;
}

Result<double> Yaml::number_or(double fallback, double min, double max) const {
  if (!has_value()) return fallback;
  return number(min, max);
}

Result<int64_t> Yaml::integer(int64_t min, int64_t max) const {
  const auto value = number(static_cast<double>(min), static_cast<double>(max));
  if (!value || *value != std::floor(*value))
    return refuse(fmt::format("a whole number, {} to {}", min, max));
  return static_cast<int64_t>(*value);
}

Result<bool> Yaml::boolean() const {
  bool value = false;
  if (!has_value() || !place_->node.IsScalar() || !YAML::convert<bool>::decode(place_->node, value))
    return refuse("true or false");
  return value;
}

Result<std::string> Yaml::text() const {
  if (!has_value() || !place_->node.IsScalar()) return refuse("text");
  return place_->node.Scalar();
}

Result<std::string> Yaml::choice(const std::vector<std::string_view>& allowed) const {
  if (has_value() && place_->node.IsScalar() &&
      std::ranges::find(allowed, place_->node.Scalar()) != allowed.end())
    return place_->node.Scalar();
  return refuse(fmt::format("one of {}", fmt::join(allowed, ", ")));
}

Result<std::vector<Yaml>> Yaml::list() const {
  if (!has_value() || !place_->node.IsSequence()) return refuse("a list");
  std::vector<Yaml> items;
  for (const YAML::Node& item : place_->node)
    items.push_back(Yaml(place_->below(std::to_string(items.size()), item)));
  return items;
}

Result<std::vector<std::pair<std::string, Yaml>>> Yaml::map() const {
  if (!is_map()) return refuse("a map");
  std::vector<std::pair<std::string, Yaml>> pairs;
  for (const auto& pair : place_->node) {
    if (!pair.first.IsScalar()) return refuse("a map with names");
    pairs.emplace_back(pair.first.Scalar(), Yaml(place_->below(pair.first.Scalar(), pair.second)));
  }
  return pairs;
}

Result<void> Yaml::check_keys(const std::vector<std::string_view>& allowed) const {
  for (const auto& [key, value] : LIDO_TRY(map())) {
    if (std::ranges::find(allowed, key) == allowed.end())
      return fail(ErrorCode::kInvalidArgument, "{}:{}: {} is not known here, want one of {}",
                  place_->file, value.place_->node.Mark().line + 1, value.place_->path,
                  fmt::join(allowed, ", "));
  }
  return {};
}

std::unexpected<Error> Yaml::refuse(std::string_view wanted) const {
  const YAML::Node& node = place_->node;
  std::string given = place_->path.empty() ? "empty" : "nothing";
  if (has_value()) given = node.IsScalar() ? node.Scalar() : node.IsMap() ? "a map" : "a list";
  if (given.empty()) given = "empty";
  const std::string where = has_value() && node.Mark().line >= 0
                                ? fmt::format("{}:{}", place_->file, node.Mark().line + 1)
                                : place_->file;
  return fail(ErrorCode::kInvalidArgument, "{}: {}{} {}, want {}", where, place_->path,
              place_->path.empty() ? "the file is" : " is", given, wanted);
}

}  // namespace lido
