// SPDX-License-Identifier: Apache-2.0
// Projection by the camera, and refraction by still water and by a flat port (Snell's law).
// Must agree with geometry/camera.cpp and geometry/refraction.cpp.
// Scene axes, metres: x along the pool, y across it, z over the water at rest.
uniform vec3 eye;
uniform mat3 cam_from_world;
uniform vec4 focal;  // fx, fy, cx, cy
uniform vec2 size;
uniform int fisheye;
uniform vec4 k;
uniform float k5;
uniform float max_field;
uniform float water_index;
uniform float port;  // distance to the flat port; 0 for a camera in air

// Distance from the foot of the eye at which its ray to a point crosses a flat surface: the eye is
// h before the surface, the point d behind it and l aside.
float crossing(float h, float d, float l) {
  float r = l * h / (h + d / water_index);
  for (int i = 0; i < 4; ++i) {
    float a = sqrt(r * r + h * h), b = sqrt((l - r) * (l - r) + d * d);
    float f = r / a - water_index * (l - r) / b;
    r = clamp(r - f / (h * h / (a * a * a) + water_index * d * d / (b * b * b)), 0.0, l);
  }
  return r;
}

vec2 bend(vec2 at) {
  float r = length(at);
  if (r < 1e-6) return at;
  if (fisheye == 1) {
    float t = min(atan(r), max_field), t2 = t * t;
    return at * (t * (1.0 + t2 * (k.x + t2 * (k.y + t2 * (k.z + t2 * k.w)))) / r);
  }
  at *= min(r, max_field) / r;
  r = min(r, max_field);
  float r2 = r * r, by = 1.0 + r2 * (k.x + r2 * (k.y + r2 * k5)), xy = at.x * at.y;
  return at * by + vec2(2.0 * k.z * xy + k.w * (r2 + 2.0 * at.x * at.x),
                        k.z * (r2 + 2.0 * at.y * at.y) + 2.0 * k.w * xy);
}

vec4 project(vec3 point) {
  vec3 p = cam_from_world * (point - eye);
  const float far = 120.0;
  float near = max(0.1, port + 0.01);
  vec2 ray = p.xy / max(p.z, near);
  float aside = length(p.xy);
  if (port > 0.0 && p.z > near && aside > 1e-6)
    ray = p.xy / aside * (crossing(port, p.z - port, aside) / port);
  vec2 at = p.z > near ? bend(ray) * p.z : p.xy;
  vec2 pixel = focal.xy * at + focal.zw * p.z;
  return vec4(2.0 * pixel.x / size.x - p.z, p.z - 2.0 * pixel.y / size.y,
              (p.z * (far + near) - 2.0 * far * near) / (far - near), p.z);
}

// Point where a ray from `below` to the eye in air leaves still water.
vec3 surface(vec3 below) {
  vec2 along = below.xy - eye.xy;
  float l = length(along);
  if (l < 1e-5) return vec3(below.xy, 0.0);
  return vec3(eye.xy + along * (crossing(eye.z, -below.z, l) / l), 0.0);
}

// Apparent position of a point: on the straight line of sight, as far away as light travels.
vec3 apparent(vec3 point) {
  if (point.z >= 0.0 || eye.z < 0.0) return point;
  vec3 on = surface(point);
  return on + normalize(on - eye) * length(point - on);
}
