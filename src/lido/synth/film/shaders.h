// SPDX-License-Identifier: Apache-2.0
#pragma once

// What llvmpipe runs. Scene axes: x along the pool, y across it, z over the water at rest; metres.

namespace lido::synth::shaders {

/// The camera, and what is seen through still water (Snell's law, as in water.cpp and camera.cpp).
inline constexpr const char* kCamera = R"(
uniform vec3 eye;
uniform mat3 turn;
uniform vec4 focal;   // fx, fy, cx, cy
uniform vec2 size;
uniform int fisheye;
uniform vec4 k;
uniform float k5;
uniform float reach;

vec2 bend(vec2 at) {
  float r = length(at);
  if (r < 1e-6) return at;
  if (fisheye == 1) {
    float t = min(atan(r), reach), t2 = t * t;
    return at * (t * (1.0 + t2 * (k.x + t2 * (k.y + t2 * (k.z + t2 * k.w)))) / r);
  }
  at *= min(r, reach) / r;
  r = min(r, reach);
  float r2 = r * r, by = 1.0 + r2 * (k.x + r2 * (k.y + r2 * k5)), xy = at.x * at.y;
  return at * by + vec2(2.0 * k.z * xy + k.w * (r2 + 2.0 * at.x * at.x), k.z * (r2 + 2.0 * at.y * at.y) + 2.0 * k.w * xy);
}

vec4 project(vec3 point) {
  vec3 p = turn * (point - eye);
  const float near = 0.1, far = 120.0;
  vec2 at = p.z > near ? bend(p.xy / p.z) * p.z : p.xy;
  vec2 pixel = focal.xy * at + focal.zw * p.z;
  return vec4(2.0 * pixel.x / size.x - p.z, p.z - 2.0 * pixel.y / size.y, (p.z * (far + near) - 2.0 * far * near) / (far - near), p.z);
}

// Where light from under still water leaves it.
vec3 surface(vec3 below) {
  float h = eye.z, d = -below.z;
  vec2 way = below.xy - eye.xy;
  float l = length(way);
  if (l < 1e-5) return vec3(below.xy, 0.0);
  float r = l * h / (h + d / 1.333);
  for (int i = 0; i < 4; ++i) {
    float a = sqrt(r * r + h * h), b = sqrt((l - r) * (l - r) + d * d);
    float f = r / a - 1.333 * (l - r) / b;
    r = clamp(r - f / (h * h / (a * a * a) + 1.333 * d * d / (b * b * b)), 0.0, l);
  }
  return vec3(eye.xy + way * (r / l), 0.0);
}

// A point on the straight ray on which it is seen, as far off as light had to go.
vec3 apparent(vec3 point) {
  if (point.z >= 0.0) return point;
  vec3 on = surface(point);
  return on + normalize(on - eye) * length(point - on);
}
)";

/// Light, and what it makes of things.
inline constexpr const char* kLight = R"(
uniform vec3 eye;
uniform vec3 sun;         // towards it
uniform vec3 sunlight;
uniform vec3 skylight;
uniform float lamps;      // under water, at night
uniform float infrared;   // 1: lit from the camera, grey
uniform float time;
uniform float turbidity;
uniform vec4 people[16];  // x, y, lowest and highest point's z
uniform int count;

