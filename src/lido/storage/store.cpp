// SPDX-License-Identifier: Apache-2.0
#include "lido/storage/store.h"

#include <fnmatch.h>

#include <algorithm>
#include <filesystem>

#include "lido/storage/bucket.h"
#include "lido/storage/disk.h"
#include "lido/storage/disk_listing.h"

namespace lido::storage {
namespace {

constexpr std::string_view kWildcards = "*?[";
constexpr size_t kScheme = 5;  // characters of "gs://"

/// Returns whether a name matches a glob. "**" also matches '/'.
bool matches(const std::string& pattern, const std::string& name) {
  const int flags = pattern.find("**") == std::string::npos ? FNM_PATHNAME : 0;
  return fnmatch(pattern.c_str(), name.c_str(), flags) == 0;
}

/// Returns whether a folder can hold a file that a glob matches, at any depth below it.
bool may_hold_match(const std::string& glob, const std::string& folder) {
  size_t end = glob.find('/');  // end of the part that stands for the folder
  for (auto left = std::ranges::count(folder, '/'); left > 0 && end != std::string::npos; --left)
    end = glob.find('/', end + 1);
  const size_t any_depth = glob.find("**");
  if (any_depth < end) return true;
  if (end == std::string::npos) return false;
  return fnmatch(glob.substr(0, end).c_str(), folder.c_str(), FNM_PATHNAME) == 0;
}

struct FolderAndName {
  std::string folder;
  std::string name;
};

FolderAndName split_name(std::string_view uri) {
  std::string full = absolute(uri);
  const size_t slash = full.rfind('/');
  return {slash == 0 ? "/" : full.substr(0, slash), full.substr(slash + 1)};
}

}  // namespace

Result<std::string> read_all(Reader& reader, int64_t limit) {
  if (reader.size() > limit) {
    return fail(ErrorCode::kCorrupt, "{} bytes, want {} at most", reader.size(), limit);
  }
  std::string text(static_cast<size_t>(reader.size()), '\0');
  const size_t read = LIDO_TRY(reader.read_at(0, std::as_writable_bytes(std::span(text))));
  text.resize(read);
  return text;
}

bool is_remote(std::string_view uri) {
  return uri.starts_with("gs://") || uri.starts_with("s3://");
}

std::string absolute(std::string_view uri) {
  std::string text(uri);
  if (is_remote(uri)) {
    // "gs://" stays whole, also without a bucket.
    while (text.size() > kScheme && text.ends_with('/')) text.pop_back();
    return text;
  }
  if (text.starts_with("file://")) text.erase(0, 7);
  std::error_code ignored;
  text = std::filesystem::absolute(text, ignored).lexically_normal().string();
  while (text.size() > 1 && text.ends_with('/')) text.pop_back();
  return text;
}

std::string resolved(std::string_view uri) {
  std::string text = absolute(uri);
  if (is_remote(text)) return text;
  std::error_code ignored;
  const auto path = std::filesystem::weakly_canonical(text, ignored);
  return path.empty() ? text : path.string();
}

Result<void> check_name(std::string_view store, std::string_view name) {
  bool is_inside = !name.empty() && !name.contains('\0');
  for (std::string_view rest = name; is_inside;) {
    const std::string_view folder = rest.substr(0, rest.find('/'));
    is_inside = !folder.empty() && folder != "." && folder != "..";
    if (folder.size() == rest.size()) break;
    rest.remove_prefix(folder.size() + 1);
  }
  if (is_inside) return {};
  return fail(ErrorCode::kCorrupt, "{}: \"{}\" leads out of this folder, want a name in it", store,
              name);
}

Result<std::unique_ptr<Store>> open_store(std::string_view uri) {
  std::string full = absolute(uri);
  // An absolute path of nothing would be the root of the disk.
  if (full.empty())
    return fail(ErrorCode::kInvalidArgument, "\"\": an empty name, want a path, gs:// or s3://");
  if (is_remote(full)) return open_bucket(std::move(full));
  if (uri.starts_with("gs:/") || uri.starts_with("s3:/"))
    return fail(ErrorCode::kInvalidArgument, "{}: one slash behind the colon, want two", uri);
  if (uri.contains("://") && !uri.starts_with("file://")) {
    return fail(ErrorCode::kInvalidArgument, "{}: unknown scheme, want a path, gs:// or s3://",
                uri);
  }
  return open_disk(std::move(full));
}

Result<std::unique_ptr<Reader>> open_reader(std::string_view uri) {
  const auto [folder, name] = split_name(uri);
  const auto store = LIDO_TRY(open_store(folder));
  return store->open(name);
}

namespace {

/// Returns the objects of a listing, sorted by URI.
Result<std::vector<Entry>> sorted(const auto& visit) {
  std::vector<Entry> entries;
  LIDO_TRY(visit([&](Entry entry) -> Result<void> {
    entries.push_back(std::move(entry));
    return {};
  }));
  std::ranges::sort(entries, {}, &Entry::uri);
  return entries;
}

}  // namespace

Result<std::vector<Entry>> list(std::string_view uri) {
  return sorted([&](const VisitEntry& take) { return visit(uri, take); });
}

Result<std::vector<Entry>> Store::list(std::string_view prefix) {
  return sorted([&](const VisitEntry& take) { return visit(prefix, take); });
}

namespace {

/// Calls `visit` for the files that a glob matches. Folders that hold no match are not listed.
Result<void> visit_glob(std::string_view glob_as_given, const VisitEntry& visit,
                        const VisitRules& rules) {
  const std::string glob = absolute(glob_as_given);
  const size_t slash = glob.rfind('/', glob.find_first_of(kWildcards));
  const auto store = LIDO_TRY(open_store(slash == 0 ? "/" : glob.substr(0, slash)));
  VisitRules inner = rules;
  inner.skips = [&](const std::string& folder) {
    return !may_hold_match(glob, folder) || (rules.skips && rules.skips(folder));
  };
  bool any = false;
  const auto visit_match = [&](Entry entry) -> Result<void> {
    if (!matches(glob, entry.uri)) return {};
    any = true;
    return visit(std::move(entry));
  };
  LIDO_TRY(store->visit("", visit_match, inner));
  if (!any) return fail(ErrorCode::kNotFound, "{}: matches no file", glob_as_given);
  return {};
}

}  // namespace

Result<Entry> find_entry(std::string_view uri) {
  const std::string full = absolute(uri);
  if (!is_remote(full)) return find_file(full);
  return Entry{.uri = full, .size = LIDO_TRY(open_reader(full))->size(), .file_id = {}};
}

Result<void> visit(std::string_view uri, const VisitEntry& visit, const VisitRules& rules) {
  const std::string full = absolute(uri);
  if (full.find_first_of(kWildcards) != std::string::npos) {
    // A file may have a wildcard in its name.
    const auto folder = LIDO_TRY(open_store(split_name(full).folder));
    if (!LIDO_TRY(folder->exists(split_name(full).name))) return visit_glob(uri, visit, rules);
  }
  const auto store = LIDO_TRY(open_store(full));
  bool any = false;
  const auto visit_any = [&](Entry entry) -> Result<void> {
    any = true;
    return visit(std::move(entry));
  };
  LIDO_TRY(store->visit("", visit_any, rules));
  if (any) return {};
  std::error_code ignored;
  if (!is_remote(full) && std::filesystem::is_directory(full, ignored)) return {};
  if (is_remote(full) && full.find('/', kScheme) == std::string::npos)
    return fail(ErrorCode::kNotFound, "{}: the bucket holds no object", full);
  return visit(LIDO_TRY(find_entry(full)));
}

Result<bool> Store::exists(std::string_view name) {
  const auto reader = open(name);
  if (reader) return true;
  if (reader.error().code == ErrorCode::kNotFound) return false;
  return std::unexpected(reader.error());
}

Result<std::string> Store::read_text(std::string_view name, int64_t limit) {
  const auto reader = LIDO_TRY(open(name));
  auto text = read_all(*reader, limit);
  if (!text) return with_context(fmt::format("{}/{}", uri(), name), text.error());
  return text;
}

Result<void> Store::write_text(std::string_view name, std::string_view text,
                               Durability durability) {
  const auto writer = LIDO_TRY(create(name, durability));
  LIDO_TRY(writer->append(text));
  return writer->commit();
}

void shut_down() { shut_down_buckets(); }

}  // namespace lido::storage
