// SPDX-License-Identifier: Apache-2.0
#include "lido/ingest/ingest.h"

#include <algorithm>
#include <iterator>
#include <thread>

#include "lido/base/parallel.h"
#include "lido/base/signing.h"
#include "lido/dataset/label_shape.h"
#include "lido/dataset/orphans.h"
#include "lido/dataset/relabel.h"
#include "lido/dataset/split.h"
#include "lido/infer/catalog.h"
#include "lido/ingest/clip_tables.h"
#include "lido/ingest/follow_clips.h"
#include "lido/ingest/identity.h"
#include "lido/ingest/inputs.h"
#include "lido/ingest/labelling.h"
#include "lido/ingest/local_worker.h"
#include "lido/ingest/remote_worker.h"
#include "lido/ingest/shards.h"
#include "lido/ingest/step.h"
#include "lido/part/span_reach.h"
#include "lido/scene/hands.h"
#include "lido/storage/disk.h"

namespace lido::ingest {
namespace {

using dataset::Dataset;
using dataset::Generation;

/// Refuses clips that the job cannot use.
Result<void> check_clips(ClipDb& clips, const Request& request) {
  const std::string out = storage::absolute(request.out) + "/";
  return clips.visit_inputs([&](const part::ClipInput& clip) -> Result<void> {
    if (clip.uri.starts_with(out)) {
      return fail(ErrorCode::kInvalidArgument,
                  "{}: the clip is inside the output folder. Give another --out.", clip.uri);
    }
    if (request.sampling.split_by == "site" && clip.site.empty()) {
      return fail(ErrorCode::kInvalidArgument,
                  "{}: no site, which --split-by site needs. Name the clips in a list with a site "
                  "column.",
                  clip.uri);
    }
    return {};
  });
}

/// Plans one clip, unless that took the process down too often.
Result<ClipPlan> plan_watched(const part::ClipInput& input, const part::SampleOptions& sampling,
                              const JobOptions& options) {
  if (auto verdict = failures_of(StepKind::kPlan, input.uri).verdict())
    return ClipPlan{.input = input, .info = {}, .spans = {}, .unreadable = std::move(verdict)};
  const Step step(StepKind::kPlan, input.uri, input.uri);
  return plan_clip(input, sampling, options.span_s, &step.heartbeat());
}

/// Sampling times after which labels of a clip are ignored: well after its end. Headers may lack
/// the duration, or have a wrong one.
int64_t last_label_k(const media::ClipInfo& info, double fps) {
  constexpr double kSlack_s = 60, kUnknown_s = 86400;
  const double end_s = info.duration_s > 0 ? 1.5 * info.duration_s + kSlack_s : kUnknown_s;
  return static_cast<int64_t>(end_s * fps);
}

/// Gives each span of a clip its labels, where labels shape the samples.
void add_labels(ClipRecord& clip, const part::SampleOptions& sampling,
                const dataset::Labeller& labeller) {
  const part::SampleKinds kinds = sampling.kinds();
  const bool frames = kinds.frames == part::SampleKinds::Frames::kLabelled;
  if (!kinds.labelled_people && !frames) return;
  const int64_t end_k = last_label_k(clip.plan.info, sampling.fps.rate.value());
  dataset::LabelShape shape = labeller.shape(clip.plan.input.uri, end_k);
  if (!frames) shape.frames.clear();
  for (const part::Span& span : clip.plan.spans) {
    // Windows of the span's frames may reach into labels around it.
    const part::SpanReach reach = part::reach_of(span, sampling);
    const int64_t first_k = reach.first_k - sampling.windows.window;
    const int64_t last_k =
        reach.window_end_k == INT64_MAX ? INT64_MAX : reach.window_end_k + sampling.windows.window;
    clip.span_labels.push_back(dataset::to_text(dataset::clip_to(shape, first_k, last_k)));
  }
}

/// Plans the clips, several at a time, and names their parts.
Result<void> plan_clips(const IngestPlan& plan, const JobOptions& options,
                        const std::stop_token& stop) {
  ClipDb& clips = *plan.clips;
  const part::SampleOptions& sampling = plan.sampling;
  const auto identity = part_identity(plan.identity, plan.detector.has_value());
  const auto shares = LIDO_TRY(dataset::parse_split(sampling.split));
  const auto seed = static_cast<uint64_t>(sampling.seed);
  const bool by_site = sampling.split_by == "site";
  const size_t count = LIDO_TRY(clips.number_clips());
  start_watchdog(options.hang_s);
  return parallel_for(count, options.workers, stop, [&](size_t number) -> Result<void> {
    const part::ClipInput input = LIDO_TRY(clips.input(number));
    ClipRecord clip{.number = number, .plan = LIDO_TRY(plan_watched(input, sampling, options))};
    clip.split = dataset::split_of(by_site ? input.site : input.group_name(), shares, seed);
    add_labels(clip, sampling, plan.labels->labeller);
    for (size_t i = 0; i < clip.plan.spans.size(); ++i) {
      const std::string labels = clip.span_labels.empty() ? std::string() : clip.span_labels[i];
      clip.span_parts.push_back(part::part_name(identity, input, clip.plan.spans[i], labels));
    }
    return clips.store_plan(clip);
  });
}

/// Copies the rows of one table into the next generation, without those of the job's clips.
template <typename Row>
Result<void> copy_others(const Dataset& dataset, ClipDb& clips, int from,
                         dataset::TableWriter<Row>& to) {
  return dataset.visit<Row>(from, [&](Row& row) -> Result<void> {
    if (LIDO_TRY(clips.bytes_of(row.clip))) return {};
    return to.append(std::move(row));
  });
}

/// @param new_copies  Copies found now, by the name of their clip.
Result<void> copy_other_clips(const Dataset& dataset, ClipDb& clips, int from,
                              dataset::Tables& tables,
                              const std::map<std::string, std::vector<std::string>>& new_copies) {
  LIDO_TRY(dataset.visit<dataset::ClipRow>(from, [&](auto& row) -> Result<void> {
    if (LIDO_TRY(clips.bytes_of(row.clip))) return {};
    if (const auto found = new_copies.find(row.clip); found != new_copies.end())
      row.copies.insert(row.copies.end(), found->second.begin(), found->second.end());
    return tables.clips.append(std::move(row));
  }));
  LIDO_TRY(copy_others(dataset, clips, from, tables.spans));
  LIDO_TRY(copy_others(dataset, clips, from, tables.skipped));
  LIDO_TRY(copy_others(dataset, clips, from, tables.gaps));
  return copy_others(dataset, clips, from, tables.rejected);
}

/// Sessions of a network that run at the same time.
int sessions_of(int workers) {
  const auto cores = static_cast<int>(std::max(1U, std::thread::hardware_concurrency()));
  return workers > 0 ? workers : cores;
}

/// Opens the detector with a session for each worker. @return No value with --scene off.
Result<std::optional<scene::Detector>> open_detector(const IngestPlan& plan, int workers) {
  if (!plan.detector) return std::nullopt;
  return LIDO_TRY(
      scene::Detector::make(*plan.detector, plan.sampling.detector, sessions_of(workers)));
}

/// As open_detector(), for the pose network. @return No value with --poses off.
Result<std::optional<scene::PoseEstimator>> open_poses(const IngestPlan& plan, int workers) {
  if (!plan.poses) return std::nullopt;
  return LIDO_TRY(scene::open_pose_estimator(plan.sampling.poses, sessions_of(workers)));
}

/// Folder of the folders of runs.
constexpr const char* kRunsFolder = ".work/runs";

/// Folder for one run alone.
std::string folder_of(const std::string& run) { return fmt::format("{}/{}", kRunsFolder, run); }

Summary summarise(const ClipTotals& clips, const ShardTotals& shards) {
  return {.rejected = clips.rejected,
          .broken = clips.broken,
          .samples = clips.samples,
          .frames = clips.frames,
          .left_over = clips.left_over,
          .unused_frames = clips.unused_frames,
          .shards = shards.shards,
          .shard_bytes = shards.bytes,
          .source_hours = clips.hours,
          .skipped_hours = clips.skipped_hours,
          .gap_hours = clips.gap_hours,
          .spans = clips.spans,
          .faults = clips.faults};
}

/// The summary of a job whose clips all failed from outside before, and failed again. The dataset
/// lists them already, and needs no new generation. Only for a job that found no new copies.
Result<Summary> summarise_failures(const JobContext& job) {
  Summary summary;
  const size_t count = LIDO_TRY(job.clips.totals()).clips;
  summary.rejected = static_cast<int64_t>(count);
  for (size_t number = 0; number < std::min(count, kMaxFaults); ++number) {
    const ClipRecord clip = LIDO_TRY(job.clips.clip(number));
    add_fault(summary.faults, {.clip = clip.plan.input.uri,
                               .reason = clip.failure ? clip.failure->reason : std::string(),
                               .rejected = true,
                               .retried = true});
  }
  return summary;
}

/// Publishes a generation that names further files with the content of known clips, so that they
/// are known from now on. @return Its number.
Result<int> record_copies(const Dataset& dataset, const IngestPlan& plan) {
  Generation generation = LIDO_TRY(dataset.read_latest());
  const int before = generation.number++;
  LIDO_TRY(dataset::remove_unpublished(dataset, generation.number));
  auto tables = LIDO_TRY(dataset.begin_tables(generation.number));
  LIDO_TRY(copy_other_clips(dataset, *plan.clips, before, tables, plan.contents.new_copies));
  LIDO_TRY(dataset.visit<dataset::SampleRow>(
      before, [&](auto& row) { return tables.samples.append(std::move(row)); }));
  LIDO_TRY(dataset.visit<dataset::LabelRow>(
      before, [&](auto& row) { return tables.labels.append(std::move(row)); }));
  const int number = generation.number;
  LIDO_TRY(dataset.publish(std::move(generation), tables));
  return number;
}

/// Writes a generation from the parts: scene folder, tables, shards. Publishes it last.
Result<Summary> write_generation(const Request& request, const JobContext& job,
                                 const IngestPlan& plan, Generation generation) {
  const Dataset& dataset = job.dataset;
  const int before = generation.number++;
  LIDO_TRY(dataset::remove_unpublished(dataset, generation.number));
  if (job.detector != nullptr) {
    const std::string folder = dataset::scene_folder(generation.number);
    LIDO_TRY(follow_clips(job, folder));
    generation.scenes.push_back(folder);
  }
  generation.vocabulary = plan.labels->vocabulary;
  if (job.poses != nullptr) generation.keypoints = job.poses->bundle().keypoints;
  const dataset::Labeller& labeller = plan.labels->labeller;
  auto tables = LIDO_TRY(dataset.begin_tables(generation.number));
  LIDO_TRY(copy_other_clips(dataset, job.clips, before, tables, plan.contents.new_copies));
  LIDO_TRY(dataset::write_label_rows(dataset, before, labeller, tables.labels));
  const ClipTotals clips = LIDO_TRY(append_clips(job, tables));
  LIDO_TRY(dataset.visit<dataset::SampleRow>(before, [&](auto& row) -> Result<void> {
    labeller.apply(row);
    return tables.samples.append(std::move(row));
  }));
  const ShardTotals shards =
      LIDO_TRY(write_shards(job, generation.number, labeller, tables.samples));
  LIDO_TRY(dataset.publish(generation, tables));
  Summary summary = summarise(clips, shards);
  summary.generation = generation.number;
  LIDO_TRY(report_labels(request, dataset, generation.number, *plan.labels, summary));
  return summary;
}

/// Adds the clips that the plan left out.
void add_omissions(const IngestPlan& plan, Summary& summary) {
  const ContentNotes& contents = plan.contents;
  summary.known = contents.known;
  summary.copies = contents.copies.count;
  summary.changed = contents.changed.count;
  summary.forgotten = contents.forgotten.count;
  summary.copy_of = contents.copy_of;
  summary.changed_clips = contents.changed_clips;
  summary.ignored = plan.notes.other_files;
  summary.unreadable_inputs = plan.notes.unreadable.count;
  summary.system_files = plan.notes.system_files.count;
  summary.repeated_inputs = plan.notes.repeated.count;
  std::ranges::move(warnings(plan.notes), std::back_inserter(summary.warnings));
  std::ranges::move(warnings(contents), std::back_inserter(summary.warnings));
}

}  // namespace

Result<IngestPlan> prepare(const Request& request, const std::stop_token& stop) {
  LIDO_TRY(check_options(request));
  IngestPlan plan{.sampling = request.sampling};
  if (plan.sampling.scene == "on") {
    scene::DetectorOptions& detector = plan.sampling.detector;
    plan.detector = LIDO_TRY(infer::find_bundle(detector.detector));
    detector = scene::with_scores(detector, plan.detector->scores);
    plan.sampling.tracker =
        scene::with_scores(plan.sampling.tracker, plan.detector->scores, detector.min_score);
  }
  if (plan.sampling.poses.poses != "off")
    plan.poses = LIDO_TRY(infer::find_bundle(plan.sampling.poses.poses, "poses"));
  if (plan.sampling.poses.hands != "off")
    plan.hands = LIDO_TRY(infer::find_bundle(plan.sampling.poses.hands, "hands"));
  plan.identity = identity_of(plan.sampling, {.detector = plan.detector ? &*plan.detector : nullptr,
                                              .poses = plan.poses ? &*plan.poses : nullptr,
                                              .hands = plan.hands ? &*plan.hands : nullptr});
  const auto dataset = LIDO_TRY(Dataset::open_matching(request.out, plan.identity));
  const Generation before = dataset ? LIDO_TRY(dataset->read_latest()) : Generation{};
  plan.generation = before.number;
  plan.clips = LIDO_TRY(ClipDb::open());
  ClipDb& clips = *plan.clips;
  NamedItems repeated;
  const auto add = [&](const FoundClip& clip) -> Result<void> {
    const AddedClip added = LIDO_TRY(clips.add_clip(clip));
    if (!added.other.empty())
      repeated.add(fmt::format("{} is {}", clip.input.uri, added.other));
    else if (added.outcome == AddedClip::Outcome::kRepeated)
      repeated.add(clip.input.uri);
    return {};
  };
  plan.notes = LIDO_TRY(find_inputs(request.inputs, add));
  plan.notes.repeated += repeated;
  LIDO_TRY(check_clips(clips, request));
  plan.contents = LIDO_TRY(settle_contents(clips, dataset ? &*dataset : nullptr, before.number,
                                           request.job.workers, stop));
  // Checks the labels before any clip is decoded.
  plan.labels = LIDO_TRY(make_labeller(request, clips, dataset ? &*dataset : nullptr, before.number,
                                       before.vocabulary));
  LIDO_TRY(plan_clips(plan, request.job, stop));
  if (dataset) LIDO_TRY(check_labels(request, *dataset, before.number, plan.labels->labeller));
  return plan;
}

Result<IngestRun> IngestRun::open(Request request, IngestPlan plan, const std::stop_token& stop) {
  Dataset dataset = LIDO_TRY(Dataset::open_or_create(request.out, plan.identity));
  storage::Store& store = dataset.store();
  auto lock = LIDO_TRY(store.lock("lido.json"));
  if (LIDO_TRY(dataset.latest()) != plan.generation) plan = LIDO_TRY(prepare(request, stop));
  // This process alone writes now: earlier runs are dead. Their parts are named by their content,
  // and are used; all else of theirs is not.
  LIDO_TRY(store.remove_all(kRunsFolder));
  if (!storage::is_remote(store.uri())) LIDO_TRY(storage::remove_unfinished(store.uri()));
  return IngestRun(std::move(request), std::move(plan), std::move(dataset), std::move(lock),
                   random_hex(8));
}

Result<std::vector<SpanBatch>> IngestRun::batches(int workers) {
  auto batches = LIDO_TRY(
      write_batches(*plan_.clips, dataset_.store(), folder_of(run_) + "/batches", workers));
  spans_in_batches_ = 0;
  for (const SpanBatch& batch : batches) spans_in_batches_ += batch.spans;
  return batches;
}

std::string IngestRun::shared_work() const {
  return to_text(SharedWork{.out = dataset_.store().uri(),
                            .run = run_,
                            .device = plan_.detector ? infer::device() : std::string(),
                            .sampling = plan_.sampling,
                            .options = request_.job});
}

Result<Summary> IngestRun::finish(part::Progress& progress, const std::stop_token& stop) {
  const ClipDb::Totals totals = LIDO_TRY(plan_.clips->totals());
  Summary summary;
  if (totals.clips > 0) {
    // The plan has the records of other names; those of the file may have grown since.
    auto forgotten = LIDO_TRY(dataset_.forgotten());
    std::ranges::copy(plan_.contents.records, std::back_inserter(forgotten));
    const auto detector = LIDO_TRY(open_detector(plan_, request_.job.workers));
    const auto poses = LIDO_TRY(open_poses(plan_, request_.job.workers));
    const JobContext job{.dataset = dataset_,
                         .clips = *plan_.clips,
                         .sampling = plan_.sampling,
                         .options = request_.job,
                         .run_folder = folder_of(run_),
                         .has_remote_workers = spans_in_batches_ > 0,
                         .detector = detector ? &*detector : nullptr,
                         .poses = poses ? &*poses : nullptr,
                         .forgotten = std::move(forgotten),
                         .stop = stop,
                         .run = run_};
    LIDO_TRY(make_parts(job, progress));
    const bool all_retried = plan_.contents.retried == static_cast<int64_t>(totals.clips);
    const bool adds_nothing = all_retried && plan_.contents.new_copies.empty();
    if (adds_nothing && LIDO_TRY(plan_.clips->all_failed_from_outside()))
      summary = LIDO_TRY(summarise_failures(job));
    else
      summary = LIDO_TRY(write_generation(request_, job, plan_, LIDO_TRY(dataset_.read_latest())));
  } else if (!plan_.contents.new_copies.empty()) {
    summary.generation = LIDO_TRY(record_copies(dataset_, plan_));
  }
  if ((summary.generation == 0 || totals.clips == 0) && !request_.labels.empty())
    summary.warnings.push_back(fmt::format(
        "{}: not used, because there is no new clip. Give it to lido label.", request_.labels));
  LIDO_TRY(dataset_.store().remove_all(".work"));
  summary.clips = static_cast<int64_t>(totals.clips);
  summary.source_bytes = totals.bytes;
  add_omissions(plan_, summary);
  summary.spans_resumed = std::max<int64_t>(0, progress.spans_resumed - spans_in_batches_);
  return summary;
}

}  // namespace lido::ingest
