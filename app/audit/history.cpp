#include "audit/history.hpp"

#include <algorithm>
#include <fstream>

#include "audit/database.hpp"
#include "base/json.hpp"

namespace seamline::audit {
namespace {

constexpr std::size_t max_line_bytes = std::size_t{1} << 20U;

std::string request_name(std::string_view operation, std::string_view key) {
  return std::string(operation) + " with the key " + std::string(key);
}

void add_once(std::vector<std::string>& ids, const std::string& id) {
  if (std::find(ids.begin(), ids.end(), id) == ids.end()) ids.push_back(id);
}

/// The text that stands under this name; empty where none does.
std::string text_in(const json::Value& object, std::string_view name) {
  const json::Value* value = object.find(name);
  return value != nullptr && value->is(json::Type::string) ? value->text : std::string();
}

std::optional<std::int64_t> integer_in(const json::Value& object, std::string_view name) {
  const json::Value* value = object.find(name);
  if (value == nullptr || !value->is(json::Type::integer)) return std::nullopt;
  return value->integer;
}

std::string joined(const std::vector<std::string>& ids) {
  std::string text;
  for (const std::string& id : ids) text += (text.empty() ? "" : ", ") + id;
  return text;
}

}  // namespace

void HistoryChecks::read(const std::filesystem::path& file) {
  std::ifstream lines(file, std::ios::binary);
  if (!lines) throw ReadError("The history " + file.string() + " cannot be opened.");
  std::int64_t number = 0;
  // A last line that no line break ends is still being written, and does not count.
  for (std::string line; std::getline(lines, line) && !lines.eof();) {
    ++number;
    findings_.examine("A2", take_line(line), [&] {
      return "line " + std::to_string(number) + " is no attempt, goes back in time, or acknowledges no order";
    });
  }
  if (lines.bad()) throw ReadError("The history " + file.string() + " cannot be read to its end.");
  check_numbers();
}

bool HistoryChecks::take_line(const std::string& line) {
  if (line.size() > max_line_bytes) return false;
  const auto attempt = json::parse(line);
  if (!attempt || !attempt->is(json::Type::object)) return false;
  const auto number = integer_in(*attempt, "attempt");
  const auto start_ms = integer_in(*attempt, "start_ms");
  const auto end_ms = integer_in(*attempt, "end_ms");
  const std::string operation = text_in(*attempt, "operation");
  const std::string key = text_in(*attempt, "key");
  const std::string outcome = text_in(*attempt, "outcome");
  const std::string order_id = text_in(*attempt, "order_id");
  const bool is_known = outcome == "ok" || outcome == "failed" || outcome == "unknown";
  if (!number || !start_ms || !end_ms || operation.empty() || key.empty() || !is_known) return false;

  numbers_.push_back(*number);
  Request& request = requests_[request_name(operation, key)];
  request.was_always_refused = request.was_always_refused && outcome == "failed";
  if (!order_id.empty()) add_once(request.named, order_id);
  if (outcome == "ok" && !order_id.empty()) {
    request.was_acknowledged = true;
    Acknowledged& order = acknowledged_[order_id];
    ++order.attempts;
    order.is_placed = order.is_placed || operation == "order.place_order";
  }
  return *start_ms <= *end_ms && (outcome != "ok" || !order_id.empty());
}

void HistoryChecks::check_numbers() {
  std::sort(numbers_.begin(), numbers_.end());
  for (std::size_t i = 0; i < numbers_.size(); ++i) {
    if (numbers_[i] == static_cast<std::int64_t>(i) + 1) continue;
    findings_.violated(
        "A2", "attempt " + std::to_string(i + 1) + " is not there; " + std::to_string(numbers_[i]) + " comes in its place");
    break;
  }
  numbers_ = {};
}

void HistoryChecks::examine(const Dossier& order) {
  bool was_asked_for = false;
  for (const Answer& answer : order.answers) {
    if (!answer.makes_order()) continue;
    const auto request = requests_.find(request_name(answer.operation, answer.key));
    if (request == requests_.end()) continue;
    was_asked_for = true;
    add_once(request->second.stored, order.order_id);
  }
  if (!order.order) return;
  findings_.examine("C7", was_asked_for, [&] { return order.name() + "nobody asked for it"; });
  const auto known = acknowledged_.find(order.order_id);
  if (known == acknowledged_.end()) return;
  known->second.is_there = true;
  known->second.has_ended = order.order->has_ended();
}

void HistoryChecks::finish() {
  requests();
  acknowledged();
}

void HistoryChecks::requests() {
  std::unordered_map<std::string_view, std::string_view> named_by;
  for (const auto& [name, request] : requests_) {
    if (request.was_acknowledged) {
      std::string problem = request.named.size() > 1 ? "was answered with " + joined(request.named) : "";
      for (const std::string& order_id : request.named) {
        const auto [other, is_first] = named_by.emplace(order_id, name);
        if (!is_first) problem = "names " + order_id + ", as does " + std::string(other->second);
      }
      findings_.examine("C2", problem.empty(), [&, what = name] { return what + " " + problem; });
    }
    if (request.was_always_refused) {
      findings_.examine("C3", request.stored.empty(), [&, what = name, &ids = request.stored] {
        return what + " was refused for good, and made " + joined(ids);
      });
    }
    const bool is_one =
        request.stored.empty() ||
        (request.stored.size() == 1 && (!request.was_acknowledged || request.named.front() == request.stored.front()));
    findings_.examine("C4", is_one, [&, what = name, &one = request] {
      return what + " stands for " + joined(one.stored) +
             (one.was_acknowledged ? ", and " + joined(one.named) + " was acknowledged" : "");
    });
  }
}

void HistoryChecks::acknowledged() {
  for (const auto& [order_id, order] : acknowledged_) {
    for (std::int64_t i = 0; i < order.attempts; ++i) {
      findings_.examine("C1", order.is_there, [&, id = order_id] { return "order " + id + ": acknowledged, and not there"; });
    }
    if (!order.is_placed) continue;
    findings_.examine("C8", order.has_ended, [&, id = order_id] { return "order " + id + ": acknowledged, and has not ended"; });
  }
}

}  // namespace seamline::audit
