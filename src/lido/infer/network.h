// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "lido/base/result.h"

namespace lido::infer {

/// Name and shape of an input or output tensor of 32-bit floats.
struct Port {
  std::string name;
  std::vector<int64_t> shape;
  /// Number of values.
  int64_t size() const;
};

/// The instruction set that networks run on: "cpu avx512", "cpu avx2", "cpu sse" or "cpu". Results
/// are equal on machines where this is equal.
std::string device();

class Runner;

/// A network compiled for the CPU in f32. Equal input gives equal output on machines
/// of one device(), on any number of threads. Thread-safe; each thread uses a runner of its own.
class Network {
 public:
  /// Reads ONNX, TensorFlow Lite, a frozen TensorFlow graph (.pb) or OpenVINO's own format (.xml),
  /// and fixes the input's shape.
  /// @param output_names  Outputs to keep, in the order of outputs().
  /// @param runners  Runners that run at the same time, 1 or more; each takes one thread.
  /// @return kNotFound when there is no such file; kCorrupt when the file cannot be read, has more
  ///         than one input, does not accept the shape, or lacks an output.
  static Result<Network> load(const std::string& file, const std::vector<int64_t>& input_shape,
                              const std::vector<std::string>& output_names, int runners);
  /// Reads a network with several inputs.
  /// @param inputs  All inputs of the network, with the shapes to fix, in the order of
  ///                Runner::input(); a single one may be without a name.
  /// @return As load(); kCorrupt too when the network has other inputs.
  static Result<Network> load_named(const std::string& file, const std::vector<Port>& inputs,
                                    const std::vector<std::string>& output_names, int runners);

  /// The first input.
  const Port& input() const;
  const std::vector<Port>& outputs() const;
  /// Makes a runner for one thread.
  /// @return kCorrupt when OpenVINO cannot create an inference request.
  Result<Runner> make_runner() const;

 private:
  friend class Runner;
  struct State;
  explicit Network(std::shared_ptr<State> state) : state_(std::move(state)) {}
  std::shared_ptr<State> state_;
};

/// Runs a network on one input after another. Not thread-safe. May outlive its Network.
class Runner {
 public:
  Runner(Runner&&) noexcept;
  Runner& operator=(Runner&&) noexcept;
  ~Runner();

  /// An input, to be filled before run(): row-major, zero at first.
  /// @param index  Its place among those given to load_named().
  std::span<float> input(size_t index = 0);
  /// Computes the outputs from the inputs.
  /// @return kCorrupt when the network fails or an output has a value that is not finite.
  Result<void> run();
  /// Values of output `index` after the last run: row-major. Valid until the next run.
  std::span<const float> output(size_t index) const;

 private:
  friend class Network;
  struct State;
  explicit Runner(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace lido::infer
