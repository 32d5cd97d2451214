// SPDX-License-Identifier: Apache-2.0
#include "lido/ingest/run.h"

#include <algorithm>
#include <mutex>
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

// What a unit costs beside its bytes counts as so many, so that a batch of tiny ones takes about as
// long as another.
constexpr int64_t kSmallestUnit = 1 << 17;
// Many batches leave no worker alone with a large one at the end; but of each Ray keeps some
// kilobytes in the driver, so that of terabytes there are no more than so many.
constexpr int64_t kBatchesOfWorker = 8;
constexpr int64_t kLargestBatch = 32 << 20;
constexpr int64_t kMostBatches = 1 << 14;

Result<std::vector<dataset::Label>> read_labels(const std::string& uri) {
  if (uri.empty()) return std::vector<dataset::Label>();
  const auto reader = LIDO_TRY(storage::open_reader(uri));
  auto bytes = storage::read_all(*reader, int64_t{4} << 30);
  if (!bytes) return within(uri, bytes.error());
  auto labels = dataset::parse_labels(*bytes);
  if (!labels) return within(uri, labels.error());
  return labels;
}

/// Matches labels with the clips as the next generation will have them.
///
/// @param before  The generation before; without a dataset, 0.
Result<dataset::Labeller> make_labeller(const Request& request, Book& book, const Dataset* dataset,
                                        int before, dataset::Vocabulary& vocabulary) {
  const auto labels = LIDO_TRY(read_labels(request.labels));
  LIDO_TRY(dataset::extend(vocabulary, request.classes));
  const auto visit_clips = [&](const dataset::TakeClip& take) -> Result<void> {
    // A clip that is read again replaces what was said of it.
    const auto take_known = [&](const dataset::ClipRow& row) -> Result<void> {
      if (!LIDO_TRY(book.bytes_of(row.clip))) take(row.clip, row.source_fps);
      return {};
    };
    if (dataset != nullptr) LIDO_TRY(dataset->visit<dataset::ClipRow>(before, take_known));
    const size_t clips = LIDO_TRY(book.totals()).clips;
    for (size_t i = 0; i < clips; ++i) {
      const ClipPlan plan = LIDO_TRY(book.clip(i)).plan;
      take(plan.input.uri, plan.info.source_fps);
    }
    return {};
  };
  auto labeller =
      dataset::Labeller::make(labels, visit_clips, request.sampling.fps.rate, vocabulary);
  if (!labeller) return within(request.labels, labeller.error());
  return labeller;
}

