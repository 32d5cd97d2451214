// SPDX-License-Identifier: Apache-2.0
#include "lido/cluster/schema.h"

#include <arpa/inet.h>
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

/// Keywords that need no check of their own: annotations, those that check_entries() reads, and
/// `anyOf`, whose rules need values that may be defaults: read_values() checks them.
constexpr std::array kPassiveKeywords = {
    "$schema",  "definitions", "description",          "title",        "default", "anyOf",
    "required", "properties",  "additionalProperties", "propertyNames"};

bool has_value(const YAML::Node& node) { return node.IsDefined() && !node.IsNull(); }

/// Whether a scalar is written without quotes; yaml-cpp tags quoted ones with "!".
bool is_plain(const YAML::Node& node) {
  return node.IsScalar() && node.Tag() != "!" && node.Tag() != "tag:yaml.org,2002:str";
}

bool matches_whole(const std::string& text, const std::regex& pattern) {
  constexpr size_t kMaxLength = 400;  // std::regex recurses over the text.
  return text.size() <= kMaxLength && std::regex_match(text, pattern);
}

/// Returns the value of a number in decimal. Other forms are no numbers here, since readers of YAML
/// differ in them: Helm reads 010 as 8.
std::optional<double> number_of(const YAML::Node& node) {
  static const std::regex kDecimal(
      R"([-+]?(\.[0-9]+|(0|[1-9][0-9]*)(\.[0-9]*)?)([eE][-+]?[0-9]+)?)");
  double value = 0;
  if (!is_plain(node) || !matches_whole(node.Scalar(), kDecimal) ||
      !YAML::convert<double>::decode(node, value) || !std::isfinite(value))
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

/// Whether some reader of YAML takes a scalar without quotes for a number.
bool is_numeric(const YAML::Node& node) {
  static const std::regex kAnyNumber(
      R"([-+]?((\.[0-9_]+|[0-9][0-9_]*(\.[0-9_]*)?)([eE][-+]?[0-9]+)?|0[xX][0-9a-fA-F_]+|)"
      R"(0[bB][01_]+|0[oO][0-7_]+|\.(inf|Inf|INF))|\.(nan|NaN|NAN))");
  return is_plain(node) && matches_whole(node.Scalar(), kAnyNumber);
}

/// Whether a scalar is text to every reader of YAML, 1.1 and 1.2.
bool is_text(const YAML::Node& node) {
  return node.IsScalar() && !is_numeric(node) && !boolean_of(node);
}

bool has_type(const YAML::Node& node, const std::string& type) {
  if (type == "object") return node.IsMap();
  if (type == "array") return node.IsSequence();
  if (type == "boolean") return boolean_of(node).has_value();
  if (type == "string") return is_text(node);
  const auto number = number_of(node);
  return number && (type == "number" || (type == "integer" && *number == std::floor(*number)));
}

/// Returns a type of JSON Schema in plain English.
std::string_view name_of_type(const std::string& type, const YAML::Node& node) {
  if (type == "object") return "a map";
  if (type == "array") return "a list";
  if (type == "boolean") return "true or false";
  if (type == "string") return "text (with quotes around a number, yes or no)";
  if (is_numeric(node) && !number_of(node)) return "a number in decimal, without 0 in front";
  return type == "integer" ? "a whole number" : "a number";
}

/// Returns a value for error messages.
std::string describe(const YAML::Node& node) {
  if (node.IsMap()) return "a map";
  if (node.IsSequence()) return "a list";
  return is_plain(node) ? node.Scalar() : fmt::format("\"{}\"", node.Scalar());
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

/// Returns what a value must be, in the words of a schema's title; `otherwise` without a title.
std::string wanted_by(const Json& schema, const std::string& otherwise) {
  return schema.contains("title") ? schema["title"].get<std::string>() : otherwise;
}

/// Whether a text is a range of IP addresses, like 10.0.0.0/8.
bool is_cidr(const std::string& text) {
  const size_t slash = text.find('/');
  if (slash == text.npos) return false;
  static const std::regex kBits("0|[1-9][0-9]{0,2}");
  const std::string address = text.substr(0, slash), bits = text.substr(slash + 1);
  if (!std::regex_match(bits, kBits)) return false;
  std::array<unsigned char, sizeof(in6_addr)> bytes{};
  if (::inet_pton(AF_INET, address.c_str(), bytes.data()) == 1) return std::stoi(bits) <= 32;
  return ::inet_pton(AF_INET6, address.c_str(), bytes.data()) == 1 && std::stoi(bits) <= 128;
}

/// Returns the entry of a map of defaults; a node without a value when there is none.
YAML::Node default_of(const YAML::Node& defaults, const std::string& key) {
  YAML::Node found(YAML::NodeType::Undefined);
  if (defaults.IsDefined() && defaults.IsMap()) {
    if (const YAML::Node entry = defaults[key]; entry.IsDefined()) found.reset(entry);
  }
  return found;
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

  /// @param defaults  Value that the node is merged over; without a value for none.
  Result<void> check(const YAML::Node& node, const YAML::Node& defaults, const Json& schema,
                     const std::string& path, int depth = 0) {
    if (!has_value(node) || depth > kMaxDepth) return {};
    if (!schema.is_object()) return {};
    // The type first: it explains more than a limit.
    if (schema.contains("type"))
      LIDO_TRY(check_keyword({node, defaults, path, depth}, schema, "type", schema["type"]));
    for (const auto& [keyword, value] : schema.items()) {
      LIDO_TRY(check_keyword({node, defaults, path, depth}, schema, keyword, value));
    }
    if (!node.IsMap()) return {};
    LIDO_TRY(check_entries({node, defaults, path, depth}, schema));
    return check_required({node, defaults, path, depth}, schema);
  }

 private:
  std::unexpected<Error> refuse(const YAML::Node& node, const std::string& path,
                                std::string_view wanted) const {
    return fail(ErrorCode::kInvalidArgument, "{}:{}: {} is {}, want {}", file_,
                node.Mark().line + 1, path.empty() ? "the document" : path, describe(node), wanted);
  }

  /// A node of the document.
  struct Place {
    const YAML::Node& node;
    const YAML::Node& defaults;
    const std::string& path;
    int depth;
  };

  Result<void> check_keyword(const Place& place, const Json& schema, const std::string& keyword,
                             const Json& value) {
    const auto& [node, defaults, path, depth] = place;
    if (keyword == "$ref") return check(node, defaults, referenced(value), path, depth + 1);
    if (keyword == "type") {
      if (has_type(node, value.get<std::string>())) return {};
      return refuse(node, path, name_of_type(value.get<std::string>(), node));
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
        LIDO_TRY(check(item, YAML::Node(YAML::NodeType::Undefined), value,
                       fmt::format("{}.{}", path, index), depth + 1));
        ++index;
      }
      return {};
    }
    if (keyword == "allOf") {
      for (const Json& each : value) LIDO_TRY(check(node, defaults, each, path, depth + 1));
      return {};
    }
    if (keyword == "not") {
      if (!check(node, defaults, value, path, depth + 1)) return {};
      return refuse(node, path, wanted_by(schema, wanted_by_not(value)));
    }
    if (std::ranges::find(kPassiveKeywords, keyword) != kPassiveKeywords.end()) return {};
    if (keyword == "pattern" || keyword == "format")
      return check_text(node, path, schema, keyword, value);
    return check_limit(node, keyword, value, path);
  }

  Result<void> check_text(const YAML::Node& node, const std::string& path, const Json& schema,
                          const std::string& keyword, const Json& value) {
    if (keyword == "format" && value != "cidr")
      return fail(ErrorCode::kCorrupt, "schema: format {} is not supported", text_of(value));
    if (!node.IsScalar()) return {};
    if (keyword == "format" ? is_cidr(node.Scalar()) : matches(node.Scalar(), value)) return {};
    return refuse(node, path, wanted_by(schema, fmt::format("text like {}", text_of(value))));
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
    return fail(ErrorCode::kCorrupt, "schema: keyword {} is not supported", keyword);
  }

  /// Checks the keys and values of a map.
  Result<void> check_entries(const Place& place, const Json& schema) {
    static const Json kAnything = Json::object();
    const Json& properties = schema.contains("properties") ? schema["properties"] : kAnything;
    const Json& others =
        schema.contains("additionalProperties") ? schema["additionalProperties"] : kAnything;
    for (const auto& entry : place.node) {
      const std::string key = entry.first.IsScalar() ? entry.first.Scalar() : "";
      const std::string below = place.path.empty() ? key : fmt::format("{}.{}", place.path, key);
      if (!is_text(entry.first)) return refuse(entry.first, below, "a key with quotes around it");
      if (schema.contains("propertyNames"))
        LIDO_TRY(check(entry.first, YAML::Node(YAML::NodeType::Undefined), schema["propertyNames"],
                       below, place.depth + 1));
      const bool is_known = properties.contains(key);
      if (!is_known && others == false) {
        std::vector<std::string> known;
        for (const auto& [name, unused] : properties.items()) known.push_back(name);
        return fail(ErrorCode::kInvalidArgument, "{}:{}: {} is an unknown key, want one of {}",
                    file_, entry.first.Mark().line + 1, below, fmt::join(known, ", "));
      }
      LIDO_TRY(check(entry.second, default_of(place.defaults, key),
                     is_known ? properties[key] : others, below, place.depth + 1));
    }
    return {};
  }

  /// Checks that a map, with its defaults, has the required keys. An empty value removes a default.
  Result<void> check_required(const Place& place, const Json& schema) const {
    if (!schema.contains("required")) return {};
    for (const Json& each : schema["required"]) {
      const auto key = each.get<std::string>();
      const std::string below = place.path.empty() ? key : fmt::format("{}.{}", place.path, key);
      for (const auto& entry : place.node) {
        if (entry.first.IsScalar() && entry.first.Scalar() == key && !has_value(entry.second))
          return fail(ErrorCode::kInvalidArgument,
                      "{}:{}: {} is empty, want a value, or no such key for the default", file_,
                      entry.first.Mark().line + 1, below);
      }
      if (!place.node[key].IsDefined() && !has_value(default_of(place.defaults, key)))
        return fail(ErrorCode::kInvalidArgument, "{}:{}: {} is not there, want a value", file_,
                    place.node.Mark().line + 1, below);
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

Result<void> check_schema(std::string_view text, const std::string& file, const Json& schema,
                          std::string_view defaults) {
  LIDO_TRY(check_yaml_text(text, file, 1));
  try {
    return SchemaChecker(file, schema)
        .check(YAML::Load(std::string(text)), YAML::Load(std::string(defaults)), schema, "");
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