float hash(vec2 p) { p = fract(p * vec2(123.34, 345.45)); p += dot(p, p + 34.345); return fract(p.x * p.y); }
float noise(vec2 p) {
  vec2 i = floor(p), f = fract(p);
  f = f * f * (3.0 - 2.0 * f);
  return mix(mix(hash(i), hash(i + vec2(1, 0)), f.x), mix(hash(i + vec2(0, 1)), hash(i + vec2(1, 1)), f.x), f.y);
}
// Bright webs where waves gather the sun.
float web(vec2 p, float t) {
  p += 0.35 * vec2(sin(1.7 * p.y + 0.9 * t), sin(1.9 * p.x - 0.8 * t));
  float a = sin(2.6 * p.x + 1.1 * p.y + 1.3 * t) + sin(-1.4 * p.x + 2.9 * p.y - 1.1 * t) + 0.7 * sin(3.9 * p.x - 2.3 * p.y + 1.7 * t);
  return pow(max(0.0, 1.0 - 0.55 * abs(a)), 3.0);
}
float caustics(vec3 p) {
  vec2 at = p.xy + sun.xy / max(sun.z, 0.2) * 0.75 * p.z;
  return 0.55 + 1.1 * web(at * 1.6, 1.4 * time) + 0.6 * web(at.yx * 2.7 + 7.0, 1.9 * time);
}
// Soft shadows of upright people, away from the sun.
float shade(vec3 p) {
  float lit = 1.0;
  for (int i = 0; i < count; ++i) {
    float tall = people[i].w - max(people[i].z, p.z);
    if (tall <= 0.0) continue;
    vec2 tip = -sun.xy / max(sun.z, 0.15) * tall, from = p.xy - people[i].xy;
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
  light = mix(light, vec3(9.0 / (4.0 + d * d)) * (0.35 + 0.65 * max(dot(n, to / d), 0.0)), infrared);
  return colour * light;
}
// What water takes from light on its way, and adds.
vec3 in_water(vec3 colour, vec3 p, float way) {
#if UNDER
  vec3 takes = vec3(0.30, 0.055, 0.035) + turbidity * vec3(0.5, 0.4, 0.38);
  vec3 left = exp(-takes * (way - 0.6 * p.z));
  vec3 glow = vec3(0.05, 0.30, 0.36) * (skylight + 0.5 * sunlight * max(sun.z, 0.0) + lamps) * (1.0 - infrared) + vec3(0.03) * infrared;
  return colour * left + glow * (1.0 - exp(-(0.09 + 0.5 * turbidity) * way));
#else
  return colour;
#endif
}
)";

/// Puts a vertex where it is seen: what is over the water, or what is under it.
inline constexpr const char* kShow = R"(
out float way;
void show(vec3 position) {
#if UNDER
  gl_Position = project(apparent(position));
  way = position.z < 0.0 ? length(position - surface(position)) : 0.0;
  gl_ClipDistance[0] = 0.001 - position.z;
#else
  gl_Position = project(position);
  way = 0.0;
  gl_ClipDistance[0] = position.z + 0.05;
#endif
}
)";

inline constexpr const char* kPlaceVertex = R"(
layout(location = 0) in vec3 position;
layout(location = 1) in vec3 normal;
layout(location = 2) in vec3 colour;
layout(location = 3) in float material;
out vec3 at;
out vec3 facing;
out vec3 paint;
flat out float kind;
void main() {
  at = position;
  facing = normal;
  paint = colour;
  kind = material;
  show(position);
}
)";

/// Everything that does not move; a program for each family of materials, since llvmpipe runs every
/// branch.
inline constexpr const char* kPlaceFragment = R"(
in vec3 at;
in vec3 facing;
in vec3 paint;
flat in float kind;
in float way;
layout(location = 0) out vec4 pixel;
layout(location = 1) out uint who;

// Joints between tiles; they vanish where they are finer than pixels.
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
#elif FAMILY == 1  // deck: slabs, here and there wet; coping
  // Both at once: a branch costs more than what it saves.
  float slabs = step(kind, 2.5), patch = noise(at.xy * mix(20.0, 0.9, slabs) + 3.0);
  float tone = 0.93 + 0.12 * hash(floor(at.xy / 0.4)) - 0.17 * joint(at.xy, 0.4, 0.012) - 0.26 * smoothstep(0.55, 0.75, patch);
  c *= mix(0.97 + 0.06 * patch, tone, slabs);
  direct = shade(at);
#elif FAMILY == 2  // grass; hedge; boards
  vec2 p = kind < 4.5 ? at.xy * 0.6 : vec2(at.x + at.y, at.z);
  float leaves = noise(p * 6.0) * noise(p * 17.0 + 5.0);
  if (kind < 5.5) c *= kind < 4.5 ? 0.6 + 0.9 * leaves : 0.4 + 1.2 * leaves;
  else c = c * (0.9 + 0.15 * hash(floor(p / vec2(0.6, 0.2)))) * (1.0 - 0.2 * joint(p + vec2(0.3 * mod(floor(p.y / 0.2), 2.0), 0.0), 0.6, 0.01));
#else
  direct = shade(at + vec3(0, 0, 0.02));
