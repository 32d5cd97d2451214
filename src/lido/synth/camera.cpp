// SPDX-License-Identifier: Apache-2.0
#include "lido/synth/camera.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>

namespace lido::synth {
namespace {

/// In the order of Fault::Kind.
const std::vector<std::string_view> kFaults = {"cover", "blind", "defocus", "knock", "freeze"};

double radial(const std::array<double, 5>& k, double r2) {
  return 1 + r2 * (k[0] + r2 * (k[1] + r2 * k[4]));
}
double equidistant(const std::array<double, 5>& k, double t) {
  const double t2 = t * t;
  return t * (1 + t2 * (k[0] + t2 * (k[1] + t2 * (k[2] + t2 * k[3]))));
}

/// How far from the middle a ray is seen, in focal lengths, that comes from so far off the axis:
/// tangent (Brown) or angle (fisheye).
double bent(const Camera& camera, double r) {
  return camera.lens == Lens::kBrown ? r * radial(camera.k, r * r) : equidistant(camera.k, r);
}
/// Farther off nobody looks.
double farthest(const Camera& camera) { return camera.lens == Lens::kBrown ? 4 : 1.5; }

/// Whether rays from so far off the axis would fold back into the picture; reach() in a few steps.
bool folds_before(const Camera& camera, double r) {
  if (r > farthest(camera)) return true;
  constexpr int kSteps = 8;
  double before = 0;
  for (int i = 1; i <= kSteps; ++i) {
    const double now = bent(camera, r * i / kSteps);
    if (now < before) return true;
    before = now;
  }
  return false;
}

Result<Vector3> read_point(const Yaml& node) {
  const auto three = LIDO_TRY(node.list());
  if (three.size() != 3) return node.refuse("three numbers, metres: [x, y, z]");
  return Vector3(LIDO_TRY(three[0].number(-500, 500)), LIDO_TRY(three[1].number(-500, 500)),
                 LIDO_TRY(three[2].number(-20, 100)));
}

}  // namespace

double Camera::reach() const {
  // Where the bent radius stops growing, rays from farther out would fold back into the picture.
  const double most = farthest(*this);
  constexpr double kStep = 0.01;
  double before = 0;
  for (int i = 1; i * kStep < most; ++i) {
    const double r = i * kStep;
    const double now = bent(*this, r);
    if (now <= before) return r - kStep;
    before = now;
  }
  return most;
}

std::optional<Eigen::Vector2d> Camera::project(const Vector3& point) const {
  const Vector3 p = turn * (point - position);
  if (p.z() <= 1e-6) return std::nullopt;
  double x = p.x() / p.z(), y = p.y() / p.z();
  const double r = std::hypot(x, y);
  if (lens == Lens::kBrown) {
    if (folds_before(*this, r)) return std::nullopt;
    const double by = radial(k, r * r), xy = x * y;
    const double bent_x = x * by + 2 * k[2] * xy + k[3] * (r * r + 2 * x * x);
    y = y * by + k[2] * (r * r + 2 * y * y) + 2 * k[3] * xy;
    x = bent_x;
  } else if (r > 0) {
    const double t = std::atan(r);
    if (folds_before(*this, t)) return std::nullopt;
    const double by = equidistant(k, t) / r;
    x *= by;
    y *= by;
  }
  return Eigen::Vector2d(fx * x + cx, fy * y + cy);
}

std::optional<Eigen::Vector2d> Camera::see(const Vector3& point) const {
  if (point.z() >= 0) return project(point);
  return project(through_flat_water(position, point));
}

std::optional<Eigen::Vector2d> Camera::see(const Vector3& point, const Water& water,
                                           double time_s) const {
  if (point.z() >= water.height(point.x(), point.y(), time_s)) return project(point);
  return project(through_waves(position, point, water, time_s));
}

Camera with_faults(const Camera& camera, double time_s) {
  Camera now = camera;
  for (const Camera::Fault& fault : camera.faults) {
    if (!fault.lasts(time_s)) continue;
    switch (fault.kind) {
      case Camera::Fault::Kind::kCover:
        now.exposure *= 0.02;
        break;
      case Camera::Fault::Kind::kBlind:
        now.exposure *= 12;
        break;
      case Camera::Fault::Kind::kDefocus:
        now.softness += 6;
        break;
      case Camera::Fault::Kind::kKnock:
        now.turn =
            (Eigen::AngleAxisd(0.12, Vector3::UnitY()) * Eigen::AngleAxisd(0.06, Vector3::UnitX()) *
             Eigen::AngleAxisd(0.05, Vector3::UnitZ()))
                .toRotationMatrix() *
            camera.turn;
        break;
      case Camera::Fault::Kind::kFreeze:
        break;  // who films repeats the picture
    }
  }
  return now;
}

Camera look_at(const Vector3& position, const Vector3& target, double degrees, int width,
               int height) {
  Camera camera;
  camera.width = width;
  camera.height = height;
  camera.position = position;
  camera.cx = width / 2.0;
  camera.cy = height / 2.0;
  camera.fx = camera.fy = camera.cx / std::tan(degrees * M_PI / 360);
  const Vector3 ahead = (target - position).normalized();
  const Vector3 right = ahead.cross(Vector3::UnitZ()).normalized();
  camera.turn.row(0) = right;
  camera.turn.row(1) = ahead.cross(right);
  camera.turn.row(2) = ahead;
  return camera;
}

namespace {

Result<void> read_lens(const Yaml& node, Camera& camera) {
  if (node["lens"].there() && LIDO_TRY(node["lens"].choice({"brown", "fisheye"})) == "fisheye") {
    camera.lens = Lens::kFisheye;
    camera.fx = camera.fy =
        camera.cx / (LIDO_TRY(node["degrees"].number_or(80, 5, 150)) * M_PI / 360);
  }
  if (node["k"].there()) {
    const auto k = LIDO_TRY(node["k"].list());
    if (k.size() > camera.k.size())
      return node["k"].refuse("k1, k2, p1, p2, k3; or k1 to k4 of a fisheye");
    for (size_t i = 0; i < k.size(); ++i) camera.k[i] = LIDO_TRY(k[i].number(-2, 2));
  }
  const double corner = std::hypot(camera.cx / camera.fx, camera.cy / camera.fy);
  if (bent(camera, camera.reach()) < corner)
    return (node["k"].there() ? node["k"] : node["degrees"])
        .refuse("a lens that does not fold back inside the picture");
  return {};
}

Result<void> read_sensor(const Yaml& node, Camera& camera) {
  camera.noise = LIDO_TRY(node["noise"].number_or(camera.noise, 0, 0.5));
  camera.softness = LIDO_TRY(node["softness"].number_or(camera.softness, 0, 5));
  camera.shutter_s = LIDO_TRY(node["shutter_s"].number_or(0, 0, 0.2));
  camera.dirt = LIDO_TRY(node["dirt"].number_or(0, 0, 1));
  camera.exposure = LIDO_TRY(node["exposure"].number_or(1, 0.05, 10));
  camera.clock_offset_s = LIDO_TRY(node["clock_offset_s"].number_or(0, -3600, 3600));
  camera.clock_drift_ppm = LIDO_TRY(node["clock_drift_ppm"].number_or(0, -500, 500));
  camera.bitrate_mbps = LIDO_TRY(node["bitrate_mbps"].number_or(0, 0, 50));
  camera.keyframe_s = LIDO_TRY(node["keyframe_s"].number_or(2, 0.1, 60));
  camera.drops = LIDO_TRY(node["drops"].number_or(0, 0, 0.9));
  if (node["faults"].there()) {
    for (const Yaml& one : LIDO_TRY(node["faults"].list())) {
      LIDO_TRY(one.only({"kind", "at_s", "for_s"}));
      const std::string kind = LIDO_TRY(one["kind"].choice(kFaults));
      const auto which = std::ranges::find(kFaults, kind) - kFaults.begin();
      camera.faults.push_back({static_cast<Camera::Fault::Kind>(which),
                               LIDO_TRY(one["at_s"].number(0, 86400)),
                               LIDO_TRY(one["for_s"].number(0, 86400))});
    }
  }
  if (node["codec"].there())
    camera.hevc = LIDO_TRY(node["codec"].choice({"h264", "hevc"})) == "hevc";
  return {};
}

}  // namespace

Result<Camera> read_camera(const Yaml& node, const Pool& pool, size_t number) {
  LIDO_TRY(node.only({"name",
                      "at",
                      "looks_at",
                      "degrees",
                      "width",
                      "height",
                      "fps",
                      "lens",
                      "k",
                      "noise",
                      "softness",
                      "shutter_s",
                      "dirt",
                      "exposure",
                      "clock_offset_s",
                      "clock_drift_ppm",
                      "bitrate_mbps",
                      "keyframe_s",
                      "codec",
                      "drops",
                      "faults"}));
  const Vector3 at = LIDO_TRY(read_point(node["at"]));
  if (at.z() <= 0.2) return node["at"].refuse("a camera at least 0.2 m over the water");
  if (at.z() < pool.freeboard_m + 0.1 && !pool.is_water({at.x(), at.y()}))
    return node["at"].refuse("a camera that is not in the wall or under the deck");
  const Vector3 target = LIDO_TRY(read_point(node["looks_at"]));
  const Vector3 way = target - at;
  if (std::hypot(way.x(), way.y()) < 1e-3)
    return node["looks_at"].refuse("a place that is not straight under the camera");
  const auto width = LIDO_TRY(node["width"].number_or(640, 64, 4096));
  const auto height = LIDO_TRY(node["height"].number_or(360, 64, 4096));
  if (std::fmod(width, 2) != 0) return node["width"].refuse("an even number");
  if (std::fmod(height, 2) != 0) return node["height"].refuse("an even number");
  Camera camera = look_at(at, target, LIDO_TRY(node["degrees"].number_or(80, 5, 150)),
                          static_cast<int>(width), static_cast<int>(height));
  camera.name = node["name"].there() ? LIDO_TRY(node["name"].text()) : fmt::format("cam{}", number);
  if (camera.name.empty() ||
      camera.name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_-") != std::string::npos)
    return node["name"].refuse("a name of small letters, digits, _ and -");
  camera.fps = LIDO_TRY(node["fps"].number_or(25, 1, 60));
  LIDO_TRY(read_lens(node, camera));
  LIDO_TRY(read_sensor(node, camera));
  return camera;
}

std::vector<Camera> random_cameras(Random& random, const Pool& pool, size_t count, int width,
                                   int height, const Randomisation& from) {
  std::vector<Camera> cameras;
  const auto [low_x, low_y, high_x, high_y] = pool.bounds();
  const Vector3 middle((low_x + high_x) / 2, (low_y + high_y) / 2, 0);
  for (size_t i = 0; i < count; ++i) {
    // The first two see the basin from opposite corners, others from where they like.
    const double out = random.between(0.5, 1.0) * pool.deck_m;
    const bool right = i % 2 == 1, far = i % 4 == 1 || i % 4 == 2;
    const Vector3 at((right ? high_x + out : low_x - out), (far ? high_y + out : low_y - out),
                     from.camera_height_m.draw(random));
    const Vector3 seen = middle + Vector3(random.between(-0.15, 0.15) * (high_x - low_x),
                                          random.between(-0.15, 0.15) * (high_y - low_y), -0.3);
    // Not the sky: the axis meets the water at eight metres or so.
    const double away = (seen - at).norm(), wanted = random.between(6, 10);
    Vector3 target = at + (seen - at) * std::min(1.0, wanted / away);
    target.z() = -0.3;
    Camera camera = look_at(at, target, from.degrees.draw(random), width, height);
    camera.name = fmt::format("cam{}", i + 1);
    camera.k[0] = from.k1.draw(random);
    camera.noise = from.noise.draw(random);
    camera.softness = from.softness.draw(random);
    camera.dirt = random.chance(from.dirty) ? from.dirt.draw(random) : 0;
    camera.shutter_s = from.shutter_s.draw(random);
    camera.exposure = from.exposure.draw(random);
    camera.clock_offset_s = from.clock_offset_s.draw(random);
    camera.clock_drift_ppm = from.clock_drift_ppm.draw(random);
    cameras.push_back(camera);
  }
  return cameras;
}

std::string to_yaml(const Camera& camera) {
  const Vector3 target = camera.position + 5 * camera.turn.row(2).transpose();
  const double half = camera.cx / camera.fx;
  const double degrees = (camera.lens == Lens::kBrown ? std::atan(half) : half) * 360 / M_PI;
  const auto number = [](double value) { return fmt::format("{}", value); };
  const auto three = [](const Vector3& p) {
    return fmt::format("[{}, {}, {}]", p.x(), p.y(), p.z());
  };
  std::string text = fmt::format("  - name: {}\n", camera.name);
  for (const auto& [name, value] : std::initializer_list<std::pair<const char*, std::string>>{
           {"at", three(camera.position)},
           {"looks_at", three(target)},
           {"degrees", number(degrees)},
           {"width", number(camera.width)},
           {"height", number(camera.height)},
           {"fps", number(camera.fps)},
           {"lens", camera.lens == Lens::kBrown ? "brown" : "fisheye"},
           {"k", fmt::format("[{}]", fmt::join(camera.k, ", "))},
           {"noise", number(camera.noise)},
           {"softness", number(camera.softness)},
           {"shutter_s", number(camera.shutter_s)},
           {"dirt", number(camera.dirt)},
           {"exposure", number(camera.exposure)},
           {"clock_offset_s", number(camera.clock_offset_s)},
           {"clock_drift_ppm", number(camera.clock_drift_ppm)},
           {"bitrate_mbps", number(camera.bitrate_mbps)},
           {"keyframe_s", number(camera.keyframe_s)},
           {"codec", camera.hevc ? "hevc" : "h264"},
           {"drops", number(camera.drops)}})
    text += fmt::format("    {}: {}\n", name, value);
  if (camera.faults.empty()) return text;
  text += "    faults:\n";
  for (const Camera::Fault& fault : camera.faults)
    text += fmt::format("      - {{kind: {}, at_s: {}, for_s: {}}}\n",
                        kFaults[static_cast<size_t>(fault.kind)], fault.at_s, fault.for_s);
  return text;
}

}  // namespace lido::synth
