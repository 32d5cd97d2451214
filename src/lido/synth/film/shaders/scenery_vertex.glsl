// SPDX-License-Identifier: Apache-2.0
// Vertex of what does not move.
layout(location = 0) in vec3 position;
layout(location = 1) in vec3 normal;
layout(location = 2) in vec3 colour;
layout(location = 3) in float material;
out vec3 at;
out vec3 facing;
out vec3 paint;
flat out float kind;
void main() {
  at = position;
  facing = normal;
  paint = colour;
  kind = material;
  show(position);
}
