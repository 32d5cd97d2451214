// SPDX-License-Identifier: Apache-2.0
#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>
#include <nanobind/stl/map.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/tuple.h>
#include <nanobind/stl/vector.h>

#include <memory>

#include "lido/dataset/augment.h"
#include "lido/dataset/dataset.h"
#include "lido/ingest/report.h"
#include "lido/ingest/run.h"
#include "lido/ingest/work.h"

namespace nb = nanobind;
using namespace nb::literals;

namespace {

using lido::dataset::Dataset;
using lido::dataset::SampleRow;

struct LidoError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// Storage, disk or network failed: the same call may work another time.
struct LidoUnavailable : LidoError {
  using LidoError::LidoError;
};

[[noreturn]] void refuse(const lido::Error& error) {
  if (error.code == lido::ErrorCode::kUnavailable) throw LidoUnavailable(error.message);
  throw LidoError(error.message);
}

template <typename T>
T value_or_throw(lido::Result<T> result) {
  if (!result) refuse(result.error());
  return std::move(*result);
}

void check(const lido::Result<void>& result) {
  if (!result) refuse(result.error());
}

/// A dataset at one generation. Held by its samples, so that these outlive the Python object.
struct Opened {
  Dataset dataset;
  int generation = 0;
  std::vector<SampleRow> samples;
};

using Frames = nb::ndarray<nb::numpy, uint8_t, nb::ndim<4>>;

struct Sample {
  std::shared_ptr<const Opened> opened;
  const SampleRow* row;

  /// Reads, checks and decodes, without the interpreter lock; augmented when an epoch is given.
  Frames frames(std::optional<int64_t> epoch, int64_t seed) const {
    std::vector<lido::media::Image> images;
    {
      const nb::gil_scoped_release release;
      images = value_or_throw(opened->dataset.read_frames(*row));
      if (epoch && !images.empty()) {
        const auto drawn =
            lido::dataset::draw_augmentation({}, static_cast<uint64_t>(seed), *epoch, row->group,
                                             row->sample, images[0].width, images[0].height);
        for (size_t i = 0; i < images.size(); ++i)
          images[i] = lido::dataset::augment(images[i], drawn, static_cast<int>(i));
      }
    }
    auto pixels = std::make_unique<std::vector<uint8_t>>();
    for (const auto& image : images)
      pixels->insert(pixels->end(), image.rgb.begin(), image.rgb.end());
    const size_t height = images.empty() ? 0 : static_cast<size_t>(images[0].height);
    const size_t width = images.empty() ? 0 : static_cast<size_t>(images[0].width);
    auto* data = pixels.release();
    const nb::capsule owner(
        data, [](void* pointer) noexcept { delete static_cast<std::vector<uint8_t>*>(pointer); });
    return Frames(data->data(), {images.size(), height, width, 3}, owner);
  }

  nb::list labels() const {
    nb::list list;
    for (const auto& label : row->labels) {
      nb::dict entry;
      entry["task"] = label.task;
      entry["label"] = label.label;
      entry["overlap"] = label.overlap;
      entry["track"] = label.track;
      entry["boxes"] = label.boxes;
      list.append(entry);
    }
    return list;
  }
};

struct OpenedDataset {
  std::shared_ptr<const Opened> opened;

  std::vector<Sample> samples(const std::optional<std::string>& split) const {
    std::vector<Sample> found;
    for (const SampleRow& row : opened->samples) {
      if (!split || row.split == *split) found.push_back({opened, &row});
    }
    return found;
  }
};

/// An ingest: planned, then begun, then holding its dataset's lock.
struct IngestRun {
  lido::ingest::Request request;
  lido::ingest::Job job;
  std::optional<lido::ingest::Run> begun;

  static IngestRun plan(const std::string& text) {
    const nb::gil_scoped_release release;
    IngestRun made{value_or_throw(lido::ingest::parse_request(text)), {}, {}};
    made.job = value_or_throw(lido::ingest::prepare(made.request, {}));
    return made;
  }

  lido::ingest::Run& run() {
    if (!begun) begun = value_or_throw(lido::ingest::Run::open(request, std::move(job)));
    return *begun;
  }

  std::vector<std::tuple<std::string, int64_t, int64_t, std::string>> open_units() {
    const nb::gil_scoped_release release;
    std::vector<std::tuple<std::string, int64_t, int64_t, std::string>> units;
    for (auto& unit : value_or_throw(run().open_units()))
      units.emplace_back(unit.clip, unit.span, unit.bytes, std::move(unit.work));
    return units;
  }

