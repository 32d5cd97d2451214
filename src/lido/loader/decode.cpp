// SPDX-License-Identifier: Apache-2.0
#include "lido/loader/decode.h"

#include <string_view>

#include "lido/base/hash.h"
#include "lido/dataset/dataset.h"
#include "lido/dataset/tar.h"

namespace lido::loader {
namespace {

using dataset::Augmentation;
using dataset::SampleRow;
using dataset::TarEntry;

/// The frames of a sample, in order.
Result<std::vector<TarEntry>> frames_of(std::span<const std::byte> bytes) {
  auto entries = LIDO_TRY(dataset::read_tar(bytes));
  std::erase_if(entries, [](const TarEntry& entry) {
    return !entry.name.ends_with(".jpg") || entry.name.ends_with(dataset::kContextPicture);
  });
  if (entries.empty()) return fail(ErrorCode::kCorrupt, "no frames in the shard");
  return entries;
}

/// Moves boxes in the form x, y, width, height, x, ...
void move_boxes(std::vector<double>& boxes, const Augmentation& drawn, const Shape& shape) {
  for (size_t i = 0; i + 3 < boxes.size(); i += 4) {
    const Box moved = dataset::augment(Box{boxes[i], boxes[i + 1], boxes[i + 2], boxes[i + 3]},
                                       drawn, shape.width, shape.height);
    boxes[i] = moved.x;
    boxes[i + 1] = moved.y;
    boxes[i + 2] = moved.width;
    boxes[i + 3] = moved.height;
  }
}

/// Moves the keypoints of a sample's frames.
void move_keypoints(std::vector<double>& keypoints, std::span<const std::string> names,
                    const Augmentation& drawn, const Shape& shape) {
  const size_t in_frame = keypoints.size() / static_cast<size_t>(shape.frames);
  for (size_t i = 0; in_frame > 0 && i + in_frame <= keypoints.size(); i += in_frame)
    dataset::augment_keypoints(std::span(keypoints).subspan(i, in_frame), names, drawn);
}

}  // namespace

Augmentation augmentation_of(const SampleRow& row, const Shape& shape, const AugmentSeed& seed) {
  return dataset::draw_augmentation({}, seed.seed, seed.epoch, row.group, row.sample, shape.width,
                                    shape.height);
}

Result<Shape> SampleDecoder::shape_of(std::span<const std::byte> bytes) {
  const auto frames = LIDO_TRY(frames_of(bytes));
  const dataset::JpegSize size = LIDO_TRY(jpeg_.read_size(frames.front().content));
  return Shape{static_cast<int>(frames.size()), size.height, size.width};
}

Result<void> SampleDecoder::decode(SampleRow& row, std::span<const std::byte> bytes,
                                   const Shape& shape, const std::optional<AugmentSeed>& seed,
                                   std::span<uint8_t> into) {
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  if (sha256_hex(text) != row.sha256)
    return fail(ErrorCode::kCorrupt, "the checksum differs from the manifest");
  const auto frames = LIDO_TRY(frames_of(bytes));
  if (std::ssize(frames) != shape.frames) {
    return fail(ErrorCode::kInvalidArgument, "{} frames, want {} as in the first sample",
                frames.size(), shape.frames);
  }
  std::optional<Augmentation> drawn;
  if (seed) drawn = augmentation_of(row, shape, *seed);
  for (size_t i = 0; i < frames.size(); ++i) {
    const auto size = LIDO_TRY(jpeg_.read_size(frames[i].content));
    if (size.width != shape.width || size.height != shape.height) {
      return fail(ErrorCode::kInvalidArgument,
                  "a frame of {}x{} pixels, want {}x{} as in the first sample. Choose the samples "
                  "of one kind: person or frame.",
                  size.width, size.height, shape.width, shape.height);
    }
    if (into.empty()) continue;
    const std::span<uint8_t> out = into.subspan(i * shape.frame_bytes(), shape.frame_bytes());
    if (!drawn) {
      LIDO_TRY(jpeg_.decode(frames[i].content, out));
      continue;
    }
    frame_.width = shape.width;
    frame_.height = shape.height;
    frame_.rgb.resize(shape.frame_bytes());
    LIDO_TRY(jpeg_.decode(frames[i].content, frame_.rgb));
    dataset::augment(frame_, *drawn, static_cast<int>(i), out);
  }
  if (drawn) {
    move_boxes(row.boxes, *drawn, shape);
    move_keypoints(row.keypoints, keypoint_names_, *drawn, shape);
    for (dataset::SampleLabel& label : row.labels) move_boxes(label.boxes, *drawn, shape);
  }
  return {};
}

}  // namespace lido::loader
