// SPDX-License-Identifier: Apache-2.0
// Height of the surface. Must agree with Water::height().
uniform vec4 waves[8];   // kx, ky, amplitude, phase at this moment
uniform vec4 rings[8];  // x, y, height, foam
uniform int ring_count;
float height(vec2 p) {
  float h = 0.0;
  for (int i = 0; i < 8; ++i) h += waves[i].z * sin(dot(waves[i].xy, p) + waves[i].w);
  return h;
}