#endif
  c = in_water(lit(c, at, n, direct), at, way);
  pixel = vec4(c, UNDER == 1 ? clamp(-at.z / 6.0, 0.0, 1.0) : 1.0);
  who = 0u;
}
)";

inline constexpr const char* kBodyVertex = R"(
layout(location = 0) in vec3 position;
layout(location = 1) in vec3 normal;
layout(location = 2) in vec3 place;
out vec3 at;
out vec3 facing;
out vec3 on;
void main() {
  at = position;
  facing = normal;
  on = place;
  show(position);
}
)";

/// A person: skin, hair and clothes by the place on the body that all are made from.
inline constexpr const char* kBodyFragment = R"(
in vec3 at;
in vec3 facing;
in vec3 on;      // standing: x to the left, y up from -0.83 (soles) to 0.83, z forward; metres
in float way;
uniform vec3 skin;
uniform vec3 hair;
uniform vec3 cloth;
uniform vec3 trim;
uniform int wear;        // 0 trunks, 1 swimsuit, 2 bikini, 3 shirt and shorts, 4 wetsuit shorts
uniform float hair_down; // how far it falls
uniform int cap;
uniform uint id;
layout(location = 0) out vec4 pixel;
layout(location = 1) out uint who;
float spot(vec3 c, float r) { return smoothstep(r, r * 0.55, length(on - c)); }
void main() {
  vec3 n = normalize(facing);
  if (!gl_FrontFacing) n = -n;
  float grain = noise(on.xy * 35.0);
  vec3 c = skin * (0.92 + 0.12 * grain);
  // The face; hair grows from over the brow and behind the ears.
  float head = step(0.60, on.y);
  c = mix(c, skin * vec3(1.08, 0.82, 0.78), 0.55 * (spot(vec3(0.0, 0.697, 0.145), 0.022) + spot(vec3(0.05, 0.72, 0.10), 0.03) * 0.5 + spot(vec3(-0.05, 0.72, 0.10), 0.03) * 0.5));
  c = mix(c, vec3(0.07, 0.05, 0.05), 0.85 * (spot(vec3(0.031, 0.768, 0.13), 0.014) + spot(vec3(-0.031, 0.768, 0.13), 0.014)));
  c = mix(c, hair * 0.8, 0.7 * (spot(vec3(0.034, 0.788, 0.135), 0.013) + spot(vec3(-0.034, 0.788, 0.135), 0.013)));
  float grows = head * smoothstep(-0.006, 0.006, on.y - mix(0.80, 0.60 - hair_down, smoothstep(0.07, 0.02, on.z)));
  if (cap == 1) c = mix(c, trim, head * smoothstep(-0.004, 0.004, on.y - mix(0.795, 0.72, smoothstep(0.10, 0.0, on.z))));
  else c = mix(c, hair * (0.6 + 0.8 * grain), grows);
  // Clothes. Waist at 0.12, groin at -0.03, armpits at 0.38, knees at -0.38.
  float trunk = step(abs(on.x), 0.21), arm = step(0.20, abs(on.x)) * step(0.05, on.y);
  float worn = 0.0;
  vec3 stuff = cloth;
  if (wear == 0) worn = step(on.y, 0.09) * step(-0.22, on.y) * (1.0 - arm);
  else if (wear == 4) worn = step(on.y, 0.10) * step(-0.36, on.y) * (1.0 - arm);
  else if (wear == 1 || wear == 2) {
    float legs = on.y - (-0.10 + 0.9 * max(0.0, abs(on.x) - 0.05));
    float low = step(0.0, legs) * step(on.y, wear == 1 ? 0.25 : 0.06) * (1.0 - arm);
    float high = step(0.20, on.y) * step(on.y, on.z > 0.0 ? 0.40 : 0.33) * trunk * step(wear == 1 ? 0.2 : 0.235, on.y) * (1.0 - arm);
    float straps = step(0.38, on.y) * step(on.y, 0.52) * step(abs(abs(on.x) - 0.085), 0.016);
    worn = max(max(low, high), straps);
  } else if (wear == 3) {
    float shorts = step(on.y, 0.08) * step(-0.30, on.y) * (1.0 - arm);
    float shirt = step(0.05, on.y) * step(on.y, 0.52) * step(abs(on.x), 0.36);
    worn = max(shorts, shirt);
    if (shirt > 0.5) stuff = trim;
  }
  if (wear != 3) stuff = mix(stuff, trim, step(0.72, fract(on.y * 11.0)) * step(0.5, fract(trim.x * 7.3)));
  c = mix(c, stuff * (0.9 + 0.2 * grain), worn);
  // A little light comes through skin.
  float wrap = 0.25 * (1.0 - worn);
  vec3 bent = normalize(mix(n, sun, wrap * 0.6));
  #if UNDER
  vec3 l = lit(c, at, bent, 0.5 + 0.5 * caustics(at));
#else
  vec3 l = lit(c, at, bent, 1.0);
#endif
  vec3 to = normalize(eye - at);
#if !UNDER
  l += (sunlight * pow(max(dot(reflect(-sun, n), to), 0.0), 24.0) * 0.16 + skylight * 0.06 * pow(1.0 - max(dot(n, to), 0.0), 3.0)) * (1.0 - infrared);
#endif
  pixel = vec4(in_water(l, at, way), UNDER == 1 ? clamp(-at.z / 6.0, 0.0, 1.0) : 1.0);
  who = id;
}
)";

