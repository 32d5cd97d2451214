// SPDX-License-Identifier: Apache-2.0
#include "lido/cluster/schema.h"

#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <optional>
#include <regex>
#include <vector>

#include "lido/base/json_text.h"
#include "lido/base/yaml_text.h"

namespace lido::cluster {
namespace {

using Json = nlohmann::json;

constexpr int kMaxDepth = 64;  // An alias can make a node its own child.

/// Keywords that need no check of their own: annotations, those that others read, and those that
/// need the defaults: `required`, and `anyOf`, whose rules read_values() checks.
constexpr std::array kPassiveKeywords = {"$schema", "definitions", "description", "title",
                                         "default", "required",    "anyOf"};

bool has_value(const YAML::Node& node) { return node.IsDefined() && !node.IsNull(); }

/// Whether a scalar is written without quotes; yaml-cpp tags quoted ones with "!".
bool is_plain(const YAML::Node& node) {
  return node.IsScalar() && node.Tag() != "!" && node.Tag() != "tag:yaml.org,2002:str";
}

std::optional<double> number_of(const YAML::Node& node) {
  double value = 0;
  if (!is_plain(node) || !YAML::convert<double>::decode(node, value) || !std::isfinite(value))
    return std::nullopt;
  return value;
}

/// Returns a boolean of YAML 1.1, which Helm reads: true, yes, on, y and their opposites, in small
/// letters, capitals or with a capital first.
std::optional<bool> boolean_of(const YAML::Node& node) {
  bool value = false;
  if (!is_plain(node) || !YAML::convert<bool>::decode(node, value)) return std::nullopt;
  return value;
}

bool has_type(const YAML::Node& node, const std::string& type) {
  if (type == "object") return node.IsMap();
  if (type == "array") return node.IsSequence();
  if (type == "boolean") return boolean_of(node).has_value();
  if (type == "string") return node.IsScalar() && !boolean_of(node) && !number_of(node);
  const auto number = number_of(node);
  return number && (type == "number" || (type == "integer" && *number == std::floor(*number)));
}

/// Returns a type of JSON Schema in plain English.
std::string_view name_of_type(const std::string& type) {
  if (type == "object") return "a map";
  if (type == "array") return "a list";
  if (type == "boolean") return "true or false";
  if (type == "string") return "text (with quotes around a number, yes or no)";
  return type == "integer" ? "a whole number" : "a number";
}

/// Returns a value for error messages.
std::string describe(const YAML::Node& node) {
  if (node.IsMap()) return "a map";
  if (node.IsSequence()) return "a list";
  return node.Scalar().empty() ? "\"\"" : node.Scalar();
}

bool equals(const YAML::Node& node, const Json& value) {
  if (!node.IsScalar()) return false;
  if (value.is_string()) return node.Scalar() == value.get<std::string>();
  if (value.is_boolean()) return boolean_of(node) == value.get<bool>();
  return is_plain(node) && node.Scalar() == json_text(value);
}

std::string text_of(const Json& value) {
  return value.is_string() ? value.get<std::string>() : json_text(value);
}

/// Returns what a value must be that "not" refuses.
std::string wanted_by_not(const Json& refused) {
  if (!refused.is_object() || !refused.contains("enum")) return "a value of another form";
  std::vector<std::string> texts;
  for (const Json& each : refused["enum"]) texts.push_back(text_of(each));
  return fmt::format("any value but {}", fmt::join(texts, ", "));
}

/// Checks one document. Throws YAML::Exception for broken YAML.
class SchemaChecker {
 public:
  SchemaChecker(std::string file, const Json& root) : file_(std::move(file)), root_(root) {}

  Result<void> check(const YAML::Node& node, const Json& schema, const std::string& path,
                     int depth = 0) {
    if (!has_value(node) || depth > kMaxDepth) return {};
    if (!schema.is_object()) return {};
    for (const auto& [keyword, value] : schema.items()) {
      LIDO_TRY(check_keyword(node, keyword, value, path, depth));
    }
    if (node.IsMap()) return check_entries(node, schema, path, depth);
    return {};
  }

 private:
  std::unexpected<Error> refuse(const YAML::Node& node, const std::string& path,
                                std::string_view wanted) const {
    return fail(ErrorCode::kInvalidArgument, "{}:{}: {} is {}, want {}", file_,
                node.Mark().line + 1, path.empty() ? "the document" : path, describe(node), wanted);
  }

