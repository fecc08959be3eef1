#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "store/event_log.hpp"

/// Log entries as a batch of CloudEvents 1.0 (JSON event format, section 4: `application/cloudevents-batch+json`). The payload
/// stands in `data` byte for byte, because the entry's hash covers its bytes: whoever writes the text again breaks the chain.
namespace seamline::events {

/// What `source` begins with where the publisher is a module of the shop; its name follows.
inline constexpr std::string_view source_prefix = "/seamline/";

/// Reads an attribute that is an integer, which has one form only: decimal, no sign, no leading zero. False for any other text.
bool read_integer(std::string_view text, std::int64_t& number);

/// Whose log the entries are of: what `source` and `id` of each event say.
struct LogName {
  std::string_view publisher;
  std::string_view log_id;
};

/// Writes a batch to the end of a string in one pass.
class BatchEncoder {
 public:
  /// `out` and the views in `log` outlive the encoder.
  BatchEncoder(std::string& out, LogName log);
  /// The entry's texts are well-formed UTF-8 and its payload is a JSON object.
  void add(const store::LogEntry& entry);
  void end() { out_.push_back(']'); }

 private:
  std::string& out_;
  const LogName log_;
  bool is_first_ = true;
};

struct BatchLimits {
  std::size_t max_bytes = std::size_t{8} << 20U;
  std::size_t max_entries = 10'000;
  /// Bytes of one attribute.
  std::size_t max_attribute_bytes = 1024;
  /// Of the data. At most 63.
  std::size_t max_depth = 32;
};

/// Reads a batch of that log strictly: attributes that it needs stand once and have their form, others are ignored. Of `data`
/// only its extent is read; whether it is an event's JSON is found by whoever applies it. Hashes and order are not checked.
/// Errors: events.malformed_batch, saying where.
Result<store::EntryBatch> decode_batch(std::string_view text, LogName log, const BatchLimits& limits = {});

}  // namespace seamline::events
