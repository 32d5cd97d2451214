// SPDX-License-Identifier: Apache-2.0
#include "lido/nn/module.h"

#include <ATen/CPUGeneratorImpl.h>
#include <torch/nn.h>
#include <torch/optim/adamw.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <functional>
#include <optional>

#include "lido/base/json_text.h"

namespace lido::nn {
namespace {

/// Runs `work`, and makes LibTorch's exceptions errors of one line.
template <typename Work>
auto guarded(ErrorCode code, Work work) -> decltype(work()) {
  try {
    return work();
  } catch (const c10::Error& error) {
    const std::string text = error.what_without_backtrace();
    return fail(code, "LibTorch: {}", text.substr(0, text.find('\n')));
  } catch (const nlohmann::json::exception& error) {
    return fail(code, "{}", error.what());
  }
}

/// Share of a batch in the running mean and variance, PyTorch's default.
constexpr double kMomentum = 0.1;

/// Sides of a convolution on a plane, or on the frames of a window.
struct ConvSides {
  int64_t kernel_y, kernel_x, stride_y, stride_x;
};
ConvSides sides_of(const Conv& conv, bool per_frame) {
  if (per_frame) return {conv.kernel, conv.kernel, conv.stride, conv.stride};
  return {conv.kernel, 1, conv.stride, conv.kernel > 1 ? 1 : conv.stride};
}

/// Windows of each input of a network, by name.
using Inputs = std::map<std::string, torch::Tensor>;

/// The layers that have weights, by name.
class LayersImpl : public torch::nn::Module {
 public:
  LayersImpl(const Network& network, const std::map<std::string, Size>& sizes)
      : network_(network), sizes_(sizes) {
    for (size_t i = 0; i < network.layers.size(); ++i) add(i);
  }

  /// @param inputs  Windows of each input, by name.
  std::map<std::string, torch::Tensor> forward(const Inputs& inputs) {
    const WindowShape& in = network_.input;
    std::map<std::string, torch::Tensor> results;
    for (const auto& [name, windows] : inputs) results[name] = rows_of(name, windows);
    for (size_t i = 0; i < network_.layers.size(); ++i) {
      const Layer& layer = network_.layers[i];
      const auto names = input_names(network_, i);
      const torch::Tensor& from = results.at(names[0]);
      torch::Tensor to;
      if (const auto conv = convs_.find(layer.name); conv != convs_.end()) {
        to = conv->second->forward(from);
      } else if (const auto norm = norms_.find(layer.name); norm != norms_.end()) {
        to = norm->second->forward(from);
      } else if (const auto linear = linears_.find(layer.name); linear != linears_.end()) {
        to = linear->second->forward(from);
      } else if (std::holds_alternative<Relu>(layer.operation)) {
        to = torch::relu(from);
      } else if (const auto* dropout = std::get_if<Dropout>(&layer.operation)) {
        to = torch::dropout(from, dropout->share, is_training());
      } else if (std::holds_alternative<Add>(layer.operation)) {
        to = from + results.at(names[1]);
      } else if (const auto* join = std::get_if<Join>(&layer.operation)) {
        to = joined(*join, {from, results.at(names[1])}, inputs);
      } else if (std::holds_alternative<PlaneMean>(layer.operation)) {
        to = from.mean({2, 3});
      } else {
        to = from.view({-1, in.frames, from.size(1), 1}).permute({0, 2, 1, 3}).contiguous();
      }
      results[layer.name] = to;
    }
    std::map<std::string, torch::Tensor> outputs;
    for (const auto& [output, layer] : network_.outputs) outputs[output] = results.at(layer);
    return outputs;
  }

  /// Sets the share of a batch in the statistics by which evaluation normalises.
  void set_momentum(double momentum) {
    for (auto& [name, norm] : norms_) norm->options.momentum(momentum);
  }

  /// Visits each weight that Weights has, by its name there.
  void visit(const std::function<void(const std::string&, torch::Tensor)>& visit) const {
    for (const auto& [name, conv] : convs_) visit(name + ".weight", conv->weight);
    for (const auto& [name, norm] : norms_) {
      visit(name + ".weight", norm->weight);
      visit(name + ".bias", norm->bias);
      visit(name + ".mean", norm->running_mean);
      visit(name + ".variance", norm->running_var);
    }
    for (const auto& [name, linear] : linears_) {
      visit(name + ".weight", linear->weight);
      visit(name + ".bias", linear->bias);
    }
  }

