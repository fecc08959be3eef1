#include "events/cloud_events.hpp"

#include <array>
#include <charconv>

#include "base/json.hpp"
#include "base/text.hpp"
#include "events/json_scanner.hpp"

namespace seamline::events {
namespace {

constexpr ErrorCode malformed_batch{"events.malformed_batch", Kind::malformed};

void append_integer(std::string& out, std::int64_t number) {
  std::array<char, 24> digits{};
  out.append(digits.data(), std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr);
}

/// Reads one event after the other.
class Decoder {
 public:
  Decoder(std::string_view text, LogName log, const BatchLimits& limits)
      : log_(log), limits_(limits), scanner_(text, limits.max_depth) {}

  Result<store::EntryBatch> decode() {
    store::EntryBatch entries;
    if (!scanner_.take('[')) return refuse("no array");
    if (scanner_.take(']')) return ended(std::move(entries));
    do {
      if (entries.size() >= limits_.max_entries) return refuse("too many events");
      seen_ = 0;
      if (!read_event(entries.emplace_back())) return refuse(problem_);
    } while (scanner_.take(','));
    if (!scanner_.take(']')) return refuse("neither a comma nor the array's end behind an event");
    return ended(std::move(entries));
  }

 private:
  /// The attributes that are read, each a bit.
  enum Attribute : std::uint8_t { specversion, id, source, type, time, datacontenttype, sequence, epoch, hash, data, optional };
  static constexpr unsigned required = (1U << optional) - 1U;

  struct Named {
    std::string_view name;
    Attribute attribute;
  };
  static constexpr std::array names{Named{"specversion", specversion},
                                    Named{"id", id},
                                    Named{"source", source},
                                    Named{"type", type},
                                    Named{"time", time},
                                    Named{"sequence", sequence},
                                    Named{"datacontenttype", datacontenttype},
                                    Named{"epoch", epoch},
                                    Named{"hash", hash},
                                    Named{"data", data}};
  static constexpr unsigned subject_bit = 1U << optional;
  static constexpr unsigned trace_bit = subject_bit << 1U;

  bool bad(std::string_view problem) {
    if (problem_.empty()) problem_ = problem;
    return false;
  }
  tl::unexpected<Error> refuse(std::string_view problem) const {
    return fail(malformed_batch, "The batch of events is malformed at byte " + std::to_string(scanner_.offset()) + ": " +
                                     std::string(problem.empty() ? "no JSON" : problem) + ".");
  }
  Result<store::EntryBatch> ended(store::EntryBatch entries) {
    if (!scanner_.is_at_end()) return refuse("text behind the array");
    return entries;
  }

  bool read_event(store::LogEntry& entry) {
    if (!scanner_.take('{')) return bad("no object where an event should be");
    std::string name;
    if (!scanner_.take('}')) {
      do {
        if (!scanner_.take_string(name) || !scanner_.take(':')) return bad("no attribute name");
        if (!read_attribute(name, entry)) return bad(name.empty() ? "an attribute without a name" : "the attribute " + name);
      } while (scanner_.take(','));
      if (!scanner_.take('}')) return bad("neither a comma nor the event's end behind an attribute");
    }
    if ((seen_ & required) != required) return bad("an event without all of the attributes that are needed");
    return is_id_of(entry.seq) || bad("an event whose id is not <log id>-<sequence>");
  }

  bool mark(unsigned bit) {
    if ((seen_ & bit) != 0) return bad("an attribute that stands twice");
    seen_ |= bit;
    return true;
  }
  bool read_attribute(std::string_view name, store::LogEntry& entry) {
    if (name == "subject") return mark(subject_bit) && read_text(entry.subject);
    if (name == "traceparent") return mark(trace_bit) && read_text(entry.trace);
    for (const Named& known : names) {
      if (known.name == name) return mark(1U << known.attribute) && read_required(known.attribute, entry);
    }
    std::string_view ignored;
    return scanner_.take_value(ignored);
  }
  bool read_text(std::string& text) { return scanner_.take_string(text) && text.size() <= limits_.max_attribute_bytes; }

