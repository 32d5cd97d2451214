// SPDX-License-Identifier: Apache-2.0
// Corner of a particle: a disc that faces the camera. Discs of less than a pixel are drawn as large
// as one, and fainter.
layout(location = 0) in vec4 place;  // x, y, z, radius
layout(location = 1) in vec2 look;   // opacity; 0: a drop, 1: a bubble, 2: mist
out vec2 corner;
out float opacity;
out vec3 at;
flat out float kind;
void main() {
  const vec2 corners[6] =
      vec2[6](vec2(-1, -1), vec2(1, -1), vec2(1, 1), vec2(-1, -1), vec2(1, 1), vec2(-1, 1));
  corner = corners[gl_VertexID % 6];
  at = place.xyz;
  kind = look.y;
  vec4 middle = project(at);
  const float least_px = 0.7;
  float radius_px = place.w * focal.x / max(middle.w, 0.1), drawn_px = max(radius_px, least_px);
  float share = radius_px / drawn_px;
  opacity = look.x * share * share;
  gl_Position = middle + vec4(corner * drawn_px * 2.0 / size * middle.w, 0.0, 0.0);
  gl_ClipDistance[0] = 1.0;
}