/// Leaves the clips that the dataset does not hold yet. @return How many it holds.
Result<int64_t> drop_known(Book& book, const Dataset& dataset, int before) {
  int64_t known = 0;
  LIDO_TRY(dataset.visit<dataset::ClipRow>(before, [&](const auto& row) -> Result<void> {
    const auto bytes = LIDO_TRY(book.bytes_of(row.clip));
    if (!bytes) return {};
    const bool changed = *bytes != row.bytes;
    // What was broken or too short the last time, and has changed since, gets another chance.
    if (changed && row.samples == 0) return {};
    if (changed) {
      return fail(ErrorCode::kInvalidArgument,
                  "{}: {} bytes, but {} when it was ingested; published samples never change: give "
                  "the new clip a new name",
                  row.clip, *bytes, row.bytes);
    }
    ++known;
    return book.drop(row.clip);
  }));
  return known;
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

Result<PartRecord> work_span(const Dataset& dataset, const UnitWork& work, const Job& job,
                             const Request& request, const scene::Detector* detector,
                             Progress& progress, const std::stop_token& stop) {
  const CrashGuard guard(dataset.store(), work.part);
  if (guard.crashes() >= kMostCrashes) {
    return make_broken_part(dataset.store(), work.part,
                            fmt::format("it crashed the program {} times", guard.crashes()));
  }
  crash_if_asked(work.clip.uri);
  const ClipPlan clip{work.clip, work.info, {work.span}, {}};
  return make_part(dataset.store(), work.part, clip, work.span, job.sampling, request.job, detector,
                   progress, stop);
}

/// What shapes the bytes of parts.
nlohmann::ordered_json part_identity(const Job& job) {
  nlohmann::ordered_json identity = job.identity;
  // What networks and OpenCV give may differ between instruction sets.
  if (job.detector) identity["device"] = infer::device();
  return identity;
}

/// Plans the book's clips, several at a time, and names their parts.
Result<void> plan_clips(Book& book, const Job& job, const JobOptions& options,
                        const std::stop_token& stop) {
  const nlohmann::ordered_json identity = part_identity(job);
  const auto shares = LIDO_TRY(dataset::parse_split(job.sampling.split));
  const auto seed = static_cast<uint64_t>(job.sampling.seed);
  const bool by_site = job.sampling.split_by == "site";
  const size_t clips = LIDO_TRY(book.number_clips());
  return parallel_for(clips, options.workers, stop, [&](size_t number) -> Result<void> {
    const ClipInput input = LIDO_TRY(book.input(number));
    BookedClip clip{.number = number,
                    .plan = LIDO_TRY(plan_clip(input, job.sampling, options.span_s))};
    clip.split = dataset::split_of(by_site ? input.site : input.group_name(), shares, seed);
    for (const Span& span : clip.plan.spans) clip.parts.push_back(part_name(identity, input, span));
    return book.keep(clip);
  });
}

/// Notes in the book which parts are there.
Result<void> find_parts(const Dataset& dataset, Book& book) {
  const size_t prefix = dataset.store().uri().size() + 1;
  return dataset.store().visit(".work/parts", [&](const storage::Entry& entry) {
    return book.note_part(std::string_view(entry.uri).substr(prefix));
  });
}

/// Gives out the units of a book one after another. Thread-safe.
class UnitQueue {
 public:
  explicit UnitQueue(Book& book) : book_(book) {}
  Result<BookedUnit> take() {
    const std::lock_guard lock(mutex_);
    last_ = LIDO_TRY(book_.next_unit(last_));
    return *last_;
  }

 private:
  Book& book_;
  std::mutex mutex_;
  std::optional<BookedUnit> last_;
};

/// Makes the parts that are not there yet, in parallel.
Result<void> make_parts(const Dataset& dataset, const Request& request, const Job& job,
                        const scene::Detector* detector, Progress& progress,
                        const std::stop_token& stop) {
  Book& book = *job.book;
  LIDO_TRY(find_parts(dataset, book));
  const Book::Totals totals = LIDO_TRY(book.totals());
  progress.rejected += totals.broken;
  progress.source_bytes_total += totals.bytes;
  progress.spans_total = static_cast<int64_t>(totals.units);
  UnitQueue queue(book);
  return parallel_for(totals.units, request.job.workers, stop, [&](size_t) -> Result<void> {
    const BookedUnit unit = LIDO_TRY(queue.take());
    std::optional<PartRecord> record;
    if (unit.done) record = LIDO_TRY(read_part(dataset.store(), unit.work.part));
    if (record) {
      ++progress.spans_resumed;
    } else {
      record = LIDO_TRY(work_span(dataset, unit.work, job, request, detector, progress, stop));
    }
    ++progress.spans_done;
    progress.source_bytes += unit.bytes;
    if (!record->broke) return {};
    if (unit.span == 0) ++progress.rejected;
    return book.note_break(unit.clip, unit.span, *record->broke);
  });
}

/// Copies the rows of one table into the next generation's, but for those of the book's clips.
template <typename Row>
Result<void> copy_others(const Dataset& dataset, int from, Book& book,
                         dataset::TableWriter<Row>& to) {
  return dataset.visit<Row>(from, [&](Row& row) -> Result<void> {
    if (LIDO_TRY(book.bytes_of(row.clip))) return {};
    return to.append(std::move(row));
  });
}

Summary summarise(int generation, const Added& added, const Written& written, const Job& job,
                  const Book::Totals& totals) {
  return {.generation = generation,
          .clips = static_cast<int64_t>(totals.clips),
          .known = job.known,
          .ignored = job.ignored,
          .rejected = added.rejected,
          .samples = added.samples,
          .frames = added.frames,
          .left_over = added.left_over,
          .shards = written.shards,
          .shard_bytes = written.bytes,
          .source_bytes = totals.bytes,
          .source_hours = added.hours,
          .skipped_hours = added.skipped_hours,
          .spans = added.spans};
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
  job.book = LIDO_TRY(Book::open());
  Book& book = *job.book;
  job.ignored = LIDO_TRY(find_inputs(request.inputs, book));
  const std::string out = storage::absolute(request.out) + "/";
  LIDO_TRY(book.visit_inputs([&](const ClipInput& clip) -> Result<void> {
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
    return {};
  }));
  if (dataset) job.known = LIDO_TRY(drop_known(book, *dataset, before.number));
  LIDO_TRY(plan_clips(book, job, request.job, stop));
  // Before any work is done.
  dataset::Vocabulary vocabulary = before.vocabulary;
  LIDO_TRY(make_labeller(request, book, dataset ? &*dataset : nullptr, before.number, vocabulary));
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

Result<std::vector<Batch>> Run::batches(int workers) {
  storage::Store& store = dataset_.store();
  LIDO_TRY(store.remove_all(kUnitsFolder));
  LIDO_TRY(find_parts(dataset_, *job_.book));  // finish() makes again what is broken
  const auto cost = [](int64_t bytes) { return std::max(bytes, kSmallestUnit); };
  int64_t total = 0;
  given_out_ = 0;
  LIDO_TRY(job_.book->visit_open_units([&](size_t, int64_t bytes, auto) -> Result<void> {
    total += cost(bytes);
    ++given_out_;
    return {};
  }));
  const int64_t most = std::clamp(total / (kBatchesOfWorker * std::max(1, workers)), kSmallestUnit,
                                  std::max(kLargestBatch, total / kMostBatches));
  std::vector<Batch> batches;
  std::string lines;
  int64_t held = 0;
  const auto write = [&]() -> Result<void> {
    LIDO_TRY(store.write_text(batches.back().name, lines, storage::Durability::kProcess));
    lines.clear();
    held = 0;
    return {};
  };
  LIDO_TRY(job_.book->visit_open_units(
      [&](size_t span, int64_t bytes, std::string_view work) -> Result<void> {
        if (held > 0 && held + cost(bytes) > most) LIDO_TRY(write());
        if (held == 0)
          batches.push_back({.name = fmt::format("{}/{:06}", kUnitsFolder, batches.size())});
        Batch& batch = batches.back();
        ++batch.units;
        batch.bytes += bytes;
        held += cost(bytes);
        lines += fmt::format("{} {} {}\n", span, bytes, work);
        return {};
      }));
  if (held > 0) LIDO_TRY(write());
  return batches;
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
  Book& book = *job.book;
  Generation generation = LIDO_TRY(dataset.read_latest());
  const Book::Totals totals = LIDO_TRY(book.totals());
  if (totals.clips == 0) {
    LIDO_TRY(dataset.store().remove_all(".work"));
    return Summary{.known = job.known, .ignored = job.ignored};
  }
  std::optional<scene::Detector> detector;
  if (job.detector) {
    const int cores = static_cast<int>(std::max(1U, std::thread::hardware_concurrency()));
    const int workers = request.job.workers > 0 ? request.job.workers : cores;
    detector = LIDO_TRY(scene::Detector::make(*job.detector, job.sampling.detector, workers));
  }
  LIDO_TRY(make_parts(dataset, request, job, detector ? &*detector : nullptr, progress, stop));
  const int before = generation.number++;
  if (detector) {
    const std::string folder = dataset::scene_folder(generation.number);
    LIDO_TRY(follow_clips(dataset, book, job.sampling, request.job, *detector, folder, stop));
    generation.scenes.push_back(folder);
  }
  const auto labeller =
      LIDO_TRY(make_labeller(request, book, &dataset, before, generation.vocabulary));
  auto tables = LIDO_TRY(dataset.begin_tables(generation.number));
  LIDO_TRY(copy_others(dataset, before, book, tables.clips));
  LIDO_TRY(copy_others(dataset, before, book, tables.spans));
  LIDO_TRY(copy_others(dataset, before, book, tables.skipped));
  LIDO_TRY(copy_others(dataset, before, book, tables.rejected));
  const Added added = LIDO_TRY(add_clips(dataset, book, job.sampling, request.job, tables, stop));
  LIDO_TRY(dataset.visit<dataset::SampleRow>(before, [&](auto& row) -> Result<void> {
    labeller.apply(row);
    return tables.samples.append(std::move(row));
  }));
  const Written written = LIDO_TRY(write_shards(dataset, book, job.sampling, request.job,
                                                generation.number, labeller, tables.samples, stop));
  LIDO_TRY(dataset.publish(generation, tables));
  LIDO_TRY(dataset.store().remove_all(".work"));
  Summary summary = summarise(generation.number, added, written, job, totals);
  summary.spans_resumed = std::max<int64_t>(0, progress.spans_resumed - given_out_);
  return summary;
}

}  // namespace lido::ingest
