// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "lido/learn/plan.h"
#include "lido/learn/step_source.h"

namespace lido::learn {

/// Opens a split of a run's data.
/// @param split     train or val.
/// @param position  Text of position(); empty: the start of epoch 0.
/// @return kInvalidArgument for a position in other data; errors of loader::Loader::open().
Result<std::unique_ptr<StepSource>> open_source(const Plan& plan, const std::string& split,
                                                std::string_view position = {});

}  // namespace lido::learn
