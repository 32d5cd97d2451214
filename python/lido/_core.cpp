// SPDX-License-Identifier: Apache-2.0
#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>
#include <nanobind/stl/filesystem.h>
#include <nanobind/stl/map.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/set.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <memory>

#include "array.h"
#include "lido/dataset/augment.h"
#include "lido/dataset/dataset.h"
#include "lido/dataset/split.h"
#include "result.h"

namespace nb = nanobind;
using namespace nb::literals;

namespace {

using lido::dataset::Dataset;
using lido::dataset::Generation;
using lido::dataset::SampleRow;
using lido::media::Image;
using lido::python::check;
using lido::python::to_array;
using lido::python::value_or_throw;

/// A dataset at one generation. Samples share it, so that they outlive the Python Dataset.
struct Opened {
  Dataset dataset;
  Generation generation;
  std::vector<SampleRow> samples;
};

using Frames = nb::ndarray<nb::numpy, uint8_t, nb::ndim<4>>;
using Pixels = nb::ndarray<nb::numpy, uint8_t, nb::ndim<3>>;
using Boxes = nb::ndarray<nb::numpy, double, nb::ndim<2>>;
using Keypoints = nb::ndarray<nb::numpy, double, nb::ndim<3>>;

struct Sample {
  std::shared_ptr<const Opened> opened;
  const SampleRow* row;

  /// Reads, checks and decodes the frames without the interpreter's lock; augments them if an
  /// epoch is given.
  Frames frames(std::optional<int64_t> epoch, int64_t seed) const {
    std::vector<uint8_t> pixels;
    size_t count = 0, height = 0, width = 0;
    {
      const nb::gil_scoped_release release;
      auto images = value_or_throw(opened->dataset.read_frames(*row));
      if (epoch && !images.empty()) {
        const auto drawn =
            lido::dataset::draw_augmentation({}, static_cast<uint64_t>(seed), *epoch, row->group,
                                             row->sample, images[0].width, images[0].height);
        for (size_t i = 0; i < images.size(); ++i)
          images[i] = lido::dataset::augment(images[i], drawn, static_cast<int>(i));
      }
      count = images.size();
      height = images.empty() ? 0 : static_cast<size_t>(images[0].height);
      width = images.empty() ? 0 : static_cast<size_t>(images[0].width);
      for (const Image& image : images)
        pixels.insert(pixels.end(), image.rgb.begin(), image.rgb.end());
    }
    return to_array<Frames>(std::move(pixels), {count, height, width, 3});
  }

  std::optional<Pixels> context() const {
    std::optional<Image> image;
    {
      const nb::gil_scoped_release release;
      image = value_or_throw(opened->dataset.read_context_image(*row));
    }
    if (!image) return std::nullopt;
    return to_array<Pixels>(std::move(image->rgb), {static_cast<size_t>(image->height),
                                                    static_cast<size_t>(image->width), 3});
  }

  std::optional<Boxes> boxes() const {
    if (row->boxes.empty()) return std::nullopt;
    return to_array<Boxes>(row->boxes, {row->boxes.size() / 4, 4});
  }

  std::optional<Keypoints> keypoints() const {
    if (row->keypoints.empty()) return std::nullopt;
    const size_t frames = std::max<size_t>(1, row->pts.size());
    return to_array<Keypoints>(row->keypoints, {frames, row->keypoints.size() / frames / 3, 3});
  }

  std::optional<int64_t> track() const {
    return row->track > 0 ? std::optional(row->track) : std::nullopt;
  }

  nb::object start_utc() const {
    if (!row->start_utc) return nb::none();
    const nb::module_ datetime = nb::module_::import_("datetime");
    const nb::object utc = datetime.attr("timezone").attr("utc");
    const nb::object epoch = datetime.attr("datetime")(1970, 1, 1, "tzinfo"_a = utc);
    return epoch + datetime.attr("timedelta")("microseconds"_a = row->start_utc->us);
  }

  nb::list labels() const {
    nb::list list;
    for (const auto& label : row->labels) {
      nb::dict entry;
      lido::dataset::SampleLabel::columns(
          [&](const char* name, auto member, auto...) { entry[name] = label.*member; });
      list.append(entry);
    }
    return list;
  }

