// SPDX-License-Identifier: Apache-2.0
#include "lido/report/contact_sheet.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "lido/base/json_text.h"
#include "lido/base/sample_evenly.h"
#include "lido/dataset/augment.h"
#include "lido/dataset/jpeg.h"
#include "lido/report/embedded.h"
#include "lido/report/html.h"
#include "lido/report/report_data.h"

namespace lido::report {
namespace {

using dataset::SampleRow;

constexpr int kJpegQuality = 85, kFilmQuality = 75;
constexpr int kMaxFilmFrames = 16, kFilmColumns = 4;
constexpr int kMaxTile = 256;  // Longest side of a frame in a film, pixels.

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
  if (row.source == "motion")
    caption += fmt::format("<br>moving thing {}", row.track);
  else if (row.source == "label")
    caption += "<br>labelled person " + escape(row.person);
  else if (row.track != 0)
    caption += fmt::format("<br>person {}", row.track);
  caption += fmt::format("<br>{}, <code>{}</code>", escape(row.split), escape(row.sample));
  std::set<std::string> names;
  for (const auto& label : row.labels) names.insert(full_name(label));
  for (const std::string& name : names) caption += "<br><b>" + escape(name) + "</b>";
  return caption;
}

/// Averages squares of pixels, so that neither side is longer than kMaxTile.
media::Image reduce(const media::Image& image) {
  const int factor = (std::max(image.width, image.height) + kMaxTile - 1) / kMaxTile;
  media::Image out{.width = image.width / factor, .height = image.height / factor, .rgb = {}};
  out.rgb.reserve(static_cast<size_t>(out.width) * out.height * 3);
  for (int y = 0; y < out.height; ++y) {
    for (int x = 0; x < out.width * 3; ++x) {
      const int column = x / 3 * factor * 3 + x % 3;
      int sum = 0;
      for (int i = 0; i < factor * factor; ++i) {
        const size_t row = static_cast<size_t>(y) * factor + i / factor;
        sum += image.rgb[row * image.width * 3 + column + i % factor * 3];
      }
      out.rgb.push_back(static_cast<uint8_t>(sum / (factor * factor)));
    }
  }
  return out;
}

/// Returns frames of one size as tiles of one image, kFilmColumns in a row.
media::Image tile(const std::vector<media::Image>& frames) {
  const media::Image& first = frames.front();
  const auto count = static_cast<int>(frames.size());
  const int columns = std::min(kFilmColumns, count);
  const int rows = (count + columns - 1) / columns;
  const size_t line = static_cast<size_t>(first.width) * 3;
  media::Image out{.width = columns * first.width, .height = rows * first.height, .rgb = {}};
  out.rgb.resize(static_cast<size_t>(columns) * rows * line * first.height);
  for (size_t i = 0; i < frames.size(); ++i) {
    const size_t top = i / columns * first.height, left = i % columns * line;
    for (int y = 0; y < first.height; ++y)
      std::copy_n(frames[i].rgb.begin() + static_cast<ptrdiff_t>(y * line), line,
                  out.rgb.begin() + static_cast<ptrdiff_t>((top + y) * columns * line + left));
  }
  return out;
}

/// Returns the frames of a sample as a button that shows one of them; the page's script plays them.
Result<std::string> film_of(const std::vector<media::Image>& frames, const SampleRow& row,
                            double fps) {
  std::vector<media::Image> shown;
  EvenSampler picker(std::ssize(frames), kMaxFilmFrames);
  for (const media::Image& frame : frames) {
    if (picker.picks_next()) shown.push_back(reduce(frame));
  }
  const size_t columns = std::min<size_t>(kFilmColumns, shown.size());
  const double step_ms =
      1000 / fps * static_cast<double>(frames.size()) / static_cast<double>(shown.size());
  dataset::JpegEncoder encoder;
  return fmt::format(
      "<button type=button class=film aria-label=\"Sample {}: enlarge\" data-frames={} "
      "data-columns={} data-step-ms={:.0f} style=\"--columns:{};aspect-ratio:{}/{}\">{}</button>",
      escape(row.sample), shown.size(), columns, step_ms, columns, shown[0].width, shown[0].height,
      image_tag(LIDO_TRY(encoder.encode(tile(shown), kFilmQuality)), row.sample));
}

/// Returns the middle frame of a sample as augmented from epoch 0 on.
Result<std::string> augmented_image(const dataset::Dataset& dataset, const SampleRow& row,
                                    const std::vector<media::Image>& frames, int epoch) {
  const auto middle = static_cast<int>(frames.size() / 2);
  const media::Image& frame = frames[frames.size() / 2];
  const auto seed = static_cast<uint64_t>(dataset.identity().value("seed", 0));
  const auto augmentation =
      dataset::draw_augmentation({}, seed, epoch, row.group, row.sample, frame.width, frame.height);
  const auto augmented = dataset::augment(frame, augmentation, middle);
  dataset::JpegEncoder encoder;
  return image_tag(LIDO_TRY(encoder.encode(augmented, kJpegQuality)), row.sample + ", augmented");
}

/// Returns a sample with its frames, caption and facts for the page's script; empty for a sample
/// without frames.
Result<std::string> figure_of(const dataset::Dataset& dataset, const SampleRow& row, double fps,
                              int epoch) {
  const auto frames = LIDO_TRY(dataset.read_frames(row));
  if (frames.empty()) return std::string();
  std::set<std::pair<std::string, std::string>> labels;
  for (const auto& label : row.labels) labels.emplace(label.task, label.label);
  std::string html = fmt::format(
      "<figure data-clip=\"{}\" data-split=\"{}\" data-start={:.3f} data-end={:.3f} "
      "data-labels=\"{}\">",
      escape(row.clip), escape(row.split), row.start_s, row.end_s + 1 / fps,
      escape(json_text(nlohmann::json(labels))));
  html += LIDO_TRY(film_of(frames, row, fps));
  if (epoch >= 0) html += LIDO_TRY(augmented_image(dataset, row, frames, epoch));
  return html + fmt::format(
                    "<figcaption>{}</figcaption><label><input type=checkbox> wrong</label>"
                    "</figure>",
                    caption_of(row));
}

}  // namespace

