// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "lido/base/result.h"

namespace lido::cluster {

enum class Severity {
  kError,    ///< It will bite: lost work, an open door, a bill.
  kWarning,  ///< It bites some; look.
  kNote,     ///< Good to know.
};
std::string_view name_of(Severity severity);

/// Something that people who run Ray on Kubernetes learned the hard way.
struct Rule {
  std::string_view id;
  Severity severity;
  std::string_view reason;
  std::string_view mend;
  std::string_view source;  ///< Where it is written, or where it was seen.
};
/// All rules, in the order of the chapters they belong to.
std::span<const Rule> rules();

/// A place where a manifest goes against a rule.
struct Finding {
  const Rule* rule = nullptr;
  std::string file;
  int line = 0;        ///< From 1.
  std::string object;  ///< "RayCluster pool-a, worker group cpu".
  std::string what;    ///< What stands there: "num-cpus is 4".
};

/// Looks through the RayClusters, RayJobs, RayServices and what stands beside them in a manifest of
/// any number of YAML documents. Other kinds are passed over.
///
/// @param file  Named in findings.
/// @return Findings in order of lines; kInvalidArgument, with the line, where it is no YAML.
Result<std::vector<Finding>> check_manifest(std::string_view text, const std::string& file);

/// A Kubernetes quantity: "500m", "2Gi", "1e3", "4G".
/// @return kInvalidArgument.
Result<double> parse_quantity(std::string_view text);

}  // namespace lido::cluster
