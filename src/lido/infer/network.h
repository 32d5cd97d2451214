// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "lido/base/result.h"

namespace lido::infer {

/// A tensor's name and shape; all values are 32-bit floats.
struct Port {
  std::string name;
  std::vector<int64_t> shape;
  int64_t size() const;
};

/// What runs the networks, as far as it shapes their results: "cpu avx512".
std::string device();

class Runner;

/// A network of one input, compiled for the CPU in f32, so that equal input gives equal output on
/// machines of one instruction set, on any number of threads. Thread-safe; each thread takes a
/// runner of its own, which keeps to that thread.
class Network {
 public:
  /// Reads ONNX, TensorFlow Lite, a frozen TensorFlow graph (.pb) or OpenVINO's own format (.xml),
  /// and fixes the input's shape. Outputs are found by name, in the order given.
  /// @param runners  How many run at the same time, 1 or more.
  /// @return kNotFound; kCorrupt when it cannot be read, has more than one input, does not take
  ///         the shape, or lacks an output.
  static Result<Network> load(const std::string& file, const std::vector<int64_t>& input_shape,
                              const std::vector<std::string>& output_names, int runners);

  const Port& input() const;
  const std::vector<Port>& outputs() const;
  Result<Runner> make_runner() const;

 private:
  friend class Runner;
  struct State;
  explicit Network(std::shared_ptr<State> state) : state_(std::move(state)) {}
  std::shared_ptr<State> state_;
};

/// Runs a network, one input at a time. Not thread-safe; outlives its Network.
class Runner {
 public:
  Runner(Runner&&) noexcept;
  Runner& operator=(Runner&&) noexcept;
  ~Runner();

  /// The input, to be filled before run(); row-major, zero at first.
  std::span<float> input();
  /// @return kCorrupt when the network fails or gives values that are not finite.
  Result<void> run();
  /// What output `index` held after the last run; row-major.
  std::span<const float> output(size_t index) const;

 private:
  friend class Network;
  struct State;
  explicit Runner(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace lido::infer
