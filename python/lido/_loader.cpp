// SPDX-License-Identifier: Apache-2.0
#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>
#include <nanobind/stl/filesystem.h>
#include <nanobind/stl/map.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/set.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include <chrono>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "array.h"
#include "lido/loader/loader.h"
#include "result.h"

namespace nb = nanobind;
using namespace nb::literals;

namespace {

using lido::dataset::SampleRow;
using lido::dataset::Vocabulary;
using lido::loader::LoaderOptions;
using lido::python::to_array;
using lido::python::value_or_throw;

using Frames = nb::ndarray<nb::numpy, uint8_t, nb::ndim<5>>;
using Boxes = nb::ndarray<nb::numpy, double, nb::ndim<3>>;
using Keypoints = nb::ndarray<nb::numpy, double, nb::ndim<4>>;
using Targets = nb::ndarray<nb::numpy, int64_t, nb::ndim<1>>;

/// Time between two looks for Ctrl-C.
constexpr std::chrono::milliseconds kSignalCheck{200};

struct Batch {
  lido::loader::Batch batch;
  std::shared_ptr<const Vocabulary> vocabulary;

  Frames frames() const {
    using Pixels = std::shared_ptr<uint8_t[]>;
    auto kept = std::make_unique<Pixels>(batch.pixels);
    const nb::capsule owner(kept.get(),
                            [](void* pointer) noexcept { delete static_cast<Pixels*>(pointer); });
    kept.release();
    const auto& shape = batch.shape;
    return Frames(batch.pixels.get(),
                  {batch.rows.size(), static_cast<size_t>(shape.frames),
                   static_cast<size_t>(shape.height), static_cast<size_t>(shape.width), 3},
                  owner);
  }

  std::optional<Boxes> boxes() const {
    const auto frames = static_cast<size_t>(batch.shape.frames);
    std::vector<double> values;
    for (const SampleRow& row : batch.rows) {
      if (row.boxes.size() != frames * 4) return std::nullopt;
      values.insert(values.end(), row.boxes.begin(), row.boxes.end());
    }
    return to_array<Boxes>(std::move(values), {batch.rows.size(), frames, 4});
  }

  std::optional<Keypoints> keypoints() const {
    const auto frames = static_cast<size_t>(batch.shape.frames);
    const size_t size = batch.rows.empty() ? 0 : batch.rows.front().keypoints.size();
    std::vector<double> values;
    for (const SampleRow& row : batch.rows) {
      if (row.keypoints.size() != size || size == 0) return std::nullopt;
      values.insert(values.end(), row.keypoints.begin(), row.keypoints.end());
    }
    return to_array<Keypoints>(std::move(values),
                               {batch.rows.size(), frames, size / frames / 3, 3});
  }

  nb::list labels() const {
    nb::list all;
    for (const SampleRow& row : batch.rows) {
      nb::list list;
      for (const auto& label : row.labels) {
        nb::dict entry;
        lido::dataset::SampleLabel::columns(
            [&](const char* name, auto member, auto...) { entry[name] = label.*member; });
        list.append(entry);
      }
      all.append(list);
    }
    return all;
  }

  Targets targets(const std::string& task) const {
    const auto found = vocabulary->find(task);
    if (found == vocabulary->end()) {
      if (vocabulary->empty())
        throw nb::value_error(
            fmt::format(
                "task: got \"{}\", and the dataset has no labels. Add them with lido label.", task)
                .c_str());
      std::string known;
      for (const auto& [name, labels] : *vocabulary) known += (known.empty() ? "" : ", ") + name;
      throw nb::value_error(fmt::format("task: got \"{}\", want one of: {}", task, known).c_str());
    }
    const std::vector<std::string> classes(found->second.begin(), found->second.end());
    return to_array<Targets>(lido::loader::targets(batch.rows, task, classes), {batch.rows.size()});
  }

  template <typename T>
  std::vector<T> column(T SampleRow::* member) const {
    std::vector<T> values;
    for (const SampleRow& row : batch.rows) values.push_back(row.*member);
    return values;
  }
};

class Loader {
 public:
  Loader(const std::string& uri, int generation, int rank, int workers, const std::string& position,
         const nb::kwargs& keywords)
      : loader_(opened(uri, generation, rank, workers, position, keywords)),
        vocabulary_(std::make_shared<const Vocabulary>(loader_->labels())) {}
  Loader(const Loader&) = delete;
  Loader& operator=(const Loader&) = delete;
  ~Loader() {
    const nb::gil_scoped_release release;  // its threads may end late: they wait for storage
    loader_.reset();
  }

  Batch next() {
    std::optional<lido::loader::Batch> batch;
    for (bool ready = false; !ready;) {
      {
        const nb::gil_scoped_release release;
        ready = loader_->is_ready(kSignalCheck);
      }
      if (PyErr_CheckSignals() != 0) throw nb::python_error();  // Ctrl-C
    }
    {
      const nb::gil_scoped_release release;
      batch = value_or_throw(loader_->next());
    }
    if (!batch) throw nb::stop_iteration();
    return {std::move(*batch), vocabulary_};
  }

  const lido::loader::Loader& loader() const { return *loader_; }
  const Vocabulary& labels() const { return *vocabulary_; }

 private:
  static lido::loader::Loader opened(const std::string& uri, int generation, int rank, int workers,
                                     const std::string& position, const nb::kwargs& keywords) {
    const auto text =
        nb::cast<std::string>(nb::module_::import_("json").attr("dumps")(nb::dict(keywords)));
    const nb::gil_scoped_release release;
    const auto options = value_or_throw(
        lido::from_json<LoaderOptions>(nlohmann::ordered_json::parse(text, nullptr, false)));
    return value_or_throw(
        lido::loader::Loader::open(uri, generation, options, {rank, workers}, position));
  }

