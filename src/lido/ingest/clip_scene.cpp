// SPDX-License-Identifier: Apache-2.0
#include "lido/ingest/clip_scene.h"

#include <algorithm>

namespace lido::ingest {
namespace {

/// Appends the scenes of a clip's spans, in order of time.
class SceneJoiner {
 public:
  SceneJoiner(const JobContext& job, const ClipRecord& clip) : job_(job), clip_(clip) {}

  void add(size_t span, part::SceneRecord record) {
    scene_.width = std::max(scene_.width, record.width);
    scene_.height = std::max(scene_.height, record.height);
    for (scene::Observation& one : record.observations) {
      if (!is_in_gap(one.k)) add_observation(std::move(one));
    }
    for (const part::StoredImage& one : record.thumbnails) {
      if (!is_in_gap(one.k) && !may_show_forgotten(one.k)) scene_.thumbnails.push_back({span, one});
    }
    for (const part::StoredImage& one : record.cutouts)
      scene_.cutouts.emplace(one.k, PlacedImage{span, one});
    for (const part::StoredImage& one : record.contexts)
      scene_.contexts.emplace(one.k, PlacedImage{span, one});
  }

  ClipScene take() { return std::move(scene_); }

 private:
  bool is_in_gap(int64_t k) const { return clip_.touches_gap(k, k + 1); }

  bool is_forgotten(int64_t k) const {
    const double time_s = job_.seconds(k);
    return job_.was_forgotten(clip_, k, time_s - job_.frame_s(clip_), time_s);
  }

  /// As is_forgotten(), for an image: it may show a frame that was on show for long.
  bool may_show_forgotten(int64_t k) const {
    const double time_s = job_.seconds(k);
    return is_forgotten(k) ||
           job_.was_forgotten(clip_, k, time_s - job_.sampling.max_gap_s, time_s);
  }

  void add_observation(scene::Observation observation) {
    auto& all = scene_.observations;
    if (!all.empty() && all.back().k == observation.k) {
      // The span before observed the camera's motion up to here, and nothing else.
      observation.registration = all.back().registration;
      all.pop_back();
    }
    // A span that begins behind a gap does not know of the gap.
    if (!all.empty() && clip_.touches_gap(all.back().k, observation.k))
      observation.after_cut = true;
    if (is_forgotten(observation.k)) {
      observation.found.clear();
      observation.looks.clear();
      observation.moving.clear();
      observation.poses.clear();
    }
    all.push_back(std::move(observation));
  }

  const JobContext& job_;
  const ClipRecord& clip_;
  ClipScene scene_;
};

}  // namespace

Result<ClipScene> read_clip_scene(const JobContext& job, const ClipRecord& clip) {
  if (job.is_rejected(clip)) return ClipScene{};
  SceneJoiner joiner(job, clip);
  for (size_t span = 0; span < clip.span_parts.size(); ++span) {
    auto record = part::read_scene(job.dataset.store(), part::scene_name(clip.span_parts[span]));
    if (!record) return std::unexpected(record.error());
    joiner.add(span, std::move(*record));
  }
  return joiner.take();
}

Result<std::string> read_image(storage::Reader& reader, const std::string& name, int64_t offset,
                               int64_t length) {
  std::string bytes(static_cast<size_t>(std::max<int64_t>(0, length)), '\0');
  const size_t read = LIDO_TRY(reader.read_at(offset, std::as_writable_bytes(std::span(bytes))));
  if (read == bytes.size()) return bytes;
  return fail(ErrorCode::kCorrupt, "{}: {} of {} bytes at {}", name, read, length, offset);
}

Result<std::string> ClipImageReader::read(const PlacedImage& placed) {
  auto& reader = readers_[placed.span];
  const std::string name = part::scene_name(clip_.span_parts[placed.span]);
  if (!reader) reader = LIDO_TRY(store_.open(name));
  return read_image(*reader, name, placed.image.offset, placed.image.length);
}

}  // namespace lido::ingest
