// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <vector>

#include "lido/reconstruct/people.h"

namespace lido::reconstruct {

/// Views that one camera alone has and that are left out, by reason.
struct LeftOutViews {
  int64_t few_keypoints = 0;  ///< Too few keypoints for a place.
  int64_t second_boxes = 0;   ///< A second box around a person of that camera.
  int64_t reflections = 0;    ///< Upside down, or where the water reflects a person who is seen.
  int64_t no_place = 0;       ///< Neither floor, surface nor size gives a place.
  int64_t doubles = 0;        ///< A person whom other cameras see can be there, too.
  int64_t unconfirmed = 0;    ///< Another camera looks there and does not see the person.
  int64_t sum() const {
    return few_keypoints + second_boxes + reflections + no_place + doubles + unconfirmed;
  }
};

/// Whether two views of one camera are of one person: their keypoints are in the same places.
/// Pure.
bool is_second_box(const PersonView& view, const PersonView& other);

/// Whether a view is where still water reflects a person, who is over the water. Pure.
bool is_reflection(const geometry::Camera& camera, const PersonView& view,
                   const std::array<Joint, kJoints>& person);

/// Whether a person's head is lower than their feet, as in a reflection. Pure.
bool is_upside_down(const std::array<Joint, kJoints>& person);

/// Whether a camera should see a person: most joints are well inside its image and large enough.
/// Pure.
bool looks_at(const geometry::Camera& camera, const std::array<Joint, kJoints>& person);

/// Whether two estimates can be of one person: their trunks are as near as their covariances allow,
/// and within a few metres. Pure.
bool are_near(const std::array<Joint, kJoints>& one, const std::array<Joint, kJoints>& other);

}  // namespace lido::reconstruct
