// SPDX-License-Identifier: Apache-2.0
#include "lido/storage/credentials.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <initializer_list>
#include <optional>
#include <string>

namespace lido::storage {
namespace {

using Clock = std::chrono::steady_clock;

/// Time for one step of a conversation with a metadata server, which is on this machine's network.
constexpr auto kStepTime = std::chrono::milliseconds(1000);
constexpr const char* kMetadataAddress = "169.254.169.254";

/// Returns an environment variable; empty when it is not set.
std::string variable(const char* name) {
  const char* value = std::getenv(name);
  return value != nullptr ? value : "";
}

bool any_set(std::initializer_list<const char*> names) {
  return std::ranges::any_of(names, [](const char* name) { return !variable(name).empty(); });
}

bool exists(const std::string& path) {
  std::error_code ignored;
  return std::filesystem::exists(path, ignored);
}

/// Returns a file of the user's home, or the file that the variable names in its place.
std::string user_file(const char* name, const std::string& below_home) {
  const std::string given = variable(name);
  return given.empty() ? variable("HOME") + below_home : given;
}

class Socket {
 public:
  Socket() : descriptor_(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)) {}
  ~Socket() {
    if (descriptor_ >= 0) ::close(descriptor_);
  }
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;
  int get() const { return descriptor_; }
  /// Waits for an event. @return False after kStepTime.
  bool wait(short event) const {
    pollfd poll{descriptor_, event, 0};
    return ::poll(&poll, 1, static_cast<int>(kStepTime.count())) == 1;
  }

 private:
  int descriptor_;
};

/// Parses "ADDRESS" or "ADDRESS:PORT"; empty for a host name.
std::optional<sockaddr_in> parse_address(const std::string& text) {
  const size_t colon = text.find(':');
  sockaddr_in address{};
  address.sin_family = AF_INET;
  uint16_t port = 80;
  if (colon != std::string::npos) {
    const char* end = text.data() + text.size();
    const auto parsed = std::from_chars(text.data() + colon + 1, end, port);
    if (parsed.ec != std::errc() || parsed.ptr != end) return std::nullopt;
  }
  address.sin_port = htons(port);
  if (::inet_pton(AF_INET, text.substr(0, colon).c_str(), &address.sin_addr) != 1)
    return std::nullopt;
  return address;
}

/// Returns whether an HTTP server's answer contains `mark`.
bool answers(const sockaddr_in& address, std::string_view request, std::string_view mark) {
  const Socket socket;
  if (socket.get() < 0) return false;
  const auto* target = reinterpret_cast<const sockaddr*>(&address);
  if (::connect(socket.get(), target, sizeof address) != 0 && errno != EINPROGRESS) return false;
  if (!socket.wait(POLLOUT)) return false;
  if (::send(socket.get(), request.data(), request.size(), MSG_NOSIGNAL) !=
      static_cast<ssize_t>(request.size()))
    return false;
  std::string answer;
  const auto until = Clock::now() + kStepTime;
  while (answer.find(mark) == std::string::npos) {
    if (Clock::now() > until || !socket.wait(POLLIN)) return false;
    std::array<char, 4096> bytes;
    const ssize_t count = ::recv(socket.get(), bytes.data(), bytes.size(), 0);
    if (count <= 0) return false;
    answer.append(bytes.data(), static_cast<size_t>(count));
  }
  return true;
}

/// Returns whether a metadata server answers. A server that has a name, not an address, is assumed
/// to exist: looking up a name may take long.
bool metadata_server(const std::string& host, std::string_view request, std::string_view mark) {
  const auto address = parse_address(host.empty() ? std::string(kMetadataAddress) : host);
  return !address || answers(*address, request, mark);
}

bool has_google_credentials() {
  if (!google_credentials_file().empty()) return true;
  return metadata_server(variable("GCE_METADATA_ROOT"),
                         "GET / HTTP/1.0\r\nHost: metadata.google.internal\r\n"
                         "Metadata-Flavor: Google\r\n\r\n",
                         "Metadata-Flavor: Google");
}

bool has_aws_credentials() {
  if (any_set({"AWS_ACCESS_KEY_ID", "AWS_PROFILE", "AWS_WEB_IDENTITY_TOKEN_FILE",
               "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "AWS_CONTAINER_CREDENTIALS_FULL_URI"}))
    return true;
  if (exists(user_file("AWS_SHARED_CREDENTIALS_FILE", "/.aws/credentials")) ||
      exists(user_file("AWS_CONFIG_FILE", "/.aws/config")))
    return true;
  if (variable("AWS_EC2_METADATA_DISABLED") == "true") return false;
  std::string host = variable("AWS_EC2_METADATA_SERVICE_ENDPOINT");
  if (host.starts_with("http://")) host.erase(0, 7);
  while (host.ends_with('/')) host.pop_back();
  // Version 2 of the service refuses this request, but with the same server name.
  return metadata_server(host, "GET /latest/meta-data/ HTTP/1.0\r\n\r\n", "EC2ws");
}

}  // namespace

std::string google_credentials_file() {
  std::string given = variable("GOOGLE_APPLICATION_CREDENTIALS");
  if (!given.empty()) return given;
  std::string login = user_file("GOOGLE_GCLOUD_ADC_PATH_OVERRIDE",
                                "/.config/gcloud/application_default_credentials.json");
  return exists(login) ? login : "";
}

bool has_credentials(Provider provider) {
  return provider == Provider::kGoogle ? has_google_credentials() : has_aws_credentials();
}

std::string_view login_hint(Provider provider) {
  return provider == Provider::kGoogle
             ? "Run `gcloud auth application-default login`, or set "
               "GOOGLE_APPLICATION_CREDENTIALS to a key file."
             : "Run `aws configure` or `aws sso login`, or set AWS_ACCESS_KEY_ID and "
               "AWS_SECRET_ACCESS_KEY.";
}

}  // namespace lido::storage
