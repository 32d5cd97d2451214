// SPDX-License-Identifier: Apache-2.0
#include "lido/media/logged_errors.h"

#include <gtest/gtest.h>

#include <memory>
#include <thread>

#include "lido/media/hand_made.h"
#include "lido/media/libav.h"

namespace lido::media {
namespace {

TEST(LoggedErrors, AreThoseOfOneFileOnOneThread) {
  configure_library();
  const std::unique_ptr<AVFormatContext, FreeFormat> file(avformat_alloc_context());
  const std::unique_ptr<AVFormatContext, FreeFormat> other(avformat_alloc_context());
  av_log(file.get(), AV_LOG_ERROR, "before\n");
  const LoggedErrors logged(*file);
  EXPECT_TRUE(logged.positions().empty());
  av_log(other.get(), AV_LOG_ERROR, "another file\n");
  av_log(nullptr, AV_LOG_ERROR, "no file\n");
  av_log(file.get(), AV_LOG_WARNING, "a warning\n");
  std::thread([&] { av_log(file.get(), AV_LOG_ERROR, "another thread\n"); }).join();
  EXPECT_TRUE(logged.positions().empty());
  av_log(file.get(), AV_LOG_ERROR, "an error\n");
  av_log(file.get(), AV_LOG_FATAL, "a worse one\n");
  EXPECT_EQ(logged.positions().size(), 2U);
}

TEST(LoggedErrors, EndWithTheObject) {
  configure_library();
  const std::unique_ptr<AVFormatContext, FreeFormat> file(avformat_alloc_context());
  {
    const LoggedErrors logged(*file);
  }
  av_log(file.get(), AV_LOG_ERROR, "after\n");
  const LoggedErrors logged(*file);
  EXPECT_TRUE(logged.positions().empty());
}

}  // namespace
}  // namespace lido::media
