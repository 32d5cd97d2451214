// SPDX-License-Identifier: Apache-2.0
// Python bindings of the rooms part and ingest. Apart from _core, so that a program which only
// reads datasets loads no codec and no network.
#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>
#include <nanobind/stl/set.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/tuple.h>
#include <nanobind/stl/vector.h>

#include <signal.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <future>
#include <optional>
#include <stop_token>

#include "lido/base/json_text.h"
#include "lido/ingest/ingest.h"
#include "lido/ingest/remote_worker.h"
#include "lido/ingest/supervise.h"
#include "lido/report/report.h"
#include "lido/storage/store.h"
#include "result.h"

namespace nb = nanobind;
using namespace nb::literals;

namespace {

namespace ingest = lido::ingest;
namespace part = lido::part;
using lido::python::check;
using lido::python::value_or_throw;

constexpr auto kSignalPeriod = std::chrono::milliseconds(50);

/// Runs work(stop_token) without the interpreter's lock. A signal whose Python handler raises, such
/// as Ctrl-C, stops the work.
template <typename Work>
auto run_until_signal(const Work& work) {
  std::stop_source stop;
  lido::storage::stop_requests_on(stop.get_token());
  std::optional<nb::python_error> raised;
  auto result = std::async(std::launch::async, [&] { return work(stop.get_token()); });
  {
    const nb::gil_scoped_release release;
    while (!raised && result.wait_for(kSignalPeriod) != std::future_status::ready) {
      const nb::gil_scoped_acquire acquire;
      if (PyErr_CheckSignals() != 0) raised.emplace();
    }
    if (raised) stop.request_stop();
    result.wait();
  }
  lido::storage::stop_requests_on({});
  if (raised) throw std::move(*raised);
  return value_or_throw(result.get());
}

/// An ingest that is planned, and opened by the first call that writes.
class Ingest {
 public:
  static Ingest plan(const std::string& request) {
    Ingest made{
        .request_ = value_or_throw(ingest::parse_request(request)), .plan_ = {}, .run_ = {}};
    made.plan_ = run_until_signal(
        [&](const std::stop_token& stop) { return ingest::prepare(made.request_, stop); });
    return made;
  }

  ingest::IngestRun& run() {
    if (!run_) run_ = value_or_throw(ingest::IngestRun::open(request_, std::move(plan_)));
    return *run_;
  }

  std::vector<std::tuple<std::string, int64_t, int64_t>> batches(int workers) {
    const nb::gil_scoped_release release;
    std::vector<std::tuple<std::string, int64_t, int64_t>> batches;
    for (auto& batch : value_or_throw(run().batches(workers)))
      batches.emplace_back(std::move(batch.name), batch.spans, batch.bytes);
    return batches;
  }

  std::string finish() {
    part::Progress progress;
    ingest::IngestRun& opened = run();
    const auto summary = run_until_signal(
        [&](const std::stop_token& stop) { return opened.finish(progress, stop); });
    const nb::gil_scoped_release release;
    if (summary.generation > 0) check(lido::report::write_report(opened.dataset(), nullptr));
    run_.reset();  // the interpreter may keep this object, and other writers wait for its lock
    return lido::json_text(ingest::summary_json(summary));
  }

