#include "config_edit.hpp"

#include <algorithm>

#include "base/assert.hpp"
#include "base/json.hpp"
#include "config/layers.hpp"
#include "json_places.hpp"

namespace seamline::app {
namespace {

constexpr std::string_view line_breaks = "\r\n";

bool has_line_break(std::string_view text) { return text.find_first_of(line_breaks) != std::string_view::npos; }

std::string line_break_of(std::string_view text) {
  const std::size_t first = text.find_first_of(line_breaks);
  if (first == std::string_view::npos || text[first] == '\n') return "\n";
  return text.substr(first, 2) == "\r\n" ? "\r\n" : "\r";
}

/// The blanks at the beginning of the line in which `at` stands.
std::string_view indentation_at(std::string_view text, std::size_t at) {
  const std::size_t before = at == 0 ? std::string_view::npos : text.find_last_of(line_breaks, at - 1);
  const std::size_t start = before == std::string_view::npos ? 0 : before + 1;
  return text.substr(start, std::min(text.find_first_not_of(" \t", start), at) - start);
}

std::string_view between(std::string_view text, std::size_t begin, std::size_t end) { return text.substr(begin, end - begin); }

/// How a file separates what stands on one line, as its own members show it.
struct Style {
  std::string colon = ": ";
  std::string padding = " ";
  std::string indentation = "  ";
};

/// Takes what it can from one object and those in it; what is found first counts.
class StyleSearch {
 public:
  explicit StyleSearch(std::string_view text) : text_(text), places_(text) {}

  Style find() {
    look_at(places_.object_at(places_.root()));
    return style_;
  }

 private:
  void look_at(const ObjectPlace& object) {
    for (const MemberPlace& member : object.members) {
      learn_colon(between(text_, member.key.end, member.value.begin));
      if (&member == &object.members.front()) learn_opening(object, member);
      if (text_[member.value.begin] == '{') look_at(places_.object_at(member.value.begin));
    }
  }
  void learn_colon(std::string_view colon) {
    if (knows_colon_ || (colon != ":" && colon != ": " && colon != " : ")) return;
    style_.colon = colon;
    knows_colon_ = true;
  }
  void learn_opening(const ObjectPlace& object, const MemberPlace& first) {
    const std::string_view opening = between(text_, object.open + 1, first.key.begin);
    if (!knows_padding_ && (opening.empty() || opening == " ")) {
      style_.padding = opening;
      knows_padding_ = true;
    }
    const std::string_view outer = indentation_at(text_, object.open);
    const std::string_view inner = indentation_at(text_, first.key.begin);
    if (knows_indentation_ || !has_line_break(opening) || inner.size() <= outer.size()) return;
    style_.indentation = inner.substr(outer.size());
    knows_indentation_ = true;
  }

  std::string_view text_;
  JsonPlaces places_;
  Style style_;
  bool knows_colon_ = false;
  bool knows_padding_ = false;
  bool knows_indentation_ = false;
};

/// The member, and the objects around it that are missing, on one line.
std::string render(std::span<const std::string_view> path, std::string_view value, const Style& style) {
  std::string text;
  json::append_string(text, path.front());
  text += style.colon;
  if (path.size() == 1) {
    json::append_string(text, value);
  } else {
    text += "{" + style.padding + render(path.subspan(1), value, style) + style.padding + "}";
  }
  return text;
}

/// Adds a member at the end of an object.
class Addition {
 public:
  Addition(std::string_view text, const ObjectPlace& object, const Style& style)
      : text_(text), places_(text), object_(object), style_(style) {}

  std::string with(const std::string& member) const {
    if (object_.members.empty()) return into_empty(member);
    const MemberPlace& last = object_.members.back();
    if (!begins_its_line(last)) return insert(behind_comments_on_line(last.value.end), comma_on_line() + member);
    const std::string line = line_break_of(text_) + std::string(indentation_at(text_, last.key.begin)) + member;
    const std::size_t end = last_comment(last.value.end).end;
    return std::string(text_.substr(0, last.value.end)) + "," + std::string(between(text_, last.value.end, end)) + line +
           std::string(text_.substr(end));
  }

