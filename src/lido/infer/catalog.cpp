// SPDX-License-Identifier: Apache-2.0
#include "lido/infer/catalog.h"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <system_error>

#include "lido/base/temporary_folder.h"
#include "lido/infer/code_folders.h"
#include "lido/infer/fetch.h"
#include "lido/storage/store.h"

namespace lido::infer {
namespace {

namespace fs = std::filesystem;

std::string variable(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

/// The user's own folder for models; empty without a home.
std::string user_folder() {
  if (const auto data = variable("XDG_DATA_HOME"); !data.empty()) return data + "/lido/models";
  if (const auto home = variable("HOME"); !home.empty()) return home + "/.local/share/lido/models";
  return {};
}

/// Copies the files of a bundle to `copy`, then renames `copy` to `target`.
std::error_code place_copy(const std::string& bundle_folder, const fs::path& copy,
                           const fs::path& target, bool replace) {
  std::error_code error;
  fs::create_directory(copy, error);
  for (const auto& entry : fs::directory_iterator(bundle_folder)) {
    if (entry.is_regular_file() && !error)
      fs::copy_file(entry.path(), copy / entry.path().filename(), error);
  }
  if (!error && replace) fs::remove_all(target, error);
  if (!error) fs::rename(copy, target, error);
  return error;
}

}  // namespace

Result<std::string> models_folder() {
  if (const auto folder = variable("LIDO_MODELS"); !folder.empty())
    return storage::absolute(folder);
  if (auto folder = user_folder(); !folder.empty()) return folder;
  return fail(ErrorCode::kInvalidArgument,
              "models: no folder for them, HOME is not set. Set LIDO_MODELS to a folder.");
}

std::vector<std::string> model_folders() {
  std::vector<std::string> folders;
  const auto add = [&](const std::string& folder) {
    if (std::ranges::find(folders, folder) == folders.end()) folders.push_back(folder);
  };
  if (const auto first = models_folder()) add(*first);
  std::error_code ignored;
  if (const auto user = user_folder(); fs::is_directory(user, ignored)) add(user);
  for (const fs::path& code : code_folders()) {
    for (const fs::path& folder : model_folders_near(code)) add(folder.string());
  }
  return folders;
}

std::vector<Result<Bundle>> installed_bundles() {
  std::vector<Result<Bundle>> bundles;
  std::vector<fs::path> names;
  for (const std::string& folder : model_folders()) {
    std::vector<fs::path> found;
    std::error_code missing;
    for (const auto& entry : fs::directory_iterator(folder, missing)) {
      const fs::path name = entry.path().filename();
      if (entry.is_directory() && !name.string().starts_with('.') &&
          std::ranges::find(names, name) == names.end())
        found.push_back(entry.path());
    }
    std::ranges::sort(found);
    for (const fs::path& path : found) {
      bundles.push_back(read_bundle(path));
      names.push_back(path.filename());
    }
  }
  return bundles;
}

Result<Bundle> find_bundle(const std::string& name_or_folder, std::string_view option) {
  if (name_or_folder.find('/') != std::string::npos || fs::exists(name_or_folder + "/bundle.json"))
    return read_bundle(storage::absolute(name_or_folder));
  const auto folders = model_folders();
  for (const fs::path folder : folders) {
    if (fs::exists(folder / name_or_folder)) return read_bundle(folder / name_or_folder);
  }
  const bool known = std::ranges::any_of(
      fetchable_models(), [&](const auto& model) { return model.name == name_or_folder; });
  return fail(ErrorCode::kNotFound, "{} {}: no such model in {}. {}", option, name_or_folder,
              fmt::join(folders, ", "),
              known ? fmt::format("Run lido models fetch {}.", name_or_folder)
                    : "Run lido models list for the names there are.");
}

Result<Bundle> add_bundle(const std::string& folder, bool replace) {
  const Bundle bundle = LIDO_TRY(read_bundle(storage::absolute(folder)));
  auto network = LIDO_TRY(load(bundle));
  LIDO_TRY(LIDO_TRY(network.make_runner()).run());
  const fs::path models = LIDO_TRY(models_folder());
  std::error_code error;
  fs::create_directories(models, error);
  const fs::path target = models / bundle.name;
  if (fs::exists(target) && !replace) {
    return fail(ErrorCode::kInvalidArgument,
                "{}: a model of that name exists already. Give --replace to replace it.",
                target.string());
  }
  const auto aside = LIDO_TRY(TemporaryFolder::make_in(models, ".fetch-"));
  error = place_copy(bundle.folder, aside.path() / "bundle", target, replace);
  if (error) return fail(ErrorCode::kUnavailable, "{}: {}", target.string(), error.message());
  return read_bundle(target);
}

}  // namespace lido::infer
