// SPDX-License-Identifier: Apache-2.0
#include "dataset_options.h"

#include "lido/dataset/dataset.h"

namespace lido::cli {

Result<part::SampleOptions> with_identity(const part::SampleOptions& asked,
                                          const nlohmann::ordered_json& identity,
                                          std::span<const std::string> not_given) {
  nlohmann::ordered_json options = lido::to_json(asked);
  for (const std::string& name : not_given) {
    const auto found = identity.find(name);
    if (found == identity.end()) continue;
    options[name] = *found;
    // The identity names a network together with its checksum.
    if ((name == "detector" || name == "poses" || name == "hands") && found->is_string()) {
      const auto text = found->get<std::string>();
      options[name] = text.substr(0, text.find(' '));
    }
  }
  return from_json<part::SampleOptions>(options);
}

Result<part::SampleOptions> options_of_dataset(const std::string& uri,
                                               const part::SampleOptions& asked,
                                               std::span<const std::string> not_given) {
  const auto dataset = dataset::Dataset::open(uri);
  if (dataset) {
    auto options = with_identity(asked, dataset->identity(), not_given);
    if (options) return options;
    return fail(ErrorCode::kCorrupt, "{}/lido.json: {}", uri, options.error().message);
  }
  // Whatever else is wrong with the folder is checked where it is opened for writing.
  if (dataset.error().code == ErrorCode::kUnavailable) return std::unexpected(dataset.error());
  return asked;
}

}  // namespace lido::cli