 private:
  /// An input as the first layers take it: planes of -1 to 1, or numbers, of each frame.
  torch::Tensor rows_of(const std::string& name, const torch::Tensor& windows) const {
    const auto sides = window_sides(network_.input, name);
    if (name != kFramesInput) return windows.view({-1, sides.back()});
    // A plain copy to C x H x W, so that the kernels chosen do not depend on strides.
    const auto planes = windows.view({-1, sides[1], sides[2], 3}).permute({0, 3, 1, 2});
    return ((planes.to(torch::kFloat) - 127.5) / 127.5).contiguous();
  }

  /// Adds two streams. A window's number from 0 to 1 decides in training which of them it lacks.
  torch::Tensor joined(const Join& join, const std::array<torch::Tensor, 2>& from,
                       const Inputs& inputs) const {
    std::array<torch::Tensor, 2> factor;
    for (size_t i = 0; i < 2; ++i) {
      const torch::Tensor& windows = inputs.at(join.streams[i]);
      factor[i] = windows.abs().flatten(1).amax(1).to(torch::kFloat).sign();
    }
    if (is_training() && join.left_out > 0) {
      const torch::Tensor drawn = torch::rand({from[0].size(0)});
      const torch::Tensor both = factor[0] * factor[1];
      factor[0] = factor[0] - both * (drawn < join.left_out).to(torch::kFloat);
      factor[1] = factor[1] - both * (drawn >= 1 - join.left_out).to(torch::kFloat);
    }
    return from[0] * factor[0].view({-1, 1, 1, 1}) + from[1] * factor[1].view({-1, 1, 1, 1});
  }
  void add(size_t number) {
    const Layer& layer = network_.layers[number];
    const Size& from = sizes_.at(input_names(network_, number)[0]);
    // LibTorch's names of modules have no dots.
    std::string name = layer.name;
    std::ranges::replace(name, '.', '_');
    if (const auto* conv = std::get_if<Conv>(&layer.operation)) {
      const ConvSides sides = sides_of(*conv, from.per_frame);
      convs_.emplace(
          layer.name,
          register_module(
              name, torch::nn::Conv2d(torch::nn::Conv2dOptions(from.channels, conv->channels,
                                                               {sides.kernel_y, sides.kernel_x})
                                          .stride({sides.stride_y, sides.stride_x})
                                          .padding(torch::ExpandingArray<2>(
                                              {sides.kernel_y / 2, sides.kernel_x / 2}))
                                          .groups(conv->groups)
                                          .bias(false))));
    } else if (std::holds_alternative<Norm>(layer.operation)) {
      norms_.emplace(layer.name, register_module(name, torch::nn::BatchNorm2d(from.channels)));
    } else if (const auto* linear = std::get_if<Linear>(&layer.operation)) {
      linears_.emplace(layer.name,
                       register_module(name, torch::nn::Linear(from.channels, linear->outputs)));
    }
  }

  const Network network_;
  const std::map<std::string, Size> sizes_;
  std::map<std::string, torch::nn::Conv2d> convs_;
  std::map<std::string, torch::nn::BatchNorm2d> norms_;
  std::map<std::string, torch::nn::Linear> linears_;
};
TORCH_MODULE(Layers);

}  // namespace

struct Module::State {
  Network network;
  OptimiserOptions options;
  Layers layers;
  Layers averaged;
  torch::optim::AdamW optimiser;
  int64_t steps = 0;

  State(const Network& net, const OptimiserOptions& given, const std::map<std::string, Size>& sizes)
      : network(net),
        options(given),
        layers(net, sizes),
        averaged(net, sizes),
        optimiser(layers->parameters(), torch::optim::AdamWOptions(0)
                                            .weight_decay(given.weight_decay)
                                            .betas({given.beta1, given.beta2})) {
    update_average(0);
  }

