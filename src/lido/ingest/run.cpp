// SPDX-License-Identifier: Apache-2.0
#include "lido/ingest/run.h"

#include <algorithm>
#include <map>
#include <set>
#include <thread>

#include "lido/base/parallel.h"
#include "lido/dataset/edit.h"
#include "lido/dataset/split.h"
#include "lido/infer/catalog.h"
#include "lido/ingest/assemble.h"
#include "lido/ingest/crash.h"
#include "lido/ingest/people.h"
#include "lido/ingest/work.h"

namespace lido::ingest {
namespace {

using dataset::Dataset;
using dataset::Generation;

Result<std::vector<dataset::Label>> read_labels(const std::string& uri) {
  if (uri.empty()) return std::vector<dataset::Label>();
  const auto reader = LIDO_TRY(storage::open_reader(uri));
  auto bytes = storage::read_all(*reader, int64_t{4} << 30);
  if (!bytes) return within(uri, bytes.error());
  auto labels = dataset::parse_labels(*bytes);
  if (!labels) return within(uri, labels.error());
  return labels;
}

/// Checks labels against the clips before any work, with rows as the clips will have them.
Result<void> check_labels(const Request& request, const std::vector<ClipPlan>& plans,
                          const Generation& before) {
  if (request.labels.empty() && request.classes.empty()) return {};
  const auto labels = LIDO_TRY(read_labels(request.labels));
  std::vector<dataset::ClipRow> rows = before.clips;
  for (const ClipPlan& plan : plans)
    rows.push_back({.clip = plan.input.uri, .source_fps = plan.info.source_fps});
  dataset::Vocabulary vocabulary = before.vocabulary;
  LIDO_TRY(dataset::extend(vocabulary, request.classes));
  const auto labeller =
      dataset::Labeller::make(labels, rows, request.sampling.fps.rate, vocabulary);
  if (!labeller) return within(request.labels, labeller.error());
  return {};
}

/// The clips that the dataset does not hold yet.
Result<std::vector<ClipInput>> new_clips(std::vector<ClipInput> clips, const Generation& before) {
  std::map<std::string, const dataset::ClipRow*> known;
  for (const dataset::ClipRow& row : before.clips) known[row.clip] = &row;
  if (known.empty()) return clips;
  std::vector<ClipInput> fresh;
  for (ClipInput& clip : clips) {
    const auto found = known.find(clip.uri);
    const bool is_new = found == known.end();
    const bool changed = !is_new && found->second->bytes != clip.bytes;
    // What was broken or too short the last time, and has changed since, gets another chance.
    if (is_new || (changed && found->second->samples == 0)) {
      fresh.push_back(std::move(clip));
    } else if (changed) {
      return fail(ErrorCode::kInvalidArgument,
                  "{}: {} bytes, but {} when it was ingested; published samples never change: give "
                  "the new clip a new name",
                  clip.uri, clip.bytes, found->second->bytes);
    }
  }
  return fresh;
}

Result<void> check_options(const Request& request) {
  LIDO_TRY(validate(request.sampling));
  LIDO_TRY(validate(request.job));
  LIDO_TRY(dataset::parse_split(request.sampling.split));
  const auto& transform = request.sampling.transform;
  if (transform.fit == "crop" && transform.resize != 0 && transform.resize < transform.size) {
    return fail(ErrorCode::kInvalidArgument, "resize is {}, want at least size, which is {}, or 0",
                transform.resize, transform.size);
  }
  const bool fixed = request.sampling.keyframes_only || request.job.decode_everything;
  if (request.sampling.fps.automatic && fixed) {
    return fail(ErrorCode::kInvalidArgument, "fps is {}, want a fixed rate such as {} with {}",
                to_string(request.sampling.fps), to_string(request.sampling.fps.rate),
                request.sampling.keyframes_only ? "keyframes_only" : "decode_everything");
  }
  return {};
}

/// What was left to Lido: which samples.
SampleOptions decide(SampleOptions sampling) {
  if (sampling.samples == "auto") sampling.samples = sampling.scene == "on" ? "person" : "frame";
  return sampling;
}

/// The options that shape a dataset's samples; with a detector, its bytes too.
nlohmann::ordered_json identity_of(const SampleOptions& sampling, const infer::Bundle* detector) {
  nlohmann::ordered_json identity = to_json(sampling);
  const auto drop = [&](std::string_view name, const auto&, const auto&, std::string_view) {
    identity.erase(std::string(name));
  };
  if (detector == nullptr) {
    scene::DetectorOptions::fields(sampling.detector, drop);
    scene::TrackerOptions::fields(sampling.tracker, drop);
    identity.erase("person_size");
  } else {
    identity["detector"] = fmt::format("{} {}", detector->name, detector->sha256.substr(0, 16));
  }
  return identity;
}

Result<PartRecord> work_span(const Dataset& dataset, const std::string& name, const ClipPlan& clip,
                             const Span& span, const Job& job, const Request& request,
                             const scene::Detector* detector, Progress& progress,
                             const std::stop_token& stop) {
  const CrashGuard guard(dataset.store(), name);
  if (guard.crashes() >= kMostCrashes) {
    return make_broken_part(dataset.store(), name,
                            fmt::format("it crashed the program {} times", guard.crashes()));
  }
  crash_if_asked(clip.input.uri);
  return make_part(dataset.store(), name, clip, span, job.sampling, request.job, detector, progress,
                   stop);
}

/// What shapes the bytes of parts.
nlohmann::ordered_json part_identity(const Dataset& dataset, const Job& job) {
  nlohmann::ordered_json identity = dataset.identity();
  // What networks and OpenCV give may differ between instruction sets.
  if (job.detector) identity["device"] = infer::device();
  return identity;
}

/// The clips with the names of their parts.
Result<std::vector<ClipResult>> name_parts(const Dataset& dataset, const Job& job) {
  const nlohmann::ordered_json identity = part_identity(dataset, job);
  const auto shares = LIDO_TRY(dataset::parse_split(job.sampling.split));
  const auto seed = static_cast<uint64_t>(job.sampling.seed);
  const bool by_site = job.sampling.split_by == "site";
  std::vector<ClipResult> clips;
  for (const ClipPlan& plan : job.plans) {
    ClipResult clip{.plan = &plan};
    clip.split =
        dataset::split_of(by_site ? plan.input.site : plan.input.group_name(), shares, seed);
    for (const Span& span : plan.spans) clip.parts.push_back(part_name(identity, plan.input, span));
    clip.records.resize(plan.spans.size());
    clips.push_back(std::move(clip));
  }
  return clips;
}

/// The names of the parts that are there.
Result<std::set<std::string>> list_parts(const Dataset& dataset) {
  std::set<std::string> done;
  for (const storage::Entry& entry : LIDO_TRY(dataset.store().list(".work/parts")))
    done.insert(entry.uri.substr(dataset.store().uri().size() + 1));
  return done;
}

/// Makes the parts that are not there yet, in parallel.
Result<void> make_parts(const Dataset& dataset, const Request& request, const Job& job,
                        const scene::Detector* detector, std::vector<ClipResult>& clips,
                        Progress& progress, const std::stop_token& stop) {
  std::vector<std::pair<size_t, size_t>> units;  // clip, span
  for (size_t clip = 0; clip < clips.size(); ++clip) {
    for (size_t span = 0; span < clips[clip].parts.size(); ++span) units.emplace_back(clip, span);
    if (clips[clip].plan->broken) ++progress.rejected;
    progress.source_bytes_total += clips[clip].plan->input.bytes;
  }
  progress.spans_total = std::ssize(units);
  const std::set<std::string> done = LIDO_TRY(list_parts(dataset));
  return parallel_for(units.size(), request.job.workers, [&](size_t i) -> Result<void> {
    const auto [clip_index, span] = units[i];
    ClipResult& clip = clips[clip_index];
    if (stop.stop_requested()) return fail(ErrorCode::kCancelled, "stopped");
    std::optional<PartRecord> record;
    if (done.contains(clip.parts[span]))
      record = LIDO_TRY(read_part(dataset.store(), clip.parts[span]));
    if (record) {
      ++progress.spans_resumed;
    } else {
      record = LIDO_TRY(work_span(dataset, clip.parts[span], *clip.plan, clip.plan->spans[span],
                                  job, request, detector, progress, stop));
    }
    ++progress.spans_done;
    progress.source_bytes += clip.plan->input.bytes / std::ssize(clip.parts);
    if (record->broke && span == 0) ++progress.rejected;
    record->samples = {};
    clip.records[span] = std::move(*record);
    return {};
  });
}

Summary summarise(const Generation& generation, const Written& written, const Job& job) {
  Summary summary{.generation = generation.number,
                  .clips = std::ssize(job.plans),
                  .known = job.known,
                  .ignored = job.ignored,
                  .shards = written.shards,
                  .shard_bytes = written.bytes};
  std::set<std::string> fresh;
  for (const ClipPlan& plan : job.plans) {
    fresh.insert(plan.input.uri);
    summary.source_bytes += plan.input.bytes;
  }
  for (const dataset::ClipRow& row : generation.clips) {
    if (!fresh.contains(row.clip)) continue;
    summary.frames += row.frames;
    summary.samples += row.samples;
    summary.left_over += row.left_over;
    summary.source_hours += row.duration_s / 3600;
    summary.spans += row.spans;
  }
  for (const dataset::SkippedRow& row : generation.skipped) {
    if (fresh.contains(row.clip)) summary.skipped_hours += (row.end_s - row.start_s) / 3600;
  }
  for (const dataset::RejectedRow& row : generation.rejected)
    summary.rejected += fresh.contains(row.clip) ? 1 : 0;
  return summary;
}

}  // namespace

std::string to_text(const Request& request) {
  return nlohmann::ordered_json{{"inputs", request.inputs},
                                {"out", request.out},
                                {"labels", request.labels},
                                {"classes", request.classes},
                                {"sampling", to_json(request.sampling)},
                                {"job", to_json(request.job)}}
      .dump();
}

Result<Request> parse_request(const std::string& text) {
  const auto json = nlohmann::ordered_json::parse(text, nullptr, false);
  if (!json.is_object()) return fail(ErrorCode::kInvalidArgument, "a request is no JSON object");
  try {
    Request request;
    json.at("inputs").get_to(request.inputs);
    json.at("out").get_to(request.out);
    request.labels = json.value("labels", std::string());
    request.classes = json.value("classes", std::string());
    request.sampling = LIDO_TRY(from_json<SampleOptions>(json.at("sampling")));
    request.job = LIDO_TRY(from_json<JobOptions>(json.at("job")));
    return request;
  } catch (const nlohmann::json::exception& error) {
    return fail(ErrorCode::kInvalidArgument, "a request: {}", error.what());
  }
}

namespace {

void visit_summary(auto& summary, auto&& visit) {
  visit("generation", summary.generation);
  visit("clips", summary.clips);
  visit("known", summary.known);
  visit("ignored_files", summary.ignored);
  visit("rejected", summary.rejected);
  visit("samples", summary.samples);
  visit("frames", summary.frames);
  visit("left_over", summary.left_over);
  visit("shards", summary.shards);
  visit("shard_bytes", summary.shard_bytes);
  visit("source_bytes", summary.source_bytes);
  visit("source_hours", summary.source_hours);
  visit("skipped_hours", summary.skipped_hours);
  visit("spans", summary.spans);
  visit("spans_resumed", summary.spans_resumed);
}

}  // namespace

nlohmann::ordered_json summary_json(const Summary& summary) {
  nlohmann::ordered_json json;
  visit_summary(summary, [&](const char* name, const auto& value) { json[name] = value; });
  return json;
}

Summary parse_summary(const nlohmann::ordered_json& json) {
  Summary summary;
  visit_summary(summary, [&](const char* name, auto& value) {
    const auto found = json.find(name);
    if (found != json.end() && found->is_number()) found->get_to(value);
  });
  return summary;
}

Result<Job> prepare(const Request& request, const std::stop_token& stop) {
  LIDO_TRY(check_options(request));
  Job job{.sampling = decide(request.sampling)};
  if (job.sampling.scene == "off" && job.sampling.samples != "frame") {
    return fail(ErrorCode::kInvalidArgument, "samples {} want scene on, which is off",
                job.sampling.samples);
  }
  if (job.sampling.scene == "on")
    job.detector = LIDO_TRY(infer::find_bundle(job.sampling.detector.detector));
  job.identity = identity_of(job.sampling, job.detector ? &*job.detector : nullptr);
  const auto dataset = LIDO_TRY(Dataset::open_matching(request.out, job.identity));
  const Generation before = dataset ? LIDO_TRY(dataset->read_latest()) : Generation{};
  Inputs inputs = LIDO_TRY(find_inputs(request.inputs));
  const std::string out = storage::absolute(request.out) + "/";
  for (const ClipInput& clip : inputs.clips) {
    if (clip.uri.starts_with(out)) {
      return fail(ErrorCode::kInvalidArgument, "{} lies in the output folder: give another --out",
                  clip.uri);
    }
    if (request.sampling.split_by == "site" && clip.site.empty()) {
      return fail(
          ErrorCode::kInvalidArgument,
          "{}: no site, which --split-by site needs: name the clips in a list with a site column",
          clip.uri);
    }
  }
  const int64_t found = std::ssize(inputs.clips);
  auto fresh = LIDO_TRY(new_clips(std::move(inputs.clips), before));
  job.known = found - std::ssize(fresh);
  job.ignored = inputs.ignored;
  job.plans = LIDO_TRY(plan_clips(std::move(fresh), job.sampling, request.job, stop));
  LIDO_TRY(check_labels(request, job.plans, before));
  return job;
}

Run::Run(Request request, Job job, Dataset dataset, std::unique_ptr<storage::Lock> lock)
    : request_(std::move(request)),
      job_(std::move(job)),
      dataset_(std::move(dataset)),
      lock_(std::move(lock)) {}

Result<Run> Run::open(Request request, Job job) {
  Dataset dataset = LIDO_TRY(Dataset::open_or_create(request.out, job.identity));
  auto lock = LIDO_TRY(dataset.store().lock("lido.json"));
  // Left by a kill from outside, which is no clip's fault.
  LIDO_TRY(dataset.store().remove_all(".work/in_flight"));
  return Run(std::move(request), std::move(job), std::move(dataset), std::move(lock));
}

Result<std::vector<Unit>> Run::open_units() {
  const std::set<std::string> done = LIDO_TRY(list_parts(dataset_));
  const auto clips = LIDO_TRY(name_parts(dataset_, job_));
  std::vector<Unit> units;
  for (const ClipResult& clip : clips) {
    const ClipPlan& plan = *clip.plan;
    for (size_t span = 0; span < plan.spans.size(); ++span) {
      if (done.contains(clip.parts[span])) continue;  // finish() makes it again if it is broken
      units.push_back(
          {.clip = plan.input.uri,
           .span = span,
           .bytes = plan.input.bytes / std::ssize(plan.spans),
           .work = to_text(UnitWork{clip.parts[span], plan.input, plan.info, plan.spans[span]})});
    }
  }
  given_out_ = std::ssize(units);
  return units;
}

std::string Run::shared_work() const {
  return to_text(SharedWork{.out = dataset_.store().uri(),
                            .device = job_.detector ? infer::device() : std::string(),
                            .sampling = job_.sampling,
                            .job = request_.job});
}

Result<Summary> Run::finish(Progress& progress, const std::stop_token& stop) {
  const Dataset& dataset = dataset_;
  const Request& request = request_;
  const Job& job = job_;
  Generation generation = LIDO_TRY(dataset.read_latest());
  if (job.plans.empty()) {
    LIDO_TRY(dataset.store().remove_all(".work"));
    return Summary{.known = job.known, .ignored = job.ignored};
  }
  std::optional<scene::Detector> detector;
  if (job.detector) {
    const int cores = static_cast<int>(std::max(1U, std::thread::hardware_concurrency()));
    const int workers = request.job.workers > 0 ? request.job.workers : cores;
    detector = LIDO_TRY(scene::Detector::make(*job.detector, job.sampling.detector, workers));
  }
  auto clips = LIDO_TRY(name_parts(dataset, job));
  LIDO_TRY(
      make_parts(dataset, request, job, detector ? &*detector : nullptr, clips, progress, stop));
  const int before = generation.number++;
  if (detector) {
    const std::string folder = dataset::scene_folder(generation.number);
    LIDO_TRY(follow_clips(dataset, clips, job.sampling, request.job, *detector, folder));
    generation.scenes.push_back(folder);
  }
  // A clip that is read again replaces what was said of it.
  std::set<std::string> fresh;
  for (const ClipPlan& plan : job.plans) fresh.insert(plan.input.uri);
  const auto is_fresh = [&](const auto& row) { return fresh.contains(row.clip); };
  std::erase_if(generation.clips, is_fresh);
  std::erase_if(generation.spans, is_fresh);
  std::erase_if(generation.skipped, is_fresh);
  std::erase_if(generation.rejected, is_fresh);
  const auto samples = LIDO_TRY(add_clips(dataset, clips, job.sampling, request.job, generation));
  LIDO_TRY(dataset::extend(generation.vocabulary, request.classes));
  const auto labeller =
      LIDO_TRY(dataset::Labeller::make(LIDO_TRY(read_labels(request.labels)), generation.clips,
                                       job.sampling.fps.rate, generation.vocabulary));
  auto manifest = LIDO_TRY(dataset.write_manifest(generation.number));
  LIDO_TRY(dataset.visit_samples(before, [&](dataset::SampleRow& row) -> Result<void> {
    labeller.apply(row);
    return manifest.append(std::move(row));
  }));
  const Written written = LIDO_TRY(write_shards(dataset, clips, samples, job.sampling, request.job,
                                                generation.number, labeller, manifest));
  LIDO_TRY(manifest.commit());
  generation.samples = manifest.rows();
  LIDO_TRY(dataset.publish(generation));
  LIDO_TRY(dataset.store().remove_all(".work"));
  Summary summary = summarise(generation, written, job);
  summary.spans_resumed = std::max<int64_t>(0, progress.spans_resumed - given_out_);
  return summary;
}

}  // namespace lido::ingest
