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
  dataset::TableWriter<dataset::FilmedRow> frames;
  std::unique_ptr<media::Encoder> encoder;

  static Result<Outputs> open(storage::Store& store, const SimulatedCamera& camera) {
    auto video = LIDO_TRY(store.create(clip_of(camera)));
    auto mot = LIDO_TRY(store.create("mot/" + camera.name + ".txt"));
    auto truth = LIDO_TRY(
        dataset::TableWriter<dataset::SeenRow>::create(store, "truth/" + camera.name + ".parquet"));
    auto frames = LIDO_TRY(dataset::TableWriter<dataset::FilmedRow>::create(
        store, "frames/" + camera.name + ".parquet"));
    const Rational rate{std::llround(camera.fps * 1000), 1000};
    auto encoder = LIDO_TRY(media::Encoder::open(*video, camera.width, camera.height, rate,
                                                 {.hevc = camera.hevc,
                                                  .bitrate_mbps = camera.bitrate_mbps,
                                                  .keyframe_s = camera.keyframe_s}));
    return Outputs{std::move(video), std::move(mot), std::move(truth), std::move(frames),
                   std::move(encoder)};
  }

  Result<void> commit() {
    LIDO_TRY(encoder->finish());
    LIDO_TRY(truth.commit());
    LIDO_TRY(frames.commit());
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
  for (int64_t tick = 0; tick < count; ++tick) {
    if (how.stop.stop_requested()) return fail(ErrorCode::kCancelled, "cancelled");
    if (camera_.drops > 0 && tick > 0 && random.chance(camera_.drops)) {
      outputs.encoder->skip();
    } else {
      const double time_s = time_of(tick);
      numbers_.frame = frames_++;
      numbers_.pts = outputs.encoder->next_pts();
      numbers_.time_s = time_s;
      // A camera that freezes before its first image has nothing to repeat.
      numbers_.frozen = delivered_.has_value() && is_frozen(camera_, time_s);
      if (!numbers_.frozen) numbers_.shown_frame = numbers_.frame;
      numbers_.fault = fault_names(camera_, time_s);
      draw(renderer, tick);
      LIDO_TRY(encode(outputs));
      LIDO_TRY(write_truth(outputs, tick % std::max<int64_t>(1, std::llround(camera_.fps)) == 0));
    }
    how.on_frame();
  }
  LIDO_TRY(outputs.commit());
  return store_.write_text("coco/" + camera_.name + ".json", coco_.to_text(),
                           storage::Durability::kProcess);
}

void CameraFilm::draw(Renderer& renderer, int64_t tick) {
  const FilmPlan& plan = context_.plan;
  const double time_s = time_of(tick), day_s = plan.begins_s + time_s;
  const SimulatedCamera now = with_faults(camera_, time_s);
  spray_.advance_to(time_s);
  const StagedPeople people = stage(time_s);
  light_ = light_at(plan.light, day_s);
  render_ = renderer.draw(shot(now, tick, day_s), people.subjects);
  // A frozen camera shows an earlier image; this one is drawn for the truth alone.
  if (now.shutter_s > 0 && !numbers_.frozen) blend_shutter(renderer, now, tick, time_s);
  const double clock_s = camera_.clock.offset_s + day_s + 1e-6 * camera_.clock.drift_ppm * time_s;
  draw_overlay(render_.image, camera_.overlay, camera_.name, clock_s);
  truth_ = frame_truth(context_, {now, numbers_, light_, render_}, people);
  if (!numbers_.frozen) shown_ = truth_;
}

StagedPeople CameraFilm::stage(double time_s) {
  StagedPeople people = stage_people(context_, time_s);
  for (size_t i = 0; i < people.subjects.size(); ++i)
    people.subjects[i].splash = spray_.stir_of(people.moments[i].state.person);
  particles_ = spray_.particles(time_s);
  // Bubbles under a surface of foam are lost to a camera over the water.
  if (!camera_.is_under_water())
    std::erase_if(particles_, [](const Particle& particle) {
      return particle.kind == Particle::Kind::kBubble;
    });
  return people;
}

Shot CameraFilm::shot(const SimulatedCamera& now, int64_t tick, double day_s) const {
  return {.camera = now,
          .time_s = day_s,
          .frame = tick,
          .seed = static_cast<uint64_t>(context_.plan.seed),
          .water = context_.water,
          .turbidity = context_.plan.turbidity,
          .light = light_,
          .particles = particles_};
}

void CameraFilm::blend_shutter(Renderer& renderer, const SimulatedCamera& now, int64_t tick,
                               double time_s) {
  const auto opened = [&](double share) {
    return stage(std::max(0.0, time_s + now.shutter_s * share));
  };
  const int moments =
      shutter_moments(widest_step_px(context_.data.bodies, now, opened(-0.5), opened(0.5)));
  if (moments == 1) return;
  std::vector<uint16_t> sum(render_.image.rgb.begin(), render_.image.rgb.end());
  for (int step = -moments / 2; step <= moments / 2; ++step) {
    if (step == 0) continue;  // drawn already
    const double share = static_cast<double>(step) / moments;
    const StagedPeople people = opened(share);
    const double day_s = context_.plan.begins_s + time_s + now.shutter_s * share;
    const Render other = renderer.draw(shot(now, tick, day_s), people.subjects);
    for (size_t i = 0; i < sum.size(); ++i) sum[i] += other.image.rgb[i];
  }
  for (size_t i = 0; i < sum.size(); ++i)
    render_.image.rgb[i] = static_cast<uint8_t>((sum[i] + moments / 2) / moments);
}

Result<void> CameraFilm::encode(Outputs& outputs) {
  if (!numbers_.frozen) delivered_ = std::move(render_.image);
  return outputs.encoder->push(*delivered_);
}

Result<void> CameraFilm::write_truth(Outputs& outputs, bool is_sampled) {
  LIDO_TRY(outputs.frames.append(filmed_row(camera_, numbers_, light_)));
  // MOT and COCO describe the image that is shown, the other truth the person.
  if (is_sampled) coco_.add_image(camera_, numbers_.frame, numbers_.time_s);
  for (dataset::SeenRow row : shown_) {
    if (row.visible.empty()) continue;
    row.frame = numbers_.frame;
    LIDO_TRY(outputs.mot->append(mot_line(row)));
    if (is_sampled) coco_.add_person(row);
  }
  for (dataset::SeenRow& row : truth_) {
    LIDO_TRY(outputs.truth.append(std::move(row)));
    ++rows_;
  }
  return {};
}

}  // namespace lido::synth
