// SPDX-License-Identifier: Apache-2.0
// Truth is the program tar, which lists and extracts what was written.
#include "lido/part/sample_writer.h"

#include <gtest/gtest.h>

#include <array>
#include <cstdio>

#include "lido/base/hash.h"
#include "lido/base/test_folder.h"
#include "lido/dataset/tar.h"

namespace lido::part {
namespace {

std::string run(const std::string& command) {
  std::string output;
  FILE* pipe = popen(command.c_str(), "r");
  std::array<char, 4096> buffer;
  for (size_t count; (count = fread(buffer.data(), 1, buffer.size(), pipe)) > 0;)
    output.append(buffer.data(), count);
  pclose(pipe);
  return output;
}

class SampleWriting : public testing::Test {
 protected:
  SampleWriting()
      : store_(*storage::open_store(folder_.string())), writer_(*store_->create("part.tar")) {}

  std::string tar() {
    EXPECT_TRUE(writer_->append(dataset::tar_end()));
    EXPECT_TRUE(writer_->commit());
    return (folder_ / "part.tar").string();
  }

  TestFolder folder_;
  std::unique_ptr<storage::Store> store_;
  std::unique_ptr<storage::Writer> writer_;
  ClipInput clip_{.uri = "/a.mp4", .site = "north", .start_utc = dataset::UtcTime{0}};
  SampleOptions sampling_;
};

TEST_F(SampleWriting, FilesAreFramesThenContextThenJson) {
  SampleWriter samples(*writer_, clip_, {1, 90'000}, sampling_);
  ASSERT_TRUE(samples.write({.key = "a"}, {"one", "two"}, "whole"));
  ASSERT_TRUE(samples.write({.key = "b"}, {"three"}, ""));
  EXPECT_EQ(run("tar -tf " + tar()),
            "a.000.jpg\na.001.jpg\na.context.jpg\na.json\nb.000.jpg\nb.json\n");
  EXPECT_EQ(run("tar -xOf " + (folder_ / "part.tar").string() + " a.001.jpg a.context.jpg"),
            "twowhole");
}

TEST_F(SampleWriting, OffsetsLengthsAndChecksumsAreThoseOfTheFile) {
  SampleWriter samples(*writer_, clip_, {1, 90'000}, sampling_);
  ASSERT_TRUE(samples.write({.key = "a"}, {"one"}, ""));
  ASSERT_TRUE(samples.write({.key = "b"}, {"two"}, ""));
  const std::vector<PartSample> written = samples.take_samples();
  (void)tar();
  const std::string bytes = *store_->read_text("part.tar");
  ASSERT_EQ(written.size(), 2U);
  EXPECT_EQ(written[0].offset, 0);
  EXPECT_EQ(written[1].offset, written[0].length);
  for (const PartSample& sample : written) {
    const auto offset = static_cast<size_t>(sample.offset);
    EXPECT_EQ(sha256_hex(std::string_view(bytes).substr(offset, size_t(sample.length))),
              sample.sha256);
  }
}

TEST_F(SampleWriting, TheJsonDescribesTheSample) {
  SampleWriter samples(*writer_, clip_, {1, 90'000}, sampling_);
  PartSample person{.key = "a", .first_k = 8, .pts = {720}, .track = 3};
  person.cutouts = {2, 2, 0, 0};
  person.boxes = {1, 2, 3, 4};
  ASSERT_TRUE(samples.write(person, {"one"}, ""));
  const auto json = nlohmann::json::parse(run("tar -xOf " + tar() + " a.json"));
  EXPECT_EQ(json["clip"], "/a.mp4");
  EXPECT_EQ(json["group"], "/a.mp4");
  EXPECT_EQ(json["site"], "north");
  EXPECT_EQ(json["fps"], "4");
  EXPECT_EQ(json["time_base"], "1/90000");
  EXPECT_EQ(json["pts"], nlohmann::json({720}));
  EXPECT_EQ(json["track"], 3);
  EXPECT_EQ(json["boxes"], nlohmann::json({1.0, 2.0, 3.0, 4.0}));
  EXPECT_EQ(json["clip_start_utc"], "1970-01-01T00:00:00.000000Z");
}

}  // namespace
}  // namespace lido::part
