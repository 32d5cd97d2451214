// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "lido/base/result.h"
#include "lido/dataset/dataset.h"

namespace lido::dataset {

/// Finds clips by their full name or by its last parts, in one pass over all clips: request() all
/// names, then add_clip() all clips, then find(). Memory is bounded by the names. Not thread-safe.
///
/// Composed and decomposed spellings of a name are equal ("é", or "e" with an accent, as macOS
/// stores names); a clip of exactly the requested spelling comes first.
class ClipNames {
 public:
  /// A clip that was found.
  struct Clip {
    std::string name;  ///< Full path or URI.
  };

  /// Adds a name to be found: a full path or URI, or its last parts ("deep/a.mkv", "./a.mkv").
  /// A path may have the scheme file://.
  void request(std::string_view name);

  /// Compares a clip with the requested names. @param clip  Full path or URI.
  void add_clip(std::string_view clip);

  /// Returns the clip of a requested name.
  /// @return kNotFound; kInvalidArgument if several clips end in the name.
  Result<Clip> find(std::string_view name) const;

 private:
  /// How well a clip matches a name; a better match replaces a worse one.
  enum class Match { kNone, kOtherSpelling, kLastParts, kFullName };
  struct Request {
    std::string name;  ///< Without file://, "." and "..".
    std::string clip;
    Match match = Match::kNone;
    std::string other;  ///< Another clip that matches as well; empty for none.
  };

  void compare(std::string_view suffix, std::string_view clip);

  std::map<std::string, std::vector<Request>, std::less<>> requests_;  // by nfc() of the name
  int64_t clips_ = 0;
};

/// Returns a user's next step when a generation has no clip of a name: "Did you mean a.mp4? lido
/// inspect URI --clips lists the clips." Reads the table of clips.
/// @param name  As ClipNames::request().
Result<std::string> advice_on_name(const Dataset& dataset, int generation, std::string_view name);

}  // namespace lido::dataset
