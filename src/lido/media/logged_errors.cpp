// SPDX-License-Identifier: Apache-2.0
#include "lido/media/logged_errors.h"

#include <cstdarg>

#include "lido/media/libav.h"

namespace lido::media {
namespace {

constexpr size_t kMaxPositions = 4096;

}  // namespace

struct ErrorLog {
  static thread_local LoggedErrors* current;  ///< Null where no file is watched.

  static void note(void* object, int level, const char* /*format*/, va_list /*values*/) {
    // Flags stand above the level's byte.
    if (current == nullptr || object != &current->file_ || (level & 0xff) > AV_LOG_ERROR) return;
    AVIOContext* input = current->file_.pb;
    if (current->positions_.size() < kMaxPositions)
      current->positions_.push_back(input != nullptr ? avio_tell(input) : 0);
  }
};

thread_local LoggedErrors* ErrorLog::current = nullptr;

LoggedErrors::LoggedErrors(const AVFormatContext& file) : file_(file) { ErrorLog::current = this; }

LoggedErrors::~LoggedErrors() { ErrorLog::current = nullptr; }

void redirect_log() { av_log_set_callback(ErrorLog::note); }

}  // namespace lido::media
