// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>
#include <vector>

#include "lido/dataset/sample_tables.h"
#include "lido/ingest/ingest.h"

namespace lido::cli {

/// Lines about rejected clips: their number, and the first three with their reasons.
/// @param rejected  The last rows are those of this run.
/// @param count     Clips that this run rejected.
/// @param out       The dataset, for the command that lists the rest.
std::vector<std::string> rejected_lines(const std::vector<dataset::RejectedRow>& rejected,
                                        int64_t count, const std::string& out);

/// Lines about the splits' sizes, with a warning where one is empty.
/// @param samples  Of the whole dataset, by split.
/// @param groups   Number of groups of clips.
/// @param shares   The option `split`, like "80/10/10".
std::vector<std::string> split_lines(const std::map<std::string, int64_t>& samples, size_t groups,
                                     const std::string& shares);

/// Prints both for a dataset after a run; prints nothing when the dataset cannot be read.
void print_outcome(const ingest::Request& request, const ingest::Summary& summary);

}  // namespace lido::cli