  std::string repr() const {
    std::string text = fmt::format("<lido.Sample {} of {} at {:.2f} s", row->sample,
                                   row->clip.substr(row->clip.rfind('/') + 1), row->start_s);
    if (row->track > 0) text += fmt::format(", track {}", row->track);
    return text + ", " + row->split + ">";
  }
};

struct OpenedDataset {
  std::shared_ptr<const Opened> opened;

  std::map<std::string, size_t> splits() const {
    std::map<std::string, size_t> counts;
    for (const char* split : lido::dataset::kSplits) counts[split] = 0;
    for (const SampleRow& row : opened->samples) ++counts[row.split];
    return counts;
  }

  std::vector<Sample> samples(const std::optional<std::string>& split) const {
    if (split && !splits().contains(*split)) {
      std::string known;
      for (const char* name : lido::dataset::kSplits) known += std::string(", ") + name;
      throw nb::value_error(
          fmt::format("split: got \"{}\", want one of: {}", *split, known.substr(2)).c_str());
    }
    std::vector<Sample> found;
    for (const SampleRow& row : opened->samples) {
      if (!split || row.split == *split) found.push_back({opened, &row});
    }
    return found;
  }

  Sample at(int64_t index) const {
    const auto count = std::ssize(opened->samples);
    const int64_t from_start = index < 0 ? index + count : index;
    if (from_start < 0 || from_start >= count) {
      throw nb::index_error(
          fmt::format("sample: got index {}, want {} to {}", index, -count, count - 1).c_str());
    }
    return {opened, &opened->samples[static_cast<size_t>(from_start)]};
  }

