// SPDX-License-Identifier: Apache-2.0
// Water's surface: refraction, reflection by Fresnel's equations, glitter, foam. FROM_BELOW: seen by
// an eye under water, `underwater` is the mirrored image.
in vec3 at;
uniform sampler2D underwater;  // scene under still water; alpha: depth / 6 m
uniform usampler2D underwater_subject;
uniform vec3 horizon;
uniform vec3 zenith;
layout(location = 0) out vec4 pixel;
layout(location = 1) out uint subject;
vec3 sky(vec3 d) {
  vec3 c = mix(horizon, zenith, pow(max(d.z, 0.0), 0.6));
  float trees = 0.11 + 0.02 * sin(9.0 * d.x / (abs(d.y) + 0.3)) + 0.015 * sin(23.0 * d.y);
  c = mix(c, vec3(0.10, 0.13, 0.09) * (skylight + 0.3 * sunlight),
          smoothstep(trees + 0.02, trees - 0.02, d.z));
  return c * (1.0 - infrared);
}
void main() {
  vec2 slope = vec2(0.0);
  for (int i = 0; i < 8; ++i)
    slope += waves[i].z * cos(dot(waves[i].xy, at.xy) + waves[i].w) * waves[i].xy;
  vec2 rough = slope;
  float foam = 0.0;
  vec2 chop = 4.0 * vec2(sin(5.1 * at.x + 3.3 * at.y + 2.9 * time) * sin(4.3 * at.y - 2.0 * time),
                         sin(4.7 * at.y - 3.9 * at.x - 3.1 * time) * sin(5.3 * at.x + 1.7 * time));
  for (int i = 0; i < ring_count; ++i) {
    vec2 from = at.xy - rings[i].xy;
    float d2 = dot(from, from), near = 1.0 / (1.0 + d2 * d2), d = sqrt(d2) + 1e-3;
    float high = rings[i].z * near;
    rough += from * (high * 13.0 / d * cos(13.0 * d - 7.0 * time)) + high * chop;
    foam += rings[i].w * near * near * near;
  }
  vec3 n = normalize(vec3(-rough, 1.0));
  vec3 ray = normalize(at - eye);
  float froth = smoothstep(
      0.3, 1.3,
      foam * (0.25 + noise(at.xy * 17.0 + time * 2.0) * noise(at.xy * 41.0 - time * 3.0) * 2.6));
#if FROM_BELOW
  // Total reflection beyond the critical angle; within it the sky, by Fresnel's equations.
  float c = clamp(dot(ray, n), 0.0, 1.0), sine = water_index * sqrt(1.0 - c * c);
  float s = sqrt(max(0.0, 1.0 - sine * sine));
  float rs = (water_index * c - s) / (water_index * c + s);
  float rp = (c - water_index * s) / (c + water_index * s);
  float mirror = sine >= 1.0 ? 1.0 : clamp(0.5 * (rs * rs + rp * rp), 0.0, 1.0);
  const float kReach_m = 0.9;
  vec4 q = project(vec3(at.xy - 2.0 * rough * kReach_m, 0.0));
  vec2 uv = clamp(q.xy / q.w * 0.5 + 0.5, vec2(0.002), vec2(0.998));
  vec3 out_of = refract(ray, -n, water_index);
  float path = length(at - eye);
  vec3 over = sine >= 1.0 ? vec3(0.0) : sky(normalize(out_of));
  vec3 light = mix(in_water(over, vec3(at.xy, 0.0), path), texture(underwater, uv).rgb, mirror);
  vec3 white = in_water(lit(vec3(0.9), at, vec3(0, 0, 1), 0.8), vec3(at.xy, 0.0), path);
  light = mix(light, white, 0.7 * froth);
  subject = 0u;
#else
  vec3 flat_ray = refract(ray, vec3(0, 0, 1), 1.0 / water_index);
  vec3 bent = refract(ray, n, 1.0 / water_index);
  // Shift of the underwater image by the waves, at that depth.
  vec2 here = gl_FragCoord.xy / size;
  float depth = texture(underwater, here).a * 6.0;
  vec2 uv;
  vec2 moved = (bent / max(-bent.z, 0.2) - flat_ray / max(-flat_ray.z, 0.2)).xy * depth;
  float far = length(at - eye);
  vec4 q = project(vec3(at.xy + moved * (far / (far + depth)), 0.0));
  uv = clamp(q.xy / q.w * 0.5 + 0.5, vec2(0.002), vec2(0.998));
  vec4 below = texture(underwater, uv);
  float c = clamp(dot(-ray, n), 0.0, 1.0);
  float s = sqrt(max(0.0, 1.0 - (1.0 - c * c) / (water_index * water_index)));
  float rs = (c - water_index * s) / (c + water_index * s);
  float rp = (water_index * c - s) / (water_index * c + s);
  float mirror = clamp(0.5 * (rs * rs + rp * rp), 0.0, 1.0);
  // Ripples shorter than the waves make the sun glitter.
  vec2 fine = 0.35 * vec2(sin(31.0 * at.x + 17.0 * at.y + 6.0 * time) *
                              sin(23.0 * at.y - 5.0 * time + 2.0 * rough.x),
                          sin(29.0 * at.y - 19.0 * at.x - 5.5 * time) *
                              sin(27.0 * at.x + 4.5 * time + 2.0 * rough.y));
  vec3 up = normalize(vec3(-rough - 0.35 * fine, 1.0)), back = reflect(ray, up);
  vec3 light = below.rgb * (1.0 - mirror) + sky(reflect(ray, n)) * mirror;
  light += sunlight * 2.2 * pow(max(dot(back, sun), 0.0), 260.0) * (1.0 - infrared);
  light = mix(light, lit(vec3(0.85), at, vec3(0, 0, 1), 1.0), 0.8 * froth);
  subject = froth > 0.6 ? 0u : texture(underwater_subject, uv).r;
#endif
  pixel = vec4(light, 1.0);
}
