// SPDX-License-Identifier: Apache-2.0
#include "lido/report/html.h"

#include <fmt/format.h>

#include <cmath>
#include <cstdint>

namespace lido::report {
namespace {

constexpr const char* kStyle = R"(
:root{--ink:#12263a;--soft:#5b7083;--line:#d9e4ec;--paper:#fff;--wash:#f2f7fa;--blue:#0b7fab;--deep:#075e7f;--red:#b3261e}
@media (prefers-color-scheme:dark){:root{--ink:#e6eff5;--soft:#93a9b8;--line:#26394a;--paper:#101c27;--wash:#0a141d;--blue:#46b4dc;--deep:#8fd3ec;--red:#ff8a80}}
*{box-sizing:border-box}body{margin:0;background:var(--wash);color:var(--ink);font:15px/1.5 system-ui,sans-serif}
main{max-width:1120px;margin:0 auto;padding:32px 20px 64px}h1{font-size:26px;margin:0}h2{font-size:17px;margin:40px 0 12px}
p{margin:4px 0;color:var(--soft)}.cards{display:grid;grid-template-columns:repeat(auto-fit,minmax(130px,1fr));gap:12px;margin-top:20px}
.card,.panel{background:var(--paper);border:1px solid var(--line);border-radius:10px;padding:14px 16px}.card b{display:block;font-size:24px;font-weight:600}
.card span{color:var(--soft);font-size:13px}.strip{margin-top:14px}.strip div{display:flex;gap:3px;border-radius:8px;overflow:hidden}
.strip img{flex:1 1 0;min-width:0;width:100%;aspect-ratio:1;object-fit:cover;display:block}.strip p{display:flex;justify-content:space-between;gap:12px;font-size:13px}
.strip p b{color:var(--ink);font-weight:600}table{border-collapse:collapse;width:100%}th{font-weight:600;color:var(--soft);font-size:13px}
th,td{text-align:left;padding:6px 12px 6px 0;border-bottom:1px solid var(--line);vertical-align:top}td.n,th.n{text-align:right}tr:last-child td{border:0}
.bad{color:var(--red)}.bar{display:flex;height:22px;border-radius:6px;overflow:hidden;margin-bottom:10px}.key{display:inline-block;width:10px;height:10px;border-radius:3px;margin-right:6px}
svg{display:block;width:100%;height:auto}svg text{fill:var(--ink);font:12px system-ui,sans-serif}svg .soft{fill:var(--soft)}
.scroll{overflow-x:auto}code{font-size:13px}.grid{display:grid;grid-template-columns:repeat(auto-fill,minmax(140px,1fr));gap:10px}
.views{display:flex;gap:6px;margin:8px 0}.view{position:relative;flex:1 1 0;min-width:0;max-width:50%;border-radius:8px;overflow:hidden;align-self:start}.view img{width:100%;display:block}.view svg{position:absolute;inset:0;width:100%;height:100%}
.view span{position:absolute;left:6px;bottom:4px;color:#fff;font-size:12px;text-shadow:0 0 3px #000,0 0 3px #000}.view svg text{fill:#fff;paint-order:stroke;stroke:#000;stroke-width:.25em;stroke-opacity:.6}
.grid figure{margin:0}.grid img{width:100%;border-radius:6px;display:block}.grid figcaption{font-size:12px;color:var(--soft);overflow-wrap:anywhere}
)";

}  // namespace

std::string page(std::string_view title, std::string_view body) {
  return fmt::format(
      "<!doctype html><html lang=en><meta charset=utf-8><meta name=viewport "
      "content=\"width=device-width,initial-scale=1\">"
      "<title>{}</title><style>{}</style><main>{}</main></html>\n",
      title, kStyle, body);
}

std::string escape(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '<')
      out += "&lt;";
    else if (c == '>')
      out += "&gt;";
    else if (c == '&')
      out += "&amp;";
    else if (c == '"')
      out += "&quot;";
    else
      out += c;
  }
  return out;
}

namespace {

std::string base64(std::string_view bytes) {
  constexpr char kDigits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  out.reserve((bytes.size() + 2) / 3 * 4);
  for (size_t i = 0; i < bytes.size(); i += 3) {
    uint32_t group = 0;
    for (size_t j = 0; j < 3; ++j)
      group = group << 8 | (i + j < bytes.size() ? static_cast<uint8_t>(bytes[i + j]) : 0);
    for (size_t j = 0; j < 4; ++j)
      out += i + j <= bytes.size() ? kDigits[group >> (18 - 6 * j) & 63] : '=';
  }
  return out;
}

}  // namespace

std::string image_tag(std::string_view jpeg, std::string_view about) {
  return fmt::format("<img loading=lazy alt=\"{}\" src=\"data:image/jpeg;base64,{}\">",
                     escape(about), base64(jpeg));
}

std::string short_name(std::string_view uri) { return std::string(uri.substr(uri.rfind('/') + 1)); }

std::string count(int64_t value) {
  std::string digits = std::to_string(value);
  for (auto at = std::ssize(digits) - 3; at > 0; at -= 3)
    digits.insert(static_cast<size_t>(at), "&#8239;");
  return digits;
}

std::string clock(double seconds) {
  const auto whole = static_cast<int64_t>(seconds);
  return whole >= 3600
             ? fmt::format("{}:{:02}:{:02}", whole / 3600, whole / 60 % 60, whole % 60)
             : fmt::format("{}:{:04.1f}", whole / 60, seconds - 60 * std::floor(seconds / 60));
}

std::string megabytes(int64_t bytes) {
  return fmt::format("{:.1f} MB", static_cast<double>(bytes) / 1e6);
}

std::string card(std::string_view value, std::string_view name) {
  return fmt::format("<div class=card><b>{}</b><span>{}</span></div>", value, name);
}

}  // namespace lido::report
