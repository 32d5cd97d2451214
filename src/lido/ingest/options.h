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
  bool drop_broken = false;
  bool keep_partial = false;
  bool decode_everything = false;
  double hang_s = 600;

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
    visit("drop_broken", self.drop_broken, Anything{},
          "Use nothing of a clip that is broken anywhere. Without it, a broken clip loses only the "
          "stretch from the broken frame to the next random access point that decodes cleanly");
    visit("keep_partial", self.keep_partial, Anything{},
          "Has no effect: the good part of a broken clip is kept by default. Accepted for scripts "
          "written for earlier versions");
    visit("decode_everything", self.decode_everything, Anything{},
          "Decode every packet, needed or not. Slower, with equal results: for checking the decode "
          "plan");
    visit("hang_s", self.hang_s, Within{1, 1e6},
          "Time without progress after which a decoder counts as hung and its process is ended and "
          "started again, seconds. Raise it for very slow storage");
  }
};

}  // namespace lido::ingest
