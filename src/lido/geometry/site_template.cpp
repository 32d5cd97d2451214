// SPDX-License-Identifier: Apache-2.0
#include "lido/geometry/site_template.h"

#include <fmt/format.h>

#include <algorithm>

#include "lido/geometry/site_use.h"

namespace lido::geometry {
namespace {

constexpr std::string_view kHead =
    R"(# A pool, once for every command: lido calibrate, sync, reconstruct and synth read this file.
# Replace the values by yours, then run: lido site check FILE
#
# Metres. x is along the pool and y across it, from one of its corners; z is up. Choose z = 0 at
# the water's surface as it usually is, and state the present level under `water`.

)";

constexpr std::string_view kPool =
    R"(pool:
  # Corners of the water in order; any polygon.
  outline: {outline}
  shallow_m: {shallow:g}        # depth of the floor under z = 0 at x = 0
  deep_m: {deep:g}           # depth at the largest x; the floor slopes evenly in between
  freeboard_m: 0.1      # height of the deck over z = 0
  deck_m: 3             # width of the deck around the water
  ways_in:              # ladders and steps, points of the rim
    - [0, {middle:g}]
    - [{length:g}, {middle:g}]
  gate: [-2, {middle:g}]      # door to the deck, where people enter and leave

)";

constexpr std::string_view kUse =
    R"(# Areas seen from above; kinds: water, deck, deep_end, toddler_area, exit.
zones:
  - {{name: deep, kind: deep_end, outline: {deep}}}
  - {{name: door, kind: exit, outline: {door}}}

swim_hours:             # local time, in quotes; hours past midnight are two entries
  - {{days: [mon, tue, wed, thu, fri], opens: "06:30", closes: "21:00"}}
  - {{days: [sat, sun], opens: "09:00", closes: "18:00"}}

water:
  level_z: 0            # height of the water now: -0.05 is 5 cm lower than usual
  index: 1.333          # index of refraction; 1.333 fresh water, 1.34 sea water

)";

constexpr std::string_view kCameraHelp =
    R"(# Each camera has a pose, a lens and a clock. Rough values are enough for `lido calibrate`,
# which writes `cam_from_world`, `intrinsics` and `distortion` in place of at, looks_at and degrees.
#   name            lower-case letters, digits, _ and -; clips and keypoints are named like it
#   source          its video: a file, a pattern like day1/*.mp4, a gs:// prefix, or an rtsp:// URL;
#                   no command reads it yet
#   width, height   pixels; fps: frames a second
#   at, looks_at    where it is, and a point in the middle of its image
#   degrees         horizontal field of view; roll_deg turns the image clockwise
#   lens            brown (default) or fisheye; k: its distortion k1, k2, p1, p2, k3, or k1 to k4
#   cam_from_world  instead of at and looks_at: rows of [R | t], as in OpenCV
#   intrinsics      instead of degrees: [fx, fy, cx, cy], pixels
#   distortion      instead of lens and k: {model: opencv_brown, k1: 0.1} or opencv_fisheye
#   port_m          under water only: from the optical centre to the flat port
#   clock           the camera's clock reads offset_s + t (1 + drift_ppm / 1e6) at t seconds after
#                   the reference, which is a time like 2026-07-01T06:30:00Z; `lido sync` finds it
cameras:)";

std::string rectangle(double low_x, double low_y, double high_x, double high_y) {
  return fmt::format("[[{0:g}, {1:g}], [{2:g}, {1:g}], [{2:g}, {3:g}], [{0:g}, {3:g}]]", low_x,
                     low_y, high_x, high_y);
}

std::string camera_text(const SiteTemplateOptions& o, int number) {
  // Odd ones on the near side, evenly along the pool.
  const bool near = number % 2 == 1;
  const int of_side = near ? (o.cameras + 1) / 2 : o.cameras / 2, index = (number - 1) / 2;
  const double x = o.length_m * (index + 0.5) / of_side;
  return fmt::format(
      R"(
  - name: cam{}
    source: cam{}.mp4
    width: 1920
    height: 1080
    fps: 25
    at: [{:.2f}, {:.2f}, 4]
    looks_at: [{:.2f}, {:.2f}, 0]
    degrees: 90
    clock: {{offset_s: 0, drift_ppm: 0, reference: scene_start}}
)",
      number, number, x, near ? -1.5 : o.width_m + 1.5, (x + o.length_m / 2) / 2, o.width_m / 2);
}

}  // namespace

Result<std::string> site_template(const std::string& name, const std::string& schema,
                                  const SiteTemplateOptions& options) {
  LIDO_TRY(validate(options));
  if (!is_site_name(name))
    return fail(ErrorCode::kInvalidArgument,
                "{}: not a name of a site, want lower-case letters, digits, _ and -, 64 at most",
                name);
  const double middle = options.width_m / 2, exit_half = std::min(1.0, options.width_m / 4);
  std::string text =
      schema.empty() ? "" : fmt::format("# yaml-language-server: $schema={}\n", schema);
  text += kHead;
  text += fmt::format(
      "name: \"{}\"         # in tables and reports\n"
      "time_zone: Europe/Berlin    # for swim_hours; a name of the IANA database\n\n",
      name);
  using fmt::arg;
  const double length = options.length_m, width = options.width_m;
  text += fmt::format(kPool, arg("outline", rectangle(0, 0, length, width)),
                      arg("shallow", options.shallow_m), arg("deep", options.deep_m),
                      arg("length", length), arg("middle", middle));
  text += fmt::format(kUse, arg("deep", rectangle(0.8 * length, 0, length, width)),
                      arg("door", rectangle(-3, middle - exit_half, -1.5, middle + exit_half)));
  text += kCameraHelp;
  if (options.cameras == 0) text += " []\n";
  for (int number = 1; number <= options.cameras; ++number) text += camera_text(options, number);
  return text;
}

}  // namespace lido::geometry
