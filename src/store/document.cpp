#include "store/document.hpp"

#include <algorithm>

#include "store/connection.hpp"

namespace seamline::store {

Document& Document::put(std::string_view name, Value value) {
  members_.emplace_back(name, std::move(value));
  return *this;
}

const Document::Value* Document::find(std::string_view name) const {
  const auto found = std::find_if(members_.begin(), members_.end(), [&](const Member& member) { return member.first == name; });
  return found == members_.end() ? nullptr : &found->second;
}

template <class T>
const T& Document::get(std::string_view name) const {
  const Value* value = find(name);
  if (value == nullptr) throw StorageError("a document lacks the member " + std::string(name));
  const T* typed = std::get_if<T>(value);
  if (typed == nullptr) throw StorageError("a document's member " + std::string(name) + " has another type");
  return *typed;
}

std::int64_t Document::integer(std::string_view name) const { return get<std::int64_t>(name); }

const std::string& Document::text(std::string_view name) const { return get<std::string>(name); }

Sha256 Document::digest(std::string_view name) const {
  const auto& bytes = get<Bytes>(name).data;
  Sha256 digest{};
  if (bytes.size() != digest.size()) throw StorageError("a document's member " + std::string(name) + " is no digest");
  std::copy(bytes.begin(), bytes.end(), digest.begin());
  return digest;
}

const Document& Document::document(std::string_view name) const { return *get<std::shared_ptr<const Document>>(name); }

const Document::List& Document::list(std::string_view name) const {
  static const List none;
  return has(name) ? get<List>(name) : none;
}

}  // namespace seamline::store
