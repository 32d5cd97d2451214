// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstdint>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "lido/dataset/dataset.h"

namespace lido::dataset {

/// Counters of a transfer that runs.
struct TransferProgress {
  std::atomic<int64_t> files = 0;
  std::atomic<int64_t> files_total = 0;
  std::atomic<int64_t> bytes = 0;
  std::atomic<int64_t> bytes_total = 0;
};

/// Result of a transfer.
struct TransferSummary {
  int64_t files = 0;                 ///< Files of the dataset, those copied earlier among them.
  int64_t bytes = 0;                 ///< Their size.
  int64_t copied_earlier = 0;        ///< Files that an interrupted transfer had copied.
  std::vector<std::string> foreign;  ///< Files that Lido did not write; they stay where they are.
};

/// Copies a dataset whole into an empty folder or prefix, all generations. Every file is read back
/// and compared by checksum. The copy is a dataset only when it is complete; an interrupted
/// transfer is resumed by the same call. Unfinished work is not copied.
/// @param workers  Files at a time; 0 is one per core.
/// @return kInvalidArgument when `to` holds anything else; kCorrupt when a file differs after it
/// was written; kUnavailable, kCancelled.
Result<TransferSummary> copy_dataset(const Dataset& from, storage::Store& to, int workers,
                                     TransferProgress& progress, const std::stop_token& stop);

/// Copies a dataset, and removes it from its old place once the copy is complete. A move that was
/// interrupted is resumed by the same call, or by finish_move() once the old place is empty.
/// @return As copy_dataset().
Result<TransferSummary> move_dataset(const Dataset& from, storage::Store& to, int workers,
                                     TransferProgress& progress, const std::stop_token& stop);

/// Returns what a copy or move would transfer, and checks that it could begin. Writes nothing.
/// @return As copy_dataset(); `copied_earlier` is not counted.
Result<TransferSummary> preview_transfer(const Dataset& from, storage::Store& to);

/// Ends a move that was interrupted after it had removed the last file of its source.
/// @param from  Path or URI of the source.
/// @return No value when `to` does not hold the whole copy of such a move; kUnavailable.
Result<std::optional<TransferSummary>> finish_move(std::string_view from, storage::Store& to);

}  // namespace lido::dataset
