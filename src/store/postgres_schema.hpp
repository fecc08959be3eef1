#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace seamline::store {

/// The statements of a migration, which is written for SQLite, one by one in PostgreSQL's words: INTEGER becomes BIGINT, BLOB
/// BYTEA, TEXT a text that is compared by its bytes; STRICT and WITHOUT ROWID go. What has no such meaning there, or none that is
/// known here, throws StorageError: nothing is guessed.
std::vector<std::string> in_postgres_words(std::string_view migration);

}  // namespace seamline::store
