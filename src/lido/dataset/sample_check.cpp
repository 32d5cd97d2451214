// SPDX-License-Identifier: Apache-2.0
#include "lido/dataset/sample_check.h"

#include <fmt/ranges.h>

#include "lido/base/counted.h"

namespace lido::dataset {
namespace {

constexpr size_t kMaxDamagedNamed = 3;

}  // namespace

Result<void> SampleCheck::read(const Dataset& dataset, const SampleRow& row) {
  LIDO_TRY(storage::check_name(dataset.store().uri(), row.shard));
  ++samples_;
  const auto frames = dataset.read_frames(row);
  if (frames) return {};
  const Error& error = frames.error();
  // kNotFound: the shard is gone.
  if (error.code != ErrorCode::kCorrupt && error.code != ErrorCode::kNotFound)
    return std::unexpected(error);
  ++damaged_;
  shards_.insert(row.shard);
  if (first_.size() >= kMaxDamagedNamed) return {};
  const std::string sample = fmt::format("{}: sample {}: ", row.shard, row.sample);
  first_.push_back(error.message.starts_with(sample) ? error.message : sample + error.message);
  return {};
}

std::string SampleCheck::warning() const {
  if (damaged_ == 0) return {};
  return fmt::format(
      "{} of {} {} damaged, in {}; the first: {}{} Copy the shard from a backup, or ingest the "
      "clips into a new dataset.",
      damaged_, counted(samples_, "sample"), damaged_ == 1 ? "is" : "are",
      counted(std::ssize(shards_), "shard"), fmt::join(first_, "; "),
      damaged_ > std::ssize(first_) ? "; ..." : ".");
}

}  // namespace lido::dataset
