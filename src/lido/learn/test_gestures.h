// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cmath>
#include <fstream>
#include <random>
#include <string>

#include "lido/base/test_folder.h"
#include "lido/model/config.h"

namespace lido::learn {

/// Tables of gestures whose answer is known: hands with straight or with bent fingers, and motions
/// to the left or to the right.
class GestureFiles {
 public:
  explicit GestureFiles(int rows = 60) {
    std::ofstream(folder_ / "names.csv") << "first\nsecond\n";
    std::ofstream hands(folder_ / "hands.csv"), motions(folder_ / "motions.csv");
    for (int i = 0; i < rows; ++i) {
      const int label = 2 * i / rows;  // as recorded: one class after the other
      hands << label << hand(label == 1) << "\n";
      motions << label << motion(label == 1 ? 1 : -1) << "\n";
    }
  }
  std::string path(const std::string& name) const { return (folder_ / name).string(); }

  /// @param name  hands or motions.
  model::TrainConfig config(const std::string& name) const {
    model::TrainConfig config{
        .network = "gesture", .data = "", .points = path(name + ".csv"), .options = {}};
    config.options.classes = path("names.csv");
    config.options.threads = 1;
    config.options.checkpoint_seconds = 0;
    return config;
  }

 private:
  double noise() { return static_cast<double>(random_() % 1000) / 1000 - 0.5; }

  /// Fingers fan out from the wrist; bent ones come back to it.
  std::string hand(bool bent) {
    std::string text = fmt::format(",{},{}", 100, 100);
    for (int finger = 0; finger < 5; ++finger) {
      const double angle = 0.3 * finger + 0.2 * noise();
      for (const double along : {20.0, 40.0, bent ? 30.0 : 55.0, bent ? 15.0 : 65.0})
        text += fmt::format(",{},{}", 100 + along * std::cos(angle) + noise(),
                            100 - along * std::sin(angle) + noise());
    }
    return text;
  }
  std::string motion(double direction) {
    std::string text;
    for (int i = 0; i < 16; ++i)
      text +=
          fmt::format(",{},{}", 0.5 + direction * 0.01 * i + 0.01 * noise(), 0.5 + 0.01 * noise());
    return text;
  }

  TestFolder folder_;
  std::mt19937 random_{5};
};

}  // namespace lido::learn