  std::string finish() {
    const nb::gil_scoped_release release;
    lido::ingest::Progress progress;
    const auto summary = value_or_throw(run().finish(progress, {}));
    if (summary.generation > 0) {
      const auto generation = value_or_throw(run().dataset().read(summary.generation));
      check(lido::ingest::write_report(run().dataset(), generation, nullptr));
    }
    return lido::ingest::summary_json(summary).dump();
  }
};

std::tuple<int64_t, int64_t, std::string> work_unit(const lido::ingest::Worker& worker,
                                                    const std::string& unit,
                                                    const std::string& attempt) {
  const nb::gil_scoped_release release;
  auto report = value_or_throw(worker.work(unit, attempt, {}));
  return {report.samples, report.frames, std::move(report.broke)};
}

OpenedDataset open_dataset(const std::string& uri, int generation) {
  const nb::gil_scoped_release release;
  Dataset dataset = value_or_throw(Dataset::open(uri));
  const int number = generation > 0 ? generation : value_or_throw(dataset.latest());
  value_or_throw(dataset.read(number));  // it exists and is whole
  std::vector<SampleRow> samples;
  const auto visited = dataset.visit_samples(number, [&](SampleRow& row) -> lido::Result<void> {
    samples.push_back(std::move(row));
    return {};
  });
  check(visited);
  return {std::make_shared<const Opened>(std::move(dataset), number, std::move(samples))};
}

}  // namespace

NB_MODULE(_core, module) {
  const auto base = nb::exception<LidoError>(module, "LidoError");
  nb::exception<LidoUnavailable>(module, "LidoUnavailable", base);
  nb::class_<Sample>(module, "Sample", "One window of frames.")
      .def_prop_ro("key", [](const Sample& s) { return s.row->sample; })
      .def_prop_ro("split", [](const Sample& s) { return s.row->split; })
      .def_prop_ro("clip", [](const Sample& s) { return s.row->clip; })
      .def_prop_ro("group", [](const Sample& s) { return s.row->group; })
      .def_prop_ro("camera", [](const Sample& s) { return s.row->camera; })
      .def_prop_ro(
          "start_s", [](const Sample& s) { return s.row->start_s; },
          "Seconds after the clip's first picture.")
      .def_prop_ro(
          "pts", [](const Sample& s) { return s.row->pts; },
          "Presentation time of each frame, ticks of the clip's time base.")
      .def_prop_ro("labels", &Sample::labels,
                   "A list of dicts: task, label, overlap, track, boxes.")
      .def_prop_ro(
          "frames", [](const Sample& s) { return s.frames(std::nullopt, 0); },
          nb::rv_policy::automatic, "uint8, frames x height x width x 3, as stored.")
      .def(
          "augmented",
          [](const Sample& s, int64_t epoch, int64_t seed) { return s.frames(epoch, seed); },
          "epoch"_a, "seed"_a = 0,
          "The frames as augmented for an epoch: a function of seed, epoch, group and sample "
          "only.");
  nb::class_<OpenedDataset>(module, "Dataset", "A dataset at one generation.")
      .def_prop_ro("generation", [](const OpenedDataset& d) { return d.opened->generation; })
      .def("samples", &OpenedDataset::samples, "split"_a = nb::none(),
           "All samples, or those of train, val or test, in order of clip and time.")
      .def("__len__", [](const OpenedDataset& d) { return d.opened->samples.size(); });
  nb::class_<IngestRun>(module, "Run",
                        "An ingest's work; planned. What follows creates the dataset and locks it.")
      .def(nb::new_(&IngestRun::plan), "request"_a)
      .def("open_units", &IngestRun::open_units,
           "Spans without a part: clip, number of the span, bytes to read, work.")
      .def("shared_work", [](IngestRun& r) { return r.run().shared_work(); })
      .def("finish", &IngestRun::finish, "Shards, tables, report; returns the summary as JSON.");
  using lido::ingest::Worker;
  nb::class_<Worker>(module, "Worker", "Does spans of one job. Thread-safe.")
      .def(nb::new_([](const std::string& shared) {
             const nb::gil_scoped_release release;
             return value_or_throw(Worker::make(shared));
           }),
           "shared"_a)
      .def("work", &work_unit, "unit"_a, "attempt"_a,
           "Makes the unit's part; returns samples, frames, and what was wrong with the clip.")
      .def("tries",
           [](const Worker& w, const std::string& unit) {
             const nb::gil_scoped_release release;
             return value_or_throw(w.tries(unit));
           })
      .def("reject", [](const Worker& w, const std::string& unit, const std::string& reason) {
        const nb::gil_scoped_release release;
        check(w.reject(unit, reason));
      });
  module.def("open", &open_dataset, "uri"_a, "generation"_a = 0,
             "Opens a dataset in a folder, gs:// or s3:// prefix, at its latest generation or the "
             "one given.");
}
