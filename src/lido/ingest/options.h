// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "lido/base/options.h"

namespace lido::ingest {

/// Options of one ingest. They do not change the content of samples.
struct JobOptions {
  int workers = 0;
  double shard_mb = 256;
  int readers = 1;
  double span_s = 300;
  bool keep_partial = false;
  bool decode_everything = false;

  static void fields(auto& self, auto&& visit) {
    visit("workers", self.workers, Within{0, 1024},
          "Spans to read in parallel. 0 is one per core. Lower it to use less memory");
    visit("shard_mb", self.shard_mb, Within{0.001, 1e6}, "Target size of a shard, MB (10^6 bytes)");
    visit("readers", self.readers, Within{1, 4096},
          "Make the number of shards a multiple of this: the number of training processes that "
          "each read an equal share");
    visit("span_s", self.span_s, Within{1, 86400},
          "Maximum length of a span, the piece of a clip that one worker reads, seconds. Lower it "
          "to spread a few long clips over many workers");
    visit("keep_partial", self.keep_partial, Anything{},
          "Keep the samples before the point where a clip breaks. Without it a broken clip gives "
          "none");
    visit("decode_everything", self.decode_everything, Anything{},
          "Decode every packet, needed or not. Slower, with equal results: for checking the decode "
          "plan");
  }
};

}  // namespace lido::ingest
