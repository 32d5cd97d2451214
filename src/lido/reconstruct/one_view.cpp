// SPDX-License-Identifier: Apache-2.0
#include "lido/reconstruct/one_view.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "lido/reconstruct/view_pair.h"

namespace lido::reconstruct {
namespace {

using geometry::Camera;
using geometry::Pool;
using geometry::Ray;
using geometry::SightLine;
using geometry::Vector3;

/// Height of an ankle over the floor under it, with a standard deviation of people who walk.
constexpr double kAnkle_m = 0.10, kAnkleSigma_m = 0.04;
/// Height of the face over the water, of people who tread water or wade, with deviation.
constexpr double kFace_m = 0.15, kFaceSigma_m = 0.15;
/// Height of the joints of a person lying at the surface, with deviation.
constexpr double kLying_m = -0.10, kLyingSigma_m = 0.18;

/// Standard deviation of a joint's distance from the upright plane through the person's feet, in
/// metres: people turn, lean and stride.
constexpr std::array<double, kJoints> kDepth_m = {0.10, 0.10, 0.10, 0.10, 0.10, 0.13,
                                                  0.13, 0.17, 0.17, 0.21, 0.21, 0.10,
                                                  0.10, 0.11, 0.11, 0.12, 0.12};

/// A plane in which a person's joints are, up to kDepth_m: one explanation of a view.
struct Explanation {
  Vector3 normal;
  double offset_m;
  double sigma_m;  ///< Standard deviation of offset_m.
  double weight;
};

/// Where a sight line meets a plane, over or under the water, and its direction there.
std::optional<Ray> meet(const SightLine& line, const Vector3& normal, double offset_m) {
  constexpr double kMinSlope = 0.1;
  for (const bool under_water : {false, true}) {
    const auto& ray = under_water ? line.in_water : line.in_air;
    if (!ray) continue;
    const double slope = normal.dot(ray->direction);
    const double distance_m = (offset_m - normal.dot(ray->origin)) / slope;
    if (std::abs(slope) < kMinSlope || !(distance_m > 0)) continue;
    const Vector3 point = ray->origin + distance_m * ray->direction;
    if (!line.in_air || under_water == (point.z() < 0)) return Ray{point, ray->direction};
  }
  return std::nullopt;
}

/// Metres across the line of sight that a pixel covers at a point.
double across_one_pixel(const Camera& camera, const Vector3& point) {
  return std::abs((camera.cam_from_world.row(2) * (point - camera.position)).value()) / camera.fx;
}

struct Segment {
  size_t from, to;
  double BodySize::* length_m;
};
constexpr std::array<Segment, 6> kSegments = {{{5, 11, &BodySize::trunk_m},
                                               {6, 12, &BodySize::trunk_m},
                                               {11, 13, &BodySize::thigh_m},
                                               {12, 14, &BodySize::thigh_m},
                                               {13, 15, &BodySize::shin_m},
                                               {14, 16, &BodySize::shin_m}}};

/// One view with all that is asked of it.
class OneView {
 public:
  OneView(const Camera& camera, const PersonView& view, const Pool& pool, const BodySize& size)
      : camera_(camera), pool_(pool), size_(size), sighted_(with_sight_lines(camera, view)) {
    Vector3 sum = Vector3::Zero();
    for (const auto& line : sighted_.lines) {
      if (line) sum += (line->in_air ? line->in_air : line->in_water)->direction;
    }
    ahead_ = Vector3(sum.x(), sum.y(), 0).normalized();
    scale();
  }

  bool is_usable() const { return ahead_.allFinite() && ahead_.norm() > 0.5; }

  /// Cosine of the angle between the person and the vertical, shoulders up; 1 where unknown.
  double uprightness() const {
    std::optional<Vector3> top = middle({5, 6}), low = middle({15, 16});
    if (!top) top = middle({0, 1, 2, 3, 4});
    if (!low) low = middle({13, 14});
    if (!low) low = middle({11, 12});
    if (!top || !low) return 1;
    const Vector3 up = *top - *low;
    return up.z() / std::max(1e-6, up.norm());
  }

  std::vector<Explanation> explanations() const {
    std::vector<Explanation> out;
    // Between upright and lying there are swimmers of all kinds. A person lying along the line
    // of sight also looks upright.
    const double upright = std::clamp((uprightness() - 0.3) / 0.4, 0.02, 1.0);
    constexpr double kLying = 1;
    if (const auto feet = on_ground()) add_upright(*feet, upright, out);
    if (const auto head = at_surface()) add_upright(*head, upright, out);
    add_lying(kLying, out);
    constexpr double kOther = 0.03;
    if (scale_m_)
      out.push_back({ahead_, *scale_m_, scale_sigma_m_, kOther * std::max(upright, 0.2)});
    return out;
  }

