// SPDX-License-Identifier: Apache-2.0
#include "lido/cluster/schema.h"

#include <gtest/gtest.h>

namespace lido::cluster {
namespace {

const nlohmann::json kSchema = nlohmann::json::parse(R"({
  "type": "object", "additionalProperties": false,
  "properties": {
    "name": {"$ref": "#/definitions/name"},
    "platform": {"enum": ["gke", "kubernetes"]},
    "install": {"enum": ["auto", true, false]},
    "version": {"const": "2.60.0"},
    "cpu": {"type": "number", "exclusiveMinimum": 0, "maximum": 96},
    "pods": {"type": "integer", "minimum": 1},
    "spot": {"type": "boolean"},
    "labels": {"type": "object", "additionalProperties": {"type": "string"}},
    "groups": {"type": "object", "minProperties": 1,
      "propertyNames": {"$ref": "#/definitions/name"},
      "additionalProperties": {"type": "object", "additionalProperties": false,
                               "properties": {"max": {"type": "integer"}}}},
    "env": {"type": "array", "items": {"type": "object", "required": ["name"]}},
    "entrypoint": {"type": "string", "minLength": 1},
    "account": {"allOf": [{"$ref": "#/definitions/name"}, {"not": {"enum": ["default"]}}]}
  },
  "anyOf": [{"required": ["name"]}],
  "definitions": {"name": {"type": "string", "pattern": "^[a-z]+$"}}
})");

std::string error_of(std::string_view text, const nlohmann::json& schema = kSchema,
                     std::string_view defaults = "") {
  const auto checked = check_schema(text, "v.yaml", schema, defaults);
  return checked ? "" : checked.error().message;
}

TEST(Schema, AcceptsADocumentThatFits) {
  EXPECT_EQ(error_of("name: pool\nplatform: gke\ninstall: true\nversion: 2.60.0\ncpu: 0.5\n"
                     "pods: 3\nspot: false\nlabels: {a: b, c: \"1\"}\ngroups: {cpu: {max: 4}}\n"
                     "env: [{name: A, value: b}]\nentrypoint: run\n"),
            "");
}

TEST(Schema, AcceptsAnEmptyDocumentAndNullValues) {
  EXPECT_EQ(error_of(""), "");
  EXPECT_EQ(error_of("cpu:\ngroups: ~\n"), "");
}

// Helm reads YAML 1.1: go.yaml.in/yaml/v2, resolve.go.
TEST(Schema, AcceptsTheBooleansThatHelmReads) {
  for (const char* word : {"True", "FALSE", "yes", "Off", "n"}) {
    EXPECT_EQ(error_of(fmt::format("spot: {}\n", word)), "") << word;
    EXPECT_EQ(error_of(fmt::format("install: {}\n", word)), "") << word;
  }
  EXPECT_NE(error_of("spot: yEs\n"), "");
  EXPECT_EQ(error_of("labels: {a: !!str yes, b: 'no'}\n"), "");
}

TEST(Schema, ChecksEachPartOfAllOf) {
  EXPECT_EQ(error_of("account: mine\n"), "");
  EXPECT_EQ(error_of("account: default\n"),
            "v.yaml:1: account is default, want any value but default");
  EXPECT_EQ(error_of("account: A\n"), "v.yaml:1: account is A, want text like ^[a-z]+$");
}

TEST(Schema, NamesAnUnknownKeyWithTheKeysLine) {
  EXPECT_EQ(error_of("name: pool\ngrups:\n  cpu:\n    max: 4\n"),
            "v.yaml:2: grups is an unknown key, want one of account, cpu, entrypoint, env, groups, "
            "install, "
            "labels, name, platform, pods, spot, version");
  EXPECT_EQ(error_of("groups:\n  cpu:\n    maximum: 4\n"),
            "v.yaml:3: groups.cpu.maximum is an unknown key, want one of max");
}

TEST(Schema, NamesTheLineOfAValueThatDoesNotFit) {
  for (const auto& [text, expected] :
       {std::pair("cpu: many\n", "v.yaml:1: cpu is many, want a number"),
        {"\ncpu: 0\n", "v.yaml:2: cpu is 0, want more than 0"},
        {"cpu: 97\n", "v.yaml:1: cpu is 97, want 96 or less"},
        {"pods: 1.5\n", "v.yaml:1: pods is 1.5, want a whole number"},
        {"pods: 0\n", "v.yaml:1: pods is 0, want 1 or more"},
        {"pods: 0.5\n", "v.yaml:1: pods is 0.5, want a whole number"},
        {"spot: 1\n", "v.yaml:1: spot is 1, want true or false"},
        {"spot: \"true\"\n", "v.yaml:1: spot is \"true\", want true or false"},
        {"platform: mars\n", "v.yaml:1: platform is mars, want one of gke, kubernetes"},
        {"install: maybe\n", "v.yaml:1: install is maybe, want one of auto, true, false"},
        {"version: 2.61.0\n", "v.yaml:1: version is 2.61.0, want 2.60.0"},
        {"name: Pool\n", "v.yaml:1: name is Pool, want text like ^[a-z]+$"},
        {"labels: {a: 1}\n",
         "v.yaml:1: labels.a is 1, want text (with quotes around a number, yes or no)"},
        {"labels: {a: On}\n",
         "v.yaml:1: labels.a is On, want text (with quotes around a number, yes or no)"},
        {"cpu: 1\npods: 2\ncpu: 3\n",
         "v.yaml:3: the key cpu stands here a second time, want one; the first is in line 1"},
        {"name: pool\n---\ncpu: 3\n", "v.yaml:3: document 2 of the file, want 1 only"},
        {"groups: {}\n", "v.yaml:1: groups is a map, want at least 1 entry"},
        {"groups: {CPU: {}}\n", "v.yaml:1: groups.CPU is CPU, want text like ^[a-z]+$"},
        {"env:\n  - {name: A}\n  - B\n", "v.yaml:3: env.1 is B, want a map"},
        {"entrypoint: \"\"\n", "v.yaml:1: entrypoint is \"\", want a text that is not empty"},
        {"- a\n", "v.yaml:1: the document is a list, want a map"}}) {
    EXPECT_EQ(error_of(text), expected) << text;
  }
}

TEST(Schema, TakesOnlyNumbersThatAllReadersOfYamlAgreeOn) {
  // YAML 1.1: 010 is octal, 0x4 hexadecimal, 1_0 has a separator. YAML 1.2: 0o10 is octal.
  for (const char* number : {"010", "0x4", "1_0", "0o10", "0b11", "00.5", "09", ".inf"})
    EXPECT_EQ(
        error_of(fmt::format("cpu: {}\n", number)),
        fmt::format("v.yaml:1: cpu is {}, want a number in decimal, without 0 in front", number));
  for (const char* number : {"10", "0.5", ".5", "5.", "1e1", "+2", "0"})
    EXPECT_EQ(error_of(fmt::format("pods: 1\ncpu: {}\n", number)),
              std::string(number) == "0" ? "v.yaml:2: cpu is 0, want more than 0" : "")
        << number;
}

TEST(Schema, TakesOnlyTextThatAllReadersOfYamlAgreeOn) {
  // The booleans of YAML 1.1, and its numbers.
  for (const char* text : {"yes", "No", "ON", "off", "y", "True", "1e3", "0123456", "1_0", "0x1f"})
    EXPECT_EQ(
        error_of(fmt::format("labels: {{a: {}}}\n", text)),
        fmt::format("v.yaml:1: labels.a is {}, want text (with quotes around a number, yes or "
                    "no)",
                    text));
  for (const char* text : {"\"yes\"", "'010'", "1.0.0", "12:30", "2026-01-01", "yesterday", "v1"})
    EXPECT_EQ(error_of(fmt::format("labels: {{a: {}}}\n", text)), "") << text;
  EXPECT_EQ(error_of("labels:\n  on: x\n"),
            "v.yaml:2: labels.on is on, want a key with quotes around it");
  EXPECT_EQ(error_of("labels: {\"on\": x}\n"), "");
}

TEST(Schema, RefusesBrokenYamlWithTheLine) {
  const auto checked = check_schema("a: 1\nb: [\n", "v.yaml", kSchema);
  ASSERT_FALSE(checked);
  EXPECT_EQ(checked.error().code, ErrorCode::kInvalidArgument);
  EXPECT_TRUE(checked.error().message.starts_with("v.yaml:")) << checked.error().message;
}

TEST(Schema, RefusesASchemaThatItCannotCheckFully) {
  const auto checked = check_schema("a", "v.yaml", {{"oneOf", nlohmann::json::array()}});
  ASSERT_FALSE(checked);
  EXPECT_EQ(checked.error().code, ErrorCode::kCorrupt);
  EXPECT_EQ(checked.error().message, "schema: keyword oneOf is not supported");
  EXPECT_EQ(error_of("a", {{"type", 1}}).substr(0, 7), "schema:");
}

TEST(Schema, WantsRequiredKeysOfTheFileOrItsDefaults) {
  const auto schema = nlohmann::json::parse(R"({"properties": {"clusters": {
      "additionalProperties": {"required": ["cpu"],
                               "properties": {"cpu": {"type": "number"}}}}}})");
  const char* defaults = "clusters: {data: {cpu: 4}}\n";
  EXPECT_EQ(error_of("clusters: {data: {max: 1}}\n", schema, defaults), "");
  EXPECT_EQ(error_of("clusters:\n  more: {max: 1}\n", schema, defaults),
            "v.yaml:2: clusters.more.cpu is not there, want a value");
  EXPECT_EQ(error_of("clusters: {more: {cpu: 1}}\n", schema, defaults), "");
  // An empty value removes the default.
  for (const char* empty : {"~", "null", ""})
    EXPECT_EQ(error_of(fmt::format("clusters:\n  data:\n    cpu: {}\n", empty), schema, defaults),
              "v.yaml:3: clusters.data.cpu is empty, want a value, or no such key for the default");
  EXPECT_EQ(error_of("clusters: {data: }\n", schema, defaults), "");
}

