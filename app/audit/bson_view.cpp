#include "audit/bson_view.hpp"

#include <algorithm>

namespace seamline::audit {
namespace {

[[noreturn]] void refuse(const char* name) { throw Malformed(std::string(name) + " is missing, or of another type"); }

BsonView view_of(const bson_iter_t& at) {
  std::uint32_t bytes = 0;
  const std::uint8_t* data = nullptr;
  if (BSON_ITER_HOLDS_ARRAY(&at)) {
    bson_iter_array(&at, &bytes, &data);
  } else {
    bson_iter_document(&at, &bytes, &data);
  }
  return {data, bytes};
}

}  // namespace

bool BsonView::find(const char* name, bson_t& document, bson_iter_t& at) const {
  return bson_init_static(&document, data_, bytes_) && bson_iter_init_find(&at, &document, name);
}

void BsonView::get(const char* name, std::initializer_list<bson_type_t> types, bson_t& document, bson_iter_t& at) const {
  if (!find(name, document, at) || std::find(types.begin(), types.end(), bson_iter_type(&at)) == types.end()) refuse(name);
}

std::int64_t BsonView::integer(const char* name) const {
  bson_t document;
  bson_iter_t at;
  get(name, {BSON_TYPE_INT32, BSON_TYPE_INT64}, document, at);
  return bson_iter_as_int64(&at);
}

std::string_view BsonView::text(const char* name) const {
  bson_t document;
  bson_iter_t at;
  get(name, {BSON_TYPE_UTF8}, document, at);
  std::uint32_t bytes = 0;
  const char* data = bson_iter_utf8(&at, &bytes);
  return {data, bytes};
}

std::string_view BsonView::bytes(const char* name) const {
  bson_t document;
  bson_iter_t at;
  get(name, {BSON_TYPE_BINARY}, document, at);
  bson_subtype_t subtype{};
  std::uint32_t bytes = 0;
  const std::uint8_t* data = nullptr;
  bson_iter_binary(&at, &subtype, &bytes, &data);
  return {reinterpret_cast<const char*>(data), bytes};
}

std::optional<std::int64_t> BsonView::optional_integer(const char* name) const {
  return has(name) ? std::optional(integer(name)) : std::nullopt;
}

std::optional<std::string_view> BsonView::optional_text(const char* name) const {
  return has(name) ? std::optional(text(name)) : std::nullopt;
}

BsonView BsonView::document(const char* name) const {
  bson_t document;
  bson_iter_t at;
  get(name, {BSON_TYPE_DOCUMENT}, document, at);
  return view_of(at);
}

bool BsonView::has(const char* name) const {
  bson_t document;
  bson_iter_t at;
  if (!find(name, document, at) || BSON_ITER_HOLDS_NULL(&at)) return false;
  constexpr std::uint32_t empty_document_bytes = 5;
  return !BSON_ITER_HOLDS_DOCUMENT(&at) || view_of(at).bytes_ > empty_document_bytes;
}

void BsonView::for_each(const char* list, const std::function<void(const BsonView& element)>& take) const {
  bson_t document;
  bson_iter_t at;
  if (!find(list, document, at)) return;
  bson_iter_t element;
  if (!BSON_ITER_HOLDS_ARRAY(&at) || !bson_iter_recurse(&at, &element)) refuse(list);
  while (bson_iter_next(&element)) {
    if (!BSON_ITER_HOLDS_DOCUMENT(&element)) refuse(list);
    take(view_of(element));
  }
}

}  // namespace seamline::audit
