// SPDX-License-Identifier: Apache-2.0
#include "lido/dataset/clip_names.h"

namespace lido::dataset {

void ClipNames::take(std::string_view clip, double source_fps) {
  ++clips_;
  note(clip, clip, source_fps);
  for (size_t slash = clip.find('/'); slash != std::string_view::npos;
       slash = clip.find('/', slash + 1))
    note(clip.substr(slash + 1), clip, source_fps);
}

Result<ClipNames::Found> ClipNames::find(std::string_view name) const {
  const auto named = named_.find(name);
  if (named == named_.end() || named->second.found.clip.empty())
    return fail(ErrorCode::kNotFound, "no clip named \"{}\" among the {} there are", name, clips_);
  const auto& [found, whole, other] = named->second;
  if (!whole && !other.empty())
    return fail(ErrorCode::kInvalidArgument, "clip \"{}\" is {} and {}: give more of its path",
                name, found.clip, other);
  return found;
}

void ClipNames::note(std::string_view name, std::string_view clip, double source_fps) {
  const auto at = named_.find(name);
  if (at == named_.end() || at->second.whole) return;
  Named& named = at->second;
  const bool whole = name == clip;
  if (whole || named.found.clip.empty())
    named = {{std::string(clip), source_fps}, whole, {}};
  else if (named.other.empty())
    named.other = clip;
}

}  // namespace lido::dataset
