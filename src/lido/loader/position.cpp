// SPDX-License-Identifier: Apache-2.0
#include "lido/loader/position.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "lido/base/json_integer.h"
#include "lido/base/json_text.h"

namespace lido::loader {
namespace {

using nlohmann::ordered_json;

constexpr int kFormat = 1;

/// Joins neighbours, which are in ascending order.
void append(std::vector<PositionRange>& to, const PositionRange& stretch) {
  if (stretch.begin >= stretch.end) return;
  if (!to.empty() && to.back().end == stretch.begin)
    to.back().end = stretch.end;
  else
    to.push_back(stretch);
}

std::unexpected<Error> no_position(std::string_view reason) {
  return fail(ErrorCode::kInvalidArgument, "position of a loader: {}", reason);
}

Result<int64_t> integer_at(const ordered_json& json, const char* key, int64_t min) {
  const auto found = json.find(key);
  const auto value = found == json.end() ? std::nullopt : json_integer<int64_t>(*found);
  if (!value || *value < min)
    return no_position(fmt::format("{} is {}, want a whole number from {} on", key,
                                   found == json.end() ? "missing" : json_text(*found), min));
  return *value;
}

/// Stretches of [[begin, end], ...], ascending and within the samples.
Result<std::vector<PositionRange>> stretches_of(const ordered_json& json, int64_t samples) {
  std::vector<PositionRange> stretches;
  if (!json.is_array()) return no_position("left is not a list, want [[begin, end], ...]");
  int64_t last = 0;
  for (const ordered_json& pair : json) {
    const bool is_pair = pair.is_array() && pair.size() == 2;
    const auto begin = is_pair ? json_integer<int64_t>(pair[0]) : std::nullopt;
    const auto end = is_pair ? json_integer<int64_t>(pair[1]) : std::nullopt;
    if (!begin || !end || *begin < last || *end <= *begin || *end > samples) {
      return no_position(fmt::format("left has {}, want [begin, end] in ascending order up to {}",
                                     json_text(pair), samples));
    }
    append(stretches, {*begin, *end});
    last = *end;
  }
  return stretches;
}

}  // namespace

int64_t count(const std::vector<PositionRange>& stretches) {
  int64_t sum = 0;
  for (const PositionRange& one : stretches) sum += one.end - one.begin;
  return sum;
}

std::vector<PositionRange> without_first(const std::vector<PositionRange>& stretches,
                                         int64_t taken) {
  std::vector<PositionRange> rest;
  for (const PositionRange& one : stretches) {
    const int64_t here = std::min(taken, one.end - one.begin);
    taken -= here;
    append(rest, {one.begin + here, one.end});
  }
  return rest;
}

std::vector<PositionRange> share_of(const std::vector<PositionRange>& left, const Share& share) {
  const int64_t all = count(left);
  // Without overflow for any number of samples: the first all % workers workers get one more.
  const int64_t each = all / share.workers, more = all % share.workers;
  const int64_t skipped = each * share.rank + std::min<int64_t>(share.rank, more);
  const int64_t taken = each + (share.rank < more ? 1 : 0);
  std::vector<PositionRange> own;
  int64_t wanted = taken;
  for (const PositionRange& one : without_first(left, skipped)) {
    const int64_t here = std::min(wanted, one.end - one.begin);
    append(own, {one.begin, one.begin + here});
    wanted -= here;
  }
  return own;
}

Position start_of(Position position, int64_t epoch) {
  position.epoch = epoch;
  position.left = {{0, position.samples}};
  return position;
}

Position after(const Position& from, int workers, int64_t batches, int64_t batch_size) {
  Position result = from;
  result.left.clear();
  for (int rank = 0; rank < workers; ++rank) {
    const auto own = share_of(from.left, {rank, workers});
    // Capped first: batches * batch_size may be large.
    const int64_t enough = count(own) / batch_size + 1;
    const int64_t taken = std::min(count(own), std::min(batches, enough) * batch_size);
    for (const PositionRange& one : without_first(own, taken)) append(result.left, one);
  }
  return result.left.empty() ? start_of(from, from.epoch + 1) : result;
}

std::string to_text(const Position& position) {
  ordered_json left = ordered_json::array();
  for (const PositionRange& one : position.left) left.push_back({one.begin, one.end});
  const ordered_json json = {{"format", kFormat},           {"data", position.data},
                             {"samples", position.samples}, {"seed", position.seed},
                             {"shuffle", position.shuffle}, {"shuffle_mb", position.shuffle_mb},
                             {"epoch", position.epoch},     {"left", left}};
  return json_text(json);
}

Result<Position> parse_position(std::string_view text) {
  const ordered_json json = ordered_json::parse(text, nullptr, false);
  if (!json.is_object()) return no_position("the text is not a JSON object");
  const int64_t format = LIDO_TRY(integer_at(json, "format", 1));
  if (format != kFormat) return no_position(fmt::format("format {}, want {}", format, kFormat));
  Position position;
  const auto data = json.find("data"), shuffle = json.find("shuffle"), left = json.find("left");
  if (data == json.end() || !data->is_string()) return no_position("data is missing, want text");
  if (shuffle == json.end() || !shuffle->is_boolean())
    return no_position("shuffle is missing, want true or false");
  position.data = data->get<std::string>();
  position.shuffle = shuffle->get<bool>();
  position.samples = LIDO_TRY(integer_at(json, "samples", 1));
  position.seed = LIDO_TRY(integer_at(json, "seed", 0));
  position.shuffle_mb = LIDO_TRY(integer_at(json, "shuffle_mb", 1));
  position.epoch = LIDO_TRY(integer_at(json, "epoch", 0));
  position.left =
      LIDO_TRY(stretches_of(left == json.end() ? ordered_json() : *left, position.samples));
  if (position.left.empty()) return no_position("left is empty, want the rest of an epoch");
  return position;
}

Result<void> check_same(const Position& saved, const Position& now) {
  const auto differs = [](std::string_view what, const auto& had, const auto& got) {
    return fail(ErrorCode::kInvalidArgument,
                "position of a loader: it was saved with {} {}, got {}. Resume with the same data "
                "and options, or start without the position.",
                what, had, got);
  };
  if (saved.samples != now.samples) return differs("samples", saved.samples, now.samples);
  if (saved.data != now.data) return differs("samples of checksum", saved.data, now.data);
  if (saved.seed != now.seed) return differs("seed", saved.seed, now.seed);
  if (saved.shuffle != now.shuffle) return differs("shuffle", saved.shuffle, now.shuffle);
  if (saved.shuffle && saved.shuffle_mb != now.shuffle_mb)
    return differs("shuffle_mb", saved.shuffle_mb, now.shuffle_mb);
  return {};
}

}  // namespace lido::loader
