#include "http/contract_document.hpp"

#include <algorithm>

#include "base/json.hpp"

namespace seamline::http {
namespace {

/// Foreign text goes into a message only so far.
constexpr std::size_t max_quoted_bytes = 64;

bool is_list_of_texts(const json::Value* value) {
  return value != nullptr && value->is(json::Type::array) &&
         std::all_of(value->items.begin(), value->items.end(),
                     [](const json::Value& item) { return item.is(json::Type::string); });
}

bool offers(const json::Value& list, std::string_view name) {
  return std::any_of(list.items.begin(), list.items.end(), [&](const json::Value& item) { return item.text == name; });
}

/// "the operations a, b and the event c".
class Missing {
 public:
  void add(std::string_view kind, const std::vector<std::string>& names) {
    if (names.empty()) return;
    text_ += (text_.empty() ? "the " : " and the ") + std::string(kind) + (names.size() > 1 ? "s" : "");
    for (const std::string& name : names) text_ += (name == names.front() ? " " : ", ") + name;
  }
  const std::string& text() const { return text_; }

 private:
  std::string text_;
};

}  // namespace

std::string contract_document(const ContractDescriptor& contract, std::string_view version) {
  std::string text;
  json::Writer writer(text);
  writer.begin_object();
  writer.member("module", contract.module);
  writer.member("version", version);
  writer.key("operations");
  writer.begin_array();
  for (const std::string_view operation : contract.operations) writer.string(operation);
  writer.end_array();
  writer.key("events");
  writer.begin_array();
  for (const EventDescriptor& event : contract.events) writer.string(event.type.full_name());
  writer.end_array();
  writer.end_object();
  return text;
}

Result<void> check_contract(std::string_view text, const ContractDescriptor& wanted) {
  const std::string name(wanted.module);
  const auto document = json::parse(text);
  const json::Value* const module = document ? document->find("module") : nullptr;
  const json::Value* const operations = document ? document->find("operations") : nullptr;
  const json::Value* const events = document ? document->find("events") : nullptr;
  if (module == nullptr || !module->is(json::Type::string) || !is_list_of_texts(operations) || !is_list_of_texts(events)) {
    return fail(contract_mismatch, "What answers at the url of " + name + " is no service of Seamline: it sent no contract.");
  }
  if (module->text != name) {
    return fail(contract_mismatch, "What answers at the url of " + name + " is the module " +
                                       module->text.substr(0, max_quoted_bytes) + ": correct modules." + name + ".url.");
  }
  std::vector<std::string> missing_operations;
  for (const std::string_view operation : wanted.operations) {
    if (!offers(*operations, operation)) missing_operations.emplace_back(operation);
  }
  std::vector<std::string> missing_events;
  for (const EventDescriptor& event : wanted.events) {
    if (!offers(*events, event.type.full_name())) missing_events.push_back(event.type.full_name());
  }
  Missing missing;
  missing.add("operation", missing_operations);
  missing.add("event", missing_events);
  if (missing.text().empty()) return {};
  const json::Value* const version = document->find("version");
  const std::string theirs = version == nullptr ? "" : ", version " + version->text.substr(0, max_quoted_bytes) + ",";
  return fail(contract_mismatch,
              "The module " + name + theirs + " lacks " + missing.text() + ": it is older than this program; upgrade it first.");
}

}  // namespace seamline::http
