// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "lido/dataset/model_tables.h"

namespace lido::learn {

/// Checksum CRC-32C of some bytes. Pure. Source: RFC 3720, appendix B.4.
uint32_t crc32c(std::string_view bytes);

/// Formats figures as a TensorBoard event file: a scalar SPLIT/TASK/NAME for each row. Pure.
/// @param time_s  Wall time of the file, seconds since 1970.
/// Source: TensorFlow's event.proto, summary.proto and record_writer.cc.
std::string event_file(std::span<const dataset::MetricRow> rows, double time_s);

}  // namespace lido::learn
