#include "store/document.hpp"

#include <algorithm>

#include "store/connection.hpp"

namespace seamline::store {

Document& Document::put(std::string_view name, Value value) {
  members_.emplace_back(name, std::move(value));
  return *this;
}

std::size_t Document::bytes() const {
  struct Size {
    std::size_t operator()(std::int64_t) const { return sizeof(std::int64_t); }
    std::size_t operator()(bool) const { return 1; }
    std::size_t operator()(const std::string& text) const { return text.size() + 5; }
    std::size_t operator()(const Bytes& bytes) const { return bytes.data.size() + 5; }
    std::size_t operator()(const std::shared_ptr<const Document>& inner) const { return inner->bytes(); }
    std::size_t operator()(const Numbers& numbers) const { return numbers.size() * 16; }
    std::size_t operator()(const List& list) const {
      std::size_t sum = 5;
      for (const Document& element : list) sum += element.bytes() + 8;
      return sum;
    }
  };
  std::size_t sum = 5;
  for (const auto& [name, value] : members_) sum += name.size() + 2 + std::visit(Size{}, value);
  return sum;
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

std::optional<bool> Document::optional_boolean(std::string_view name) const {
  return has(name) ? std::optional(get<bool>(name)) : std::nullopt;
}

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
