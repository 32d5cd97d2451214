// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <string>

#include "cli.h"
#include "lido/cluster/price.h"
#include "lido/cluster/values.h"

namespace lido::cli {

/// A values file over the chart's defaults.
Result<cluster::Values> read_values(const std::string& file);

struct PriceFlags {
  std::string file;
  double max_age_days = 180;
};
void add_price_flags(CLI::App& command, PriceFlags& flags);
/// A price table; Lido's own when `file` is empty.
Result<cluster::PriceTable> read_prices(const std::string& file);
/// Prices drift; a bill that is estimated from old ones surprises.
/// @return kInvalidArgument when one that was used until now is older.
Result<void> refuse_old(const cluster::PriceTable& prices, double max_age_days);
/// "2026-09-01"
std::string day(std::chrono::sys_days days);

void add_cluster_lifecycle(CLI::App& cluster, int& exit);
void add_cluster_price(CLI::App& cluster, int& exit);
void add_cluster_simulate(CLI::App& cluster, int& exit);

}  // namespace lido::cli