  Result<void> check_keyword(const YAML::Node& node, const std::string& keyword, const Json& value,
                             const std::string& path, int depth) {
    if (keyword == "$ref") return check(node, referenced(value), path, depth + 1);
    if (keyword == "type") {
      if (has_type(node, value.get<std::string>())) return {};
      return refuse(node, path, name_of_type(value.get<std::string>()));
    }
    if (keyword == "enum" || keyword == "const") {
      const Json allowed = keyword == "const" ? Json::array({value}) : value;
      if (std::ranges::any_of(allowed, [&](const Json& each) { return equals(node, each); }))
        return {};
      std::vector<std::string> texts;
      for (const Json& each : allowed) texts.push_back(text_of(each));
      return refuse(node, path,
                    fmt::format("{}{}", texts.size() > 1 ? "one of " : "", fmt::join(texts, ", ")));
    }
    if (keyword == "items") {
      size_t index = 0;
      for (const YAML::Node& item : node) {
        LIDO_TRY(check(item, value, fmt::format("{}.{}", path, index), depth + 1));
        ++index;
      }
      return {};
    }
    if (keyword == "allOf") {
      for (const Json& each : value) LIDO_TRY(check(node, each, path, depth + 1));
      return {};
    }
    if (keyword == "not") {
      if (!check(node, value, path, depth + 1)) return {};
      return refuse(node, path, wanted_by_not(value));
    }
    // check_entries() handles these.
    if (keyword == "properties" || keyword == "additionalProperties" || keyword == "propertyNames")
      return {};
    if (std::ranges::find(kPassiveKeywords, keyword) != kPassiveKeywords.end()) return {};
    return check_limit(node, keyword, value, path);
  }

  Result<void> check_limit(const YAML::Node& node, const std::string& keyword, const Json& value,
                           const std::string& path) {
    const auto number = number_of(node);
    if (keyword == "minimum") {
      if (!number || *number >= value.get<double>()) return {};
      return refuse(node, path, fmt::format("{:g} or more", value.get<double>()));
    }
    if (keyword == "exclusiveMinimum") {
      if (!number || *number > value.get<double>()) return {};
      return refuse(node, path, fmt::format("more than {:g}", value.get<double>()));
    }
    if (keyword == "maximum") {
      if (!number || *number <= value.get<double>()) return {};
      return refuse(node, path, fmt::format("{:g} or less", value.get<double>()));
    }
    if (keyword == "minProperties") {
      if (!node.IsMap() || node.size() >= value.get<size_t>()) return {};
      return refuse(node, path, fmt::format("at least {} entry", value.get<size_t>()));
    }
    if (keyword == "minLength") {
      if (!node.IsScalar() || node.Scalar().size() >= value.get<size_t>()) return {};
      return refuse(node, path, "a text that is not empty");
    }
    if (keyword == "pattern") {
      if (!node.IsScalar() || matches(node.Scalar(), value)) return {};
      return refuse(node, path, fmt::format("text like {}", value.get<std::string>()));
    }
    return fail(ErrorCode::kCorrupt, "schema: keyword {} is not supported", keyword);
  }

  /// Checks the keys and values of a map.
  Result<void> check_entries(const YAML::Node& node, const Json& schema, const std::string& path,
                             int depth) {
    static const Json kAnything = Json::object();
    const Json& properties = schema.contains("properties") ? schema["properties"] : kAnything;
    const Json& others =
        schema.contains("additionalProperties") ? schema["additionalProperties"] : kAnything;
    for (const auto& entry : node) {
      const std::string key = entry.first.IsScalar() ? entry.first.Scalar() : "";
      const std::string below = path.empty() ? key : fmt::format("{}.{}", path, key);
      if (schema.contains("propertyNames"))
        LIDO_TRY(check(entry.first, schema["propertyNames"], below, depth + 1));
      if (properties.contains(key)) {
        LIDO_TRY(check(entry.second, properties[key], below, depth + 1));
        continue;
      }
      if (others == false) {
        std::vector<std::string> known;
        for (const auto& [name, unused] : properties.items()) known.push_back(name);
        return fail(ErrorCode::kInvalidArgument, "{}:{}: {} is an unknown key, want one of {}",
                    file_, entry.first.Mark().line + 1, below, fmt::join(known, ", "));
      }
      LIDO_TRY(check(entry.second, others, below, depth + 1));
    }
    return {};
  }

  /// Returns the schema that "#/definitions/NAME" names; one that allows anything otherwise.
  const Json& referenced(const Json& reference) const {
    static const Json kAnything = Json::object();
    const auto pointer = reference.get<std::string>();
    const Json::json_pointer below(pointer.substr(std::min<size_t>(1, pointer.size())));
    return root_.contains(below) ? root_[below] : kAnything;
  }

  static bool matches(const std::string& text, const Json& pattern) {
    constexpr size_t kMaxLength = 1000;  // std::regex recurses over the text.
    return text.size() <= kMaxLength &&
           std::regex_search(text, std::regex(pattern.get<std::string>()));
  }

  std::string file_;
  const Json& root_;
};

}  // namespace

Result<void> check_schema(std::string_view text, const std::string& file, const Json& schema) {
  LIDO_TRY(check_yaml_text(text, file, 1));
  try {
    return SchemaChecker(file, schema).check(YAML::Load(std::string(text)), schema, "");
  } catch (const YAML::Exception& error) {
    const int line = error.mark.is_null() ? 1 : error.mark.line + 1;
    return fail(ErrorCode::kInvalidArgument, "{}:{}: not YAML: {}", file, line, error.msg);
  } catch (const Json::exception& error) {
    return fail(ErrorCode::kCorrupt, "schema: {}", error.what());
  } catch (const std::regex_error& error) {
    return fail(ErrorCode::kCorrupt, "schema: {}", error.what());
  }
}

}  // namespace lido::cluster
