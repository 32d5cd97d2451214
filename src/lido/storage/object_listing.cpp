// SPDX-License-Identifier: Apache-2.0
#include "lido/storage/object_listing.h"

#include <charconv>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <pugixml.hpp>

#include "lido/base/json_field.h"

namespace lido::storage {
namespace {

std::unexpected<Error> no_listing(std::string_view reason) {
  return fail(ErrorCode::kUnavailable, "the answer of the server is not a listing: {}", reason);
}

/// Decodes a name of a URL; leaves what is no code as it is.
std::string percent_decoded(std::string_view text) {
  std::string decoded;
  for (size_t i = 0; i < text.size(); ++i) {
    unsigned char code = 0;
    if (text[i] == '%' && i + 2 < text.size()) {
      const auto digits = text.substr(i + 1, 2);
      const auto read = std::from_chars(digits.begin(), digits.end(), code, 16);
      if (read.ec == std::errc() && read.ptr == digits.end()) {
        decoded += static_cast<char>(code);
        i += 2;
        continue;
      }
    }
    decoded += text[i] == '+' ? ' ' : text[i];
  }
  return decoded;
}

}  // namespace

Result<ListingPage> parse_gcs_listing(std::string_view body) {
  const auto json = nlohmann::json::parse(body, nullptr, false);
  if (!json.is_object()) return no_listing("no JSON object");
  ListingPage page{.objects = {}, .next = text_at(json, "nextPageToken")};
  const auto items = json.find("items");
  if (items == json.end()) return page;  // no object has the prefix
  if (!items->is_array()) return no_listing("items: want an array");
  for (const auto& item : *items) {
    ListedObject object{.name = text_at(item, "name"),
                        // JSON of Google has 64-bit numbers as text.
                        .size = std::strtoll(text_at(item, "size").c_str(), nullptr, 10),
                        .modified_ns = parse_iso_time_ns(text_at(item, "updated"))};
    if (object.name.empty()) return no_listing("an object without a name");
    page.objects.push_back(std::move(object));
  }
  return page;
}

Result<ListingPage> parse_s3_listing(std::string_view body) {
  pugi::xml_document xml;
  if (const auto read = xml.load_buffer(body.data(), body.size()); !read)
    return no_listing(read.description());
  const pugi::xml_node root = xml.document_element();
  if (std::string_view(root.name()) != "ListBucketResult")
    return no_listing("want an element ListBucketResult");
  ListingPage page{.objects = {}, .next = root.child_value("NextContinuationToken")};
  if (page.next.empty() && std::string_view(root.child_value("IsTruncated")) == "true")
    return no_listing("it is cut off, and names no next page");
  // A server may leave out that names are sent as in a URL, and then sends them as they are.
  const bool is_encoded = std::string_view(root.child_value("EncodingType")) == "url";
  for (const pugi::xml_node content : root.children("Contents")) {
    const std::string key = content.child_value("Key");
    if (key.empty()) return no_listing("an object without a name");
    page.objects.push_back({.name = is_encoded ? percent_decoded(key) : key,
                            .size = std::strtoll(content.child_value("Size"), nullptr, 10),
                            .modified_ns = parse_iso_time_ns(content.child_value("LastModified"))});
  }
  return page;
}

Result<void> turn_page(const std::string& uri, std::string& page, std::string next) {
  if (!next.empty() && next == page) {
    return fail(ErrorCode::kUnavailable, "{}: the server answers with the same page again", uri);
  }
  page = std::move(next);
  return {};
}

}  // namespace lido::storage
