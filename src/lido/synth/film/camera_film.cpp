// SPDX-License-Identifier: Apache-2.0
#include "lido/synth/film/camera_film.h"

#include <algorithm>
#include <cmath>

#include "lido/base/hash.h"
#include "lido/media/encoder.h"

namespace lido::synth {

/// Open files of a camera. The encoder writes to `video`, so it is closed first.
struct CameraFilm::Outputs {
  std::unique_ptr<storage::Writer> video, mot;
  dataset::TableWriter<dataset::SeenRow> truth;
  std::unique_ptr<media::Encoder> encoder;

  static Result<Outputs> open(storage::Store& store, const SimulatedCamera& camera) {
    auto video = LIDO_TRY(store.create(clip_of(camera)));
    auto mot = LIDO_TRY(store.create("mot/" + camera.name + ".txt"));
    auto truth = LIDO_TRY(
        dataset::TableWriter<dataset::SeenRow>::create(store, "truth/" + camera.name + ".parquet"));
    const Rational rate{std::llround(camera.fps * 1000), 1000};
    auto encoder = LIDO_TRY(media::Encoder::open(*video, camera.width, camera.height, rate,
                                                 {.hevc = camera.hevc,
                                                  .bitrate_mbps = camera.bitrate_mbps,
                                                  .keyframe_s = camera.keyframe_s}));
    return Outputs{std::move(video), std::move(mot), std::move(truth), std::move(encoder)};
  }

  Result<void> commit() {
    LIDO_TRY(encoder->finish());
    LIDO_TRY(truth.commit());
    LIDO_TRY(mot->commit());
    return video->commit();
  }
};

Result<void> CameraFilm::run(const FilmRun& how) {
  const FilmPlan& plan = context_.plan;
  auto renderer = LIDO_TRY(Renderer::make(context_.data.bodies, plan.pool, plan.scenery, camera_));
  Outputs outputs = LIDO_TRY(Outputs::open(store_, camera_));
  Random random(derive_seed(static_cast<uint64_t>(plan.seed), {"lost frames", camera_.name}));
  const auto count = static_cast<int64_t>(std::floor(plan.duration_s * camera_.fps));
  for (int64_t frame = 0; frame < count; ++frame) {
    if (how.stop.stop_requested()) return fail(ErrorCode::kCancelled, "cancelled");
    if (camera_.drops > 0 && frame > 0 && random.chance(camera_.drops)) {
      outputs.encoder->skip();
    } else {
      draw(renderer, frame);
      LIDO_TRY(encode(outputs, time_of(frame)));
      LIDO_TRY(write_truth(outputs));
      ++frames_;
    }
    how.on_frame();
  }
  LIDO_TRY(outputs.commit());
  return store_.write_text("coco/" + camera_.name + ".json", coco_.to_text(),
                           storage::Durability::kProcess);
}

void CameraFilm::draw(Renderer& renderer, int64_t frame) {
  const FilmPlan& plan = context_.plan;
  const double time_s = time_of(frame), day_s = plan.begins_s + time_s;
  const SimulatedCamera now = with_faults(camera_, time_s);
  const StagedPeople people = stage_people(context_, time_s);
  light_ = light_at(plan.light, day_s);
  render_ = renderer.draw(shot(now, frame, day_s), people.subjects);
  if (now.shutter_s > 0) blend_shutter(renderer, now, frame, time_s);
  truth_ = frame_truth(context_, {now, frame, time_s, light_, render_}, people);
  const bool is_sampled = frame % std::max<int64_t>(1, std::llround(camera_.fps)) == 0;
  if (!is_sampled) return;
  coco_.add_image(camera_, frame, time_s);
  for (const dataset::SeenRow& row : truth_) {
    if (row.visible.empty()) continue;
    coco_.add_person(row);
    labels_ += label_lines(row, plan.duration_s);
  }
}

Shot CameraFilm::shot(const SimulatedCamera& now, int64_t frame, double day_s) const {
  return {.camera = now,
          .time_s = day_s,
          .frame = frame,
          .seed = static_cast<uint64_t>(context_.plan.seed),
          .water = context_.water,
          .turbidity = context_.plan.turbidity,
          .light = light_};
}

void CameraFilm::blend_shutter(Renderer& renderer, const SimulatedCamera& now, int64_t frame,
                               double time_s) {
  // Five moments in all; the middle one is drawn already.
  constexpr int kMoments = 5;
  std::vector<uint16_t> sum(render_.image.rgb.begin(), render_.image.rgb.end());
  for (const int step : {-2, -1, 1, 2}) {
    const double at_s = time_s + now.shutter_s * step / kMoments;
    const StagedPeople people = stage_people(context_, std::max(0.0, at_s));
    const Render other =
        renderer.draw(shot(now, frame, context_.plan.begins_s + at_s), people.subjects);
    for (size_t i = 0; i < sum.size(); ++i) sum[i] += other.image.rgb[i];
  }
  for (size_t i = 0; i < sum.size(); ++i)
    render_.image.rgb[i] = static_cast<uint8_t>((sum[i] + kMoments / 2) / kMoments);
}

Result<void> CameraFilm::encode(Outputs& outputs, double time_s) {
  const bool is_frozen = std::ranges::any_of(camera_.faults, [&](const CameraFault& fault) {
    return fault.kind == CameraFault::Kind::kFreeze && fault.lasts(time_s);
  });
  if (!is_frozen) delivered_ = std::move(render_.image);
  return outputs.encoder->push(delivered_ ? *delivered_ : render_.image);
}

Result<void> CameraFilm::write_truth(Outputs& outputs) {
  for (dataset::SeenRow& row : truth_) {
    if (!row.visible.empty()) LIDO_TRY(outputs.mot->append(mot_line(row)));
    LIDO_TRY(outputs.truth.append(std::move(row)));
    ++rows_;
  }
  return {};
}

}  // namespace lido::synth
