// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

#include "lido/base/options.h"

namespace lido::loader {

/// Samples and speed of a loader.
struct LoaderOptions {
  /// Split of the samples: train, val or test.
  std::string split = "train";
  /// Kind of samples; a dataset with people and whole frames has images of two sizes.
  std::string samples = "all";
  int64_t batch_size = 32;
  bool shuffle = true;
  bool augment = true;
  /// Seed of the order and of the augmentation.
  int64_t seed = 0;
  int64_t shuffle_mb = 64;
  int64_t threads = 0;
  int64_t batches_ahead = 4;
  /// False: batches have rows alone, for a network that sees keypoints only. No flag.
  bool pixels = true;

  static void fields(auto& self, auto&& visit) {
    visit("split", self.split, OneOf{{"train", "val", "test"}}, "Split of the samples");
    visit("samples", self.samples, OneOf{{"all", "person", "frame"}},
          "Kind of the samples: people cut out along tracks or labels (person, which has labelled "
          "people too, unlike --samples person of an ingest), whole frames (frame), or all, with "
          "what moved in water; all needs images of one size");
    visit("batch_size", self.batch_size, Within{1, 65536}, "Samples in a batch");
    visit("shuffle", self.shuffle, Anything{},
          "Draws another order of the samples for each epoch; false: the order of the shards");
    visit("augment", self.augment, Anything{}, "Changes frames at random; false for validation");
    visit("seed", self.seed, Within{0, 9e15}, "Seed of the order and of the augmentation");
    visit("shuffle_mb", self.shuffle_mb, Within{1, 65536},
          "Compressed samples that are mixed together, MiB; the loader holds twice as much. More "
          "for few, long clips");
    visit("threads", self.threads, Within{0, 1024},
          "Threads that decode and augment; 0: one for each core");
    visit("batches_ahead", self.batches_ahead, Within{1, 1024},
          "Finished batches that wait for the training step; more for uneven steps");
  }
};

/// One of several workers that share a dataset.
struct Share {
  int rank = 0;     ///< Number of the worker, from 0.
  int workers = 1;  ///< Workers of the whole run, 1 or more.
};

}  // namespace lido::loader
