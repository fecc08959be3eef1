#include "events/nats_wire.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdlib>

#include "base/json.hpp"
#include "contract/wire.hpp"

namespace seamline::events::nats {
namespace {

constexpr std::string_view attribute_prefix = "ce-";
constexpr const char* key_header = "Seamline-Key";
constexpr const char* message_id_header = "Nats-Msg-Id";
constexpr const char* content_type_header = "Content-Type";
/// `NATS/1.0`, and the line ends of each header.
constexpr std::size_t head_bytes = 12;
constexpr std::size_t bytes_around_header = 4;

/// CloudEvents' HTTP binding, section 3.1.3.2, which that of NATS repeats.
bool must_be_encoded(unsigned char byte) { return byte <= ' ' || byte > '~' || byte == '"' || byte == '%'; }

std::string encode_value(std::string_view text) {
  constexpr std::string_view digits = "0123456789ABCDEF";
  std::string encoded;
  encoded.reserve(text.size());
  for (const char letter : text) {
    const auto byte = static_cast<unsigned char>(letter);
    if (must_be_encoded(byte)) {
      encoded += {'%', digits[byte >> 4U], digits[byte & 15U]};
    } else {
      encoded += letter;
    }
  }
  return encoded;
}

std::string decode_value(std::string_view text) {
  if (text.size() >= 2 && text.front() == '"' && text.back() == '"') text = text.substr(1, text.size() - 2);
  auto decoded = percent_decode(text, false);
  return decoded ? std::move(*decoded) : std::string(text);
}

std::string lower_case(std::string_view text) {
  std::string lower(text);
  for (char& letter : lower) {
    if (letter >= 'A' && letter <= 'Z') letter = static_cast<char>(letter - 'A' + 'a');
  }
  return lower;
}

/// Sets headers one by one, and remembers the first failure and how long they are.
class HeaderWriter {
 public:
  explicit HeaderWriter(natsMsg* message) : message_(message) {}
  void set(const std::string& name, const std::string& value) {
    bytes_ += name.size() + value.size() + bytes_around_header;
    if (status_ == NATS_OK) status_ = natsMsgHeader_Set(message_, name.c_str(), value.c_str());
  }
  natsStatus status() const { return status_; }
  std::size_t bytes() const { return bytes_; }

 private:
  natsMsg* message_;
  natsStatus status_ = NATS_OK;
  std::size_t bytes_ = head_bytes;
};

std::optional<std::uint64_t> number(std::string_view text) {
  std::uint64_t value = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (problem != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

}  // namespace

Result<Owned<natsMsg>> encode(const BrokerEvent& event, const Envelope& envelope, std::int64_t max_bytes) {
  natsMsg* made = nullptr;
  const natsStatus status = natsMsg_Create(&made, std::string(envelope.subject).c_str(), std::string(envelope.reply).c_str(),
                                           event.data.data(), static_cast<int>(event.data.size()));
  Owned<natsMsg> message(made);
  if (status != NATS_OK) return fail(broker_unavailable, "NATS takes no such message: " + reason(status));

  HeaderWriter headers(made);
  if (!envelope.message_id.empty()) headers.set(message_id_header, encode_value(envelope.message_id));
  if (!event.key.empty()) headers.set(key_header, encode_value(event.key));
  for (const auto& [name, value] : event.attributes) headers.set(std::string(attribute_prefix) + name, encode_value(value));
  if (headers.status() != NATS_OK) return fail(broker_unavailable, "NATS takes no such header: " + reason(headers.status()));
  const std::size_t bytes = event.data.size() + headers.bytes();
  if (max_bytes > 0 && bytes > static_cast<std::size_t>(max_bytes)) {
    return fail(broker_unavailable, "an event of " + std::to_string(bytes) + " bytes is too long: the NATS server takes " +
                                        std::to_string(max_bytes) + " (max_payload)");
  }
  return message;
}

BrokerEvent decode(natsMsg* message) {
  BrokerEvent event;
  if (natsMsg_GetDataLength(message) > 0) {
    event.data.assign(natsMsg_GetData(message), static_cast<std::size_t>(natsMsg_GetDataLength(message)));
  }
  const char** names = nullptr;
  int count = 0;
  if (natsMsgHeader_Keys(message, &names, &count) != NATS_OK) return event;
  const std::unique_ptr<const char*, decltype(&std::free)> owned(names, &std::free);
  for (int i = 0; i < count; ++i) {
    const std::string_view name = names[i];
    const std::string_view value = header(message, names[i]);
    std::string lower = lower_case(name);
    if (lower.starts_with(attribute_prefix)) {
      event.attributes.emplace_back(lower.substr(attribute_prefix.size()), decode_value(value));
    } else if (name == key_header) {
      event.key = decode_value(value);
    }
  }
  if (event.attributes.empty()) {
    if (const std::string_view type = header(message, content_type_header); !type.empty()) {
      event.attributes.emplace_back("datacontenttype", type);
    }
  }
  return event;
}

std::string_view header(natsMsg* message, const char* name) {
  const char* value = nullptr;
  return natsMsgHeader_Get(message, name, &value) == NATS_OK && value != nullptr ? std::string_view(value) : std::string_view();
}

std::optional<Delivery> delivery_of(std::string_view reply) {
  constexpr std::size_t tokens_before = 2;  // $JS.ACK
  constexpr std::size_t tokens_short = 9;
  constexpr std::size_t tokens_long = 11;
  if (!reply.starts_with("$JS.ACK.")) return std::nullopt;
  std::array<std::string_view, tokens_long> tokens;
  std::size_t count = 0;
  for (std::size_t begin = 0; begin <= reply.size() && count < tokens.size(); ++count) {
    const std::size_t end = std::min(reply.find('.', begin), reply.size());
    tokens[count] = reply.substr(begin, end - begin);
    begin = end + 1;
  }
  if (count < tokens_short) return std::nullopt;
  // The stream, the consumer and the times of delivery come before the two numbers.
  const std::size_t at = tokens_before + (count == tokens_short ? 0 : 2) + 3;
  const auto stream = number(tokens[at]);
  const auto consumer = number(tokens[at + 1]);
  if (!stream || !consumer) return std::nullopt;
  return Delivery{*stream, *consumer};
}

Acknowledgement read_acknowledgement(std::string_view json_text) {
  const auto answer = json::parse(json_text);
  if (!answer) return {0, false, "NATS answers with something else than an acknowledgement"};
  if (const json::Value* error = answer->find("error"); error != nullptr) {
    const json::Value* description = error->find("description");
    return {0, false, "NATS refuses the event: " + (description != nullptr ? description->text : "it does not say why")};
  }
  const json::Value* sequence = answer->find("seq");
  if (sequence == nullptr || sequence->integer <= 0) return {0, false, "NATS acknowledges an event without its place"};
  const json::Value* duplicate = answer->find("duplicate");
  return {static_cast<std::uint64_t>(sequence->integer), duplicate != nullptr && duplicate->boolean, ""};
}

}  // namespace seamline::events::nats
