// SPDX-License-Identifier: Apache-2.0
// The work of an ingest, apart from _core: who only reads datasets loads no codec and no network.
#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/tuple.h>
#include <nanobind/stl/vector.h>

#include <chrono>
#include <future>
#include <optional>
#include <stop_token>

#include "lido/ingest/run.h"
#include "lido/ingest/work.h"
#include "lido/report/report.h"
#include "result.h"

namespace nb = nanobind;
using namespace nb::literals;

namespace {

using lido::python::check;
using lido::python::value_or_throw;

/// Does work(stop_token) without the interpreter's lock; a signal whose Python handler raises, such
/// as Ctrl-C, stops it.
template <typename Work>
auto unless_signalled(const Work& work) {
  std::stop_source stop;
  std::optional<nb::python_error> raised;
  auto result = std::async(std::launch::async, [&] { return work(stop.get_token()); });
  {
    const nb::gil_scoped_release release;
    while (!raised && result.wait_for(std::chrono::milliseconds(50)) != std::future_status::ready) {
      const nb::gil_scoped_acquire acquire;
      if (PyErr_CheckSignals() != 0) raised.emplace();
    }
    if (raised) stop.request_stop();
    result.wait();
  }
  if (raised) throw std::move(*raised);
  return value_or_throw(result.get());
}

/// An ingest: planned, then begun, then holding its dataset's lock.
struct IngestRun {
  lido::ingest::Request request;
  lido::ingest::Job job;
  std::optional<lido::ingest::Run> begun;

  static IngestRun plan(const std::string& text) {
    IngestRun made{value_or_throw(lido::ingest::parse_request(text)), {}, {}};
    made.job = unless_signalled(
        [&](const std::stop_token& stop) { return lido::ingest::prepare(made.request, stop); });
    return made;
  }

  lido::ingest::Run& run() {
    if (!begun) begun = value_or_throw(lido::ingest::Run::open(request, std::move(job)));
    return *begun;
  }

  std::vector<std::tuple<std::string, int64_t, int64_t>> batches(int workers) {
    const nb::gil_scoped_release release;
    std::vector<std::tuple<std::string, int64_t, int64_t>> batches;
    for (auto& batch : value_or_throw(run().batches(workers)))
      batches.emplace_back(std::move(batch.name), batch.units, batch.bytes);
    return batches;
  }

  std::string finish() {
    lido::ingest::Progress progress;
    lido::ingest::Run& opened = run();
    const auto summary = unless_signalled(
        [&](const std::stop_token& stop) { return opened.finish(progress, stop); });
    const nb::gil_scoped_release release;
    if (summary.generation > 0) check(lido::report::write_report(opened.dataset(), nullptr));
    return lido::ingest::summary_json(summary).dump();
  }
};

std::tuple<std::vector<std::string>, std::vector<int64_t>, std::vector<int64_t>,
           std::vector<std::string>>
units_of(const lido::ingest::Worker& worker, const std::string& batch) {
  const nb::gil_scoped_release release;
  std::tuple<std::vector<std::string>, std::vector<int64_t>, std::vector<int64_t>,
             std::vector<std::string>>
      columns;
  auto& [clips, spans, bytes, works] = columns;
  for (auto& unit : value_or_throw(worker.units(batch))) {
    clips.push_back(std::move(unit.clip));
    spans.push_back(unit.span);
    bytes.push_back(unit.bytes);
    works.push_back(std::move(unit.text));
  }
  return columns;
}

std::tuple<int64_t, int64_t, std::string> work_unit(const lido::ingest::Worker& worker,
                                                    const std::string& unit,
                                                    const std::string& attempt) {
  const nb::gil_scoped_release release;
  auto report = value_or_throw(worker.work(unit, attempt, {}));
  return {report.samples, report.frames, std::move(report.broke)};
}

template <typename T>
nb::ndarray<nb::numpy, T> as_array(std::vector<T> values, std::vector<size_t> shape) {
  auto* kept = new std::vector<T>(std::move(values));
  const nb::capsule owner(kept, [](void* p) noexcept { delete static_cast<std::vector<T>*>(p); });
  return nb::ndarray<nb::numpy, T>(kept->data(), shape.size(), shape.data(), owner);
}

/// @param sink  Called with numbers, seconds and pictures; what it raises ends the work.
std::string unit_frames(const lido::ingest::Worker& worker, const std::string& unit, size_t batch,
                        const nb::callable& sink) {
  std::optional<nb::python_error> raised;
  const auto hand_on = [&](lido::ingest::FrameBatch frames) -> lido::Result<void> {
    const nb::gil_scoped_acquire acquire;
    try {
      const size_t count = frames.k.size();
      const auto side = static_cast<size_t>(frames.size);
      sink(as_array(std::move(frames.k), {count}), as_array(std::move(frames.time_s), {count}),
           as_array(std::move(frames.rgb), {count, side, side, 3}));
      return {};
    } catch (nb::python_error& error) {
      raised.emplace(std::move(error));
      return lido::fail(lido::ErrorCode::kCancelled, "the sink raised an error");
    }
  };
  lido::Result<std::string> broke;
  {
    const nb::gil_scoped_release release;
    broke = worker.frames(unit, batch, hand_on, {});
  }
  if (raised) throw std::move(*raised);
  return value_or_throw(std::move(broke));
}

}  // namespace

NB_MODULE(_work, module) {
  nb::class_<IngestRun>(module, "Run",
                        "An ingest, planned. What its methods do creates the dataset and locks it.")
      .def(nb::new_(&IngestRun::plan), "request"_a)
      .def("batches", &IngestRun::batches, "workers"_a,
           "Spans without a part, in batches that take about equally long: name, units, bytes to "
           "read.")
      .def("shared_work", [](IngestRun& r) { return r.run().shared_work(); })
      .def("finish", &IngestRun::finish, "Shards, tables, report; returns the summary as JSON.");
  using lido::ingest::Worker;
  nb::class_<Worker>(module, "Worker", "Does spans of one job. Thread-safe.")
      .def(nb::new_([](const std::string& shared) {
             const nb::gil_scoped_release release;
             return value_or_throw(Worker::make(shared));
           }),
           "shared"_a)
      .def("units", &units_of, "batch"_a,
           "The units of a batch: clips, numbers of the spans, bytes to read, works.")
      .def("work", &work_unit, "unit"_a, "attempt"_a,
           "Makes the unit's part; returns samples, frames, and what was wrong with the clip.")
      .def(
          "frames", &unit_frames, "unit"_a, "batch"_a, "sink"_a,
          "Calls sink(k, time_s, pictures) with up to so many pictures at a time; returns what was "
          "wrong with the clip.")
      .def(
          "tries",
          [](const Worker& w, const std::vector<std::string>& units) {
            const nb::gil_scoped_release release;
            return value_or_throw(w.tries(units));
          },
          "units"_a, "For each unit, the attempts that began and did not end.")
      .def("reject", [](const Worker& w, const std::string& unit, const std::string& reason) {
        const nb::gil_scoped_release release;
        check(w.reject(unit, reason));
      });
}
