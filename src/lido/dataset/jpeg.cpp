// SPDX-License-Identifier: Apache-2.0
#include "lido/dataset/jpeg.h"

#include <turbojpeg.h>

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

Result<media::Image> decode_jpeg(std::span<const std::byte> bytes) {
  constexpr int kMaxSide = 8192;
  const std::unique_ptr<void, decltype(&tjDestroy)> decoder(tjInitDecompress(), &tjDestroy);
  const auto* data = reinterpret_cast<const unsigned char*>(bytes.data());
  media::Image image;
  int subsampling = 0, colorspace = 0;
  const int error = tjDecompressHeader3(decoder.get(), data, bytes.size(), &image.width,
                                        &image.height, &subsampling, &colorspace);
  if (error != 0) return fail(ErrorCode::kCorrupt, "not a JPEG: {}", tjGetErrorStr2(decoder.get()));
  if (image.width > kMaxSide || image.height > kMaxSide) {
    return fail(ErrorCode::kCorrupt, "a JPEG of {}x{} pixels, want at most {}x{}", image.width,
                image.height, kMaxSide, kMaxSide);
  }
  image.rgb.resize(static_cast<size_t>(image.width) * static_cast<size_t>(image.height) * 3);
  if (tjDecompress2(decoder.get(), data, bytes.size(), image.rgb.data(), image.width, 0,
                    image.height, TJPF_RGB, TJFLAG_ACCURATEDCT) != 0) {
    return fail(ErrorCode::kCorrupt, "broken JPEG: {}", tjGetErrorStr2(decoder.get()));
  }
  return image;
}

}  // namespace lido::dataset
