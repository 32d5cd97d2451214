// SPDX-License-Identifier: Apache-2.0
#include "lido/dataset/jpeg.h"

#include <turbojpeg.h>

#include <algorithm>
#include <cassert>

namespace lido::dataset {

struct JpegEncoder::Handle {
  tjhandle compressor = tjInitCompress();
  unsigned char* buffer = nullptr;
  unsigned long capacity = 0;
  ~Handle() {
    tjFree(buffer);
    tjDestroy(compressor);
  }
};

JpegEncoder::JpegEncoder() : handle_(std::make_unique<Handle>()) {}
JpegEncoder::~JpegEncoder() = default;

Result<std::string> JpegEncoder::encode(const media::Image& image, int quality) {
  unsigned long size = handle_->capacity;
  const int error =
      tjCompress2(handle_->compressor, image.rgb.data(), image.width, 0, image.height, TJPF_RGB,
                  &handle_->buffer, &size, TJSAMP_420, quality, TJFLAG_ACCURATEDCT);
  if (error != 0) {
    return fail(ErrorCode::kDegenerate, "an image of {}x{} pixels does not compress to JPEG: {}",
                image.width, image.height, tjGetErrorStr2(handle_->compressor));
  }
  handle_->capacity = std::max(handle_->capacity, size);
  return std::string(reinterpret_cast<const char*>(handle_->buffer), size);
}

struct JpegDecoder::Handle {
  tjhandle decompressor = tjInitDecompress();
  ~Handle() { tjDestroy(decompressor); }
};

JpegDecoder::JpegDecoder() : handle_(std::make_unique<Handle>()) {}
JpegDecoder::~JpegDecoder() = default;

Result<JpegSize> JpegDecoder::read_size(std::span<const std::byte> bytes) {
  constexpr int kMaxSide = 8192;
  JpegSize size;
  int subsampling = 0, colorspace = 0;
  if (tjDecompressHeader3(handle_->decompressor,
                          reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size(),
                          &size.width, &size.height, &subsampling, &colorspace) != 0) {
    return fail(ErrorCode::kCorrupt, "not a JPEG: {}", tjGetErrorStr2(handle_->decompressor));
  }
  if (size.width > kMaxSide || size.height > kMaxSide) {
    return fail(ErrorCode::kCorrupt, "a JPEG of {}x{} pixels, want at most {}x{}", size.width,
                size.height, kMaxSide, kMaxSide);
  }
  return size;
}

Result<void> JpegDecoder::decode(std::span<const std::byte> bytes, std::span<uint8_t> rgb) {
  const JpegSize size = LIDO_TRY(read_size(bytes));
  assert(rgb.size() == static_cast<size_t>(size.width) * static_cast<size_t>(size.height) * 3);
  if (tjDecompress2(handle_->decompressor, reinterpret_cast<const unsigned char*>(bytes.data()),
                    bytes.size(), rgb.data(), size.width, 0, size.height, TJPF_RGB,
                    TJFLAG_ACCURATEDCT) != 0) {
    return fail(ErrorCode::kCorrupt, "broken JPEG: {}", tjGetErrorStr2(handle_->decompressor));
  }
  return {};
}

Result<media::Image> decode_jpeg(std::span<const std::byte> bytes) {
  JpegDecoder decoder;
  const JpegSize size = LIDO_TRY(decoder.read_size(bytes));
  media::Image image{size.width, size.height, {}};
  image.rgb.resize(static_cast<size_t>(size.width) * static_cast<size_t>(size.height) * 3);
  LIDO_TRY(decoder.decode(bytes, image.rgb));
  return image;
}

}  // namespace lido::dataset
