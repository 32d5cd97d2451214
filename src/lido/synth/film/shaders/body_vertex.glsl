// SPDX-License-Identifier: Apache-2.0
// Vertex of a person's mesh.
layout(location = 0) in vec3 position;
layout(location = 1) in vec3 normal;
layout(location = 2) in vec3 rest_position;
#if SMALL
out vec4 shaded;
#else
out vec3 at;
out vec3 facing;
out vec3 rest;
#endif
void main() {
  show(position);
#if SMALL
  shaded = shade_body(position, normalize(normal), rest_position, water_path);
#else
  at = position;
  facing = normal;
  rest = rest_position;
#endif
}
