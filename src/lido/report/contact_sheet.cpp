// SPDX-License-Identifier: Apache-2.0
#include "lido/report/contact_sheet.h"

#include <algorithm>
#include <set>

#include "lido/base/sample_evenly.h"
#include "lido/dataset/augment.h"
#include "lido/dataset/jpeg.h"
#include "lido/report/html.h"
#include "lido/report/report_data.h"

namespace lido::report {
namespace {

using dataset::SampleRow;

constexpr int kJpegQuality = 85;

Result<std::vector<SampleRow>> pick_samples(const dataset::Dataset& dataset,
                                            const dataset::Generation& generation, int64_t count) {
  std::vector<SampleRow> picked;
  EvenSampler picker(generation.samples, count);
  LIDO_TRY(dataset.visit<SampleRow>(generation.number, [&](SampleRow& row) -> Result<void> {
    if (picker.picks_next()) picked.push_back(std::move(row));
    return {};
  }));
  return picked;
}

/// Returns the caption: clip and time, person, split and key, labels.
std::string caption_of(const SampleRow& row) {
  std::string caption = fmt::format("{} {}", escape(short_name(row.clip)), clock(row.start_s));
  if (row.track != 0) caption += fmt::format("<br>person {}", row.track);
  caption += fmt::format("<br>{}, <code>{}</code>", escape(row.split), escape(row.sample));
  std::set<std::string> names;
  for (const auto& label : row.labels) names.insert(full_name(label));
  for (const std::string& name : names) caption += "<br><b>" + escape(name) + "</b>";
  return caption;
}

/// Returns the middle frame of a sample as images: as stored, and as augmented from epoch 0 on.
Result<std::string> images_of(const dataset::Dataset& dataset, const SampleRow& row, int epoch) {
  const auto frames = LIDO_TRY(dataset.read_frames(row));
  if (frames.empty()) return std::string();
  dataset::JpegEncoder encoder;
  const auto middle = static_cast<int>(frames.size() / 2);
  const media::Image& frame = frames[frames.size() / 2];
  std::string html = image_tag(LIDO_TRY(encoder.encode(frame, kJpegQuality)), row.sample);
  if (epoch < 0) return html;
  const auto seed = static_cast<uint64_t>(dataset.identity().value("seed", 0));
  const auto augmentation =
      dataset::draw_augmentation({}, seed, epoch, row.group, row.sample, frame.width, frame.height);
  const auto augmented = dataset::augment(frame, augmentation, middle);
  return html +
         image_tag(LIDO_TRY(encoder.encode(augmented, kJpegQuality)), row.sample + ", augmented");
}

}  // namespace

Result<std::string> contact_sheet(const dataset::Dataset& dataset,
                                  const dataset::Generation& generation, int max_samples,
                                  int epoch) {
  const int64_t shown = std::min<int64_t>(max_samples, generation.samples);
  std::string body = fmt::format(
      "<h1>Contact sheet</h1><p><code>{}</code></p><p>{} of {} samples, spread evenly; the middle "
      "frame of each{}. Captions: clip and start, person, split and key of the sample, labels.</p>",
      escape(dataset.store().uri()), shown, generation.samples,
      epoch >= 0 ? fmt::format(", above as stored, below as augmented for epoch {}", epoch) : "");
  body += "<p><a href=\"report.html\">Report of the dataset</a></p><div class=sheet>";
  for (const SampleRow& row : LIDO_TRY(pick_samples(dataset, generation, shown))) {
    const std::string images = LIDO_TRY(images_of(dataset, row, epoch));
    if (images.empty()) continue;
    body += fmt::format("<figure>{}<figcaption>{}</figcaption></figure>", images, caption_of(row));
  }
  return page("Lido contact sheet", body + "</div>");
}

}  // namespace lido::report
