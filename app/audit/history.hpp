#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <unordered_map>
#include <vector>

#include "audit/dossier.hpp"
#include "audit/findings.hpp"

namespace seamline::audit {

/// What the clients saw, attempt by attempt, against one order after the other: A2 and C1 to C8.
class HistoryChecks {
 public:
  explicit HistoryChecks(Findings& findings) : findings_(findings) {}

  /// Reads the history file. Throws ReadError where it cannot be read; a line that says nothing is against A2.
  void read(const std::filesystem::path& file);
  void examine(const Dossier& order);
  void finish();

 private:
  /// All attempts under one key for one operation, and what order remembers of it.
  struct Request {
    bool was_acknowledged = false;
    bool was_always_refused = true;
    /// Different orders that its answers named, and that it stands for in the store.
    std::vector<std::string> named;
    std::vector<std::string> stored;
  };
  /// An order that an attempt was told of as made.
  struct Acknowledged {
    std::int64_t attempts = 0;
    /// Not only begun, as a draft is.
    bool is_placed = false;
    bool is_there = false;
    bool has_ended = false;
  };

  bool take_line(const std::string& line);
  void check_numbers();
  void requests();
  void acknowledged();

  Findings& findings_;
  std::vector<std::int64_t> numbers_;
  /// By operation and key.
  std::unordered_map<std::string, Request> requests_;
  std::unordered_map<std::string, Acknowledged> acknowledged_;
};

}  // namespace seamline::audit
