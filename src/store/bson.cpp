#include "store/bson.hpp"

namespace seamline::store {
namespace {

void append(bson_t* to, const Document& document);

struct AppendValue {
  bson_t* to;
  const std::string& name;

  int name_size() const { return static_cast<int>(name.size()); }
  void operator()(std::int64_t value) const { bson_append_int64(to, name.c_str(), name_size(), value); }
  void operator()(bool value) const { bson_append_bool(to, name.c_str(), name_size(), value); }
  void operator()(const std::string& value) const {
    bson_append_utf8(to, name.c_str(), name_size(), value.data(), static_cast<int>(value.size()));
  }
  void operator()(const Document::Bytes& value) const {
    bson_append_binary(to, name.c_str(), name_size(), BSON_SUBTYPE_BINARY,
                       reinterpret_cast<const std::uint8_t*>(value.data.data()), static_cast<std::uint32_t>(value.data.size()));
  }
  void operator()(const std::shared_ptr<const Document>& value) const {
    bson_t inner;
    bson_append_document_begin(to, name.c_str(), name_size(), &inner);
    append(&inner, *value);
    bson_append_document_end(to, &inner);
  }
  void operator()(const Document::Numbers& value) const {
    bson_t list;
    bson_append_array_begin(to, name.c_str(), name_size(), &list);
    std::size_t index = 0;
    for (const std::int64_t number : value) {
      const std::string key = std::to_string(index++);
      bson_append_int64(&list, key.c_str(), static_cast<int>(key.size()), number);
    }
    bson_append_array_end(to, &list);
  }
  void operator()(const Document::List& value) const {
    bson_t list;
    bson_append_array_begin(to, name.c_str(), name_size(), &list);
    std::size_t index = 0;
    for (const Document& element : value) {
      const std::string key = std::to_string(index++);
      bson_t inner;
      bson_append_document_begin(&list, key.c_str(), static_cast<int>(key.size()), &inner);
      append(&inner, element);
      bson_append_document_end(&list, &inner);
    }
    bson_append_array_end(to, &list);
  }
};

void append(bson_t* to, const Document& document) {
  for (const auto& [name, value] : document.members()) std::visit(AppendValue{to, name}, value);
}

Document read(bson_iter_t& at);

Document::List read_list(bson_iter_t& list) {
  Document::List documents;
  while (bson_iter_next(&list)) {
    bson_iter_t inner;
    if (BSON_ITER_HOLDS_DOCUMENT(&list) && bson_iter_recurse(&list, &inner)) documents.push_back(read(inner));
  }
  return documents;
}

Document read(bson_iter_t& at) {
  Document document;
  while (bson_iter_next(&at)) {
    const char* name = bson_iter_key(&at);
    bson_iter_t inner;
    if (BSON_ITER_HOLDS_INT(&at) || BSON_ITER_HOLDS_DOUBLE(&at)) {
      document.add(name, bson_iter_as_int64(&at));
    } else if (BSON_ITER_HOLDS_BOOL(&at)) {
      document.add(name, bson_iter_bool(&at));
    } else if (BSON_ITER_HOLDS_UTF8(&at)) {
      std::uint32_t size = 0;
      const char* text = bson_iter_utf8(&at, &size);
      document.add(name, std::string(text, size));
    } else if (BSON_ITER_HOLDS_BINARY(&at)) {
      bson_subtype_t subtype{};
      std::uint32_t size = 0;
      const std::uint8_t* bytes = nullptr;
      bson_iter_binary(&at, &subtype, &size, &bytes);
      document.put(name, Document::Bytes{std::string(reinterpret_cast<const char*>(bytes), size)});
    } else if (BSON_ITER_HOLDS_DOCUMENT(&at) && bson_iter_recurse(&at, &inner)) {
      document.add(name, read(inner));
    } else if (BSON_ITER_HOLDS_ARRAY(&at) && bson_iter_recurse(&at, &inner)) {
      document.add(name, read_list(inner));
    }
  }
  return document;
}

}  // namespace

Bson::Bson(const Document& document) { append(&value_, document); }

Bson::~Bson() { bson_destroy(&value_); }

Document read_bson(const bson_t& bson) {
  bson_iter_t at;
  return bson_iter_init(&at, &bson) ? read(at) : Document();
}

}  // namespace seamline::store
