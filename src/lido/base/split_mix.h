// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

namespace lido {

/// Returns the next 64 random bits of a state, which it advances; equal on every machine. Pure.
/// Source: Steele, Lea and Flood 2014, Fast splittable pseudorandom number generators, OOPSLA.
inline uint64_t split_mix64(uint64_t& state) {
  uint64_t z = state += 0x9e3779b97f4a7c15;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
  z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
  return z ^ (z >> 31);
}

}  // namespace lido
