// SPDX-License-Identifier: Apache-2.0
// Vertex of the water's surface.
layout(location = 0) in vec3 position;
out vec3 at;
void main() {
  at = vec3(position.xy, height(position.xy));
  gl_Position = project(at);
}
