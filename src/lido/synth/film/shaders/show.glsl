// SPDX-License-Identifier: Apache-2.0
// Projects a vertex and clips it to its side of the water.
uniform float mirrored;  // 1: the image that the surface mirrors to an eye under water
out float water_path;
void show(vec3 position) {
#if UNDER
  vec3 seen = mirrored > 0.5 ? vec3(position.xy, -position.z) : position;
  gl_Position = project(apparent(seen));
  water_path = eye.z < 0.0         ? length(seen - eye)
               : position.z < 0.0 ? length(position - surface(position))
                                  : 0.0;
  gl_ClipDistance[0] = 0.001 - position.z;
#else
  gl_Position = project(position);
  water_path = 0.0;
  gl_ClipDistance[0] = position.z + 0.05;
#endif
}
