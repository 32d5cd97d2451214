// SPDX-License-Identifier: Apache-2.0
#include "lido/storage/disk_listing.h"

#include <dirent.h>
#include <fcntl.h>

#include <algorithm>
#include <cerrno>
#include <memory>
#include <set>
#include <system_error>
#include <vector>

namespace lido::storage {
namespace {

using Kind = Omission::Kind;

/// Device and inode, which identify a file or folder whatever its name.
using Identity = std::pair<dev_t, ino_t>;

Identity identity_of(const struct stat& status) { return {status.st_dev, status.st_ino}; }

struct CloseFolder {
  void operator()(DIR* folder) const { ::closedir(folder); }
};

const char* special_name(mode_t mode) {
  if (S_ISFIFO(mode)) return "a named pipe";
  if (S_ISSOCK(mode)) return "a socket";
  return "a device";
}

Error special(const std::string& path, mode_t mode) {
  return {ErrorCode::kInvalidArgument,
          fmt::format("{}: {}, want a regular file", path, special_name(mode))};
}

/// The omission of a file or folder that a system call refused.
Omission refused(const std::string& path, int error) {
  const std::string reason = std::generic_category().message(error);
  if (error == ENOENT || error == ENOTDIR || error == ESTALE) {
    return {Kind::kUnreadable,
            path,
            {ErrorCode::kUnavailable,
             fmt::format("{}: removed while it was listed. Run the command again.", path)}};
  }
  const bool is_denied = error == EACCES || error == EPERM;
  return {Kind::kUnreadable,
          path,
          {is_denied ? ErrorCode::kInvalidArgument : ErrorCode::kUnavailable,
           fmt::format("{}: cannot list: {}", path, reason)}};
}

/// One listing. Real folders are walked first, so that a link to one of them adds nothing.
class Walk {
 public:
  Walk(std::string_view hidden_suffix, const VisitEntry& visit, const VisitRules& rules)
      : hidden_suffix_(hidden_suffix), visit_(visit), rules_(rules) {}

  Result<void> run(const std::string& root) {
    struct stat status{};
    if (::stat(root.c_str(), &status) != 0) {
      if (errno == ENOENT || errno == ENOTDIR) return {};
      return omit(refused(root, errno));
    }
    if (!S_ISDIR(status.st_mode)) return {};
    LIDO_TRY(walk_below(root));
    is_link_ = true;
    while (!links_.empty()) {
      std::vector<std::string> links = std::exchange(links_, {});
      std::ranges::sort(links);
      for (const std::string& link : links) LIDO_TRY(follow(link));
    }
    return {};
  }

 private:
  /// Lists a folder and the real folders below it; collects symbolic links.
  Result<void> walk_below(const std::string& root) {
    std::vector<std::string> folders = {root};
    while (!folders.empty()) {
      const std::string folder = std::move(folders.back());
      folders.pop_back();
      std::vector<std::string> inner = LIDO_TRY(list(folder));
      std::ranges::sort(inner, std::greater<>());
      std::ranges::move(inner, std::back_inserter(folders));
    }
    return {};
  }

  /// Lists one folder. @return The real folders in it.
  Result<std::vector<std::string>> list(const std::string& folder) {
    std::vector<std::string> inner;
    const std::unique_ptr<DIR, CloseFolder> open(::opendir(folder.c_str()));
    struct stat status{};
    if (open == nullptr || ::fstat(::dirfd(open.get()), &status) != 0) {
      LIDO_TRY(omit(refused(folder, errno)));
      return inner;
    }
    if (!seen_.insert(identity_of(status)).second) {
      LIDO_TRY(omit({Kind::kSameFolder, folder, same_folder(folder)}));
      return inner;
    }
    for (;;) {
      errno = 0;
      const dirent* entry = ::readdir(open.get());
      if (entry == nullptr && errno != 0) LIDO_TRY(omit(refused(folder, errno)));
      if (entry == nullptr) return inner;
      const std::string_view name = entry->d_name;
      if (name == "." || name == ".." || name.ends_with(hidden_suffix_)) continue;
      LIDO_TRY(add(::dirfd(open.get()), folder, entry->d_name, inner));
    }
  }

