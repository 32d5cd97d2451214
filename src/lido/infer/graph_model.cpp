// SPDX-License-Identifier: Apache-2.0
#include "lido/infer/graph_model.h"

#include <array>
#include <bit>
#include <cmath>
#include <cstring>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <stdexcept>
#include <vector>

#include "lido/base/json_integer.h"
#include "lido/base/signing.h"

namespace lido::infer {
namespace {

using Json = nlohmann::json;

/// Error in the model; caught in freeze_graph_model().
struct Broken : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// Writes protobuf's binary encoding.
class Message {
 public:
  void number(uint32_t field, uint64_t value) {
    varint(field << 3);
    varint(value);
  }
  void text(uint32_t field, std::string_view value) {
    varint(field << 3 | 2);
    varint(value.size());
    bytes_ += value;
  }
  void real(uint32_t field, float value) {
    varint(field << 3 | 5);
    const auto bits = std::bit_cast<uint32_t>(value);
    for (int shift = 0; shift < 32; shift += 8) bytes_ += static_cast<char>(bits >> shift & 255);
  }
  const std::string& bytes() const { return bytes_; }

 private:
  void varint(uint64_t value) {
    for (; value >= 128; value >>= 7) bytes_ += static_cast<char>((value & 127) | 128);
    bytes_ += static_cast<char>(value);
  }
  std::string bytes_;
};

uint64_t data_type(const std::string& name) {
  static const std::map<std::string, uint64_t> kTypes = {
      {"DT_FLOAT", 1}, {"DT_INT32", 3}, {"DT_STRING", 7}, {"DT_INT64", 9}, {"DT_BOOL", 10}};
  const auto found = kTypes.find(name);
  if (found == kTypes.end()) throw Broken("type " + name + " is not supported");
  return found->second;
}

/// Reads an integer. Protobuf's JSON writes 64-bit ones as text.
uint64_t whole_number(const Json& json) {
  if (json.is_number_integer()) return static_cast<uint64_t>(json.get<int64_t>());
  return static_cast<uint64_t>(std::stoll(json.get<std::string>()));
}

std::string shape_message(const std::vector<int64_t>& lengths) {
  Message shape;
  for (const int64_t length : lengths) {
    Message dimension;
    dimension.number(1, static_cast<uint64_t>(length));
    shape.text(2, dimension.bytes());
  }
  return shape.bytes();
}

std::vector<int64_t> lengths_of(const Json& shape) {
  std::vector<int64_t> lengths;
  for (const Json& dimension : shape.value("dim", Json::array()))
    lengths.push_back(
        dimension.contains("size") ? static_cast<int64_t>(whole_number(dimension["size"])) : 0);
  return lengths;
}

/// One field of AttrValue, or of its ListValue, whose numbers are the same.
void write_attribute_field(Message& message, const std::string& kind, const Json& value) {
  if (kind == "s")
    message.text(2, from_base64(value.get<std::string>()));
  else if (kind == "i")
    message.number(3, whole_number(value));
  else if (kind == "f")
    message.real(4, value.get<float>());
  else if (kind == "b")
    message.number(5, value.get<bool>() ? 1 : 0);
  else if (kind == "type")
    message.number(6, data_type(value));
  else if (kind == "shape")
    message.text(7, shape_message(lengths_of(value)));
  else
    throw Broken("attribute of kind " + kind + " is not supported");
}

std::string attribute(const Json& json) {
  Message message;
  for (const auto& [kind, value] : json.items()) {
    if (kind != "list") {
      write_attribute_field(message, kind, value);
      continue;
    }
    Message list;
    for (const auto& [item_kind, items] : value.items()) {
      for (const Json& item : items) write_attribute_field(list, item_kind, item);
    }
    message.text(1, list.bytes());
  }
  return message.bytes();
}

/// A constant's values.
struct Weight {
  std::vector<int64_t> shape;
  std::string type;   ///< float32, int32 or bool.
  std::string bytes;  ///< Little endian.
};

/// IEEE 754 half precision to single; exact.
float widen(uint16_t half) {
  const int exponent = half >> 10 & 31;
  const int fraction = half & 1023;
  const float magnitude = exponent == 31 ? (fraction == 0 ? INFINITY : NAN)
                          : exponent == 0
                              ? std::ldexp(static_cast<float>(fraction), -24)
                              : std::ldexp(static_cast<float>(1024 + fraction), exponent - 25);
  return (half & 0x8000) != 0 ? -magnitude : magnitude;
}

std::string widen_all(std::string_view halves) {
  std::string bytes;
  for (size_t i = 0; i + 2 <= halves.size(); i += 2) {
    uint16_t half = 0;
    std::memcpy(&half, halves.data() + i, 2);
    const float value = widen(half);
    bytes.append(reinterpret_cast<const char*>(&value), sizeof value);
  }
  return bytes;
}

std::map<std::string, Weight> find_weights(const Json& manifest, std::string_view bytes) {
  const std::map<std::string, int64_t> sizes = {{"float32", 4}, {"int32", 4}, {"bool", 1}};
  std::map<std::string, Weight> weights;
  for (const Json& group : manifest) {
    for (const Json& entry : group.at("weights")) {
      const std::string name = entry.at("name");
      const auto shape = json_integers<int64_t>(entry.at("shape"));
      if (!shape) throw Broken("shape of " + name + " is not a list of integers");
      Weight weight{.shape = *shape, .type = entry.at("dtype")};
      const bool halves = entry.contains("quantization");
      if (halves && (entry["quantization"].at("dtype") != "float16" || weight.type != "float32"))
        throw Broken("weights of " + name + " are quantised, want float16 or none");
      if (!sizes.contains(weight.type))
        throw Broken("weights of " + name + " are " + weight.type +
                     "; want float32, int32 or bool");
      int64_t count = halves ? 2 : sizes.at(weight.type);
      for (const int64_t length : weight.shape) {
        if (length < 0 || length > std::ssize(bytes))
          throw Broken(fmt::format("weights of {} have a length of {}", name, length));
        count *= length;
        if (count > std::ssize(bytes)) break;
      }
      if (count > std::ssize(bytes)) throw Broken("the weights end before those of " + name);
      const std::string_view stored = bytes.substr(0, static_cast<size_t>(count));
      weight.bytes = halves ? widen_all(stored) : std::string(stored);
      bytes.remove_prefix(static_cast<size_t>(count));
      weights[name] = std::move(weight);
    }
  }
  return weights;
}

/// The constant's TensorProto inside an AttrValue. 64-bit constants are kept as 32-bit ones.
std::string constant(const Weight& weight, const std::string& type) {
  std::string content = weight.bytes;
  if (type == "DT_INT64" && weight.type == "int32") {
    content.clear();
    for (size_t i = 0; i + 4 <= weight.bytes.size(); i += 4) {
      int32_t value = 0;
      std::memcpy(&value, weight.bytes.data() + i, 4);
      const int64_t wide = value;
      content.append(reinterpret_cast<const char*>(&wide), sizeof wide);
    }
  }
  Message tensor;
  tensor.number(1, data_type(type));
  tensor.text(2, shape_message(weight.shape));
  tensor.text(4, content);
  Message value;
  value.text(8, tensor.bytes());
  return value.bytes();
}

/// A node's attributes as NodeDef's map, without those named in `left_out`.
void write_attributes(Message& message, const Json& json,
                      const std::map<std::string, Weight>& weights,
                      const std::set<std::string_view>& left_out = {}) {
  const std::string name = json.at("name");
  const bool is_constant = json.at("op") == "Const";
  const Json attributes = json.value("attr", Json::object());
  for (const auto& [attribute_name, value] : attributes.items()) {
    if (left_out.contains(attribute_name)) continue;
    Message entry;
    entry.text(1, attribute_name);
    if (is_constant && attribute_name == "value") {
      const auto weight = weights.find(name);
      if (weight == weights.end()) throw Broken("constant " + name + " has no weights");
      entry.text(2, constant(weight->second, json.at("attr").at("dtype").at("type")));
    } else {
      entry.text(2, attribute(value));
    }
    message.text(5, entry.bytes());
  }
}

std::string node(const Json& json, const std::map<std::string, Weight>& weights) {
  Message message;
  message.text(1, json.at("name").get<std::string>());
  message.text(2, json.at("op").get<std::string>());
  for (const Json& input : json.value("input", Json::array()))
    message.text(3, input.get<std::string>());
  write_attributes(message, json, weights);
  return message.bytes();
}

/// The operations that a fused one is made of: empty for an operation that is not fused.
std::vector<std::string> parts_of(const Json& json) {
  static const std::map<std::string, std::string> kFused = {
      {"_FusedConv2D", "Conv2D"},
      {"FusedDepthwiseConv2dNative", "DepthwiseConv2dNative"},
      {"_FusedMatMul", "MatMul"}};
  const std::string operation = json.at("op");
  const auto base = kFused.find(operation);
  if (base == kFused.end()) {
    if (operation.starts_with("_Fused") || operation.starts_with("Fused"))
      throw Broken("operation " + operation + " is not supported");
    return {};
  }
  std::vector<std::string> parts = {base->second};
  for (const Json& fused : json.at("attr").at("fused_ops").at("list").at("s")) {
    const std::string part = from_base64(fused.get<std::string>());
    const bool is_bias = part == "BiasAdd";
    const bool is_activation = part == "Relu" || part == "Relu6" || part == "Elu";
    if (is_bias != (parts.size() == 1) || (!is_bias && !is_activation) || parts.size() > 2)
      throw Broken("operation " + operation + " with " + part + " is not supported");
    parts.push_back(part);
  }
  if (parts.size() == 1) throw Broken("operation " + operation + " without parts");
  if (json.at("input").size() != 3)
    throw Broken("operation " + operation + " has other than 3 inputs");
  return parts;
}

/// Writes a fused node as the operations that it is made of. The last of them has its name.
void write_parts(Message& graph, const Json& json, const std::vector<std::string>& parts,
                 const std::map<std::string, Weight>& weights) {
  const std::string name = json.at("name");
  const Json& inputs = json.at("input");
  for (size_t i = 0; i < parts.size(); ++i) {
    const bool last = i + 1 == parts.size();
    Message message;
    message.text(1, last ? name : fmt::format("{}/{}", name, parts[i]));
    message.text(2, parts[i]);
    message.text(
        3, i == 0 ? inputs.at(0).get<std::string>() : fmt::format("{}/{}", name, parts[i - 1]));
    if (i < 2) message.text(3, inputs.at(i + 1).get<std::string>());
    if (i == 0) {
      write_attributes(message, json, weights,
                       {"fused_ops", "num_args", "epsilon", "leakyrelu_alpha"});
    } else {
      Json part = {{"name", name}, {"op", parts[i]}, {"attr", {{"T", json.at("attr").at("T")}}}};
      if (i == 1 && json.at("attr").contains("data_format"))
        part["attr"]["data_format"] = json.at("attr").at("data_format");
      write_attributes(message, part, weights);
    }
    graph.text(1, message.bytes());
  }
}

}  // namespace

Result<std::string> freeze_graph_model(std::string_view json, std::string_view weights) {
  try {
    const Json model = Json::parse(json);
    const auto known = find_weights(model.at("weightsManifest"), weights);
    Message graph;
    for (const Json& entry : model.at("modelTopology").at("node")) {
      const auto parts = parts_of(entry);
      if (parts.empty())
        graph.text(1, node(entry, known));
      else
        write_parts(graph, entry, parts, known);
    }
    return graph.bytes();
  } catch (const std::exception& error) {
    return fail(ErrorCode::kCorrupt, "not a TensorFlow.js graph model: {}", error.what());
  }
}

}  // namespace lido::infer
