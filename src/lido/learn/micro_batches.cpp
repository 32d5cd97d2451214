// SPDX-License-Identifier: Apache-2.0
#include "lido/learn/micro_batches.h"

#include <algorithm>

#include "lido/learn/open_source.h"

namespace lido::learn {

Result<MicroBatches> MicroBatches::open(const Plan& plan, const loader::Share& worker,
                                        std::string_view position) {
  const auto& options = plan.config.options;
  const auto count = static_cast<int>(options.micro_batches);
  int64_t threads = 0;
  if (count > 1) {
    const int64_t own = (count - worker.rank + worker.workers - 1) / worker.workers;
    threads = std::max<int64_t>(1, options.threads / own);
  }
  std::vector<std::unique_ptr<StepSource>> sources;
  for (int number = worker.rank; number < count; number += worker.workers) {
    sources.push_back(LIDO_TRY(open_source(
        plan, "train", {.share = {number, count}, .position = position, .threads = threads})));
  }
  return MicroBatches(std::move(sources));
}

Result<std::vector<std::optional<StepSamples>>> MicroBatches::next(int64_t epoch) {
  std::vector<std::optional<StepSamples>> batches(sources_.size());
  for (size_t i = 0; i < sources_.size(); ++i) {
    // A source returns no value once at the end of each epoch; no share is empty.
    while (!waiting_[i]) waiting_[i] = LIDO_TRY(sources_[i]->next());
    if (waiting_[i]->epoch == epoch) batches[i] = std::exchange(waiting_[i], std::nullopt);
  }
  return batches;
}

}  // namespace lido::learn
