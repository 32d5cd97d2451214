// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "lido/base/result.h"
#include "lido/dataset/sample_tables.h"
#include "lido/media/probe.h"

namespace lido::part {

/// Folder of part files, relative to the dataset.
inline constexpr std::string_view kPartsFolder = ".work/parts";

/// A clip to read, with its origin where known.
struct ClipInput {
  std::string uri;                            ///< Absolute path or URI.
  int64_t bytes = 0;                          ///< Size of the file.
  std::string group;                          ///< Event; empty when the clip is its own group.
  std::string site;                           ///< Pool; empty when unknown.
  std::string camera;                         ///< Camera; empty when unknown.
  std::optional<dataset::UtcTime> start_utc;  ///< Time of the first frame; empty when unknown.
  std::string fingerprint;  ///< dataset::Fingerprint::pieces; empty when not read.
  int64_t modified_ns = 0;  ///< Time of the file's last change, ns since 1970; 0 when unknown.
  std::string unusable;     ///< Why the clip is not read, for a reason outside it; empty for none.

  /// The group, or the URI of a clip that is its own group.
  const std::string& group_name() const { return group.empty() ? uri : group; }
};

/// The piece of a clip that one worker reads. A sample belongs to the span it starts in.
struct Span {
  std::optional<media::RandomAccess> from;  ///< Where decoding starts; empty for the clip's start.
  std::optional<int64_t> start_pts;  ///< PTS of sampling time 0; empty until decoding finds it.
  int64_t first_k = 0;               ///< First sampling time.
  int64_t end_k = INT64_MAX;         ///< One past the last; INT64_MAX for the end of the clip.
};

/// A span to read, and the name of the part file to make from it.
struct SpanTask {
  std::string part;  ///< Relative to the dataset, in kPartsFolder.
  ClipInput clip;
  media::ClipInfo info;
  Span span;
  std::string labels;  ///< dataset::LabelShape of what the span reads, as text; empty for none.
};

/// The task as one line of JSON, for a worker in another process.
std::string to_text(const SpanTask& task);
/// Reads what to_text wrote.
/// @return kInvalidArgument when the text does not parse or its part is outside kPartsFolder.
Result<SpanTask> parse_span_task(std::string_view text);

}  // namespace lido::part
