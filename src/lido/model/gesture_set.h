// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "lido/base/result.h"
#include "lido/model/gesture.h"

namespace lido::model {

/// One labelled sample of gestures.
struct GestureSample {
  std::string name;           ///< Where it is from, such as "hand.csv:12".
  int label = 0;              ///< Number of its class.
  std::vector<float> points;  ///< As gesture_features() takes them.
};

/// Labelled samples of gestures, all of one kind.
struct GestureSet {
  std::string uri;  ///< File that they are from.
  GestureInput input;
  std::vector<std::string> classes;  ///< By class number.
  std::vector<GestureSample> samples;
  std::string checksum;  ///< SHA-256 of everything above but the URI.
};

/// Parses names of classes: one a line, in the order of their numbers. Pure.
/// @param file  Name for messages.
/// @return kInvalidArgument that names file and line, for less than two names too.
Result<std::vector<std::string>> parse_class_names(std::string_view text, const std::string& file);

/// Parses a table of points: CSV without a header, a row for each sample, with the number of its
/// class and then x and y of each point. A row of 21 points is a hand; a row of another number of
/// points, 4 or more, has the positions of one point, frame after frame. Pure.
/// @param file  Name for messages.
/// @return kInvalidArgument that names file, line and value.
Result<GestureSet> parse_gestures(std::string_view text, const std::string& file,
                                  const std::vector<std::string>& classes);

/// Reads a table of points. @return Errors of parse_gestures(); kNotFound.
Result<GestureSet> read_gestures(const std::string& uri, const std::vector<std::string>& classes);

/// Reads names of classes. @return Errors of parse_class_names(); kNotFound.
Result<std::vector<std::string>> read_class_names(const std::string& uri);

/// Samples of a set by split, as indices.
struct GestureSplit {
  std::vector<size_t> train, val;
};

/// Divides a set: of each class in its order, one block of a tenth is for validation. Rows that
/// follow each other are often frames of one recording; a block keeps most of them together. Pure.
/// @param seed  Chooses the block.
/// @return kInvalidArgument that names a class with fewer than two samples.
Result<GestureSplit> split_gestures(const GestureSet& set, uint64_t seed);

}  // namespace lido::model