  /// A joint in the plane of an explanation; without cameras if the sight line misses the plane.
  Joint joint_in(const Explanation& one, size_t joint) const {
    Joint out;
    if (!sighted_.lines[joint]) return out;
    // Two points a standard deviation before and behind: the sight line bends at the surface.
    const double sigma_m = std::hypot(one.sigma_m, kDepth_m[joint]);
    const auto near = meet(*sighted_.lines[joint], one.normal, one.offset_m - sigma_m);
    const auto far = meet(*sighted_.lines[joint], one.normal, one.offset_m + sigma_m);
    if (!near || !far) return out;
    const Vector3 half = (far->origin - near->origin) / 2;
    out.point_in_world = (near->origin + far->origin) / 2;
    const double across_m =
        across_one_pixel(camera_, out.point_in_world) * sighted_.view.keypoints[joint].sigma_px;
    out.covariance = across_m * across_m * Eigen::Matrix3d::Identity() + half * half.transpose();
    out.cameras = {sighted_.view.camera};
    return out;
  }

  const Vector3& ahead() const { return ahead_; }

 private:
  struct Distance {
    double offset_m, sigma_m;
  };

  std::optional<Vector3> in_upright_plane(size_t joint, double offset_m) const {
    if (!sighted_.lines[joint]) return std::nullopt;
    const auto at = meet(*sighted_.lines[joint], ahead_, offset_m);
    return at ? std::optional(at->origin) : std::nullopt;
  }

  std::optional<Vector3> middle(std::initializer_list<size_t> joints) const {
    const double usual_m = ahead_.dot(camera_.position) + 5;
    Vector3 sum = Vector3::Zero();
    int count = 0;
    for (const size_t joint : joints) {
      if (const auto at = in_upright_plane(joint, scale_m_.value_or(usual_m))) {
        sum += *at;
        ++count;
      }
    }
    return count > 0 ? std::optional(Vector3(sum / count)) : std::nullopt;
  }

  struct Lengths {
    double seen_m = 0, known_m = 0, sigma_m = 0;
  };
  Lengths lengths(const Vector3& normal, double offset_m) const {
    Lengths out;
    for (const Segment& one : kSegments) {
      if (!sighted_.lines[one.from] || !sighted_.lines[one.to]) continue;
      const auto from = meet(*sighted_.lines[one.from], normal, offset_m);
      const auto to = meet(*sighted_.lines[one.to], normal, offset_m);
      if (!from || !to) continue;
      out.seen_m += (from->origin - to->origin).norm();
      out.known_m += size_.*one.length_m;
      const double sigma_m =
          across_one_pixel(camera_, from->origin) * sighted_.view.keypoints[one.from].sigma_px;
      out.sigma_m = std::hypot(out.sigma_m, sigma_m * std::sqrt(2));
    }
    return out;
  }

  /// Finds the distance at which trunk and legs have their size.
  void scale() {
    const double here_m = ahead_.dot(camera_.position);
    double distance_m = 5;
    for (int i = 0; i < 6; ++i) {
      const Lengths found = lengths(ahead_, here_m + distance_m);
      // Trunk or leg at least.
      if (found.known_m < 0.4 || !(found.seen_m > 0.01)) return;
      distance_m = std::clamp(distance_m * found.known_m / found.seen_m, 0.2, 200.0);
      scale_share_ =
          std::hypot(kPoseShare, std::hypot(size_.sigma_share, found.sigma_m / found.seen_m));
    }
    scale_m_ = here_m + distance_m;
    scale_sigma_m_ = distance_m * scale_share_;
  }

  /// Distance of people who stand on deck or floor, by their ankles.
  std::optional<Distance> on_ground() const {
    double sum = 0, slope = 0, pixel_share = 0;
    int count = 0;
    for (const size_t joint : {15U, 16U}) {
      if (!sighted_.lines[joint]) continue;
      const auto at = ground_point(*sighted_.lines[joint], kAnkle_m);
      const auto above = ground_point(*sighted_.lines[joint], kAnkle_m + kAnkleSigma_m);
      if (!at || !above) continue;
      sum += ahead_.dot(*at);
      slope += std::abs(ahead_.dot(*at - *above));
      pixel_share =
          across_one_pixel(camera_, *at) * sighted_.view.keypoints[joint].sigma_px / kAnkleSigma_m;
      ++count;
    }
    if (count == 0) return std::nullopt;
    const double by_height_m = slope / count;
    // A pixel's error moves the place as an error of height does.
    return Distance{sum / count, std::hypot(by_height_m, by_height_m * pixel_share)};
  }

