// SPDX-License-Identifier: Apache-2.0
#include "lido/ingest/inputs.h"

#include <algorithm>
#include <array>
#include <optional>
#include <string_view>

#include "lido/dataset/csv.h"
#include "lido/storage/store.h"

namespace lido::ingest {
namespace {

constexpr std::array kVideoExtensions = {".mp4",  ".m4v",   ".mov",  ".mkv",  ".webm", ".avi",
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

bool has_video_extension(std::string_view uri) {
  const std::string name = lower(uri);
  return std::ranges::any_of(kVideoExtensions,
                             [&](const char* extension) { return name.ends_with(extension); });
}

bool is_list(std::string_view uri) {
  const std::string name = lower(uri);
  return name.ends_with(".csv") || name.ends_with(".parquet");
}

/// The clip in one row of a list.
/// @param folder  Where relative clips are, with a trailing '/'.
Result<part::ClipInput> clip_in_row(const dataset::TextTable& table, size_t row,
                                    const std::string& folder) {
  const std::string name(table.cell("clip", row));
  if (name.empty()) return fail(ErrorCode::kInvalidArgument, "clip is empty, want a path or URI");
  const bool is_absolute = name.starts_with('/') || name.find("://") != std::string::npos;
  part::ClipInput clip{.uri = storage::absolute(is_absolute ? name : folder + name)};
  clip.bytes = LIDO_TRY(storage::open_reader(clip.uri))->size();
  clip.group = table.cell("group", row);
  clip.site = table.cell("site", row);
  clip.camera = table.cell("camera", row);
  if (const auto start = table.cell("start_utc", row); !start.empty()) {
    const auto parsed = dataset::parse_utc(start);
    if (!parsed) return with_context("start_utc", parsed.error());
    clip.start_utc = *parsed;
  }
  return clip;
}

/// Calls on_clip for the clips of a list. @return Their number.
Result<int64_t> visit_list(const std::string& uri, const OnClip& on_clip) {
  constexpr int64_t kMaxListBytes = int64_t{1} << 30;
  const auto reader = LIDO_TRY(storage::open_reader(uri));
  const std::string bytes = LIDO_TRY(storage::read_all(*reader, kMaxListBytes));
  const auto table =
      dataset::parse_table(bytes, {"clip"}, {"group", "site", "camera", "start_utc"});
  if (!table) return with_context(uri, table.error());
  const std::string folder = uri.substr(0, uri.rfind('/') + 1);
  for (size_t row = 0; row < table->rows; ++row) {
    const auto clip = clip_in_row(*table, row, folder);
    if (!clip) return with_context(fmt::format("{}: {}", uri, table->place(row)), clip.error());
    LIDO_TRY(on_clip(*clip));
  }
  return static_cast<int64_t>(table->rows);
}

}  // namespace

Result<int64_t> find_inputs(const std::vector<std::string>& arguments, const OnClip& on_clip) {
  if (arguments.empty()) {
    return fail(ErrorCode::kInvalidArgument,
                "no clips given, want files, folders, gs:// or s3:// prefixes");
  }
  int64_t clips = 0, skipped = 0;
  for (const std::string& argument : arguments) {
    const std::string absolute = storage::absolute(argument);
    std::optional<std::string> list;
    LIDO_TRY(storage::visit(argument, [&](const storage::Entry& entry) -> Result<void> {
      const bool is_argument = entry.uri == absolute;
      if (is_argument && is_list(entry.uri)) {
        list = entry.uri;
        return {};
      }
      const bool taken = is_argument || has_video_extension(entry.uri);
      ++(taken ? clips : skipped);
      if (!taken) return {};
      return on_clip({.uri = entry.uri, .bytes = entry.size});
    }));
    if (list) clips += LIDO_TRY(visit_list(*list, on_clip));
  }
  if (clips == 0) {
    return fail(ErrorCode::kNotFound,
                "{}: no clips found; {} file(s) skipped: not a known video extension such as .mp4 "
                "or .mkv",
                arguments.front(), skipped);
  }
  return skipped;
}

}  // namespace lido::ingest
