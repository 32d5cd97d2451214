// SPDX-License-Identifier: Apache-2.0
#include "lido/dataset/vocabulary.h"

#include <fmt/ranges.h>

#include <algorithm>

#include "lido/dataset/csv.h"

namespace lido::dataset {

Result<Vocabulary> parse_vocabulary(std::string_view text) {
  Vocabulary vocabulary;
  while (!text.empty()) {
    const size_t end = std::min(text.find(';'), text.size());
    std::string_view part = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    const size_t equals = part.find('=');
    if (equals == 0 || equals == std::string_view::npos || equals + 1 == part.size()) {
      return fail(ErrorCode::kInvalidArgument,
                  "classes: {} does not parse, want TASK=LABEL,LABEL;TASK=LABEL", in_quotes(part));
    }
    auto& labels = vocabulary[class_name(part.substr(0, equals))];
    part.remove_prefix(equals + 1);
    while (!part.empty()) {
      const size_t comma = std::min(part.find(','), part.size());
      if (auto name = class_name(part.substr(0, comma)); !name.empty())
        labels.insert(std::move(name));
      part.remove_prefix(std::min(comma + 1, part.size()));
    }
  }
  return vocabulary;
}

Result<void> extend(Vocabulary& vocabulary, std::string_view classes) {
  for (auto& [task, labels] : LIDO_TRY(parse_vocabulary(classes)))
    vocabulary[task].insert(labels.begin(), labels.end());
  return {};
}

namespace {

Result<void> check_label(const Label& label, const Vocabulary& vocabulary) {
  const auto task = vocabulary.find(label.task);
  if (task == vocabulary.end()) {
    std::vector<std::string> tasks;
    for (const auto& [name, unused] : vocabulary) tasks.push_back(name);
    return fail(ErrorCode::kInvalidArgument,
                "unknown task {}, want one of: {}. Add it with --classes \"{}={}\".",
                in_quotes(label.task), fmt::join(tasks, ", "), label.task, label.label);
  }
  if (!task->second.contains(label.label)) {
    return fail(ErrorCode::kInvalidArgument,
                "unknown label {} of task {}, want one of: {}. Add it with --classes "
                "\"{}={}\".",
                in_quotes(label.label), label.task, fmt::join(task->second, ", "), label.task,
                label.label);
  }
  return {};
}

}  // namespace

Result<void> check_vocabulary(const std::vector<Label>& labels, Vocabulary& vocabulary) {
  const bool is_open = vocabulary.empty();
  for (const Label& label : labels) {
    if (is_open) vocabulary[label.task].insert(label.label);
    const auto checked = check_label(label, vocabulary);
    if (!checked && !label.place.empty()) return with_context(label.place, checked.error());
    if (!checked) return checked;
  }
  return {};
}

}  // namespace lido::dataset