  /// Moves the average towards the weights. @param decay  0: to the weights themselves.
  void update_average(double decay) {
    const torch::NoGradGuard no_gradient;
    std::map<std::string, torch::Tensor> now;
    layers->visit(
        [&](const std::string& name, const torch::Tensor& tensor) { now[name] = tensor; });
    averaged->visit([&](const std::string& name, const torch::Tensor& tensor) {
      if (decay == 0)
        tensor.copy_(now.at(name));
      else
        tensor.lerp_(now.at(name), 1 - decay);
    });
  }

  /// Weighs the first batches alike in the running statistics. These start from a variance of 1,
  /// far above that of new layers, and each layer multiplies the error: in the first epochs,
  /// evaluation would see hardly any difference between windows.
  void set_momentum() {
    layers->set_momentum(std::max(kMomentum, 1 / (static_cast<double>(steps) + 1)));
  }

  /// Gives each parameter the moments of AdamW, as its first step would.
  void make_moments() {
    for (const torch::Tensor& parameter : layers->parameters()) {
      auto moments = std::make_unique<torch::optim::AdamWParamState>();
      moments->step(0);
      moments->exp_avg(torch::zeros_like(parameter));
      moments->exp_avg_sq(torch::zeros_like(parameter));
      optimiser.state()[parameter.unsafeGetTensorImpl()] = std::move(moments);
    }
  }

  /// Everything that step() depends on, by name. Most share the module's memory; take() copies the
  /// others back.
  std::map<std::string, torch::Tensor> tensors() {
    if (optimiser.state().empty()) make_moments();
    std::map<std::string, torch::Tensor> all;
    for (const auto& [prefix, module] : {std::pair("layers.", layers), {"averaged.", averaged}}) {
      for (const auto& entry : module->named_parameters())
        all[prefix + entry.key()] = entry.value().detach();
      for (const auto& entry : module->named_buffers()) all[prefix + entry.key()] = entry.value();
    }
    for (const auto& entry : layers->named_parameters()) {
      const auto& moments = moments_of(entry.value());
      all["mean." + entry.key()] = moments.exp_avg();
      all["square." + entry.key()] = moments.exp_avg_sq();
      all["step." + entry.key()] = torch::tensor(moments.step());
    }
    all["steps"] = torch::tensor(steps);
    all["random"] = at::detail::getDefaultCPUGenerator().get_state();
    return all;
  }
  void take(const std::map<std::string, torch::Tensor>& all) {
    for (const auto& entry : layers->named_parameters())
      moments_of(entry.value()).step(all.at("step." + entry.key()).item<int64_t>());
    steps = all.at("steps").item<int64_t>();
    auto generator = at::detail::getDefaultCPUGenerator();
    generator.set_state(all.at("random"));
  }
  torch::optim::AdamWParamState& moments_of(const torch::Tensor& parameter) {
    return static_cast<torch::optim::AdamWParamState&>(
        *optimiser.state().at(parameter.unsafeGetTensorImpl()));
  }

