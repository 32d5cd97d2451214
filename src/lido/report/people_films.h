// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <stop_token>
#include <string>
#include <vector>

#include "lido/geometry/site.h"
#include "lido/report/placed_people.h"

namespace lido::report {

/// A video of one of a site's cameras.
struct CameraClip {
  size_t camera = 0;   ///< Index into the site's cameras.
  std::string clip;    ///< File, gs:// or s3:// object.
  double start_s = 0;  ///< Reading of the camera's clock at the clip's first frame, seconds.
};

/// Checks that a clip can be opened and has frames as large as its camera's. Decodes nothing.
/// @return kInvalidArgument for another size; errors of storage and media::probe(), with the clip.
Result<void> check_clip(const geometry::Camera& camera, const std::string& clip);

/// The videos to draw, and the site and clips that they show.
struct PeopleFilms {
  const geometry::Site& site;
  Timing timing;  ///< That of tracks3d.parquet.
  std::vector<CameraClip> clips;
  std::string note;  ///< Written beside the time.
  /// Receives the images drawn so far, and all that there will be.
  std::function<void(int64_t done, int64_t total)> on_image;
  std::stop_token stop;
};

struct PeopleFilmsSummary {
  int64_t frames = 0;              ///< Frames of each video.
  std::vector<std::string> files;  ///< Names in the store.
  /// A line for each clip that breaks off, cannot be read or has none of the moments.
  std::vector<std::string> warnings;
};

/// Draws the people of the store's tracks3d.parquet into draw/camera_NAME.mp4 of each camera with a
/// clip, and into draw/plan.mp4, the view from above.
///
/// All videos have a frame for each moment, so that they play in step; periods of more than a few
/// seconds in which no clip runs and no person is found are left out of all. A frame is the clip's
/// nearest one to the moment by the camera's clock; a moment without one is grey. Images have at
/// most 1280 pixels a side. Holds a few images and one row group.
/// @return Errors of storage, of the table and of the encoder; kCancelled.
Result<PeopleFilmsSummary> draw_people_films(const PeopleFilms& films, storage::Store& store);

}  // namespace lido::report
