// SPDX-License-Identifier: Apache-2.0
#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>
#include <nanobind/stl/map.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include <memory>

#include "lido/dataset/augment.h"
#include "lido/dataset/dataset.h"
#include "result.h"

namespace nb = nanobind;
using namespace nb::literals;

namespace {

using lido::dataset::Dataset;
using lido::dataset::SampleRow;
using lido::python::check;
using lido::python::value_or_throw;

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

OpenedDataset open_dataset(const std::string& uri, int generation) {
  const nb::gil_scoped_release release;
  Dataset dataset = value_or_throw(Dataset::open(uri));
  const int number = generation > 0 ? generation : value_or_throw(dataset.latest());
  value_or_throw(dataset.read(number));  // it exists and is whole
  std::vector<SampleRow> samples;
  const auto visited = dataset.visit<SampleRow>(number, [&](SampleRow& row) -> lido::Result<void> {
    samples.push_back(std::move(row));
    return {};
  });
  check(visited);
  return {std::make_shared<const Opened>(std::move(dataset), number, std::move(samples))};
}

}  // namespace

NB_MODULE(_core, module) {
  // The second: storage, disk or network failed, and the same call may work another time.
  const auto add_exception = [&](const char* name, const char* full_name, PyObject* base) {
    module.attr(name) = nb::steal(PyErr_NewException(full_name, base, nullptr));
  };
  add_exception("LidoError", "lido.LidoError", PyExc_Exception);
  add_exception("LidoUnavailable", "lido.LidoUnavailable",
                nb::object(module.attr("LidoError")).ptr());
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
  module.def("open", &open_dataset, "uri"_a, "generation"_a = 0,
             "Opens a dataset in a folder, gs:// or s3:// prefix, at its latest generation or the "
             "one given.");
}