  /// A micro-batch's part of a step as one vector: each parameter's gradient with a 1 before it, or
  /// zeros where no loss depends on the parameter; the running statistics; the loss.
  std::vector<float> flat(float loss) const {
    std::vector<float> all;
    const auto append = [&](const torch::Tensor& tensor) {
      const torch::Tensor values = tensor.detach().contiguous();
      all.insert(all.end(), values.data_ptr<float>(), values.data_ptr<float>() + values.numel());
    };
    for (const torch::Tensor& parameter : layers->parameters()) {
      all.push_back(parameter.grad().defined() ? 1 : 0);
      if (parameter.grad().defined())
        append(parameter.grad());
      else
        all.resize(all.size() + static_cast<size_t>(parameter.numel()));
    }
    for (const torch::Tensor& buffer : layers->buffers())
      if (buffer.is_floating_point()) append(buffer);
    all.push_back(loss);
    return all;
  }
  size_t flat_size() const {
    int64_t size = 1;
    for (const torch::Tensor& parameter : layers->parameters()) size += 1 + parameter.numel();
    for (const torch::Tensor& buffer : layers->buffers())
      if (buffer.is_floating_point()) size += buffer.numel();
    return static_cast<size_t>(size);
  }
  /// Sets the gradients, and returns the rest.
  struct Rest {
    std::span<const float> statistics;
    float loss = 0;
  };
  Result<Rest> unflat(std::span<const float> sum) {
    if (sum.size() != flat_size()) {
      return fail(ErrorCode::kInvalidArgument, "a step of {} numbers, want {}: of another network",
                  sum.size(), flat_size());
    }
    for (torch::Tensor& parameter : layers->parameters()) {
      const auto count = static_cast<size_t>(parameter.numel());
      torch::Tensor gradient;  // none: the optimiser leaves the parameter alone
      if (sum.front() > 0) {
        gradient = torch::empty(parameter.sizes());
        std::ranges::copy(sum.subspan(1, count), gradient.data_ptr<float>());
      }
      parameter.mutable_grad() = gradient;
      sum = sum.subspan(1 + count);
    }
    return Rest{sum.first(sum.size() - 1), sum.back()};
  }
  /// Sets the running statistics to the mean over the micro-batches, and counts one batch.
  void count_statistics(std::span<const float> sum, int micro_batches) {
    const torch::NoGradGuard no_gradient;
    for (const torch::Tensor& buffer : layers->buffers()) {
      if (!buffer.is_floating_point()) {
        buffer.add_(1);
        continue;
      }
      const auto count = static_cast<size_t>(buffer.numel());
      std::ranges::copy(sum.first(count), buffer.data_ptr<float>());
      if (micro_batches > 1) buffer.div_(micro_batches);
      sum = sum.subspan(count);
    }
  }

  /// The loss of one output on the labelled windows.
  torch::Tensor loss_of(const std::string& output, const torch::Tensor& logits,
                        const torch::Tensor& targets) const {
    auto loss = torch::nn::functional::CrossEntropyFuncOptions().ignore_index(-1).label_smoothing(
        options.label_smoothing);
    const auto found = options.class_weights.find(output);
    if (found != options.class_weights.end()) loss.weight(torch::tensor(found->second));
    return torch::nn::functional::cross_entropy(logits, targets, loss);
  }

  /// The inputs as tensors that share their memory.
  Result<Inputs> inputs_from(const Windows& windows, std::span<const float> keypoints) const {
    const WindowShape& in = network.input;
    Inputs inputs;
    for (const std::string& name : inputs_of(in)) {
      const auto* pixels = std::get_if<std::span<const uint8_t>>(&windows);
      const auto* features =
          name == kKeypointsInput ? &keypoints : std::get_if<std::span<const float>>(&windows);
      auto sides = window_sides(in, name);
      inputs[name] = name == kFramesInput
                         ? LIDO_TRY(shared(pixels, torch::kByte, std::move(sides)))
                         : LIDO_TRY(shared(features, torch::kFloat, std::move(sides)));
      const int64_t count = inputs.begin()->second.size(0);
      if (inputs[name].size(0) != count) {
        return fail(ErrorCode::kInvalidArgument, "{} windows of {}, want {} as of {}",
                    inputs[name].size(0), name, count, inputs.begin()->first);
      }
    }
    return inputs;
  }

  /// @param values  Null for values of another kind than the network's.
  /// @param sides   Shape of one window.
  template <typename T>
  static Result<torch::Tensor> shared(const std::span<const T>* values, torch::Dtype type,
                                      std::vector<int64_t> sides) {
    int64_t each = 1;
    for (const int64_t side : sides) each *= side;
    const int64_t count = values == nullptr ? 0 : std::ssize(*values);
    if (count == 0 || count % each != 0) {
      return fail(ErrorCode::kInvalidArgument, "{} values of windows, want a multiple of {}", count,
                  each);
    }
    sides.insert(sides.begin(), count / each);
    return torch::from_blob(const_cast<T*>(values->data()), sides, type);
  }
};

Module::Module(std::unique_ptr<State> state) : state_(std::move(state)) {}
Module::Module(Module&&) noexcept = default;
Module& Module::operator=(Module&&) noexcept = default;
Module::~Module() = default;

Result<Module> Module::make(const Network& network, const OptimiserOptions& options,
                            uint64_t seed) {
  const auto sizes = LIDO_TRY(sizes_of(network));
  return guarded(ErrorCode::kInvalidArgument, [&]() -> Result<Module> {
    torch::manual_seed(seed);
    return Module(std::make_unique<State>(network, options, sizes));
  });
}

namespace {

/// Sets the running statistics of the normalisations back at its end. Not before: the way back
/// through the layers refers to them.
class KeepBuffers {
 public:
  explicit KeepBuffers(const Layers& layers) : buffers_(layers->buffers()) {
    for (const torch::Tensor& buffer : buffers_) before_.push_back(buffer.clone());
  }
  ~KeepBuffers() {
    for (size_t i = 0; i < buffers_.size(); ++i) buffers_[i].copy_(before_[i]);
  }
  KeepBuffers(const KeepBuffers&) = delete;
  KeepBuffers& operator=(const KeepBuffers&) = delete;