 private:
  std::string insert(std::size_t at, const std::string& what) const {
    return std::string(text_.substr(0, at)) + what + std::string(text_.substr(at));
  }

  std::string into_empty(const std::string& member) const {
    const Place comment = last_comment(object_.open + 1);
    const std::string_view blanks = between(text_, comment.end, object_.close);
    const bool is_bare = comment.end == object_.open + 1;
    if (!has_line_break(between(text_, object_.open, object_.close))) {
      const std::string before = is_bare && blanks.empty() ? style_.padding : " ";
      return insert(comment.end, before + member + (blanks.empty() ? style_.padding : ""));
    }
    const bool has_line = has_line_break(between(text_, object_.open, comment.begin));
    const std::string indentation = has_line ? std::string(indentation_at(text_, comment.begin))
                                             : std::string(indentation_at(text_, object_.open)) + style_.indentation;
    return insert(comment.end, line_break_of(text_) + indentation + member);
  }

  bool begins_its_line(const MemberPlace& member) const {
    const std::size_t before =
        &member == &object_.members.front() ? object_.open + 1 : object_.members[object_.members.size() - 2].value.end;
    return has_line_break(between(text_, before, member.key.begin));
  }

  /// As the members of this object are separated; else as a colon is spaced.
  std::string comma_on_line() const {
    if (object_.members.size() > 1) {
      const MemberPlace& last = object_.members.back();
      const std::string_view comma = between(text_, object_.members[object_.members.size() - 2].value.end, last.key.begin);
      if (comma == "," || comma == ", ") return std::string(comma);
    }
    return style_.colon == ":" ? "," : ", ";
  }

  /// Behind the comments that end on the line of `at`, so that they stay with what they stand behind.
  std::size_t behind_comments_on_line(std::size_t at) const {
    for (;;) {
      const std::size_t comment = text_.find_first_not_of(" \t", at);
      if (text_.substr(comment, 2) != "/*") return at;
      const std::size_t end = places_.skip_comment(comment);
      if (has_line_break(between(text_, comment, end))) return at;
      at = end;
    }
  }

  /// The last comment between `at` and the bracket that closes the object; empty, at `at`, where there is none.
  Place last_comment(std::size_t at) const {
    Place last{at, at};
    for (;;) {
      const std::size_t next = text_.find_first_not_of(" \t\r\n", last.end);
      const std::size_t end = places_.skip_comment(next);
      if (end == next) return last;
      last = {next, end};
    }
  }

  std::string_view text_;
  JsonPlaces places_;
  const ObjectPlace& object_;
  const Style& style_;
};

std::string joined(std::span<const std::string_view> path) {
  std::string text;
  for (const std::string_view name : path) text += (text.empty() ? "" : ".") + std::string(name);
  return text;
}

}  // namespace

Result<std::string> set_text_member(std::string_view text, std::span<const std::string_view> path, std::string_view value) {
  SEAMLINE_ASSERT(!path.empty());
  const auto parsed = json::parse(text, {.max_bytes = config::Layers::max_file_bytes, .comments = true});
  if (!parsed) return fail(config::errors::unreadable, parsed.error().detail);
  if (!parsed->is(json::Type::object)) return fail(config::errors::unreadable, "A configuration file holds one JSON object.");

  const JsonPlaces places(text);
  ObjectPlace object = places.object_at(places.root());
  for (std::size_t depth = 0;; ++depth) {
    const MemberPlace* member = object.find(path[depth]);
    if (member == nullptr) {
      const Style style = StyleSearch(text).find();
      return Addition(text, object, style).with(render(path.subspan(depth), value, style));
    }
    if (depth + 1 == path.size()) {
      const auto now = json::parse(text.substr(member->value.begin, member->value.end - member->value.begin), {.comments = true});
      if (now && now->is(json::Type::string) && now->text == value) return std::string(text);
      std::string replaced(text.substr(0, member->value.begin));
      json::append_string(replaced, value);
      return replaced.append(text.substr(member->value.end));
    }
    if (text[member->value.begin] != '{') {
      return fail(config::errors::invalid, joined(path.first(depth + 1)) + " must be an object, and is none.");
    }
    object = places.object_at(member->value.begin);
  }
}

}  // namespace seamline::app
