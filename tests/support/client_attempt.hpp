#pragma once

#include <cstdint>
#include <string>

namespace seamline::test {

/// One attempt of a client to make an order, as the audit reads it (app/audit/README.md).
struct ClientAttempt {
  std::string operation;
  std::string key;
  std::int64_t start_ms = 0;
  std::int64_t end_ms = 0;
  /// ok, failed or unknown.
  std::string outcome;
  /// 0 where there was no answer.
  int status = 0;
  /// Empty where the answer had none.
  std::string order_id;
};

/// The attempt's line in the history, with its break; attempts are numbered from 1.
inline std::string line_of(std::int64_t number, const ClientAttempt& attempt) {
  std::string line = "{\"attempt\":" + std::to_string(number) + ",\"operation\":\"" + attempt.operation + "\",\"key\":\"" +
                     attempt.key + "\",\"start_ms\":" + std::to_string(attempt.start_ms) +
                     ",\"end_ms\":" + std::to_string(attempt.end_ms) + ",\"outcome\":\"" + attempt.outcome + "\"";
  if (attempt.status != 0) line += ",\"status\":" + std::to_string(attempt.status);
  if (!attempt.order_id.empty()) line += ",\"order_id\":\"" + attempt.order_id + "\"";
  return line + "}\n";
}

}  // namespace seamline::test
