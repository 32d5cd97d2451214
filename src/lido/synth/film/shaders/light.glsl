// SPDX-License-Identifier: Apache-2.0
// Light on surfaces in air and under water.
uniform vec3 eye;
uniform vec3 sun;  // direction toward the sun
uniform vec3 sunlight;
uniform vec3 skylight;
uniform float lamps;     // strength of lamps under water
uniform float infrared;  // 1: lit by the camera's infrared lamp, grey image
uniform float time;
uniform float turbidity;
uniform vec4 shadows[10];  // people: x, y, lowest and highest z
uniform int shadow_count;

float hash(vec2 p) {
  p = fract(p * vec2(123.34, 345.45));
  p += dot(p, p + 34.345);
  return fract(p.x * p.y);
}
float noise(vec2 p) {
  vec2 i = floor(p), f = fract(p);
  f = f * f * (3.0 - 2.0 * f);
  return mix(mix(hash(i), hash(i + vec2(1, 0)), f.x),
             mix(hash(i + vec2(0, 1)), hash(i + vec2(1, 1)), f.x), f.y);
}
// Brightness where waves focus the sun.
float web(vec2 p, float t) {
  p += 0.35 * vec2(sin(1.7 * p.y + 0.9 * t), sin(1.9 * p.x - 0.8 * t));
  float a = sin(2.6 * p.x + 1.1 * p.y + 1.3 * t) + sin(-1.4 * p.x + 2.9 * p.y - 1.1 * t) +
            0.7 * sin(3.9 * p.x - 2.3 * p.y + 1.7 * t);
  return pow(max(0.0, 1.0 - 0.55 * abs(a)), 3.0);
}
float caustics(vec3 p) {
  vec2 at = p.xy + sun.xy / max(sun.z, 0.2) * 0.75 * p.z;
  return 0.55 + 1.1 * web(at * 1.6, 1.4 * time) + 0.6 * web(at.yx * 2.7 + 7.0, 1.9 * time);
}
// Share of sunlight left by the soft shadows of upright people.
float shade(vec3 p) {
  float lit = 1.0;
  for (int i = 0; i < shadow_count; ++i) {
    float tall = shadows[i].w - max(shadows[i].z, p.z);
    if (tall <= 0.0) continue;
    vec2 tip = -sun.xy / max(sun.z, 0.15) * tall, from = p.xy - shadows[i].xy;
    float t = clamp(dot(from, tip) / max(dot(tip, tip), 1e-4), 0.0, 1.0);
    float d = length(from - t * tip);
    lit *= 1.0 - 0.75 * smoothstep(0.34, 0.1, d);
  }
  return lit;
}
vec3 lit(vec3 colour, vec3 p, vec3 n, float direct) {
  vec3 light = skylight * (0.65 + 0.35 * n.z) + sunlight * max(dot(n, sun), 0.0) * direct;
#if UNDER
  light += lamps * vec3(0.5, 0.8, 0.9);
#endif
  vec3 to = eye - p;
  float d = length(to);
  light =
      mix(light, vec3(9.0 / (4.0 + d * d)) * (0.35 + 0.65 * max(dot(n, to / d), 0.0)), infrared);
  return colour * light;
}
// Absorption and scattering over the light's path through water.
vec3 in_water(vec3 colour, vec3 p, float water_path) {
#if UNDER
  vec3 takes = vec3(0.30, 0.055, 0.035) + turbidity * vec3(0.5, 0.4, 0.38);
  vec3 left = exp(-takes * (water_path - 0.6 * p.z));
  // Across the water the eye meets more of the blue that it scatters than from above.
  vec3 glow = (eye.z < 0.0 ? vec3(0.01, 0.30, 0.62) : vec3(0.05, 0.30, 0.36)) * (skylight + 0.5 * sunlight * max(sun.z, 0.0) + lamps) *
                  (1.0 - infrared) +
              vec3(0.03) * infrared;
  return colour * left + glow * (1.0 - exp(-(0.09 + 0.5 * turbidity) * water_path));
#else
  return colour;
#endif
}
