// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <string>

#include "cli.h"
#include "lido/cluster/price.h"
#include "lido/cluster/values.h"

namespace lido::cli {

/// Reads a values file over the defaults of Lido's chart. Prints its warnings to standard error.
/// @param file  Path, or - for standard input.
Result<cluster::Values> read_values(const std::string& file);

/// Flags of commands that use prices.
struct PriceFlags {
  std::string file;  ///< Empty for Lido's own table.
  double max_age_days = 180;
};
/// Adds the price flags to a command.
void add_price_flags(CLI::App& command, PriceFlags& flags);
/// Reads the price table of the flags. Warns when Lido's own table is used for another cloud.
Result<cluster::PriceTable> read_prices(const PriceFlags& flags, const cluster::Values& values);
/// Refuses a table whose used prices are too old for an estimate, or of a day after today.
/// @return kInvalidArgument when a price that was looked up is older than `max_age_days`.
Result<void> check_dates(const cluster::PriceTable& prices, double max_age_days);
/// Returns a date like "2026-09-01".
std::string day(std::chrono::sys_days days);

/// Adds init, render, up, status, suspend, resume and down.
void add_cluster_lifecycle(CLI::App& cluster, int& exit);
/// Adds price.
void add_cluster_price(CLI::App& cluster, int& exit);
/// Adds simulate.
void add_cluster_simulate(CLI::App& cluster, int& exit);

}  // namespace lido::cli
