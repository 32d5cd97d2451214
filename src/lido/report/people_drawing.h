// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string>

#include "lido/geometry/camera.h"
#include "lido/report/placed_people.h"
#include "lido/scene/canvas.h"

namespace lido::report {

/// Draws people in 3D into an image of a camera, projected through the water as the reconstruction
/// does it.
///
/// Limbs are in the person's colour, dashed under water. Joints are white discs over water and
/// rings under it, small and in the person's colour where other cameras alone saw them. A joint
/// that is uncertain by kUncertain_m or more has the ellipse of one standard deviation around it,
/// at least as large as its mark. Joints that were not found are left out with their limbs, and the
/// eyes and ears of people who are far away.
/// @param geometry  From the camera's pixels to the image's.
void draw_people(scene::Canvas& canvas, std::span<const PlacedPerson> people,
                 const geometry::Camera& camera, const media::Geometry& geometry);

/// Draws a line of text and the meaning of the marks of draw_people() at the bottom of an image, in
/// two rows where the image is narrow.
void draw_caption(scene::Canvas& canvas, const std::string& text);

/// Size of texts in an image, of OpenCV's font.
double text_size_for(int height);

}  // namespace lido::report
