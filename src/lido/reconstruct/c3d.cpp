// SPDX-License-Identifier: Apache-2.0
#include "lido/reconstruct/c3d.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <string_view>

namespace lido::reconstruct {
namespace {

constexpr size_t kBlock = 512;
constexpr char kMark = 0x50;

void put_int16(std::string& to, int64_t value) {
  const auto bits = static_cast<uint64_t>(value);
  to += static_cast<char>(bits & 0xff);
  to += static_cast<char>(bits >> 8 & 0xff);
}

void put_float(std::string& to, double value) {
  const auto bits = std::bit_cast<uint32_t>(static_cast<float>(value));
  put_int16(to, bits & 0xffff);
  put_int16(to, bits >> 16);
}

/// Frame counts are 16 bits wide in the header; TRIAL has longer ones.
int64_t short_count(int64_t frames) { return std::min<int64_t>(frames, 65535); }

/// Groups and parameters, as the second part of a file has them.
class Parameters {
 public:
  void begin_group(std::string_view name) {
    --group_;
    text_ += static_cast<char>(name.size());
    text_ += static_cast<char>(group_);
    text_ += name;
    put_int16(text_, 3);  // to the next record, from here
    text_ += '\0';        // no description
  }
  void add_int16(std::string_view name, std::initializer_list<int64_t> values) {
    std::string data;
    for (const int64_t one : values) put_int16(data, one);
    add(name, 2, values.size() == 1 ? std::string() : std::string(1, char(values.size())), data);
  }
  void add_float(std::string_view name, double value) {
    std::string data;
    put_float(data, value);
    add(name, 4, {}, data);
  }
  void add_text(std::string_view name, std::string_view value) {
    add(name, -1, std::string(1, static_cast<char>(value.size())), std::string(value));
  }
  void add_texts(std::string_view name, std::span<const std::string_view> values) {
    size_t width = 0;
    for (const std::string_view one : values) width = std::max(width, one.size());
    std::string data;
    for (const std::string_view one : values) {
      data += one;
      data.append(width - one.size(), ' ');
    }
    add(name, -1, std::string{static_cast<char>(width), static_cast<char>(values.size())}, data);
  }

  /// The section, in whole blocks.
  std::string finish() const {
    constexpr char kIntel = 84;
    constexpr size_t kBegin = 4;
    const size_t blocks = (kBegin + text_.size() + 2 + kBlock - 1) / kBlock;
    std::string out = {1, kMark, static_cast<char>(blocks), kIntel};
    out += text_;
    out.resize(blocks * kBlock, '\0');
    return out;
  }

 private:
  void add(std::string_view name, int type, std::string_view sizes, std::string_view data) {
    text_ += static_cast<char>(name.size());
    text_ += static_cast<char>(-group_);
    text_ += name;
    put_int16(text_, static_cast<int64_t>(2 + 1 + 1 + sizes.size() + data.size() + 1));
    text_ += static_cast<char>(type);
    text_ += static_cast<char>(sizes.size());
    text_ += sizes;
    text_ += data;
    text_ += '\0';
  }

  int group_ = 0;
  std::string text_;
};

std::string parameters_of(int64_t frames, double rate_hz, int64_t data_block) {
  Parameters out;
  out.begin_group("POINT");
  out.add_int16("USED", {static_cast<int64_t>(kJoints)});
  out.add_int16("FRAMES", {short_count(frames)});
  out.add_int16("DATA_START", {data_block});
  out.add_float("SCALE", -1);
  out.add_float("RATE", rate_hz);
  out.add_text("UNITS", "m");
  out.add_text("X_SCREEN", "+X");
  out.add_text("Y_SCREEN", "+Z");
  out.add_texts("LABELS", kJointNames);
  out.begin_group("ANALOG");
  out.add_int16("USED", {0});
  out.begin_group("TRIAL");
  out.add_int16("ACTUAL_START_FIELD", {1, 0});
  out.add_int16("ACTUAL_END_FIELD", {frames & 0xffff, frames >> 16});
  return out.finish();
}

}  // namespace

void C3dFile::add(int64_t moment, const std::array<Joint, kJoints>& joints) {
  constexpr float kNone = std::numeric_limits<float>::quiet_NaN();
  if (frames_ == 0) next_ = moment;
  for (; next_ < moment; ++next_, ++frames_) {
    for (size_t i = 0; i < kJoints; ++i) data_.insert(data_.end(), {kNone, kNone, kNone, -1});
  }
  for (const Joint& one : joints) {
    const Eigen::Vector3f p = one.point_in_world.cast<float>();
    if (one.is_found())
      data_.insert(data_.end(), {p.x(), p.y(), p.z(), 0});
    else
      data_.insert(data_.end(), {kNone, kNone, kNone, -1});
  }
  ++next_;
  ++frames_;
}

std::string C3dFile::finish(double rate_hz) const {
  // The block of the data follows the parameters, whose size does not depend on it.
  const auto blocks = static_cast<int64_t>(parameters_of(frames_, rate_hz, 0).size() / kBlock);
  const int64_t data_block = 2 + blocks;
  std::string out = {2, kMark};
  put_int16(out, kJoints);
  put_int16(out, 0);  // analog values a frame
  put_int16(out, 1);
  put_int16(out, short_count(frames_));
  put_int16(out, 0);  // interpolated frames
  put_float(out, -1);
  put_int16(out, data_block);
  put_int16(out, 0);  // analog samples a frame
  put_float(out, rate_hz);
  out.resize(kBlock, '\0');
  out += parameters_of(frames_, rate_hz, data_block);
  for (const float one : data_) put_float(out, one);
  out.resize((out.size() + kBlock - 1) / kBlock * kBlock, '\0');
  return out;
}

}  // namespace lido::reconstruct
