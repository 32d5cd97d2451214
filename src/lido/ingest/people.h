// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <stop_token>
#include <string>

#include "lido/dataset/dataset.h"
#include "lido/ingest/book.h"
#include "lido/ingest/scene.h"

namespace lido::ingest {

/// Follows what the spans of the book's clips saw, each clip in one piece, and writes the tables of
/// a scene folder, views and background plates with them. Where people are wanted as samples, adds
/// to each clip a part with them.
/// @return kCorrupt when a scene file changed since it was made, kCancelled.
Result<void> follow_clips(const dataset::Dataset& dataset, Book& book,
                          const SampleOptions& sampling, const JobOptions& job,
                          const scene::Detector& detector, const std::string& folder,
                          const std::stop_token& stop);

}  // namespace lido::ingest