/// The surface, as in water.cpp, and rings around who stirs it.
inline constexpr const char* kWaves = R"(
uniform vec4 waves[8];   // kx, ky, amplitude, phase at this moment
uniform vec4 rings[12];  // x, y, height, foam
uniform int ring_count;
float height(vec2 p) {
  float h = 0.0;
  for (int i = 0; i < 8; ++i) h += waves[i].z * sin(dot(waves[i].xy, p) + waves[i].w);
  return h;
}
)";

inline constexpr const char* kWaterVertex = R"(
layout(location = 0) in vec3 position;
out vec3 at;
void main() {
  at = vec3(position.xy, height(position.xy));
  gl_Position = project(at);
}
)";

inline constexpr const char* kWaterFragment = R"(
in vec3 at;
uniform sampler2D seen;      // what lies under still water; a: its depth
uniform usampler2D seen_who;
uniform vec3 horizon;
uniform vec3 zenith;
layout(location = 0) out vec4 pixel;
layout(location = 1) out uint who;
vec3 sky(vec3 d) {
  vec3 c = mix(horizon, zenith, pow(max(d.z, 0.0), 0.6));
  float trees = 0.11 + 0.02 * sin(9.0 * d.x / (abs(d.y) + 0.3)) + 0.015 * sin(23.0 * d.y);
  c = mix(c, vec3(0.10, 0.13, 0.09) * (skylight + 0.3 * sunlight), smoothstep(trees + 0.02, trees - 0.02, d.z));
  return c * (1.0 - infrared);
}
void main() {
  vec2 slope = vec2(0.0);
  for (int i = 0; i < 8; ++i) slope += waves[i].z * cos(dot(waves[i].xy, at.xy) + waves[i].w) * waves[i].xy;
  vec2 rough = slope;
  float foam = 0.0;
  vec2 chop = 4.0 * vec2(sin(5.1 * at.x + 3.3 * at.y + 2.9 * time) * sin(4.3 * at.y - 2.0 * time), sin(4.7 * at.y - 3.9 * at.x - 3.1 * time) * sin(5.3 * at.x + 1.7 * time));
  for (int i = 0; i < ring_count; ++i) {
    vec2 from = at.xy - rings[i].xy;
    float d2 = dot(from, from), near = 1.0 / (1.0 + d2 * d2), d = sqrt(d2) + 1e-3;
    float high = rings[i].z * near;
    rough += from * (high * 13.0 / d * cos(13.0 * d - 7.0 * time)) + high * chop;
    foam += rings[i].w * near * near * near;
  }
  vec3 n = normalize(vec3(-rough, 1.0));
  vec3 ray = normalize(at - eye);
  vec3 flat_ray = refract(ray, vec3(0, 0, 1), 1.0 / 1.333), bent = refract(ray, n, 1.0 / 1.333);
  // How far a thing at that depth is moved by the waves, in the picture.
  vec2 here = gl_FragCoord.xy / size;
  float depth = texture(seen, here).a * 6.0;
  vec2 uv;
  vec2 moved = (bent / max(-bent.z, 0.2) - flat_ray / max(-flat_ray.z, 0.2)).xy * depth;
  float far = length(at - eye);
  vec4 q = project(vec3(at.xy + moved * (far / (far + depth)), 0.0));
  uv = clamp(q.xy / q.w * 0.5 + 0.5, vec2(0.002), vec2(0.998));
  vec4 below = texture(seen, uv);
  float c = clamp(dot(-ray, n), 0.0, 1.0), s = sqrt(max(0.0, 1.0 - (1.0 - c * c) / 1.777));
  float rs = (c - 1.333 * s) / (c + 1.333 * s), rp = (1.333 * c - s) / (1.333 * c + s);
  float mirror = clamp(0.5 * (rs * rs + rp * rp), 0.0, 1.0);
  // Ripples too small for the waves make the sun glitter.
  vec2 fine = 0.35 * vec2(sin(31.0 * at.x + 17.0 * at.y + 6.0 * time) * sin(23.0 * at.y - 5.0 * time + 2.0 * rough.x), sin(29.0 * at.y - 19.0 * at.x - 5.5 * time) * sin(27.0 * at.x + 4.5 * time + 2.0 * rough.y));
  vec3 up = normalize(vec3(-rough - 0.35 * fine, 1.0)), back = reflect(ray, up);
  vec3 light = below.rgb * (1.0 - mirror) + sky(reflect(ray, n)) * mirror;
  light += sunlight * 2.2 * pow(max(dot(back, sun), 0.0), 260.0) * (1.0 - infrared);
  float froth = smoothstep(0.3, 1.3, foam * (0.25 + noise(at.xy * 17.0 + time * 2.0) * noise(at.xy * 41.0 - time * 3.0) * 2.6));
  light = mix(light, lit(vec3(0.85), at, vec3(0, 0, 1), 1.0), 0.8 * froth);
  pixel = vec4(light, 1.0);
  who = froth > 0.6 ? 0u : texture(seen_who, uv).r;
}
)";

