// SPDX-License-Identifier: Apache-2.0
// Cost of one epoch of a dataset's samples, for ./dev bench train.
// Usage: loader_bench floor DATASET THREADS
//          Decodes the JPEGs of the split train and nothing else: no files, no checks, no batches.
//        loader_bench load DATASET THREADS BATCH_SIZE AUGMENT [BATCHES]
//          Takes the batches of a loader, at most BATCHES; AUGMENT is 0 or 1.
// Out: one line of JSON with samples, wall and CPU seconds, and the peak of memory.
#include <fmt/format.h>
#include <sys/resource.h>

#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <vector>

#include "lido/base/parallel.h"
#include "lido/dataset/dataset.h"
#include "lido/dataset/jpeg.h"
#include "lido/dataset/tar.h"
#include "lido/loader/loader.h"

namespace {

using namespace lido;

double seconds(const timeval& time) {
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) * 1e-6;
}

/// Time since it was made.
class Stopwatch {
 public:
  void print(int64_t samples) const {
    const double wall_s =
        std::chrono::duration<double>(std::chrono::steady_clock::now() - begin_).count();
    const rusage now = usage();
    const double cpu_s = seconds(now.ru_utime) + seconds(now.ru_stime) - cpu_s_;
    fmt::print(R"({{"samples": {}, "wall_s": {:.4f}, "cpu_s": {:.4f}, "peak_mb": {}}})"
               "\n",
               samples, wall_s, cpu_s, now.ru_maxrss / 1024);
  }

 private:
  static rusage usage() {
    rusage now{};
    getrusage(RUSAGE_SELF, &now);
    return now;
  }
  std::chrono::steady_clock::time_point begin_ = std::chrono::steady_clock::now();
  double cpu_s_ = seconds(usage().ru_utime) + seconds(usage().ru_stime);
};

Result<void> decode_all(const std::string& uri, int threads) {
  const auto dataset = LIDO_TRY(dataset::Dataset::open(uri));
  std::vector<std::string> samples;
  LIDO_TRY(dataset.visit<dataset::SampleRow>(
      LIDO_TRY(dataset.latest()), [&](dataset::SampleRow& row) -> Result<void> {
        if (row.split == "train") samples.push_back(LIDO_TRY(dataset.read_sample(row)));
        return {};
      }));
  std::vector<std::vector<dataset::TarEntry>> frames;
  for (const std::string& bytes : samples) {
    frames.push_back(LIDO_TRY(dataset::read_tar(std::as_bytes(std::span(bytes)))));
    std::erase_if(frames.back(), [](const dataset::TarEntry& entry) {
      return !entry.name.ends_with(".jpg") || entry.name.ends_with(dataset::kContextPicture);
    });
  }
  const Stopwatch watch;
  const auto each = static_cast<size_t>(threads);
  LIDO_TRY(parallel_for(each, threads, {}, [&](size_t thread) -> Result<void> {
    dataset::JpegDecoder decoder;
    std::vector<uint8_t> pixels;
    for (size_t i = thread; i < frames.size(); i += each) {
      for (const dataset::TarEntry& frame : frames[i]) {
        const auto size = LIDO_TRY(decoder.read_size(frame.content));
        pixels.resize(static_cast<size_t>(size.width) * static_cast<size_t>(size.height) * 3);
        LIDO_TRY(decoder.decode(frame.content, pixels));
      }
    }
    return {};
  }));
  watch.print(std::ssize(samples));
  return {};
}

Result<void> load(const std::string& uri, const loader::LoaderOptions& options, int batches) {
  const Stopwatch watch;
  auto loader = LIDO_TRY(loader::Loader::open(uri, 0, options));
  int64_t samples = 0;
  for (int i = 0; i < batches; ++i) {
    const auto batch = LIDO_TRY(loader.next());
    if (!batch) break;
    samples += std::ssize(batch->rows);
  }
  watch.print(samples);
  return {};
}

}  // namespace

int main(int count, char** arguments) {
  const std::string what = count > 1 ? arguments[1] : "";
  Result<void> done = fail(ErrorCode::kInvalidArgument, "see the head of the source");
  if (what == "floor" && count == 4) done = decode_all(arguments[2], std::atoi(arguments[3]));
  if (what == "load" && (count == 6 || count == 7)) {
    done = load(arguments[2],
                {.batch_size = std::atoi(arguments[4]),
                 .augment = std::atoi(arguments[5]) != 0,
                 .threads = std::atoi(arguments[3])},
                count == 7 ? std::atoi(arguments[6]) : INT32_MAX);
  }
  if (done) return 0;
  fmt::print(stderr, "loader_bench: {}\n", done.error().message);
  return 2;
}
