#pragma once

#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include "observe/trace.hpp"

namespace seamline::test {

/// The traces that the spans make, without ids and times: each span on a line of its own, `kind name` and the error's code where
/// it has one, below the span that caused it. What stands beside each other is in the order of the alphabet.
inline std::string span_trees(const std::vector<observe::Span>& spans) {
  using observe::SpanId;
  static constexpr std::string_view kinds[] = {"?", "internal", "server", "client", "producer", "consumer"};
  std::map<SpanId, const observe::Span*> by_id;
  for (const observe::Span& span : spans) by_id[span.context.span_id] = &span;
  std::map<SpanId, std::vector<const observe::Span*>> children;
  for (const observe::Span& span : spans) children[by_id.contains(span.parent_id) ? span.parent_id : SpanId{}].push_back(&span);
  const auto write = [&](const auto& self, const SpanId& parent, const std::string& indent) -> std::string {
    std::vector<std::string> texts;
    for (const observe::Span* span : children[parent]) {
      std::string line = indent + std::string(kinds[static_cast<std::size_t>(span->kind)]) + " " + span->name;
      if (!span->error_code.empty()) line += " !" + span->error_code;
      texts.push_back(line + "\n" + self(self, span->context.span_id, indent + "  "));
    }
    std::sort(texts.begin(), texts.end());
    std::string all;
    for (const std::string& text : texts) all += text;
    return all;
  };
  return write(write, SpanId{}, "");
}

}  // namespace seamline::test
