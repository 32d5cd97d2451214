// SPDX-License-Identifier: Apache-2.0
// Projects a vertex and clips it to its side of the water.
out float water_path;
void show(vec3 position) {
#if UNDER
  gl_Position = project(apparent(position));
  water_path = position.z < 0.0 ? length(position - surface(position)) : 0.0;
  gl_ClipDistance[0] = 0.001 - position.z;
#else
  gl_Position = project(position);
  water_path = 0.0;
  gl_ClipDistance[0] = position.z + 0.05;
#endif
}
