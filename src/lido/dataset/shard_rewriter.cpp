// SPDX-License-Identifier: Apache-2.0
#include "lido/dataset/shard_rewriter.h"

#include <algorithm>

#include "lido/base/hash.h"
#include "lido/dataset/tar.h"

namespace lido::dataset {
namespace {

constexpr size_t kHashBlock = 8 << 20;

Result<std::string> hash_object(storage::Store& store, const std::string& name) {
  const auto reader = LIDO_TRY(store.open(name));
  Sha256 hash;
  std::vector<std::byte> block(kHashBlock);
  for (int64_t at = 0; at < reader->size();) {
    const size_t read = LIDO_TRY(reader->read_at(at, block));
    if (read == 0) break;
    hash.update(std::span(block).first(read));
    at += static_cast<int64_t>(read);
  }
  return hash.hex();
}

/// Returns the bytes of a sample as they are, damaged or not: a fault of one sample must not keep
/// another one from being removed. Empty when the manifest's range leads out of the shard: the
/// range may hold what is removed.
Result<std::string> raw_bytes(storage::Reader& shard, const SampleRow& row) {
  const bool is_inside = row.offset >= 0 && row.length >= 0 && row.offset <= shard.size() &&
                         row.length <= shard.size() - row.offset;
  if (!is_inside) return std::string();
  std::string bytes(static_cast<size_t>(row.length), '\0');
  bytes.resize(LIDO_TRY(shard.read_at(row.offset, std::as_writable_bytes(std::span(bytes)))));
  return bytes;
}

}  // namespace

Result<void> ShardRewriter::add(SampleRow row) {
  if (row.shard != shard_) LIDO_TRY(flush());
  shard_ = row.shard;
  const std::vector<size_t> found = find_(row);
  removing_.insert(found.begin(), found.end());
  if (found.empty()) kept_.push_back(std::move(row));
  return {};
}

Result<void> ShardRewriter::finish() { return flush(); }

Result<void> ShardRewriter::flush() {
  if (!removing_.empty()) {
    auto before = hash_object(dataset_.store(), shard_);
    if (!before && before.error().code != ErrorCode::kNotFound)
      return std::unexpected(before.error());
    const std::string stem = shard_.substr(0, shard_.rfind('.'));
    const std::string first =
        fmt::format("{}-f{:06}", stem.substr(0, stem.find("-f")), generation_);
    std::string name = first;
    for (int i = 1; !names_.insert(name).second; ++i) name = fmt::format("{}-{}", first, i);
    name += ".tar";
    // A shard that is missing was lost before: its rows stay as they are.
    if (before && !kept_.empty()) LIDO_TRY(rewrite(name));
    for (const size_t record : removing_) {
      records_[record].shards_before.push_back(shard_ + " " + before.value_or("missing"));
      if (before && !kept_.empty())
        records_[record].shards_after.push_back(name + " " +
                                                LIDO_TRY(hash_object(dataset_.store(), name)));
    }
  }
  for (SampleRow& row : kept_) LIDO_TRY(manifest_.append(std::move(row)));
  kept_.clear();
  removing_.clear();
  return {};
}

Result<void> ShardRewriter::rewrite(const std::string& name) {
  const auto reader = LIDO_TRY(dataset_.store().open(shard_));
  const auto writer = LIDO_TRY(dataset_.store().create(name));
  int64_t offset = 0;
  for (SampleRow& row : kept_) {
    const std::string bytes = LIDO_TRY(raw_bytes(*reader, row));
    LIDO_TRY(writer->append(bytes));
    row.shard = name;
    row.offset = offset;
    offset += std::ssize(bytes);
  }
  LIDO_TRY(writer->append(tar_end()));
  return writer->commit();
}

}  // namespace lido::dataset
