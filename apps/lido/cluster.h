// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "cli.h"
#include "lido/cluster/price.h"
#include "lido/cluster/values.h"

namespace lido::cli {

/// A values file over the chart's defaults.
Result<cluster::Values> read_values(const std::string& file);

/// A price table; Lido's own when `file` is empty.
Result<cluster::PriceTable> read_prices(const std::string& file);

void add_cluster_lifecycle(CLI::App& cluster, int& exit);
void add_cluster_price(CLI::App& cluster, int& exit);
void add_cluster_simulate(CLI::App& cluster, int& exit);

}  // namespace lido::cli
