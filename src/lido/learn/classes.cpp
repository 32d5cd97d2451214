// SPDX-License-Identifier: Apache-2.0
#include "lido/learn/classes.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>

#include "lido/loader/batch.h"

namespace lido::learn {
namespace {

using Counts = std::map<std::string, std::map<std::string, int64_t>>;  // task, label

/// Counts the label of each task that the sample has for the greatest part.
void count(const dataset::SampleRow& row, const dataset::Vocabulary& known, Counts& counts) {
  for (const auto& [task, labels] : known) {
    const std::vector<std::string> classes(labels.begin(), labels.end());
    const int64_t target = loader::targets({row}, task, classes)[0];
    if (target >= 0) ++counts[task][classes[static_cast<size_t>(target)]];
  }
}

/// The vocabulary that a request names, or everything that the dataset knows.
Result<dataset::Vocabulary> vocabulary(const dataset::Dataset& dataset, int generation,
                                       std::string_view wanted) {
  if (wanted.empty()) return LIDO_TRY(dataset.read(generation)).vocabulary;
  auto parsed = LIDO_TRY(dataset::parse_vocabulary(wanted));
  for (const auto& [task, labels] : parsed) {
    if (labels.size() < 2) {
      return fail(ErrorCode::kInvalidArgument, "classes: {} has {} class, want 2 or more", task,
                  labels.size());
    }
  }
  return parsed;
}

}  // namespace

Result<std::vector<TaskClasses>> choose_classes(const dataset::Dataset& dataset, int generation,
                                                std::string_view wanted, std::string_view samples) {
  const auto known = LIDO_TRY(vocabulary(dataset, generation, wanted));
  const std::string& uri = dataset.store().uri();
  Counts train, val;
  LIDO_TRY(dataset.visit<dataset::SampleRow>(
      generation, [&](const dataset::SampleRow& row) -> Result<void> {
        if (samples != "all" && (samples == "person") != (row.track != 0)) return {};
        if (row.split == "train") count(row, known, train);
        if (row.split == "val") count(row, known, val);
        return {};
      }));
  std::vector<TaskClasses> tasks;
  int64_t validated = 0;
  for (const auto& [task, labels] : known) {
    TaskClasses chosen{.task = task, .classes = {}, .train = {}, .val = {}};
    for (const std::string& label : labels) {
      const int64_t count = train[task][label];
      if (count == 0 && !wanted.empty()) {
        return fail(ErrorCode::kInvalidArgument,
                    "{}: no sample of the split train has {} \"{}\", want 1 or more. Leave it out "
                    "of --classes, or add footage.",
                    uri, task, label);
      }
      if (count == 0) continue;
      chosen.classes.push_back(label);
      chosen.train.push_back(count);
      chosen.val.push_back(val[task][label]);
    }
    if (chosen.classes.size() < 2) continue;
    validated += std::accumulate(chosen.val.begin(), chosen.val.end(), int64_t{0});
    tasks.push_back(std::move(chosen));
  }
  if (tasks.empty()) {
    return fail(ErrorCode::kDegenerate,
                "{}: no task has two labels or more among the {} samples of the split train. lido "
                "label adds labels.",
                uri, samples);
  }
  if (validated == 0) {
    return fail(ErrorCode::kDegenerate,
                "{}: no {} sample of the split val has a label of the classes, want 1 or more. "
                "A group of clips stays in one split: ingest more groups, or into a new dataset "
                "with another --split or --seed.",
                uri, samples);
  }
  return tasks;
}

std::vector<float> class_weights(const std::vector<int64_t>& samples, double balance) {
  double sum = 0, count = 0;
  std::vector<double> weights;
  for (const int64_t each : samples) {
    weights.push_back(std::pow(static_cast<double>(each), -balance));
    sum += weights.back() * static_cast<double>(each);
    count += static_cast<double>(each);
  }
  std::vector<float> scaled;
  for (const double weight : weights) scaled.push_back(static_cast<float>(weight * count / sum));
  return scaled;
}

}  // namespace lido::learn