  bool read_required(Attribute attribute, store::LogEntry& entry) {
    if (attribute == data) {
      std::string_view payload;
      if (!scanner_.take_value(payload) || payload.front() != '{') return false;
      entry.payload = payload;
      return true;
    }
    if (attribute == type) return read_text(entry.type) && !entry.type.empty();
    if (!read_text(attribute == id ? id_ : text_)) return false;
    switch (attribute) {
      case specversion: return text_ == "1.0";
      case source:
        return text_.starts_with(source_prefix) && std::string_view(text_).substr(source_prefix.size()) == log_.publisher;
      case datacontenttype: return text_ == "application/json";
      case sequence: return read_integer(text_, entry.seq);
      case epoch: return read_integer(text_, entry.epoch);
      case time:
        if (const auto at = parse_timestamp(text_)) {
          entry.at = *at;
          return true;
        }
        return false;
      case hash:
        if (const auto digest = parse_digest(text_)) {
          entry.hash = *digest;
          return true;
        }
        return false;
      default: return true;
    }
  }
  bool is_id_of(std::int64_t seq) const {
    std::int64_t number = 0;
    const std::string_view text = id_;
    return text.size() > log_.log_id.size() && text.starts_with(log_.log_id) && text[log_.log_id.size()] == '-' &&
           read_integer(text.substr(log_.log_id.size() + 1), number) && number == seq;
  }

  const LogName log_;
  const BatchLimits& limits_;
  JsonScanner scanner_;
  unsigned seen_ = 0;
  std::string id_;
  std::string text_;
  std::string problem_;
};

}  // namespace

bool read_integer(std::string_view text, std::int64_t& number) {
  if (text.empty() || text.front() < '0' || text.front() > '9' || (text.front() == '0' && text.size() > 1)) return false;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), number);
  return problem == std::errc() && end == text.data() + text.size();
}

BatchEncoder::BatchEncoder(std::string& out, LogName log) : out_(out), log_(log) { out_.push_back('['); }

void BatchEncoder::add(const store::LogEntry& entry) {
  const auto attribute = [this](std::string_view name, std::string_view value) {
    out_.append(R"(,")").append(name).append(R"(":)");
    json::append_string(out_, value);
  };
  const auto number = [this](std::string_view name, std::int64_t value) {
    out_.append(R"(,")").append(name).append(R"(":")");
    append_integer(out_, value);
    out_.push_back('"');
  };
  if (!is_first_) out_.push_back(',');
  is_first_ = false;
  out_ += R"({"specversion":"1.0","id":")";
  out_.append(log_.log_id).push_back('-');
  append_integer(out_, entry.seq);
  out_.append(R"(","source":")").append(source_prefix).append(log_.publisher).push_back('"');
  attribute("type", entry.type);
  // CloudEvents 1.0, section 3.1: an optional attribute is absent, or not empty.
  if (!entry.subject.empty()) attribute("subject", entry.subject);
  attribute("time", format_timestamp(entry.at));
  out_ += R"(,"datacontenttype":"application/json")";
  number("sequence", entry.seq);
  number("epoch", entry.epoch);
  if (!entry.trace.empty()) attribute("traceparent", entry.trace);
  attribute("hash", to_hex(entry.hash));
  out_.append(R"(,"data":)").append(entry.payload).push_back('}');
}

Result<store::EntryBatch> decode_batch(std::string_view text, LogName log, const BatchLimits& limits) {
  if (text.size() > limits.max_bytes) {
    return fail(malformed_batch, "The batch of events has " + std::to_string(text.size()) + " bytes; at most " +
                                     std::to_string(limits.max_bytes) + " are read.");
  }
  // With this, and because no string holds an escaped NUL, all texts below may become SQL values.
  if (!is_text(text)) return fail(malformed_batch, "The batch of events is no UTF-8 text.");
  return Decoder(text, log, limits).decode();
}

}  // namespace seamline::events
