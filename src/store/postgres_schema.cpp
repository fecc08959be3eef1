#include "store/postgres_schema.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <utility>

#include "store/connection.hpp"

namespace seamline::store {
namespace {

enum class Kind : std::uint8_t { word, literal, mark };

struct Token {
  Kind kind;
  std::string text;
};

using Tokens = std::vector<Token>;

[[noreturn]] void refuse(const std::string& what) { throw StorageError("a migration that PostgreSQL cannot run: " + what); }

bool is_word_character(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_'; }

std::string upper(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](char c) { return static_cast<char>(std::toupper(static_cast<unsigned char>(c))); });
  return text;
}

bool is(const Token& token, std::string_view word) { return token.kind == Kind::word && upper(token.text) == word; }
bool is_mark(const Token& token, char mark) { return token.kind == Kind::mark && token.text[0] == mark; }

/// Cuts a migration into its statements. Comments are left out.
class Reader {
 public:
  explicit Reader(std::string_view text) : rest_(text) {}

  std::vector<Tokens> statements() {
    std::vector<Tokens> all;
    Tokens current;
    while (skip_blanks()) {
      Token token = next();
      if (!is_mark(token, ';')) {
        current.push_back(std::move(token));
      } else if (!current.empty()) {
        all.push_back(std::exchange(current, {}));
      }
    }
    if (!current.empty()) all.push_back(std::move(current));
    return all;
  }

 private:
  /// Whether anything is left behind blanks and comments.
  bool skip_blanks() {
    while (!rest_.empty()) {
      if (rest_.starts_with("--")) {
        rest_.remove_prefix(std::min(rest_.find('\n'), rest_.size()));
      } else if (rest_.starts_with("/*")) {
        refuse("a comment in /* */");
      } else if (std::isspace(static_cast<unsigned char>(rest_.front())) != 0) {
        rest_.remove_prefix(1);
      } else {
        return true;
      }
    }
    return false;
  }
  Token next() {
    const char first = rest_.front();
    if (first == '\'' || first == '"') return take(Kind::literal, end_of_literal(first));
    if (is_word_character(first)) {
      const auto end = std::find_if_not(rest_.begin(), rest_.end(), is_word_character);
      return take(Kind::word, static_cast<std::size_t>(end - rest_.begin()));
    }
    return take(Kind::mark, 1);
  }
  /// A doubled quote stands for itself: it ends one literal and begins the next, which amounts to the same.
  std::size_t end_of_literal(char quote) const {
    const std::size_t end = rest_.find(quote, 1);
    if (end == std::string_view::npos) refuse("a quote that does not end");
    return end + 1;
  }
  Token take(Kind kind, std::size_t length) {
    Token token{kind, std::string(rest_.substr(0, length))};
    rest_.remove_prefix(length);
    return token;
  }

  std::string_view rest_;
};

std::string_view type_in_postgres(const Token& type) {
  static constexpr std::array<std::pair<std::string_view, std::string_view>, 3> types{
      {{"INTEGER", "BIGINT"}, {"BLOB", "BYTEA"}, {"TEXT", "TEXT COLLATE \"C\""}}};
  for (const auto& [ours, theirs] : types) {
    if (is(type, ours)) return theirs;
  }
  refuse("a column of the type " + type.text);
}

/// What stands between the commas of a table: a column, or a constraint, which stays as it is.
bool is_constraint(const Token& first) {
  static constexpr std::array words{"PRIMARY", "UNIQUE", "CHECK", "FOREIGN", "CONSTRAINT"};
  return std::any_of(words.begin(), words.end(), [&](const char* word) { return is(first, word); });
}

/// Behind the table's last bracket: `STRICT, WITHOUT ROWID` or a part of it, of which nothing is kept.
void check_options(Tokens::const_iterator at, Tokens::const_iterator end) {
  for (; at != end; ++at) {
    const bool is_known = is(*at, "STRICT") || is(*at, "WITHOUT") || is(*at, "ROWID") || is_mark(*at, ',');
    if (!is_known) refuse("the table option " + at->text);
  }
}

/// The columns of a new table; `statement` ends behind its last bracket afterwards.
void translate_columns(Tokens& statement) {
  const auto open = std::find_if(statement.begin(), statement.end(), [](const Token& token) { return is_mark(token, '('); });
  int depth = 0;
  std::size_t in_column = 0;
  bool is_column = false;
  for (auto at = open; at != statement.end(); ++at) {
    if (is(*at, "AUTOINCREMENT")) refuse("AUTOINCREMENT");
    const bool ends_column = (is_mark(*at, ')') || is_mark(*at, ',')) && depth == 1;
    if (ends_column && is_column && in_column == 1) refuse("a column without a type");
    if (is_mark(*at, ')') && --depth == 0) {
      check_options(at + 1, statement.end());
      statement.erase(at + 1, statement.end());
      return;
    }
    if (is_mark(*at, '(') && ++depth > 1) continue;
    if (depth == 1 && (is_mark(*at, '(') || is_mark(*at, ','))) {
      in_column = 0;
      continue;
    }
    if (depth != 1) continue;
    if (in_column == 0) is_column = !is_constraint(*at);
    if (in_column == 1 && is_column) at->text = type_in_postgres(*at);
    ++in_column;
  }
  refuse("a bracket that does not end");
}

bool starts_with(const Tokens& statement, std::initializer_list<std::string_view> words) {
  return statement.size() >= words.size() &&
         std::equal(words.begin(), words.end(), statement.begin(),
                    [](std::string_view word, const Token& token) { return is(token, word); });
}

void translate(Tokens& statement) {
  const bool is_table = starts_with(statement, {"CREATE", "TABLE"});
  const bool is_copy =
      is_table && std::any_of(statement.begin(), statement.end(), [](const Token& t) { return is(t, "SELECT"); });
  if (is_table && !is_copy) return translate_columns(statement);
  if (starts_with(statement, {"ALTER", "TABLE"})) {
    const auto add = std::find_if(statement.begin(), statement.end(), [](const Token& token) { return is(token, "ADD"); });
    if (statement.end() - add < 4 || !is(*(add + 1), "COLUMN")) refuse("an ALTER TABLE that does not ADD COLUMN");
    (add + 3)->text = type_in_postgres(*(add + 3));
    return;
  }
  const bool is_same = is_copy || starts_with(statement, {"CREATE", "INDEX"}) ||
                       starts_with(statement, {"CREATE", "UNIQUE", "INDEX"}) || starts_with(statement, {"DROP"}) ||
                       starts_with(statement, {"INSERT"}) || starts_with(statement, {"UPDATE"}) ||
                       starts_with(statement, {"DELETE"});
  if (!is_same) refuse("a statement that begins with " + statement.front().text);
}

std::string written(const Tokens& statement) {
  std::string text;
  const Token* before = nullptr;
  for (const Token& token : statement) {
    const bool wants_blank = before != nullptr && token.kind != Kind::mark && !is_mark(*before, '(') && !is_mark(*before, '.') &&
                             !(before->kind == Kind::literal && token.kind == Kind::literal);
    const bool would_be_comment = before != nullptr && is_mark(*before, '-') && is_mark(token, '-');
    if (wants_blank || would_be_comment || (before != nullptr && is_mark(token, '(') && before->kind == Kind::word)) text += ' ';
    text += token.text;
    before = &token;
  }
  return text;
}

}  // namespace

std::vector<std::string> in_postgres_words(std::string_view migration) {
  std::vector<std::string> all;
  for (Tokens& statement : Reader(migration).statements()) {
    translate(statement);
    all.push_back(written(statement));
  }
  return all;
}

}  // namespace seamline::store
