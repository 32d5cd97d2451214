// SPDX-License-Identifier: Apache-2.0
// Truth: protobuf's wire format, written by hand from graph.proto, node_def.proto, attr_value.proto
// and tensor.proto; and IEEE 754's table of half precision.
#include "lido/infer/graph_model.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <limits>
#include <vector>

namespace lido::infer {
namespace {

using std::string_literals::operator""s;

/// A field of wire type 2: tag, length, bytes.
std::string field(int number, const std::string& bytes) {
  EXPECT_LT(bytes.size(), 128U);
  return std::string(1, static_cast<char>(number << 3 | 2)) + static_cast<char>(bytes.size()) +
         bytes;
}

/// An entry of NodeDef's map of attributes.
std::string attribute(const std::string& name, const std::string& value) {
  return field(5, field(1, name) + field(2, value));
}

std::string freeze(const std::string& nodes, const std::string& weights, const std::string& bytes) {
  const auto graph =
      freeze_graph_model(R"({"modelTopology": {"node": [)" + nodes +
                             R"(]}, "weightsManifest": [{"weights": [)" + weights + "]}]}",
                         bytes);
  return graph ? *graph : "error: " + graph.error().message;
}

std::string constant(const std::string& name, const std::string& type = "DT_FLOAT") {
  return R"({"name": ")" + name + R"(", "op": "Const", "attr": {"dtype": {"type": ")" + type +
         R"("}, "value": {"tensor": {}}}})";
}

TEST(GraphModel, ANodeIsWrittenAsNodeDef) {
  const std::string wanted =
      field(1, field(1, "y") + field(2, "Relu") + field(3, "x") + attribute("T", "\x30\x01"s) +
                   attribute("b", "\x28\x01"s) + attribute("f", "\x25\x00\x00\x80\x3f"s) +
                   attribute("i", "\x18\xac\x02"s) + attribute("s", field(2, "hi")));
  EXPECT_EQ(
      freeze(R"({"name": "y", "op": "Relu", "input": ["x"], "attr": {"T": {"type": "DT_FLOAT"},
                      "b": {"b": true}, "f": {"f": 1.0}, "i": {"i": "300"}, "s": {"s": "aGk="}}})",
             "", ""),
      wanted);
}

TEST(GraphModel, AConstantHoldsItsWeights) {
  // TensorProto: type DT_FLOAT, shape [2], content.
  const std::string shape = field(2, "\x08\x02"s);
  const std::string tensor = "\x08\x01"s + field(2, shape) + field(4, "12345678");
  const std::string wanted =
      field(1, field(1, "w") + field(2, "Const") + attribute("dtype", "\x30\x01"s) +
                   attribute("value", field(8, tensor)));
  EXPECT_EQ(freeze(constant("w"), R"({"name": "w", "dtype": "float32", "shape": [2]})", "12345678"),
            wanted);
}

TEST(GraphModel, HalfPrecisionIsWidenedExactly) {
  const std::vector<std::pair<uint16_t, float>> table = {
      {0x3C00, 1.0F},     {0xC000, -2.0F},
      {0x7BFF, 65504.0F}, {0x0400, 0x1p-14F},
      {0x0001, 0x1p-24F}, {0x3555, 0.333251953125F},
      {0x0000, 0.0F},     {0x7C00, std::numeric_limits<float>::infinity()}};
  for (const auto& [half, wanted] : table) {
    const std::string bytes(reinterpret_cast<const char*>(&half), 2);
    const std::string graph = freeze(
        constant("w"),
        R"({"name": "w", "dtype": "float32", "shape": [1], "quantization": {"dtype": "float16"}})",
        bytes);
    float found = 0;
    // The four bytes behind tag and length of tensor_content, which ends the graph.
    ASSERT_EQ(graph.substr(graph.size() - 6, 2), "\x22\x04"s) << half;
    std::memcpy(&found, graph.data() + graph.size() - 4, 4);
    EXPECT_EQ(found, wanted) << half;
  }
}

