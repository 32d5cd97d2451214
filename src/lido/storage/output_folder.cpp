// SPDX-License-Identifier: Apache-2.0
#include "lido/storage/output_folder.h"

#include <fnmatch.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>

#include "lido/base/json_text.h"

namespace lido::storage {
namespace {

using Json = nlohmann::json;

/// Content of a marker.
struct Marker {
  std::string tool;
  std::vector<std::string> patterns;

  /// Returns whether the tool may have written a file, or begun to.
  bool includes(const std::string& name) const {
    if (name == kOutputMarker) return true;
    const size_t slash = name.rfind('/');
    const size_t at = slash == std::string::npos ? 0 : slash + 1;
    std::string committed = name;  // "a/.b.parquet.partial" is to become "a/b.parquet"
    constexpr std::string_view kPartial = ".partial";
    if (name[at] == '.' && name.ends_with(kPartial))
      committed = name.substr(0, at) + name.substr(at + 1, name.size() - at - 1 - kPartial.size());
    return std::ranges::any_of(patterns, [&](const std::string& pattern) {
      return ::fnmatch(pattern.c_str(), committed.c_str(), FNM_PATHNAME | FNM_PERIOD) == 0;
    });
  }
};

/// Reads the marker. @return No value for a folder without a marker, or one that does not parse.
Result<std::optional<Marker>> read_marker(Store& store) {
  const auto text = store.read_text(kOutputMarker, int64_t{1} << 20);
  if (!text && text.error().code == ErrorCode::kNotFound) return std::nullopt;
  if (!text) return std::unexpected(text.error());
  const Json json = Json::parse(*text, nullptr, false);
  try {
    return Marker{json.at("tool"), json.at("files")};
  } catch (const Json::exception&) {
    return std::nullopt;
  }
}

}  // namespace

Result<OutputFolder> OutputFolder::open(std::string_view uri, std::string tool,
                                        std::vector<std::string> patterns) {
  OutputFolder folder(LIDO_TRY(open_store(uri)), std::move(tool), std::move(patterns));
  LIDO_TRY(check_outside_datasets(uri));
  Store& store = *folder.store_;
  const auto marker = LIDO_TRY(read_marker(store));
  const size_t prefix = store.uri().size() + (store.uri() == "/" ? 0 : 1);
  // A full disk may have left the first file of all half written.
  const std::string half_marker = fmt::format(".{}.partial", kOutputMarker);
  std::string foreign;
  const auto visited = store.visit_raw([&](const Entry& entry) -> Result<void> {
    std::string name = entry.uri.substr(prefix);
    const bool is_own =
        (marker && marker->tool == folder.tool_ && marker->includes(name)) || name == half_marker;
    if (!is_own && (foreign.empty() || name < foreign)) foreign = name;
    if (is_own && name != kOutputMarker) folder.earlier_.push_back(std::move(name));
    return {};
  });
  if (!visited && visited.error().code != ErrorCode::kNotFound)
    return std::unexpected(visited.error());
  if (foreign.empty()) return folder;
  if (marker && marker->tool != folder.tool_)
    return fail(ErrorCode::kInvalidArgument, "{}: holds the output of {}. Give an empty folder.",
                store.uri(), marker->tool);
  return fail(ErrorCode::kInvalidArgument,
              "{}: holds {}, which {} did not write. Give an empty folder.", store.uri(), foreign,
              folder.tool_);
}

Result<void> OutputFolder::begin() {
  LIDO_TRY(store_->remove_each(earlier_));
  earlier_.clear();
  const Json marker = {{"lido", "output"}, {"tool", tool_}, {"files", patterns_}};
  return store_->write_text(kOutputMarker, json_text(marker, 2) + "\n");
}

Result<void> check_outside_datasets(std::string_view uri) {
  const std::string place = resolved(uri);
  const size_t root = is_remote(place) ? std::string_view("gs://").size() : 1;
  for (size_t slash = place.rfind('/'); slash != std::string::npos && slash >= root;
       slash = slash == 0 ? std::string::npos : place.rfind('/', slash - 1)) {
    const std::string parent = place.substr(0, slash);
    const auto store = open_store(parent);
    if (!store) continue;
    const auto is_dataset = (*store)->exists("lido.json");
    if (!is_dataset && is_dataset.error().code == ErrorCode::kUnavailable)
      return std::unexpected(is_dataset.error());
    if (is_dataset && *is_dataset) {
      return fail(ErrorCode::kInvalidArgument,
                  "{}: is inside the dataset {}. Give a place outside of it.", absolute(uri),
                  parent);
    }
  }
  return {};
}

}  // namespace lido::storage
