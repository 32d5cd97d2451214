// SPDX-License-Identifier: Apache-2.0
#include "lido/infer/bundle.h"

#include <algorithm>

#include "lido/base/hash.h"
#include "lido/base/json_integer.h"
#include "lido/base/json_text.h"
#include "lido/storage/store.h"

namespace lido::infer {
namespace {

using Json = nlohmann::json;

constexpr int64_t kMaxModelBytes = int64_t{4} << 30;

const char* wanted(const int*) { return "a whole number"; }
const char* wanted(const double*) { return "a number"; }
const char* wanted(const std::string*) { return "text"; }
const char* wanted(const std::array<float, 3>*) { return "three numbers"; }
const char* wanted(const std::vector<std::string>*) { return "a list of text"; }
const char* wanted(const std::map<std::string, std::string>*) {
  return "an object of file names and SHA-256";
}

/// Reads one field into `value`.
/// @param path  Names from the top, as in "input.width".
template <typename T>
Result<void> read_field(const Json& json, const std::string& path, T& value) {
  const Json* at = &json;
  for (size_t begin = 0; begin <= path.size();) {
    const size_t end = std::min(path.find('.', begin), path.size());
    const auto name = path.substr(begin, end - begin);
    if (!at->is_object() || !at->contains(name))
      return fail(ErrorCode::kCorrupt, "{} is missing, want {}", path, wanted(&value));
    at = &at->at(name);
    begin = end + 1;
  }
  try {
    if constexpr (std::is_same_v<T, int>) {
      const auto number = json_integer<int>(*at);
      if (!number) throw std::invalid_argument("");
      value = *number;
    } else if constexpr (std::is_same_v<T, double>) {
      if (!at->is_number()) throw std::invalid_argument("");
      value = *at;
    } else {
      at->get_to(value);
    }
  } catch (const std::exception&) {
    return fail(ErrorCode::kCorrupt, "{} is {}, want {}", path, json_text(*at), wanted(&value));
  }
  return {};
}

Result<void> check_range(std::string_view path, int value, int min, int max) {
  if (value >= min && value <= max) return {};
  return fail(ErrorCode::kCorrupt, "{} is {}, want {} to {}", path, value, min, max);
}

/// Reads a field that has one of two values. @return Whether the first is there.
Result<bool> read_choice(const Json& json, const std::string& path, std::string_view yes,
                         std::string_view no) {
  std::string value;
  LIDO_TRY(read_field(json, path, value));
  if (value == yes) return true;
  if (value == no) return false;
  return fail(ErrorCode::kCorrupt, "{} is \"{}\", want {} or {}", path, value, yes, no);
}

/// @return kCorrupt that names the place where the text stops being JSON.
Result<Json> parse_json(const std::string& text) {
  try {
    return Json::parse(text);
  } catch (const Json::parse_error& error) {
    const std::string before = text.substr(0, std::min(error.byte, text.size()));
    const auto line = std::ranges::count(before, '\n') + 1;
    const size_t line_start = before.rfind('\n') == std::string::npos ? 0 : before.rfind('\n') + 1;
    return fail(ErrorCode::kCorrupt, "line {}, column {}: not JSON. Fix the syntax there.", line,
                std::max<size_t>(1, before.size() - line_start));
  }
}

Result<ImageInput> read_input(const Json& json) {
  ImageInput input;
  LIDO_TRY(read_field(json, "input.width", input.width));
  LIDO_TRY(read_field(json, "input.height", input.height));
  LIDO_TRY(read_field(json, "input.batch", input.batch));
  LIDO_TRY(check_range("input.width", input.width, 16, 8192));
  LIDO_TRY(check_range("input.height", input.height, 16, 8192));
  LIDO_TRY(check_range("input.batch", input.batch, 1, 256));
  input.planar = LIDO_TRY(read_choice(json, "input.layout", "NCHW", "NHWC"));
  input.bgr = LIDO_TRY(read_choice(json, "input.color", "BGR", "RGB"));
  LIDO_TRY(read_field(json, "input.mean", input.mean));
  LIDO_TRY(read_field(json, "input.std", input.std));
  LIDO_TRY(read_field(json, "input.fill", input.fill));
  LIDO_TRY(check_range("input.fill", input.fill, 0, 255));
  for (const float divisor : input.std) {
    if (!(divisor > 0))
      return fail(ErrorCode::kCorrupt, "input.std contains {}, want numbers above 0", divisor);
  }
  return input;
}

}  // namespace

Result<DetectorScores> parse_card(const std::string& text) {
  const Json json = LIDO_TRY(parse_json(text));
  DetectorScores scores;
  LIDO_TRY(read_field(json, "scores.low", scores.low_score));
  LIDO_TRY(read_field(json, "scores.min", scores.min_score));
  LIDO_TRY(read_field(json, "scores.new", scores.new_score));
  LIDO_TRY(read_field(json, "scores.data", scores.data));
  const bool rising = 0.01 <= scores.low_score && scores.low_score <= scores.min_score &&
                      scores.min_score <= scores.new_score && scores.new_score <= 1;
  if (!rising) {
    return fail(ErrorCode::kCorrupt,
                "scores.low, min and new are {}, {} and {}, want 0.01 to 1, rising",
                scores.low_score, scores.min_score, scores.new_score);
  }
  const Json curve = json["scores"].value("curve", Json::array());
  for (const Json& point : curve) {
    std::vector<double> values;
    for (const Json& one : point) {
      if (one.is_number()) values.push_back(one);
    }
    const bool fits = std::ranges::all_of(values, [](double v) { return v >= 0 && v <= 1; });
    if (values.size() != 3 || point.size() != 3 || !fits) {
      return fail(ErrorCode::kCorrupt,
                  "scores.curve contains {}, want score, precision and recall, 0 to 1",
                  json_text(point));
    }
    scores.curve.push_back({values[0], values[1], values[2]});
  }
  return scores;
}

namespace {

/// Whether a name is that of a file in the bundle's own folder, not a path out of it.
bool is_plain_name(std::string_view name) {
  return !name.empty() && name.find('/') == std::string_view::npos && name != "." && name != "..";
}

}  // namespace

std::vector<int64_t> Bundle::input_shape() const {
  const int64_t n = input.batch, h = input.height, w = input.width;
  return input.planar ? std::vector<int64_t>{n, 3, h, w} : std::vector<int64_t>{n, h, w, 3};
}

Result<Bundle> parse_bundle(const std::string& text) {
  const Json json = LIDO_TRY(parse_json(text));
  if (!json.is_object()) return fail(ErrorCode::kCorrupt, "not a JSON object");
  Bundle bundle;
  int format = 0;
  LIDO_TRY(read_field(json, "format", format));
  if (format != 1) return fail(ErrorCode::kCorrupt, "format is {}, want 1", format);
  LIDO_TRY(read_field(json, "name", bundle.name));
  LIDO_TRY(read_field(json, "licence", bundle.licence));
  LIDO_TRY(read_field(json, "source", bundle.source));
  LIDO_TRY(read_field(json, "model", bundle.model));
  LIDO_TRY(read_field(json, "files", bundle.files));
  if (!is_plain_name(bundle.name))
    return fail(ErrorCode::kCorrupt, "name is \"{}\", want one without /", bundle.name);
  for (const auto& [name, checksum] : bundle.files) {
    if (!is_plain_name(name))
      return fail(ErrorCode::kCorrupt,
                  "files contains \"{}\", want names without / of files in the folder", name);
  }
  if (!bundle.files.contains(bundle.model)) {
    return fail(ErrorCode::kCorrupt, "model is \"{}\", want one of the names in files",
                bundle.model);
  }
  bundle.input = LIDO_TRY(read_input(json));
  LIDO_TRY(read_field(json, "outputs", bundle.outputs));
  if (json.contains("keypoints"))
    LIDO_TRY(read_field(json, "keypoints", bundle.keypoints));
  else
    LIDO_TRY(read_field(json, "classes", bundle.classes));
  bundle.person_classes = {"person"};
  if (json.contains("people")) LIDO_TRY(read_field(json, "people", bundle.person_classes));
  if (bundle.outputs.empty())
    return fail(ErrorCode::kCorrupt, "outputs is empty, want the outputs' names");
  if (!json.contains("decoding") || !json["decoding"].is_object())
    return fail(ErrorCode::kCorrupt, "decoding is missing, want an object");
  bundle.decoding = json["decoding"];
  return bundle;
}

Result<Bundle> read_bundle(const std::string& folder) {
  const auto store = LIDO_TRY(storage::open_store(folder));
  const std::string where = folder + "/bundle.json";
  auto text = store->read_text("bundle.json");
  if (!text && text.error().code == ErrorCode::kNotFound)
    return fail(ErrorCode::kNotFound, "{}: no such file, want a folder with a model bundle", where);
  if (!text) return std::unexpected(text.error());
  auto bundle = parse_bundle(*text);
  if (!bundle) return with_context(where, bundle.error());
  Sha256 identity;
  identity.update(*text);
  for (const auto& [name, checksum] : bundle->files) {
    auto bytes = store->read_text(name, kMaxModelBytes);
    if (!bytes) return with_context(where, bytes.error());
    const std::string found = sha256_hex(*bytes);
    if (found != checksum) {
      return fail(ErrorCode::kCorrupt, "{}/{}: SHA-256 is {}, want {} as in bundle.json", folder,
                  name, found, checksum);
    }
    identity.update(found);
  }
  const auto card = store->read_text("card.json");
  if (!card && card.error().code != ErrorCode::kNotFound) return std::unexpected(card.error());
  if (card) {
    auto scores = parse_card(*card);
    if (!scores) return with_context(folder + "/card.json", scores.error());
    bundle->scores = std::move(*scores);
  }
  bundle->folder = folder;
  bundle->sha256 = identity.hex();
  return bundle;
}

Result<Network> load(const Bundle& bundle, int runners) {
  return Network::load(bundle.folder + "/" + bundle.model, bundle.input_shape(), bundle.outputs,
                       runners);
}

Result<void> check_outputs(const Bundle& bundle, const Network& network,
                           std::span<const int64_t> sizes) {
  const auto& outputs = network.outputs();
  if (outputs.size() != sizes.size()) {
    return fail(ErrorCode::kCorrupt, "{}/bundle.json: {} outputs, its decoding wants {}",
                bundle.folder, outputs.size(), sizes.size());
  }
  for (size_t i = 0; i < sizes.size(); ++i) {
    if (outputs[i].size() == sizes[i] * bundle.input.batch) continue;
    return fail(ErrorCode::kCorrupt,
                "{}/{}: output \"{}\" has the wrong size, got {} values, want {} for the bundle's "
                "decoding",
                bundle.folder, bundle.model, outputs[i].name, outputs[i].size(),
                sizes[i] * bundle.input.batch);
  }
  return {};
}

}  // namespace lido::infer
