// SPDX-License-Identifier: Apache-2.0
#include "lido/media/mp4_fragments.h"

#include <algorithm>
#include <cstring>
#include <span>
#include <string_view>

#include "lido/media/mp4_boxes.h"

namespace lido::media {
namespace {

using Bytes = std::span<const std::byte>;

constexpr int64_t kHeader_bytes = 8;
constexpr size_t kMaxHoles = 1000;
constexpr size_t kMaxOutermost = 1'000'000;
/// A longer "moof" is taken for damaged.
constexpr int64_t kMaxMoof_bytes = 16 << 20;
/// Bytes of headers of fragments that are read beside the walk, at most.
constexpr int64_t kMaxRead_bytes = 256 << 20;
/// Most fragments' headers are in as many bytes.
constexpr int64_t kFirstRead_bytes = 4096;
constexpr int64_t kScan_bytes = 1 << 20;

std::string_view kind_of(Bytes box) { return {reinterpret_cast<const char*>(box.data()) + 4, 4}; }

/// Calls `on_box` for each box that bytes hold. @return Whether they fill the bytes.
template <typename OnBox>
bool for_each_box(Bytes bytes, OnBox on_box) {
  while (bytes.size() >= kHeader_bytes) {
    const uint64_t length = big_endian(bytes.first(4));
    if (length < kHeader_bytes || length > bytes.size()) return false;
    const Bytes box = bytes.first(static_cast<size_t>(length));
    if (!on_box(kind_of(box), box.subspan(kHeader_bytes))) return false;
    bytes = bytes.subspan(box.size());
  }
  return bytes.empty();
}

/// Contents of the header of a fragment.
struct Fragment {
  bool whole = false;  ///< Its boxes fill it, and each track has samples.
  bool timed = false;  ///< Each track has the time of its first sample.
};

/// @param moof  The box without its own header.
Fragment read_fragment(Bytes moof) {
  int tracks = 0, timed = 0;
  const bool filled = for_each_box(moof, [&](std::string_view kind, Bytes track) {
    if (kind != "traf") return kind != std::string_view("\0\0\0\0", 4);
    bool has_header = false, has_time = false;
    const bool whole = for_each_box(track, [&](std::string_view inner, Bytes) {
      has_header = has_header || inner == "tfhd";
      has_time = has_time || inner == "tfdt";
      return inner != std::string_view("\0\0\0\0", 4);
    });
    ++tracks;
    timed += has_time ? 1 : 0;
    return whole && has_header;
  });
  return {filled && tracks > 0, timed == tracks};
}

/// Walks a file.
class Walker {
 public:
  explicit Walker(storage::Reader& reader) : reader_(reader) {}

  Result<std::vector<FragmentHole>> run() {
    for (size_t i = 0; i < kMaxOutermost && at_ + kHeader_bytes <= reader_.size(); ++i) {
      const int64_t end = LIDO_TRY(end_of_box());
      if (end > 0) {
        at_ = end;
        continue;
      }
      // Without a fragment so far, the file is another, or its index is what is damaged.
      if (!is_fragmented_) break;
      int64_t next = LIDO_TRY(find_fragment());
      if (next < 0 && LIDO_TRY(is_zero())) next = reader_.size();
      if (next < 0 || holes_.size() == kMaxHoles) break;
      holes_.push_back({at_, next});
      at_ = next;
    }
    return std::move(holes_);
  }

 private:
  Result<Bytes> read(int64_t at, int64_t count) {
    buffer_.resize(static_cast<size_t>(std::max<int64_t>(std::min(count, reader_.size() - at), 0)));
    size_t done = 0;
    while (done < buffer_.size()) {
      const size_t read = LIDO_TRY(
          reader_.read_at(at + static_cast<int64_t>(done), std::span(buffer_).subspan(done)));
      if (read == 0) break;
      done += read;
    }
    buffer_.resize(done);
    return Bytes(buffer_);
  }

  /// Returns where the box at `at_` ends; -1 where none is.
  Result<int64_t> end_of_box() {
    Bytes bytes = LIDO_TRY(read(at_, kFirstRead_bytes));
    if (bytes.size() < kHeader_bytes) return -1;
    auto length = static_cast<int64_t>(big_endian(bytes.first(4)));
    const std::string kind(kind_of(bytes));
    if (!is_outermost_box(kind)) return -1;
    if (length == 0) return reader_.size();
    if (length == 1 && bytes.size() >= 16)
      length = static_cast<int64_t>(big_endian(bytes.subspan(8, 8)) & INT64_MAX);
    if (length < kHeader_bytes || length > reader_.size() - at_) return -1;
    if (kind != "moof") return at_ + length;
    is_fragmented_ = true;
    const Fragment fragment = LIDO_TRY(fragment_at(at_, length));
    return fragment.whole ? at_ + length : int64_t{-1};
  }

  /// Returns whether the bytes at `at_` are zeros, and no box of an unknown kind.
  Result<bool> is_zero() {
    const Bytes bytes = LIDO_TRY(read(at_, kHeader_bytes));
    return std::ranges::all_of(bytes, [](std::byte one) { return one == std::byte{0}; });
  }

  Result<Fragment> fragment_at(int64_t at, int64_t length) {
    if (length <= kHeader_bytes || length > std::min(kMaxMoof_bytes, reader_.size() - at))
      return Fragment();
    const bool is_read = at == at_ && std::ssize(buffer_) >= length;
    // Bytes that only look like fragments must not be read again and again.
    if (!is_read) budget_bytes_ -= length;
    if (!is_read && budget_bytes_ < 0) return Fragment();
    const Bytes box = is_read ? Bytes(buffer_) : LIDO_TRY(read(at, length));
    if (std::ssize(box) < length) return Fragment();
    return read_fragment(box.first(static_cast<size_t>(length)).subspan(kHeader_bytes));
  }

  /// Returns where the next whole fragment begins; -1 where none does.
  Result<int64_t> find_fragment() {
    constexpr std::string_view kName = "moof";
    for (int64_t from = at_ + kHeader_bytes; from < reader_.size(); from += kScan_bytes) {
      const Bytes bytes = LIDO_TRY(read(from, kScan_bytes + kHeader_bytes));
      const std::string text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
      for (size_t found = text.find(kName, 4); found != std::string::npos;
           found = text.find(kName, found + 1)) {
        const Bytes header = Bytes(reinterpret_cast<const std::byte*>(text.data()), text.size());
        const auto length = static_cast<int64_t>(big_endian(header.subspan(found - 4, 4)));
        const int64_t at = from + static_cast<int64_t>(found) - 4;
        const Fragment fragment = LIDO_TRY(fragment_at(at, length));
        if (fragment.whole) return fragment.timed ? at : int64_t{-1};
      }
    }
    return -1;
  }

  storage::Reader& reader_;
  int64_t at_ = 0;
  bool is_fragmented_ = false;
  int64_t budget_bytes_ = kMaxRead_bytes;
  std::vector<std::byte> buffer_;
  std::vector<FragmentHole> holes_;
};

}  // namespace

Result<std::vector<FragmentHole>> find_fragment_holes(storage::Reader& reader) {
  return Walker(reader).run();
}

}  // namespace lido::media
