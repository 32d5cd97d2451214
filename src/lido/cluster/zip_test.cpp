// SPDX-License-Identifier: Apache-2.0
// Truth: Python's zipfile.
#include "lido/cluster/zip.h"

#include <gtest/gtest.h>

#include "lido/base/process.h"

namespace lido::cluster {
namespace {

TEST(Zip, IsReadByPython) {
  std::string content = "{\"a\": \"o'clock\"}\n";
  content += std::string(200'000, 'x');
  content += '\0';
  const auto done =
      run_process({"python3", "-c",
                   "import io, sys, zipfile\n"
                   "archive = zipfile.ZipFile(io.BytesIO(sys.stdin.buffer.read()))\n"
                   "assert archive.testzip() is None and archive.namelist() == ['request.json']\n"
                   "sys.stdout.buffer.write(archive.read('request.json'))\n"},
                  zip_of("request.json", content));
  ASSERT_TRUE(done);
  EXPECT_EQ(done->exit_code, 0) << done->err;
  EXPECT_EQ(done->out, content);
}

}  // namespace
}  // namespace lido::cluster
