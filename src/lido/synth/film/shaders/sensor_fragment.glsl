// SPDX-License-Identifier: Apache-2.0
// Lens blur, drops on the dome, exposure and sensor noise.
in vec2 uv;
uniform sampler2D image;
uniform vec2 size;
uniform float exposure;
uniform float softness;
uniform float noise_level;
uniform float dirt;
uniform float infrared;
uniform int frame;
uniform float seed;
out vec4 pixel;
uint mixed(uint v) {
  v ^= v >> 16;
  v *= 0x7feb352du;
  v ^= v >> 15;
  v *= 0x846ca68bu;
  return v ^ (v >> 16);
}
float unit(uint v) { return float(v >> 8) / 16777216.0; }
// 3x3 tent filter, by four bilinear taps.
vec3 soft(vec2 p, float r) {
  vec2 d = 0.5 * r / size;
  return 0.25 * (texture(image, p + d).rgb + texture(image, p - d).rgb +
                 texture(image, p + vec2(d.x, -d.y)).rgb + texture(image, p + vec2(-d.x, d.y)).rgb);
}
void main() {
  vec2 p = vec2(uv.x, 1.0 - uv.y);  // rows from the top
#if DIRTY
  float drops = 0.0;
  for (int i = 0; i < 9; ++i) {
    uint h = mixed(uint(i) * 977u + uint(seed));
    vec2 c = vec2(unit(h), unit(mixed(h + 1u)));
    float r = 0.03 + 0.05 * unit(mixed(h + 2u));
    float d = length((p - c) * vec2(size.x / size.y, 1.0)) / r;
    if (float(i) < dirt * 9.0) drops = max(drops, smoothstep(1.0, 0.6, d));
  }
  vec3 c = soft(p, mix(softness, 8.0, drops));
  c = mix(c, 0.9 * c + 0.05, drops);
#else
  vec3 c = soft(p, softness);
#endif
  vec2 off = (p - 0.5) * vec2(1.0, size.y / size.x) * 2.0;
  c *= exposure * (1.0 - 0.28 * dot(off, off));
  if (infrared > 0.5) c = vec3(dot(c, vec3(0.3, 0.5, 0.2)));
  // Response of the sensor, then gamma.
  c = pow(1.0 - exp(-1.05 * max(c, 0.0)), vec3(1.0 / 1.7));
  uint h = mixed(uint(gl_FragCoord.x) + 8192u * uint(gl_FragCoord.y) + 0x9e3779b9u * uint(frame) +
                 0x85ebca6bu * uint(seed));
  // The sum of four uniform bytes approximates a normal distribution.
  uint g = mixed(h + 1u);
  float a = float((h & 255u) + (h >> 8 & 255u) + (h >> 16 & 255u) + (h >> 24)) / 255.0 - 2.0;
  float b = float((g & 255u) + (g >> 8 & 255u)) / 255.0 - 1.0;
  float dark = 1.5 - c.g;
  c += noise_level * dark *
       (1.7 * a * vec3(1.0) + 0.5 * b * vec3(1.0, -0.4, 0.8) * (1.0 - infrared));
  pixel = vec4(clamp(c, 0.0, 1.0), 1.0);
}
