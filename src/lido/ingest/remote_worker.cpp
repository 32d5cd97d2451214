// SPDX-License-Identifier: Apache-2.0
#include "lido/ingest/remote_worker.h"

#include "lido/base/json_text.h"
#include "lido/infer/catalog.h"
#include "lido/ingest/work_span.h"
#include "lido/scene/hands.h"

namespace lido::ingest {
namespace {

using OrderedJson = nlohmann::ordered_json;

}  // namespace

std::string to_text(const SharedWork& shared) {
  return json_text(OrderedJson{{"out", shared.out},
                               {"run", shared.run},
                               {"device", shared.device},
                               {"sampling", to_json(shared.sampling)},
                               {"job", to_json(shared.options)}});
}

Result<SharedWork> parse_shared_work(const std::string& text) {
  const OrderedJson json = OrderedJson::parse(text, nullptr, false);
  if (!json.is_object()) return fail(ErrorCode::kInvalidArgument, "shared work: not a JSON object");
  try {
    return SharedWork{.out = json.at("out"),
                      .run = json.at("run"),
                      .device = json.at("device"),
                      .sampling = LIDO_TRY(from_json<part::SampleOptions>(json.at("sampling"))),
                      .options = LIDO_TRY(from_json<JobOptions>(json.at("job")))};
  } catch (const OrderedJson::exception& error) {
    return fail(ErrorCode::kInvalidArgument, "shared work: {}", error.what());
  }
}

Result<RemoteWorker> RemoteWorker::make(const std::string& shared) {
  RemoteWorker worker(LIDO_TRY(parse_shared_work(shared)));
  worker.store_ = LIDO_TRY(storage::open_store(worker.shared_.out));
  mark_steps_that_crash();
  start_watchdog(worker.shared_.options.hang_s);
  if (worker.shared_.device.empty()) return worker;
  if (infer::device() != worker.shared_.device) {
    return fail(ErrorCode::kInvalidArgument,
                "this machine: networks run on {}, want {} as where the job was planned: results "
                "would differ in the last bits. Use workers of one kind.",
                infer::device(), worker.shared_.device);
  }
  const auto bundle = LIDO_TRY(infer::find_bundle(worker.shared_.sampling.detector.detector));
  worker.detector_ = std::make_shared<const scene::Detector>(
      LIDO_TRY(scene::Detector::make(bundle, worker.shared_.sampling.detector)));
  if (const auto& options = worker.shared_.sampling.poses; options.poses != "off") {
    worker.poses_ =
        std::make_shared<const scene::PoseEstimator>(LIDO_TRY(scene::open_pose_estimator(options)));
  }
  return worker;
}

part::PartContext RemoteWorker::context(part::Progress& progress,
                                        const std::stop_token& stop) const {
  return {.store = *store_,
          .sampling = shared_.sampling,
          .decode_everything = shared_.options.decode_everything,
          .detector = detector_.get(),
          .poses = poses_.get(),
          .progress = progress,
          .stop = stop,
          .run = shared_.run};
}

namespace {

/// Why a clip broke or cannot be used; empty for a good span.
std::string fault_of(const part::PartRecord& record) {
  if (record.failure) return record.failure->reason;
  return record.gaps.empty() ? std::string() : record.gaps.front().reason;
}

}  // namespace

Result<SpanReport> RemoteWorker::work(const std::string& text, const Attempts& attempts, bool alone,
                                      const std::stop_token& stop) const {
  const part::SpanTask task = LIDO_TRY(part::parse_span_task(text));
  part::Progress progress;
  const SpanResult result =
      LIDO_TRY(work_span(task, context(progress, stop), attempts, {.may_defer = !alone}));
  const part::PartRecord& record = result.record;
  return SpanReport{.samples = std::ssize(record.samples),
                    .frames = progress.frames,
                    .error = fault_of(record),
                    .deferred = result.deferred};
}

Result<std::string> RemoteWorker::frames(const std::string& text, size_t batch_size,
                                         const part::OnBatch& on_batch,
                                         const std::stop_token& stop) const {
  const part::SpanTask task = LIDO_TRY(part::parse_span_task(text));
  part::Progress progress;
  return part::decode_frames(task, context(progress, stop), batch_size, on_batch);
}

}  // namespace lido::ingest
