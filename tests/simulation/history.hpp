#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <vector>

namespace seamline::simulation {

/// What the clients saw: each attempt to make an order, as the audit reads it (app/audit/README.md).
class History {
 public:
  struct Attempt {
    std::string operation;
    std::string key;
    std::int64_t start_ms = 0;
    std::int64_t end_ms = 0;
    std::string outcome;
    int status = 0;
    std::string order_id;
  };

  void add(Attempt attempt) { attempts_.push_back(std::move(attempt)); }
  const std::vector<Attempt>& attempts() const { return attempts_; }
  /// Something that a client saw and that must not be.
  void complain(const std::string& what) { complaints_ += what + "\n"; }
  const std::string& complaints() const { return complaints_; }

  /// The file that `seamline audit --history` reads.
  std::string as_lines() const {
    std::string lines;
    for (std::size_t i = 0; i < attempts_.size(); ++i) {
      const Attempt& attempt = attempts_[i];
      lines += "{\"attempt\":" + std::to_string(i + 1) + ",\"operation\":\"" + attempt.operation + "\",\"key\":\"" + attempt.key +
               "\",\"start_ms\":" + std::to_string(attempt.start_ms) + ",\"end_ms\":" + std::to_string(attempt.end_ms) +
               ",\"outcome\":\"" + attempt.outcome + "\"";
      if (attempt.status != 0) lines += ",\"status\":" + std::to_string(attempt.status);
      if (!attempt.order_id.empty()) lines += ",\"order_id\":\"" + attempt.order_id + "\"";
      lines += "}\n";
    }
    return lines;
  }

 private:
  std::vector<Attempt> attempts_;
  std::string complaints_;
};

}  // namespace seamline::simulation