TEST(GraphModel, Integers64BitWideAreWidenedFromWhatIsStored) {
  const std::string graph =
      freeze(constant("n", "DT_INT64"), R"({"name": "n", "dtype": "int32", "shape": [1]})",
             "\xFE\xFF\xFF\xFF"s);
  // -2 in 64 bits, little endian.
  EXPECT_TRUE(graph.ends_with("\x22\x08\xFE\xFF\xFF\xFF\xFF\xFF\xFF\xFF"s));
}

TEST(GraphModel, FusedOperationsBecomeTheirParts) {
  // "Qmlhc0FkZA==" is BiasAdd, "UmVsdTY=" Relu6; the last part has the name that others refer to.
  const std::string type = attribute("T", "\x30\x01"s);
  const std::string layout = attribute("data_format", field(2, "NHWC"));
  const std::string wanted =
      field(1, field(1, "y/Conv2D") + field(2, "Conv2D") + field(3, "x") + field(3, "w") + type +
                   layout + attribute("padding", field(2, "SAME"))) +
      field(1, field(1, "y/BiasAdd") + field(2, "BiasAdd") + field(3, "y/Conv2D") + field(3, "b") +
                   type + layout) +
      field(1, field(1, "y") + field(2, "Relu6") + field(3, "y/BiasAdd") + type);
  EXPECT_EQ(freeze(R"({"name": "y", "op": "_FusedConv2D", "input": ["x", "w", "b"], "attr": {
                 "T": {"type": "DT_FLOAT"}, "epsilon": {"f": 0}, "num_args": {"i": "1"},
                 "padding": {"s": "U0FNRQ=="}, "data_format": {"s": "TkhXQw=="},
                 "fused_ops": {"list": {"s": ["Qmlhc0FkZA==", "UmVsdTY="]}}}})",
                   "", ""),
            wanted);
}

TEST(GraphModel, RefusesFusedOperationsOfOtherParts) {
  const auto refusal = [](const std::string& operation, const std::string& parts,
                          const std::string& inputs) {
    return freeze(R"({"name": "y", "op": ")" + operation + R"(", "input": [)" + inputs +
                      R"(], "attr": {"T": {"type": "DT_FLOAT"},
                         "fused_ops": {"list": {"s": [)" +
                      parts + "]}}}}",
                  "", "");
  };
  // "UHJlbHU=" is Prelu.
  EXPECT_NE(refusal("_FusedMatMul", R"("Qmlhc0FkZA==", "UHJlbHU=")", R"("x", "w", "b")")
                .find("_FusedMatMul with Prelu is not supported"),
            std::string::npos);
  EXPECT_NE(refusal("_FusedMatMul", "", R"("x", "w")").find("without parts"), std::string::npos);
  EXPECT_NE(refusal("_FusedMatMul", R"("Qmlhc0FkZA==")", R"("x", "w")").find("other than 3 inputs"),
            std::string::npos);
}

TEST(GraphModel, RefusesWhatItDoesNotSupport) {
  const auto refused = [](const std::string& found, const std::string& wanted) {
    EXPECT_NE(found.find(wanted), std::string::npos) << found;
  };
  refused(freeze(R"({"name": "y", "op": "_FusedBatchNormEx"})", "", ""),
          "operation _FusedBatchNormEx is not supported");
  refused(freeze(constant("w"), R"({"name": "w", "dtype": "uint8", "shape": [1]})", "1"),
          "weights of w are uint8");
  refused(freeze(constant("w"), R"({"name": "w", "dtype": "float32", "shape": [3]})", "12345678"),
          "the weights end before those of w");
  refused(freeze(constant("w"), R"({"name": "w", "dtype": "float32", "shape": [-1]})", "1234"),
          "length of -1");
  refused(freeze(constant("w"), "", ""), "constant w has no weights");
  EXPECT_EQ(freeze_graph_model("[]", "").error().code, ErrorCode::kCorrupt);
}

}  // namespace
}  // namespace lido::infer
