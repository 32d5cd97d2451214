// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <string>
#include <vector>

// The classes of Gloo that LibTorch's ProcessGroupGloo.hpp names. The torch wheel has Gloo's code
// but not its headers. ProcessGroupGloo holds these classes only by pointers, so that its size and
// its functions do not depend on what they have inside; nothing here is called.

namespace gloo {
class Context;
namespace rendezvous {
class Store;
}
namespace transport {
class Device;
class UnboundBuffer;
}  // namespace transport
}  // namespace gloo

class gloo::Context {
 public:
  void setTimeout(std::chrono::milliseconds timeout);
};

class gloo::rendezvous::Store {
 public:
  virtual ~Store() = default;
  virtual void set(const std::string& key, const std::vector<char>& value) = 0;
  virtual std::vector<char> get(const std::string& key) = 0;
  virtual void wait(const std::vector<std::string>& keys) = 0;
  virtual void wait(const std::vector<std::string>& keys,
                    const std::chrono::milliseconds& timeout) = 0;
};

class gloo::transport::UnboundBuffer {
 public:
  virtual ~UnboundBuffer() = default;
};
