// SPDX-License-Identifier: Apache-2.0
// Any text as a table of prices: what is read can be looked up, and costs something.
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "lido/cluster/price.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace lido::cluster;
  const std::string_view csv(reinterpret_cast<const char*>(data), size);
  const auto prices = PriceTable::parse(csv, "prices.csv");
  if (!prices) return 0;
  for (const char* sku : {"autopilot-vcpu", "autopilot-memory"}) {
    const auto price = prices->find(sku);
    if (price && !(std::isfinite((*price)->on_demand_usd) && (*price)->on_demand_usd >= 0))
      std::abort();
  }
  (void)check_dates(*prices, std::chrono::sys_days(std::chrono::days(20000)), 90);
  return 0;
}