  /// Delivers a file, or stores a folder or link for later.
  Result<void> add(int descriptor, const std::string& folder, const char* name,
                   std::vector<std::string>& inner) {
    std::string path =
        folder == "/" ? fmt::format("/{}", name) : fmt::format("{}/{}", folder, name);
    struct stat status{};
    if (::fstatat(descriptor, name, &status, AT_SYMLINK_NOFOLLOW) != 0) {
      // A file that is removed between two calls is not there; a denied one is lost.
      return errno == ENOENT ? Result<void>() : omit(refused(path, errno));
    }
    if (S_ISLNK(status.st_mode)) {
      links_.push_back(std::move(path));
    } else if (S_ISDIR(status.st_mode)) {
      if (!rules_.skips || !rules_.skips(path)) inner.push_back(std::move(path));
    } else {
      return deliver(std::move(path), status);
    }
    return {};
  }

  Result<void> follow(const std::string& link) {
    struct stat status{};
    if (::stat(link.c_str(), &status) != 0) {
      const bool is_broken = errno == ENOENT || errno == ENOTDIR || errno == ELOOP;
      if (!is_broken) return omit(refused(link, errno));
      return omit({Kind::kBrokenLink,
                   link,
                   {ErrorCode::kNotFound, fmt::format("{}: a link to nothing", link)}});
    }
    if (!S_ISDIR(status.st_mode)) return deliver(link, status);
    if (seen_.contains(identity_of(status)))
      return omit({Kind::kSameFolder, link, same_folder(link)});
    if (rules_.skips && rules_.skips(link)) return {};
    return walk_below(link);
  }

  Result<void> deliver(std::string path, const struct stat& status) {
    if (!S_ISREG(status.st_mode)) {
      const Error error = special(path, status.st_mode);
      return omit({Kind::kSpecial, std::move(path), error});
    }
    Entry entry = entry_of(std::move(path), status);
    entry.is_link = is_link_;
    return visit_(std::move(entry));
  }

  static Error same_folder(const std::string& path) {
    return {ErrorCode::kInvalidArgument,
            fmt::format("{}: another name of a folder that is listed already", path)};
  }

  Result<void> omit(const Omission& omission) {
    if (rules_.on_omission) {
      rules_.on_omission(omission);
      return {};
    }
    // The root of a file system has this folder, which only the system's owner may read.
    const bool matters =
        omission.kind == Kind::kUnreadable && !omission.uri.ends_with("/lost+found");
    if (matters) return std::unexpected(omission.error);
    return {};
  }

  std::string_view hidden_suffix_;
  const VisitEntry& visit_;
  const VisitRules& rules_;
  std::set<Identity> seen_;  // folders
  std::vector<std::string> links_;
  bool is_link_ = false;
};

}  // namespace

Entry entry_of(std::string path, const struct stat& status) {
  return {.uri = std::move(path),
          .size = status.st_size,
          .modified_ns = status.st_mtim.tv_sec * 1'000'000'000 + status.st_mtim.tv_nsec,
          .file_id = fmt::format("{}:{}", status.st_dev, status.st_ino)};
}

Result<void> visit_folder(const std::string& root, std::string_view hidden_suffix,
                          const VisitEntry& visit, const VisitRules& rules) {
  return Walk(hidden_suffix, visit, rules).run(root);
}

Result<Entry> find_file(const std::string& path) {
  struct stat status{};
  if (::stat(path.c_str(), &status) != 0) {
    const int error = errno;
    const bool is_missing = error == ENOENT || error == ENOTDIR || error == ELOOP;
    const bool is_denied = error == EACCES;
    const ErrorCode code = is_missing  ? ErrorCode::kNotFound
                           : is_denied ? ErrorCode::kInvalidArgument
                                       : ErrorCode::kUnavailable;
    return fail(code, "{}: cannot open: {}", path, std::generic_category().message(error));
  }
  if (S_ISDIR(status.st_mode)) return fail(ErrorCode::kNotFound, "{}: a folder, want a file", path);
  if (!S_ISREG(status.st_mode)) return std::unexpected(special(path, status.st_mode));
  struct stat link{};
  Entry entry = entry_of(path, status);
  entry.is_link = ::lstat(path.c_str(), &link) == 0 && S_ISLNK(link.st_mode);
  return entry;
}

}  // namespace lido::storage