TEST(Schema, NamesWhatIsWantedInTheWordsOfItsTitle) {
  const auto schema = nlohmann::json::parse(R"({"additionalProperties": {
      "title": "small letters", "pattern": "^[a-z]+$"}})");
  EXPECT_EQ(error_of("a: B\n", schema), "v.yaml:1: a is B, want small letters");
  const auto both =
      nlohmann::json::parse(R"({"title": "a or b", "not": {"required": ["a", "b"]}})");
  EXPECT_EQ(error_of("{a: 1, b: 2}\n", both), "v.yaml:1: the document is a map, want a or b");
  EXPECT_EQ(error_of("{a: 1}\n", both), "");
}

TEST(Schema, KnowsRangesOfAddresses) {
  const auto schema =
      nlohmann::json::parse(R"({"additionalProperties": {"title": "a range", "format": "cidr"}})");
  for (const char* range : {"0.0.0.0/0", "10.0.0.1/32", "2001:db8::/32", "::/0", "fe80::1/128"})
    EXPECT_EQ(error_of(fmt::format("a: \"{}\"\n", range), schema), "") << range;
  for (const char* range : {"10.0.0.0/33", "10.0.0/8", "10.0.0.0", "256.0.0.0/8", "10.0.0.0/08",
                            "2001:db8::/129", "banana", "/8", "10.0.0.0/", "::1::/64"})
    EXPECT_EQ(error_of(fmt::format("a: \"{}\"\n", range), schema),
              fmt::format("v.yaml:1: a is \"{}\", want a range", range));
  EXPECT_EQ(error_of("a: b\n", {{"additionalProperties", {{"format", "date"}}}}),
            "schema: format date is not supported");
}

TEST(Schema, EndsForAnAliasThatContainsItself) {
  EXPECT_NE(error_of("groups: &a {cpu: *a}\n"), "");
}

}  // namespace
}  // namespace lido::cluster
