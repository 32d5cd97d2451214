// SPDX-License-Identifier: Apache-2.0
#include "lido/dataset/clip_names.h"

#include "lido/dataset/csv.h"

namespace lido::dataset {

void ClipNames::add_clip(std::string_view clip, double source_fps) {
  ++clips_;
  compare(clip, clip, source_fps);
  for (size_t slash = clip.find('/'); slash != std::string_view::npos;
       slash = clip.find('/', slash + 1))
    compare(clip.substr(slash + 1), clip, source_fps);
}

Result<ClipNames::Clip> ClipNames::find(std::string_view name) const {
  const auto found = requests_.find(name);
  if (found == requests_.end() || found->second.clip.name.empty())
    return fail(ErrorCode::kNotFound, "no clip named {}, got {} other clip(s)", in_quotes(name),
                clips_);
  const auto& [clip, is_full_name, other] = found->second;
  if (!is_full_name && !other.empty())
    return fail(ErrorCode::kInvalidArgument,
                "clip {} is ambiguous, got {} and {}. Give more of its path.", in_quotes(name),
                clip.name, other);
  return clip;
}

void ClipNames::compare(std::string_view name, std::string_view clip, double source_fps) {
  const auto found = requests_.find(name);
  if (found == requests_.end() || found->second.is_full_name) return;
  Request& request = found->second;
  const bool is_full_name = name == clip;
  if (is_full_name || request.clip.name.empty())
    request = {{std::string(clip), source_fps}, is_full_name, {}};
  else if (request.other.empty())
    request.other = clip;
}

}  // namespace lido::dataset
