// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>
#include <vector>

#include "lido/ingest/ingest.h"

namespace lido::cli {

/// Lines about clips that were rejected, and about clips that broke and are kept except for gaps:
/// their numbers, and the first three of each with their reasons.
/// @param out  The dataset, for the command that lists the rest.
std::vector<std::string> fault_lines(const ingest::Summary& summary, const std::string& out);

/// Reason why new clips gave no sample, and what to do; empty if they gave some.
std::string no_sample_line(const ingest::Request& request, const ingest::Summary& summary);

/// Lines about the splits' sizes, with a warning where one is empty that was to have a share.
/// @param samples  Number of samples of the whole dataset, by split.
/// @param groups   Number of groups of clips.
/// @param shares   The option `split`, like "80/10/10".
std::vector<std::string> split_lines(const std::map<std::string, int64_t>& samples, size_t groups,
                                     const std::string& shares);

/// Prints the splits of a dataset after a run; prints nothing when the dataset cannot be read.
void print_splits(const ingest::Request& request, const ingest::Summary& summary);

}  // namespace lido::cli
