// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

namespace lido::storage {

/// Cloud provider of a bucket.
enum class Provider { kGoogle, kAws };

/// Returns whether the provider's client library will find credentials: in the environment, in the
/// user's files, or at the metadata server of a cloud machine.
///
/// The client libraries search for a minute when there are none. This search takes 3 s at most.
bool has_credentials(Provider provider);

/// Returns the path of Google's file of credentials; empty when there is none, since the metadata
/// server gives them.
std::string google_credentials_file();

/// Returns a sentence that explains how to log in.
std::string_view login_hint(Provider provider);

}  // namespace lido::storage
