// SPDX-License-Identifier: Apache-2.0
#include "lido/base/yaml_text.h"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/yaml.h>

#include <optional>
#include <sstream>
#include <unordered_map>
#include <vector>

namespace lido {
namespace {

/// Nodes that aliases may stand for: this many, and a multiple of the nodes in the text.
constexpr double kFreeAliasNodes = 10'000, kMaxAliasFactor = 10;

/// Follows the events of a YAML stream, and keeps the first fault.
class TextChecker : public YAML::EventHandler {
 public:
  TextChecker(const std::string& file, int max_documents)
      : file_(file), max_documents_(max_documents) {}

  void OnDocumentStart(const YAML::Mark& mark) override {
    // yaml-cpp leaves it where it is, and would find an empty document there again and again.
    if (mark.pos == document_pos_) refuse(mark, "a comma outside of a list and a map, want none");
    document_pos_ = mark.pos;
    open_.clear();
    anchors_.clear();
  }
  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    add_leaf(mark, anchor, "null");
  }
  void OnScalar(const YAML::Mark& mark, const std::string& /*tag*/, YAML::anchor_t anchor,
                const std::string& value) override {
    if (open_.empty()) count_document(mark);
    add_leaf(mark, anchor, value);
  }

  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    const auto found = anchors_.find(anchor);
    // Only an anchor around this alias has no size yet.
    if (found == anchors_.end()) {
      refuse(mark, "an alias stands for a value that contains the alias, want a value of its own");
      return;
    }
    begin_node();
    alias_nodes_ += found->second;
    if (!first_excess_ && alias_nodes_ > kFreeAliasNodes) first_excess_ = mark.line + 1;
    end_node(0, found->second);
  }

  void OnSequenceStart(const YAML::Mark& mark, const std::string& /*tag*/, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value /*style*/) override {
    open(mark, anchor, false);
  }
  void OnSequenceEnd() override { close(); }
  void OnMapStart(const YAML::Mark& mark, const std::string& /*tag*/, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value /*style*/) override {
    open(mark, anchor, true);
  }
  void OnMapEnd() override { close(); }

  bool has_fault() const { return error_.has_value(); }
  /// Returns the first fault of the whole stream.
  Result<void> result() const {
    if (error_) return std::unexpected(*error_);
    if (first_excess_ && alias_nodes_ > kFreeAliasNodes + kMaxAliasFactor * text_nodes_)
      return fail(ErrorCode::kInvalidArgument,
                  "{}:{}: aliases stand for {:.3g} nodes, {:.0f} are in the text; want {:.0f} or "
                  "fewer",
                  file_, *first_excess_, alias_nodes_, text_nodes_,
                  kFreeAliasNodes + kMaxAliasFactor * text_nodes_);
    return {};
  }

 private:
  /// A list or map that has begun.
  struct Collection {
    bool is_map = false;
    bool wants_key = false;
    YAML::anchor_t anchor = 0;
    double nodes = 1;                            ///< So far, with those of aliases.
    std::unordered_map<std::string, int> lines;  ///< Line of each key of a map.
  };

  void refuse(const YAML::Mark& mark, std::string_view what) {
    if (!error_)
      error_ =
          Error{ErrorCode::kInvalidArgument, fmt::format("{}:{}: {}", file_, mark.line + 1, what)};
  }

  void count_document(const YAML::Mark& mark) {
    if (++documents_ > max_documents_)
      refuse(mark,
             fmt::format("document {} of the file, want {} only", documents_, max_documents_));
  }

  /// Returns whether the node is a key of a map.
  bool begin_node() {
    if (open_.empty() || !open_.back().is_map) return false;
    const bool is_key = open_.back().wants_key;
    open_.back().wants_key = !is_key;
    return is_key;
  }

  void end_node(YAML::anchor_t anchor, double nodes) {
    if (anchor != 0) anchors_[anchor] = nodes;
    if (!open_.empty()) open_.back().nodes += nodes;
  }

  void add_leaf(const YAML::Mark& mark, YAML::anchor_t anchor, const std::string& text) {
    ++text_nodes_;
    if (begin_node() && text != "<<") {
      const auto [first, is_new] = open_.back().lines.emplace(text, mark.line + 1);
      if (!is_new)
        refuse(mark, fmt::format("the key {} stands here a second time, want one; the first is in "
                                 "line {}",
                                 text, first->second));
    }
    end_node(anchor, 1);
  }

  void open(const YAML::Mark& mark, YAML::anchor_t anchor, bool is_map) {
    if (open_.empty()) count_document(mark);
    ++text_nodes_;
    begin_node();
    open_.push_back({.is_map = is_map, .wants_key = is_map, .anchor = anchor, .lines = {}});
  }

  void close() {
    const Collection closed = std::move(open_.back());
    open_.pop_back();
    end_node(closed.anchor, closed.nodes);
  }

  const std::string& file_;
  int max_documents_;
  int documents_ = 0, document_pos_ = -1;
  double text_nodes_ = 0, alias_nodes_ = 0;
  std::vector<Collection> open_;
  std::unordered_map<YAML::anchor_t, double> anchors_;  ///< Nodes of finished values.
  std::optional<int> first_excess_;                     ///< Line.
  std::optional<Error> error_;
};

}  // namespace

Result<void> check_yaml_text(std::string_view text, const std::string& file, int max_documents) {
  TextChecker checker(file, max_documents);
  try {
    std::istringstream stream{std::string(text)};
    YAML::Parser parser(stream);
    while (!checker.has_fault() && parser.HandleNextDocument(checker)) {
    }
  } catch (const YAML::Exception& error) {
    const int line = error.mark.is_null() ? 1 : error.mark.line + 1;
    return fail(ErrorCode::kInvalidArgument, "{}:{}: not YAML: {}", file, line, error.msg);
  }
  return checker.result();
}

}  // namespace lido
