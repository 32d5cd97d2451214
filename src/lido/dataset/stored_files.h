// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <set>
#include <string>
#include <string_view>

#include "lido/dataset/dataset.h"

namespace lido::dataset {

/// Pages for people, which show images of samples.
inline constexpr const char* kReportFile = "report.html";
inline constexpr const char* kContactSheetFile = "contact_sheet.html";
/// Lock of a dataset in a bucket: storage::Store::lock().
inline constexpr std::string_view kLease = "lido.json.lease";

/// Role of a stored file for the latest generation of its dataset.
enum class FileRole {
  kOwn,       ///< A file of the dataset, or one that the generation names.
  kPage,      ///< A page for people.
  kLeftover,  ///< Unfinished or older work that the generation does not name.
  kForeign,   ///< Lido did not write it.
};

/// Writes a page that shows images of a generation's samples. Needs no lock: a removal of footage
/// removes the generation first, and searches the pages afterwards.
/// @return kUnavailable, and no page, when the generation was removed meanwhile.
Result<void> write_page(const Dataset& dataset, int generation, const char* name,
                        std::string_view html);

/// Returns whether a name is that of a write that did not finish: ".NAME.partial".
bool is_unfinished_write(std::string_view name);

/// Counts the files of work that did not finish: of an ingest that was killed, or that runs now.
Result<int64_t> count_unfinished(storage::Store& store);

/// Sorts the stored files of a dataset by their role.
class StoredFiles {
 public:
  /// Reads the names that a generation refers to.
  static Result<StoredFiles> make(const Dataset& dataset, const Generation& generation);
  /// @param name  Path relative to the dataset.
  FileRole role(std::string_view name) const;

 private:
  explicit StoredFiles(std::string generation) : generation_(std::move(generation)) {}

  std::string generation_;                      // "generations/000002/"
  std::set<std::string, std::less<>> named_;    // shards and images
  std::set<std::string, std::less<>> scenes_;   // "scenes/g000001/"
  std::set<std::string, std::less<>> unknown_;  // scene folders whose images are unknown
};

/// Receives a stored file's path relative to the dataset.
using VisitStored = std::function<Result<void>(const std::string& name, const storage::Entry&)>;

/// Calls `visit` for each stored file, hidden ones too. On a disk, `shards` and its like may be
/// links to folders elsewhere, such as on a larger disk: their files count as well. Other links to
/// folders are visited as files.
Result<void> visit_stored(storage::Store& store, const VisitStored& visit);

/// Refuses a dataset in which a file or folder of Lido's is a link: a removal would leave the bytes
/// where they are, or remove what other datasets share.
/// @return kInvalidArgument that names the link.
Result<void> check_no_links(storage::Store& store);

/// Result of a sweep.
struct Swept {
  int64_t unfinished = 0;  ///< Files that were left over from unfinished work.
  int64_t shared = 0;      ///< Files with further names (hard links), which keep the bytes.
  std::string first_shared;
};

/// Removes everything that the generation does not name, and older generations. Keeps foreign files
/// and pages.
Result<Swept> sweep(const Dataset& dataset, const Generation& generation);

}  // namespace lido::dataset
