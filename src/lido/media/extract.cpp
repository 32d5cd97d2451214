// SPDX-License-Identifier: Apache-2.0
#include "lido/media/extract.h"

#include <memory>

#include "lido/media/full_pass.h"
#include "lido/media/pass.h"
#include "lido/media/planned_pass.h"

namespace lido::media {
namespace {

struct OpenClip {
  std::unique_ptr<Demuxer> demuxer;
  std::unique_ptr<Decoder> decoder;
};

Result<void> check(const ExtractRequest& request) {
  if (request.first_k < 0 || request.end_k <= request.first_k) {
    return fail(ErrorCode::kInvalidArgument, "samples are {} to {}, want a range that is not empty",
                request.first_k, request.end_k);
  }
  if (request.linger && request.mode != DecodeMode::kPlanned) {
    return fail(ErrorCode::kInvalidArgument,
                "fps is auto, want a fixed rate to decode everything or only keyframes");
  }
  return {};
}

Result<OpenClip> open_clip(storage::Reader& reader, bool export_vectors) {
  OpenClip clip;
  clip.demuxer = LIDO_TRY(Demuxer::open(reader));
  clip.decoder = LIDO_TRY(Decoder::open(clip.demuxer->stream(), export_vectors));
  return clip;
}

}  // namespace

Result<ExtractReport> extract(storage::Reader& reader, const ExtractRequest& request,
                              const FrameSink& sink, const std::function<void()>& restart,
                              const std::stop_token& stop) {
  LIDO_TRY(check(request));
  bool planned = request.mode != DecodeMode::kEverything;
  for (;; planned = false) {
    ExtractReport report;
    report.planned = planned;
    const auto clip = open_clip(reader, request.linger.has_value());
    if (!clip && clip.error().code != ErrorCode::kCorrupt) return std::unexpected(clip.error());
    if (!clip) {
      report.broke = Break{0, clip.error()};
      return report;
    }
    if (planned && !clip->demuxer->is_timed()) continue;
    Pass pass(*clip->demuxer, *clip->decoder, request, sink, stop, report);
    if (!planned) {
      LIDO_TRY(FullPass(pass).run());
    } else if (LIDO_TRY(PlannedPass(pass).run()) == Outcome::kReplan) {
      restart();
      continue;
    }
    pass.delivery.finish();
    return report;
  }
}

}  // namespace lido::media
