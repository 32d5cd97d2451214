// SPDX-License-Identifier: Apache-2.0
#include "lido/dataset/clip_names.h"

#include <algorithm>

#include "lido/base/utf8.h"
#include "lido/dataset/csv.h"

namespace lido::dataset {

void ClipNames::request(std::string_view name) {
  std::vector<Request>& requests = requests_[nfc(name)];
  if (std::ranges::find(requests, name, &Request::name) == requests.end())
    requests.push_back({.name = std::string(name), .clip = {}, .other = {}});
}

void ClipNames::add_clip(std::string_view clip) {
  ++clips_;
  const std::string composed = nfc(clip);
  compare(composed, clip);
  const std::string_view view = composed;
  for (size_t slash = view.find('/'); slash != std::string_view::npos;
       slash = view.find('/', slash + 1))
    compare(view.substr(slash + 1), clip);
}

Result<ClipNames::Clip> ClipNames::find(std::string_view name) const {
  const auto found = requests_.find(nfc(name));
  const Request* request = nullptr;
  if (found != requests_.end()) {
    const auto same = std::ranges::find(found->second, name, &Request::name);
    if (same != found->second.end()) request = &*same;
  }
  if (request == nullptr || request->match == Match::kNone)
    return fail(ErrorCode::kNotFound, "no clip named {}, got {} other clip(s)", in_quotes(name),
                clips_);
  if (!request->other.empty())
    return fail(ErrorCode::kInvalidArgument,
                "clip {} is ambiguous, got {} and {}. Give more of its path.", in_quotes(name),
                request->clip, request->other);
  return Clip{request->clip};
}

/// @param suffix  The composed spelling of the clip's name, or of its last parts.
void ClipNames::compare(std::string_view suffix, std::string_view clip) {
  const auto found = requests_.find(suffix);
  if (found == requests_.end()) return;
  for (Request& request : found->second) {
    const bool is_exact = clip.ends_with(request.name);
    const Match match = !is_exact                            ? Match::kOtherSpelling
                        : clip.size() == request.name.size() ? Match::kFullName
                                                             : Match::kLastParts;
    if (match > request.match) {
      request.match = match;
      request.clip = clip;
      request.other.clear();
    } else if (match == request.match && request.clip != clip && request.other.empty()) {
      request.other = clip;
    }
  }
}

}  // namespace lido::dataset
