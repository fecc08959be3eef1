#include "config/layers.hpp"

#include <algorithm>
#include <charconv>
#include <fstream>
#include <sstream>

namespace seamline::config {
namespace {

std::string join(const std::string& path, std::string_view name) {
  return path.empty() ? std::string(name) : path + "." + std::string(name);
}

std::size_t line_at(std::string_view text, std::size_t offset) {
  const auto end = text.begin() + static_cast<std::ptrdiff_t>(std::min(offset, text.size()));
  return 1 + static_cast<std::size_t>(std::count(text.begin(), end, '\n'));
}

json::Value& member_of(json::Value& section, std::string_view name) {
  for (json::Value& item : section.items) {
    if (item.name == name) return item;
  }
  json::Value& added = section.items.emplace_back();
  added.name = name;
  added.type = json::Type::object;
  return added;
}

/// Reads the text of a variable or flag as what the key wants.
bool read_text(std::string_view text, json::Type wanted, json::Value& out) {
  out.type = wanted;
  if (wanted == json::Type::string) {
    out.text = text;
    return true;
  }
  if (wanted == json::Type::boolean) {
    out.boolean = text == "true";
    return text == "true" || text == "false";
  }
  const auto read = std::from_chars(text.data(), text.data() + text.size(), out.integer);
  return read.ec == std::errc() && read.ptr == text.data() + text.size();
}

std::string lower_case(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return lower;
}

/// MODULES__PAYMENT__URL as modules.payment.url.
std::string path_of_variable(std::string_view name) {
  std::string path = lower_case(name);
  for (auto at = path.find("__"); at != std::string::npos; at = path.find("__", at + 1)) path.replace(at, 2, ".");
  return path;
}

/// A JSON pointer as a dotted path.
std::string path_of_pointer(std::string_view pointer) {
  std::string path(pointer.substr(pointer.starts_with('/') ? 1 : 0));
  std::replace(path.begin(), path.end(), '/', '.');
  return path;
}

}  // namespace

Layers::Layers(std::vector<Key> keys) {
  root_.children = std::move(keys);
  tree_.type = json::Type::object;
}

Result<void> Layers::add_file(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  if (!file || !(text << file.rdbuf())) {
    return fail(errors::unreadable,
                "Cannot read the configuration file " + path.string() + ". Does it exist, and may you read it?");
  }
  return add_text(path.string(), text.str());
}

Result<void> Layers::add_text(const std::string& name, std::string_view text) {
  auto value = json::parse(text, {.max_bytes = max_file_bytes, .comments = true});
  if (!value) return fail(errors::unreadable, name + ": " + value.error().detail);
  if (!value->is(json::Type::object)) return fail(errors::unreadable, name + ": a configuration file holds one JSON object.");
  std::erase_if(value->items, [](const json::Value& item) { return item.name == "$schema"; });
  return merge(tree_, std::move(*value), root_, "", name, text);
}

Result<void> Layers::merge(json::Value& into, json::Value&& from, const Key& section, const std::string& path,
                           const std::string& file, std::string_view text) {
  for (json::Value& item : from.items) {
    const std::string origin = file + ":" + std::to_string(line_at(text, item.offset));
    const std::string item_path = join(path, item.name);
    const Key* key = section.find(item.name);
    if (key == nullptr) return fail(unknown(origin, section, path, item.name));
    json::Value& member = member_of(into, item.name);
    origins_[item_path] = origin;
    if (key->type == json::Type::object && item.is(json::Type::object)) {
      auto merged = merge(member, std::move(item), *key, item_path, file, text);
      if (!merged) return merged;
    } else {
      member = std::move(item);
    }
  }
  return {};
}

Result<void> Layers::add_environment(std::span<const std::pair<std::string, std::string>> variables, std::string_view prefix,
                                     std::span<const std::string_view> others) {
  for (const auto& [name, text] : variables) {
    if (!name.starts_with(prefix) || std::find(others.begin(), others.end(), name) != others.end()) continue;
    auto added = set(path_of_variable(std::string_view(name).substr(prefix.size())), text, "environment " + name);
    if (!added) return added;
  }
  return {};
}

Result<void> Layers::set(std::string_view dotted_path, std::string_view text, const std::string& origin) {
  json::Value* value = &tree_;
  const Key* key = &root_;
  std::string path;
  for (std::string_view rest = dotted_path; !rest.empty();) {
    const std::string_view name = rest.substr(0, rest.find('.'));
    rest.remove_prefix(std::min(rest.size(), name.size() + 1));
    const Key* next = key->find(name);
    if (next == nullptr) return fail(unknown(origin, *key, path, name));
    key = next;
    path = join(path, name);
    value = &member_of(*value, name);
  }
  if (key->type == json::Type::object)
    return fail(errors::invalid, origin + ": " + path + " is a section; name one of its keys.");
  if (!read_text(text, key->type, *value)) {
    return fail(errors::invalid,
                origin + ": " + path + " must be " + (key->type == json::Type::boolean ? "true or false." : "an integer."));
  }
  origins_[path] = origin;
  return {};
}

std::string Layers::origin_of(std::string_view dotted_path) const {
  const auto found = origins_.find(dotted_path);
  return found == origins_.end() ? "default" : found->second;
}

Error Layers::explain(const Error& decoding_error) const {
  std::string detail;
  for (const Violation& violation : decoding_error.violations) {
    const std::string path = path_of_pointer(violation.pointer);
    detail += (detail.empty() ? "" : "\n") + origin_of(path) + ": " + path + " " + violation.detail + ".";
  }
  return fail(errors::invalid, std::move(detail)).value();
}

Error Layers::unknown(const std::string& origin, const Key& section, const std::string& path, std::string_view name) const {
  std::string detail = origin + ": there is no key \"" + join(path, name) + "\".";
  if (const std::string nearest = section.nearest_child(name); !nearest.empty()) {
    detail += " Did you mean \"" + join(path, nearest) + "\"?";
  } else {
    detail += " Here are:";
    for (const Key& child : section.children) detail += " " + child.name;
    detail += ".";
  }
  return fail(errors::unknown_key, std::move(detail)).value();
}

}  // namespace seamline::config
