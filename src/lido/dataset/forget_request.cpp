// SPDX-License-Identifier: Apache-2.0
#include "lido/dataset/forget_request.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <optional>
#include <set>

#include "lido/base/counted.h"
#include "lido/dataset/clip_names.h"
#include "lido/dataset/clip_time.h"
#include "lido/dataset/fingerprint.h"
#include "lido/dataset/stored_files.h"

namespace lido::dataset {
namespace {

/// Names listed in a message, at most.
constexpr size_t kMaxNames = 5;

/// Computes the hash of a file's bytes. @return No value when the file cannot be read, or has
/// another fingerprint than it had.
std::optional<std::string> hash_of(const std::string& uri, const std::string& fingerprint) {
  const auto reader = storage::open_reader(uri);
  if (!reader) return std::nullopt;
  const auto print = fingerprint_of(**reader);
  if (!print || (print->pieces != fingerprint && print->ends != fingerprint)) return std::nullopt;
  const auto hash = hash_all(**reader);
  return hash ? std::optional(*hash) : std::nullopt;
}

/// Returns whether two files with one fingerprint differ all the same, as recordings of a recorder
/// that preallocates may. False where one of them cannot be read any more.
/// @param bytes  Their size.
bool surely_differ(const std::string& uri, const std::string& other, const std::string& fingerprint,
                   int64_t bytes) {
  if (is_whole(bytes)) return false;
  const auto hash = hash_of(uri, fingerprint);
  if (!hash) return false;
  const auto others = hash_of(other, fingerprint);
  return others && *hash != *others;
}

/// Adds a record for a clip that no generation has, such as one of an ingest that did not end: it
/// is known by its file from now on.
/// @param unknown  Error of the search by name, returned when there is no such file.
/// @return kInvalidArgument when a clip of the generation has the same content.
Result<void> add_record_of_file(const Dataset& dataset, int generation, const Stretch& stretch,
                                const Error& unknown, ResolvedRequest& resolved) {
  const std::string uri = storage::absolute(stretch.clip);
  const auto reader = storage::open_reader(uri);
  if (!reader && reader.error().code != ErrorCode::kNotFound)
    return std::unexpected(reader.error());
  if (!reader) {
    const int64_t unfinished = LIDO_TRY(count_unfinished(dataset.store()));
    const std::string advice = LIDO_TRY(advice_on_name(dataset, generation, stretch.clip));
    return fail(ErrorCode::kNotFound, "{}, and no such file. {}{}", unknown.message, advice,
                unfinished == 0 ? ""
                                : " Files of an ingest that did not end may hold it: remove them "
                                  "with --leftovers.");
  }
  const Fingerprint print = LIDO_TRY(fingerprint_of(**reader));
  LIDO_TRY(dataset.visit<ClipRow>(generation, [&](const ClipRow& row) -> Result<void> {
    if (row.fingerprint != print.pieces && row.fingerprint != print.ends) return {};
    if (surely_differ(uri, row.clip, row.fingerprint, (*reader)->size())) return {};
    return fail(ErrorCode::kInvalidArgument,
                "{}: the dataset has this content as {}, want that name", uri, row.clip);
  }));
  resolved.records.push_back({.clip = uri,
                              .start_s = stretch.start_s,
                              .end_s = stretch.end_s,
                              .fingerprint = print.pieces,
                              .done = false});
  resolved.notes.push_back(
      fmt::format("{}: no generation has this clip; later ingests leave its footage out", uri));
  return {};
}

/// Finds the full names of clips, or of copies of clips; kNotFound for those that no generation
/// has.
Result<std::vector<Result<std::string>>> full_names(const Dataset& dataset, int generation,
                                                    const std::vector<Stretch>& stretches) {
  ClipNames names;
  for (const Stretch& stretch : stretches) names.request(stretch.clip);
  LIDO_TRY(dataset.visit<ClipRow>(generation, [&](const ClipRow& row) -> Result<void> {
    names.add_clip(row.clip);
    for (const std::string& copy : row.copies) names.add_clip(copy);
    return {};
  }));
  std::vector<Result<std::string>> found;
  for (const Stretch& stretch : stretches) {
    const auto clip = names.find(stretch.clip);
    if (clip) {
      found.emplace_back(clip->name);
      continue;
    }
    found.emplace_back(with_context(dataset.store().uri(), clip.error()));
    if (clip.error().code != ErrorCode::kNotFound) return std::unexpected(found.back().error());
  }
  return found;
}

/// The clips of the dataset that a request is about.
struct NamedClips {
  std::map<std::string, ClipRow> by_name;  ///< By the name of the clip, or of its copy.
  std::map<std::string, std::vector<std::string>> by_fingerprint;  ///< All clips with one.
};

Result<NamedClips> read_clips(const Dataset& dataset, int generation,
                              const std::vector<Result<std::string>>& names) {
  std::set<std::string> wanted;
  for (const auto& name : names) {
    if (name) wanted.insert(*name);
  }
  NamedClips clips;
  LIDO_TRY(dataset.visit<ClipRow>(generation, [&](const ClipRow& row) -> Result<void> {
    if (wanted.contains(row.clip)) clips.by_name[row.clip] = row;
    for (const std::string& copy : row.copies) {
      if (wanted.contains(copy)) clips.by_name.try_emplace(copy, row);
    }
    return {};
  }));
  for (const auto& [name, row] : clips.by_name) {
    if (!row.fingerprint.empty()) clips.by_fingerprint[row.fingerprint];
  }
  LIDO_TRY(dataset.visit<ClipRow>(generation, [&](const ClipRow& row) -> Result<void> {
    const auto found = clips.by_fingerprint.find(row.fingerprint);
    if (found != clips.by_fingerprint.end()) found->second.push_back(row.clip);
    return {};
  }));
  return clips;
}

double end_of(const ClipRow& row) { return clip_end_s(row.duration_s, row.source_fps); }

/// Refuses a stretch that is none, or starts after the clip.
Result<void> check_stretch(const Stretch& stretch, const ClipRow& row) {
  if (row.frames == 0 || stretch.start_s < end_of(row)) return {};
  return fail(ErrorCode::kInvalidArgument,
              "{}: starts at {}, but the clip ends at {}. Give a time inside the clip.", row.clip,
              clock_text(stretch.start_s), clock_text(end_of(row)));
}

std::string listed(const std::vector<std::string>& names) {
  const size_t shown = std::min(names.size(), kMaxNames);
  std::string text = fmt::format("{}", fmt::join(names.begin(), names.begin() + shown, ", "));
  if (shown < names.size()) text += fmt::format(" and {} more", names.size() - shown);
  return text;
}

/// Adds the records of one stretch.
Result<void> add_records(const Stretch& stretch, const std::string& name, const ClipRow& row,
                         const std::vector<std::string>& same, CopyChoice choice,
                         ResolvedRequest& resolved) {
  if (name != row.clip)
    resolved.notes.push_back(fmt::format("{}: a copy of {}, which is removed", name, row.clip));
  if (std::isfinite(stretch.end_s) && row.frames > 0 && stretch.end_s > end_of(row))
    resolved.notes.push_back(
        fmt::format("{}: the clip ends at {}", row.clip, clock_text(end_of(row))));
  std::vector<std::string> others = same;
  std::erase_if(others, [&](const std::string& other) {
    return other == row.clip || surely_differ(row.clip, other, row.fingerprint, row.bytes);
  });
  if (!others.empty() && choice == CopyChoice::kAsk) {
    return fail(ErrorCode::kInvalidArgument,
                "{}: the dataset has {} with the same content: {}. Give --copies to "
                "remove the stretch from all of them, or --only-this.",
                row.clip, counted(others.size(), "more clip"), listed(others));
  }
  const auto add = [&](const std::string& clip) {
    resolved.records.push_back({.clip = clip,
                                .start_s = stretch.start_s,
                                .end_s = stretch.end_s,
                                .fingerprint = row.fingerprint,
                                .done = false});
  };
  add(row.clip);
  if (choice == CopyChoice::kAll) std::ranges::for_each(others, add);
  return {};
}

}  // namespace

Result<ResolvedRequest> resolve_request(const Dataset& dataset, int generation,
                                        const ForgetRequest& request) {
  for (const Stretch& stretch : request.stretches) {
    if (stretch.start_s >= 0 && stretch.end_s > stretch.start_s) continue;
    return fail(ErrorCode::kInvalidArgument, "{}: from {} s to {} s, want 0 <= start < end",
                stretch.clip, stretch.start_s, stretch.end_s);
  }
  const auto names = LIDO_TRY(full_names(dataset, generation, request.stretches));
  const NamedClips clips = LIDO_TRY(read_clips(dataset, generation, names));
  ResolvedRequest resolved;
  for (size_t i = 0; i < names.size(); ++i) {
    const Stretch& stretch = request.stretches[i];
    if (!names[i]) {
      LIDO_TRY(add_record_of_file(dataset, generation, stretch, names[i].error(), resolved));
      continue;
    }
    const ClipRow& row = clips.by_name.at(*names[i]);
    LIDO_TRY(check_stretch(stretch, row));
    const auto same = clips.by_fingerprint.find(row.fingerprint);
    LIDO_TRY(
        add_records(stretch, *names[i], row,
                    same == clips.by_fingerprint.end() ? std::vector<std::string>() : same->second,
                    request.copies, resolved));
  }
  return resolved;
}

}  // namespace lido::dataset
