// SPDX-License-Identifier: Apache-2.0
#include "lido/reconstruct/board_clips.h"

#include <algorithm>
#include <atomic>
#include <set>

#include "lido/base/parallel.h"
#include "lido/media/convert.h"
#include "lido/media/extract.h"
#include "lido/storage/store.h"

namespace lido::reconstruct {
namespace {

/// "a/b/cam_0.mp4" is "cam_0".
std::string camera_name(const std::string& uri) {
  const size_t slash = uri.find_last_of('/');
  const std::string file = slash == std::string::npos ? uri : uri.substr(slash + 1);
  return file.substr(0, file.find_last_of('.'));
}

/// Fraction nearest to a rate, to a thousandth.
Rational rate_of(double fps) { return *parse_rational(fmt::format("{:.3f}", fps)); }

/// Reads one clip.
class ClipSearch {
 public:
  ClipSearch(const Board& board, BoardFinder finder) : board_(board), finder_(std::move(finder)) {}

  Result<CameraViews> run(const std::string& uri, double fps, const std::function<void()>& on_frame,
                          const std::stop_token& stop) {
    out_.name = camera_name(uri);
    const auto reader = LIDO_TRY(storage::open_reader(uri));
    const media::ExtractRequest request{.fps = rate_of(fps)};
    const auto sink = [&](const media::ExtractedFrame& frame) -> Result<void> {
      on_frame();
      return add(frame);
    };
    const auto report = media::extract(*reader, request, sink, [&] { restart(); }, stop);
    if (!report) return with_context(uri, report.error());
    if (report->broke && out_.views.empty()) return with_context(uri, report->broke->error);
    const bool seen = std::ranges::any_of(
        out_.views, [&](const BoardView& view) { return fixes_pose(board_, view); });
    if (!seen) {
      const std::string& what = reasons_.empty() ? "" : ": " + reasons_;
      return fail(ErrorCode::kDegenerate, "{}: none of {} frames shows the board{}", uri,
                  out_.views.size(), what);
    }
    return std::move(out_);
  }

 private:
  Result<void> add(const media::ExtractedFrame& one) {
    const media::Frame& frame = one.frame;
    constexpr int kMaxSide = 1 << 14;  // never shrinks
    const auto image = converter_.convert_grey(frame, media::shrunk_geometry(frame, kMaxSide));
    out_.width = image.width, out_.height = image.height;
    BoardView view = LIDO_TRY(finder_.find(image));
    // Looking for reasons takes many times longer than for the board: some frames are enough.
    if (view.empty() && reasons_.empty() && out_.views.size() % 8 == 0)
      reasons_ = finder_.explain(image);
    // A frame that is shown for longer than one sampling step counts once.
    out_.views.resize(static_cast<size_t>(one.first_k));
    out_.views.push_back(std::move(view));
    return {};
  }
  void restart() {
    out_.views.clear();
    reasons_.clear();
  }

  const Board& board_;
  BoardFinder finder_;
  media::Converter converter_;
  CameraViews out_;
  std::string reasons_;
};

}  // namespace

Result<std::vector<CameraViews>> find_board(const Board& board,
                                            const std::vector<std::string>& uris, double fps,
                                            const std::function<void(int64_t)>& on_frame,
                                            const std::stop_token& stop) {
  std::set<std::string> names;
  for (const std::string& uri : uris) {
    if (!names.insert(camera_name(uri)).second)
      return fail(ErrorCode::kInvalidArgument,
                  "{}: two clips of a camera {}, want one clip a camera, named like it", uri,
                  camera_name(uri));
  }
  std::vector<CameraViews> out(uris.size());
  std::atomic<int64_t> frames = 0;
  LIDO_TRY(parallel_for(uris.size(), 0, stop, [&](size_t i) -> Result<void> {
    ClipSearch search(board, LIDO_TRY(BoardFinder::make(board)));
    out[i] = LIDO_TRY(search.run(uris[i], fps, [&] { on_frame(++frames); }, stop));
    return {};
  }));
  // Clips end at different frames: the moments of all are used.
  size_t moments = 0;
  for (const CameraViews& one : out) moments = std::max(moments, one.views.size());
  for (CameraViews& one : out) one.views.resize(moments);
  return out;
}

}  // namespace lido::reconstruct
