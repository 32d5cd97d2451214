// SPDX-License-Identifier: Apache-2.0
#include "lido/ingest/inputs.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <optional>
#include <set>
#include <string_view>

#include "lido/base/counted.h"
#include "lido/base/utf8.h"
#include "lido/dataset/csv.h"
#include "lido/ingest/system_files.h"
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

std::string_view last_name(std::string_view uri) { return uri.substr(uri.rfind('/') + 1); }

/// Returns a clip. Its name is escaped, and the clip unusable, if the name is not UTF-8.
FoundClip clip_of(const storage::Entry& entry) {
  FoundClip found{.input = {.uri = escape_bytes(entry.uri),
                            .bytes = entry.size,
                            .modified_ns = entry.modified_ns},
                  .file_id = entry.file_id,
                  .is_link = entry.is_link};
  if (found.input.uri != entry.uri)
    found.input.unusable = "the name is not UTF-8, want UTF-8. Rename the file or its folder.";
  return found;
}

/// The clip in one row of a list.
/// @param folder  Where relative clips are, with a trailing '/'.
Result<FoundClip> clip_in_row(const dataset::TextTable& table, size_t row,
                              const std::string& folder) {
  const std::string name(table.cell("clip", row));
  if (name.empty()) return fail(ErrorCode::kInvalidArgument, "clip is empty, want a path or URI");
  const bool is_absolute = name.starts_with('/') || name.find("://") != std::string::npos;
  FoundClip found = clip_of(LIDO_TRY(storage::find_entry(is_absolute ? name : folder + name)));
  part::ClipInput& clip = found.input;
  clip.group = table.cell("group", row);
  clip.site = table.cell("site", row);
  clip.camera = table.cell("camera", row);
  if (const auto start = table.cell("start_utc", row); !start.empty()) {
    const auto parsed = dataset::parse_utc(start);
    if (!parsed) return with_context("start_utc", parsed.error());
    clip.start_utc = *parsed;
  }
  return found;
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
    const std::string place = fmt::format("{}: {}", uri, table->place(row));
    const auto clip = clip_in_row(*table, row, folder);
    if (!clip) return with_context(place, clip.error());
    if (const auto taken = on_clip(*clip); !taken) return with_context(place, taken.error());
  }
  return static_cast<int64_t>(table->rows);
}

/// The search for clips.
class Search {
 public:
  explicit Search(const OnClip& on_clip) : on_clip_(on_clip) {}

  Result<void> visit(const std::string& argument) {
    const std::string absolute = storage::absolute(argument);
    std::optional<std::string> list;
    const auto on_entry = [&](const storage::Entry& entry) -> Result<void> {
      const bool is_argument = entry.uri == absolute;
      if (is_argument && is_list(entry.uri)) {
        list = entry.uri;
        return {};
      }
      if (!is_argument && is_in_system_folder(entry.uri, absolute)) return {};
      const bool is_taken = is_argument || has_video_extension(entry.uri);
      ++(is_taken ? clips_ : notes_.other_files);
      return is_taken ? on_clip_(clip_of(entry)) : Result<void>();
    };
    const auto skips = [&](const std::string& folder) {
      return is_in_system_folder(folder, absolute);
    };
    const auto on_omission = [&](const storage::Omission& omission) { add(omission); };
    LIDO_TRY(storage::visit(argument, on_entry, {.skips = skips, .on_omission = on_omission}));
    if (list) clips_ += LIDO_TRY(visit_list(*list, on_clip_));
    return {};
  }

  int64_t clips() const { return clips_; }
  InputNotes& notes() { return notes_; }

 private:
  /// Returns whether a name below an argument is a system file's or in a system folder. Counts each
  /// such file and folder once.
  bool is_in_system_folder(const std::string& uri, const std::string& argument) {
    // Below a glob, names count from the folder before its first wildcard.
    const bool is_below = uri.starts_with(argument) && argument != "/";
    size_t end = is_below ? argument.size() : argument.rfind('/', argument.find_first_of("*?["));
    while (end != std::string::npos && end < uri.size()) {
      const size_t begin = end + 1;
      end = uri.find('/', begin);
      if (!is_system_file(std::string_view(uri).substr(begin, end - begin))) continue;
      const std::string item = uri.substr(0, end);
      const bool is_file = end == std::string::npos;
      if (is_file || system_folders_.insert(item).second) notes_.system_files.add(item);
      return true;
    }
    return false;
  }

