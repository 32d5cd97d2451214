// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <concepts>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "lido/dataset/time.h"

namespace lido::loader {

// Rows of a table as bytes and back, by their lists of columns. For scratch files only: the form
// is that of this machine and this build.

/// Appends values to bytes.
class RowWriter {
 public:
  explicit RowWriter(std::string& bytes) : bytes_(bytes) {}

  template <typename T>
    requires std::is_arithmetic_v<T>
  void add(const T& value) {
    bytes_.append(reinterpret_cast<const char*>(&value), sizeof(T));
  }
  void add(const std::string& text) {
    add(static_cast<uint32_t>(text.size()));
    bytes_.append(text);
  }
  void add(const std::optional<dataset::UtcTime>& time) {
    add(static_cast<uint8_t>(time.has_value()));
    add(time ? time->us : int64_t{0});
  }
  template <typename T>
  void add(const std::vector<T>& values) {
    add(static_cast<uint32_t>(values.size()));
    for (const T& value : values) add(value);
  }
  /// A row, or a struct within a row.
  template <typename Row>
    requires std::is_class_v<Row>
  void add(const Row& row) {
    Row::columns([&](auto, auto member, auto...) { add(row.*member); });
  }

 private:
  std::string& bytes_;
};

/// Takes values out of bytes that a RowWriter wrote, in the same order.
class RowReader {
 public:
  explicit RowReader(std::string_view bytes) : bytes_(bytes) {}

  template <typename T>
    requires std::is_arithmetic_v<T>
  void take(T& value) {
    bytes_.copy(reinterpret_cast<char*>(&value), sizeof(T));
    bytes_.remove_prefix(sizeof(T));
  }
  void take(std::string& text) {
    const size_t size = take_size();
    text.assign(bytes_.substr(0, size));
    bytes_.remove_prefix(size);
  }
  void take(std::optional<dataset::UtcTime>& time) {
    uint8_t known = 0;
    int64_t us = 0;
    take(known);
    take(us);
    time = known != 0 ? std::optional(dataset::UtcTime{us}) : std::nullopt;
  }
  template <typename T>
  void take(std::vector<T>& values) {
    values.resize(take_size());
    for (T& value : values) take(value);
  }
  /// Bits have no address, so that each is taken into a value of its own.
  void take(std::vector<bool>& values) {
    values.resize(take_size());
    for (size_t i = 0; i < values.size(); ++i) {
      bool value = false;
      take(value);
      values[i] = value;
    }
  }
  template <typename Row>
    requires std::is_class_v<Row>
  void take(Row& row) {
    Row::columns([&](auto, auto member, auto...) { take(row.*member); });
  }

 private:
  size_t take_size() {
    uint32_t size = 0;
    take(size);
    return size;
  }

  std::string_view bytes_;
};

}  // namespace lido::loader