Result<std::string> contact_sheet(const dataset::Dataset& dataset,
                                  const dataset::Generation& generation, int max_samples,
                                  int epoch) {
  const int64_t shown = std::min<int64_t>(max_samples, generation.samples);
  const double fps = LIDO_TRY(dataset.frame_rate()).value();
  std::string body = fmt::format(
      "<h1>Contact sheet</h1><p><code>{}</code></p><p>{} of {} samples, spread evenly{}. Point at "
      "a "
      "sample to play it, click to enlarge. Captions: clip and start, person, split and key of the "
      "sample, labels.</p>",
      escape(dataset.store().uri()), shown, generation.samples,
      epoch >= 0 ? fmt::format(
                       "; above as stored, below the middle frame as augmented for epoch {}", epoch)
                 : "");
  body += "<p><a href=\"report.html\">Report of the dataset</a></p>";
  body += embedded::kContactSheetHtml;
  body += "<div class=sheet>";
  for (const SampleRow& row : LIDO_TRY(pick_samples(dataset, generation, shown)))
    body += LIDO_TRY(figure_of(dataset, row, fps, epoch));
  body +=
      "</div><dialog aria-label=\"Sample, enlarged\"><div id=large></div><form method=dialog "
      "class=tools><button type=button id=previous>Previous</button><button type=button id=next>"
      "Next</button><button>Close</button></form></dialog>";
  body += fmt::format("<script>{}</script>", embedded::kContactSheetJs);
  return page("Lido contact sheet", body);
}

}  // namespace lido::report
