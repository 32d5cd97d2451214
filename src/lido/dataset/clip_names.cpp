// SPDX-License-Identifier: Apache-2.0
#include "lido/dataset/clip_names.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <filesystem>
#include <utility>

#include "lido/base/counted.h"
#include "lido/base/nearest.h"
#include "lido/base/utf8.h"
#include "lido/dataset/csv.h"

namespace lido::dataset {
namespace {

std::string_view last_part(std::string_view name) {
  return name.substr(name.rfind('/') + 1);  // npos + 1 is 0
}

/// Returns a name as tables have it: "a.mp4" for "./a.mp4", "/pool/a.mp4" for "file:///pool/a.mp4".
std::string plain_name(std::string_view name) {
  constexpr std::string_view kFileScheme = "file://";
  if (name.starts_with(kFileScheme)) name.remove_prefix(kFileScheme.size());
  if (name.contains("://")) return std::string(name);  // names in a bucket are any text
  return std::filesystem::path(name).lexically_normal().string();
}

}  // namespace

void ClipNames::request(std::string_view name) {
  std::string plain = plain_name(name);
  std::vector<Request>& requests = requests_[nfc(plain)];
  if (std::ranges::find(requests, plain, &Request::name) == requests.end())
    requests.push_back({.name = std::move(plain), .clip = {}, .other = {}});
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
  const std::string plain = plain_name(name);
  const auto found = requests_.find(nfc(plain));
  const Request* request = nullptr;
  if (found != requests_.end()) {
    const auto same = std::ranges::find(found->second, plain, &Request::name);
    if (same != found->second.end()) request = &*same;
  }
  if (request == nullptr || request->match == Match::kNone)
    return fail(ErrorCode::kNotFound, "no clip named {}, got {}", in_quotes(name),
                counted(clips_, "other clip"));
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

Result<std::string> advice_on_name(const Dataset& dataset, int generation, std::string_view name) {
  NearestWords near(last_part(name));
  LIDO_TRY(dataset.visit<ClipRow>(generation, [&](const ClipRow& row) -> Result<void> {
    near.add(last_part(row.clip));
    for (const std::string& copy : row.copies) near.add(last_part(copy));
    return {};
  }));
  const std::string meant =
      near.best().empty() ? "" : fmt::format("Did you mean {}? ", fmt::join(near.best(), " or "));
  return fmt::format("{}lido inspect {} --clips lists the clips.", meant, dataset.store().uri());
}

}  // namespace lido::dataset
