// SPDX-License-Identifier: Apache-2.0
#include "lido/model/dataset_gestures.h"

#include <algorithm>

#include "lido/base/hash.h"
#include "lido/dataset/scene_tables.h"
#include "lido/loader/batch.h"

namespace lido::model {
namespace {

/// Share of a sample that its label must cover: of the others, some frames show another signal.
constexpr double kWhole = 1 - 1e-9;

/// A person at a sampling time.
struct Moment {
  std::string clip;
  int64_t track, k;
  auto operator<=>(const Moment&) const = default;
};
struct Labelled {
  int label;
  std::string split;
};
using Moments = std::map<Moment, Labelled>;

/// Reads the labels of the people of a manifest, by frame.
Result<Moments> read_moments(const dataset::Dataset& dataset, int generation,
                             const DatasetGestures& wanted) {
  Moments moments;
  LIDO_TRY(dataset.visit<dataset::SampleRow>(generation, [&](dataset::SampleRow& row) {
    std::erase_if(row.labels, [](const auto& label) { return label.overlap < kWhole; });
    const int64_t label = loader::targets({row}, wanted.task, wanted.set.classes)[0];
    // People cut out along labels have the numbers of the labels, not those of tracks.
    if (row.track == 0 || row.source == "label" || label < 0) return Result<void>();
    const int64_t frames = std::ssize(row.pts) - row.repeated;
    for (int64_t k = row.first_k; k < row.first_k + frames; ++k)
      moments.emplace(Moment{row.clip, row.track, k}, Labelled{static_cast<int>(label), row.split});
    return Result<void>();
  }));
  return moments;
}

/// The hand that is seen, of two the one whose wrist is higher; null for none.
const std::vector<double>* signalling_hand(const dataset::PoseRow& pose) {
  if (pose.left_hand.empty()) return pose.right_hand.empty() ? nullptr : &pose.right_hand;
  if (pose.right_hand.empty()) return &pose.left_hand;
  return pose.left_hand[1] <= pose.right_hand[1] ? &pose.left_hand : &pose.right_hand;
}

Result<void> add_hand(const dataset::PoseRow& pose, const Labelled& labelled,
                      DatasetGestures& gestures) {
  const std::vector<double>* hand = signalling_hand(pose);
  if (hand == nullptr) return {};
  if (hand->size() != kLandmarkNumbers * kHandLandmarks) {
    return fail(ErrorCode::kInvalidArgument, "{}: hands of {} landmarks, want the {} of MediaPipe",
                gestures.set.uri, hand->size() / kLandmarkNumbers, kHandLandmarks);
  }
  GestureSample sample{.name = fmt::format("{}:{}:{}", pose.clip, pose.track, pose.k),
                       .label = labelled.label,
                       .points = hand_points(*hand)};
  gestures.split[labelled.split].push_back(gestures.set.samples.size());
  gestures.set.samples.push_back(std::move(sample));
  return {};
}

std::string checksum_of(const DatasetGestures& gestures) {
  std::string text = gestures.task;
  for (const std::string& name : gestures.set.classes) text += "\n" + name;
  for (const GestureSample& sample : gestures.set.samples) {
    text += fmt::format("\n{} {}", sample.name, sample.label);
    text.append(reinterpret_cast<const char*>(sample.points.data()),
                sample.points.size() * sizeof(float));
  }
  return sha256_hex(text);
}

}  // namespace

Result<DatasetGestures> read_dataset_gestures(const dataset::Dataset& dataset, int generation,
                                              std::string_view task,
                                              const std::vector<std::string>& classes) {
  DatasetGestures gestures;
  gestures.task = task.empty() ? kSignalTask : task;
  gestures.set.uri = dataset.store().uri();
  gestures.set.classes = classes;
  const auto described = LIDO_TRY(dataset.read(generation));
  if (classes.empty()) {
    const auto known = described.vocabulary.find(gestures.task);
    if (known != described.vocabulary.end())
      gestures.set.classes.assign(known->second.begin(), known->second.end());
  }
  const Moments moments = LIDO_TRY(read_moments(dataset, generation, gestures));
  if (moments.empty()) {
    return fail(ErrorCode::kDegenerate,
                "{}: no sample of a followed person has a label of the task {} for its whole time. "
                "--classes names another task; lido label adds labels.",
                gestures.set.uri, gestures.task);
  }
  for (const std::string& scene : described.scenes) {
    const auto visited = dataset::visit_table<dataset::PoseRow>(
        dataset.store(), dataset::scene_table<dataset::PoseRow>(scene),
        [&](dataset::PoseRow& pose) -> Result<void> {
          const auto moment = moments.find({pose.clip, pose.track, pose.k});
          return moment == moments.end() ? Result<void>()
                                         : add_hand(pose, moment->second, gestures);
        });
    if (!visited && visited.error().code != ErrorCode::kNotFound)
      return std::unexpected(visited.error());
  }
  if (gestures.set.samples.empty()) {
    return fail(ErrorCode::kDegenerate,
                "{}: no hand of a person with a label of {}. lido ingest --poses movenet --hands "
                "handlandmark finds hands.",
                gestures.set.uri, gestures.task);
  }
  gestures.set.checksum = checksum_of(gestures);
  return gestures;
}

}  // namespace lido::model
