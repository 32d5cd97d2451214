// SPDX-License-Identifier: Apache-2.0
#include "footage_request.h"

#include "lido/dataset/clip_time.h"
#include "lido/dataset/csv.h"

namespace lido::cli {
namespace {

constexpr int64_t kMaxListBytes = int64_t{1} << 30;

Result<dataset::Stretch> stretch_of(const std::string& clip, std::string_view time) {
  const auto range = LIDO_TRY(dataset::parse_time_range(time));
  return dataset::Stretch{clip, range.start_s, range.end_s};
}

/// Reads a list: CSV or Parquet with the columns clip and time.
Result<std::vector<dataset::Stretch>> read_list(const std::string& file) {
  const auto reader = LIDO_TRY(storage::open_reader(file));
  const std::string bytes = LIDO_TRY(storage::read_all(*reader, kMaxListBytes));
  const auto table = dataset::parse_table(bytes, {"clip", "time"}, {});
  if (!table) return with_context(file, table.error());
  std::vector<dataset::Stretch> stretches;
  for (size_t row = 0; row < table->rows; ++row) {
    const std::string clip(table->cell("clip", row));
    if (clip.empty())
      return fail(ErrorCode::kInvalidArgument, "{}: {}: clip is empty, want a name", file,
                  table->place(row));
    const auto stretch = stretch_of(clip, table->cell("time", row));
    if (!stretch)
      return with_context(fmt::format("{}: {}: time", file, table->place(row)), stretch.error());
    stretches.push_back(*stretch);
  }
  if (stretches.empty())
    return fail(ErrorCode::kInvalidArgument, "{}: no rows, want at least one clip and time", file);
  return stretches;
}

}  // namespace

void add_footage_flags(CLI::App& command, FootageFlags& flags, const std::string& purpose) {
  command.add_option("--clip", flags.clip,
                     "Clip with the footage: its full path or URI, or its last parts");
  command.add_option("--time", flags.time,
                     "Footage to " + purpose +
                         ": START-END after the clip's first frame, in seconds or h:mm:ss; START- "
                         "to the clip's end; or all. A sample that overlaps it counts as a whole");
  command.add_option("--list", flags.list,
                     "Many clips and times: a .csv or .parquet file with the columns clip and "
                     "time, in place of --clip and --time");
}

Result<std::vector<dataset::Stretch>> stretches_of(const FootageFlags& flags) {
  const bool is_one = !flags.clip.empty() && !flags.time.empty() && flags.list.empty();
  const bool is_list = !flags.list.empty() && flags.clip.empty() && flags.time.empty();
  if (is_list) return read_list(flags.list);
  if (!flags.list.empty())
    return fail(ErrorCode::kInvalidArgument,
                "--list: got {} too, want --list alone, or --clip with --time",
                flags.clip.empty() ? "--time" : "--clip");
  if (flags.clip.empty() && flags.time.empty())
    return fail(ErrorCode::kInvalidArgument,
                "--clip is missing, want --clip and --time, or --list or --leftovers alone");
  if (!is_one)
    return fail(ErrorCode::kInvalidArgument, "{} is missing, want {}",
                flags.clip.empty() ? "--clip" : "--time",
                flags.clip.empty()
                    ? "the name of a clip beside --time"
                    : "START-END in seconds or h:mm:ss, START- or all, beside --clip");
  auto stretch = stretch_of(flags.clip, flags.time);
  if (!stretch) return with_context("--time", stretch.error());
  return std::vector{*stretch};
}

}  // namespace lido::cli
