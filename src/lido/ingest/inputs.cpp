// SPDX-License-Identifier: Apache-2.0
#include "lido/ingest/inputs.h"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include "lido/dataset/csv.h"
#include "lido/storage/store.h"

namespace lido::ingest {
namespace {

constexpr std::array kVideoEndings = {".mp4",  ".m4v",   ".mov",  ".mkv",  ".webm", ".avi",
                                      ".ts",   ".mts",   ".m2ts", ".mpg",  ".mpeg", ".264",
                                      ".h264", ".265",   ".h265", ".hevc", ".flv",  ".3gp",
                                      ".mjpg", ".mjpeg", ".ivf",  ".obu",  ".dav"};

std::string lower(std::string_view text) {
  std::string result(text);
  std::ranges::transform(result, result.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  });
  return result;
}

bool ends_like_a_video(std::string_view uri) {
  const std::string name = lower(uri);
  return std::ranges::any_of(kVideoEndings,
                             [&](const char* ending) { return name.ends_with(ending); });
}

bool is_list(std::string_view uri) {
  const std::string name = lower(uri);
  return name.ends_with(".csv") || name.ends_with(".parquet");
}

bool is_described(const ClipInput& clip) {
  return !clip.group.empty() || !clip.site.empty() || !clip.camera.empty() || clip.start_utc;
}

/// Sorts by URI and leaves each clip once. What a list says of a clip wins over a folder that holds
/// it too; of two lists, the later one.
void keep_each_once(std::vector<ClipInput>& clips) {
  std::ranges::stable_sort(clips, {}, [](const ClipInput& clip) {
    return std::pair(std::string_view(clip.uri), is_described(clip));
  });
  size_t kept = 0;
  for (size_t i = 0; i < clips.size(); ++i) {
    if (i + 1 < clips.size() && clips[i + 1].uri == clips[i].uri) continue;
    if (kept != i) clips[kept] = std::move(clips[i]);
    ++kept;
  }
  clips.resize(kept);
}

Result<void> add_list(const std::string& uri, std::vector<ClipInput>& clips) {
  const auto reader = LIDO_TRY(storage::open_reader(uri));
  const std::string bytes = LIDO_TRY(storage::read_all(*reader, int64_t{1} << 30));
  const auto table =
      dataset::parse_table(bytes, {"clip"}, {"group", "site", "camera", "start_utc"});
  if (!table) return within(uri, table.error());
  const std::string folder = uri.substr(0, uri.rfind('/') + 1);
  for (size_t row = 0; row < table->rows; ++row) {
    const std::string where = fmt::format("{}: row {}", uri, row + 1);
    std::string name(table->cell("clip", row));
    if (name.empty()) return fail(ErrorCode::kInvalidArgument, "{}: clip is empty", where);
    const bool whole = name.starts_with('/') || name.find("://") != std::string::npos;
    ClipInput clip;
    clip.uri = storage::absolute(whole ? name : folder + name);
    const auto file = storage::open_reader(clip.uri);
    if (!file) return within(where, file.error());
    clip.bytes = (*file)->size();
    clip.group = table->cell("group", row);
    clip.site = table->cell("site", row);
    clip.camera = table->cell("camera", row);
    if (const auto start = table->cell("start_utc", row); !start.empty()) {
      const auto parsed = dataset::parse_utc(start);
      if (!parsed) return within(where + ": start_utc", parsed.error());
      clip.start_utc = *parsed;
    }
    clips.push_back(std::move(clip));
  }
  return {};
}

}  // namespace

Result<Inputs> find_inputs(const std::vector<std::string>& arguments) {
  if (arguments.empty())
    return fail(ErrorCode::kInvalidArgument,
                "no clips given, want files, folders, gs:// or s3:// prefixes");
  Inputs inputs;
  for (const std::string& argument : arguments) {
    const auto entries = storage::list(argument);
    if (!entries) return std::unexpected(entries.error());
    const bool named_outright =
        entries->size() == 1 && entries->front().uri == storage::absolute(argument);
    if (named_outright && is_list(argument)) {
      LIDO_TRY(add_list(entries->front().uri, inputs.clips));
      continue;
    }
    for (const storage::Entry& entry : *entries) {
      if (!named_outright && !ends_like_a_video(entry.uri)) {
        ++inputs.ignored;
        continue;
      }
      inputs.clips.push_back({.uri = entry.uri, .bytes = entry.size});
    }
  }
  keep_each_once(inputs.clips);
  if (inputs.clips.empty()) {
    return fail(
        ErrorCode::kNotFound,
        "no clips found in {} ({} file(s) do not end like a video, .mp4 or .mkv for example)",
        arguments.front(), inputs.ignored);
  }
  return inputs;
}

}  // namespace lido::ingest
