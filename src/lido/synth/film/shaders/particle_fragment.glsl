// SPDX-License-Identifier: Apache-2.0
// Drops of spray, mist, and bubbles with a bright rim.
in vec2 corner;
in float opacity;
in vec3 at;
flat in float kind;
layout(location = 0) out vec4 pixel;
void main() {
  float r = length(corner);
  if (r > 1.0) discard;
  float drop = 1.0 - r * r, rim = 0.25 + 0.75 * smoothstep(0.55, 0.95, r) * smoothstep(1.0, 0.9, r);
  float covers = kind < 0.5 ? drop : kind < 1.5 ? rim : drop * drop;
  vec3 white = lit(vec3(0.9), at, vec3(0, 0, 1), 0.7);
  pixel = vec4(in_water(white, at, length(at - eye)), opacity * covers);
}
