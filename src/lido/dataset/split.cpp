// SPDX-License-Identifier: Apache-2.0
#include "lido/dataset/split.h"

#include "lido/base/hash.h"
#include "lido/dataset/csv.h"

namespace lido::dataset {

Result<SplitShares> parse_split(std::string_view text) {
  SplitShares shares{};
  double sum = 0;
  std::string_view rest = text;
  bool valid = true;
  for (size_t i = 0; i < shares.size(); ++i) {
    const size_t slash = i + 1 < shares.size() ? rest.find('/') : rest.size();
    if (slash == std::string_view::npos) valid = false;
    const auto share = parse_number(rest.substr(0, slash));
    valid = valid && share && *share >= 0;
    if (!valid) break;
    shares[i] = *share;
    sum += *share;
    rest.remove_prefix(std::min(slash + 1, rest.size()));
  }
  if (!valid || sum <= 0) {
    return fail(ErrorCode::kInvalidArgument, "split: got {}, want TRAIN/VAL/TEST such as 80/10/10",
                in_quotes(text));
  }
  for (double& share : shares) share /= sum;
  return shares;
}

std::string_view split_of(std::string_view group, const SplitShares& shares, uint64_t seed) {
  const double draw = static_cast<double>(derive_seed(seed, {"split", group}) >> 11) * 0x1p-53;
  if (draw < shares[0]) return kSplits[0];
  return draw < shares[0] + shares[1] ? kSplits[1] : kSplits[2];
}

}  // namespace lido::dataset