  std::string repr() const {
    const auto counts = splits();
    std::string text =
        fmt::format("<lido.Dataset {}, generation {}: {} samples", opened->dataset.store().uri(),
                    opened->generation.number, opened->samples.size());
    for (const char* split : lido::dataset::kSplits)
      text += fmt::format(", {} {}", counts.at(split), split);
    return text + ">";
  }
};

OpenedDataset open_dataset(const std::filesystem::path& uri, int generation) {
  const nb::gil_scoped_release release;
  Dataset dataset = value_or_throw(Dataset::open(uri.string()));
  const int number = generation > 0 ? generation : value_or_throw(dataset.latest());
  Generation read = value_or_throw(dataset.read(number));
  std::vector<SampleRow> samples;
  const auto visited = dataset.visit<SampleRow>(number, [&](SampleRow& row) -> lido::Result<void> {
    samples.push_back(std::move(row));
    return {};
  });
  check(visited);
  return {std::make_shared<const Opened>(std::move(dataset), std::move(read), std::move(samples))};
}

void add_exceptions(nb::module_& module) {
  const auto add = [&](const char* name, const char* full_name, PyObject* base, const char* text) {
    module.attr(name) = nb::steal(PyErr_NewExceptionWithDoc(full_name, text, base, nullptr));
  };
  add("LidoError", "lido.LidoError", PyExc_Exception, "An error that names its cause.");
  add("LidoUnavailable", "lido.LidoUnavailable", nb::object(module.attr("LidoError")).ptr(),
      "Storage, disk or network failed; the same call may work later.");
}

void add_sample(nb::module_& module) {
  const auto row = [](auto member) { return [member](const Sample& s) { return s.row->*member; }; };
  nb::class_<Sample>(module, "Sample", "A window of frames of one clip. Thread-safe.")
      .def_prop_ro("key", row(&SampleRow::sample), "Key of the sample in its shard.")
      .def_prop_ro("split", row(&SampleRow::split), "Split: train, val or test.")
      .def_prop_ro("clip", row(&SampleRow::clip), "Absolute path or URI of the source clip.")
      .def_prop_ro("group", row(&SampleRow::group), "Event that the clip shows.")
      .def_prop_ro("site", row(&SampleRow::site), "Name of the pool; empty if unknown.")
      .def_prop_ro("camera", row(&SampleRow::camera), "Name of the camera; empty if unknown.")
      .def_prop_ro("start_s", row(&SampleRow::start_s),
                   "Time of the first frame, seconds after the clip's first frame.")
      .def_prop_ro("end_s", row(&SampleRow::end_s),
                   "Time of the last frame, seconds after the clip's first frame.")
      .def_prop_ro("start_utc", &Sample::start_utc,
                   nb::sig("def start_utc(self) -> datetime.datetime | None"),
                   "Time of the first frame on the wall clock; None if unknown.")
      .def_prop_ro("pts", row(&SampleRow::pts),
                   "Presentation timestamp of each frame, ticks of the clip's time base.")
      .def_prop_ro("source", row(&SampleRow::source),
                   "Origin of the boxes: detector, label, or motion for what moved in water; frame "
                   "for whole frames; empty in datasets of earlier versions.")
      .def_prop_ro("track", &Sample::track,
                   "Track id of the person shown, or number of what moved in water; None for a "
                   "sample of whole frames.")
      .def_prop_ro("person", row(&SampleRow::person),
                   "Name of the person in the labels; empty for a sample of another source.")
      .def_prop_ro("seen", row(&SampleRow::seen),
                   "Whether the person was seen in each frame, and not filled in; empty for a "
                   "sample of whole frames.")
      .def_prop_ro("repeated", row(&SampleRow::repeated),
                   "Number of copies of the last frame at the end of a stretch that is too short.")
      .def_prop_ro("boxes", &Sample::boxes, nb::rv_policy::automatic,
                   "Box of the person in each frame: float64, frames x 4 (x, y, width, height), "
                   "sample pixels. None for a sample of whole frames.")
      .def_prop_ro("keypoints", &Sample::keypoints, nb::rv_policy::automatic,
                   "Keypoints of the person in each frame: float64, frames x keypoints x 3 (x, y, "
                   "score), sample pixels; nan in a frame without a pose. None for a sample of "
                   "whole frames and with --poses off.")
      .def_prop_ro("context", &Sample::context, nb::rv_policy::automatic,
                   "Whole frame around the person: uint8, height x width x 3. None for a sample of "
                   "whole frames.")
      .def_prop_ro("labels", &Sample::labels,
                   nb::sig("def labels(self) -> list[dict[str, typing.Any]]"),
                   "Labels as dicts: task, label, overlap (share of the frames, copies left out), "
                   "track, boxes.")
      .def_prop_ro(
          "frames", [](const Sample& s) { return s.frames(std::nullopt, 0); },
          nb::rv_policy::automatic, "Frames as stored: uint8, frames x height x width x 3.")
      .def(
          "augmented",
          [](const Sample& s, int64_t epoch, int64_t seed) { return s.frames(epoch, seed); },
          "epoch"_a, "seed"_a = 0,
          "Returns augmented frames. They depend on seed, epoch, group and key only.")
      .def("__repr__", &Sample::repr);
}

void add_dataset(nb::module_& module) {
  nb::class_<OpenedDataset>(module, "Dataset",
                            "A dataset at one generation. Has len(), dataset[i] and a loop over "
                            "all samples. Thread-safe.")
      .def_prop_ro(
          "uri",
          [](const OpenedDataset& d) { return std::string(d.opened->dataset.store().uri()); },
          "Folder, gs:// or s3:// prefix.")
      .def_prop_ro(
          "generation", [](const OpenedDataset& d) { return d.opened->generation.number; },
          "Number of the generation, from 1; 0 for a dataset without samples yet.")
      .def_prop_ro("splits", &OpenedDataset::splits, "Number of samples in train, val and test.")
      .def_prop_ro(
          "labels", [](const OpenedDataset& d) { return d.opened->generation.vocabulary; },
          "Labels that the dataset knows, by task.")
      .def_prop_ro(
          "keypoints", [](const OpenedDataset& d) { return d.opened->generation.keypoints; },
          "Names of the keypoints in their order; empty without a pose network.")
      .def("samples", &OpenedDataset::samples, "split"_a = nb::none(),
           "Returns all samples, or those of one split, in the order of clips and times. Raises "
           "ValueError for an unknown split.")
      .def("__len__", [](const OpenedDataset& d) { return d.opened->samples.size(); })
      .def("__getitem__", &OpenedDataset::at, "index"_a)
      .def("__repr__", &OpenedDataset::repr);
  module.def("open", &open_dataset, "uri"_a, "generation"_a = 0,
             "Opens a dataset in a folder, gs:// or s3:// prefix, at its latest generation or at "
             "the given one.");
}

}  // namespace

NB_MODULE(_core, module) {
  add_exceptions(module);
  add_sample(module);
  add_dataset(module);
}