 private:
  std::vector<torch::Tensor> buffers_;
  std::vector<torch::Tensor> before_;
};

/// Begins LibTorch's random numbers at a seed, and sets them back at its end.
class SeededNumbers {
 public:
  explicit SeededNumbers(uint64_t seed) { generator_.set_current_seed(seed); }
  ~SeededNumbers() { generator_.set_state(before_); }
  SeededNumbers(const SeededNumbers&) = delete;
  SeededNumbers& operator=(const SeededNumbers&) = delete;

 private:
  at::Generator generator_ = at::detail::getDefaultCPUGenerator();
  torch::Tensor before_ = generator_.get_state();
};

}  // namespace

double Module::target_weight(const std::string& output, std::span<const int64_t> targets) const {
  const auto weights = state_->options.class_weights.find(output);
  double sum = 0;
  for (const int64_t target : targets) {
    if (target < 0) continue;
    sum += weights == state_->options.class_weights.end()
               ? 1
               : double{weights->second.at(static_cast<size_t>(target))};
  }
  return sum;
}

Result<std::vector<float>> Module::gradient(const StepInput& input,
                                            const std::map<std::string, double>& totals,
                                            std::optional<uint64_t> seed) {
  return guarded(ErrorCode::kInvalidArgument, [&]() -> Result<std::vector<float>> {
    const Inputs windows = LIDO_TRY(state_->inputs_from(input.windows, input.keypoints));
    state_->layers->train();
    state_->set_momentum();
    const KeepBuffers unchanged(state_->layers);
    std::optional<SeededNumbers> numbers;
    if (seed) numbers.emplace(*seed);
    const auto outputs = state_->layers->forward(windows);
    torch::Tensor loss = torch::zeros({});
    for (const auto& [name, logits] : outputs) {
      const auto found = input.targets.find(name);
      if (found == input.targets.end() || std::ssize(found->second) != logits.size(0)) {
        return fail(ErrorCode::kInvalidArgument, "targets of {}: missing or not {}", name,
                    logits.size(0));
      }
      const torch::Tensor targets = torch::tensor(found->second, torch::kLong);
      if ((targets >= 0).sum().item<int64_t>() == 0) continue;  // the mean of nothing is no number
      const double share = target_weight(name, found->second) / totals.at(name);
      loss = loss + state_->loss_of(name, logits, targets) * share;
    }
    const auto value = loss.item<float>();
    if (!std::isfinite(value)) return fail(ErrorCode::kDegenerate, "the loss is {}", value);
    state_->optimiser.zero_grad();
    if (loss.requires_grad()) loss.backward();
    return state_->flat(value);
  });
}

size_t Module::gradient_size() const { return state_->flat_size(); }

Result<double> Module::apply(std::span<const float> sum, int micro_batches, double learning_rate) {
  return guarded(ErrorCode::kInvalidArgument, [&]() -> Result<double> {
    const auto step = LIDO_TRY(state_->unflat(sum));
    const double gradient = torch::nn::utils::clip_grad_norm_(state_->layers->parameters(),
                                                              state_->options.max_gradient);
    if (!std::isfinite(gradient))
      return fail(ErrorCode::kDegenerate, "the gradient's length is {}", gradient);
    state_->count_statistics(step.statistics, micro_batches);
    for (auto& group : state_->optimiser.param_groups()) group.options().set_lr(learning_rate);
    state_->optimiser.step();
    const auto steps = static_cast<double>(++state_->steps);
    state_->update_average(std::min(state_->options.average, steps / (steps + 9)));
    return double{step.loss} / static_cast<double>(state_->network.outputs.size());
  });
}

Result<double> Module::step(const StepInput& input, double learning_rate) {
  std::map<std::string, double> totals;
  for (const auto& [output, targets] : input.targets)
    totals[output] = target_weight(output, targets);
  return apply(LIDO_TRY(gradient(input, totals)), 1, learning_rate);
}

Result<std::map<std::string, std::vector<float>>> Module::run(const Windows& windows,
                                                              std::span<const float> keypoints) {
  using Outputs = std::map<std::string, std::vector<float>>;
  return guarded(ErrorCode::kInvalidArgument, [&]() -> Result<Outputs> {
    const Inputs input = LIDO_TRY(state_->inputs_from(windows, keypoints));
    const torch::NoGradGuard no_gradient;
    state_->averaged->eval();
    Outputs outputs;
    for (const auto& [name, logits] : state_->averaged->forward(input)) {
      const torch::Tensor values = logits.contiguous();
      outputs[name].assign(values.data_ptr<float>(), values.data_ptr<float>() + values.numel());
    }
    return outputs;
  });
}

Weights Module::weights() const {
  Weights all;
  state_->averaged->visit([&](const std::string& name, const torch::Tensor& tensor) {
    const torch::Tensor values = tensor.detach().contiguous();
    all[name] = {values.sizes().vec(),
                 {values.data_ptr<float>(), values.data_ptr<float>() + values.numel()}};
  });
  return all;
}

Result<std::string> Module::state() const {
  return guarded(ErrorCode::kUnavailable, [&]() -> Result<std::string> {
    nlohmann::ordered_json index = nlohmann::ordered_json::array();
    std::string bytes;
    for (const auto& [name, tensor] : state_->tensors()) {
      const torch::Tensor values = tensor.detach().contiguous();
      if (values.is_floating_point() && !torch::isfinite(values).all().item<bool>())
        return fail(ErrorCode::kDegenerate, "{} has a value that is not finite", name);
      index.push_back({name, static_cast<int>(values.scalar_type()), values.sizes().vec()});
      bytes.append(static_cast<const char*>(values.data_ptr()), values.nbytes());
    }
    return json_text(index) + "\n" + bytes;
  });
}

Result<void> Module::restore(std::string_view state) {
  return guarded(ErrorCode::kCorrupt, [&]() -> Result<void> {
    const size_t line = state.find('\n');
    const auto index = nlohmann::json::parse(state.substr(0, line), nullptr, false);
    if (line == std::string_view::npos || !index.is_array())
      return fail(ErrorCode::kCorrupt, "not a state of a network");
    std::string_view bytes = state.substr(line + 1);
    // Into another module first: a state that does not fit changes nothing.
    const auto sizes = LIDO_TRY(sizes_of(state_->network));
    auto read = std::make_unique<State>(state_->network, state_->options, sizes);
    read->make_moments();
    auto tensors = read->tensors();
    if (tensors.size() != index.size())
      return fail(ErrorCode::kInvalidArgument, "{} tensors, want {}: of another network",
                  index.size(), tensors.size());
    for (const auto& entry : index) {
      const auto found = tensors.find(entry.at(0).get<std::string>());
      if (found == tensors.end() || entry.at(1) != static_cast<int>(found->second.scalar_type()) ||
          entry.at(2) != found->second.sizes().vec()) {
        return fail(ErrorCode::kInvalidArgument, "{} is of another network",
                    entry.at(0).get<std::string>());
      }
      const size_t size = found->second.nbytes();
      if (bytes.size() < size) return fail(ErrorCode::kCorrupt, "{} bytes are missing", size);
      std::memcpy(found->second.data_ptr(), bytes.data(), size);
      bytes.remove_prefix(size);
    }
    read->take(tensors);
    state_ = std::move(read);
    return {};
  });
}

void set_threads(int threads) {
  torch::set_num_threads(threads);
  torch::globalContext().setDeterministicAlgorithms(true, false);
}

}  // namespace lido::nn
