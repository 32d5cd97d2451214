// SPDX-License-Identifier: Apache-2.0
// Vertex of a person's mesh.
layout(location = 0) in vec3 position;
layout(location = 1) in vec3 normal;
layout(location = 2) in vec3 rest_position;
out vec3 at;
out vec3 facing;
out vec3 rest;
void main() {
  at = position;
  facing = normal;
  rest = rest_position;
  show(position);
}
