// SPDX-License-Identifier: Apache-2.0
// The work of an ingest, apart from _core: who only reads datasets loads no codec and no network.
#include <nanobind/nanobind.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/tuple.h>
#include <nanobind/stl/vector.h>

#include <optional>

#include "lido/ingest/report.h"
#include "lido/ingest/run.h"
#include "lido/ingest/work.h"
#include "result.h"

namespace nb = nanobind;
using namespace nb::literals;

namespace {

using lido::python::check;
using lido::python::value_or_throw;

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
    if (summary.generation > 0) check(lido::ingest::write_report(run().dataset(), nullptr));
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

}  // namespace

NB_MODULE(_work, module) {
  nb::class_<IngestRun>(module, "Run",
                        "An ingest, planned. What its methods do creates the dataset and locks it.")
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
