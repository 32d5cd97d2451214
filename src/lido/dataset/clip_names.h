// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "lido/base/result.h"

namespace lido::dataset {

/// Finds clips by their full name or by its last parts, in one pass over all clips: request() all
/// names, then add_clip() all clips, then find(). Memory is bounded by the names. Not thread-safe.
class ClipNames {
 public:
  /// A clip that was found.
  struct Clip {
    std::string name;       ///< Full path or URI.
    double source_fps = 0;  ///< Average frame rate, frames a second; 0 if unknown.
  };

  /// Adds a name to be found: a full path or URI, or its last parts ("deep/a.mkv").
  void request(std::string_view name) { requests_.try_emplace(std::string(name)); }

  /// Compares a clip with the requested names. @param clip  Full path or URI.
  void add_clip(std::string_view clip, double source_fps = 0);

  /// Returns the clip of a requested name.
  /// @return kNotFound; kInvalidArgument if several clips end in the name.
  Result<Clip> find(std::string_view name) const;

 private:
  struct Request {
    Clip clip;
    bool is_full_name = false;
    std::string other;  ///< Another clip that ends in the name; empty for none.
  };

  void compare(std::string_view name, std::string_view clip, double source_fps);

  std::map<std::string, Request, std::less<>> requests_;
  int64_t clips_ = 0;
};

}  // namespace lido::dataset
