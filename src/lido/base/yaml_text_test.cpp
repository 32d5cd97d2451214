// SPDX-License-Identifier: Apache-2.0
#include "lido/base/yaml_text.h"

#include <gtest/gtest.h>

namespace lido {
namespace {

/// Returns the error of a text; empty for none.
std::string fault_of(std::string_view text, int max_documents = 9) {
  const auto checked = check_yaml_text(text, "a.yaml", max_documents);
  return checked ? "" : checked.error().message;
}

// Kubernetes' strict decoding: "key already set in map" (go.yaml.in/yaml/v2, decode.go).
TEST(YamlText, RefusesAKeyThatAMapHasTwice) {
  EXPECT_EQ(fault_of("a: 1\nb: 2\na: 3\n"),
            "a.yaml:3: the key a stands here a second time, want one; the first is in line 1");
  for (const char* text :
       {"{a: 1, a: 1}", "x:\n- {b: {c: 1, d: 2, c: 3}}", "a: {b: 1}\na: [2]\n", "\"a\": 1\na: 2\n",
        "---\nb: 1\n---\na: 1\na: 2\n", "{a: &x {b: 1}, a: *x}", "~: 1\nnull: 2\n"})
    EXPECT_TRUE(fault_of(text).contains("a second time")) << text;
  for (const char* text : {"a: 1\nA: 2\n", "a: {a: {a: 1}}", "[{a: 1}, {a: 1}]", "a: [b, b]",
                           "---\na: 1\n---\na: 2\n", "a: b\nb: a\n", "? [a]\n: 1\n? [a, b]\n: 2\n"})
    EXPECT_EQ(fault_of(text), "") << text;
}

TEST(YamlText, AcceptsMergeKeys) {
  EXPECT_EQ(fault_of("x: &x {a: 1}\ny: &y {a: 2}\nz:\n  <<: *x\n  <<: *y\n  a: 3\n"), "");
}

/// Nine lists of nine aliases each, of the list before.
std::string bomb(int lists) {
  std::string text = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n";
  for (int i = 1; i < lists; ++i) {
    text += fmt::format("a{}: &a{} [*a{}", i, i, i - 1);
    for (int each = 1; each < 9; ++each) text += fmt::format(", *a{}", i - 1);
    text += "]\n";
  }
  return text;
}

// 1 + 9 * (1 + 9 * 10) nodes and so on: a list of n levels has (9^(n+1) - 1) / 8 nodes.
TEST(YamlText, RefusesAliasesThatStandForFarMoreThanTheText) {
  EXPECT_EQ(fault_of(bomb(3)), "");
  EXPECT_EQ(fault_of(bomb(4)), "") << "9 * (10 + 91 + 820) = 8289 nodes";
  EXPECT_TRUE(fault_of(bomb(5)).starts_with("a.yaml:5: aliases stand for 7.47e+04 nodes, "))
      << fault_of(bomb(5)) << ", want 8289 + 9 * 7381";
  for (const int lists : {6, 9, 40, 2000}) EXPECT_NE(fault_of(bomb(lists)), "") << lists;
}

TEST(YamlText, AcceptsAliasesInProportionToTheText) {
  std::string text = "a: &a {b: [1, 2, 3], c: {d: e}}\nlist:\n";
  for (int i = 0; i < 20'000; ++i) text += "- *a\n";
  // Each alias is a node of 10: the list's own 20,000 aliases are not nodes of the text.
  EXPECT_NE(fault_of(text), "");
  text = "a: &a {b: [1, 2, 3], c: {d: e}}\nlist:\n";
  for (int i = 0; i < 20'000; ++i) text += "- {x: 1, y: *a}\n";
  EXPECT_EQ(fault_of(text), "");
}

TEST(YamlText, RefusesAnAliasInsideItsOwnValue) {
  for (const char* text : {"a: &a [*a]", "a: &a {b: {c: *a}}", "&a {? *a : 1}"})
    EXPECT_TRUE(fault_of(text).contains("contains the alias")) << text << fault_of(text);
}

TEST(YamlText, CountsDocuments) {
  EXPECT_EQ(fault_of("---\na: 1\n---\n---\n", 1), "") << "empty documents do not count";
  EXPECT_EQ(fault_of("a: 1\n---\n# note\nb: 2\n", 1),
            "a.yaml:4: document 2 of the file, want 1 only");
  EXPECT_EQ(fault_of("", 1), "");
}

// YAML 1.2.2, 7.3.3 and 7.4: a comma separates entries of a list or a map in brackets alone.
TEST(YamlText, RefusesACommaOutsideOfBrackets) {
  EXPECT_EQ(fault_of("a: 1\n---\n, 4]]\n"),
            "a.yaml:3: a comma outside of a list and a map, want none");
  for (const char* text :
       {",", " ,\n", "\"a\" ,", "&a ,", "{a: 1},", "[1] ,", "# c\n, 4\n", "%YAML 1.2\n---\n, 3"})
    EXPECT_TRUE(fault_of(text).contains("a comma outside")) << text << fault_of(text);
  for (const char* text : {"---\n---\n---\n", "~\n---\n~\n", "a: b, c\n", "- x,\n- ,y\n"})
    EXPECT_FALSE(fault_of(text).contains("a comma outside")) << text;
}

TEST(YamlText, ReportsTheLineOfBrokenSyntax) {
  EXPECT_TRUE(fault_of("a: 1\nb: [1, 2\nc: 3\n").starts_with("a.yaml:3: "));
  EXPECT_NE(fault_of("x: *unknown\n"), "");
  EXPECT_NE(fault_of(std::string(20'000, '[')), "");
}

}  // namespace
}  // namespace lido
