// SPDX-License-Identifier: Apache-2.0
#include "lido/learn/open_source.h"

#include "lido/learn/gesture_source.h"
#include "lido/model/evaluate.h"

namespace lido::learn {
namespace {

/// Inputs of a batch.
struct Held {
  std::shared_ptr<uint8_t[]> pixels;
  std::vector<float> keypoints;
};

/// Windows of a dataset's samples.
class LoaderSource : public StepSource {
 public:
  /// @param options  Those of the loader.
  LoaderSource(const Plan& plan, const loader::LoaderOptions& options, loader::Loader loader)
      : data_(plan.config.data),
        shape_(plan.shape),
        tasks_(plan.tasks),
        keypoints_(plan.keypoints),
        loader_(std::move(loader)) {
    if (options.augment) augment_seed_ = static_cast<uint64_t>(options.seed);
  }

  Result<std::optional<StepSamples>> next() override {
    const auto batch = LIDO_TRY(loader_.next());
    if (!batch) return std::nullopt;
    if (batch->shape != shape_) {
      return fail(ErrorCode::kInvalidArgument, "{}: sample {} has another size than the others",
                  data_, batch->rows[0].sample);
    }
    const auto held = std::make_shared<Held>(Held{batch->pixels, {}});
    StepSamples samples{.epoch = batch->epoch, .input = {}, .names = {}, .memory = held};
    if (batch->pixels) {
      samples.input.windows =
          std::span<const uint8_t>(batch->pixels.get(), batch->rows.size() * batch->shape.bytes());
    }
    if (keypoints_) {
      held->keypoints = model::keypoint_features(*batch, keypoints_->names.size(), augment_seed_);
      samples.input.keypoints = held->keypoints;
    }
    for (const TaskClasses& task : tasks_)
      samples.input.targets[task.task] = loader::targets(batch->rows, task.task, task.classes);
    for (const auto& row : batch->rows) samples.names.push_back(row.sample);
    return samples;
  }
  std::string position() const override { return loader::to_text(loader_.position()); }
  std::string checksum() const override { return loader_.position().data; }

 private:
  std::string data_;
  loader::Shape shape_;
  std::vector<TaskClasses> tasks_;
  std::optional<model::KeypointInput> keypoints_;
  std::optional<uint64_t> augment_seed_;
  loader::Loader loader_;
};

}  // namespace

Result<std::unique_ptr<StepSource>> open_source(const Plan& plan, const std::string& split,
                                                const SourceOptions& source) {
  auto options = loader_options(plan.config.options, split);
  if (plan.gestures) {
    auto gestures = LIDO_TRY(
        GestureSource::open(plan.gestures, split == "train" ? plan.split.train : plan.split.val,
                            {.task = plan.tasks[0].task,
                             .batch_size = static_cast<size_t>(options.batch_size),
                             .seed = static_cast<uint64_t>(options.seed),
                             .shuffle = options.shuffle,
                             .augment = options.augment,
                             .share = source.share},
                            source.position));
    return std::make_unique<GestureSource>(std::move(gestures));
  }
  if (source.threads > 0) options.threads = source.threads;
  auto loader = LIDO_TRY(loader::Loader::open(plan.config.data, plan.generation, options,
                                              source.share, source.position));
  return std::make_unique<LoaderSource>(plan, options, std::move(loader));
}

}  // namespace lido::learn
