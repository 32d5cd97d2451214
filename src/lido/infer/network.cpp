// SPDX-License-Identifier: Apache-2.0
#include "lido/infer/network.h"

#include <dlfcn.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <map>
#include <openvino/frontend/manager.hpp>
#include <openvino/openvino.hpp>

/// Replaces libc's dlopen(). oneTBB, which OpenVINO brings, opens a part of itself with
/// RTLD_DEEPBIND, so that this part sees libc's free() and not the program's. Memory from the
/// program's allocator (jemalloc, a sanitizer) would then be freed by another one. Without that
/// flag, all parts see one allocator.
extern "C" void* dlopen(const char* file, int mode) noexcept {
  static const auto next = reinterpret_cast<decltype(&dlopen)>(dlsym(RTLD_NEXT, "dlopen"));
  return next(file, mode & ~RTLD_DEEPBIND);
}

namespace lido::infer {
namespace {

/// Never destroyed: OpenVINO's plugins do not survive the end of main in every order.
ov::Core& core() {
  static auto* core = new ov::Core;
  return *core;
}

/// Runs `work` and converts what OpenVINO throws to an error of one line.
template <typename Work>
auto guarded(const std::string& culprit, Work work) -> decltype(work()) {
  try {
    return work();
  } catch (const std::exception& error) {
    std::string text = error.what();
    while (!text.empty() && std::isspace(static_cast<unsigned char>(text.back()))) text.pop_back();
    text.erase(0, text.rfind('\n') == std::string::npos ? 0 : text.rfind('\n') + 1);
    return fail(ErrorCode::kCorrupt, "{}: {}", culprit, text);
  }
}

/// Reads a model with the reader that the file's name calls for; others would print warnings.
std::shared_ptr<ov::Model> read_model(const std::string& file) {
  static auto* readers = new ov::frontend::FrontEndManager;  // not destroyed either
  const auto name = std::filesystem::path(file).extension();
  const char* framework = name == ".onnx" ? "onnx" : name == ".tflite" ? "tflite" : nullptr;
  if (framework == nullptr) return core().read_model(file);
  const auto reader = readers->load_by_framework(framework);
  return reader->convert(reader->load(file));
}

std::vector<int64_t> shape_of(const ov::Shape& shape) { return {shape.begin(), shape.end()}; }

}  // namespace

std::string device() {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx512f")) return "cpu avx512";
  if (__builtin_cpu_supports("avx2")) return "cpu avx2";
  return "cpu sse";
#else
  return "cpu";
#endif
}

int64_t Port::size() const {
  int64_t size = 1;
  for (const int64_t length : shape) size *= length;
  return size;
}

struct Network::State {
  std::string file;
  ov::CompiledModel model;
  std::vector<Port> inputs;
  std::vector<size_t> input_places;  ///< Index of each input among the model's inputs.
  std::vector<Port> outputs;
  std::vector<size_t> places;  ///< Index of each output among the model's outputs.
};

struct Runner::State {
  std::shared_ptr<Network::State> network;
  ov::InferRequest request;
  std::vector<ov::Tensor> inputs;
};

namespace {

/// Finds the inputs of a model by name; a single one needs no name.
Result<std::vector<size_t>> places_of(const ov::Model& model, const std::vector<Port>& inputs,
                                      const std::string& file) {
  const auto ports = model.inputs();
  if (ports.size() != inputs.size()) {
    return fail(ErrorCode::kCorrupt, "{}: the network has {} inputs, want {}", file, ports.size(),
                inputs.size());
  }
  std::vector<size_t> places;
  for (const Port& input : inputs) {
    const auto found = std::ranges::find_if(ports, [&](const auto& port) {
      return input.name.empty() || port.get_names().contains(input.name);
    });
    if (found == ports.end())
      return fail(ErrorCode::kCorrupt, "{}: the network has no input \"{}\"", file, input.name);
    places.push_back(static_cast<size_t>(found - ports.begin()));
  }
  return places;
}

/// Fixes the shapes of a model's inputs.
Result<void> fix_shapes(ov::Model& model, const std::vector<Port>& inputs,
                        const std::vector<size_t>& places, const std::string& file) {
  std::map<size_t, ov::PartialShape> shapes;
  for (size_t i = 0; i < inputs.size(); ++i) {
    const ov::PartialShape before = model.input(places[i]).get_partial_shape();
    const std::vector<int64_t>& sides = inputs[i].shape;
    const ov::PartialShape wanted(std::vector<ov::Dimension>(sides.begin(), sides.end()));
    if (!before.compatible(wanted)) {
      return fail(ErrorCode::kCorrupt, "{}: the network's input is {}, want {} as in the bundle",
                  file, before.to_string(), wanted.to_string());
    }
    shapes[places[i]] = wanted;
  }
  model.reshape(shapes);
  return {};
}

}  // namespace

Result<Network> Network::load(const std::string& file, const std::vector<int64_t>& input_shape,
                              const std::vector<std::string>& output_names, int runners) {
  return load_named(file, {Port{.name = "", .shape = input_shape}}, output_names, runners);
}

Result<Network> Network::load_named(const std::string& file, const std::vector<Port>& inputs,
                                    const std::vector<std::string>& output_names, int runners) {
  if (!std::filesystem::exists(file)) return fail(ErrorCode::kNotFound, "{}: no such file", file);
  return guarded(file, [&]() -> Result<Network> {
    auto state = std::make_shared<State>();
    state->file = file;
    const auto model = read_model(file);
    state->inputs = inputs;
    state->input_places = LIDO_TRY(places_of(*model, inputs, file));
    LIDO_TRY(fix_shapes(*model, inputs, state->input_places, file));
    ov::preprocess::PrePostProcessor types(model);
    for (size_t i = 0; i < inputs.size(); ++i)
      types.input(i).tensor().set_element_type(ov::element::f32);
    for (size_t i = 0; i < model->outputs().size(); ++i)
      types.output(i).tensor().set_element_type(ov::element::f32);
    state->model =
        core().compile_model(types.build(), "CPU", ov::hint::inference_precision(ov::element::f32),
                             ov::hint::execution_mode(ov::hint::ExecutionMode::ACCURACY),
                             ov::inference_num_threads(runners), ov::num_streams(runners),
                             ov::hint::enable_cpu_pinning(false));
    const auto& outputs = state->model.outputs();
    for (const std::string& name : output_names) {
      const auto found = std::ranges::find_if(
          outputs, [&](const auto& output) { return output.get_names().contains(name); });
      if (found == outputs.end())
        return fail(ErrorCode::kCorrupt, "{}: the network has no output \"{}\"", file, name);
      if (!found->get_partial_shape().is_static())
        return fail(ErrorCode::kCorrupt, "{}: output \"{}\" has a variable shape, want a fixed one",
                    file, name);
      state->outputs.push_back({name, shape_of(found->get_shape())});
      state->places.push_back(static_cast<size_t>(found - outputs.begin()));
    }
    return Network(std::move(state));
  });
}

const Port& Network::input() const { return state_->inputs.front(); }
const std::vector<Port>& Network::outputs() const { return state_->outputs; }

Result<Runner> Network::make_runner() const {
  return guarded(state_->file, [&]() -> Result<Runner> {
    auto state = std::make_unique<Runner::State>();
    state->network = state_;
    state->request = state_->model.create_infer_request();
    for (const size_t place : state_->input_places) {
      ov::Tensor tensor = state->request.get_input_tensor(place);
      std::ranges::fill(std::span(tensor.data<float>(), tensor.get_size()), 0.0F);
      state->inputs.push_back(std::move(tensor));
    }
    return Runner(std::move(state));
  });
}

Runner::Runner(std::unique_ptr<State> state) : state_(std::move(state)) {}
Runner::Runner(Runner&&) noexcept = default;
Runner& Runner::operator=(Runner&&) noexcept = default;
Runner::~Runner() = default;

std::span<float> Runner::input(size_t index) {
  ov::Tensor& tensor = state_->inputs.at(index);
  return {tensor.data<float>(), tensor.get_size()};
}

Result<void> Runner::run() {
  const std::string& file = state_->network->file;
  (void)LIDO_TRY(guarded(file, [&]() -> Result<int> {
    state_->request.infer();
    return 0;
  }));
  for (size_t i = 0; i < state_->network->outputs.size(); ++i) {
    const auto values = output(i);
    if (!std::ranges::all_of(values, [](float value) { return std::isfinite(value); })) {
      return fail(ErrorCode::kCorrupt, "{}: output \"{}\" contains a value that is not finite",
                  file, state_->network->outputs[i].name);
    }
  }
  return {};
}

std::span<const float> Runner::output(size_t index) const {
  const ov::Tensor tensor = state_->request.get_output_tensor(state_->network->places[index]);
  return {tensor.data<const float>(), tensor.get_size()};
}

}  // namespace lido::infer