inline constexpr const char* kWholeVertex = R"(
out vec2 uv;
void main() {
  uv = vec2((gl_VertexID & 1) * 2, gl_VertexID & 2);
  gl_Position = vec4(uv * 2.0 - 1.0, 0.0, 1.0);
}
)";

/// What lens, sensor and dome make of the picture.
inline constexpr const char* kSensor = R"(
in vec2 uv;
uniform sampler2D picture;
uniform vec2 size;
uniform float exposure;
uniform float softness;
uniform float noise_level;
uniform float dirt;
uniform float infrared;
uniform int frame;
uniform float seed;
out vec4 pixel;
uint mixed(uint v) { v ^= v >> 16; v *= 0x7feb352du; v ^= v >> 15; v *= 0x846ca68bu; return v ^ (v >> 16); }
float unit(uint v) { return float(v >> 8) / 16777216.0; }
// A tent of three by three pixels, by four taps between them.
vec3 soft(vec2 p, float r) {
  vec2 d = 0.5 * r / size;
  return 0.25 * (texture(picture, p + d).rgb + texture(picture, p - d).rgb + texture(picture, p + vec2(d.x, -d.y)).rgb + texture(picture, p + vec2(-d.x, d.y)).rgb);
}
void main() {
  vec2 p = vec2(uv.x, 1.0 - uv.y);   // rows from the top
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
  // The sensor's shoulder, then the screen's curve.
  c = pow(1.0 - exp(-1.05 * max(c, 0.0)), vec3(1.0 / 1.7));
  uint h = mixed(uint(gl_FragCoord.x) + 8192u * uint(gl_FragCoord.y) + 0x9e3779b9u * uint(frame));
  // Four bytes' sum is near enough to normal.
  uint g = mixed(h + 1u);
  float a = float((h & 255u) + (h >> 8 & 255u) + (h >> 16 & 255u) + (h >> 24)) / 255.0 - 2.0;
  float b = float((g & 255u) + (g >> 8 & 255u)) / 255.0 - 1.0;
  float dark = 1.5 - c.g;
  c += noise_level * dark * (1.7 * a * vec3(1.0) + 0.5 * b * vec3(1.0, -0.4, 0.8) * (1.0 - infrared));
  pixel = vec4(clamp(c, 0.0, 1.0), 1.0);
}
)";

}  // namespace lido::synth::shaders
