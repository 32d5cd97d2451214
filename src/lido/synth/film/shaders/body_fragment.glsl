// SPDX-License-Identifier: Apache-2.0
// Fragment of a person. SMALL: people of a few pixels are shaded at their vertices.
#if SMALL
in vec4 shaded;
#else
in vec3 at;
in vec3 facing;
in vec3 rest;
in float water_path;
#endif
uniform uint subject_number;
layout(location = 0) out vec4 pixel;
layout(location = 1) out uint subject;
void main() {
#if SMALL
  pixel = shaded;
#else
  vec3 n = normalize(facing);
  pixel = shade_body(at, gl_FrontFacing ? n : -n, rest, water_path);
#endif
  subject = subject_number;
}