  ingest::Request request_;
  ingest::IngestPlan plan_;
  std::optional<ingest::IngestRun> run_;
};

ingest::RemoteWorker make_worker(const std::string& shared) {
  const nb::gil_scoped_release release;
  return value_or_throw(ingest::RemoteWorker::make(shared));
}

ingest::Attempts open_attempts(const ingest::RemoteWorker& worker, const std::string& node) {
  const nb::gil_scoped_release release;
  return value_or_throw(worker.attempts(node));
}

/// Runs work(careful) as ingest::supervise() does. @return Its exit code.
int supervise(const nb::callable& work) {
  const auto call = [&](bool careful) {
    int code = 1;
    try {
      code = nb::cast<int>(work(careful));
    } catch (nb::python_error& error) {
      error.restore();
      PyErr_Print();
    }
    // The interpreter is a copy of the supervising process' and is not taken down.
    std::fflush(nullptr);
    ::_exit(code);
    return code;
  };
  return ingest::supervise(call, {.stop_signal = SIGINT,
                                  .before_fork = PyOS_BeforeFork,
                                  .after_fork_in_parent = PyOS_AfterFork_Parent,
                                  .after_fork_in_child = PyOS_AfterFork_Child});
}

/// The columns clip, span, bytes and task.
std::tuple<std::vector<std::string>, std::vector<int64_t>, std::vector<int64_t>,
           std::vector<std::string>>
spans_of(const ingest::RemoteWorker& worker, const std::string& batch) {
  const nb::gil_scoped_release release;
  std::vector<std::string> clips, tasks;
  std::vector<int64_t> spans, bytes;
  for (auto& span : value_or_throw(ingest::read_batch(worker.store(), batch))) {
    clips.push_back(std::move(span.clip));
    spans.push_back(span.span);
    bytes.push_back(span.bytes);
    tasks.push_back(std::move(span.task));
  }
  return {std::move(clips), std::move(spans), std::move(bytes), std::move(tasks)};
}

std::tuple<int64_t, int64_t, std::string, bool> work(const ingest::RemoteWorker& worker,
                                                     const std::string& task,
                                                     const ingest::Attempts& attempts, bool alone) {
  const nb::gil_scoped_release release;
  auto report = value_or_throw(worker.work(task, attempts, alone));
  return {report.samples, report.frames, std::move(report.error), report.deferred};
}

/// A NumPy array that owns the values.
template <typename T>
nb::ndarray<nb::numpy, T> as_array(std::vector<T> values, std::vector<size_t> shape) {
  auto* kept = new std::vector<T>(std::move(values));
  const nb::capsule owner(kept, [](void* p) noexcept { delete static_cast<std::vector<T>*>(p); });
  return nb::ndarray<nb::numpy, T>(kept->data(), shape.size(), shape.data(), owner);
}

std::string frames(const ingest::RemoteWorker& worker, const std::string& task, size_t batch_size,
                   const nb::callable& on_batch) {
  std::optional<nb::python_error> raised;
  const auto call = [&](part::FrameBatch batch) -> lido::Result<void> {
    const nb::gil_scoped_acquire acquire;
    try {
      const size_t count = batch.k.size();
      const auto side = static_cast<size_t>(batch.size);
      on_batch(as_array(std::move(batch.k), {count}), as_array(std::move(batch.time_s), {count}),
               as_array(std::move(batch.rgb), {count, side, side, 3}));
      return {};
    } catch (nb::python_error& error) {
      raised.emplace(std::move(error));
      return lido::fail(lido::ErrorCode::kCancelled, "on_batch raised an error");
    }
  };
  lido::Result<std::string> broken;
  {
    const nb::gil_scoped_release release;
    broken = worker.frames(task, batch_size, call);
  }
  if (raised) throw std::move(*raised);
  return value_or_throw(std::move(broken));
}

}  // namespace

NB_MODULE(_work, module) {
  module.attr("MAX_FAILURES") = ingest::kNodeDeathsUntilRejected;
  module.def("supervise", &supervise, "work"_a,
             "Runs work(careful) in a child process, again after a crash. Returns its exit code.");
  nb::class_<Ingest>(module, "Ingest", "A planned ingest. Its methods create and lock the dataset.")
      .def(nb::new_(&Ingest::plan), "request"_a)
      .def("batches", &Ingest::batches, "workers"_a,
           "Batches of the spans without a part: name, number of spans, bytes to read.")
      .def(
          "shared_work", [](Ingest& self) { return self.run().shared_work(); },
          "The job's data for workers, besides the spans, as text.")
      .def("finish", &Ingest::finish,
           "Writes shards, tables and report. Returns the summary as JSON text.");
  nb::class_<ingest::Attempts>(module, "Attempts", "The ledger of attempts at spans.")
      .def("places", &ingest::Attempts::places, "The nodes where attempts failed.")
      .def("keep_places", &ingest::Attempts::keep_places, "places"_a,
           "Counts failures at other nodes as deaths of nodes.");
  nb::class_<ingest::RemoteWorker>(module, "Worker", "Reads spans of one job. Thread-safe.")
      .def(nb::new_(&make_worker), "shared"_a)
      .def("attempts", &open_attempts, "node"_a, nb::keep_alive<0, 1>(),
           "The ledger, for a process on that node.")
      .def("spans", &spans_of, "batch"_a,
           "The spans of a batch as columns: clip, span, bytes, task.")
      .def("work", &work, "task"_a, "attempts"_a, "alone"_a,
           "Makes a span's part. Returns samples, frames, why the clip broke, and whether the span "
           "was deferred.")
      .def("frames", &frames, "task"_a, "batch_size"_a, "on_batch"_a,
           "Calls on_batch(k, time_s, images) with up to batch_size frames at a time. Returns why "
           "the clip broke.");
}