  std::optional<Vector3> ground_point(const SightLine& line, double over_m) const {
    const auto deck = geometry::point_at_height(line, pool_.freeboard_m + over_m);
    if (deck && !pool_.is_water({deck->x(), deck->y()})) return deck;
    std::optional<Vector3> floor = deck;
    for (int i = 0; i < 4 && floor; ++i)
      floor = geometry::point_at_height(line, over_m - pool_.basin_m(floor->x()));
    if (!floor || !pool_.is_water({floor->x(), floor->y()})) return std::nullopt;
    return floor;
  }

  /// Distance of upright people whose face is over the water.
  std::optional<Distance> at_surface() const {
    double sum = 0, slope = 0;
    int count = 0;
    for (size_t joint = 0; joint < 5; ++joint) {
      if (!sighted_.lines[joint]) continue;
      const auto at = geometry::point_at_height(*sighted_.lines[joint], kFace_m);
      const auto above = geometry::point_at_height(*sighted_.lines[joint], kFace_m + kFaceSigma_m);
      if (!at || !above || !pool_.is_water({at->x(), at->y()})) continue;
      sum += ahead_.dot(*at);
      slope += std::abs(ahead_.dot(*at - *above));
      ++count;
    }
    if (count == 0) return std::nullopt;
    return Distance{sum / count, slope / count};
  }

  /// Likelihood of the size that an explanation gives the person.
  double size_likelihood(const Vector3& normal, double offset_m, double sigma_share) const {
    const Lengths found = lengths(normal, offset_m);
    if (found.known_m < 0.4) return 1;
    const double share = found.seen_m / found.known_m - 1;
    const double sigma = std::hypot(sigma_share, scale_share_);
    return std::exp(-share * share / (2 * sigma * sigma)) / sigma;
  }

  void add_upright(const Distance& found, double weight, std::vector<Explanation>& out) const {
    const double far_m = found.offset_m - ahead_.dot(camera_.position);
    if (!(far_m > 0.2)) return;
    Explanation one{ahead_, found.offset_m, found.sigma_m, weight};
    if (scale_m_) {
      one.weight *= size_likelihood(ahead_, found.offset_m, found.sigma_m / far_m);
      const double by_feet = 1 / (found.sigma_m * found.sigma_m);
      const double by_size = 1 / (scale_sigma_m_ * scale_sigma_m_);
      one.offset_m = (by_feet * found.offset_m + by_size * *scale_m_) / (by_feet + by_size);
      one.sigma_m = 1 / std::sqrt(by_feet + by_size);
    }
    out.push_back(one);
  }

  void add_lying(double weight, std::vector<Explanation>& out) const {
    Vector3 sum = Vector3::Zero();
    int count = 0;
    for (const auto& line : sighted_.lines) {
      const auto at = line ? meet(*line, Vector3::UnitZ(), kLying_m) : std::nullopt;
      if (!at) continue;
      sum += at->origin;
      ++count;
    }
    if (count < 4 || !pool_.is_water({sum.x() / count, sum.y() / count})) return;
    weight *= size_likelihood(Vector3::UnitZ(), kLying_m, 0);
    out.push_back({Vector3::UnitZ(), kLying_m, kLyingSigma_m, weight});
  }

  /// People bend and stride: trunk and legs look shorter or longer by so much.
  static constexpr double kPoseShare = 0.10;