  void add(const storage::Omission& omission) {
    using Kind = storage::Omission::Kind;
    const bool is_video = has_video_extension(omission.uri);
    if (omission.kind == Kind::kSameFolder) {
      notes_.repeated.add(omission.error.message);
    } else if (omission.kind == Kind::kUnreadable ||
               (omission.kind == Kind::kBrokenLink && is_video)) {
      notes_.unreadable.add(omission.error.message);
    } else if (is_video) {
      notes_.special.add(omission.error.message);
    } else {
      ++notes_.other_files;
    }
  }

  const OnClip& on_clip_;
  int64_t clips_ = 0;
  InputNotes notes_;
  std::set<std::string> system_folders_;  // that are counted already
};

}  // namespace

bool has_description(const part::ClipInput& clip) {
  return !clip.group.empty() || !clip.site.empty() || !clip.camera.empty() || clip.start_utc;
}

std::optional<FieldDifference> find_difference(const part::ClipInput& first,
                                               const part::ClipInput& second) {
  const auto time = [](const part::ClipInput& clip) {
    return clip.start_utc ? dataset::to_string(*clip.start_utc) : std::string();
  };
  for (const FieldDifference& field : {FieldDifference{"group", first.group, second.group},
                                       FieldDifference{"site", first.site, second.site},
                                       FieldDifference{"camera", first.camera, second.camera},
                                       FieldDifference{"start_utc", time(first), time(second)}}) {
    if (field.first != field.second) return field;
  }
  return std::nullopt;
}

std::string names_of(const NamedItems& items) {
  return fmt::format("{}{}", fmt::join(items.first, "; "),
                     items.count > std::ssize(items.first) ? "; ..." : "");
}

void NamedItems::add(std::string_view name) {
  *this += NamedItems{.count = 1, .first = {escape_bytes(name)}};
}

NamedItems& NamedItems::operator+=(const NamedItems& other) {
  constexpr size_t kMaxNames = 3;
  count += other.count;
  first.insert(first.end(), other.first.begin(), other.first.end());
  std::ranges::sort(first);
  first.resize(std::min(first.size(), kMaxNames));
  return *this;
}

std::vector<std::string> warnings(const InputNotes& notes) {
  std::vector<std::string> lines;
  const auto add = [&](const NamedItems& items, std::string_view one, std::string_view several,
                       std::string_view what) {
    if (items.count > 0)
      lines.push_back(
          fmt::format("{} {}: {}", counted(items.count, one, several), what, names_of(items)));
  };
  add(notes.unreadable, "unreadable file or folder", "unreadable files or folders", "left out");
  add(notes.special, "pipe, socket or device", "pipes, sockets or devices", "skipped");
  add(notes.system_files, "system file or folder", "system files or folders",
      "skipped, such as trash and snapshots");
  add(notes.repeated, "clip or folder", "clips or folders", "named more than once, read once");
  return lines;
}

Result<InputNotes> find_inputs(const std::vector<std::string>& arguments, const OnClip& on_clip) {
  if (arguments.empty()) {
    return fail(ErrorCode::kInvalidArgument,
                "no clips given, want files, folders, gs:// or s3:// prefixes");
  }
  Search search(on_clip);
  for (const std::string& argument : arguments) {
    const std::string absolute = storage::absolute(argument);
    if (arguments.size() > 1 && is_system_file(last_name(absolute)))
      search.notes().system_files.add(absolute);
    else
      LIDO_TRY(search.visit(argument));
  }
  if (search.clips() > 0) return std::move(search.notes());
  const InputNotes& notes = search.notes();
  if (notes.unreadable.count > 0)
    return fail(ErrorCode::kInvalidArgument, "{}", notes.unreadable.first.front());
  if (notes.other_files + notes.system_files.count == 0)
    return fail(ErrorCode::kNotFound, "{}: no files found, want clips", arguments.front());
  return fail(ErrorCode::kNotFound,
              "{}: no clips found; {} skipped: not a known video extension such as .mp4 "
              "or .mkv{}",
              arguments.front(), counted(notes.other_files, "file"),
              notes.system_files.count > 0
                  ? fmt::format("; {} skipped: {}",
                                counted(notes.system_files.count, "system file or folder",
                                        "system files or folders"),
                                names_of(notes.system_files))
                  : "");
}

}  // namespace lido::ingest
