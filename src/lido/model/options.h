// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

#include "lido/base/options.h"

namespace lido::model {

/// Streams of a network of people.
inline constexpr const char* kFramesStream = "frames";
inline constexpr const char* kKeypointsStream = "keypoints";
inline constexpr const char* kBothStreams = "frames,keypoints";

/// Options of a training run. The run's config.yaml has each of them.
struct TrainOptions {
  /// Tasks with their classes, as parse_vocabulary() reads them; empty for all that the data have.
  /// With a table of points: the file of their names.
  std::string classes;
  /// Kind of samples: person, frame or all.
  std::string samples = "person";
  /// Streams that a network of people sees: kFramesStream, kKeypointsStream, kBothStreams, or auto.
  std::string streams = "auto";
  double stream_dropout = 0.2;
  int64_t epochs = 20;
  int64_t batch_size = 16;
  int64_t micro_batches = 1;
  double learning_rate = 2e-3;
  double warmup = 0.05;
  double weight_decay = 0.05;
  double label_smoothing = 0.1;
  double balance = 0.5;
  double average = 0.99;
  double max_gradient = 1;
  int64_t patience = 5;
  double checkpoint_seconds = 60;
  bool no_augment = false;
  int64_t shuffle_mb = 64;
  int64_t seed = 0;
  int64_t threads = 0;
  std::string footage = "unknown";

  static void fields(auto& self, auto&& visit) {
    visit("classes", self.classes, Anything{},
          "Classes to learn, such as \"behaviour=drowning,swimming;age_group=adult,child\"; empty: "
          "every label that a sample of the split train has, of each task with two or more. With "
          "--points: a file with a name for each class, one a line in the order of their numbers");
    visit("samples", self.samples, OneOf{{"person", "frame", "all"}},
          "Kind of the samples: people cut out of frames (person), whole frames (frame), or all");
    visit(
        "streams", self.streams, OneOf{{"auto", kFramesStream, kKeypointsStream, kBothStreams}},
        "With people: what the network sees, the images of a person (frames), their keypoints and "
        "the motion of their box (keypoints), or both; auto: both where the dataset has "
        "keypoints, from lido ingest --poses");
    visit("stream_dropout", self.stream_dropout, Within{0, 0.5},
          "With both streams: share of the samples from which training leaves out each of them; "
          "raise it when one is often missing");
    visit("epochs", self.epochs, Within{1, 100000}, "Passes over the split train");
    visit("batch_size", self.batch_size, Within{2, 4096},
          "Samples in a step; fewer when memory is short");
    visit("micro_batches", self.micro_batches, Within{1, 1024},
          "Equal parts of each batch, normalised apart and computed one after the other or by "
          "several workers, with the same result; more when memory is short. With --workers, their "
          "highest number unless given");
    visit("learning_rate", self.learning_rate, Within{1e-9, 1e6},
          "Highest learning rate; lower it when the loss jumps");
    visit("warmup", self.warmup, Within{0, 1},
          "Share of all steps in which the learning rate rises; afterwards it falls to 0 along a "
          "cosine");
    visit("weight_decay", self.weight_decay, Within{0, 10},
          "Decay of the weights in AdamW; raise it when the validation gets worse while the loss "
          "falls");
    visit("label_smoothing", self.label_smoothing, Within{0, 0.9},
          "Share of each target that is spread over all classes; raise it for noisy labels");
    visit("balance", self.balance, Within{0, 1},
          "Weight of rare classes: 0 counts each sample alike, 1 each class alike");
    visit("average", self.average, Within{0, 0.99999},
          "Decay of the moving average of the weights, which is validated and exported; 0: the "
          "last weights themselves");
    visit("max_gradient", self.max_gradient, Within{1e-6, 1e9},
          "Gradients are clipped to this norm");
    visit("patience", self.patience, Within{0, 100000},
          "Epochs without a better validation after which the run stops; 0: never");
    visit("checkpoint_seconds", self.checkpoint_seconds, Within{0, 1e6},
          "Seconds between two checkpoints; 0: at the ends of epochs alone");
    visit("no_augment", self.no_augment, Anything{},
          "Use frames as stored, without random changes");
    visit("shuffle_mb", self.shuffle_mb, Within{1, 65536},
          "Compressed samples that are mixed together, MiB");
    visit("seed", self.seed, Within{0, 9e15}, "Seed of weights, order and augmentation");
    visit("threads", self.threads, Within{0, 1024},
          "Threads that compute; another number gives slightly different weights; 0: one for each "
          "core");
    visit("footage", self.footage, OneOf{{"simulated", "real", "mixed", "unknown"}},
          "Footage that the data show; the model card and the report state it with their figures");
  }
};

}  // namespace lido::model
