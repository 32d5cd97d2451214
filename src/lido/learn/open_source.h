// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "lido/learn/plan.h"
#include "lido/learn/step_source.h"

namespace lido::learn {

/// How a source reads its split.
struct SourceOptions {
  loader::Share share;        ///< The micro-batch, of how many.
  std::string_view position;  ///< Text of position(); empty: the start of epoch 0.
  int64_t threads = 0;        ///< Threads that read ahead; 0: the loader's default.
};

/// Opens a split of a run's data.
/// @param split  train or val.
/// @return kInvalidArgument for a position in other data; errors of loader::Loader::open().
Result<std::unique_ptr<StepSource>> open_source(const Plan& plan, const std::string& split,
                                                const SourceOptions& source = {});

}  // namespace lido::learn
