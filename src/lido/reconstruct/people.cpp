// SPDX-License-Identifier: Apache-2.0
#include "lido/reconstruct/people.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>

#include "lido/reconstruct/view_pair.h"

namespace lido::reconstruct {
namespace {

using geometry::Camera;

/// Groups of views that grow by joining.
class Groups {
 public:
  Groups(std::span<const PersonView> views, const std::vector<std::vector<double>>& errors2,
         double max_error2)
      : views_(views), errors2_(errors2), max_error2_(max_error2) {
    for (size_t i = 0; i < views.size(); ++i) {
      members_.push_back({i});
      owner_.push_back(i);
    }
  }

  void join(size_t a, size_t b) {
    std::vector<size_t>&one = members_[owner_[a]], &other = members_[owner_[b]];
    if (&one == &other || error2(one, other) > max_error2_) return;
    for (const size_t moved : other) owner_[moved] = owner_[a];
    one.insert(one.end(), other.begin(), other.end());
    other.clear();
  }

  /// Dissolves pairs whose two views each fit another group: views of two people who stand on one
  /// line of sight can be paired first, and are then missing from the groups that they belong to.
  void dissolve_pairs() {
    for (std::vector<size_t>& pair : members_) {
      if (pair.size() != 2) continue;
      const auto first = home_of(pair[0], pair), second = home_of(pair[1], pair);
      if (!first || !second || *first == *second) continue;
      members_[*first].push_back(pair[0]);
      members_[*second].push_back(pair[1]);
      pair.clear();
    }
  }

  std::vector<std::vector<size_t>> of_two_or_more() {
    std::vector<std::vector<size_t>> out;
    for (std::vector<size_t>& one : members_) {
      if (one.size() < 2) continue;
      std::ranges::sort(one);
      out.push_back(std::move(one));
    }
    return out;
  }

 private:
  /// Mean squared error of the pairs between two groups; infinite where they share a camera or no
  /// pair can be compared.
  double error2(std::span<const size_t> one, std::span<const size_t> other) const {
    double sum = 0;
    int pairs = 0;
    for (const size_t a : one) {
      for (const size_t b : other) {
        if (views_[a].camera == views_[b].camera) return std::numeric_limits<double>::infinity();
        if (!std::isfinite(errors2_[a][b])) continue;
        sum += errors2_[a][b];
        ++pairs;
      }
    }
    return pairs > 0 ? sum / pairs : std::numeric_limits<double>::infinity();
  }

  /// The group of two or more, other than `own`, that a view agrees with best.
  std::optional<size_t> home_of(size_t view, const std::vector<size_t>& own) const {
    std::optional<size_t> best;
    double best_error2 = max_error2_;
    for (size_t i = 0; i < members_.size(); ++i) {
      if (members_[i].size() < 2 || &members_[i] == &own) continue;
      const double found = error2(std::span(&view, 1), members_[i]);
      if (found > best_error2 || (best && found == best_error2)) continue;
      best = i;
      best_error2 = found;
    }
    return best;
  }

  std::span<const PersonView> views_;
  const std::vector<std::vector<double>>& errors2_;
  double max_error2_;
  std::vector<std::vector<size_t>> members_;
  std::vector<size_t> owner_;
};

/// Sightings of a joint by a group's views.
std::vector<Sighting> sightings_of(std::span<const PersonView> views, std::span<const size_t> group,
                                   size_t joint) {
  std::vector<Sighting> out;
  for (const size_t i : group) {
    const MeasuredKeypoint& keypoint = views[i].keypoints[joint];
    if (keypoint.is_seen()) out.push_back({views[i].camera, keypoint.pixel, keypoint.sigma_px});
  }
  return out;
}

}  // namespace

size_t Skeleton::found() const {
  return static_cast<size_t>(std::ranges::count_if(joints, &Joint::is_found));
}

Space space_of(const geometry::Pool& pool) {
  const auto bounds = pool.bounds();
  // A little beyond deck and floor, for errors; and a jump or a child on shoulders.
  constexpr double kBeyond_m = 0.5, kHeight_m = 2.6;
  const double beside_m = pool.deck_m + kBeyond_m;
  return {{bounds.low_x - beside_m, bounds.low_y - beside_m,
           -std::max(pool.shallow_m, pool.deep_m) - kBeyond_m},
          {bounds.high_x + beside_m, bounds.high_y + beside_m, kHeight_m}};
}

std::vector<std::vector<size_t>> associate(std::span<const Camera> cameras,
                                           std::span<const PersonView> views, const Space& space,
                                           const AssociateOptions& options) {
  std::vector<SightedView> sighted;
  sighted.reserve(views.size());
  for (const PersonView& view : views)
    sighted.push_back(with_sight_lines(cameras[view.camera], view));
  struct Pair {
    double error2;
    size_t a, b;
  };
  std::vector<Pair> pairs;
  std::vector<std::vector<double>> errors2(
      views.size(), std::vector<double>(views.size(), std::numeric_limits<double>::infinity()));
  for (size_t a = 0; a < views.size(); ++a) {
    for (size_t b = a + 1; b < views.size(); ++b) {
      if (views[a].camera == views[b].camera) continue;
      const auto error2 = view_error2(sighted[a], sighted[b], space, options);
      if (!error2) continue;
      errors2[a][b] = errors2[b][a] = *error2;
      if (*error2 <= options.max_error2) pairs.push_back({*error2, a, b});
    }
  }
  std::ranges::sort(pairs, {},
                    [](const Pair& one) { return std::tuple(one.error2, one.a, one.b); });
  Groups groups(views, errors2, options.max_error2);
  for (const Pair& one : pairs) groups.join(one.a, one.b);
  groups.dissolve_pairs();
  return groups.of_two_or_more();
}

Skeleton triangulate_person(std::span<const Camera> cameras, std::span<const PersonView> views,
                            std::span<const size_t> group, const Space& space) {
  Skeleton skeleton{.views = {group.begin(), group.end()}};
  std::vector<int> offered(cameras.size()), used(cameras.size());
  for (size_t joint = 0; joint < kJoints; ++joint) {
    const auto sightings = sightings_of(views, group, joint);
    if (sightings.size() < 2) continue;
    const auto found = triangulate(cameras, sightings);
    for (const Sighting& one : sightings) ++offered[one.camera];
    if (!found || !space.contains(found->point_in_world)) continue;
    Joint& out = skeleton.joints[joint];
    out.point_in_world = found->point_in_world;
    out.covariance = found->covariance;
    for (const size_t i : found->used) {
      out.cameras.push_back(sightings[i].camera);
      ++used[sightings[i].camera];
    }
  }
  std::vector<size_t> agreeing;
  for (const size_t i : group) {
    const size_t camera = views[i].camera;
    if (2 * used[camera] >= offered[camera]) agreeing.push_back(i);
  }
  if (agreeing.size() == group.size() || group.size() <= 2) return skeleton;
  return triangulate_person(cameras, views, agreeing, space);
}

}  // namespace lido::reconstruct