  const Camera& camera_;
  const Pool& pool_;
  const BodySize& size_;
  SightedView sighted_;
  Vector3 ahead_ = Vector3::Zero();  ///< Horizontal, from the camera to the person.
  std::optional<double> scale_m_;    ///< Offset of the upright plane by the person's size.
  double scale_sigma_m_ = 0, scale_share_ = kPoseShare;
};

/// Weighs an explanation by where shoulders and hips are expected.
double expected_likelihood(const OneView& view, const Explanation& one,
                           const std::array<Joint, kJoints>& expected) {
  double away = 0, variance = 0;
  int count = 0;
  for (const size_t joint : {5U, 6U, 11U, 12U}) {
    const Joint here = view.joint_in(one, joint);
    if (!here.is_found() || !expected[joint].is_found()) continue;
    away += view.ahead().dot(here.point_in_world - expected[joint].point_in_world);
    variance += view.ahead().dot((here.covariance + expected[joint].covariance) * view.ahead());
    ++count;
  }
  if (count == 0) return 1;
  away /= count, variance /= count;
  return std::exp(-away * away / (2 * variance)) / std::sqrt(variance);
}

/// Mean and covariance of a joint over weighed explanations.
Joint joint_of(const OneView& view, std::span<const Explanation> explanations, size_t joint) {
  Joint out;
  double weight = 0;
  Eigen::Matrix3d second = Eigen::Matrix3d::Zero();
  Vector3 first = Vector3::Zero(), origin = Vector3::Zero();
  for (const Explanation& one : explanations) {
    const Joint here = view.joint_in(one, joint);
    if (!here.is_found()) continue;
    if (weight == 0) origin = here.point_in_world;
    const Vector3 at = here.point_in_world - origin;
    weight += one.weight;
    first += one.weight * at;
    second += one.weight * (here.covariance + at * at.transpose());
    out.cameras = here.cameras;
  }
  if (!(weight > 0)) return {};
  const Vector3 mean = first / weight;
  out.point_in_world = origin + mean;
  out.covariance = second / weight - mean * mean.transpose();
  return out;
}

/// A neighbour that a joint is at a known distance from, and that distance as a share of stature.
struct Link {
  size_t from, to;
  double share;
};
constexpr std::array<Link, 17> kLinks = {{{5, 7, 0.186},
                                          {6, 8, 0.186},
                                          {7, 9, 0.146},
                                          {8, 10, 0.146},
                                          {5, 11, 0.288},
                                          {6, 12, 0.288},
                                          {5, 6, 0.22},
                                          {11, 12, 0.14},
                                          {11, 13, 0.245},
                                          {12, 14, 0.245},
                                          {13, 15, 0.246},
                                          {14, 16, 0.246},
                                          {0, 1, 0.03},
                                          {0, 2, 0.03},
                                          {1, 3, 0.06},
                                          {2, 4, 0.06},
                                          {0, 5, 0.16}}};

struct Reach {
  size_t neighbour;
  double length_m, sigma_m;
};

/// The neighbour from which a joint's place is known best.
std::optional<Reach> reach_of(size_t joint, const std::array<Joint, kJoints>& others,
                              const BoneLengths& bones) {
  std::optional<Reach> best;
  for (const Link& link : kLinks) {
    if (link.from != joint && link.to != joint) continue;
    const size_t neighbour = link.from == joint ? link.to : link.from;
    if (!others[neighbour].is_found()) continue;
    constexpr double kStature_m = 1.6, kShare = 0.15;
    Reach one{neighbour, link.share * kStature_m, link.share * kStature_m * kShare + kBend_m};
    for (size_t i = 0; i < kBones.size(); ++i) {
      const bool same = (kBones[i].a == link.from && kBones[i].b == link.to);
      if (const auto length_m = same ? bones.length_m(i) : std::nullopt)
        one = {neighbour, *length_m, std::hypot(kBend_m, bones.sigma_m(i))};
    }
    if (!best || one.sigma_m < best->sigma_m) best = one;
  }
  return best;
}

}  // namespace

BodySize usual_size() {
  constexpr double kStature_m = 1.6;
  return {0.288 * kStature_m, 0.245 * kStature_m, 0.246 * kStature_m, 0.12};
}

BodySize size_of(const BoneLengths& bones) {
  // Bones of kBones that make up trunk, thigh and shin, left and right.
  constexpr std::array<std::array<size_t, 2>, 3> kParts = {{{2, 3}, {8, 9}, {10, 11}}};
  BodySize out = usual_size();
  double known_m = 0, usual_m = 0, variance = 0;
  std::array<double*, 3> lengths = {&out.trunk_m, &out.thigh_m, &out.shin_m};
  std::array<bool, 3> is_known{};
  for (size_t part = 0; part < kParts.size(); ++part) {
    double sum = 0;
    int count = 0;
    for (const size_t bone : kParts[part]) {
      const auto length_m = bones.length_m(bone);
      if (!length_m) continue;
      sum += *length_m;
      variance += bones.sigma_m(bone) * bones.sigma_m(bone);
      ++count;
    }
    if (count == 0) continue;
    usual_m += *lengths[part];
    *lengths[part] = sum / count;
    known_m += sum / count;
    is_known[part] = true;
  }
  if (known_m < 0.3) return usual_size();
  const double scale = known_m / usual_m;
  for (size_t part = 0; part < kParts.size(); ++part) {
    if (!is_known[part]) *lengths[part] *= scale;
  }
  out.sigma_share = std::hypot(0.01, std::sqrt(variance) / known_m);
  return out;
}

std::optional<std::array<Joint, kJoints>> place_from_one_view(
    const Camera& camera, const PersonView& view, const Pool& pool, const BodySize& size,
    const std::array<Joint, kJoints>& expected) {
  const OneView one(camera, view, pool, size);
  if (!one.is_usable()) return std::nullopt;
  const bool is_expected = std::ranges::any_of(expected, &Joint::is_found);
  auto explanations = one.explanations();
  double total = 0;
  for (Explanation& explanation : explanations) {
    if (is_expected) explanation.weight *= expected_likelihood(one, explanation, expected);
    total += explanation.weight;
  }
  constexpr double kMinWeight = 1e-9;
  if (!(total > kMinWeight)) return std::nullopt;
  std::erase_if(explanations, [&](const auto& each) { return each.weight < 0.001 * total; });
  std::array<Joint, kJoints> out;
  for (size_t joint = 0; joint < kJoints; ++joint) out[joint] = joint_of(one, explanations, joint);
  if (std::ranges::none_of(out, &Joint::is_found)) return std::nullopt;
  return out;
}

std::optional<Joint> place_joint(const Camera& camera, const PersonView& view, size_t joint,
                                 const std::array<Joint, kJoints>& others, const BoneLengths& bones,
                                 const Joint& expected) {
  const MeasuredKeypoint& keypoint = view.keypoints[joint];
  const auto line =
      keypoint.is_seen() ? geometry::sight_line(camera, keypoint.pixel) : std::nullopt;
  const auto reach = line ? reach_of(joint, others, bones) : std::nullopt;
  if (!reach) return std::nullopt;
  const Joint& neighbour = others[reach->neighbour];
  const bool under_water = !line->in_air || (neighbour.point_in_world.z() < 0 && line->in_water);
  const Ray& ray = under_water ? *line->in_water : *line->in_air;
  const double middle_m = ray.direction.dot(neighbour.point_in_world - ray.origin);
  const double miss_m = (ray.origin + middle_m * ray.direction - neighbour.point_in_world).norm();
  const double beside_m = across_one_pixel(camera, neighbour.point_in_world) * keypoint.sigma_px;
  const double sigma_m =
      std::hypot(reach->sigma_m, std::hypot(beside_m, std::sqrt(neighbour.covariance.trace() / 3)));
  if (!(middle_m > 0) || miss_m > reach->length_m + 3 * sigma_m) return std::nullopt;
  const double half2 = std::max(0.0, reach->length_m * reach->length_m - miss_m * miss_m);
  const double half_m = std::sqrt(half2), slack2 = reach->length_m * sigma_m;
  double variance = slack2 * slack2 / (half2 + slack2);
  double far = 0.5;
  if (expected.is_found()) {
    const double at_m = ray.direction.dot(expected.point_in_world - ray.origin) - middle_m;
    const double spread2 = ray.direction.dot(expected.covariance * ray.direction) + variance;
    const auto likelihood = [&](double t) {
      return std::exp(-(t - at_m) * (t - at_m) / (2 * spread2));
    };
    const double sum = likelihood(half_m) + likelihood(-half_m);
    if (sum > 1e-12) far = likelihood(half_m) / sum;
  }
  variance += 4 * half2 * far * (1 - far) + ray.direction.dot(neighbour.covariance * ray.direction);
  Joint out{.point_in_world = ray.origin + (middle_m + (2 * far - 1) * half_m) * ray.direction};
  const double across_m = across_one_pixel(camera, out.point_in_world) * keypoint.sigma_px;
  out.covariance = across_m * across_m * Eigen::Matrix3d::Identity() +
                   variance * ray.direction * ray.direction.transpose();
  out.cameras = {view.camera};
  return out;
}

Joint fuse(const Joint& measured, const Joint& expected) {
  if (!expected.is_found()) return measured;
  const Eigen::Matrix3d inverse = (measured.covariance + expected.covariance).inverse();
  const Vector3 away = measured.point_in_world - expected.point_in_world;
  constexpr double kContradiction2 = 20;
  if (!inverse.allFinite() || away.dot(inverse * away) > kContradiction2) return measured;
  const Eigen::Matrix3d gain = expected.covariance * inverse;
  Joint out = measured;
  out.point_in_world = expected.point_in_world + gain * away;
  out.covariance = expected.covariance - gain * expected.covariance;
  out.covariance = (out.covariance + out.covariance.transpose()).eval() / 2;
  return out;
}

}  // namespace lido::reconstruct
