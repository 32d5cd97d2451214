// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "lido/base/result.h"

namespace lido::dataset {

/// Finds the clips that people name, by a path or its last parts, in one pass over all clips.
class ClipNames {
 public:
  struct Found {
    std::string clip;
    double source_fps = 0;  ///< Pictures a second; 0 if not known.
  };

  void want(std::string_view name) { named_.try_emplace(std::string(name)); }

  void take(std::string_view clip, double source_fps = 0);

  /// @param name One that was wanted before the clips were taken.
  /// @return kNotFound; kInvalidArgument where several clips end like it.
  Result<Found> find(std::string_view name) const;

 private:
  struct Named {
    Found found;
    bool whole = false;  ///< The name is the clip's whole one.
    std::string other;   ///< Another clip that ends like it.
  };

  void note(std::string_view name, std::string_view clip, double source_fps);

  std::map<std::string, Named, std::less<>> named_;
  int64_t clips_ = 0;
};

}  // namespace lido::dataset
