// SPDX-License-Identifier: Apache-2.0
#include "lido/ingest/inputs.h"

#include <algorithm>
#include <array>
#include <optional>
#include <string_view>

#include "lido/dataset/csv.h"
#include "lido/ingest/book.h"
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

/// Adds the clips of a list. @return How many.
Result<int64_t> add_list(const std::string& uri, Book& book) {
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
    LIDO_TRY(book.add(clip));
  }
  return static_cast<int64_t>(table->rows);
}

}  // namespace

Result<int64_t> find_inputs(const std::vector<std::string>& arguments, Book& book) {
  if (arguments.empty())
    return fail(ErrorCode::kInvalidArgument,
                "no clips given, want files, folders, gs:// or s3:// prefixes");
  int64_t clips = 0, ignored = 0;
  for (const std::string& argument : arguments) {
    const std::string whole = storage::absolute(argument);
    std::optional<std::string> list;
    LIDO_TRY(storage::visit(argument, [&](const storage::Entry& entry) -> Result<void> {
      const bool named_outright = entry.uri == whole;
      if (named_outright && is_list(entry.uri)) {
        list = entry.uri;
        return {};
      }
      const bool taken = named_outright || ends_like_a_video(entry.uri);
      ++(taken ? clips : ignored);
      if (!taken) return {};
      return book.add({.uri = entry.uri, .bytes = entry.size});
    }));
    if (list) clips += LIDO_TRY(add_list(*list, book));
  }
  if (clips == 0) {
    return fail(
        ErrorCode::kNotFound,
        "no clips found in {} ({} file(s) do not end like a video, .mp4 or .mkv for example)",
        arguments.front(), ignored);
  }
  return ignored;
}

}  // namespace lido::ingest