  std::optional<lido::loader::Loader> loader_;
  std::shared_ptr<const Vocabulary> vocabulary_;
};

void add_batch(nb::module_& module) {
  nb::class_<Batch>(module, "Batch", "Samples for one step of training. Has len(). Thread-safe.")
      .def_prop_ro("frames", &Batch::frames, nb::rv_policy::automatic,
                   "Frames: uint8, samples x frames x height x width x 3. Shares the batch's "
                   "memory.")
      .def_prop_ro(
          "keys", [](const Batch& b) { return b.column(&SampleRow::sample); },
          "Keys of the samples.")
      .def_prop_ro(
          "clips", [](const Batch& b) { return b.column(&SampleRow::clip); },
          "Path or URI of each sample's clip.")
      .def_prop_ro(
          "groups", [](const Batch& b) { return b.column(&SampleRow::group); },
          "Event that each sample shows.")
      .def_prop_ro(
          "start_s", [](const Batch& b) { return b.column(&SampleRow::start_s); },
          "Time of each sample's first frame, seconds after its clip's first frame.")
      .def_prop_ro("boxes", &Batch::boxes, nb::rv_policy::automatic,
                   "Box of the person in each frame, augmented with it: float64, samples x frames "
                   "x 4 (x, y, width, height), pixels. None unless all are samples of people.")
      .def_prop_ro("keypoints", &Batch::keypoints, nb::rv_policy::automatic,
                   "Keypoints of the person in each frame, augmented with it: float64, samples x "
                   "frames x keypoints x 3 (x, y, score), pixels; nan in a frame without a pose. "
                   "Left and right are swapped in mirrored frames. None unless all samples have "
                   "keypoints.")
      .def_prop_ro("labels", &Batch::labels,
                   nb::sig("def labels(self) -> list[list[dict[str, typing.Any]]]"),
                   "Labels of each sample as dicts: task, label, overlap, track, boxes.")
      .def("targets", &Batch::targets, "task"_a,
           "Returns the class of each sample: int64, index into sorted(loader.labels[task]), -1 "
           "for a sample without a label. Raises ValueError for an unknown task.")
      .def_prop_ro(
          "epoch", [](const Batch& b) { return b.batch.epoch; }, "Epoch of the batch, from 0.")
      .def("__len__", [](const Batch& b) { return b.batch.rows.size(); })
      .def("__repr__", [](const Batch& b) {
        return fmt::format("<lido.Batch of {} samples of {} frames of {}x{}, epoch {}>",
                           b.batch.rows.size(), b.batch.shape.frames, b.batch.shape.width,
                           b.batch.shape.height, b.batch.epoch);
      });
}

/// Returns the signature of the constructor: its own parameters, then the options of a loader.
std::string init_signature() {
  std::string text =
      "def __init__(self, uri: str | os.PathLike, *, generation: int = 0, rank: int = 0, "
      "workers: int = 1, position: str = ''";
  const auto add = [&](std::string_view name, const auto& value, const auto&, std::string_view) {
    using Value = std::decay_t<decltype(value)>;
    if constexpr (std::is_same_v<Value, bool>)
      text += fmt::format(", {}: bool = {}", name, value ? "True" : "False");
    else if constexpr (std::is_integral_v<Value>)
      text += fmt::format(", {}: int = {}", name, value);
    else
      text += fmt::format(", {}: str = '{}'", name, value);
  };
  const lido::loader::LoaderOptions options;
  lido::loader::LoaderOptions::fields(options, add);
  return text + ") -> None";
}

void add_loader(nb::module_& module) {
  static const std::string kInit = init_signature();
  nb::class_<Loader>(module, "Loader",
                     "Batches of a split, epoch after epoch: a loop over the loader is one epoch. "
                     "Its threads read, decode and augment ahead.")
      .def(
          "__init__",
          [](Loader* self, const std::filesystem::path& uri, int generation, int rank, int workers,
             const std::string& position, const nb::kwargs& keywords) {
            new (self) Loader(uri.string(), generation, rank, workers, position, keywords);
          },
          "uri"_a, nb::kw_only(), "generation"_a = 0, "rank"_a = 0, "workers"_a = 1,
          "position"_a = "", "options"_a, nb::sig(kInit.c_str()),
          "Opens a dataset in a folder, gs:// or s3:// prefix. `rank` of `workers` gets its part "
          "of each epoch. `position` is that of another loader, of any number of workers.")
      .def(
          "__iter__", [](nb::object self) { return self; }, nb::sig("def __iter__(self) -> Loader"))
      .def("__next__", &Loader::next)
      .def(
          "__len__", [](const Loader& l) { return l.loader().batches(); },
          "Batches in an epoch of the worker that has the most.")
      .def_prop_ro(
          "samples", [](const Loader& l) { return l.loader().samples(); },
          "Samples in an epoch of all workers.")
      .def_prop_ro(
          "generation", [](const Loader& l) { return l.loader().generation(); },
          "Number of the generation.")
      .def_prop_ro("labels", &Loader::labels, "Labels that the dataset knows, by task.")
      .def_prop_ro(
          "keypoints", [](const Loader& l) { return l.loader().keypoints(); },
          "Names of the keypoints in their order; empty without a pose network.")
      .def_prop_ro(
          "position", [](const Loader& l) { return lido::loader::to_text(l.loader().position()); },
          "Place of the whole run in its data, as JSON text, provided that each worker has taken "
          "as many batches as this one. Loader(position=...) resumes there.");
}

}  // namespace

NB_MODULE(_loader, module) {
  add_batch(module);
  add_loader(module);
}
