#pragma once

#include <string>
#include <vector>

#include "base/json.hpp"

namespace seamline::test {

/// Checks values against those parts of JSON Schema that our schemas use, and refuses to judge by a keyword that it does not
/// know. `document` is where references lead.
class SchemaCheck {
 public:
  explicit SchemaCheck(const json::Value& document) : document_(document) {}

  /// What is wrong with the value, each with its place; empty where it satisfies the schema.
  std::vector<std::string> problems(const json::Value& schema, const json::Value& value) {
    problems_.clear();
    check(schema, value, "");
    return problems_;
  }

  /// The value at a JSON pointer of the document, or null.
  const json::Value* at(std::string_view pointer) const {
    const json::Value* value = &document_;
    while (value != nullptr && !pointer.empty()) {
      pointer.remove_prefix(1);
      std::string member(pointer.substr(0, pointer.find('/')));
      pointer.remove_prefix(member.size());
      for (auto escape = member.find("~1"); escape != std::string::npos; escape = member.find("~1")) {
        member.erase(escape, 1);
        member[escape] = '/';
      }
      value = value->find(member);
    }
    return value;
  }

 private:
  void check(const json::Value& schema, const json::Value& value, const std::string& place) {
    for (const json::Value& keyword : schema.items) check_keyword(keyword, schema, value, place);
  }

  void check_keyword(const json::Value& keyword, const json::Value& schema, const json::Value& value, const std::string& place) {
    const std::string& name = keyword.name;
    const auto size = static_cast<std::int64_t>(value.is(json::Type::array) ? value.items.size() : value.text.size());
    if (name == "$ref") {
      const json::Value* target = at(std::string_view(keyword.text).substr(1));
      expect(target != nullptr, place, "leads to " + keyword.text + ", which is not there");
      if (target != nullptr) check(*target, value, place);
    } else if (name == "type") {
      expect(has_type(keyword, value), place, "has the wrong type");
    } else if (name == "properties") {
      for (const json::Value& property : keyword.items) {
        if (const json::Value* member = value.find(property.name)) check(property, *member, place + "/" + property.name);
      }
    } else if (name == "required") {
      for (const json::Value& member : keyword.items) expect(value.find(member.text) != nullptr, place, "lacks " + member.text);
    } else if (name == "additionalProperties") {
      for (const json::Value& member : value.items) {
        expect(schema.find("properties")->find(member.name) != nullptr, place, "has the unknown member " + member.name);
      }
    } else if (name == "items") {
      for (const json::Value& item : value.items) check(keyword, item, place + "/-");
    } else if (name == "enum") {
      bool found = false;
      for (const json::Value& allowed : keyword.items)
        found = found || (allowed.type == value.type && allowed.text == value.text);
      expect(found, place, "is not among those allowed");
    } else if (name == "anyOf") {
      check_any(keyword, value, place);
    } else if (name == "minimum") {
      expect(!value.is(json::Type::integer) || value.integer >= keyword.integer, place, "is too small");
    } else if (name == "maximum") {
      expect(!value.is(json::Type::integer) || value.integer <= keyword.integer, place, "is too large");
    } else if (name == "minLength" || name == "minItems") {
      expect(value.is(json::Type::null) || size >= keyword.integer, place, "is too short");
    } else if (name == "maxLength" || name == "maxItems") {
      expect(value.is(json::Type::null) || size <= keyword.integer, place, "is too long");
    } else {
      const bool is_remark = name == "description" || name == "format" || name == "writeOnly" || name == "default" ||
                             name == "title" || name == "$schema";
      expect(is_remark, place, "is judged by the unknown keyword " + name);
    }
  }

  void check_any(const json::Value& schemas, const json::Value& value, const std::string& place) {
    for (const json::Value& schema : schemas.items) {
      if (SchemaCheck(document_).problems(schema, value).empty()) return;
    }
    expect(false, place, "satisfies none of the schemas");
  }

  static bool has_type(const json::Value& wanted, const json::Value& value) {
    if (wanted.is(json::Type::string)) return wanted.text == name_of(value.type);
    for (const json::Value& one : wanted.items) {
      if (one.text == name_of(value.type)) return true;
    }
    return false;
  }

  static std::string_view name_of(json::Type type) {
    switch (type) {
      case json::Type::null: return "null";
      case json::Type::boolean: return "boolean";
      case json::Type::integer: return "integer";
      case json::Type::number: return "number";
      case json::Type::string: return "string";
      case json::Type::array: return "array";
      case json::Type::object: return "object";
    }
    return "";
  }

  void expect(bool holds, const std::string& place, const std::string& otherwise) {
    if (!holds) problems_.push_back((place.empty() ? "the value" : place) + " " + otherwise);
  }

  const json::Value& document_;
  std::vector<std::string> problems_;
};

}  // namespace seamline::test
