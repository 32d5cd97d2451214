// SPDX-License-Identifier: Apache-2.0
// Basin, deck, surroundings and things. Compiled once for each family of materials, since llvmpipe
// evaluates every branch.
in vec3 at;
in vec3 facing;
in vec3 paint;
flat in float kind;
in float water_path;
layout(location = 0) out vec4 pixel;
layout(location = 1) out uint subject;

// Darkness of joints between tiles. Joints finer than a pixel fade out.
float joint(vec2 p, float pitch, float width) {
  vec2 step = fwidth(p);
  vec2 f = abs(fract(p / pitch + 0.5) - 0.5) * pitch, w = step * 0.8 + width;
  vec2 line = smoothstep(w, w * 0.3, f) * clamp(width / (step * 0.6), 0.0, 1.0);
  return max(line.x, line.y);
}
void main() {
  vec3 n = normalize(facing), c = paint;
  float direct = 1.0;
#if FAMILY == 0  // floor and walls of the basin: small tiles
  bool wall = kind > 0.5;
  vec2 p = wall ? vec2(abs(n.x) > 0.5 ? at.y : at.x, at.z) : at.xy;
  c *= 0.96 + 0.08 * hash(floor(p / 0.25));
  c = mix(c, c * 0.72, 0.6 * joint(p, 0.25, 0.008));
  if (wall) c = mix(c, vec3(0.12, 0.28, 0.5), 0.7 * step(-0.18, at.z) * step(at.z, 0.04));
#if UNDER
  direct = caustics(at) * shade(at);
#endif
#elif FAMILY == 1  // deck: slabs with wet patches; coping
  // Evaluates both: a branch costs more than it saves.
  float slabs = step(kind, 2.5), patch = noise(at.xy * mix(20.0, 0.9, slabs) + 3.0);
  float tone = 0.93 + 0.12 * hash(floor(at.xy / 0.4)) - 0.17 * joint(at.xy, 0.4, 0.012) -
               0.26 * smoothstep(0.55, 0.75, patch);
  c *= mix(0.97 + 0.06 * patch, tone, slabs);
  direct = shade(at);
#elif FAMILY == 2  // grass; hedge; boards
  vec2 p = kind < 4.5 ? at.xy * 0.6 : vec2(at.x + at.y, at.z);
  float leaves = noise(p * 6.0) * noise(p * 17.0 + 5.0);
  if (kind < 5.5)
    c *= kind < 4.5 ? 0.6 + 0.9 * leaves : 0.4 + 1.2 * leaves;
  else
    c = c * (0.9 + 0.15 * hash(floor(p / vec2(0.6, 0.2)))) *
        (1.0 - 0.2 * joint(p + vec2(0.3 * mod(floor(p.y / 0.2), 2.0), 0.0), 0.6, 0.01));
#else
  direct = shade(at + vec3(0, 0, 0.02));
#endif
  c = in_water(lit(c, at, n, direct), at, water_path);
  pixel = vec4(c, UNDER == 1 ? clamp(-at.z / 6.0, 0.0, 1.0) : 1.0);
  subject = 0u;
}
