// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string>

#include "lido/dataset/model_tables.h"
#include "lido/model/bundle.h"

namespace lido::learn {

/// Returns the page of a run: curves of loss and validation, and for each task of the best model
/// figures by class, the confusion, and calibration. Pure.
/// @param model    The best model so far.
/// @param metrics  All figures of the run so far.
std::string run_report(const model::Model& model, std::span<const dataset::MetricRow> metrics);

}  // namespace lido::learn
