// SPDX-License-Identifier: Apache-2.0
// Skin, hair and swimwear of a person, by the position on the average body at rest.
uniform vec3 skin;
uniform vec3 hair;
uniform vec3 cloth;
uniform vec3 trim;
uniform int wear;           // 0 trunks, 1 swimsuit, 2 bikini, 3 shirt and shorts, 4 wetsuit shorts
uniform float hair_length;  // how far hair falls below the chin, metres
uniform float over_face;    // how much hair falls over the face when wet, 0 to 1
uniform float wet;          // 1: has been in the water
uniform int cap;

float spot(vec3 rest, vec3 c, float r) { return smoothstep(r, r * 0.55, length(rest - c)); }
// rest, metres: x to the body's left, y up from -0.83 (soles) to 0.83, z forward. n: unit length.
vec4 shade_body(vec3 at, vec3 n, vec3 rest, float water_path) {
  float grain = noise(rest.xy * 35.0);
  vec3 c = skin * (0.92 + 0.12 * grain);
  // Wet hair is darker, clings, and falls over the face.
  vec3 strands = mix(hair, hair * 0.45, wet);
  // Face. Hair grows above the brow and behind the ears.
  float head = step(0.60, rest.y);
  c = mix(c, skin * vec3(1.08, 0.82, 0.78),
          0.55 * (spot(rest, vec3(0.0, 0.697, 0.145), 0.022) +
                  spot(rest, vec3(0.05, 0.72, 0.10), 0.03) * 0.5 +
                  spot(rest, vec3(-0.05, 0.72, 0.10), 0.03) * 0.5));
  c = mix(c, vec3(0.07, 0.05, 0.05),
          0.85 * (spot(rest, vec3(0.031, 0.768, 0.13), 0.014) +
                  spot(rest, vec3(-0.031, 0.768, 0.13), 0.014)));
  c = mix(c, strands * 0.8,
          0.7 * (spot(rest, vec3(0.034, 0.788, 0.135), 0.013) +
                 spot(rest, vec3(-0.034, 0.788, 0.135), 0.013)));
  float grows =
      head * smoothstep(-0.006, 0.006,
                        rest.y - mix(0.80, 0.60 - hair_length, smoothstep(0.07, 0.02, rest.z)));
  if (cap == 1)
    c = mix(
        c, trim,
        head * smoothstep(-0.004, 0.004, rest.y - mix(0.795, 0.72, smoothstep(0.10, 0.0, rest.z))));
  else {
    float fringe = wet * over_face * head * step(0.07, rest.z) * step(rest.y, 0.81) *
                   step(0.79 - 0.11 * over_face - 0.05 * noise(vec2(rest.x * 60.0, 3.0)), rest.y) *
                   smoothstep(0.45, 0.6, noise(vec2(rest.x * 95.0, rest.y * 9.0)));
    c = mix(c, strands * (0.6 + 0.8 * grain), max(grows, fringe));
  }
  // Swimwear. Waist at 0.12, groin at -0.03, armpits at 0.38, knees at -0.38.
  float trunk = step(abs(rest.x), 0.21), arm = step(0.20, abs(rest.x)) * step(0.05, rest.y);
  float worn = 0.0;
  vec3 stuff = cloth;
  if (wear == 0)
    worn = step(rest.y, 0.09) * step(-0.22, rest.y) * (1.0 - arm);
  else if (wear == 4)
    worn = step(rest.y, 0.10) * step(-0.36, rest.y) * (1.0 - arm);
  else if (wear == 1 || wear == 2) {
    float legs = rest.y - (-0.10 + 0.9 * max(0.0, abs(rest.x) - 0.05));
    float low = step(0.0, legs) * step(rest.y, wear == 1 ? 0.25 : 0.06) * (1.0 - arm);
    float high = step(0.20, rest.y) * step(rest.y, rest.z > 0.0 ? 0.40 : 0.33) * trunk *
                 step(wear == 1 ? 0.2 : 0.235, rest.y) * (1.0 - arm);
    float straps = step(0.38, rest.y) * step(rest.y, 0.52) * step(abs(abs(rest.x) - 0.085), 0.016);
    worn = max(max(low, high), straps);
  } else if (wear == 3) {
    float shorts = step(rest.y, 0.08) * step(-0.30, rest.y) * (1.0 - arm);
    float shirt = step(0.05, rest.y) * step(rest.y, 0.52) * step(abs(rest.x), 0.36);
    worn = max(shorts, shirt);
    if (shirt > 0.5) stuff = trim;
  }
  if (wear != 3)
    stuff = mix(stuff, trim, step(0.72, fract(rest.y * 11.0)) * step(0.5, fract(trim.x * 7.3)));
  c = mix(c, stuff * (0.9 + 0.2 * grain), worn);
  // Skin scatters light around its edge.
  float wrap = 0.25 * (1.0 - worn);
  vec3 bent = normalize(mix(n, sun, wrap * 0.6));
#if UNDER
  vec3 l = lit(c, at, bent, 0.5 + 0.5 * caustics(at));
#else
  vec3 l = lit(c, at, bent, 1.0);
#endif
  vec3 to = normalize(eye - at);
#if !UNDER
  l += (sunlight * pow(max(dot(reflect(-sun, n), to), 0.0), 24.0) * (0.16 + 0.3 * wet) +
        skylight * 0.06 * pow(1.0 - max(dot(n, to), 0.0), 3.0)) *
       (1.0 - infrared);
#endif
  return vec4(in_water(l, at, water_path), UNDER == 1 ? clamp(-at.z / 6.0, 0.0, 1.0) : 1.0);
}
