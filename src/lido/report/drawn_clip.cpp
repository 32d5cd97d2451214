// SPDX-License-Identifier: Apache-2.0
#include "lido/report/drawn_clip.h"

#include <cmath>
#include <memory>
#include <optional>

#include "lido/media/encoder.h"
#include "lido/scene/draw.h"

namespace lido::report {
namespace {

constexpr int kDrawnSide = 1280;

}  // namespace

Result<void> write_drawn_clip(const DrawnClip& clip, storage::Store& store,
                              const std::string& name) {
  std::unique_ptr<storage::Writer> writer;
  std::unique_ptr<media::Encoder> encoder;
  std::optional<media::Geometry> geometry;
  DrawFrame draw;
  media::Converter converter;
  const auto restart = [&] {
    encoder.reset();
    writer.reset();
    geometry.reset();
  };
  const auto sink = [&](const media::ExtractedFrame& extracted) -> Result<void> {
    if (!geometry) {
      geometry = media::shrunk_geometry(extracted.frame, kDrawnSide, 2);
      writer = LIDO_TRY(store.create(name));
      encoder = LIDO_TRY(
          media::Encoder::open(*writer, geometry->width, geometry->height, clip.request.fps));
      draw = clip.start();
    }
    // A clip may change its size; the video keeps its first.
    media::Geometry fitted = *geometry;
    const auto [width, height] = media::upright_size(extracted.frame);
    fitted.scale_x = double(fitted.width) / width;
    fitted.scale_y = double(fitted.height) / height;
    for (int64_t k = extracted.first_k; k < extracted.end_k; ++k) {
      media::Image image = converter.convert(extracted.frame, fitted);
      draw(k, image, fitted);
      LIDO_TRY(encoder->push(image));
    }
    clip.on_frames(extracted.end_k);
    return {};
  };
  LIDO_TRY(media::extract(clip.reader, clip.request, sink, restart, clip.stop));
  if (!encoder) return {};
  LIDO_TRY(encoder->finish());
  return writer->commit();
}

DrawFrame draw_predictions(const PredictedPeople& people) {
  return [people, next = size_t{0}](int64_t k, media::Image& image,
                                    const media::Geometry& geometry) mutable {
    std::vector<scene::DrawnBox> boxes;
    const auto& objects = people.objects;
    while (next < objects.size() && objects[next].k < k) ++next;
    for (; next < objects.size() && objects[next].k == k; ++next) {
      const dataset::ObjectRow& object = objects[next];
      if (object.track == 0) continue;
      scene::DrawnBox box{.box = {object.x, object.y, object.width, object.height},
                          .track = object.track,
                          .text = fmt::format("{}", object.track)};
      for (const auto& [task, choice] : people.predictions.at(object.track, k)) {
        if (choice.probability < people.min_probability)
          box.text += " uncertain";
        else
          box.text += fmt::format(" {} {:.0f}%", choice.name, 100 * choice.probability);
      }
      boxes.push_back(std::move(box));
    }
    scene::draw(image, geometry, boxes, {},
                fmt::format("{:.2f} s  {}", static_cast<double>(k) / people.fps, people.note));
  };
}

}  // namespace lido::report
